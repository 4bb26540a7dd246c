//! Goal: with an exact HEAD no damage to acknowledged bytes goes unseen, and damage to the zero
//! tail loses nothing.
//! Method: a 16 KiB journal; every bit flipped, every length cut, every batch dropped, doubled
//! and swapped; then the table of verdicts, one row at a time.

mod support;

use std::sync::Arc;

use store::Category;
use store::journal::{self, Options, RecoveryReport, Verdict};
use store::testing::MemoryDisk;
use support::{assert_refused, create, options, read_all, sample_files, write_to};

const SEGMENT: u64 = 16 << 10;
const LOG: &str = "00000000.log";

fn inspect(disk: &MemoryDisk) -> Result<RecoveryReport, store::StoreError> {
    journal::inspect(Arc::new(disk.clone()), &options(SEGMENT))
}

fn sample() -> (MemoryDisk, Vec<u8>, RecoveryReport) {
    let disk = MemoryDisk::from_files(sample_files());
    disk.stop_recording();
    let report = inspect(&disk).expect("sound");
    let log = disk.file(LOG).expect("is there");
    assert_eq!(report.verdict, Verdict::Clean);
    assert!(report.end.offset > 12_000, "ends at {}", report.end.offset);
    (disk, log, report)
}

/// Borders of the batches: each begins at one and ends at the next.
fn borders(disk: &MemoryDisk) -> Vec<usize> {
    let mut reader =
        journal::Reader::open(Arc::new(disk.clone()), &options(SEGMENT)).expect("opens");
    let mut borders = Vec::new();
    while let Some(batch) = reader.next_batch().expect("reads") {
        borders.push(batch.position().offset as usize);
    }
    borders.push(reader.position().offset as usize);
    borders
}

#[test]
fn every_flipped_bit_of_the_segment_is_reported() {
    let (disk, log, sound) = sample();
    let mut torn = 0;
    for bit in 0..log.len() * 8 {
        disk.flip(LOG, bit);
        let answer = inspect(&disk);
        if bit / 8 < sound.end.offset as usize {
            assert_refused(answer, &format!("bit {bit}"));
        } else {
            let report = answer.expect("nothing acknowledged is hurt");
            assert!(matches!(report.verdict, Verdict::Torn { .. }), "bit {bit}");
            assert_eq!(report.last_seq, sound.last_seq);
            torn += 1;
        }
        disk.flip(LOG, bit);
    }
    assert_eq!(torn, (log.len() - sound.end.offset as usize) * 8);
    assert_eq!(inspect(&disk).expect("whole again"), sound);
}

#[test]
fn every_flipped_bit_of_head_is_reported_and_the_other_slot_serves() {
    let disk = MemoryDisk::new();
    let mut writer = create(&disk, 8 << 10).expect("creates");
    write_to(&mut writer, 5, 2, &mut 0).expect("writes");
    drop(writer);
    disk.stop_recording();
    let sound = inspect(&disk).expect("sound");
    for bit in 0..8_192 * 8 {
        disk.flip("HEAD", bit);
        let report = inspect(&disk).expect("the other slot serves");
        assert_eq!((report.head_bad_slots, report.last_seq), (1, sound.last_seq), "bit {bit}");
        disk.flip("HEAD", bit);
    }
}

#[test]
fn every_truncation_is_reported() {
    let (disk, log, sound) = sample();
    for length in 0..log.len() {
        disk.plant(LOG, log[..length].to_vec());
        assert_refused(inspect(&disk), &format!("cut to {length}"));
        // The same cut in a segment that keeps its length, as preallocation leaves it.
        let mut zeroed = log.clone();
        zeroed[length..].fill(0);
        if zeroed != log {
            disk.plant(LOG, zeroed);
            assert_refused(inspect(&disk), &format!("zero from {length}"));
        }
    }
    let mut longer = log.clone();
    longer.push(0);
    disk.plant(LOG, longer);
    assert_refused(inspect(&disk), "a byte longer");
    disk.plant(LOG, log);
    assert_eq!(inspect(&disk).expect("whole again"), sound);
    let head = disk.file("HEAD").expect("is there");
    for length in 0..head.len() {
        disk.plant("HEAD", head[..length].to_vec());
        match inspect(&disk) {
            Ok(report) => assert!(report.head_bad_slots > 0, "HEAD cut to {length}"),
            answer => assert_refused(answer, &format!("HEAD cut to {length}")),
        }
    }
}

