//! Claim: a rerun from genesis applies at least 0.7 of what the machine applies from memory, and a
//! snapshot never holds the loop for more than 50 ms.
//!
//! Method: a book of 1,000,000 accounts (CLEARSIM_BENCH_ACCOUNTS) is journaled, a snapshot taken,
//! then a tail of 10,000,000 mixed events (CLEARSIM_BENCH_EVENTS). The loop stands still while the
//! state is copied into the shadow: the shadow has its room, and 100,000 mixed events passed since
//! the last copy; median of eleven, the worst beside it, and what encoding on the loop would take.
//! Reported: size of the snapshot, time to encode, store and load it; start from snapshot and
//! tail; start from genesis. The in-memory rate is that of the same commands, from genesis on,
//! applied out of memory on one thread, seals included, accounts loaded as the rerun loads them.
//! Wall time, once each.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use benches::clock::median;
use benches::figure::Figures;
use benches::following;
use benches::stream::{self, Numbering};
use clearing::{ClearingHouse, Shadow, WARMED_TOGETHER};
use domain::Timestamp;
use runtime::recovery::{self, Identity};
use runtime::stamp::{due_pulse, stamp};
use runtime::{ExternalCommand, LoopOptions, Replay, RuntimeError, Unobserved};
use store::journal::Options;
use store::snapshot::{SnapshotOpen, SnapshotStore};
use store::storage::{RealStorage, Storage};

const SEAL_INTERVAL: u64 = 65_536;
const BEGIN: Timestamp = Timestamp::from_nanos(1_600_000_000_000_000_000);

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn storage(directory: &Path) -> Arc<dyn Storage> {
    Arc::new(RealStorage::open(directory).expect("a temporary directory"))
}

fn snapshots(directory: &Path) -> SnapshotStore {
    match store::snapshot::open(directory).expect("a temporary directory") {
        SnapshotOpen::Ready(store) => store,
        SnapshotOpen::Without(reason) => panic!("{reason}"),
    }
}

fn seconds<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let began = Instant::now();
    let done = work();
    (began.elapsed().as_secs_f64(), done)
}

/// Journals commands to a clean stop; the state and the seconds it took.
fn journal(
    ready: recovery::Ready,
    commands: impl Iterator<Item = ExternalCommand>,
) -> (f64, ClearingHouse) {
    let mut replay =
        Replay::start(ready, LoopOptions::default(), Unobserved).expect("a disk that works");
    let commands = commands.map(Ok::<_, RuntimeError>);
    replay.run(commands, |_| ControlFlow::Continue(())).expect("a disk that works");
    let outcome = replay.finish().expect("a disk that works");
    (outcome.elapsed.as_secs_f64(), outcome.house)
}

/// Seconds that the commands take from memory, in chunks whose making does not count.
fn apply(house: &mut ClearingHouse, mut commands: impl Iterator<Item = ExternalCommand>) -> f64 {
    const CHUNK: usize = 65_536;
    let (mut total, mut effects) = (0.0, Vec::new());
    loop {
        let chunk: Vec<ExternalCommand> = commands.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            return total;
        }
        let (took, ()) = seconds(|| {
            let mut chunk = chunk.into_iter();
            for place in 0.. {
                if place % WARMED_TOGETHER == 0 {
                    let next = chunk.as_slice().iter().take(WARMED_TOGETHER);
                    std::hint::black_box(house.warm(next.map(|one| &one.command)));
                }
                let Some(external) = chunk.next() else { break };
                let at = external.wish.max(house.timestamp());
                while let Some(pulse) = due_pulse(house, at) {
                    house.apply(&pulse, &mut effects);
                }
                let event = stamp(house, external, at);
                house.apply(&event, &mut effects);
                if event.sequence.number().is_multiple_of(SEAL_INTERVAL) {
                    std::hint::black_box(house.seal_digest());
                }
            }
        });
        total += took;
    }
}

/// Events a second of all that was journaled, applied from memory; the state comes out the same.
fn from_memory(figures: &mut Figures, accounts: u64, tail: usize, house: &ClearingHouse) -> f64 {
    let mut numbering = Numbering::from(BEGIN);
    let mut again = ClearingHouse::new();
    let begin = std::iter::once(stream::genesis(SEAL_INTERVAL)).chain(stream::setup(accounts));
    let begun = apply(&mut again, begin.map(|command| numbering.next(command)));
    let setup = again.sequence().number() as f64;
    figures.report("setup applied from memory", setup / begun, "events/s");
    let mixed = stream::mixed(1, accounts).take(tail).map(|command| numbering.next(command));
    let took = apply(&mut again, mixed);
    figures.report("tail applied from memory", tail as f64 / took, "events/s");
    assert_eq!(again.state_digest(), house.state_digest());
    house.sequence().number() as f64 / (begun + took)
}

