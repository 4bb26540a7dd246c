//! Goal: bad input and damage end with the documented code and a message that names the place;
//! nothing is left half written, nothing panics. Method: tables of commands, files damaged by hand.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::{check, check_with, root, runs, text, tiny};

#[test]
fn usage_and_missing_files() {
    let folder = runs();
    let runs = text(folder.path());
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).expect("a writable folder");
    let day = ["day", "fixtures/days/tiny", "--runs", runs];
    let with = |more: &[&'static str]| [&day[..], more].concat();
    let table: Vec<(i32, Vec<&str>, &str)> = vec![
        (2, vec![], "Usage"),
        (2, vec!["fly"], "unrecognized subcommand"),
        (2, vec!["day"], "required"),
        (2, vec!["day", "fixtures/days/tiny", "--seed", "x"], "invalid value"),
        (3, vec!["day", "fixtures/days/1999-01-01"], "error[manifest.missing]"),
        (3, with(&["--rulebook", "nothing"]), "error[rulebook.file]"),
        (2, with(&["--set", "assets.BTC.hair=1"]), "error[rulebook.override]"),
        (2, with(&["--set", "assets.BTC.haircut"]), "path=value"),
        (2, with(&["--set", "instruments.BTC-PERP.slippage=0.5"]), "must be below maintenance"),
        (2, with(&["--until", "noon"]), "--until"),
        (4, with(&["--until", "1999-01-01T00:00:00Z"]), "error[day.empty]"),
        (3, vec!["run", "nowhere"], "error[io.missing]"),
        (3, vec!["run", text(&empty)], "error[journal.absent]"),
        (3, vec!["verify", text(&empty)], "error[journal.absent]"),
        (3, vec!["log", text(&empty)], "error[journal.absent]"),
        (3, vec!["snapshot", "list", text(&empty)], "error[snapshot.absent]"),
        (2, vec!["import", "tables", "x.csv", "-o", "y"], "one of clearsim-hours/1"),
        (3, vec!["rulebook", "show", "nothing"], "error[rulebook.file]"),
    ];
    for (exit, arguments, part) in table {
        let answer = check(exit, &arguments);
        assert!(answer.said.contains(part), "{arguments:?}: {}", answer.said);
        assert_eq!(answer.out, "", "{arguments:?}: faults stand on stderr");
    }
    let left: Vec<_> = fs::read_dir(folder.path()).expect("a folder").flatten().collect();
    assert_eq!(left.len(), 1, "nothing but the empty folder: {left:?}");
}

#[test]
fn other_rules_for_what_brings_its_own_are_refused() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &[]);
    let scenario = "fixtures/scenarios/stale_price.scn";
    let genesis = check(0, &["log", text(&run), "--to", "1"]).out;
    let set = ["--set", "assets.BTC.haircut=0.5"];
    let table = [
        (text(&run), "a journal brings its own rules"),
        (scenario, "a scenario brings its own rules"),
        ("-", "genesis on the first line brings its own rules"),
    ];
    for (source, part) in table {
        for more in [set, ["--rulebook", "default"]] {
            let arguments = ["run", source, more[0], more[1], "--runs", text(folder.path())];
            let answer = check_with(2, &arguments, if source == "-" { &genesis } else { "" });
            assert!(answer.said.contains(part), "{}", answer.said);
            assert!(answer.said.contains(more[0]), "{}", answer.said);
        }
        assert_eq!(fs::read_dir(folder.path()).expect("runs").count(), 1, "nothing is left");
    }
}

#[test]
fn faults_are_json_when_asked_for() {
    let answer = check(2, &["rulebook", "show", "default", "--set", "limits.dust=1", "--json"]);
    let line: serde_json::Value = serde_json::from_str(answer.said.trim()).expect("one JSON line");
    assert_eq!(line["code"], "rulebook.override");
    assert_eq!(line["level"], "error");
    assert_eq!(line["path"], "limits.dust");
    assert_eq!(answer.out, "");
}

#[test]
fn colour_follows_flag_and_environment() {
    let arguments = ["rulebook", "show", "nothing"];
    let coloured = |more: &[&str], name: &str, value: &str| {
        let mut command = support::clearsim(&[&arguments[..], more].concat());
        let output = command.env(name, value).output().expect("the program runs");
        String::from_utf8_lossy(&output.stderr).contains('\u{1b}')
    };
    assert!(!coloured(&[], "X", ""));
    assert!(coloured(&["--color", "always"], "NO_COLOR", "1"));
    assert!(coloured(&[], "CLICOLOR_FORCE", "1"));
    assert!(!coloured(&["--color", "never"], "CLICOLOR_FORCE", "1"));
}

