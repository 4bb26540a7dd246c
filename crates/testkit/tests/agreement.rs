//! Goal: the fast machine and the naive one are the same machine.
//!
//! Method: for each seed a workload runs through both, event by event. After every event effects,
//! pulses and whole states must be equal and every law must hold, and a fast machine restored from
//! a snapshot every so often must go on equally beside them. Over all seeds every effect and every
//! refusal must have happened. A long run: `CLEARSIM_SEEDS` (a count, or `from..to`) and
//! `CLEARSIM_EVENTS`, with `--release`; a failure prints its seed, its event and what each machine
//! said.

mod coverage;

use clearing::{ClearingHouse, SEMANTICS, Shadow};
use coverage::Coverage;
use domain::command::{Genesis, PublishPrice, Pulse};
use domain::event::HOUSE_PRODUCER;
use domain::rulebook::{InstrumentKind, Sections};
use domain::{AssetId, Command, Duration, Effect, Event, Feed, Price, Sequence, Timestamp};
use std::env;
use std::ops::Range;
use testkit::reference::ReferenceHouse;
use testkit::workload::{OPENS_AT, Workload};

/// Events between two seals, and between two restores.
const SEAL_EVERY: u64 = 2;
const RESTORE_EVERY: u64 = 97;

/// Both machines under one workload, and the fast one restored from its last snapshot beside them.
struct Pair {
    seed: u64,
    fast: ClearingHouse,
    restored: ClearingHouse,
    shadow: Shadow,
    naive: ReferenceHouse,
    workload: Workload,
    effects: Vec<Effect>,
}

impl Pair {
    fn new(seed: u64) -> Self {
        Self {
            seed,
            fast: ClearingHouse::new(),
            restored: ClearingHouse::new(),
            shadow: Shadow::new(),
            naive: ReferenceHouse::new(),
            workload: Workload::new(seed),
            effects: Vec::new(),
        }
    }

    /// Applies the next event to both; what differs is the error.
    fn step(&mut self) -> Result<(), String> {
        let event = self.workload.next_event(self.fast.next_pulse());
        self.fast.apply(&event, &mut self.effects);
        let expected = self.naive.apply(&event);
        if self.effects != expected {
            return Err(self.tell(&event, &self.effects, &expected));
        }
        let mut again = Vec::new();
        self.restored.apply(&event, &mut again);
        if again != expected {
            return Err(self.tell(&event, &("restored", again), &expected));
        }
        if self.fast.next_pulse() != self.naive.next_pulse() {
            let pulses = (self.fast.next_pulse(), self.naive.next_pulse());
            return Err(self.tell(&event, &pulses.0, &pulses.1));
        }
        self.workload.observe(&self.effects);
        let number = event.sequence.number();
        // The bytes themselves, of which digests are made: hashing them twice would say no more.
        let (fast, naive) = (self.fast.to_bytes(), self.naive.to_bytes());
        if fast != naive {
            let at = fast.iter().zip(&naive).take_while(|(left, right)| left == right).count();
            let tail = |bytes: &[u8]| (bytes.len(), at, bytes[at.saturating_sub(40)..].to_vec());
            return Err(self.tell(&event, &tail(&fast), &tail(&naive)));
        }
        // A seal every few events, so that records hashed before and changed since are met.
        if number.is_multiple_of(SEAL_EVERY) {
            self.fast.seal_digest();
        }
        self.fast.check_invariants().map_err(|law| self.tell(&event, &law, &"holds"))?;
        if number.is_multiple_of(RESTORE_EVERY) {
            self.restore().map_err(|error| self.tell(&event, &error, &"restores"))?;
        }
        Ok(())
    }

    /// Takes a snapshot, after the last one's machine came to the same end.
    fn restore(&mut self) -> Result<(), String> {
        let bytes = self.fast.to_bytes();
        // One shadow for the whole run: what it held before must leave no trace.
        let mut copied = Vec::new();
        self.shadow.copy(&self.fast);
        self.shadow.append_bytes(&mut copied);
        if copied != bytes {
            return Err("the shadow's bytes are not the state's".into());
        }
        if self.restored.to_bytes() != bytes {
            return Err("the machine restored last stands elsewhere".into());
        }
        self.restored = ClearingHouse::from_bytes(&bytes).map_err(|error| error.to_string())?;
        let seals = (self.restored.seal_digest(), self.fast.seal_digest());
        if seals.0 == seals.1 { Ok(()) } else { Err(format!("seals differ: {seals:02x?}")) }
    }

    fn tell(
        &self,
        event: &Event,
        fast: &impl core::fmt::Debug,
        naive: &impl core::fmt::Debug,
    ) -> String {
        format!(
            "seed {} event {}: {event:?}\n  fast:  {fast:?}\n  naive: {naive:?}",
            self.seed,
            event.sequence.number()
        )
    }
}

