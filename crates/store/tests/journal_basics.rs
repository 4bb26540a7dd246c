//! Goal: what is written is read back, over rotations, clean stops, crashes and reopening, and
//! the order of operations on the disk is the one durability rests on.
//! Method: memory disks with small segments, and real files once.

mod support;

use std::sync::Arc;

use store::Category;
use store::journal::{self, BatchBuffer, HeadSync, Options, Record, Verdict};
use store::storage::{Operation, RealStorage, Storage};
use store::testing::MemoryDisk;
use support::{
    GENESIS, INTERVAL, LOG_ID, body, create, envelope, options, read_all, seal, write_to,
};

const SEGMENT: u64 = 16 << 10;

#[test]
fn events_read_back_over_rotations_and_restarts_for_every_batch_size() {
    for batch in [1, 2, 5, 16, 4_096] {
        let disk = MemoryDisk::new();
        let storage: Arc<dyn Storage> = Arc::new(disk.clone());
        let mut writer = create(&disk, SEGMENT).expect("creates");
        let mut acked = 0;
        write_to(&mut writer, 300, batch, &mut acked).expect("writes");
        let counts = read_all(storage.clone(), &options(SEGMENT)).expect("reads");
        assert_eq!((counts.last, counts.seals), (300, 300 / INTERVAL), "batch {batch}");
        writer.close([5; 32], [6; 16]).expect("closes");
        let opened = journal::open(storage.clone(), &options(SEGMENT)).expect("opens");
        assert_eq!(opened.report.verdict, Verdict::Clean);
        assert_eq!(opened.report.last_seq, 300);
        assert!(opened.report.last_close.is_some_and(|close| close.is_clean_stop()));
        assert!(opened.report.end.segment > 0, "rotated");
        let mut writer = opened.writer;
        write_to(&mut writer, 700, batch, &mut acked).expect("writes on");
        drop(writer);
        let killed = Arc::new(disk.after_kill());
        let opened = journal::open(killed, &options(SEGMENT)).expect("opens");
        assert_eq!((opened.report.last_seq, opened.report.beyond_head), (700, 0));
        let counts = read_all(storage, &options(SEGMENT)).expect("reads");
        assert_eq!((counts.last, counts.seals), (700, 700 / INTERVAL));
        assert!(counts.closes > opened.report.end.segment, "one per segment, one clean stop");
    }
}

#[test]
fn stopping_and_starting_without_events_adds_nothing() {
    let disk = MemoryDisk::new();
    let mut acked = 0;
    let mut writer = create(&disk, SEGMENT).expect("creates");
    write_to(&mut writer, 20, 4, &mut acked).expect("writes");
    writer.close([5; 32], [6; 16]).expect("closes");
    let before = disk.file("00000000.log");
    for _ in 0..100 {
        let opened = journal::open(Arc::new(disk.clone()), &options(SEGMENT)).expect("opens");
        opened.writer.close([5; 32], [6; 16]).expect("closes");
    }
    assert_eq!(disk.file("00000000.log"), before);
}

#[test]
fn a_commit_writes_syncs_anchors_in_this_order() {
    let disk = MemoryDisk::new();
    let mut writer = create(&disk, SEGMENT).expect("creates");
    let name = |text: &str| text.to_string();
    let made = disk.take_operations();
    let rename = Operation::Rename(name("00000000.log.tmp"), name("00000000.log"));
    let rename = made.iter().position(|operation| *operation == rename).expect("is named");
    assert_eq!(made[rename - 1], Operation::Fsync(name("00000000.log.tmp")));
    assert_eq!(made[rename + 1], Operation::SyncDir);
    let head = made.iter().rposition(|operation| *operation == Operation::Fsync(name("HEAD")));
    assert_eq!(made[head.expect("HEAD is synced") + 1], Operation::SyncDir);

    let mut acked = 0;
    write_to(&mut writer, 1, 1, &mut acked).expect("writes");
    let done = disk.take_operations();
    let [Operation::Pwrite(file, 4_096, _), rest @ ..] = &done[..] else {
        panic!("{done:?}");
    };
    assert_eq!(file, "00000000.log");
    let anchored = Operation::Pwrite(name("HEAD"), 0, 4_096);
    assert_eq!(rest, [Operation::Fdatasync(name("00000000.log")), anchored]);
}

#[test]
fn a_strict_head_is_synced_with_every_batch_and_a_rotation_syncs_it_too() {
    let disk = MemoryDisk::new();
    let strict = Options { head_sync: HeadSync::EachBatch, ..options(8 << 10) };
    let storage = Arc::new(disk.clone());
    let mut writer = journal::create(storage, LOG_ID, GENESIS, &strict).expect("creates");
    disk.take_operations();
    let mut acked = 0;
    write_to(&mut writer, 100, 1, &mut acked).expect("writes");
    let done = disk.take_operations();
    let syncs = done.iter().filter(|at| **at == Operation::Fsync("HEAD".to_string())).count();
    assert!(syncs > 100, "{syncs}");

    let disk = MemoryDisk::new();
    let mut writer = create(&disk, 8 << 10).expect("creates");
    disk.take_operations();
    write_to(&mut writer, 100, 1, &mut acked).expect("writes");
    let done = disk.take_operations();
    let is = |at: &Operation, text: &str| format!("{at:?}").contains(text);
    let named = done.iter().position(|at| is(at, "Rename(\"00000001.log.tmp\""));
    let named = named.expect("rotates");
    let synced = done[..named].iter().rposition(|at| *at == Operation::Fsync("HEAD".to_string()));
    let close = done[..named].iter().rposition(|at| is(at, "Pwrite(\"00000000.log\""));
    assert!(close < synced, "the close record is anchored before the next segment has a name");
}

