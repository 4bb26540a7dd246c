//! Goal: a run explains itself: every formula that `inspect --why` prints comes to its result when
//! worked out by hand, the figures are those of the effects, and what a run does not have is named.
//! Method: all liquidations of the tiny day, each line evaluated in exact rationals by a calculator
//! of this file; time travel is held against what effects say; tables of questions without answer.

#[path = "support/calculator.rs"]
mod calculator;
mod support;

use std::fs;
use std::path::{Path, PathBuf};

use calculator::{holds, number, work_out as calculate};
use dashu_ratio::RBig;
use serde_json::Value;
use support::{check, runs, text, tiny};

#[test]
fn the_calculator_calculates() {
    for (formula, result) in [
        ("2 * 3 - 4", "2"),
        ("10 - 2 * (1 - 0.5)", "9"),
        ("-2 * (3 + 1)", "-8"),
        ("90 * (1/30)", "3"),
        ("100 * (1 - (1/4))", "75"),
        ("0.1 * 0.1 / (2 * 5)", "0.001"),
    ] {
        assert_eq!(calculate(formula), number(result), "{formula}");
    }
}

/// Works out every line below a value; how many there were.
fn work_out(value: &Value) -> usize {
    match value {
        Value::Object(fields) if fields.contains_key("formula") => {
            line(value);
            1
        }
        Value::Object(fields) => fields.values().map(work_out).sum(),
        Value::Array(items) => items.iter().map(work_out).sum(),
        _ => 0,
    }
}

fn line(line: &Value) {
    let text = |key: &str| line[key].as_str().unwrap_or_else(|| panic!("{key} in {line}"));
    let places = line["rounded"]["places"].as_u64();
    let up = line["rounded"]["direction"] == "up";
    let rounded = places.map(|places| (up, places as usize));
    assert!(holds(text("formula"), text("result"), rounded), "{line}");
}

/// Every effect of a run: sequence, ordinal, word, body.
fn effects(run: &Path) -> Vec<(u64, usize, String, Value)> {
    let log = check(0, &["log", text(run), "--effects"]).out;
    let mut effects = Vec::new();
    for row in log.lines() {
        let row: Value = serde_json::from_str(row).expect("a row is JSON");
        let sequence = row["sequence"].as_u64().expect("a sequence");
        for (ordinal, effect) in row["effects"].as_array().expect("a list").iter().enumerate() {
            let (word, body) = effect.as_object().and_then(|one| one.iter().next()).expect("one");
            effects.push((sequence, ordinal, word.clone(), body.clone()));
        }
    }
    effects
}

fn inspect(arguments: &[&str]) -> Value {
    let document = check(0, &[&["inspect"], arguments, &["--json"]].concat()).json();
    assert_eq!(document["schema"], "clearsim.inspect/1");
    document
}

/// The result of the first line with a label, wherever it stands.
fn result<'a>(value: &'a Value, label: &str) -> Option<&'a str> {
    match value {
        Value::Object(fields) if fields.get("label").is_some_and(|known| *known == *label) => {
            fields.get("result").or(fields.get("text")).and_then(Value::as_str)
        }
        Value::Object(fields) => fields.values().find_map(|below| result(below, label)),
        Value::Array(items) => items.iter().find_map(|below| result(below, label)),
        _ => None,
    }
}

/// The results of all lines with a label.
fn results(value: &Value, label: &str) -> Vec<RBig> {
    match value {
        Value::Object(fields) if fields.get("label").is_some_and(|known| *known == *label) => {
            fields.get("result").and_then(Value::as_str).map(number).into_iter().collect()
        }
        Value::Object(fields) => fields.values().flat_map(|below| results(below, label)).collect(),
        Value::Array(items) => items.iter().flat_map(|below| results(below, label)).collect(),
        _ => Vec::new(),
    }
}

/// Deficits that one event recognised of an account.
fn lost(effects: &[(u64, usize, String, Value)], sequence: u64, account: u64) -> RBig {
    let own = effects.iter().filter(|(at, _, word, body)| {
        *at == sequence && word == "deficit_recognised" && body["account"] == account
    });
    own.map(|(.., body)| number(body["value"].as_str().expect("a value")))
        .fold(number("0"), |sum, one| sum + one)
}

