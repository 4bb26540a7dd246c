//! Goal: whatever operation of the disk fails, and however, no acknowledged event is lost, nothing
//! is acknowledged after a failed write or sync, and the next start succeeds.
//! Method: the same work with the n-th operation failing, n = 1, 2, ... until none fails; after
//! each, a start on what a killed process leaves and one on the least a power cut leaves.

mod support;

use std::sync::Arc;

use store::journal::{self, Options};
use store::storage::Operation;
use store::testing::{Fault, FaultPlan, MemoryDisk};
use store::{Category, StoreError};
use support::{GENESIS, LOG_ID, create, options, read_all, write_to};

const SEGMENT: u64 = 8 << 10;

/// Fifty batches over several segments, a clean stop in the middle.
fn work(disk: &MemoryDisk, acked: &mut u64) -> Result<(), StoreError> {
    let mut writer = create(disk, SEGMENT)?;
    write_to(&mut writer, 60, 2, acked)?;
    writer.close([1; 32], [2; 16])?;
    let mut writer = journal::open(Arc::new(disk.clone()), &options(SEGMENT))?.writer;
    write_to(&mut writer, 120, 3, acked)?;
    writer.close([1; 32], [2; 16])
}

/// A start must succeed, keep what was acknowledged and be able to go on.
fn check_start(disk: &MemoryDisk, acked: u64, what: &str) {
    let opened =
        journal::open_or_create(Arc::new(disk.clone()), LOG_ID, GENESIS, &options(SEGMENT));
    let opened = opened.unwrap_or_else(|error| panic!("{what}: {error}"));
    let last = opened.report.last_seq;
    assert!(last >= acked, "{what}: {acked} were acknowledged, {last} are left");
    // What a start accepts it has made durable: a power cut right after it takes no event. The
    // bytes of a tail may come back, if zeroing them failed to be synced, and are torn again.
    let cut = journal::inspect(Arc::new(disk.after_power_loss(|_| 0)), &options(SEGMENT));
    let cut = cut.unwrap_or_else(|error| panic!("{what}, cut after the start: {error}"));
    assert_eq!(cut.last_seq, last, "{what}, cut after the start");
    let (mut writer, mut more) = (opened.writer, 0);
    write_to(&mut writer, last + 20, 4, &mut more)
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    drop(writer);
    let counts = read_all(Arc::new(disk.clone()), &options(SEGMENT));
    assert_eq!(counts.unwrap_or_else(|error| panic!("{what}: {error}")).last, last + 20, "{what}");
}

#[test]
fn the_nth_operation_failing_loses_nothing_acknowledged() {
    for fault in Fault::ALL {
        let mut at = 1;
        loop {
            let disk = MemoryDisk::new();
            disk.arm(Some(FaultPlan { fault, at }));
            let mut acked = 0;
            let answer = work(&disk, &mut acked);
            if !disk.fired() {
                answer.expect("no fault, no error");
                break;
            }
            let what = format!("{fault:?} at {at}");
            match fault {
                Fault::ShortWrite | Fault::ShortRead | Fault::Interrupted => {
                    answer.unwrap_or_else(|error| panic!("{what} is not an error: {error}"));
                    assert_eq!(acked, 120, "{what}");
                }
                _ => {}
            }
            disk.arm(None);
            check_start(&disk.after_kill(), acked, &format!("{what}, killed"));
            check_start(&disk.after_power_loss(|_| 0), acked, &format!("{what}, power cut"));
            at += 1;
        }
        println!("{fault:?}: {} places", at - 1);
        assert!(at > 5, "{fault:?} struck only {} times", at - 1);
    }
}

