//! Goal: `bench latency` answers every command it planned, and leaves logs and plots behind;
//! `bench day` takes a day of any length in the same memory.
//! Method: a second at a low rate over a small book; two days of which one is four times the other;
//! arguments that cannot be meant.

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

/// A day of so many events over the same small book.
fn day_of(events: u64, runs: &std::path::Path) -> serde_json::Value {
    let events = events.to_string();
    let arguments = [
        &["bench", "day", "--accounts", "500", "--snapshot-every", "100000", "--json"][..],
        &["--events", &events, "--runs", text(runs)],
    ];
    check(0, &arguments.concat()).json()
}

#[test]
fn a_day_of_four_times_the_events_takes_no_more_memory() {
    const EVENTS: u64 = 100_000;
    // A stream that was held rather than passed on would take this much a command, and six times
    // what is allowed: an allocator's and a longer day's buffers come and go by a few megabytes.
    const HELD: u64 = size_of::<domain::Command>() as u64;
    let folder = runs();
    let [short, long] = [EVENTS, 4 * EVENTS].map(|events| day_of(events, folder.path()));
    for (document, events) in [(&short, EVENTS), (&long, 4 * EVENTS)] {
        assert_eq!(document["schema"], "clearsim.bench-day/1");
        // Pulses come on top of what the producer sends.
        let made = document["events"].as_u64().expect("a count");
        assert!((events..events + events / 50).contains(&made), "{document}");
        assert_eq!(document["refused"], 0, "{document}");
        assert_eq!(document["wall"]["again"]["seals_met"], made / 65_536);
    }
    for pass in ["sequenced", "again"] {
        let peak = |document: &serde_json::Value| {
            let bytes = &document["wall"][pass]["peak_memory_bytes"];
            bytes.as_u64().expect("a system that tells")
        };
        let (less, more) = (peak(&short), peak(&long));
        println!("{pass}: {less} B at {EVENTS} events, {more} B at four times as many");
        assert!(more < less + EVENTS * HELD / 2, "{pass}: {less} B grew to {more} B");
    }
}

#[test]
fn a_day_has_one_digest_and_says_what_it_cannot_be() {
    let folder = runs();
    let [first, again] = [0, 1].map(|_| day_of(5_000, folder.path()));
    assert_eq!(first["state_digest"], again["state_digest"]);
    let run = folder.path().join(first["id"].as_str().expect("an id"));
    let digest = first["state_digest"].as_str().expect("a digest");
    assert!(check(0, &["verify", text(&run), "--json"]).out.contains(digest));
    for (flag, value) in [("--events", "1000"), ("--events", "2000000001"), ("--accounts", "3")] {
        let mut arguments = vec!["bench", "day", "--runs", text(folder.path())];
        if flag == "--events" {
            arguments.extend(["--accounts", "500"]);
        }
        arguments.extend([flag, value]);
        let said = check(2, &arguments).said;
        assert!(said.contains(flag) && said.contains(value), "{flag} {value}: {said}");
    }
}
