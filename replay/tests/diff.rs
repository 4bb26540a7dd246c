//! Goal: `diff` names the very first place where two runs part, and nothing where they do not.
//! Method: the tiny day under equal and other rules and with one command changed by hand; what is
//! named is held against a plain walk over both logs.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::{check, check_with, runs, text, tiny};

fn diff(exit: i32, a: &Path, b: &Path) -> Value {
    let answer = check(exit, &["diff", text(a), text(b), "--json"]);
    let document = answer.json();
    assert_eq!(document["schema"], "clearsim.diff/1");
    assert_eq!(document["equal"], json!(exit == 0));
    document
}

fn rows(run: &Path) -> Vec<Value> {
    let log = check(0, &["log", text(run), "--effects"]).out;
    log.lines().map(|line| serde_json::from_str(line).expect("a row is JSON")).collect()
}

/// The rows of a log without what followed.
fn commands(run: &Path) -> Vec<Value> {
    let log = check(0, &["log", text(run)]).out;
    log.lines().map(|line| serde_json::from_str(line).expect("a row is JSON")).collect()
}

/// Runs rows of a log from stdin.
fn from_rows(folder: &Path, rows: &[Value]) -> PathBuf {
    let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
    let document = check_with(0, &["run", "-", "--json", "--runs", text(folder)], &lines).json();
    PathBuf::from(document["run"].as_str().expect("the document names the run"))
}

#[test]
fn equal_runs_have_no_difference() {
    let (one, two) = (runs(), runs());
    let (a, document) = tiny(one.path(), &["--batch", "64", "--snapshot-every", "300"]);
    let (b, _) = tiny(two.path(), &[]);
    let found = diff(0, &a, &b);
    assert_eq!(found["divergence"], Value::Null);
    assert_eq!(found["aligned_by"], "sequence");
    assert_eq!(found["events"][0], document["last_sequence"]);
    assert_eq!(found["rulebook"], json!([]));
    let told = check(0, &["diff", text(&a), text(&b.join("journal"))]).out;
    assert!(told.contains("difference   none"), "{told}");
}

#[test]
fn other_rules_align_by_producer_and_part_at_the_first_effect() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &[]);
    let a = from_rows(folder.path(), &commands(&run));
    // The same commands under other rules.
    for (figure, other, path) in [
        ("slippage = \"0.005\"", "slippage = \"0.008\"", "assets.ADA.slippage"),
        ("release = \"0.0125\"", "release = \"0.012\"", "instruments.ADA-PERP.release"),
    ] {
        let mut changed = commands(&run);
        let rules = &mut changed[0]["command"]["genesis"]["rulebook"];
        let text_of = rules.as_str().expect("a text").to_owned();
        assert!(text_of.contains(figure), "{text_of}");
        *rules = json!(text_of.replace(figure, other));
        let b = from_rows(folder.path(), &changed);
        let found = diff(1, &a, &b);
        assert_eq!(found["aligned_by"], "producer, producer_seq");
        assert_eq!(found["rulebook"][0]["path"], path);
        // Plainly: the first event of a producer whose effects are others.
        let by_key = |rows: &[Value]| -> BTreeMap<u64, (u64, Value)> {
            let external = rows.iter().filter(|row| row["producer"] != 0);
            external
                .map(|row| {
                    let number = |key: &str| row[key].as_u64().expect("a count");
                    (number("producer_seq"), (number("sequence"), row["effects"].clone()))
                })
                .collect()
        };
        let (ours, theirs) = (by_key(&rows(&a)), by_key(&rows(&b)));
        let (key, (sequence, _)) = ours
            .iter()
            .find(|(key, (_, effects))| theirs.get(key).is_none_or(|other| other.1 != *effects))
            .expect("the rules matter");
        let event = &found["divergence"]["a"]["event"];
        assert_eq!(event["producer_seq"], json!(key), "{path}: {found}");
        assert_eq!(event["sequence"], json!(sequence), "{path}");
        let path = found["divergence"]["path"].as_str().expect("a path");
        assert!(path.starts_with("effects["), "{path}");
        assert_ne!(found["divergence"]["a"]["value"], found["divergence"]["b"]["value"]);
    }
}