#[test]
fn batches_dropped_doubled_or_swapped_are_reported() {
    let (disk, log, _) = sample();
    let borders = borders(&disk);
    let batch = |index: usize| &log[borders[index]..borders[index + 1]];
    let count = borders.len() - 1;
    assert!(count > 30, "{count} batches");
    let rebuilt = |order: &[usize]| {
        let mut bytes = log[..borders[0]].to_vec();
        order.iter().for_each(|index| bytes.extend_from_slice(batch(*index)));
        bytes.resize(log.len().max(bytes.len()), 0);
        bytes.truncate(log.len());
        bytes
    };
    let all: Vec<usize> = (0..count).collect();
    assert_eq!(rebuilt(&all), log);
    for index in 0..count {
        let mut dropped = all.clone();
        dropped.remove(index);
        let mut doubled = all.clone();
        doubled.insert(index, index);
        let mut variants = vec![("dropped", dropped), ("doubled", doubled)];
        for other in index + 1..count {
            let mut swapped = all.clone();
            swapped.swap(index, other);
            variants.push(("swapped", swapped));
        }
        for (what, order) in variants {
            disk.plant(LOG, rebuilt(&order));
            let answer = inspect(&disk);
            if what == "doubled" && index == count - 1 {
                // The copy of the last batch holds and stands beyond the end.
                assert_refused(answer, "the last batch doubled");
            } else {
                assert_refused(answer, &format!("{what} {index} {order:?}"));
            }
        }
    }
}

