//! Goal: what is written is read back, over rotations, clean stops, crashes and reopening.
//! Method: a memory disk and small segments; bodies are a function of the sequence, so that a
//! reader knows what to expect at each place. One `check_all` reads and compares everything.

use std::sync::Arc;

use store::journal::control::{Control, Seal};
use store::journal::{self, Envelope, Options, Record, Room, Verdict, Writer};
use store::storage::{Operation, RealStorage, Storage};
use store::testing::MemoryDisk;
use store::{Category, StoreError};

const INTERVAL: u64 = 16;

fn options() -> Options {
    Options { segment_bytes: 16 << 10, seal_interval: Some(INTERVAL), ..Options::default() }
}

fn body(sequence: u64) -> Vec<u8> {
    let length = 20 + (sequence * 7 % 60) as usize;
    (0..length).map(|index| (sequence as usize * 31 + index * 17) as u8).collect()
}

fn envelope(sequence: u64) -> Envelope {
    Envelope {
        kind: 1 + (sequence % 9) as u16,
        schema: 1,
        producer: 3,
        producer_seq: sequence,
        timestamp: 1_000 + sequence as i64 * 10,
    }
}

fn seal(at_seq: u64) -> Seal {
    Seal { at_seq, seal_digest: [at_seq as u8; 16], effect_digest: [1; 16], semantics: 1 }
}

/// Appends up to sequence `last` in batches of at most `batch` events.
fn write_to(writer: &mut Writer, last: u64, batch: u32) -> Result<(), StoreError> {
    while writer.next_sequence() <= last {
        let sequence = writer.next_sequence();
        let bytes = body(sequence);
        let mut full = writer.batch_complete() || writer.batch_events() >= batch;
        full = full || writer.reserve(bytes.len())? == Room::BatchFull;
        if full {
            let due = writer.seal_due().then(|| seal(sequence - 1));
            writer.commit(due.as_ref())?;
        } else {
            assert_eq!(writer.append(&envelope(sequence), &bytes)?, sequence);
        }
    }
    let due = writer.seal_due().then(|| seal(last));
    assert_eq!(writer.commit(due.as_ref())?, last);
    Ok(())
}

/// Reads everything and compares; returns how many seals and closes there were.
fn check_all(storage: Arc<dyn Storage>, last: u64) -> (u64, u64) {
    let mut reader = journal::Reader::open(storage, &options()).expect("opens");
    let (mut next, mut seals, mut closes) = (1, 0, 0);
    while let Some(batch) = reader.next_batch().expect("reads") {
        for record in batch.records() {
            match record {
                Record::Event(event) => {
                    assert_eq!(event.sequence, next);
                    assert_eq!(event.envelope, envelope(next));
                    assert_eq!(event.body, body(next));
                    next += 1;
                }
                Record::Control(Control::Seal(found)) => {
                    assert_eq!(found, seal(next - 1));
                    assert_eq!((next - 1) % INTERVAL, 0);
                    seals += 1;
                }
                Record::Control(Control::Close(_)) => closes += 1,
                Record::Control(other) => panic!("unexpected {other:?}"),
            }
        }
    }
    assert_eq!(next - 1, last);
    (seals, closes)
}

#[test]
fn events_read_back_over_rotations_and_restarts_for_every_batch_size() {
    for batch in [1, 2, 5, 16, 4_096] {
        let disk = MemoryDisk::new();
        let storage: Arc<dyn Storage> = Arc::new(disk.clone());
        let mut writer =
            journal::create(storage.clone(), [9; 16], [8; 32], &options()).expect("creates");
        write_to(&mut writer, 300, batch).expect("writes");
        let (seals, _) = check_all(storage.clone(), 300);
        assert_eq!(seals, 300 / INTERVAL, "batch {batch}");
        writer.close([5; 32], [6; 16]).expect("closes");
        let opened = journal::open(storage.clone(), &options()).expect("opens");
        assert_eq!(opened.report.verdict, Verdict::Clean);
        assert_eq!(opened.report.last_seq, 300);
        assert!(opened.report.last_close.is_some_and(|close| close.is_clean_stop()));
        assert!(opened.report.end.segment > 0, "rotated");
        let mut writer = opened.writer;
        write_to(&mut writer, 700, batch).expect("writes on");
        drop(writer);
        let opened = journal::open(Arc::new(disk.after_kill()), &options()).expect("opens");
        assert_eq!((opened.report.last_seq, opened.report.beyond_head), (700, 0));
        let (seals, closes) = check_all(storage, 700);
        assert_eq!(seals, 700 / INTERVAL);
        assert!(closes > opened.report.end.segment, "one per segment and the clean stop");
    }
}

