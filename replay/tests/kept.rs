//! Goal: a run directory holds what it promises, and what is no run is refused with its reason.
//! Method: the tiny day through the program; its latency log, its messages; directories with faults
//! given to the verbs that read runs.

mod support;

use std::fs;
use std::path::Path;

use replay::failure::Failure;
use replay::opened::Run;
use serde_json::Value;
use support::{check, runs, text, tiny};

fn refused(place: &Path) -> (String, u8) {
    match Run::open(place) {
        Ok(run) => panic!("{} was opened", run.id),
        Err(Failure::Said { exit, errors }) => (errors.errors[0].code.to_string(), exit),
        Err(Failure::PipeClosed) => panic!("nothing was printed"),
    }
}

#[test]
fn latencies_are_logged_for_the_tools_that_read_them() {
    let folder = runs();
    let (run, document) = tiny(folder.path(), &[]);
    let log = fs::read_to_string(run.join("latency.hlog")).expect("a latency log");
    assert!(log.starts_with("#[Histogram log format version 1.3]"), "{log}");
    let tags: Vec<&str> = log.lines().filter_map(|line| line.strip_prefix("Tag=")).collect();
    for stage in ["apply", "journal", "publish", "total"] {
        assert!(tags.iter().any(|line| line.starts_with(&format!("{stage},"))), "{stage}");
    }
    let measured = &document["wall"]["latency_ns"];
    let events = document["counts"]["events"].as_u64().expect("a count");
    let pulses = document["counts"]["commands"]["pulse"].as_u64().unwrap_or(0);
    // Genesis is stamped before the loop; pulses are nobody's commands.
    assert_eq!(measured["apply"]["count"], events - pulses - 1);
    let of = |key: &str| measured["apply"][key].as_u64().expect("nanoseconds");
    assert!(of("p50") > 0 && of("p50") <= of("p99") && of("p99") <= of("max"));
}

#[test]
fn what_was_said_is_kept_as_lines() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &["--quiet"]);
    let log = fs::read_to_string(run.join("log.jsonl")).expect("a log");
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect();
    assert!(lines.iter().all(|line| line["timestamp"].is_string() && line["level"].is_string()));
    let speed = |line: &Value| line["message"].as_str().is_some_and(|m| m.contains("events/s"));
    assert!(lines.iter().any(speed), "{log}");
}

#[test]
fn the_record_says_what_the_run_was_made_of() {
    let folder = runs();
    let (run, document) = tiny(folder.path(), &[]);
    let record = |run: &Path| -> Value {
        let text = fs::read_to_string(run.join("run.json")).expect("it is there");
        serde_json::from_str(&text).expect("it is JSON")
    };
    let found = record(&run);
    for field in [
        "id",
        "title",
        "provenance",
        "known_gaps",
        "window",
        "price_mode",
        "inputs",
        "rulebook",
        "rulebook_digest",
        "accounts_under",
        "overrides",
        "seed",
        "semantics",
        "first_sequence",
        "last_sequence",
        "state_digest",
        "tables",
        "status",
        "wall",
    ] {
        assert!(!found[field].is_null(), "{field} of {found}");
    }
    for field in ["parent", "until", "last_seal_digest"] {
        assert!(found.get(field).is_some(), "{field} stands there even where there is none");
    }
    assert!(found["wall"]["program"].as_str().is_some_and(|hash| hash.len() == 64));
    assert_eq!(
        found["window"],
        serde_json::json!(["2020-01-01T00:00:00Z", "2020-01-01T04:00:00Z"])
    );
    assert_eq!(found["known_gaps"], serde_json::json!([]));
    assert_eq!(found["last_sequence"], document["last_sequence"]);
    // Every series that was published has its provenance: a file, its hash, what it is.
    let names = |rows: &Value| -> Vec<(String, String)> {
        let rows = rows.as_array().expect("a list").iter();
        let word = |row: &Value, key: &str| row[key].as_str().expect("a word").to_owned();
        rows.map(|row| (word(row, "name"), word(row, "role"))).collect()
    };
    let told = names(&found["provenance"]);
    for series in names(&document["prices"]) {
        assert!(told.contains(&series), "{series:?} in {told:?}");
    }
    let hashes: Vec<&Value> =
        found["inputs"].as_array().expect("a list").iter().map(|input| &input["sha256"]).collect();
    for row in found["provenance"].as_array().expect("a list") {
        assert!(hashes.contains(&&row["sha256"]) && row["provenance"].is_string(), "{row}");
        assert!(row["market"].is_string() && row["licence"].is_string(), "{row}");
    }
    let (cut, _) = tiny(folder.path(), &["--until", "2020-01-01T01:00:00Z"]);
    assert_eq!(record(&cut)["window"][1], "2020-01-01T01:00:00Z");
}