/// A row of the table: files changed in a journal of three segments, and what must come of it.
type Row = (&'static str, fn(&MemoryDisk), Result<fn(&RecoveryReport) -> bool, Category>);

fn damage(disk: &MemoryDisk, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = disk.file(name).expect("is there");
    change(&mut bytes);
    disk.plant(name, bytes);
}

/// Fills the end of the log in segment 2 with what looks like half a batch.
fn tear(disk: &MemoryDisk) {
    let report = journal::inspect(Arc::new(disk.clone()), &options(8 << 10)).expect("sound");
    let end = report.end.offset as usize;
    damage(disk, "00000002.log", |bytes| {
        let half = bytes[4_096..4_096 + 100].to_vec();
        bytes[end..end + 40].copy_from_slice(&half[..40]);
    });
}

fn rows() -> Vec<Row> {
    vec![
        ("nothing", |_| {}, Ok(|report| report.verdict == Verdict::Clean)),
        ("a torn tail", tear, Ok(|report| matches!(report.verdict, Verdict::Torn { .. }))),
        (
            "both HEAD slots bad",
            |disk| damage(disk, "HEAD", |bytes| bytes.fill(7)),
            Err(Category::Corrupt),
        ),
        ("HEAD gone", |disk| disk.erase("HEAD"), Err(Category::Corrupt)),
        ("HEAD of zeros", |disk| disk.plant("HEAD", vec![0; 8_192]), Err(Category::Corrupt)),
        ("segment 0 gone", |disk| disk.erase("00000000.log"), Err(Category::Corrupt)),
        ("segment 1 gone", |disk| disk.erase("00000001.log"), Err(Category::Corrupt)),
        ("last segment gone", |disk| disk.erase("00000002.log"), Err(Category::Corrupt)),
        (
            "all segments gone",
            |disk| (0..3).for_each(|number| disk.erase(&format!("{number:08}.log"))),
            Err(Category::Corrupt),
        ),
        (
            "a foreign segment",
            |disk| {
                let other = MemoryDisk::new();
                let storage = Arc::new(other.clone());
                let made = journal::create(storage, [1; 16], [8; 32], &options(8 << 10));
                drop(made.expect("creates"));
                disk.plant("00000000.log", other.file("00000000.log").expect("is there"));
            },
            Err(Category::Corrupt),
        ),
        (
            "a bad header",
            |disk| damage(disk, "00000001.log", |bytes| bytes[30] ^= 1),
            Err(Category::Corrupt),
        ),
        (
            "an index that is garbage",
            |disk| disk.plant("00000000.idx", vec![1; 100]),
            Ok(|report| report.verdict == Verdict::Clean),
        ),
        (
            "a segment in the making",
            |disk| disk.plant("00000003.log.tmp", vec![0; 100]),
            Ok(|report| report.temporary == ["00000003.log.tmp"]),
        ),
        (
            "a copy of an earlier segment at the end",
            |disk| disk.plant("00000003.log", disk.file("00000002.log").expect("is there")),
            Err(Category::Corrupt),
        ),
        (
            "a close record zeroed in segment 0",
            |disk| {
                damage(disk, "00000000.log", |bytes| {
                    let last = bytes.iter().rposition(|byte| *byte != 0).expect("bytes");
                    bytes[last - 199..].fill(0);
                });
            },
            Err(Category::Corrupt),
        ),
    ]
}

#[test]
fn the_table_of_verdicts_holds_and_a_refusal_changes_nothing() {
    let sound = MemoryDisk::new();
    let mut acked = 0;
    let mut writer = create(&sound, 8 << 10).expect("creates");
    write_to(&mut writer, 95, 5, &mut acked).expect("writes");
    drop(writer);
    for (what, change, expected) in rows() {
        let disk = sound.after_kill();
        change(&disk);
        let before = disk.files();
        match (journal::open(Arc::new(disk.clone()), &options(8 << 10)), expected) {
            (Ok(opened), Ok(holds)) => {
                assert!(holds(&opened.report), "{what}: {:?}", opened.report);
                assert_eq!(opened.report.last_seq, 95, "{what}");
                drop(opened);
                let again = journal::open(Arc::new(disk.clone()), &options(8 << 10));
                let again = again.expect("opens again").report;
                assert_eq!(again.verdict, Verdict::Clean, "{what}, the second time");
                assert!(again.temporary.is_empty(), "{what}");
            }
            (Err(error), Err(category)) => {
                assert_eq!(error.category(), category, "{what}: {error}");
                assert_eq!(disk.files(), before, "{what}: something was changed");
            }
            (Ok(opened), Err(_)) => panic!("{what}: opened, {:?}", opened.report),
            (Err(error), Ok(_)) => panic!("{what}: {error}"),
        }
    }
}

#[test]
fn a_torn_tail_is_kept_in_a_file_and_writing_goes_on() {
    let disk = MemoryDisk::new();
    let mut acked = 0;
    let mut writer = create(&disk, 8 << 10).expect("creates");
    write_to(&mut writer, 95, 5, &mut acked).expect("writes");
    drop(writer);
    tear(&disk);
    let opened = journal::open(Arc::new(disk.clone()), &options(8 << 10)).expect("opens");
    let Verdict::Torn { sequence: 96, file: Some(file), .. } = &opened.report.verdict else {
        panic!("{:?}", opened.report);
    };
    assert_eq!(file, "torn-96-0.bin");
    let kept = disk.after_power_loss(|_| 0).file(file).expect("is durable");
    assert!(kept.len() > 30, "{} bytes", kept.len());
    assert_eq!(&kept[..], &disk.file("00000002.log").expect("is there")[4_096..4_096 + kept.len()]);
    let mut writer = opened.writer;
    write_to(&mut writer, 200, 5, &mut acked).expect("writes on");
    drop(writer);
    let counts = read_all(Arc::new(disk), &options(8 << 10)).expect("reads");
    assert_eq!(counts.last, 200);
}

#[test]
fn an_older_head_vouches_for_less_and_what_it_does_not_vouch_for_reads_as_torn() {
    // The known limit: after power loss HEAD may be old; a flip in the last batch is torn then,
    // and one in an earlier batch is still corrupt, for a sound batch follows.
    let (disk, log, sound) = sample();
    let empty = MemoryDisk::new();
    drop(create(&empty, SEGMENT).expect("creates"));
    disk.plant("HEAD", empty.file("HEAD").expect("is there"));
    let report = inspect(&disk).expect("sound");
    assert_eq!((report.last_seq, report.verdict), (sound.last_seq, Verdict::Clean));
    assert!(report.beyond_head > 30);
    let borders = borders(&disk);
    let last = borders[borders.len() - 2];
    for at in (4_096..sound.end.offset as usize).step_by(5) {
        let mut bad = log.clone();
        bad[at] ^= 4;
        disk.plant(LOG, bad);
        match inspect(&disk) {
            Ok(report) => {
                assert!(at >= last, "offset {at} before the last batch read as torn");
                assert!(matches!(report.verdict, Verdict::Torn { .. }));
            }
            answer => {
                assert!(at < last, "offset {at} in the last batch");
                assert_refused(answer, "before the last batch");
            }
        }
    }
}

#[test]
fn an_interrupted_creation_is_finished() {
    let disk = MemoryDisk::new();
    drop(create(&disk, SEGMENT).expect("creates"));
    for change in [
        (|disk: &MemoryDisk| disk.erase("HEAD")) as fn(&MemoryDisk),
        |disk| disk.plant("HEAD", vec![0; 8_192]),
        |disk| disk.plant("HEAD", vec![0; 100]),
    ] {
        let started = disk.after_kill();
        change(&started);
        let opened = journal::open(Arc::new(started.clone()), &options(SEGMENT)).expect("opens");
        assert!(opened.report.finished_creation);
        let (mut writer, mut acked) = (opened.writer, 0);
        write_to(&mut writer, 10, 3, &mut acked).expect("writes");
        drop(writer);
        let counts = read_all(Arc::new(started), &options(SEGMENT)).expect("reads");
        assert_eq!(counts.last, 10);
    }
    let (started, _, _) = sample();
    started.erase("HEAD");
    let before = started.files();
    assert_refused(inspect(&started), "one segment with events and no HEAD");
    let refused = journal::open(Arc::new(started.clone()), &options(SEGMENT));
    assert_eq!(refused.expect_err("not a new journal").category(), Category::Corrupt);
    assert_eq!(started.files(), before);
    let absent = journal::open(Arc::new(MemoryDisk::new()), &Options::default());
    assert_eq!(absent.expect_err("nothing there").category(), Category::Absent);
}

#[test]
fn a_batch_of_another_journal_inside_a_body_does_not_turn_torn_into_corrupt() {
    // A producer that sends well-formed batches as bodies must not be able to stop a start.
    let foreign = MemoryDisk::new();
    let storage = Arc::new(foreign.clone());
    let made = journal::create(storage, [1; 16], [8; 32], &options(SEGMENT)).expect("creates");
    let (mut writer, mut acked) = (made, 0);
    write_to(&mut writer, 40, 5, &mut acked).expect("writes");
    drop(writer);
    let planted = foreign.file(LOG).expect("is there")[4_096..6_000].to_vec();

    let disk = MemoryDisk::new();
    let mut writer = create(&disk, SEGMENT).expect("creates");
    write_to(&mut writer, 3, 3, &mut acked).expect("writes");
    let before = disk.file("HEAD").expect("is there");
    writer.append(&support::envelope(4), &planted).expect("appends");
    writer.commit(None).expect("commits");
    drop(writer);
    disk.plant("HEAD", before);
    damage(&disk, LOG, |bytes| {
        let end = bytes.iter().rposition(|byte| *byte != 0).expect("bytes");
        bytes[end] ^= 1;
    });
    let report = inspect(&disk).expect("torn, not corrupt");
    assert!(matches!(report.verdict, Verdict::Torn { sequence: 4, .. }), "{report:?}");
}

#[test]
fn a_batch_of_another_history_is_reported() {
    // Same identity, same sequences and lengths, another body: the checksum holds, the chain of
    // the next batch does not; for the last batch HEAD does not.
    let write = |changed: u64| {
        let disk = MemoryDisk::new();
        let mut writer = create(&disk, SEGMENT).expect("creates");
        for sequence in 1..=9 {
            let mut body = support::body(sequence);
            body[0] ^= u8::from(sequence == changed);
            writer.append(&support::envelope(sequence), &body).expect("appends");
            writer.commit(None).expect("commits");
        }
        drop(writer);
        disk
    };
    let (disk, borders) = (write(0), borders(&write(0)));
    let log = disk.file(LOG).expect("is there");
    for changed in 1..=9 {
        let other = write(changed).file(LOG).expect("is there");
        let range = borders[changed as usize - 1]..borders[changed as usize];
        let mut mixed = log.clone();
        mixed[range.clone()].copy_from_slice(&other[range]);
        assert_ne!(mixed, log);
        disk.plant(LOG, mixed);
        assert_refused(inspect(&disk), &format!("batch {changed} of another history"));
    }
}

#[test]
fn damage_at_the_end_of_a_segment_is_corrupt_if_another_follows_whatever_head_says() {
    let disk = MemoryDisk::new();
    let mut writer = create(&disk, 8 << 10).expect("creates");
    let mut acked = 0;
    write_to(&mut writer, 5, 5, &mut acked).expect("writes");
    let old = disk.file("HEAD").expect("is there");
    write_to(&mut writer, 60, 5, &mut acked).expect("writes on");
    drop(writer);
    assert!(disk.file("00000001.log").is_some(), "rotated");
    disk.plant("HEAD", old);
    // The close is the last batch of segment 0: nothing sound follows it there.
    damage(&disk, LOG, |bytes| {
        let last = bytes.iter().rposition(|byte| *byte != 0).expect("bytes");
        bytes[last] ^= 1;
    });
    let refused = journal::open(Arc::new(disk.clone()), &options(8 << 10));
    assert_eq!(refused.expect_err("not torn").category(), Category::Corrupt);
}