#[test]
fn every_line_of_every_liquidation_comes_to_its_result() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &["--snapshot-every", "300", "--batch", "128"]);
    let effects = effects(&run);
    let started: Vec<_> =
        effects.iter().filter(|(_, _, word, _)| word == "liquidation_started").collect();
    assert!(started.len() > 10, "the tiny day liquidates");
    let (mut lines, mut bankrupt) = (0, 0);
    let last = inspect(&[text(&run), "--liquidation", &started.len().to_string()]);
    let (sequence, ordinal, ..) = started[started.len() - 1];
    assert_eq!(last["liquidation"]["id"], format!("{sequence}.{ordinal}"), "as tables number them");
    for (sequence, ordinal, _, body) in started {
        let id = format!("{sequence}.{ordinal}");
        let document = inspect(&[text(&run), "--liquidation", &id]);
        let story = &document["liquidation"];
        lines += work_out(story);
        assert_eq!(story["account"], body["account"], "{id}");
        let told = |label: &str| number(result(story, label).unwrap_or_else(|| panic!("{label}")));
        for (label, key) in [
            ("equity", "equity"),
            ("adjusted equity", "adjusted_equity"),
            ("maintenance margin", "maintenance"),
        ] {
            assert_eq!(told(label), number(body[key].as_str().expect("text")), "{id} {label}");
        }
        assert!(told("to be left alone") < number("0"), "{id}: liquidatable");
        let ended = story["ended"]["outcome"].as_str().unwrap_or("waits");
        let deficit = lost(&effects, *sequence, body["account"].as_u64().expect("an account"));
        if deficit > number("0") && ended != "waits" {
            bankrupt += 1;
            let told =
                results(story, "deficit").into_iter().fold(number("0"), |sum, one| sum + one);
            assert_eq!(told, deficit, "{id}");
        }
    }
    println!("{lines} lines worked out, {bankrupt} deficits");
    assert!(lines > 300 && bankrupt > 0);
}

#[test]
fn an_account_is_explained_and_the_text_says_the_same() {
    let folder = runs();
    let (run, document) = tiny(folder.path(), &[]);
    let worst = document["lost"]["worst"]["account"].as_u64().expect("somebody lost").to_string();
    let why = inspect(&[text(&run), "--account", &worst, "--why"]);
    assert!(work_out(&why) > 10);
    let id = why["liquidations"].as_array().and_then(|all| all.last()).expect("it was liquidated");
    assert_eq!(why["liquidation"]["id"], *id);
    let told = check(0, &["inspect", text(&run), "--account", &worst, "--why"]).out;
    for part in ["woken by event", "adjusted equity", "thresholds", "step 1", "outcome"] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let formula = result(&why["liquidation"], "equity").expect("a line");
    assert!(told.contains(&format!(" = {formula}")), "{formula} in {told}");
    // Who was not liquidated is told how far off it was.
    let spared = (0..200u64)
        .map(|account| inspect(&[text(&run), "--account", &account.to_string(), "--why"]))
        .find(|told| told["liquidations"].as_array().is_some_and(Vec::is_empty))
        .expect("somebody was spared");
    assert!(work_out(&spared["why"]) > 5, "{spared}");
    let excess = result(&spared["why"], "to be left alone").expect("a threshold");
    assert!(number(excess) >= number("0"));
}

