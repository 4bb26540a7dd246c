//! Goal: a day gives one digest however it is run, kept, resumed and read again.
//! Method: the tiny day through the program, its run directory read and run again.

mod support;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use support::{check, check_with, clearsim, runs, text, tiny};

/// The document without what differs between two runs of one input.
fn without_wall(mut document: Value) -> Value {
    let fields = document.as_object_mut().expect("a document is an object");
    assert!(fields.remove("wall").is_some(), "wall clock values stand in `wall`");
    document
}

#[test]
fn two_runs_give_the_same_digest_and_document() {
    let (one, two) = (runs(), runs());
    let (first, document) = tiny(one.path(), &[]);
    let (second, other) =
        tiny(two.path(), &["--batch", "64", "--snapshot-every", "300", "--check"]);
    let same = |document: Value| {
        let mut document = without_wall(document);
        document["run"] = Value::Null;
        document["next"] = Value::Null;
        document
    };
    assert_eq!(same(document.clone()), same(other));
    assert_eq!(first.file_name(), second.file_name());
    assert_eq!(document["schema"], "clearsim.day-report/1");
    for name in ["run.json", "rulebook.toml", "summary.json", "journal/HEAD", "snapshots"] {
        assert!(first.join(name).exists(), "{name}");
    }
    let stable = |run: &Path| fs::read_to_string(run.join("rulebook.toml")).expect("it is there");
    assert_eq!(stable(&first), stable(&second));
    let record = fs::read_to_string(first.join("run.json")).expect("it is there");
    let record: Value = serde_json::from_str(&record).expect("it is JSON");
    assert_eq!(record["state_digest"], document["state_digest"]);
    assert_eq!(record["status"], "ended");
}

#[test]
fn the_money_identity_is_exact_and_things_happen() {
    let folder = runs();
    let (_, document) = tiny(folder.path(), &[]);
    let units = |key: &str| {
        let text = document["money"][key].as_str().expect("money is text");
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        format!("{whole}{part:0<16}").parse::<i128>().expect("a decimal")
    };
    let borne: i128 =
        ["insurance_fund", "deleveraged", "socialised", "uncovered"].map(units).iter().sum();
    assert_eq!(units("deficit"), borne);
    assert!(units("deficit") > 0, "the tiny day holds bankruptcies");
    assert!(document["liquidated"]["accounts"].as_u64() > Some(0));
    assert_eq!(document["counts"]["refusals"], serde_json::json!({}));
    assert_eq!(document["accounts"], 200);
}

#[test]
fn the_summary_is_one_screen() {
    let folder = runs();
    let runs = text(folder.path());
    let answer = check(0, &["day", "fixtures/days/tiny", "--runs", runs]);
    let lines: Vec<&str> = answer.out.lines().collect();
    assert!(lines.len() <= 24, "{}", answer.out);
    for line in &lines {
        // A path cannot be wrapped.
        let path = line.contains(runs);
        assert!(path || line.chars().count() <= 80, "{line}");
    }
    let labels = ["prices", "liquidated", "money", "lost", "note", "digest", "next"];
    let places: Vec<Option<usize>> =
        labels.iter().map(|label| lines.iter().position(|line| line.starts_with(label))).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{}", answer.out);
    assert!(answer.said.contains("events/s"), "{}", answer.said);
}

#[test]
fn running_again_is_a_test_of_the_first_run() {
    let folder = runs();
    let runs = text(folder.path());
    let (run, _) = tiny(folder.path(), &[]);
    let again = check(0, &["day", "fixtures/days/tiny", "--runs", runs]);
    assert!(again.said.contains("equals the earlier run"), "{}", again.said);
    let path = run.join("run.json");
    let record = fs::read_to_string(&path).expect("it is there");
    let mut record: Value = serde_json::from_str(&record).expect("it is JSON");
    record["state_digest"] = Value::from("00");
    fs::write(&path, record.to_string()).expect("it can be written");
    let differs = check(1, &["day", "fixtures/days/tiny", "--runs", runs]);
    assert!(differs.said.contains("error[run.differs]"), "{}", differs.said);
    let mut kept = run.clone().into_os_string();
    kept.push("-differs-1");
    assert!(Path::new(&kept).join("run.json").is_file() && path.is_file());
    check(0, &["day", "fixtures/days/tiny", "--runs", runs, "--force"]);
}

