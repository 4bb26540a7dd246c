//! Claim: the report of the largest fixture day is made in under 5 s and is at most 2 MiB.
//!
//! Method: of the five days the one with most events is run as `clearsim day` runs it; then its
//! run directory is told as `clearsim report` tells it: the journal heard again from genesis, every
//! seal and the digest met, once more for its worst accounts, charts and tables made, the page put
//! together. Wall time, median of three.

use std::path::{Path, PathBuf};
use std::time::Instant;

use benches::clock::median;
use benches::figure::Figures;
use replay::cli::{DayArgs, Global, Keep, LogFormat, When};
use replay::console::Console;
use replay::opened::Run;
use replay::report::{self, BYTES_MAX};
use replay::verbs::day::day;

const DAYS: [&str; 5] = ["2020-03-12", "2021-05-19", "2022-11-08", "2024-08-05", "2025-10-10"];
const ROUNDS: usize = 3;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

/// Events of a day, as its golden file has them.
fn events(name: &str) -> u64 {
    let path = fixtures().join(format!("golden/{name}.default"));
    let text = std::fs::read_to_string(&path).expect("a golden file");
    let line = text.lines().find_map(|line| line.strip_prefix("events "));
    line.and_then(|count| count.parse().ok()).expect("a count of events")
}

fn main() {
    let mut figures =
        Figures::open("report", "the largest fixture day's report in under 5 s, at most 2 MiB");
    let largest = DAYS.into_iter().max_by_key(|name| events(name)).expect("there are days");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut console = Console::new(&Global {
        json: false,
        quiet: true,
        verbose: 0,
        color: When::Never,
        log_format: LogFormat::Text,
    });
    let args = DayArgs {
        dir: fixtures().join("days").join(largest),
        rulebook: Vec::new(),
        accounts_under: None,
        seed: None,
        until: None,
        price_mode: None,
        data: None,
        compare: false,
        bless: false,
        keep: Keep { runs: folder.path().to_owned(), ..Keep::default() },
    };
    let exit = day(&mut console, &args).expect("a day that runs");
    console.flush().expect("a place to print");
    assert_eq!(exit, 0, "{largest} is what it was");
    let entry = std::fs::read_dir(folder.path()).expect("a folder of runs").next();
    let run = Run::open(&entry.expect("a run").expect("readable").path()).expect("a finished run");
    let (mut seconds, mut bytes) = (Vec::new(), 0);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let mut told = report::told(&run).expect("a run that can be heard again");
        report::watch(&run, &mut told, &[]).expect("and once more, for its worst accounts");
        bytes = report::single(&run.path, &mut told).expect("a page").len();
        seconds.push(began.elapsed().as_secs_f64());
    }
    figures.report(&format!("{largest}: events"), events(largest) as f64, "events");
    figures.at_most(&format!("{largest}: report made"), median(seconds), "s", 5.0, 1.0);
    let limit = BYTES_MAX as f64;
    figures.at_most(&format!("{largest}: size of the page"), bytes as f64, "B", limit, 1.0);
    figures.close();
}
