//! Scenarios checked on the clearing house: one `check` and tables behind it.
//!
//! A table (the language of `feed::scenario`) is played on a [`House`], which besides the effects
//! and states that the table expects checks after every event that all laws hold, that the same
//! scenario carried through snapshot and restore at every event stays the same machine, and that
//! the naive reference comes to the same effects and bytes.

mod house;

pub use house::House;

use std::path::{Path, PathBuf};

use domain::Rulebook;
use feed::error::FeedErrors;
use feed::scenario::{Mismatch, Report, Scenario, run};

/// Folder of the fixtures, from this crate's own place in the workspace.
#[must_use]
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// The rulebook of this name: beside the scenarios, else among the rulebooks of the house.
///
/// # Errors
/// Those of reading a rulebook file.
pub fn rulebook(name: &str) -> Result<Rulebook, FeedErrors> {
    let own = fixtures().join("scenarios").join(name).with_extension("toml");
    if own.is_file() {
        return feed::rulebook::load(&own);
    }
    feed::rulebook::load(&fixtures().join("rulebooks").join(name).with_extension("toml"))
}

/// Plays a table under a rulebook; a `rulebook` line in it is not followed.
///
/// # Panics
/// If the table does not parse, an expectation does not hold, a law breaks or the restored or the
/// naive machine differs: with every such line, what was expected and what followed.
pub fn check(rulebook: &Rulebook, table: &str) -> Report {
    let scenario = feed::scenario::parse("table", table, &|_| Ok(rulebook.clone()));
    play("table", scenario)
}

/// Plays a scenario file under the rulebook it names.
///
/// # Panics
/// As [`check`], and if the file cannot be read.
pub fn check_file(path: &Path) -> Report {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let table = std::fs::read_to_string(path).expect("a scenario file is readable");
    play(&name, feed::scenario::parse(&name, &table, &rulebook))
}

fn play(name: &str, scenario: Result<Scenario, FeedErrors>) -> Report {
    let scenario = match scenario {
        Ok(scenario) => scenario,
        Err(errors) => panic!("{name} is no scenario\n{errors}"),
    };
    let report = run(&scenario, &mut House::new());
    let lines: Vec<String> = report.mismatches.iter().map(Mismatch::to_string).collect();
    assert!(lines.is_empty(), "{name} ({})\n{}", scenario.title, lines.join("\n"));
    report
}
