//! The program under test, a folder to run it in, and what it answered.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The root of the repository, whose fixtures the program is run on.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A folder for runs, removed at the end.
pub fn runs() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// The program, started in the root of the repository.
pub fn clearsim(arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("clearsim"));
    command.args(arguments).current_dir(root()).stdin(Stdio::null());
    command.env_remove("CLEARSIM_DATA").env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    command
}

/// An answer: exit code, stdout, stderr.
#[derive(Debug)]
pub struct Answer {
    /// Exit code.
    pub exit: i32,
    /// Data.
    pub out: String,
    /// What was said.
    pub said: String,
}

impl Answer {
    fn of(output: &Output) -> Answer {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let exit = output.status.code().expect("the program ended by itself");
        Answer { exit, out: text(&output.stdout), said: text(&output.stderr) }
    }

    /// The document on stdout.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {}", self.out))
    }
}

/// Runs the program and expects an exit code.
pub fn check(exit: i32, arguments: &[&str]) -> Answer {
    check_with(exit, arguments, "")
}

/// As [`check`], with something on stdin.
pub fn check_with(exit: i32, arguments: &[&str], input: &str) -> Answer {
    let mut command = clearsim(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || {
        // The program may have answered before it read everything.
        let _ = std::io::Write::write_all(&mut stdin, input.as_bytes());
    });
    let output = child.wait_with_output().expect("the program ends");
    writer.join().expect("the writer ends");
    let answer = Answer::of(&output);
    assert_eq!(answer.exit, exit, "{arguments:?} gave {answer:?}");
    assert!(!answer.said.contains("panicked"), "{arguments:?} gave {answer:?}");
    answer
}

/// Runs the tiny day into a folder; returns the run directory and its summary.
pub fn tiny(runs: &Path, more: &[&str]) -> (PathBuf, serde_json::Value) {
    let folder = runs.display().to_string();
    let mut arguments = vec!["day", "fixtures/days/tiny", "--json", "--runs", &folder];
    arguments.extend(more);
    let document = check(0, &arguments).json();
    let run = document["run"].as_str().expect("the document names the run");
    (PathBuf::from(run), document)
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}