#[test]
fn other_seeds_rules_and_ends_are_other_runs() {
    let folder = runs();
    let (plain, document) = tiny(folder.path(), &[]);
    for more in [
        vec!["--seed", "8"],
        vec!["--set", "waterfall.insurance_fund=0"],
        vec!["--until", "2020-01-01T02:00:00Z"],
    ] {
        let (run, other) = tiny(folder.path(), &more);
        assert_ne!(run, plain, "{more:?}");
        assert_ne!(other["state_digest"], document["state_digest"], "{more:?}");
    }
}

#[test]
fn the_title_says_which_rules_were_replaced() {
    let folder = runs();
    let runs = text(folder.path());
    let set = "waterfall.insurance_fund=0";
    let day = ["day", "fixtures/days/tiny", "--runs", runs];
    let plain = check(0, &day);
    assert!(!plain.out.contains(" with "), "{}", plain.out);
    let replaced = check(0, &[&day[..], &["--set", set]].concat());
    let title = replaced.out.split("prices ").next().expect("a title").replace('\n', " ");
    assert!(title.contains(&format!("rulebook default with {set}")), "{title}");
    let (run, document) = tiny(folder.path(), &["--set", set]);
    assert_eq!(document["overrides"], serde_json::json!([set]));
    let again = check(0, &["run", text(&run), "--json"]).json();
    assert_eq!(again["overrides"], document["overrides"]);
}

#[test]
fn two_rulebooks_end_with_a_comparison() {
    let folder = runs();
    let other = folder.path().join("harsh.toml");
    let text_of = fs::read_to_string(support::root().join("fixtures/rulebooks/default.toml"));
    let harsh =
        text_of.expect("it is there").replace("slippage = \"0.005\"", "slippage = \"0.009\"");
    fs::write(&other, harsh).expect("it can be written");
    let runs = text(folder.path());
    let arguments =
        ["day", "fixtures/days/tiny", "--runs", runs, "--rulebook", "default", "--rulebook"];
    let both = check(0, &[&arguments[..], &[text(&other)]].concat());
    let table = both.out.lines().find(|line| line.starts_with("rulebook (USD)"));
    let table = table.unwrap_or_else(|| panic!("{}", both.out));
    assert!(table.contains("default") && table.contains("harsh"), "{table}");
    let json = check(0, &[&arguments[..], &[text(&other), "--json"]].concat()).json();
    assert_eq!(json["runs"].as_array().map(Vec::len), Some(2));
    assert_ne!(json["runs"][0]["money"]["deficit"], json["runs"][1]["money"]["deficit"]);
}

#[test]
fn a_journal_gives_the_digest_again_from_genesis_and_from_snapshots() {
    let folder = runs();
    let more = ["--batch", "256", "--snapshot-every", "600"];
    let (run, document) = tiny(folder.path(), &more);
    let again = check(0, &["run", text(&run), "--json"]).json();
    assert_eq!(again["state_digest"], document["state_digest"]);
    assert_eq!(again["money"], document["money"]);
    let snapshots = again["snapshots_equal"].as_array().expect("a list").len();
    assert!(snapshots >= 1, "the run took snapshots");
    let said = check(0, &["run", text(&run)]).said;
    assert!(said.contains("200 accounts, ") && said.contains(" events/s"), "{said}");
    let bare = check(0, &["run", text(&run.join("journal")), "--json"]).json();
    assert_eq!(bare["state_digest"], document["state_digest"]);
    let listed = check(0, &["snapshot", "list", text(&run), "--json"]).json();
    assert_eq!(listed["snapshots"].as_array().map(Vec::len), Some(snapshots));
    let verified = check(0, &["verify", text(&run)]);
    let last = verified.out.lines().last().expect("the state is the last line").to_owned();
    assert!(last.starts_with("state"), "{last}");
    assert!(last.contains(document["state_digest"].as_str().expect("text")), "{last}");
    fs::remove_dir_all(run.join("snapshots")).expect("snapshots are a cache");
    let none = check(0, &["snapshot", "list", text(&run), "--json"]).json();
    assert_eq!(none["snapshots"].as_array().map(Vec::len), Some(0), "an empty table");
    check(0, &["verify", "--from-genesis", text(&run)]);
    let part = check(0, &["run", text(&run), "--json", "--until", "1000"]).json();
    assert_eq!(part["last_sequence"], 1_000);
}

/// Every file below a folder, with its bytes.
fn contents(folder: &std::path::Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                found.push((entry.path(), fs::read(entry.path()).expect("readable")));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn who_only_looks_at_a_run_changes_nothing_in_it() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &["--snapshot-every", "600"]);
    let before = contents(&run);
    assert!(before.iter().any(|(path, _)| path.ends_with("snapshots/cache/db")), "no snapshots");
    check(0, &["verify", text(&run)]);
    check(0, &["snapshot", "list", text(&run)]);
    check(0, &["run", text(&run)]);
    assert!(contents(&run) == before, "verify, snapshot list or run changed the run");
}

