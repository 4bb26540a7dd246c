//! Goal: `report`, `inspect` and `diff` tell apart what is no run, what was not completed, what is
//! damaged and what is newer, with exit code, place and next move, and leave nothing half written.
//! Method: copies of a tiny run spoilt in one way each, given to every form of the three verbs.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::{check, runs, text, tiny};

fn copy(from: &Path, to: &Path) -> PathBuf {
    fs::create_dir_all(to).expect("a writable folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
    to.to_owned()
}

fn rewrite(file: &Path, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let bytes = fs::read(file).expect("the file is there");
    fs::write(file, change(bytes)).expect("it can be written");
}

/// One way of spoiling a run: its name, what to do, the exit code and what has to be said.
type Spoilt = (&'static str, fn(&Path), i32, [&'static str; 2]);

fn segment(run: &Path) -> PathBuf {
    run.join("journal/00000000.log")
}

const SPOILT: &[Spoilt] = &[
    (
        "no run.json",
        |run| fs::remove_file(run.join("run.json")).expect("removed"),
        3,
        ["error[run.incomplete]", "help:"],
    ),
    (
        "going on",
        |run| {
            rewrite(&run.join("run.json"), |bytes| {
                let text = String::from_utf8(bytes).expect("text");
                text.replace("\"ended\"", "\"running\"").into_bytes()
            });
        },
        3,
        ["error[run.incomplete]", "its status is running"],
    ),
    (
        "a newer schema",
        |run| {
            rewrite(&run.join("run.json"), |bytes| {
                let text = String::from_utf8(bytes).expect("text");
                text.replace("clearsim.run/1", "clearsim.run/2").into_bytes()
            });
        },
        3,
        ["error[run.unsupported]", "clearsim.run/1 or older"],
    ),
    (
        "run.json cut",
        |run| rewrite(&run.join("run.json"), |bytes| bytes[..bytes.len() / 2].to_vec()),
        3,
        ["error[run.damaged]", "run.json"],
    ),
    (
        "no journal",
        |run| fs::remove_dir_all(run.join("journal")).expect("removed"),
        3,
        ["error[run.damaged]", "journal"],
    ),
    (
        "a flipped byte",
        |run| {
            rewrite(&segment(run), |mut bytes| {
                bytes[100_000] ^= 1;
                bytes
            });
        },
        3,
        ["error[journal.corrupt]", "segment 0"],
    ),
    (
        "a journal cut",
        |run| rewrite(&segment(run), |bytes| bytes[..100_000].to_vec()),
        3,
        ["error[journal.corrupt]", "00000000.log"],
    ),
    (
        "another program's folder",
        |run| {
            fs::remove_dir_all(run).expect("removed");
            fs::create_dir_all(run.join("src")).expect("made");
            fs::write(run.join("Makefile"), "all:\n").expect("written");
        },
        2,
        ["error[run.foreign]", "help:"],
    ),
    (
        "nothing at all",
        |run| fs::remove_dir_all(run).expect("removed"),
        3,
        ["error[run.missing]", "broken"],
    ),
];

#[test]
fn a_spoilt_run_is_told_by_what_is_wrong_with_it() {
    let folder = runs();
    let (good, _) = tiny(folder.path(), &["--batch", "256"]);
    let broken = folder.path().join("broken");
    let out = folder.path().join("page.html");
    let (good, place, page) = (text(&good), text(&broken), text(&out));
    for (what, spoil, exit, said) in SPOILT {
        let _ = fs::remove_dir_all(&broken);
        copy(Path::new(good), &broken);
        spoil(&broken);
        for arguments in [
            vec!["report", place, "-o", page],
            vec!["report", place, "--svg", "prices", "-o", page],
            vec!["report", place, "--against", good, "-o", page],
            vec!["report", good, "--against", place, "-o", page],
            vec!["inspect", place],
            vec!["inspect", place, "--account", "0", "--why"],
            vec!["inspect", place, "--liquidation", "1", "--why"],
            vec!["diff", place, good],
            vec!["diff", good, place],
        ] {
            let answer = check(*exit, &arguments);
            for part in said {
                assert!(answer.said.contains(part), "{what}: {arguments:?}: {}", answer.said);
            }
            assert_eq!(answer.out, "", "{what}: {arguments:?}");
            assert!(!out.exists(), "{what}: {arguments:?} left a page behind");
        }
    }
}

#[test]
fn a_report_needs_the_summary_and_the_state_of_its_run() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &[]);
    let place = text(&run);
    let summary = fs::read(run.join("summary.json")).expect("it is there");
    for (bytes, part) in [(&b"{}"[..], "a summary with its schema"), (b"{\"sch", "JSON")] {
        fs::write(run.join("summary.json"), bytes).expect("it can be written");
        let answer = check(3, &["report", place]);
        assert!(answer.said.contains("error[run.damaged]"), "{}", answer.said);
        assert!(answer.said.contains(part), "{}", answer.said);
    }
    fs::remove_file(run.join("summary.json")).expect("it can be removed");
    assert!(check(3, &["report", place]).said.contains("summary.json"));
    fs::write(run.join("summary.json"), summary).expect("it can be written");
    // A journal that is whole, but not the one that run.json speaks of.
    let text_of = fs::read_to_string(run.join("run.json")).expect("it is there");
    let document: serde_json::Value = serde_json::from_str(&text_of).expect("JSON");
    let digest = document["state_digest"].as_str().expect("a digest");
    let other = text_of.replace(digest, &"0".repeat(64));
    fs::write(run.join("run.json"), other).expect("it can be written");
    let answer = check(1, &["report", place]);
    assert!(answer.said.contains("error[run.differs]"), "{}", answer.said);
}

#[test]
fn latencies_that_are_not_there_or_spoilt_are_named() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &[]);
    let log = run.join("latency.hlog");
    rewrite(&log, |bytes| {
        String::from_utf8(bytes).expect("text").replacen("HISTFAAA", "HISTF???", 1).into_bytes()
    });
    let answer = check(3, &["report", text(&run), "--latency"]);
    assert!(answer.said.contains("error[run.damaged]"), "{}", answer.said);
    assert!(answer.said.contains("latency.hlog"), "{}", answer.said);
    fs::remove_file(&log).expect("it can be removed");
    let answer = check(4, &["report", text(&run), "--latency"]);
    assert!(answer.said.contains("error[report.latency]"), "{}", answer.said);
    assert!(!run.join("report-latency.html").exists());
    check(2, &["report", text(&run), "--latency", "--against", text(&run)]);
}