#[test]
fn time_travel_stands_between_cause_and_consequence() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &["--snapshot-every", "300", "--batch", "128"]);
    let effects = effects(&run);
    let started = effects.iter().find(|(_, _, word, _)| word == "liquidation_started");
    let (sequence, _, _, body) = started.expect("somebody was liquidated");
    let account = body["account"].to_string();
    let at = |moment: &str| inspect(&[text(&run), "--account", &account, "--at", moment]);
    let before = at(&(sequence - 1).to_string());
    assert_eq!(before["sequence"], sequence - 1);
    let figure =
        |document: &Value, key: &str| number(document["state"][key].as_str().expect("text"));
    assert!(figure(&before, "adjusted_equity") >= figure(&before, "maintenance"));
    let row = check(
        0,
        &["log", text(&run), "--from", &sequence.to_string(), "--to", &sequence.to_string()],
    );
    let row: Value = serde_json::from_str(row.out.trim()).expect("one row");
    let event = inspect(&[text(&run), "--event", &sequence.to_string()]);
    assert_eq!(event["event"], row);
    let of_event = effects.iter().filter(|one| one.0 == *sequence).count();
    assert_eq!(event["effects"].as_array().map(Vec::len), Some(of_event));
    let why = inspect(&[text(&run), "--event", &sequence.to_string(), "--why"]);
    assert!(work_out(&why["why"]) > 0);
    // A time is the state after everything that had happened by then.
    let end = at("2020-01-01T03:59:59.999Z");
    assert_eq!(end["state"], at("2020-01-01T04:00:00Z")["state"]);
    let whole = inspect(&[text(&run), "--at", "2020-01-01T01:30:00Z"]);
    assert!(whole["timestamp"].as_i64() <= Some(1_577_842_200_000_000_000));
    assert!(result(&whole["state"], "opened").is_some());
    // The snapshots are a cache: the same without them.
    fs::remove_dir_all(run.join("snapshots")).expect("snapshots are a cache");
    assert_eq!(at(&(sequence - 1).to_string()), before);
}

#[test]
fn what_a_run_does_not_have_is_named() {
    let folder = runs();
    let (run, document) = tiny(folder.path(), &[]);
    let beyond = (document["last_sequence"].as_u64().expect("a sequence") + 1).to_string();
    let place = text(&run);
    let table: Vec<(i32, Vec<&str>, &str)> = vec![
        (1, vec!["--account", "200"], "an account from 0 to 199"),
        (1, vec!["--account", "0", "--at", &beyond], "an event from 1 to"),
        (1, vec!["--account", "0", "--at", "0"], "an event from 1 to"),
        (1, vec!["--account", "0", "--at", "2021-01-01T00:00:00Z"], "a time from 2020-01-01T"),
        (1, vec!["--at", "1999-01-01T00:00:00Z"], "a time from 2020-01-01T"),
        (1, vec!["--at", "2020-01-01T04:00:01Z"], "to 2020-01-01T04:00:00Z"),
        (1, vec!["--account", "0", "--at", "1"], "of which there is none yet"),
        (2, vec!["--at", "noon"], "a sequence, or a UTC time"),
        (1, vec!["--event", &beyond], "an event from 1 to"),
        (1, vec!["--event", "0"], "an event from 1 to"),
        (1, vec!["--liquidation", "1.0"], "an effect with which a liquidation began"),
        (1, vec!["--liquidation", "99999.0"], "an effect with which a liquidation began"),
        (1, vec!["--liquidation", "0"], "a liquidation from 1 to"),
        (1, vec!["--liquidation", &beyond], "a liquidation from 1 to"),
        (2, vec!["--liquidation", "one"], "SEQUENCE.ORDINAL"),
        (2, vec!["--liquidation", "1.x"], "SEQUENCE.ORDINAL"),
        (2, vec!["--account", "0", "--event", "1"], "cannot be used with"),
    ];
    for (exit, arguments, part) in table {
        let answer = check(exit, &[&["inspect", place], &arguments[..]].concat());
        assert!(answer.said.contains(part), "{arguments:?}: {}", answer.said);
        assert_eq!(answer.out, "", "{arguments:?}");
    }
    // The end of the window is the moment at which the run stood still.
    let (cut, _) = tiny(folder.path(), &["--until", "2020-01-01T01:30:30Z"]);
    check(0, &["inspect", text(&cut), "--at", "2020-01-01T01:30:30Z"]);
    let told = check(1, &["inspect", text(&cut), "--at", "2020-01-01T01:30:31Z"]).said;
    assert!(told.contains("to 2020-01-01T01:30:30Z"), "{told}");
    check(3, &["inspect", "nowhere"]);
    check(2, &["inspect", "fixtures"]);
    let copy = |name: &str| -> PathBuf {
        let to = folder.path().join(name);
        fs::create_dir_all(to.join("journal")).expect("a writable folder");
        for entry in fs::read_dir(run.join("journal")).expect("a journal") {
            let entry = entry.expect("readable");
            fs::copy(entry.path(), to.join("journal").join(entry.file_name())).expect("copied");
        }
        to
    };
    let partial = copy("partial");
    let told = check(3, &["inspect", text(&partial)]).said;
    assert!(told.contains("error[run.incomplete]"), "{told}");
    let newer = copy("newer");
    let record = fs::read_to_string(run.join("run.json")).expect("it is there");
    fs::write(newer.join("run.json"), record.replace("clearsim.run/1", "clearsim.run/9"))
        .expect("a writable folder");
    let told = check(3, &["inspect", text(&newer)]).said;
    assert!(told.contains("error[run.unsupported]"), "{told}");
}

