//! Goal: `bench latency` answers every command it planned, and leaves logs and plots behind.
//! Method: a second at a low rate over a small book; arguments that cannot be meant.

mod support;

use support::{check, runs, text};

const SMALL: [&str; 6] = ["bench", "latency", "--rate", "500", "--accounts", "200"];

#[test]
fn an_open_loop_answers_all_and_leaves_its_files() {
    let folder = runs();
    let arguments =
        [&SMALL[..], &["--duration", "1s", "--json", "--runs", text(folder.path())]].concat();
    let document = check(0, &arguments).json();
    assert_eq!(document["schema"], "clearsim.latency-report/1");
    assert_eq!(document["commands"], 500);
    assert_eq!(document["refused"], 0, "{document}");
    for (side, stage) in [("machine", "apply"), ("client", "total"), ("pipeline", "journal")] {
        let rows = document["wall"]["latencies"][side].as_array().expect("rows");
        let row = rows.iter().find(|row| row["stage"] == stage).expect("the stage was met");
        assert_eq!(row["count"], 500, "{side} {stage}");
        let at = |name: &str| row[name].as_u64().expect("nanoseconds");
        let names = ["p50_ns", "p90_ns", "p99_ns", "p99.9_ns", "p99.99_ns", "max_ns"];
        assert!(names.map(at).is_sorted() && at("p50_ns") > 0, "{row}");
    }
    let run = folder.path().join(document["id"].as_str().expect("an id"));
    for side in ["machine", "client", "pipeline"] {
        let log = std::fs::read_to_string(run.join(format!("{side}.hlog"))).expect("a log");
        assert!(log.contains("[Histogram log format version 1.3]"), "{side}");
        assert!(log.contains("Tag=total,"), "{side}");
        let plot = std::fs::read_to_string(run.join(format!("{side}.svg"))).expect("a plot");
        assert!(plot.contains("<polyline") && plot.contains("500 a second"), "{side}");
    }
    let verified = check(0, &["verify", text(&run), "--json"]);
    let digest = document["state_digest"].as_str().expect("a digest");
    assert!(verified.out.contains(digest), "{verified:?}");
    let again = [&SMALL[..], &["--duration", "1s", "--runs", text(folder.path())]].concat();
    let table = check(0, &again).out;
    assert!(table.contains("p99.99") && table.contains("register_trade"), "{table}");
}

#[test]
fn arguments_that_cannot_be_meant_are_named() {
    let folder = runs();
    for (flag, value) in [
        ("--rate", "0"),
        ("--rate", "100000001"),
        ("--duration", "0s"),
        ("--duration", "8"),
        ("--duration", "25h"),
        ("--accounts", "3"),
        ("--accounts", "18446744073709551615"),
    ] {
        let mut arguments = [&SMALL[..], &["--duration", "1s"]].concat();
        match arguments.iter().position(|argument| *argument == flag) {
            Some(place) => arguments[place + 1] = value,
            None => panic!("{flag} is not among the arguments"),
        }
        arguments.extend(["--runs", text(folder.path())]);
        let said = check(2, &arguments).said;
        assert!(said.contains(flag) && said.contains(value), "{flag} {value}: {said}");
    }
    let left = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(left, 0, "a fault in the arguments leaves nothing behind");
}