#[test]
fn known_gaps_are_kept_and_shown() {
    let folder = runs();
    let day = folder.path().join("days/tiny");
    fs::create_dir_all(&day).expect("a writable folder");
    for entry in fs::read_dir(support::root().join("fixtures/days/tiny")).expect("the tiny day") {
        let path = entry.expect("an entry").path();
        fs::copy(&path, day.join(path.file_name().expect("a name"))).expect("copied");
    }
    let manifest = fs::read_to_string(day.join("day.toml")).expect("a manifest");
    let gap = "\n[[known_gap]]\nsource = \"tiny.mark.csv\"\nfrom = \"2020-01-01T04:00:00Z\"\n";
    fs::write(day.join("day.toml"), manifest + gap).expect("written");
    let keep = folder.path().join("runs");
    let arguments = ["day", text(&day), "--json", "--runs", text(&keep)];
    let document = check(0, &arguments).json();
    let run = Path::new(document["run"].as_str().expect("a run"));
    let record = fs::read_to_string(run.join("run.json")).expect("it is there");
    let record: Value = serde_json::from_str(&record).expect("it is JSON");
    let expected = serde_json::json!([
        { "source": "tiny.mark.csv", "from": "2020-01-01T04:00:00Z", "to": null },
    ]);
    assert_eq!(record["known_gaps"], expected);
    let page = fs::read_to_string(run.join("report.html")).expect("a report");
    assert!(page.contains("Known gaps of the data (1)"), "the report tells of it");
}

#[test]
fn what_is_no_finished_run_is_refused_by_its_reason() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &[]);
    let opened = Run::open(&run).expect("a finished run");
    assert!(opened.rulebook_text().is_ok() && opened.summary().is_ok());
    let record = fs::read_to_string(run.join("run.json")).expect("it is there");
    let table: [(&str, String, &str, u8); 4] = [
        (
            "schema of the future",
            record.replace("clearsim.run/1", "clearsim.run/9"),
            "run.unsupported",
            3,
        ),
        ("another program's", record.replace("clearsim.run/1", "theirs/1"), "run.foreign", 2),
        ("cut", record[..record.len() / 2].to_owned(), "run.damaged", 3),
        ("going on", record.replace("\"ended\"", "\"running\""), "run.incomplete", 3),
    ];
    for (what, text, code, exit) in table {
        fs::write(run.join("run.json"), text).expect("it can be written");
        assert_eq!(refused(&run), (code.to_owned(), exit), "{what}");
    }
    fs::remove_file(run.join("run.json")).expect("it can be removed");
    assert_eq!(refused(&run), ("run.incomplete".to_owned(), 3));
    fs::write(run.join("run.json"), &record).expect("it can be written");
    fs::write(run.join("rulebook.toml"), "other").expect("it can be written");
    let opened = Run::open(&run).expect("its record is whole");
    assert!(opened.rulebook_text().is_err(), "the rulebook is not the run's");
    fs::write(run.join("summary.json"), "{}").expect("it can be written");
    assert!(opened.summary().is_err(), "the summary has no schema");
    // The journal is the truth: it is verified whatever became of the files beside it.
    check(0, &["verify", text(&run)]);
    fs::remove_dir_all(run.join("journal")).expect("it can be removed");
    assert_eq!(refused(&run), ("run.damaged".to_owned(), 3));
}