#[test]
fn a_refusal_says_what_was_needed_and_what_was_there() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &[]);
    let mut log = check(0, &["log", text(&run)]).out;
    let last: Value = serde_json::from_str(log.lines().last().expect("rows")).expect("JSON");
    let count = |key: &str| last[key].as_u64().expect("a count");
    let trade = |quantity: &str, price: &str| {
        serde_json::json!({ "register_trade": {
            "buyer": 13, "seller": 128, "instrument": "BTC-PERP", "quantity": quantity,
            "price": price, "buyer_fee": "0", "seller_fee": "0",
        } })
    };
    let price = serde_json::json!({ "publish_price": {
        "role": "mark", "of": "BTC-PERP", "source": 2, "price": "99000000", "confidence": "0",
        "published_at": count("timestamp"),
    } });
    let money = |kind: &str, account: u64, amount: &str| {
        let moved = serde_json::json!({ "account": account, "asset": "USD", "amount": amount });
        serde_json::json!({ kind: moved })
    };
    let table: [(Value, &str, &[&str]); 6] = [
        (
            money("withdraw", 13, "90000000"),
            "collateral_insufficient",
            &["free margin", "90000000 USD"],
        ),
        (money("deposit", 999, "1"), "account_unknown", &["account 999", "200"]),
        (money("deposit", 13, "999999999999"), "balance_max_exceeded", &["balance afterwards"]),
        (trade("90000", "790"), "collateral_insufficient", &["initial margin of that", "buyer's"]),
        (trade("0.0000001", "790"), "quantity_not_in_lots", &["one lot", "0.001"]),
        (price, "price_max_exceeded", &["highest that passes"]),
    ];
    for (place, (command, ..)) in (1..).zip(&table) {
        let row = serde_json::json!({
            "timestamp": count("timestamp"), "producer": 1,
            "producer_seq": count("producer_seq") + place, "command": command,
        });
        log += &format!("{row}\n");
    }
    let keep = text(folder.path());
    let again = support::check_with(0, &["run", "-", "--json", "--runs", keep], &log).json();
    let run = again["run"].as_str().expect("a run");
    for (place, (command, rule, parts)) in (1..).zip(&table) {
        let sequence = (count("sequence") + place).to_string();
        let told = check(0, &["inspect", run, "--event", &sequence, "--why"]).out;
        assert!(told.contains(rule), "{command}: {told}");
        for part in *parts {
            assert!(told.contains(part), "{command} without {part}: {told}");
        }
        let json = check(0, &["inspect", run, "--event", &sequence, "--why", "--json"]).json();
        for line in json["why"]
            .as_array()
            .expect("sections")
            .iter()
            .flat_map(|section| section["lines"].as_array().expect("lines"))
        {
            if let (Some(formula), Some(result)) =
                (line["formula"].as_str(), line["result"].as_str())
            {
                assert_eq!(calculate(formula), number(result), "{line}");
            }
        }
    }
}
