//! Goal: a manifest that is wrong is refused by path and line, a file that is missing or changed by
//! name, layout and hash, and no gap passes undeclared. Method: the tiny day with one thing
//! changed at a time.

use std::fs;
use std::path::{Path, PathBuf};

use domain::Rulebook;
use feed::day::Day;
use feed::error::{ErrorClass, FeedErrors};
use feed::manifest::Manifest;
use feed::reader::compressed::Stored;
use tempfile::TempDir;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn rulebook() -> Rulebook {
    feed::rulebook::load(&fixtures().join("rulebooks/default.toml")).expect("the default rulebook")
}

fn tiny() -> PathBuf {
    fixtures().join("days/tiny")
}

fn manifest_text() -> String {
    fs::read_to_string(tiny().join("day.toml")).expect("the tiny day")
}

/// The tiny day in a folder of its own, with a part of its manifest replaced.
fn changed(from: &str, to: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(tiny()).expect("the tiny day") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_owned();
        fs::copy(&path, folder.path().join(name)).expect("copied");
    }
    let text = manifest_text();
    assert!(text.contains(from), "{from:?} stands in the manifest");
    fs::write(folder.path().join("day.toml"), text.replacen(from, to, 1)).expect("written");
    folder
}

/// Rewrites a file of a folder and puts its new hash into the manifest.
fn rewrite(folder: &Path, file: &str, change: impl Fn(String) -> String) {
    let path = folder.join(file);
    let before = Stored::open(&path, file).expect("a file");
    let text = change(before.text().expect("text"));
    fs::write(&path, &text).expect("written");
    let after = Stored::from_bytes(file, text.into_bytes());
    let manifest = folder.join("day.toml");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    fs::write(&manifest, text.replace(&before.sha256, &after.sha256)).expect("written");
}

fn load(folder: &Path) -> Result<Day, FeedErrors> {
    Day::load(folder, None, &rulebook())
}

/// The faults of a day that must not load, as printed.
fn refused(folder: &Path) -> String {
    match load(folder) {
        Ok(_) => panic!("{} loaded", folder.display()),
        Err(errors) => errors.to_string(),
    }
}

/// The faults of the tiny day with a part of its manifest replaced.
fn check(from: &str, to: &str, parts: &[&str]) {
    let folder = changed(from, to);
    let printed = refused(folder.path());
    for part in parts {
        assert!(printed.contains(part), "wanted {part:?} after {from:?} -> {to:?} in\n{printed}");
    }
}

#[test]
fn wrong_fields_are_refused_by_path_and_line() {
    let hash = "64 lowercase hexadecimal digits";
    let table: [(&str, &str, &[&str]); 19] = [
        ("seed = 7", "sed = 7", &["manifest.unknown_field", "the field sed", ":6:1"]),
        ("seed = 7", "", &["manifest.missing_field", "expected seed"]),
        ("seed = 7", "seed = \"7\"", &["manifest.value", "expected u64", ":6:8", "at seed"]),
        ("seed = 7", "seed = 7 7", &["error[manifest.toml]", ":6"]),
        ("market-day/1", "market-day/2", &["clearsim.market-day/1", "clearsim.market-day/2"]),
        ("T04:00:00Z", "T00:00:00Z", &["at window", "an end after 2020-01-01T00:00:00Z", ":5:10"]),
        ("2020-01-01T04:00:00Z", "2020-01-01 04:00", &["a UTC time", "at window"]),
        ("role = \"mark\"", "role = \"marc\"", &["at source[0].role", "index, mark, last"]),
        ("clearsim-hours/1", "clearsim-hours/2", &["at source[0].format", "clearsim-hours/1"]),
        ("clearsim-hours/1", "clearsim-funding/1", &["at source[0].format", "a layout of bars"]),
        ("clearsim-hours/1", "clearsim-bars/1", &["at source[0].instrument", "nothing there"]),
        ("sha256 = \"", "sha256 = \"x", &["at source[0].sha256", hash]),
        ("tiny.mark.csv", "../tiny.mark.csv", &["at source[0].file", "a relative path without .."]),
        ("tiny.mark.csv", "/etc/passwd", &["at source[0].file", "a relative path without .."]),
        ("\"1000000\"", "1000000.0", &["manifest.decimal", "found a float", "write BTC = \"1000"]),
        ("\"0.9\"", "0.9", &["manifest.decimal", "at population.leverage.sigma"]),
        ("accounts = 200", "accounts = 2", &["at population.makers.count", ":62:20"]),
        ("venue = \"made_up\"", "venue = 7", &["manifest.value", "at source[3].venue"]),
        ("hub = \"BTC\"", "hub = \"DOT\"", &["bridge.hub", "DOT"]),
    ];
    for (from, to, parts) in table {
        check(from, to, parts);
    }
}

