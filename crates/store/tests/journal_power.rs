//! Goal: after a power cut at any moment, with any unsynced sector lost, kept or older than its
//! neighbours, the acknowledged prefix is intact and the start is CLEAN or TORN.
//! Method: the process halts at a random operation, the disk keeps a random version of every
//! unsynced sector, several times in a row; and all subsets of the sectors of one batch.
//! CLEARSIM_SEEDS sets the number of seeds, 200 by default.

mod support;

use std::sync::Arc;

use store::journal::{self, Verdict};
use store::testing::{Fault, FaultPlan, MemoryDisk, SectorChoice};
use support::{GENESIS, LOG_ID, Random, create, options, read_all, write_to};

const SEGMENT: u64 = 8 << 10;

/// Runs until the plug is pulled; returns the last acknowledged sequence, at least `acked`.
fn run_until_halt(disk: &MemoryDisk, random: &mut Random, mut acked: u64) -> u64 {
    disk.arm(Some(FaultPlan { fault: Fault::Halt, at: 1 + random.below(400) }));
    let storage = Arc::new(disk.clone());
    let Ok(opened) = journal::open_or_create(storage, LOG_ID, GENESIS, &options(SEGMENT)) else {
        return acked;
    };
    let mut writer = opened.writer;
    acked = acked.max(opened.report.last_seq);
    for _ in 0..200 {
        let last = writer.next_sequence() + random.below(30);
        let batch = 1 + random.below(16) as u32;
        let mut durable = acked;
        let done = write_to(&mut writer, last, batch, &mut durable);
        acked = acked.max(durable);
        if done.is_err() {
            return acked;
        }
    }
    acked
}

#[test]
fn the_acknowledged_prefix_survives_power_cuts() {
    let seeds: u64 =
        std::env::var("CLEARSIM_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    let (mut torn, mut clean, mut events) = (0, 0, 0);
    for seed in 1..=seeds {
        let mut random = Random::new(seed);
        let mut disk = MemoryDisk::new();
        let mut acked = 0;
        for round in 0..6 {
            acked = run_until_halt(&disk, &mut random, acked);
            disk = disk.after_power_loss(|choice| match choice {
                SectorChoice::Sector { writes, .. } => random.below(writes as u64 + 1) as usize,
                SectorChoice::Names { changes } => random.below(changes as u64 + 1) as usize,
            });
            let what = format!("seed {seed} round {round}");
            let probe = disk.after_kill();
            let storage = Arc::new(probe.clone());
            let opened = journal::open_or_create(storage, LOG_ID, GENESIS, &options(SEGMENT));
            let report = opened.unwrap_or_else(|error| panic!("{what}: {error}")).report;
            assert!(report.last_seq >= acked, "{what}: {} of {acked}", report.last_seq);
            match report.verdict {
                Verdict::Clean => clean += 1,
                Verdict::Torn { .. } => torn += 1,
            }
            let counts = read_all(Arc::new(probe), &options(SEGMENT));
            let counts = counts.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(counts.last, report.last_seq, "{what}");
        }
        events += acked;
    }
    println!("{seeds} seeds: {torn} torn, {clean} clean, {events} events acknowledged");
    assert!(torn > seeds / 10 && clean > seeds / 10, "{torn} torn, {clean} clean");
}

#[test]
fn all_sector_subsets_of_one_batch_are_torn_or_clean() {
    let disk = MemoryDisk::new();
    let mut writer = create(&disk, 16 << 10).expect("creates");
    let mut acked = 0;
    write_to(&mut writer, 16, 16, &mut acked).expect("writes");
    // The second batch is written and the plug is pulled before its sync.
    let mut sectors = 0;
    disk.arm(Some(FaultPlan { fault: Fault::Halt, at: 2 }));
    for sequence in 17..=20 {
        writer.append(&support::envelope(sequence), &vec![sequence as u8; 720]).expect("appends");
    }
    writer.commit(None).expect_err("halted at the sync");
    disk.after_power_loss(|choice| {
        sectors += usize::from(matches!(choice, SectorChoice::Sector { file: "00000000.log", .. }));
        0
    });
    assert_eq!(sectors, 7);
    let (mut torn, mut clean) = (0, Vec::new());
    for subset in 0u32..1 << sectors {
        let mut index = 0;
        let cut = disk.after_power_loss(|choice| match choice {
            SectorChoice::Sector { file: "00000000.log", .. } => {
                index += 1;
                (subset >> (index - 1) & 1) as usize
            }
            _ => usize::MAX,
        });
        let report = journal::inspect(Arc::new(cut), &options(16 << 10)).expect("not corrupt");
        match report.verdict {
            Verdict::Torn { sequence, .. } => {
                assert_eq!((sequence, report.last_seq), (17, 16), "subset {subset:07b}");
                torn += 1;
            }
            Verdict::Clean => clean.push((subset, report.last_seq)),
        }
    }
    assert_eq!((torn, clean), (126, vec![(0, 16), (127, 20)]));
}
