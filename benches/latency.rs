//! Claim: none that can fail; what an open loop at 50 % and 80 % of capacity waits, for the machine
//! alone and for the durable pipeline over loopback.
//!
//! Method: capacity first: the machine's own rate, and the rate at which the pipeline answers a
//! sender that never waits. Then commands at fixed planned times, whatever the answers do; a
//! latency counts from the planned time. Book of 10,000 accounts, mixed workload, real disk,
//! tokio gateway, loop, outbox and both halves of the client on the cores that there are.

use std::sync::Arc;
use std::time::Duration;

use benches::book;
use benches::figure::Figures;
use benches::stream::{self, Numbering, PRODUCER};
use domain::{Command, Timestamp};
use runtime::gateway::{Gateway, GatewayOptions};
use runtime::latency::{
    LatencyTable, OpenLoop, PERCENTILES, Recorder, Stage, drive_in_process, drive_loopback,
};
use runtime::outbox::Readers;
use runtime::recovery::{self, Identity};
use runtime::sequencer::OnFailure;
use runtime::{
    ExternalCommand, Live, LiveOptions, LoopOptions, Moment, Replay, RuntimeError, Unobserved,
};
use store::journal::Options;
use store::storage::RealStorage;

const ACCOUNTS: u64 = 10_000;
const SEAL_INTERVAL: u64 = 65_536;
const DURATION: Duration = Duration::from_secs(8);

/// Numbers a command that is sent at its planned time.
fn planned(
    mut commands: impl Iterator<Item = Command> + Send,
    first_count: u64,
) -> impl FnMut(u64, Timestamp) -> ExternalCommand + Send {
    move |number, wish| {
        let command = commands.next().expect("a workload without end");
        ExternalCommand { producer: PRODUCER, producer_seq: first_count + number, wish, command }
    }
}

fn report(figures: &mut Figures, what: &str, table: &LatencyTable, stages: &[Stage]) {
    for stage in stages {
        let Some(row) = table.row(*stage, None) else { continue };
        let values = row.percentiles_ns.iter().zip(PERCENTILES.iter().map(|(name, _)| *name));
        for (value, name) in values.chain([(&row.max_ns, "max")]) {
            let figure = format!("{what}, {}, {name}", stage.word());
            figures.report(&figure, *value as f64 / 1e3, "us");
        }
    }
}

fn in_process(figures: &mut Figures) {
    let mut driver = book::build(ACCOUNTS, SEAL_INTERVAL);
    let mut count = driver.house.producer_seq(PRODUCER) + 1;
    let mut seed = 1;
    let mut drive = |rate: u64, duration| {
        seed += 1;
        let plan = OpenLoop { rate, duration };
        let next = planned(stream::mixed(seed, ACCOUNTS), count);
        count += plan.commands();
        drive_in_process(&mut driver.house, plan, Recorder::new(), next).expect("no log")
    };
    // A rate that nothing reaches: all is late, and the loop runs as fast as it can.
    let flat_out = drive(100_000_000, Duration::from_millis(10));
    let capacity = flat_out.commands as f64 / flat_out.elapsed.as_secs_f64();
    figures.report("machine alone, capacity while measuring", capacity, "events/s");
    for percent in [50, 80] {
        let run = drive((capacity * f64::from(percent) / 100.0) as u64, DURATION / 4);
        let what = format!("machine alone, {percent} %");
        report(figures, &what, &run.latencies, &[Stage::Apply, Stage::Total]);
    }
}

/// One run over loopback against a new pipeline; the client's and the pipeline's latencies.
fn over_loopback(plan: OpenLoop) -> (f64, LatencyTable, LatencyTable) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let storage = Arc::new(RealStorage::open(directory.path()).expect("a temporary directory"));
    let mut numbering = Numbering::from(Moment::now().timestamp());
    let genesis = numbering.next(stream::genesis(SEAL_INTERVAL));
    let options = Options::default();
    let ready = recovery::create(storage.clone(), genesis, Identity::Random, &options, None);
    let mut replay =
        Replay::start(ready.expect("a new journal"), LoopOptions::default(), Unobserved)
            .expect("a disk that works");
    let book =
        stream::setup(ACCOUNTS).map(|command| Ok::<_, RuntimeError>(numbering.next(command)));
    replay.run(book, |_| std::ops::ControlFlow::Continue(())).expect("a disk that works");
    drop(replay.finish().expect("a disk that works"));

    let ready = recovery::open(storage, &options, None).expect("opens");
    let mut readers = Readers::new();
    readers.measure(Recorder::new());
    let live_options = LiveOptions { on_failure: OnFailure::Stop, ..LiveOptions::default() };
    let live = Live::start(ready, live_options, readers).expect("starts");
    let gateway = Gateway::start(live.inlet(), GatewayOptions::default()).expect("listens");
    let first = numbering.count() + 1;
    let next = planned(stream::mixed(3, ACCOUNTS), first);
    let run = drive_loopback(gateway.address(), plan, Recorder::new(), first, next);
    let run = run.expect("all is answered");
    let stopped = live.stop().expect("a disk that works");
    gateway.stop();
    let stages = stopped.recorder.expect("measured").finish().expect("no log");
    (run.commands as f64 / run.elapsed.as_secs_f64(), run.latencies, stages)
}

fn loopback(figures: &mut Figures) {
    // A rate that nothing reaches, for as many commands as take about two seconds.
    let flat_out = OpenLoop { rate: 50_000_000, duration: Duration::from_millis(20) };
    let (capacity, _, _) = over_loopback(flat_out);
    figures.report("durable over loopback, capacity", capacity, "events/s");
    for percent in [50, 80] {
        let rate = (capacity * f64::from(percent) / 100.0) as u64;
        let (reached, client, stages) = over_loopback(OpenLoop { rate, duration: DURATION });
        let what = format!("durable over loopback, {percent} %");
        figures.at_least(&format!("{what}, rate"), reached, "events/s", rate as f64, 0.95);
        report(figures, &format!("{what}, client"), &client, &[Stage::Total]);
        report(figures, &what, &stages, &Stage::ALL);
    }
}

fn main() {
    let claim = "what an open loop waits at 50 % and 80 % of capacity (reported)";
    let mut figures = Figures::open("latency", claim);
    in_process(&mut figures);
    loopback(&mut figures);
    figures.close();
}