#[test]
fn real_files_keep_the_journal_its_lock_and_its_index() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("journal");
    let storage: Arc<dyn Storage> = Arc::new(RealStorage::create(&path).expect("creates"));
    let wide = Options { segment_bytes: 1 << 20, ..options(SEGMENT) };
    let opened = journal::open_or_create(storage.clone(), LOG_ID, GENESIS, &wide);
    let mut writer = opened.expect("creates").writer;
    let mut acked = 0;
    write_to(&mut writer, 8_000, 16, &mut acked).expect("writes");
    let other: Arc<dyn Storage> = Arc::new(RealStorage::open(&path).expect("opens"));
    let refused = journal::open(other.clone(), &wide).expect_err("is held");
    assert_eq!(refused.category(), Category::Locked);
    let refused = journal::inspect(other.clone(), &wide).expect_err("is held");
    assert_eq!(refused.category(), Category::Locked);
    writer.close([1; 32], [2; 16]).expect("closes");
    assert_eq!(journal::inspect(other.clone(), &wide).expect("reads").last_seq, 8_000);
    assert_eq!(read_all(other.clone(), &wide).expect("reads").last, 8_000);
    assert!(path.join("00000000.idx").exists());
    let mut nearest = 0;
    for sequence in [1, 2, 99, 2_500, 7_999, 8_000] {
        let mut reader = journal::Reader::open_at(other.clone(), &wide, sequence).expect("seeks");
        let first = reader.next_batch().expect("reads").expect("a batch").first_seq();
        assert!(first <= sequence, "{sequence}");
        nearest = first.max(nearest);
        while reader.next_batch().expect("reads to the end").is_some() {}
        assert_eq!(reader.next_sequence(), 8_001);
    }
    assert!(nearest > 4_000, "the index was of no use");
}

#[test]
fn borders_are_found_by_sequence_and_chain() {
    let disk = MemoryDisk::new();
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    let mut writer = create(&disk, 8 << 10).expect("creates");
    let (mut acked, mut borders) = (0, Vec::new());
    for last in [5, 40, 200, 201] {
        write_to(&mut writer, last, 16, &mut acked).expect("writes");
        borders.push((last, writer.chain()));
    }
    let all = options(8 << 10);
    for (sequence, chain) in borders {
        let has = |sequence, chain| {
            journal::Reader::has_border(storage.clone(), &all, sequence, chain).expect("reads")
        };
        assert!(has(sequence, chain));
        assert!(!has(sequence, [0; 16]));
        assert!(!has(sequence + 1, chain));
        let fast = Options { fast_start: Some((sequence, chain)), ..all.clone() };
        let report = journal::inspect(Arc::new(disk.after_kill()), &fast).expect("reads");
        assert_eq!(report.last_seq, 201);
        let foreign = Options { fast_start: Some((sequence, [0; 16])), ..all.clone() };
        let refused = journal::inspect(Arc::new(disk.after_kill()), &foreign);
        assert_eq!(refused.expect_err("another history").category(), Category::Corrupt);
    }
}

#[test]
fn a_poison_file_holds_the_whole_unwritten_batch() {
    let disk = MemoryDisk::new();
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    let mut writer = create(&disk, SEGMENT).expect("creates");
    let mut acked = 0;
    write_to(&mut writer, 3, 3, &mut acked).expect("writes");
    for sequence in 4..=6 {
        writer.append(&envelope(sequence), &body(sequence)).expect("appends");
    }
    // A panic in the middle of encoding one more leaves half a record in the batch.
    let half = std::panic::AssertUnwindSafe(|| {
        writer.append_with(&envelope(7), |buffer| {
            buffer.push(1);
            panic!("planted")
        })
    });
    assert!(std::panic::catch_unwind(half).is_err());
    let name = writer.write_poison().expect("writes").expect("a file");
    assert_eq!(name, "poison-4.bin");
    assert!(writer.commit(None).is_err(), "the writer is spent");
    drop(writer);
    let report = journal::open(storage.clone(), &options(SEGMENT)).expect("opens").report;
    assert_eq!((report.last_seq, report.poison_files), (3, vec![name.clone()]));
    let poison: BatchBuffer = journal::read_poison(&*storage, &name).expect("reads");
    let events = poison.batch().records().map(|record| match record {
        Record::Event(event) => (event.sequence, event.body.to_vec()),
        Record::Control(other) => panic!("unexpected {other:?}"),
    });
    let expected: Vec<(u64, Vec<u8>)> =
        (4..=6).map(|sequence| (sequence, body(sequence))).collect();
    assert_eq!(events.collect::<Vec<_>>(), expected);
    let mut bytes = disk.file(&name).expect("is there");
    bytes[70] ^= 1;
    disk.plant(&name, bytes);
    assert!(journal::read_poison(&*storage, &name).is_err(), "a damaged one is refused");
}

