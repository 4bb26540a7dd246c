//! Goal: a journal's commands can be put in line again, and only other rules change the outcome.
//! Method: a seeded workload is journaled, its external commands are sequenced anew in memory, and
//! events, effects and digests are compared; then one rule is changed and the runs are aligned.

mod common;

use std::collections::BTreeMap;

use common::{Workload, journal_options, run, shared};
use domain::{Effect, Event, Ratio, Rulebook};
use runtime::rerun::rerun;
use runtime::{LoopOptions, RuntimeError, resequence};
use store::journal::Reader;
use store::testing::MemoryDisk;

type Story = Vec<(Event, Vec<Effect>)>;

fn reader(disk: &MemoryDisk) -> Reader {
    Reader::open(shared(disk), &journal_options()).expect("a journal")
}

fn recorded(disk: &MemoryDisk) -> Story {
    let mut house = clearing::ClearingHouse::new();
    struct Told(Story);
    impl runtime::Observer for Told {
        fn observe(&mut self, event: &Event, effects: &[Effect]) {
            self.0.push((event.clone(), effects.to_vec()));
        }
    }
    impl runtime::rerun::Witness for Told {}
    let mut told = Told(Vec::new());
    rerun(&mut house, reader(disk), None, &mut told).expect("the same");
    told.0
}

fn again(disk: &MemoryDisk, rules: impl FnMut(&Rulebook) -> Rulebook) -> (Story, [u8; 32]) {
    let mut story = Vec::new();
    let mut tell = |_: &clearing::ClearingHouse, event: &Event, effects: &[Effect]| {
        story.push((event.clone(), effects.to_vec()));
    };
    let house = resequence(reader(disk), rules, None, &mut tell).expect("it runs");
    (story, house.state_digest())
}

fn external(story: &Story) -> BTreeMap<(u32, u64), (i64, u16)> {
    let rows = story.iter().filter(|(event, _)| event.producer != 0);
    rows.map(|(event, _)| {
        let key = (event.producer, event.producer_seq);
        (key, (event.timestamp.nanos(), event.command.kind()))
    })
    .collect()
}

#[test]
fn equal_rules_give_the_same_events_effects_and_digest() {
    for seed in [5, 17] {
        let disk = MemoryDisk::new();
        let options = LoopOptions { batch_events: 300, ..LoopOptions::default() };
        let lived = run(&disk, Workload::new(seed, 512), 4_000, options);
        let (story, digest) = again(&disk, Rulebook::clone);
        assert!(story == recorded(&disk), "seed {seed}");
        assert_eq!(digest, lived.state_digest, "seed {seed}");
        assert!(story.iter().any(|(event, _)| event.producer == 0), "pulses were asked for anew");
    }
}

#[test]
fn other_rules_keep_every_external_command_and_change_what_follows() {
    let disk = MemoryDisk::new();
    run(&disk, Workload::new(9, 512), 4_000, LoopOptions::default());
    let (base, base_digest) = again(&disk, Rulebook::clone);
    let (other, digest) = again(&disk, |rulebook| {
        let mut rulebook = rulebook.clone();
        for rules in &mut rulebook.instruments {
            for tier in &mut rules.tiers {
                tier.maintenance = Ratio::new(34, 1_000).expect("a denominator above zero");
            }
        }
        rulebook
    });
    assert_ne!(digest, base_digest);
    assert_eq!(external(&other), external(&base), "senders, counts, times and kinds stay");
    let started = |story: &Story| {
        let effects = story.iter().flat_map(|(_, effects)| effects);
        effects.filter(|effect| matches!(effect, Effect::LiquidationStarted { .. })).count()
    };
    assert!(started(&other) > started(&base), "a stricter rule liquidates more");
}

#[test]
fn a_genesis_that_the_machine_refuses_is_named() {
    let disk = MemoryDisk::new();
    run(&disk, Workload::new(2, 512), 100, LoopOptions::default());
    let unfit = |rulebook: &Rulebook| {
        let mut rulebook = rulebook.clone();
        rulebook.instruments.iter_mut().for_each(|rules| rules.tiers.clear());
        rulebook
    };
    let refused = resequence(reader(&disk), unfit, None, &mut |_, _, _| {});
    assert!(matches!(refused, Err(RuntimeError::GenesisRefused(_))), "{refused:?}");
}