#[test]
fn a_changed_command_is_found_wherever_it_stands() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &[]);
    let mut rows = commands(&run);
    // Many seals, so that there is something to bisect.
    rows[0]["command"]["genesis"]["seal_interval"] = json!(100);
    let base = from_rows(folder.path(), &rows);
    let prices =
        rows.iter().enumerate().filter(|(_, row)| row["command"]["publish_price"] != Value::Null);
    let places: Vec<usize> = prices.map(|(place, _)| place).collect();
    for place in [places[0], places[places.len() / 2], places[places.len() - 1]] {
        let mut changed = rows.clone();
        changed[place]["command"]["publish_price"]["confidence"] = json!("0.5");
        let other = from_rows(folder.path(), &changed);
        let found = diff(1, &base, &other);
        assert_eq!(found["divergence"]["path"], "event.command.publish_price.confidence");
        assert_eq!(found["divergence"]["a"]["event"]["sequence"], json!(place + 1));
        assert_eq!(found["divergence"]["b"]["value"], "0.5");
        assert_eq!(found["seals_compared"], json!(rows.len() / 100));
        let seal = Some(place / 100 * 100).filter(|at| *at > 0);
        assert_eq!(found["equal_up_to"], json!(seal), "{place}");
        let told = check(1, &["diff", text(&base), text(&other), "--context", "2"]).out;
        let before = format!("before a     event {} ", place - 1);
        assert!(told.contains(&before), "{before} in {told}");
    }
    let shorter = from_rows(folder.path(), &rows[..rows.len() - 1]);
    let found = diff(1, &base, &shorter);
    assert_eq!(found["divergence"]["path"], "event");
    assert_eq!(found["divergence"]["b"]["event"], Value::Null, "a key on one side only");
    assert_eq!(found["divergence"]["a"]["event"]["sequence"], json!(rows.len()));
}

#[test]
fn a_day_under_other_rules_meets_the_same_accounts() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &[]);
    let own = commands(&run);
    // Initial margin and haircuts decide what invented accounts own.
    let sets = [
        ["--set", "assets.BTC.haircut=0.3"],
        ["--set", "instruments.BTC-PERP.initial=0.2"],
        ["--set", "instruments.BTC-PERP.maintenance=0.012"],
    ];
    for set in sets {
        let (other, _) = tiny(folder.path(), &set);
        let theirs = commands(&other);
        // Genesis holds the rulebook; all that was asked after it is the same, pulses apart.
        let asked = |rows: &[Value]| -> Vec<Value> {
            let external = rows.iter().skip(1).filter(|row| row["producer"] != 0);
            external.map(|row| row["command"].clone()).collect()
        };
        assert_eq!(asked(&own), asked(&theirs), "{set:?}");
        let found = diff(1, &run, &other);
        let kind = |side: &str| {
            let command = &found["divergence"][side]["event"]["command"];
            command.as_object().and_then(|one| one.keys().next().cloned()).unwrap_or_default()
        };
        let kinds = [kind("a"), kind("b")];
        assert!(!kinds.contains(&"deposit".to_owned()), "{set:?} parts at {kinds:?}");
        let record = std::fs::read_to_string(other.join("run.json")).expect("a record");
        let record: Value = serde_json::from_str(&record).expect("JSON");
        assert_eq!(record["accounts_under"]["rulebook"], "default");
        assert_ne!(record["accounts_under"]["digest"], record["rulebook_digest"]);
    }
    // Asked to, a day invents accounts under other rules.
    let strict = folder.path().join("strict.toml");
    let rulebook = support::root().join("fixtures/rulebooks/default.toml");
    let text_of = std::fs::read_to_string(rulebook).expect("a rulebook");
    let changed = text_of.replace("initial = \"0.02\"", "initial = \"0.1\"");
    std::fs::write(&strict, changed).expect("written");
    let (other, _) = tiny(folder.path(), &["--accounts-under", text(&strict)]);
    let deposits = |rows: &[Value]| -> Vec<Value> {
        let commands = rows.iter().map(|row| row["command"]["deposit"].clone());
        commands.filter(|deposit| !deposit.is_null()).collect()
    };
    assert_ne!(deposits(&own), deposits(&commands(&other)));
    assert_ne!(run, other, "another input is another run");
    check(3, &["day", "fixtures/days/tiny", "--accounts-under", "nowhere"]);
}

#[test]
fn what_is_no_run_is_named() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &[]);
    let absent = check(3, &["diff", text(&run), "nowhere"]);
    assert!(absent.said.contains("error[run.missing]"), "{}", absent.said);
    let foreign = check(2, &["diff", "fixtures", text(&run)]);
    assert!(foreign.said.contains("error[run.foreign]"), "{}", foreign.said);
}
