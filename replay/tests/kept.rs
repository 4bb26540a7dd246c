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