#[test]
fn several_faults_are_told_at_once() {
    let folder = changed("hub = \"BTC\"", "hub = \"BTC\"");
    fs::remove_file(folder.path().join("tiny.mark.csv")).expect("removed");
    fs::remove_file(folder.path().join("tiny.funding.csv")).expect("removed");
    let errors = load(folder.path()).expect_err("two files are missing");
    assert_eq!(errors.errors.len(), 2);
    assert_eq!(errors.class(), ErrorClass::Unavailable);
    let printed = errors.to_string();
    assert!(printed.contains("of layout clearsim-hours/1 (hour_utc,asset,open,high,low,close)"));
    assert!(printed.contains("--data DIR or CLEARSIM_DATA"), "{printed}");
    let sha256 = Manifest::load(folder.path()).expect("sound").source[0].sha256.clone();
    assert!(printed.contains(&sha256), "{printed}");
}

#[test]
fn a_missing_file_of_two_sources_is_told_once() {
    let sources = Manifest::load(&tiny()).expect("sound").source;
    let [mark, index] = [&sources[0], &sources[1]]
        .map(|source| format!("file = \"{}\"\nsha256 = \"{}\"", source.file, source.sha256));
    let folder = changed(&index, &mark);
    fs::remove_file(folder.path().join("tiny.mark.csv")).expect("removed");
    let errors = load(folder.path()).expect_err("one file is missing, twice");
    let codes: Vec<&str> = errors.errors.iter().map(|error| error.code.as_str()).collect();
    assert_eq!(codes, ["source.missing"]);
    assert_eq!(errors.omitted, 0);
}

#[test]
fn files_are_found_in_the_data_folder_and_their_hash_is_checked() {
    let folder = changed("hub = \"BTC\"", "hub = \"BTC\"");
    let data = tempfile::tempdir().expect("a folder");
    let (here, there) = (folder.path().join("tiny.mark.csv"), data.path().join("tiny.mark.csv"));
    fs::rename(&here, &there).expect("moved");
    let day = Day::load(folder.path(), Some(data.path()), &rulebook()).expect("found elsewhere");
    assert_eq!(day.market.series.len(), 6);
    let text = fs::read_to_string(&there).expect("text").replace("1010", "1011");
    fs::write(&there, text).expect("written");
    let errors = Day::load(folder.path(), Some(data.path()), &rulebook()).expect_err("changed");
    assert_eq!(errors.errors[0].code, "source.hash");
    assert_eq!(errors.class(), ErrorClass::Input);
    let nowhere = Day::load(Path::new("/nowhere"), None, &rulebook()).expect_err("no day");
    assert_eq!(nowhere.errors[0].code, "manifest.missing");
}

fn hour_three() -> domain::Timestamp {
    feed::time::utc("2020-01-01T03:00Z").expect("a time")
}