#[test]
fn faults_during_a_start_leave_a_journal_that_starts() {
    let torn = MemoryDisk::new();
    let mut acked = 0;
    let mut writer = create(&torn, SEGMENT).expect("creates");
    write_to(&mut writer, 70, 3, &mut acked).expect("writes");
    let head = torn.file("HEAD").expect("is there");
    write_to(&mut writer, 75, 3, &mut acked).expect("writes");
    drop(writer);
    // An older HEAD, so that there is something to rewrite, half a batch to cut, and a leftover.
    torn.plant("HEAD", head);
    let report = journal::inspect(Arc::new(torn.clone()), &options(SEGMENT)).expect("sound");
    assert!(report.beyond_head > 0);
    let name = format!("{:08}.log", report.end.segment);
    let mut bytes = torn.file(&name).expect("is there");
    bytes[report.end.offset as usize..][..70].fill(0x5a);
    torn.plant(&name, bytes);
    torn.plant("00000009.log.tmp", vec![1]);
    for fault in Fault::ALL {
        let mut at = 1;
        loop {
            let disk = torn.after_kill();
            disk.arm(Some(FaultPlan { fault, at }));
            let answer = journal::open(Arc::new(disk.clone()), &options(SEGMENT));
            if !disk.fired() {
                break;
            }
            drop(answer);
            disk.arm(None);
            let what = format!("{fault:?} at {at} of the start");
            check_start(&disk.after_kill(), 75, &format!("{what}, killed"));
            check_start(&disk.after_power_loss(|_| 0), 75, &format!("{what}, power cut"));
            at += 1;
        }
        assert!(at > 3, "{fault:?} struck only {} times", at - 1);
    }
}

#[test]
fn after_a_failed_sync_nothing_is_retried_and_nothing_acknowledged() {
    let disk = MemoryDisk::new();
    let mut writer = create(&disk, SEGMENT).expect("creates");
    let mut acked = 0;
    write_to(&mut writer, 5, 5, &mut acked).expect("writes");
    // The batch is written first and synced second.
    disk.arm(Some(FaultPlan { fault: Fault::IoOnce, at: 2 }));
    disk.take_operations();
    let error = write_to(&mut writer, 10, 5, &mut acked).expect_err("the sync fails");
    assert_eq!((error.category(), acked, writer.durable()), (Category::Io, 5, 5));
    assert!(writer.failed());
    let done = disk.take_operations();
    assert_eq!(done.last(), Some(&Operation::Fdatasync("00000000.log".to_string())));
    let again = support::commit(&mut writer).expect_err("the writer is spent");
    assert_eq!(again.category(), Category::Misuse);
    assert!(writer.reserve(10).is_err() && writer.append(&support::envelope(11), &[]).is_err());
    assert!(writer.sync_head().is_err());
    assert!(disk.take_operations().is_empty(), "it touched the disk again");
}

#[test]
fn a_full_disk_refuses_before_an_event_is_stamped_and_mends() {
    let disk = MemoryDisk::new();
    let mut writer = create(&disk, SEGMENT).expect("creates");
    let mut acked = 0;
    // The disk is full for new files: the spare cannot be built, the present segment goes on.
    write_to(&mut writer, 10, 2, &mut acked).expect("writes");
    let full_at = disk_full_after_preallocation(&disk, &mut writer, &mut acked);
    assert_eq!(full_at.category(), Category::StorageFull);
    assert!(!writer.failed(), "a refusal is no failure");
    let (next, before) = (writer.next_sequence(), disk.files());
    assert_eq!(writer.reserve(2_000).expect_err("still full").category(), Category::StorageFull);
    assert_eq!((writer.next_sequence(), disk.files()), (next, before), "nothing moved");
    disk.set_full(false);
    write_to(&mut writer, next + 40, 2, &mut acked).expect("goes on");
    drop(writer);
    let counts = read_all(Arc::new(disk), &options(SEGMENT)).expect("reads");
    assert_eq!(counts.last, next + 40);
}

fn disk_full_after_preallocation(
    disk: &MemoryDisk,
    writer: &mut journal::Writer,
    acked: &mut u64,
) -> StoreError {
    disk.set_full(true);
    let error = write_to(writer, 10_000, 2, acked).expect_err("no next segment");
    assert!(*acked > 20, "room that was there is used: {acked}");
    error
}

#[test]
fn a_sample_of_pairs_of_faults_loses_nothing_acknowledged() {
    // One fault while working, another in the start after it.
    for first in (1..200).step_by(7) {
        for second in 1..12 {
            let disk = MemoryDisk::new();
            disk.arm(Some(FaultPlan { fault: Fault::IoOnce, at: first }));
            let mut acked = 0;
            let _ = work(&disk, &mut acked);
            let disk = disk.after_kill();
            disk.arm(Some(FaultPlan { fault: Fault::IoOnce, at: second }));
            let all: &Options = &options(SEGMENT);
            drop(journal::open(Arc::new(disk.clone()), all));
            disk.arm(None);
            check_start(&disk.after_kill(), acked, &format!("faults at {first} and {second}"));
        }
    }
}