#[test]
fn every_broken_rulebook_is_reported() {
    let mut count = 0;
    for entry in fs::read_dir(root().join("fixtures/rulebooks/bad")).expect("the fixtures exist") {
        let path = entry.expect("a readable folder").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        // A relation that does not hold is found; a text that is no rulebook is not understood.
        let exit = if name.starts_with("rule-") { 1 } else { 2 };
        let answer = check(exit, &["rulebook", "check", text(&path)]);
        let message = fs::read_to_string(&path).expect("a readable fixture");
        let first = message.lines().find_map(|line| line.strip_prefix("#> ")).expect("a message");
        let printed = if exit == 1 { &answer.out } else { &answer.said };
        assert!(printed.contains(first), "{name}: {printed}");
        assert!(printed.contains(&format!("{name}.toml")), "{name}: {printed}");
        count += 1;
    }
    assert!(count >= 30, "{count} broken rulebooks");
}

#[test]
fn rulebooks_are_checked_shown_and_described() {
    let checked = check(0, &["rulebook", "check", "default"]);
    assert_eq!(checked.out, "default: sound, 12 assets, 11 instruments\n");
    let shown = check(0, &["rulebook", "show", "default"]).out;
    let folder = runs();
    let path = folder.path().join("shown.toml");
    fs::write(&path, &shown).expect("it can be written");
    assert_eq!(check(0, &["rulebook", "show", text(&path)]).out, shown);
    let set = check(0, &["rulebook", "show", "default", "--set", "assets.BTC.haircut=0.10"]).out;
    assert_ne!(set, shown);
    let schema = check(0, &["rulebook", "schema"]).out;
    let committed = fs::read_to_string(root().join("fixtures/rulebooks/rulebook.schema.json"));
    assert_eq!(schema, committed.expect("the schema is committed"));
}

/// A copy of the tiny day, to be damaged.
fn copied_day(folder: &Path) -> PathBuf {
    let day = folder.join("tiny");
    fs::create_dir_all(&day).expect("a writable folder");
    for entry in fs::read_dir(root().join("fixtures/days/tiny")).expect("the day exists") {
        let entry = entry.expect("a readable folder");
        fs::copy(entry.path(), day.join(entry.file_name())).expect("a writable folder");
    }
    day
}

#[test]
fn broken_manifests_and_files_are_named() {
    let manifest = root().join("fixtures/days/tiny/day.toml");
    let manifest = fs::read_to_string(manifest).expect("the day exists");
    let table = [
        ("seed = 7", "seed = \"7\"", 2, "error[manifest.value]"),
        ("seed = 7", "sead = 7", 2, "error[manifest.unknown_field]"),
        ("seed = 7", "seed = ", 2, "error[manifest.toml]"),
        ("tiny.mark.csv", "tiny.marks.csv", 3, "error[source.missing]"),
        ("sha256 = \"3e", "sha256 = \"4e", 2, "error[source.hash]"),
        ("rulebook = \"default\"", "rulebook = \"none\"", 3, "error[rulebook.file]"),
        ("BTC = \"1000000\"", "XYZ = \"1000000\"", 2, "error["),
    ];
    for (from, to, exit, part) in table {
        assert!(manifest.contains(from), "{from}");
        let folder = runs();
        let day = copied_day(folder.path());
        let changed = manifest.replacen(from, to, 1);
        fs::write(day.join("day.toml"), changed).expect("a writable folder");
        let runs = folder.path().join("runs");
        let answer = check(exit, &["day", text(&day), "--runs", text(&runs)]);
        assert!(answer.said.contains(part), "{to}: {}", answer.said);
        assert!(!runs.exists(), "{to}: nothing is written before the input is understood");
    }
}

#[test]
fn broken_lines_on_stdin_are_named() {
    let folder = runs();
    let runs = text(folder.path());
    let good = "{\"open_account\": {\"account\": 0}}\n";
    let table = [
        (format!("{good}{{"), ":2", "a JSON object on the line"),
        (format!("{good}\n{{\"lend\": {{}}}}\n"), ":3", "one of genesis"),
        (
            format!(
                "{good}{{\"deposit\": {{\"account\": 0, \"asset\": \"EUR\", \"amount\": \"1\"}}}}"
            ),
            ":2",
            "a listed asset",
        ),
    ];
    for (lines, place, part) in table {
        let answer = check_with(2, &["run", "-", "--runs", runs], &lines);
        assert!(answer.said.contains(&format!("stdin{place}")), "{}", answer.said);
        assert!(answer.said.contains(part), "{}", answer.said);
        let left = fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(left, 0, "nothing is left half written");
    }
}

#[test]
fn a_full_disk_under_stdout_is_said() {
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else {
        println!("skipped: no /dev/full on this system");
        return;
    };
    let mut command = support::clearsim(&["rulebook", "show", "default"]);
    let output = command.stdout(full).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("error[io.refused]") && said.contains("stdout"), "{said}");
}