#[test]
fn contents_that_do_not_fit_the_day_are_refused() {
    let without = |line: &'static str| move |text: String| text.replace(line, "");
    let table: [(&str, &str, &str, &[&str]); 5] = [
        (
            "tiny.mark.csv",
            "2020-01-01T01:00Z,ETH,50,50.25,30,32\n",
            "",
            &["market.gap", "tiny.mark.csv:7", "a bar every 1h from 2020-01-01T01:00:00Z"],
        ),
        (
            "tiny.mark.csv",
            "2020-01-01T03:00Z,ETH,33.5,36,33,35\n",
            "",
            &["market.gap", "found none before 2020-01-01T04:00:00Z"],
        ),
        ("tiny.mark.csv", "ETH,50,50.5", "ETH,5e9,5e9", &["row.price", "at most 100000"]),
        ("tiny.index.csv", "BTC,1001,", "BTC,-1001,", &["row.price", "tiny.index.csv:2:23"]),
        ("tiny.funding.csv", "-0.0005", "-0.00050000000001", &["row.number", "1e-12"]),
    ];
    for (file, from, to, parts) in table {
        let folder = changed("hub = \"BTC\"", "hub = \"BTC\"");
        rewrite(folder.path(), file, |text| text.replacen(from, to, 1));
        let printed = refused(folder.path());
        for part in parts {
            assert!(printed.contains(part), "wanted {part:?} in\n{printed}");
        }
    }
    let folder = changed(
        "[population]",
        "[[known_gap]]\nsource = \"tiny.last.csv\"\n\
        from = \"2020-01-01T03:00:00Z\"\n\n[population]",
    );
    rewrite(folder.path(), "tiny.last.csv", without("2020-01-01T03:00Z,ETH,33.5,36,33,35\n"));
    let day = load(folder.path()).unwrap_or_else(|errors| panic!("a declared hole: {errors}"));
    let whole = load(&tiny()).unwrap_or_else(|errors| panic!("{errors}"));
    let without = |day: &Day| {
        let ticks = day.stream().filter(|timed| timed.timestamp < hour_three());
        ticks.collect::<Vec<_>>()
    };
    assert_eq!(without(&day), without(&whole), "the other hours do not feel the hole");
    let (some, all) = (day.stream().count(), whole.stream().count());
    assert_eq!(all - some, 60);
}

#[test]
fn roles_must_be_filled_once_and_funding_needs_a_price() {
    check(
        "role = \"last\"",
        "role = \"mark\"",
        &["market.twice", "one file for the mark of BTC-PERP"],
    );
    check("venue = \"made_up\"", "venue = \"other\"", &["market.empty", "rows of the venue other"]);
    let folder =
        changed("venue = \"made_up\"", "venue = \"made_up\"\nassets = [\"BTC\", \"DOGE\"]");
    rewrite(folder.path(), "tiny.funding.csv", |text| text.replace(",ETH,", ",DOGE,"));
    let printed = refused(folder.path());
    assert!(printed.contains("a mark or last price of DOGE-PERP"), "{printed}");
}

#[test]
fn accounts_come_from_a_file_when_it_keeps_the_laws() {
    let text = manifest_text();
    let at = text.find("[population]").expect("a population");
    let holdings = |rows: &str| {
        let folder = changed("hub = \"BTC\"", "hub = \"BTC\"");
        let rows = format!("account,name,amount\n{rows}");
        fs::write(folder.path().join("accounts.csv"), &rows).expect("written");
        let sha256 = Stored::from_bytes("accounts.csv", rows.into_bytes()).sha256;
        let table = format!("[population]\nfile = \"accounts.csv\"\nsha256 = \"{sha256}\"\n");
        fs::write(folder.path().join("day.toml"), text[..at].to_owned() + &table).expect("written");
        folder
    };
    let folder = holdings("0,USD,5000\n0,BTC-PERP,1.5\n1,USD,5000\n1,BTC-PERP,-1.5\n1,ETH,2\n");
    let day = load(folder.path()).expect("sound");
    let population = day.population.as_ref().expect("accounts");
    assert_eq!((population.accounts.len(), population.trades.len()), (2, 1));
    assert!(day.title().ends_with("accounts from a file)"), "{}", day.title());
    let table: [(&str, &[&str]); 8] = [
        ("0,USD,5000\n0,BTC-PERP,1.5\n1,USD,5000\n1,BTC-PERP,-1\n", &["accounts.law"]),
        ("0,USD,5\n0,BTC-PERP,1.5\n1,USD,5000\n1,BTC-PERP,-1.5\n", &["initial margin"]),
        ("0,USD,5000\n2,USD,5000\n", &["holdings.number", "1 next"]),
        ("0,USD,5000\n0,USD,5000\n", &["row.duplicate", ":3:3"]),
        ("0,USD,-1\n", &["row.amount", "above zero"]),
        ("0,DOGE-PERP,1\n", &["row.name", "a price at the opening"]),
        ("x,USD,1\n", &["row.account", ":2:1"]),
        ("0,USD,1e-9\n", &["row.number", "the unit 1e-8"]),
    ];
    for (rows, parts) in table {
        let printed = refused(holdings(rows).path());
        for part in parts {
            assert!(printed.contains(part), "wanted {part:?} in\n{printed}");
        }
    }
}
