//! Goal: what a person gives up is kept in a file, what is before it stays, and the journal says
//! what happened.
//! Method: damage of several kinds at a known sequence; refusal, repair, reading, going on.

mod support;

use std::sync::Arc;

use store::Category;
use store::journal::control::{Control, Repair};
use store::journal::{self, Reader, Record};
use store::storage::Storage;
use store::testing::{Fault, FaultPlan, MemoryDisk};
use support::{create, options, read_all, write_to};

const SEGMENT: u64 = 8 << 10;

/// A journal of several segments up to 120, in batches of 5, and the place of the batch that
/// begins with sequence 49.
fn sample() -> (MemoryDisk, u64, usize) {
    let disk = MemoryDisk::new();
    let (mut writer, mut acked) = (create(&disk, SEGMENT).expect("creates"), 0);
    write_to(&mut writer, 120, 5, &mut acked).expect("writes");
    drop(writer);
    let mut reader = Reader::open(Arc::new(disk.clone()), &options(SEGMENT)).expect("opens");
    loop {
        let batch = reader.next_batch().expect("reads").expect("has 49");
        if batch.first_seq() == 49 && batch.events() > 0 {
            let position = batch.position();
            return (disk, position.segment, position.offset as usize);
        }
    }
}

fn repair(disk: &MemoryDisk, sequence: u64) -> Result<journal::Repaired, store::StoreError> {
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    journal::repair_accept_loss_from(storage, &options(SEGMENT), sequence, "the disk failed")
}

fn repairs(disk: &MemoryDisk) -> Vec<Repair> {
    let mut reader = Reader::open(Arc::new(disk.clone()), &options(SEGMENT)).expect("opens");
    let mut found = Vec::new();
    while let Some(batch) = reader.next_batch().expect("reads") {
        for record in batch.records() {
            if let Record::Control(Control::Repair(repair)) = record {
                found.push(repair);
            }
        }
    }
    found
}

#[test]
fn a_loss_is_accepted_from_where_the_damage_is() {
    type Damage = fn(&MemoryDisk, u64, usize);
    let kinds: [(&str, Damage); 5] = [
        ("a flipped bit", |disk, segment, at| {
            disk.flip(&format!("{segment:08}.log"), (at + 70) * 8);
        }),
        ("a later segment gone too", |disk, segment, at| {
            disk.flip(&format!("{segment:08}.log"), (at + 70) * 8);
            disk.erase(&format!("{:08}.log", segment + 1));
        }),
        ("a later header bad too", |disk, segment, at| {
            disk.flip(&format!("{segment:08}.log"), (at + 70) * 8);
            disk.flip(&format!("{:08}.log", segment + 1), 100);
        }),
        ("HEAD gone too", |disk, segment, at| {
            disk.flip(&format!("{segment:08}.log"), (at + 70) * 8);
            disk.erase("HEAD");
        }),
        ("nothing damaged", |_, _, _| {}),
    ];
    for (what, damage) in kinds {
        let (disk, segment, at) = sample();
        damage(&disk, segment, at);
        let original = disk.file(&format!("{segment:08}.log")).expect("is there");
        let repaired = repair(&disk, 49).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(repaired.opened.report.last_seq, 48, "{what}");
        assert_eq!(repaired.record.from_seq, 49);
        let lost = if what == "HEAD gone too" { 119..=120 } else { 120..=120 };
        assert!(lost.contains(&repaired.record.lost_seq), "{what}: {:?}", repaired.record);
        let kept = disk.file(&repaired.file).expect("is kept");
        assert_eq!(kept[..200], original[at..at + 200], "{what}");
        assert_eq!(*blake3::hash(&kept).as_bytes(), repaired.record.quarantine_hash);
        let (mut writer, mut acked) = (repaired.opened.writer, 0);
        write_to(&mut writer, 150, 5, &mut acked).expect("goes on");
        drop(writer);
        let counts = read_all(Arc::new(disk.clone()), &options(SEGMENT)).expect("reads");
        assert_eq!((counts.last, counts.repairs), (150, 1), "{what}");
        assert_eq!(repairs(&disk)[0].reason, "the disk failed");
    }
}

#[test]
fn a_wrong_sequence_is_refused_and_nothing_changes() {
    let (disk, segment, at) = sample();
    disk.flip(&format!("{segment:08}.log"), (at + 70) * 8);
    let before = disk.files();
    for sequence in [0, 2, 47, 50, 120, 121, 1_000] {
        let refused = repair(&disk, sequence).expect_err("no border or beyond the damage");
        assert_eq!(refused.category(), Category::Misuse, "{sequence}: {refused}");
        assert_eq!(disk.files(), before, "{sequence}");
    }
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    for reason in ["", &"x".repeat(300)] {
        let refused =
            journal::repair_accept_loss_from(storage.clone(), &options(SEGMENT), 49, reason);
        assert_eq!(refused.expect_err("no reason").category(), Category::Misuse);
    }
}

#[test]
fn a_repair_that_is_cut_short_can_be_done_again() {
    let mut at = 1;
    loop {
        let (disk, segment, offset) = sample();
        disk.flip(&format!("{segment:08}.log"), (offset + 70) * 8);
        disk.arm(Some(FaultPlan { fault: Fault::Halt, at }));
        let answer = repair(&disk, 49);
        if !disk.fired() {
            answer.expect("no fault, no error");
            break;
        }
        drop(answer);
        let disk = disk.after_kill();
        if journal::inspect(Arc::new(disk.clone()), &options(SEGMENT)).is_err() {
            repair(&disk, 49).unwrap_or_else(|error| panic!("halt at {at}: {error}"));
        }
        let counts = read_all(Arc::new(disk.clone()), &options(SEGMENT)).expect("reads");
        assert_eq!(counts.last, 48, "halt at {at}");
        at += 1;
    }
    assert!(at > 20, "only {at} places");
}