/// How long the loop stands still for a snapshot: copies of a changing state into one shadow.
fn stall(figures: &mut Figures, mut house: ClearingHouse, accounts: u64) {
    let mut shadow = Shadow::new();
    shadow.copy(&house);
    shadow.make_room();
    let mut mixed = stream::mixed(2, accounts);
    let (mut effects, mut copies) = (Vec::new(), Vec::new());
    for _ in 0..11 {
        for event in following::events(&house, mixed.by_ref().take(100_000)) {
            house.apply(&event, &mut effects);
        }
        copies.push(seconds(|| shadow.copy(&house)).0 * 1e3);
    }
    let mut bytes = Vec::new();
    shadow.append_bytes(&mut bytes);
    assert!(bytes == house.to_bytes(), "a shadow is the state");
    drop(bytes);
    let worst = copies.iter().copied().fold(0.0, f64::max);
    figures.at_most("loop stands still for a snapshot", median(copies), "ms", 50.0, 1.0);
    figures.report("the longest of eleven", worst, "ms");
    figures.report("shadow, beside the state", shadow.memory() as f64 / 1e6, "MB");
}

/// Takes, stores and loads a snapshot of the state at the end of the journal.
fn snapshot(figures: &mut Figures, path: &Path, house: &ClearingHouse) {
    let options = Options::default();
    let (encoding, bytes) = seconds(|| house.to_bytes());
    figures.report("snapshot size", bytes.len() as f64 / 1e6, "MB");
    figures.report("snapshot encoded, on its own thread", encoding * 1e3, "ms");
    let chain = {
        let mut reader =
            store::journal::Reader::open_at(storage(path), &options, house.sequence().number())
                .expect("a journal");
        while reader.next_batch().expect("sound").is_some() {}
        reader.chain()
    };
    let store = snapshots(path);
    let sequence = house.sequence().number();
    let (storing, anchor) = seconds(|| store.put(clearing::SEMANTICS, sequence, chain, &bytes));
    let anchor = anchor.expect("room on the disk");
    figures.report("snapshot stored, on its own thread", storing * 1e3, "ms");
    drop(bytes);
    let (loading, restored) =
        seconds(|| runtime::snapshots::restore(&store, &storage(path), &options, &anchor));
    assert_eq!(restored.expect("holds").state_digest(), house.state_digest());
    figures.report("snapshot loaded and checked", loading * 1e3, "ms");
}

fn main() {
    let accounts = number("CLEARSIM_BENCH_ACCOUNTS", 1_000_000);
    let tail = number("CLEARSIM_BENCH_EVENTS", 10_000_000) as usize;
    let claim = "a rerun from genesis reaches 0.7 of the rate from memory; a snapshot stalls 50 ms";
    let mut figures = Figures::open("recovery", claim);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path();
    let options = Options::default();

    let mut numbering = Numbering::from(BEGIN);
    let genesis = numbering.next(stream::genesis(SEAL_INTERVAL));
    let ready = recovery::create(storage(path), genesis, Identity::Genesis, &options, None);
    let book = stream::setup(accounts).map(|command| numbering.next(command));
    let (took, house) = journal(ready.expect("a new journal"), book);
    let setup = house.sequence().number() as f64;
    figures.report("setup journaled", setup / took, "events/s");
    snapshot(&mut figures, path, &house);
    stall(&mut figures, house, accounts);

    let ready = recovery::open(storage(path), &options, Some(snapshots(path)));
    let mixed = stream::mixed(1, accounts).take(tail).map(|command| numbering.next(command));
    let (took, house) = journal(ready.expect("opens"), mixed);
    figures.report("tail journaled", tail as f64 / took, "events/s");
    let in_memory = from_memory(&mut figures, accounts, tail, &house);

    let (took, ready) =
        seconds(|| recovery::open(storage(path), &options, Some(snapshots(path))).expect("opens"));
    assert_eq!(ready.house().state_digest(), house.state_digest());
    assert!(ready.report().loaded_at > 0, "{:?}", ready.report().passed_over);
    figures.report("ready from snapshot and tail", took, "s");
    drop(ready);
    let (took, ready) = seconds(|| recovery::open(storage(path), &options, None).expect("opens"));
    assert_eq!(ready.house().state_digest(), house.state_digest());
    figures.report("ready from genesis, the log scanned first", took, "s");
    drop(ready);

    let mut again = ClearingHouse::new();
    let reader = store::journal::Reader::open(storage(path), &options).expect("a journal");
    let (took, met) = seconds(|| runtime::rerun::rerun(&mut again, reader, None, &mut Unobserved));
    let met = met.expect("the same");
    assert_eq!(again.state_digest(), house.state_digest());
    let rate = met.events as f64 / took;
    figures.at_least("rerun from genesis", rate, "events/s", in_memory, 0.7);
    figures.close();
}