#[test]
fn what_breaks_the_writers_protocol_is_refused_and_harms_nothing() {
    let disk = MemoryDisk::new();
    let mut writer = create(&disk, SEGMENT).expect("creates");
    let misuse = |answer: Result<u64, store::StoreError>| {
        assert_eq!(answer.expect_err("refused").category(), Category::Misuse);
    };
    writer.append(&envelope(1), &body(1)).expect("appends");
    let early = journal::Envelope { timestamp: envelope(1).timestamp - 1, ..envelope(2) };
    misuse(writer.append(&early, &[]));
    for kind in [0, 0x8001] {
        misuse(writer.append(&journal::Envelope { kind, ..envelope(2) }, &[]));
    }
    misuse(writer.append(&journal::Envelope { schema: 0, ..envelope(2) }, &[]));
    misuse(writer.append(&envelope(2), &vec![0; 1 << 20]));
    misuse(writer.commit(Some(&seal(1))));
    assert_eq!(writer.reserve(1 << 20).expect_err("too long").category(), Category::Misuse);
    for sequence in 2..=INTERVAL {
        writer.append(&envelope(sequence), &body(sequence)).expect("appends");
    }
    misuse(writer.append(&envelope(INTERVAL + 1), &[]));
    misuse(writer.commit(None));
    misuse(writer.commit(Some(&seal(INTERVAL - 1))));
    assert_eq!(writer.commit(Some(&seal(INTERVAL))).expect("commits"), INTERVAL);
    drop(writer);
    let counts = read_all(Arc::new(disk.clone()), &options(SEGMENT)).expect("reads");
    assert_eq!((counts.last, counts.seals), (INTERVAL, 1));
    let again = create(&disk, SEGMENT).expect_err("one is there");
    assert_eq!(again.category(), Category::Misuse);
    let odd = create(&MemoryDisk::new(), 12_345).expect_err("no power of two");
    assert_eq!(odd.category(), Category::Misuse);
}

#[test]
fn the_seal_interval_of_genesis_is_taken_until_it_is_settled() {
    let unknown = Options { seal_interval: None, ..options(SEGMENT) };
    let disk = MemoryDisk::new();
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    let mut writer = journal::create(storage.clone(), LOG_ID, GENESIS, &unknown).expect("creates");
    assert_eq!(writer.seal_interval(), 4_096);
    assert!(writer.set_seal_interval(0).is_err());
    writer.set_seal_interval(INTERVAL).expect("nothing is durable");
    let mut acked = 0;
    write_to(&mut writer, 40, 8, &mut acked).expect("writes");
    assert!(writer.set_seal_interval(8).is_err(), "settled");
    let anchor = (acked, writer.chain());
    drop(writer);
    let learnt = journal::open(storage.clone(), &unknown).expect("opens").writer;
    assert_eq!(learnt.seal_interval(), INTERVAL);
    drop(learnt);
    // A fast start has seen no seal and takes the caller's word.
    let fast = Options { fast_start: Some(anchor), ..unknown };
    let mut writer = journal::open(storage.clone(), &fast).expect("opens").writer;
    writer.set_seal_interval(INTERVAL).expect("is told");
    write_to(&mut writer, 100, 8, &mut acked).expect("goes on");
    drop(writer);
    assert_eq!(read_all(storage, &options(SEGMENT)).expect("reads").seals, 100 / INTERVAL);
}

#[test]
fn an_idle_writer_syncs_head_once_when_it_is_due() {
    let disk = MemoryDisk::new();
    let every = HeadSync::Every(std::time::Duration::from_millis(20));
    let all = Options { head_sync: every, ..options(SEGMENT) };
    let mut writer =
        journal::create(Arc::new(disk.clone()), LOG_ID, GENESIS, &all).expect("creates");
    std::thread::sleep(std::time::Duration::from_millis(25));
    let mut acked = 0;
    disk.take_operations();
    writer.tick().expect("nothing to do");
    assert!(disk.take_operations().is_empty(), "HEAD was not written");
    write_to(&mut writer, 1, 1, &mut acked).expect("writes");
    writer.tick().expect("ticks");
    std::thread::sleep(std::time::Duration::from_millis(25));
    write_to(&mut writer, 2, 1, &mut acked).expect("writes");
    writer.tick().expect("ticks");
    let syncs = disk.take_operations();
    let syncs = syncs.iter().filter(|at| **at == Operation::Fsync("HEAD".to_string())).count();
    assert_eq!(syncs, 2, "with each batch after the interval, and no more");
}
