//! Goal: what the loop journals is a function of its commands alone, released only when durable.
//! Method: one seeded workload through different batch sizes, interrupted runs and reruns; the
//! journal's records, seals and digests are compared.

mod common;

use std::ops::ControlFlow;

use common::{Workload, create, journal_options, open, run, shared};
use domain::{Effect, Event};
use runtime::observer::Observer;
use runtime::rerun::{Witness, rerun};
use runtime::{Ended, LoopOptions, Replay, RuntimeError, Unobserved};
use store::journal::control::{Control, Seal};
use store::journal::{Reader, Record};
use store::testing::MemoryDisk;

const COMMANDS: usize = 6_000;

fn options(batch_events: u32) -> LoopOptions {
    LoopOptions { batch_events, check_invariants: true, ..LoopOptions::default() }
}

/// Every event and seal of a journal.
fn records(disk: &MemoryDisk) -> (Vec<Event>, Vec<Seal>) {
    let mut reader = Reader::open(shared(disk), &journal_options()).expect("a journal");
    let (mut events, mut seals) = (Vec::new(), Vec::new());
    while let Some(batch) = reader.next_batch().expect("sound") {
        for record in batch.records() {
            match record {
                Record::Event(raw) => {
                    events.push(store::codec::decode_event(&raw).expect("decodes"));
                }
                Record::Control(Control::Seal(seal)) => seals.push(seal),
                Record::Control(_) => {}
            }
        }
    }
    (events, seals)
}

#[test]
fn batch_sizes_change_no_event_no_seal_and_no_digest() {
    let mut first: Option<(Vec<Event>, Vec<Seal>, [u8; 32])> = None;
    for batch_events in [1, 64, 1_024, 4_096] {
        let disk = MemoryDisk::new();
        let outcome = run(&disk, Workload::new(7, 1_000), COMMANDS, options(batch_events));
        let (events, seals) = records(&disk);
        assert_eq!(outcome.commands, COMMANDS as u64 - 1);
        assert_eq!(events.len() as u64, outcome.house.sequence().number());
        assert_eq!(seals.len(), events.len() / 1_000);
        let found = (events, seals, outcome.state_digest);
        match &first {
            None => {
                let pulses = found.0.iter().filter(|event| event.producer == 0).count();
                assert!(pulses > 0, "the workload asks for no pulse: it proves too little");
                first = Some(found);
            }
            Some(first) => assert!(first == &found, "batches of {batch_events} differ"),
        }
    }
}

/// Counts what it sees and holds it against the disk: everything seen is durable.
struct Durable<'a> {
    disk: &'a MemoryDisk,
    seen: u64,
    effects: usize,
    seals: usize,
}

impl Observer for Durable<'_> {
    fn observe(&mut self, event: &Event, effects: &[Effect]) {
        self.seen += 1;
        self.effects += effects.len();
        assert_eq!(event.sequence.number(), self.seen, "in order, without holes");
    }

    fn sealed(&mut self, seal: &Seal) {
        self.seals += 1;
        assert_eq!(seal.at_seq, self.seen);
    }

    fn reached(&mut self, sequence: domain::Sequence) {
        assert_eq!(sequence.number(), self.seen);
        // Another process, started after this one was killed here, finds all of it.
        let reader = Reader::open(shared(&self.disk.after_kill()), &journal_options());
        let mut reader = reader.expect("a journal");
        while reader.next_batch().expect("sound").is_some() {}
        assert!(reader.next_sequence() > self.seen);
    }
}

#[test]
fn an_observer_sees_every_event_once_and_only_when_durable() {
    let disk = MemoryDisk::new();
    let mut workload = Workload::new(11, 500);
    let ready = create(&disk, workload.next().expect("endless")).expect("new");
    let observer = Durable { disk: &disk, seen: 0, effects: 0, seals: 0 };
    let mut replay = Replay::start(ready, options(64), observer).expect("starts");
    let commands = workload.take(2_000).map(Ok::<_, RuntimeError>);
    replay.run(commands, |_| ControlFlow::Continue(())).expect("runs");
    let outcome = replay.finish().expect("stops");
    assert_eq!(outcome.observer.seen, outcome.house.sequence().number());
    assert_eq!(outcome.observer.seals as u64, outcome.observer.seen / 500);
    assert!(outcome.observer.effects as u64 >= outcome.observer.seen);
}

