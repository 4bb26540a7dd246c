//! Claim: the five market days of the fixtures together run in under 30 s.
//!
//! Method: each day under its own rulebook, as `clearsim day` runs it: files read and checked,
//! commands made, stamped, journaled, applied, snapshots taken, every law checked at the end, the
//! digest of the state compared with the golden file. Without counting figures and writing the
//! documents of a run directory. Wall time, once each; rates beside it.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use benches::figure::Figures;
use feed::day::{Day, Machine};
use feed::manifest::Manifest;
use runtime::recovery::{self, Identity};
use runtime::{ExternalCommand, LoopOptions, Outcome, Replay, RuntimeError, Unobserved};
use store::journal::Options;
use store::snapshot::SnapshotOpen;
use store::storage::RealStorage;

const DAYS: [&str; 5] = ["2020-03-12", "2021-05-19", "2022-11-08", "2024-08-05", "2025-10-10"];
/// As `clearsim day` has it.
const SEAL_INTERVAL: u64 = 4_096;
const SNAPSHOT_EVERY: u64 = 65_536;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

/// Runs a day to its end in a folder of its own; what it left, and the rulebook's name.
fn run(name: &str) -> (Outcome<Unobserved>, String) {
    let folder = fixtures().join("days").join(name);
    let Ok(manifest) = Manifest::load(&folder) else { panic!("{name}: no manifest") };
    let rulebook = manifest.rulebook.clone();
    let rules = feed::rulebook::load(&fixtures().join(format!("rulebooks/{rulebook}.toml")));
    let Ok(rules) = rules else { panic!("{name}: no rulebook") };
    let [_, end] = manifest.window;
    let Ok(day) = Day::of(manifest, &folder, None, &rules) else { panic!("{name}: no files") };
    let machine = Machine { semantics: clearing::SEMANTICS, seal_interval: SEAL_INTERVAL };
    let timed = day.commands(machine).take_while(|timed| timed.timestamp < end);
    let mut commands = (1..).zip(timed).map(|(producer_seq, timed)| ExternalCommand {
        producer: 1,
        producer_seq,
        wish: timed.timestamp,
        command: timed.command,
    });
    let genesis = commands.next().expect("a day begins with genesis");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let storage = Arc::new(RealStorage::open(directory.path()).expect("a directory"));
    let Ok(SnapshotOpen::Ready(cache)) = store::snapshot::open(directory.path()) else {
        panic!("snapshots do not open");
    };
    let options = Options::default();
    let ready = recovery::create(storage, genesis, Identity::Genesis, &options, Some(cache));
    let snapshot_every = Some(SNAPSHOT_EVERY);
    let loop_options = LoopOptions { snapshot_every, ..LoopOptions::default() };
    let mut replay = Replay::start(ready.expect("new"), loop_options, Unobserved).expect("starts");
    let commands = commands.map(Ok::<_, RuntimeError>);
    replay.run(commands, |_| ControlFlow::Continue(())).expect("a disk that works");
    let last = domain::Timestamp::from_nanos(end.nanos() - 1);
    replay.advance(last).expect("a disk that works");
    let outcome = replay.finish().expect("a disk that works");
    outcome.house.check_invariants().expect("every law holds");
    (outcome, rulebook)
}

fn main() {
    let mut figures = Figures::open("days", "the five fixture days together in under 30 s");
    let mut total = 0.0;
    for name in DAYS {
        let began = Instant::now();
        let (outcome, rulebook) = run(name);
        let took = began.elapsed().as_secs_f64();
        let golden = fixtures().join(format!("golden/{name}.{rulebook}"));
        let golden = std::fs::read_to_string(golden).expect("a golden file");
        let digest: String =
            outcome.state_digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(golden.contains(&digest), "{name}: another state than the golden one");
        let events = outcome.house.sequence().number() as f64;
        figures.report(&format!("{name}, {events} events"), events / took, "events/s");
        total += took;
    }
    figures.at_most("five days", total, "s", 30.0, 1.0);
    figures.close();
}
