//! Goal: latencies are counted from planned times, add up, and can be read by the standard tools.
//! Method: short open loops against the machine and against the pipeline over loopback; the log
//! is read back with the Rust reader and, where it is installed, with the Python one.

mod common;

use std::path::Path;
use std::process::Command as Process;
use std::time::Duration;

use common::{PRODUCER, Workload, create};
use domain::{Effect, Timestamp};
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use runtime::gateway::{Gateway, GatewayOptions};
use runtime::latency::{IntervalLog, OpenLoop, Recorder, Stage, drive_in_process, drive_loopback};
use runtime::outbox::Readers;
use runtime::sequencer::OnFailure;
use runtime::{Clock, ExternalCommand, Live, LiveOptions, LoopOptions, Moment};
use store::testing::MemoryDisk;

/// The seeded commands, with the planned time as their wish.
fn planned(mut workload: Workload) -> impl FnMut(u64, Timestamp) -> ExternalCommand + Send {
    move |number, at| {
        let command = workload.next().expect("endless");
        let producer_seq = number + 2;
        ExternalCommand { producer: PRODUCER, producer_seq, wish: at, command: command.command }
    }
}

fn recorder(path: &Path) -> Recorder {
    Recorder::with_log(IntervalLog::create(path, Moment::now()).expect("a file"))
}

#[test]
fn the_machine_alone_is_driven_at_the_planned_rate() {
    let mut workload = Workload::new(3, 4_096);
    let mut house = clearing::ClearingHouse::new();
    let genesis = workload.next().expect("endless");
    let mut effects: Vec<Effect> = Vec::new();
    let at = genesis.wish;
    house.apply(&runtime::stamp::stamp(&house, genesis, at), &mut effects);
    let plan = OpenLoop { rate: 20_000, duration: Duration::from_millis(300) };
    let report =
        drive_in_process(&mut house, plan, Recorder::new(), planned(workload)).expect("no log");
    assert_eq!(report.commands, 6_000);
    assert!(report.elapsed >= Duration::from_millis(299), "{:?}", report.elapsed);
    let row = |stage| *report.latencies.row(stage, None).expect("recorded");
    for stage in [Stage::Queue, Stage::Apply, Stage::Total] {
        assert_eq!(row(stage).count, 6_000, "{stage:?}");
    }
    assert!(row(Stage::Total).max_ns >= row(Stage::Apply).max_ns);
}

#[test]
fn a_stall_counts_for_everybody_who_waited_behind_it() {
    let mut house = clearing::ClearingHouse::new();
    let mut workload = planned(Workload::new(3, 4_096));
    let plan = OpenLoop { rate: 1_000, duration: Duration::from_millis(200) };
    let report = drive_in_process(&mut house, plan, Recorder::new(), |number, at| {
        if number == 50 {
            std::thread::sleep(Duration::from_millis(60));
        }
        let mut command = workload(number, at);
        command.producer_seq = number + 1;
        command
    })
    .expect("no log");
    // Commands 50 to about 110 were late, by 60 ms falling to none: a quarter of 200 and more.
    let total = report.latencies.row(Stage::Total, None).expect("recorded");
    let [_, p90, ..] = total.percentiles_ns;
    assert!(p90 > 30_000_000, "p90 is {p90} ns");
}

