//! Claim: the five market days of the fixtures together run in under 30 s.
//!
//! Method: each day as `clearsim day` runs it under its own rulebook: files read and checked,
//! commands made, stamped, journaled, applied and counted, snapshots taken, the laws checked at the
//! end. Without the making of the run directory's documents. Wall time, once each, after the
//! program has been loaded; rates beside it.

use std::path::{Path, PathBuf};
use std::time::Instant;

use benches::figure::Figures;
use domain::Timestamp;
use feed::day::{Day, Machine};
use feed::manifest::Manifest;
use replay::cli::{Global, Keep, LogFormat, When};
use replay::console::Console;
use replay::directory::Directory;
use replay::engine::{Engine, Sequenced, numbered};
use replay::machine::Interrupt;
use replay::rulebooks;
use replay::verbs::day::SEAL_INTERVAL;

const DAYS: [&str; 5] = ["2020-03-12", "2021-05-19", "2022-11-08", "2024-08-05", "2025-10-10"];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/days")
}

fn run(console: &Console, runs: &Path, name: &str) -> Sequenced {
    let folder = fixtures().join(name);
    let Ok(manifest) = Manifest::load(&folder) else { panic!("{name}: no manifest") };
    let rulebook = rulebooks::find(&manifest.rulebook, Some(&folder), &[]);
    let Ok(rulebook) = rulebook else { panic!("{name}: no rulebook") };
    let [from, to] = manifest.window;
    let Ok(day) = Day::of(manifest, &folder, None, &rulebook.rules) else { panic!("{name}") };
    let machine = Machine { semantics: clearing::SEMANTICS, seal_interval: SEAL_INTERVAL };
    let commands = day.commands(machine).take_while(|timed| timed.timestamp < to);
    let mut commands = numbered(commands.map(|timed| (timed.timestamp, timed.command)));
    let genesis = commands.next().expect("a day begins with genesis");
    let directory = Directory::named(runs, name);
    let engine = Engine {
        directory: &directory,
        keep: &Keep::default(),
        window: Some([from, to]),
        end: Some(Timestamp::from_nanos(to.nanos() - 1)),
        interrupt: &Interrupt::default(),
    };
    match engine.run(console, genesis, commands.map(Ok), &mut []) {
        Ok(sequenced) => sequenced,
        Err(_) => panic!("{name}: the day does not run"),
    }
}

fn main() {
    let mut figures = Figures::open("days", "the five fixture days together in under 30 s");
    let console = Console::new(&Global {
        json: false,
        quiet: true,
        verbose: 0,
        color: When::Never,
        log_format: LogFormat::Text,
    });
    let runs = tempfile::tempdir().expect("a temporary directory");
    let mut total = 0.0;
    for name in DAYS {
        let began = Instant::now();
        let sequenced = run(&console, runs.path(), name);
        let took = began.elapsed().as_secs_f64();
        assert!(!sequenced.statistics.liquidated.is_empty(), "{name}: nobody was liquidated");
        let events = sequenced.statistics.events as f64;
        figures.report(&format!("{name}, {events} events"), events / took, "events/s");
        total += took;
    }
    figures.at_most("five days", total, "s", 30.0, 1.0);
    figures.close();
}
