//! Goal: SIGINT stops a run at a batch border, and the same command goes on to the same digest.
//! Method: a day of a few seconds, interrupted as soon as its journal stands; another, left alone.

mod support;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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