/// Runs a seed to its end or to the first difference.
fn check(seed: u64, events: u64, coverage: &mut Coverage) {
    let mut pair = Pair::new(seed);
    for _ in 0..events {
        if let Err(difference) = pair.step() {
            panic!("{difference}");
        }
        coverage.count(&pair.effects);
        coverage.count_policies(pair.workload.rulebook(), &pair.effects);
    }
}

fn seeds() -> Range<u64> {
    let text = env::var("CLEARSIM_SEEDS").unwrap_or_else(|_| "200".into());
    let number = |text: &str| text.trim().parse().expect("CLEARSIM_SEEDS is a count or from..to");
    match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => 0..number(&text),
    }
}

fn events() -> u64 {
    let text = env::var("CLEARSIM_EVENTS").unwrap_or_else(|_| "2000".into());
    text.parse().expect("CLEARSIM_EVENTS is a count")
}

#[test]
fn both_machines_agree_event_by_event() {
    let mut coverage = Coverage::default();
    let (seeds, events) = (seeds(), events());
    for seed in seeds.clone() {
        check(seed, events, &mut coverage);
    }
    println!("seeds {seeds:?}, {events} events each\n{coverage}");
    if seeds.end - seeds.start >= 200 && events >= 2_000 {
        coverage.require_everything();
    }
}

/// A wake that comes late is a liquidation missed: the comparison must see it.
#[test]
fn a_late_wake_is_caught() {
    let caught = (0..40).find_map(|seed| {
        let mut pair = Pair::new(seed);
        pair.fast.plant_late_wakes();
        (0..2_000).find_map(|_| {
            // The laws are not asked: what must catch it is the other machine.
            let event = pair.workload.next_event(pair.fast.next_pulse());
            pair.fast.apply(&event, &mut pair.effects);
            let expected = pair.naive.apply(&event);
            pair.workload.observe(&pair.effects);
            (pair.effects != expected).then_some((seed, event.sequence.number(), expected))
        })
    });
    let (seed, number, expected) = caught.expect("some seed shows the late wake");
    println!("seed {seed} event {number}: missed {expected:?}");
    let started = |effect: &Effect| matches!(effect, Effect::LiquidationStarted { .. });
    assert!(expected.iter().any(started), "what was missed is a liquidation: {expected:?}");
}

/// Applies one more command to both machines, which answer alike.
fn apply_both(
    (fast, naive): &mut (ClearingHouse, ReferenceHouse),
    producer: u32,
    timestamp: Timestamp,
    command: Command,
) -> Vec<Effect> {
    let sequence = Sequence::new(fast.sequence().number() + 1);
    let producer_seq = fast.producer_seq(producer) + 1;
    let event = Event { sequence, timestamp, producer, producer_seq, command };
    let mut effects = Vec::new();
    fast.apply(&event, &mut effects);
    assert_eq!(effects, naive.apply(&event));
    assert_eq!(fast.state_digest(), naive.state_digest());
    effects
}

/// Two futures on one asset ended and nobody ever priced it: each is tried again a step later, and
/// neither calls the other up before. The first price settles both.
#[test]
fn two_futures_that_wait_for_a_price_wait_apart() {
    let mut rulebook = Workload::new(0).rulebook().clone();
    let (underlying, expires_at) = (AssetId::new(1), OPENS_AT.plus(Duration::from_seconds(60)));
    let window = Duration::from_seconds(30);
    rulebook.instruments.truncate(2);
    rulebook.sections = Sections::NONE;
    for instrument in &mut rulebook.instruments {
        let settle_window = window;
        instrument.kind = InstrumentKind::Future { underlying, expires_at, settle_window };
        instrument.settles = rulebook.numeraire;
    }
    let step = rulebook.liquidation.step_interval;
    let price_max = rulebook.assets[1].price_max;
    let mut machines = (ClearingHouse::new(), ReferenceHouse::new());
    let genesis = Genesis { semantics: SEMANTICS, seal_interval: 64, rulebook };
    assert_eq!(apply_both(&mut machines, 1, OPENS_AT, genesis.into()).len(), 1);
    let mut at = expires_at;
    for _ in 0..5 {
        assert_eq!(machines.0.next_pulse(), Some(at), "a step after the last try");
        assert_eq!(apply_both(&mut machines, HOUSE_PRODUCER, at, Pulse {}.into()), []);
        at = at.plus(step);
    }
    let (feed, price) = (Feed::index(underlying), Price::new(price_max.units() / 10));
    let (confidence, published_at) = (Price::new(0), OPENS_AT);
    let publish = PublishPrice { feed, source: 0, price, confidence, published_at };
    assert_eq!(apply_both(&mut machines, 1, at, publish.into()).len(), 1);
    let settled = apply_both(&mut machines, HOUSE_PRODUCER, at, Pulse {}.into());
    let expired = |effect: &Effect| matches!(effect, Effect::InstrumentExpired { .. });
    assert!(settled.len() == 2 && settled.iter().all(expired), "{settled:?}");
    assert_eq!(machines.0.next_pulse(), None);
}