#[test]
fn a_commit_writes_syncs_anchors_in_this_order() {
    let disk = MemoryDisk::new();
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    let mut writer = journal::create(storage, [9; 16], [8; 32], &options()).expect("creates");
    let made = disk.take_operations();
    let name = |text: &str| text.to_string();
    let first = made.iter().position(|operation| {
        *operation == Operation::Rename(name("00000000.log.tmp"), name("00000000.log"))
    });
    let rename = first.expect("the segment gets its name");
    assert_eq!(made[rename - 1], Operation::Fsync(name("00000000.log.tmp")));
    assert_eq!(made[rename + 1], Operation::SyncDir);
    assert_eq!(
        made[made.len() - 3..made.len() - 1],
        [Operation::Fsync(name("HEAD")), Operation::SyncDir]
    );
    write_to(&mut writer, 1, 1).expect("writes");
    let done = disk.take_operations();
    let batch = done.iter().position(
        |operation| matches!(operation, Operation::Pwrite(file, 4096, _) if file == "00000000.log"),
    );
    let batch = batch.expect("the batch is written");
    assert_eq!(done[batch + 1], Operation::Fdatasync(name("00000000.log")));
    assert_eq!(done[batch + 2], Operation::Pwrite(name("HEAD"), 0, 4_096));
    assert_eq!(done.len(), batch + 3);
}

#[test]
fn real_files_keep_the_journal_and_its_lock() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("journal");
    let storage: Arc<dyn Storage> = Arc::new(RealStorage::create(&path).expect("creates"));
    let opened = journal::open_or_create(storage.clone(), [9; 16], [8; 32], &options());
    let mut writer = opened.expect("creates").writer;
    write_to(&mut writer, 500, 7).expect("writes");
    let other: Arc<dyn Storage> = Arc::new(RealStorage::open(&path).expect("opens"));
    let refused = journal::open(other.clone(), &options()).expect_err("is held");
    assert_eq!(refused.category(), Category::Locked);
    let refused = journal::inspect(other.clone(), &options()).expect_err("is held");
    assert_eq!(refused.category(), Category::Locked);
    drop(writer);
    assert_eq!(journal::inspect(other.clone(), &options()).expect("reads").last_seq, 500);
    check_all(other.clone(), 500);
    for sequence in [1, 2, 99, 250, 499, 500] {
        let mut reader =
            journal::Reader::open_at(other.clone(), &options(), sequence).expect("seeks");
        let batch = reader.next_batch().expect("reads").expect("a batch");
        assert!(batch.first_seq() <= sequence, "{sequence}");
    }
}

#[test]
fn a_poison_file_holds_the_whole_unwritten_batch() {
    let disk = MemoryDisk::new();
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    let mut writer =
        journal::create(storage.clone(), [9; 16], [8; 32], &options()).expect("creates");
    write_to(&mut writer, 3, 3).expect("writes");
    for sequence in 4..=6 {
        writer.append(&envelope(sequence), &body(sequence)).expect("appends");
    }
    let name = writer.write_poison().expect("writes").expect("a file");
    assert_eq!(name, "poison-4.bin");
    assert!(writer.commit(None).is_err(), "the writer is spent");
    drop(writer);
    let report = journal::open(storage.clone(), &options()).expect("opens").report;
    assert_eq!((report.last_seq, report.poison_files), (3, vec![name.clone()]));
    let poison = journal::read_poison(&*storage, &name).expect("reads");
    let sequences: Vec<u64> = poison
        .batch()
        .records()
        .map(|record| match record {
            Record::Event(event) => event.sequence,
            Record::Control(other) => panic!("unexpected {other:?}"),
        })
        .collect();
    assert_eq!(sequences, [4, 5, 6]);
}