#[test]
fn the_log_fed_to_run_gives_the_digest_again() {
    let folder = runs();
    let (run, document) = tiny(folder.path(), &[]);
    let log = check(0, &["log", text(&run)]).out;
    assert_eq!(log.lines().count() as u64, document["counts"]["events"].as_u64().expect("a count"));
    let runs = text(folder.path());
    let again = check_with(0, &["run", "-", "--json", "--runs", runs], &log).json();
    // The last pulses of the day's window belong to the day, not to its commands; here are none.
    assert_eq!(again["state_digest"], document["state_digest"]);
}

#[test]
fn the_log_can_be_narrowed() {
    let folder = runs();
    let (run, document) = tiny(folder.path(), &[]);
    let run = text(&run);
    let worst = document["lost"]["worst"]["account"].as_u64().expect("somebody lost").to_string();
    let story = check(0, &["log", run, "--account", &worst, "--effects"]).out;
    assert!(story.contains("\"deficit_recognised\"") && story.contains("\"deposit\""), "{story}");
    let rows = check(0, &["log", run, "--from", "10", "--to", "12"]).out;
    assert_eq!(rows.lines().count(), 3);
    let csv = check(0, &["log", run, "--kind", "register_trade", "--format", "csv"]).out;
    assert!(
        csv.lines().count() > 1 && csv.lines().skip(1).all(|row| row.contains("register_trade"))
    );
    check(1, &["log", run, "--from", "999999999"]);
    check(2, &["log", run, "--kind", "trade"]);
    check(2, &["log", run, "--from", "noon"]);
}

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &[]);
    let mut command = clearsim(&["log", text(&run), "--effects"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut first = [0; 64];
    let mut pipe = child.stdout.take().expect("stdout is piped");
    pipe.read_exact(&mut first).expect("it prints");
    drop(pipe);
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_golden_file_is_compared_when_present() {
    let folder = runs();
    let days = folder.path().join("days");
    let day = days.join("tiny");
    fs::create_dir_all(&day).expect("a writable folder");
    let own = support::root().join("fixtures/days/tiny");
    for entry in fs::read_dir(own).expect("the day exists") {
        let entry = entry.expect("a readable folder");
        fs::copy(entry.path(), day.join(entry.file_name())).expect("a writable folder");
    }
    let runs = folder.path().join("runs");
    let arguments = ["day", text(&day), "--runs", text(&runs), "-v"];
    check(0, &[&arguments[..], &["--bless"]].concat());
    let golden = folder.path().join("golden/tiny.default");
    let written = fs::read_to_string(&golden).expect("it was written");
    assert!(written.starts_with("semantics ") && written.contains("\nstate "), "{written}");
    let summary = folder.path().join("golden/tiny.default.json");
    let summary = fs::read_to_string(summary).expect("it was written");
    assert!(summary.contains("\"deficit\"") && !summary.contains("\"wall\""), "{summary}");
    let equal = check(0, &arguments);
    assert!(equal.said.contains("equals"), "{}", equal.said);
    fs::write(&golden, written.replace("events ", "events 1")).expect("it can be written");
    let differs = check(1, &arguments);
    assert!(differs.said.contains("error[golden.differs]"), "{}", differs.said);
    assert!(differs.said.contains(":2"), "the line is named: {}", differs.said);
    // Another seed is another input: nothing to compare with.
    check(0, &[&arguments[..], &["--seed", "9"]].concat());
}

#[test]
fn scenarios_are_played_and_their_failures_found() {
    let folder = runs();
    let fine = "fixtures/scenarios/deposits_and_withdrawals.scn";
    let played = check(0, &["run", fine, "--json"]).json();
    assert_eq!(played["mismatches"], serde_json::json!([]));
    let text_of = fs::read_to_string(support::root().join(fine)).expect("it is there");
    let broken = folder.path().join("broken.scn");
    let plain = support::root().join("fixtures/scenarios/plain.toml");
    fs::copy(plain, folder.path().join("plain.toml")).expect("a writable folder");
    let lines = text_of.replacen("Deposited", "Withdrawn", 1);
    assert_ne!(lines, text_of);
    fs::write(&broken, lines).expect("it can be written");
    let found = check(1, &["run", text(&broken)]);
    assert!(found.out.contains("do not hold"), "{}", found.out);
}
