//! Goal: SIGINT stops a run at a batch border, and the same command goes on to the same digest.
//! Method: a day of a few seconds, interrupted as soon as its journal stands; another, left alone.

mod support;

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{check, clearsim, runs, text};

const DAY: [&str; 6] =
    ["day", "fixtures/days/2024-08-05", "--until", "2024-08-05T03:00:00Z", "--batch", "64"];

#[test]
fn an_interrupted_day_goes_on_to_the_same_digest() {
    let (stopped, whole) = (runs(), runs());
    let arguments = |folder| [&DAY[..], &["--json", "--runs", folder]].concat();
    let mut command = clearsim(&arguments(text(stopped.path())));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the program starts");
    let until = Instant::now() + Duration::from_secs(60);
    while !has_journal(stopped.path()) {
        assert!(Instant::now() < until, "the journal of the run never appeared");
        std::thread::sleep(Duration::from_millis(5));
    }
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().expect("kill is there");
    assert!(sent.success());
    let output = child.wait_with_output().expect("the program ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("goes on from there"), "{said}");
    assert!(output.stdout.is_empty(), "an unfinished run has no summary");
    let again = check(0, &arguments(text(stopped.path())));
    assert!(again.said.contains("going on after event"), "{}", again.said);
    let alone = check(0, &arguments(text(whole.path())));
    for key in ["state_digest", "money", "counts", "liquidated", "prices"] {
        assert_eq!(again.json()[key], alone.json()[key], "{key}");
    }
}

#[test]
fn a_run_of_commands_says_that_it_is_going_on() {
    let (day, folder) = (runs(), runs());
    let (run, document) = support::tiny(day.path(), &[]);
    let log = check(0, &["log", text(&run)]).out;
    let (first, rest) = log.split_at(log.find('\n').expect("lines") + 1);
    let mut command = clearsim(&["run", "-", "--json", "--runs", text(folder.path())]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    stdin.write_all(first.as_bytes()).expect("it reads");
    stdin.flush().expect("it reads");
    let until = Instant::now() + Duration::from_secs(60);
    let record = loop {
        assert!(Instant::now() < until, "the record of the run never appeared");
        std::thread::sleep(Duration::from_millis(5));
        let entries = std::fs::read_dir(folder.path()).expect("a folder").flatten();
        let texts =
            entries.filter_map(|one| std::fs::read_to_string(one.path().join("run.json")).ok());
        let parsed = texts.filter_map(|text| serde_json::from_str::<Value>(&text).ok()).next();
        if let Some(record) = parsed {
            break record;
        }
    };
    assert_eq!(record["status"], "running");
    assert_eq!(record["inputs"], serde_json::json!([{ "file": "stdin" }]));
    stdin.write_all(rest.as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("the program ends");
    let ended: Value = serde_json::from_slice(&output.stdout).expect("a document");
    assert_eq!(ended["state_digest"], document["state_digest"]);
    let run = std::path::Path::new(ended["run"].as_str().expect("a run"));
    let record = std::fs::read_to_string(run.join("run.json")).expect("it is there");
    assert!(record.contains("\"status\": \"ended\""), "{record}");
}

fn has_journal(runs: &std::path::Path) -> bool {
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.path().join("journal/HEAD").is_file())
}

#[test]
fn a_run_that_another_process_writes_is_left_alone() {
    let folder = runs();
    let arguments = [&DAY[..], &["--json", "--runs", text(folder.path())]].concat();
    let mut command = clearsim(&arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let first = command.spawn().expect("the program starts");
    let until = Instant::now() + Duration::from_secs(60);
    while !has_journal(folder.path()) {
        assert!(Instant::now() < until, "the journal of the run never appeared");
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = check(75, &arguments);
    assert!(second.said.contains("locked"), "{}", second.said);
    let output = first.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), Some(0), "the first run is undisturbed");
}
