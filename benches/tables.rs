//! Claim: writing the tables of a run directory costs at most half of the run's own time.
//!
//! Method: fixture days through the same engine as `clearsim day` (commands made, stamped, applied,
//! journaled, synced, snapshots taken), with and without tables in turn, each into a fresh folder;
//! medians. The claim is judged by time on the wall, which is what a run takes: the tables have a
//! thread of their own, and the claims stand for two cores. Beside it stands the CPU time of the
//! whole process, every thread counted, which grows by more.

use std::path::Path;
use std::time::Instant;

use benches::clock::{median, process_nanos};
use benches::figure::Figures;
use feed::day::{Day, Machine};
use feed::manifest::Manifest;
use replay::cli::{Global, Keep, LogFormat, When};
use replay::console::Console;
use replay::directory::Directory;
use replay::engine::{Engine, numbered};
use replay::listener::Listener;
use replay::machine::Interrupt;
use replay::rulebooks;
use replay::tables::{Tables, Written};
use replay::verbs::day::SEAL_INTERVAL;

const ROUNDS: usize = 7;

/// CPU and wall nanoseconds of one run, its events, its tables.
struct Run {
    cpu: f64,
    wall: f64,
    events: u64,
    tables: Vec<Written>,
}

/// Runs a day once.
fn run(console: &Console, day: &Day, with_tables: bool) -> Run {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let keep = Keep { runs: folder.path().to_owned(), ..Keep::default() };
    let directory = Directory::named(folder.path(), "bench");
    let interrupt = Interrupt::default();
    let engine = Engine {
        directory: &directory,
        keep: &keep,
        window: None,
        end: None,
        interrupt: &interrupt,
    };
    let (cpu, wall) = (process_nanos(), Instant::now());
    let machine = Machine { semantics: clearing::SEMANTICS, seal_interval: SEAL_INTERVAL };
    let commands = day.commands(machine).map(|timed| (timed.timestamp, timed.command));
    let mut commands = numbered(commands);
    let genesis = commands.next().expect("a day's commands begin with genesis");
    let mut tables = Tables::into_folder(directory.partial());
    let mut listeners: Vec<&mut dyn Listener> = Vec::new();
    if with_tables {
        listeners.push(&mut tables);
    }
    let ran = engine.run(console, genesis, commands.map(Ok), &mut listeners);
    let ran = ran.expect("a day that runs");
    Run {
        cpu: (process_nanos() - cpu) as f64,
        wall: wall.elapsed().as_nanos() as f64,
        events: ran.statistics.events,
        tables: tables.written().to_vec(),
    }
}

fn measure(figures: &mut Figures, console: &Console, name: &str) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let folder = fixtures.join("days").join(name);
    let manifest = Manifest::load(&folder).expect("a fixture day");
    let rulebook = rulebooks::find(&manifest.rulebook, Some(&folder), &[]).expect("its rulebook");
    let day = Day::of(manifest, &folder, None, &rulebook.rules).expect("a fixture day");
    let (mut plain, mut full) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let (without, with) = (run(console, &day, false), run(console, &day, true));
        // The first round fills caches.
        if round > 0 {
            plain.push(without);
            full.push(with);
        }
    }
    let of = |runs: &[Run], figure: fn(&Run) -> f64| {
        median(runs.iter().map(|run| figure(run) / 1e6).collect())
    };
    let last = full.last().expect("there were rounds");
    let rows: u64 = last.tables.iter().map(|table| table.rows).sum();
    let bytes: u64 = last.tables.iter().map(|table| table.bytes).sum();
    figures.report(&format!("{name}: events"), last.events as f64, "events");
    figures.report(&format!("{name}: rows of all tables"), rows as f64, "rows");
    figures.report(&format!("{name}: bytes of all tables"), bytes as f64, "B");
    let (cpu, own) = (of(&full, |run| run.cpu), of(&plain, |run| run.cpu));
    figures.beside(&format!("{name}: CPU time added"), cpu - own, "ms", own);
    let (wall, own) = (of(&full, |run| run.wall), of(&plain, |run| run.wall));
    figures.at_most(&format!("{name}: wall time added"), wall - own, "ms", own, 0.5);
}

fn main() {
    let claim = "the tables cost at most half of the run's own time";
    let mut figures = Figures::open("tables", claim);
    let console = Console::new(&Global {
        json: false,
        quiet: true,
        verbose: 0,
        color: When::Never,
        log_format: LogFormat::Text,
    });
    for name in ["2020-03-12", "2025-10-10"] {
        measure(&mut figures, &console, name);
    }
    figures.close();
}
