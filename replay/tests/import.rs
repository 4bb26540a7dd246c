//! Goal: vendors' files become a journal that `run` takes, or nothing at all is left behind.
//! Method: bars of a few minutes written here, whole and broken.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::{check, runs, text};

/// Bars of Binance's archive, one a minute from 2020-01-01, the minutes of `skip` left out.
fn bars(folder: &Path, minutes: u64, skip: &[u64]) -> PathBuf {
    let rows = (0..minutes).filter(|minute| !skip.contains(minute)).map(|minute| {
        let open = 1_577_836_800_000 + minute * 60_000;
        let (price, close) = (7_000 + minute, open + 59_999);
        format!("{open},{price},{}.5,{}.25,{price}.1,12.5,{close},0,1,0,0,0\n", price, price - 1)
    });
    let path = folder.join("BTCUSDT-1m-2020-01.csv");
    fs::write(&path, rows.collect::<String>()).expect("a writable folder");
    path
}

#[test]
fn bars_become_a_journal_that_runs() {
    let folder = runs();
    let file = bars(folder.path(), 30, &[]);
    let out = folder.path().join("imported");
    let arguments =
        ["import", "binance-klines", text(&file), "-o", text(&out), "--role", "index", "--json"];
    let report = check(0, &arguments).json();
    assert_eq!(report["schema"], "clearsim.import-report/1");
    assert_eq!((&report["rows"], &report["gaps"]), (&30.into(), &0.into()));
    let again = check(0, &["run", text(&out), "--json"]).json();
    let price = &again["prices"][0];
    assert_eq!(
        (&price["name"], &price["open"], &price["low"], &price["close"]),
        (&"BTC".into(), &"7000".into(), &"6999.25".into(), &"7029.1".into())
    );
    check(0, &["verify", text(&out)]);
    let exists = check(2, &arguments);
    assert!(exists.said.contains("import.exists"), "{}", exists.said);
}

#[test]
fn a_broken_row_leaves_nothing_behind_unless_it_is_set_aside() {
    let folder = runs();
    let file = bars(folder.path(), 30, &[]);
    let rows = fs::read_to_string(&file).expect("it was written");
    fs::write(&file, rows.replacen(",7003,", ",0,", 1)).expect("it can be written");
    let out = folder.path().join("imported");
    let arguments = ["import", "binance-klines", text(&file), "-o", text(&out), "--role", "index"];
    let strict = check(2, &arguments);
    assert!(strict.said.contains("2020-01.csv:4"), "{}", strict.said);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "only the file is left");
    let lenient = check(0, &[&arguments[..], &["--lenient"]].concat());
    assert!(lenient.out.contains("1 reject"), "{}", lenient.out);
    let rejects = fs::read_to_string(out.join("rejects.csv")).expect("it was written");
    assert!(rejects.lines().count() == 2 && rejects.contains("7003.1"), "{rejects}");
}

#[test]
fn gaps_are_reported_and_fail_only_when_asked_to() {
    let folder = runs();
    let file = bars(folder.path(), 30, &[10, 11]);
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let arguments =
        ["import", "binance-klines", text(&file), "--role", "index", "--json", "-o", text(&one)];
    let told = check(0, &arguments).json();
    assert_eq!(told["gaps"], 1);
    let asked = ["import", "binance-klines", text(&file), "--role", "index", "--fail-on-gaps"];
    let failed = check(1, &[&asked[..], &["-o", text(&two)]].concat());
    assert!(failed.out.contains("gap in"), "{}", failed.out);
}
