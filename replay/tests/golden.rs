//! Goal: every golden day gives its events, seals, state digest and summary to the last digit.
//! Method: the program runs each day that has a golden file and compares by itself; all at once.
//! A difference means that behaviour changed: raise the semantics, write the files anew with
//! `clearsim day DIR --bless`, and name the change in crates/CHANGELOG.md.

mod support;

use std::fs;

use support::{check, root, runs, text};

/// Golden files by name: `<day>.<rulebook>` or `<day>.<rulebook>.<mode>`.
fn names() -> Vec<(String, String)> {
    let folder = fs::read_dir(root().join("fixtures/golden")).expect("the golden folder exists");
    let names = folder.map(|entry| entry.expect("a readable folder").file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    names
        .filter_map(|name| name.split_once('.').map(|(day, rules)| (day.into(), rules.into())))
        .filter(|(_, rules): &(String, String)| !rules.ends_with(".json"))
        .collect()
}

#[test]
fn every_golden_day_is_met() {
    let names = names();
    for day in ["tiny", "2020-03-12", "2021-05-19", "2022-11-08", "2024-08-05", "2025-10-10"] {
        assert!(names.contains(&(day.into(), "default".into())), "{day} has a golden file");
    }
    let folder = runs();
    std::thread::scope(|scope| {
        for (day, rules) in &names {
            let runs = text(folder.path());
            scope.spawn(move || {
                let day = format!("fixtures/days/{day}");
                // `depth.synthetic` is a rulebook and a price mode.
                let (rules, mode) = rules.split_once('.').unwrap_or((rules, "exogenous"));
                let (mode_flag, runs_flag) = ("--price-mode", "--runs");
                let arguments =
                    ["day", &day, "--rulebook", rules, mode_flag, mode, runs_flag, runs, "-v"];
                let met = check(0, &arguments);
                let equal = met.said.matches("equals ").count();
                assert_eq!(equal, 2, "digest and summary were compared: {}", met.said);
            });
        }
    });
}