#[test]
fn refusals_are_data_and_never_a_code() {
    let folder = runs();
    let runs = text(folder.path());
    let mut lines = String::new();
    for line in [
        r#"{"open_account": {"account": 0}}"#,
        r#"{"deposit": {"account": 0, "asset": "USD", "amount": "100"}}"#,
        r#"{"withdraw": {"account": 0, "asset": "USD", "amount": "101"}}"#,
        r#"{"deposit": {"account": 9, "asset": "USD", "amount": "1"}}"#,
        r#"{"deposit": {"account": 0, "asset": 99, "amount": "1"}}"#,
        r#"{"deposit": {"account": 0, "asset": "USD", "amount": "-1"}}"#,
        r#"{"publish_price": {"role": "index", "of": "BTC", "price": "0"}}"#,
        r#"{"publish_price": {"role": "index", "of": "BTC", "price": "90000000000"}}"#,
        r#"{"halt_instrument": {"instrument": 77}}"#,
    ] {
        lines.push_str(line);
        lines.push('\n');
    }
    let answer = check_with(0, &["run", "-", "--json", "--runs", runs], &lines);
    assert!(answer.said.contains("(7 refused: 1 "), "{}", answer.said);
    assert!(answer.said.contains(", 1 collateral_insufficient"), "{}", answer.said);
    let document = answer.json();
    let expected = serde_json::json!({
        "account_unknown": 1,
        "asset_unknown": 1,
        "instrument_unknown": 1,
        "amount_not_positive": 1,
        "price_not_positive": 1,
        "price_max_exceeded": 1,
        "collateral_insufficient": 1,
    });
    assert_eq!(document["counts"]["refusals"], expected);
    assert_eq!(document["counts"]["events"], 10);
}

/// Changes one byte of the journal's first segment.
fn flip(run: &Path, offset: usize) {
    let path = run.join("journal/00000000.log");
    let mut bytes = fs::read(&path).expect("the segment is there");
    bytes[offset] ^= 1;
    fs::write(&path, bytes).expect("it can be written");
}

#[test]
fn damage_is_found_by_verify_and_stops_the_rest() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &["--batch", "256"]);
    check(0, &["verify", text(&run)]);
    flip(&run, 100_000);
    let found = check(1, &["verify", text(&run)]);
    assert!(found.said.contains("error[journal.corrupt]"), "{}", found.said);
    assert!(found.said.contains("sequence"), "{}", found.said);
    let stopped = check(3, &["run", text(&run)]);
    assert!(stopped.said.contains("error[journal.corrupt]"), "{}", stopped.said);
}

#[test]
fn a_truncated_journal_is_found_and_can_be_given_up() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &["--batch", "256"]);
    let segment = run.join("journal/00000000.log");
    let bytes = fs::read(&segment).expect("the segment is there");
    fs::write(&segment, &bytes[..100_000]).expect("it can be written");
    let found = check(1, &["verify", text(&run)]);
    assert!(found.said.contains("error[journal.corrupt]"), "{}", found.said);
    assert!(found.said.contains("put the file back from a copy"), "{}", found.said);
    // As the help says: filled up with zeros, the first missing sequence has a name.
    let file = fs::File::options().write(true).open(&segment).expect("it can be opened");
    file.set_len(bytes.len() as u64).expect("it can be lengthened");
    let found = check(1, &["verify", text(&run)]).said;
    assert!(found.contains("sequence ") && found.contains("--accept-loss-from"), "{found}");
    fs::write(&segment, &bytes).expect("it can be written");
    flip(&run, 100_000);
    let found = check(1, &["verify", text(&run)]).said;
    let words: Vec<&str> = found.split_whitespace().collect();
    let place = words.iter().position(|word| *word == "sequence").expect("a sequence is named");
    let digits = words[place + 1].trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let repair = ["log", "repair", text(&run), "--accept-loss-from", digits];
    let repaired = check(0, &repair);
    assert!(repaired.out.contains("bytes given up, kept in torn-"), "{}", repaired.out);
    // The journal is whole again, but no longer the one that run.json speaks of.
    let shorter = check(1, &["verify", text(&run)]);
    assert!(shorter.said.contains("error[run.differs]"), "{}", shorter.said);
    check(0, &["run", text(&run)]);
}

#[test]
fn another_version_is_not_read_as_this_one() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &[]);
    let path = run.join("journal/00000000.log");
    let mut bytes = fs::read(&path).expect("the segment is there");
    assert_eq!(&bytes[..6], b"CLSG\x02\x00", "magic and format open a segment");
    bytes[4] = 99;
    fs::write(&path, bytes).expect("it can be written");
    let answer = check(3, &["run", text(&run)]);
    assert!(answer.said.contains("error[journal."), "{}", answer.said);
    assert!(!answer.said.contains("diverged"), "{}", answer.said);
}

#[test]
fn genesis_of_other_semantics_is_refused() {
    let folder = runs();
    let rulebook = check(0, &["rulebook", "show", "default"]).out;
    let genesis = serde_json::json!({ "genesis": { "semantics": 999, "rulebook": rulebook } });
    let runs = text(folder.path());
    let answer = check_with(3, &["run", "-", "--runs", runs], &genesis.to_string());
    assert!(answer.said.contains("error[journal.semantics]"), "{}", answer.said);
    assert!(answer.said.contains("999"), "{}", answer.said);
}
