//! Goal: recorded days run like fixtures, labelled recorded, with the lows of their files.
//! Method: the vendors' files where they are, in CLEARSIM_DATA or beside the repository; without
//! them the test says that it is skipped.

mod support;

use std::path::PathBuf;

use support::{check, root, runs, text};

fn data() -> Option<PathBuf> {
    let named = std::env::var_os("CLEARSIM_DATA").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| root().join("../shared/data"));
    let found = folder.is_dir();
    if !found {
        println!("skipped: no market data at {}", folder.display());
    }
    found.then_some(folder)
}

/// Runs a recorded day up to a time and compares lows of its marks.
fn check_lows(day: &str, until: &str, lows: &[(&str, &str, &str)]) {
    let Some(data) = data() else { return };
    let folder = runs();
    let place = format!("fixtures/days/{day}");
    let runs = text(folder.path());
    let arguments =
        ["day", &place, "--data", text(&data), "--until", until, "--runs", runs, "--json"];
    let document = check(0, &arguments).json();
    let title = document["title"].as_str().expect("a title");
    assert!(title.contains("(recorded from "), "{title}");
    let rows = document["prices"].as_array().expect("a list");
    for (name, low, at) in lows {
        let row = rows.iter().find(|row| row["name"] == *name && row["role"] == "mark");
        let row = row.unwrap_or_else(|| panic!("{name} has a mark"));
        assert_eq!(row["low"], *low, "{name}");
        assert!(row["low_at"].as_str().is_some_and(|time| time.contains(at)), "{row}");
    }
    assert_eq!(document["counts"]["refusals"], serde_json::json!({}));
}

#[test]
fn the_lows_of_may_2021_are_those_of_the_bars() {
    let lows = [("BTC-PERP", "30000", "T13:10"), ("ETH-PERP", "1888", "T13:10")];
    check_lows("2021-05-19-recorded", "2021-05-19T13:15:00Z", &lows);
}

#[test]
fn the_lows_of_august_2024_are_those_of_the_bars() {
    let lows = [("BTC-PERP", "49000", "T06:24"), ("ETH-PERP", "2111", "T01:10")];
    check_lows("2024-08-05-recorded", "2024-08-05T06:30:00Z", &lows);
}

#[test]
fn a_missing_file_is_named_with_its_layout_and_hash() {
    let folder = runs();
    let arguments = ["day", "fixtures/days/2021-05-19-recorded", "--data", text(folder.path())];
    let missing = check(3, &arguments).said;
    for part in ["error[source.missing]", "sha256", "ts_ms,open,high,low,close", "--data DIR"] {
        assert!(missing.contains(part), "{part}: {missing}");
    }
}