#[test]
fn a_stopped_run_goes_on_to_the_same_end() {
    let straight = MemoryDisk::new();
    let whole = run(&straight, Workload::new(3, 256), COMMANDS, options(128));

    let disk = MemoryDisk::new();
    let mut workload = Workload::new(3, 256);
    let mut ready = create(&disk, workload.next().expect("endless")).expect("new");
    let mut taken = 0;
    for _ in 0..5 {
        let mut replay = Replay::start(ready, options(128), Unobserved).expect("starts");
        let mut borders = 0;
        let rest = workload.by_ref().take(COMMANDS - 1 - taken).map(Ok::<_, RuntimeError>);
        let ended = replay
            .run(rest, |_| {
                borders += 1;
                if borders == 7 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .expect("runs");
        assert_eq!(ended, Ended::Stopped);
        taken += replay.finish().expect("stops").commands as usize;
        ready = open(&disk).expect("goes on");
        assert_eq!(ready.report().loaded_at, 0);
    }
    let mut replay = Replay::start(ready, options(128), Unobserved).expect("starts");
    let rest = workload.take(COMMANDS - 1 - taken).map(Ok::<_, RuntimeError>);
    assert_eq!(replay.run(rest, |_| ControlFlow::Continue(())).expect("runs"), Ended::Finished);
    let outcome = replay.finish().expect("stops");
    assert_eq!(outcome.state_digest, whole.state_digest);
    assert!(records(&disk) == records(&straight));
}

#[derive(Default)]
struct Counted {
    effects: Vec<(u64, Vec<Effect>)>,
}

impl Observer for Counted {
    fn observe(&mut self, event: &Event, effects: &[Effect]) {
        self.effects.push((event.sequence.number(), effects.to_vec()));
    }
}

impl Witness for Counted {}

#[test]
fn a_rerun_gives_the_same_effects_and_meets_every_seal() {
    let disk = MemoryDisk::new();
    let mut workload = Workload::new(23, 512);
    let ready = create(&disk, workload.next().expect("endless")).expect("new");
    let mut replay = Replay::start(ready, options(300), Counted::default()).expect("starts");
    let commands = workload.take(3_000).map(Ok::<_, RuntimeError>);
    replay.run(commands, |_| ControlFlow::Continue(())).expect("runs");
    let lived = replay.finish().expect("stops");

    let mut house = clearing::ClearingHouse::new();
    let mut again = Counted::default();
    let reader = Reader::open(shared(&disk), &journal_options()).expect("a journal");
    let met = rerun(&mut house, reader, None, &mut again).expect("the same");
    assert!(again.effects == lived.observer.effects);
    assert_eq!(house.state_digest(), lived.state_digest);
    let events = house.sequence().number();
    assert_eq!((met.events, met.seals, met.closes), (events, events / 512, 1));
}

#[test]
fn a_rerun_can_stop_anywhere() {
    let disk = MemoryDisk::new();
    let outcome = run(&disk, Workload::new(29, 100), 500, options(64));
    let end = outcome.house.sequence().number();
    for until in [1, 63, 64, 65, 100, 101, end - 1, end, end + 9] {
        let mut house = clearing::ClearingHouse::new();
        let reader = Reader::open(shared(&disk), &journal_options()).expect("a journal");
        let until = domain::Sequence::new(until);
        let met = rerun(&mut house, reader, Some(until), &mut Unobserved).expect("the same");
        assert_eq!(house.sequence().number(), until.number().min(end));
        assert_eq!(met.events, house.sequence().number());
    }
}

#[test]
fn what_the_iterator_answers_ends_the_run_after_what_came_before() {
    let disk = MemoryDisk::new();
    let mut workload = Workload::new(31, 4_096);
    let ready = create(&disk, workload.next().expect("endless")).expect("new");
    let mut replay = Replay::start(ready, options(4_096), Unobserved).expect("starts");
    #[derive(Debug)]
    enum Trouble {
        Row(u32),
        Runtime(RuntimeError),
    }
    impl From<RuntimeError> for Trouble {
        fn from(error: RuntimeError) -> Self {
            Self::Runtime(error)
        }
    }
    let rows = workload.take(10).map(Ok).chain([Err(Trouble::Row(11))]);
    match replay.run(rows, |_| ControlFlow::Continue(())) {
        Err(Trouble::Row(11)) => {}
        Err(Trouble::Runtime(error)) => panic!("{error}"),
        other => panic!("{other:?}"),
    }
    drop(replay);
    let ready = open(&disk.after_kill()).expect("opens");
    assert_eq!(ready.house().producer_seq(common::PRODUCER), 11);
}

#[test]
fn a_journal_begins_with_a_genesis_that_this_machine_accepts() {
    let genesis = || Workload::new(1, 100).next().expect("endless");
    let second = Workload::new(1, 100).nth(1).expect("endless");
    let disk = MemoryDisk::new();
    let refused = create(&disk, second).expect_err("an account is no genesis");
    assert!(matches!(refused, RuntimeError::GenesisMissing { found: "open_account" }), "{refused}");

    let mut other = genesis();
    let domain::Command::Genesis(asked) = &mut other.command else { panic!("genesis first") };
    asked.semantics += 1;
    let refused = create(&disk, other).expect_err("another semantics");
    assert!(matches!(refused, RuntimeError::SemanticsUnsupported { .. }), "{refused}");

    let refused = create(&disk, Workload::new(1, 0).next().expect("endless"));
    assert!(matches!(refused, Err(RuntimeError::GenesisRefused(_))), "interval 0");
    assert!(disk.files().is_empty(), "a refusal creates nothing");

    drop(create(&disk, genesis()).expect("new"));
    // Created, then killed before genesis was stamped: nothing can be continued.
    let missing = open(&disk.after_kill()).expect_err("no genesis");
    assert!(matches!(missing, RuntimeError::GenesisMissing { found: "nothing" }), "{missing}");
}