#[test]
fn the_pipeline_over_loopback_answers_every_command_and_its_stages_add_up() {
    let directory = tempfile::tempdir().expect("a directory");
    let (server, client) =
        (directory.path().join("stages.hlog"), directory.path().join("client.hlog"));
    let mut workload = Workload::new(7, 4_096);
    let ready = create(&MemoryDisk::new(), workload.next().expect("endless")).expect("new");
    let mut readers = Readers::new();
    readers.measure(recorder(&server));
    let options = LiveOptions {
        loop_options: LoopOptions { clock: Clock::Live, ..LoopOptions::default() },
        on_failure: OnFailure::Stop,
        ..LiveOptions::default()
    };
    let live = Live::start(ready, options, readers).expect("starts");
    let gateway = Gateway::start(live.inlet(), GatewayOptions::default()).expect("listens");
    let plan = OpenLoop { rate: 20_000, duration: Duration::from_millis(1_200) };
    let report = drive_loopback(gateway.address(), plan, recorder(&client), 2, planned(workload))
        .expect("answered");
    assert_eq!(report.commands, 24_000);
    assert!(report.refused > 0, "the workload has refusals");
    let total = report.latencies.row(Stage::Total, None).expect("recorded");
    assert_eq!(total.count, 24_000);
    let stopped = live.stop().expect("a clean stop");
    gateway.stop();
    assert_eq!(stopped.house.producer_seq(PRODUCER), 24_001);
    let table = stopped.recorder.expect("measured").finish().expect("written");
    for stage in Stage::ALL {
        assert_eq!(table.row(stage, None).expect("recorded").count, 24_000, "{stage:?}");
    }
    check_log(&client, &["total", "total.register_trade"], 24_000);
    check_log(&server, &["queue", "apply", "journal", "publish", "total"], 24_000);
}

/// The log holds these tags, its header is the format's, and each stage has `count` values.
fn check_log(path: &Path, tags: &[&str], count: u64) {
    let text = std::fs::read_to_string(path).expect("a log");
    assert!(text.starts_with("#[Histogram log format version 1.3]\n"), "{}", &text[..80]);
    assert!(text.contains("#[MaxValueDivisor: 1000000.000]"));
    let mut counts = std::collections::BTreeMap::<String, u64>::new();
    for entry in IntervalLogIterator::new(text.as_bytes()) {
        if let LogEntry::Interval(interval) = entry.expect("a sound line") {
            let tag = interval.tag().expect("every line has a tag").as_str().to_string();
            let bytes = decode_base64(interval.encoded_histogram());
            let histogram: hdrhistogram::Histogram<u64> =
                hdrhistogram::serialization::Deserializer::new()
                    .deserialize(&mut &bytes[..])
                    .expect("V2 deflate");
            *counts.entry(tag).or_default() += histogram.len();
        }
    }
    for tag in tags {
        assert!(counts.contains_key(*tag), "{tag} is missing: {counts:?}");
        if !tag.contains('.') {
            assert_eq!(counts[*tag], count, "{tag}");
        }
    }
    read_with_python(path, tags[0], count);
}

fn decode_base64(text: &str) -> Vec<u8> {
    let value = |byte: u8| -> u32 {
        match byte {
            b'A'..=b'Z' => u32::from(byte - b'A'),
            b'a'..=b'z' => u32::from(byte - b'a') + 26,
            b'0'..=b'9' => u32::from(byte - b'0') + 52,
            b'+' => 62,
            b'/' => 63,
            other => panic!("no base64: {other}"),
        }
    };
    let mut bytes = Vec::new();
    for group in text.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = group.iter().fold(0, |bits, byte| bits << 6 | value(*byte));
        let bits = bits << (6 * (4 - group.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    bytes
}

const PYTHON: &str = "
import sys
from hdrh.log import HistogramLogReader
from hdrh.histogram import HdrHistogram
whole = HdrHistogram(1, 60_000_000_000, 3)
reader = HistogramLogReader(sys.argv[1], HdrHistogram(1, 60_000_000_000, 3))
while True:
    interval = reader.get_next_interval_histogram()
    if interval is None:
        break
    if interval.get_tag() == sys.argv[2]:
        whole.add(interval)
print(whole.get_total_count())
";

/// Reads the log with the Python package, where `CLEARSIM_PYTHON` (else `python3`) has it.
fn read_with_python(path: &Path, tag: &str, count: u64) {
    let python = std::env::var("CLEARSIM_PYTHON").unwrap_or_else(|_| String::from("python3"));
    let has = Process::new(&python).args(["-c", "import hdrh"]).output();
    if !has.is_ok_and(|answer| answer.status.success()) {
        println!("skipped: {python} does not have the package hdrhistogram");
        return;
    }
    let read = Process::new(&python).args(["-c", PYTHON]).arg(path).arg(tag).output();
    let read = read.expect("python runs");
    let said = String::from_utf8_lossy(&read.stdout);
    assert_eq!(said.trim(), count.to_string(), "{}", String::from_utf8_lossy(&read.stderr));
}
