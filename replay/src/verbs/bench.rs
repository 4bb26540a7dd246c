//! `bench`: what this machine does. `bench day` stands in a file of its own.
//!
//! `bench latency` is an open loop at a fixed rate, against the machine alone and against the
//! durable pipeline over loopback.
//!
//! Commands go out when they were planned to, whatever the answers do; a latency counts from the
//! planned time. The run directory holds the journal, an `.hlog` and a plot of each side. A later
//! run of the same arguments replaces it: a measurement is never the same twice.

mod day;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clearing::ClearingHouse;
use domain::{Command, Effect, Timestamp};
use feed::error::{FeedError, Place};
use runtime::gateway::{Gateway, GatewayOptions};
use runtime::latency::{
    IntervalLog, LatencyTable, LogError, LoopbackError, OpenLoop, PERCENTILES, Recorder,
    drive_in_process, drive_loopback, svg,
};
use runtime::outbox::Readers;
use runtime::recovery::{self, Identity, Ready};
use runtime::sequencer::OnFailure;
use runtime::stamp::{due_pulse, stamp};
use runtime::{
    ExternalCommand, Live, LiveOptions, LoopOptions, Moment, Replay, RuntimeError, Unobserved,
};
use serde_json::{Map, Value, json};
use store::journal::Options;

use crate::cli::{BenchAct, BenchArgs, LatencyArgs};
use crate::console::Console;
use crate::directory::{self, Directory, JOURNAL, RUN_FILE};
use crate::failure::{Answer, DONE, Failure, NOT_UNDERSTOOD, UNFINISHED};
use crate::golden::hex;
use crate::rulebooks;
use crate::workload::{Numbering, PRODUCER, Workload};

/// More commands a second than any machine answers.
const RATE_MAX: u64 = 100_000_000;
/// The longest run, in seconds.
const SECONDS_MAX: u64 = 24 * 3_600;

/// What was measured of one side.
struct Side {
    /// Its key in the document, and its files' stem.
    name: &'static str,
    /// What it is, for a person.
    what: &'static str,
    latencies: LatencyTable,
}

/// Measures what was asked for.
///
/// # Errors
/// Arguments, rulebook, disk, network.
pub fn bench(console: &mut Console, args: &BenchArgs) -> Answer {
    match &args.act {
        BenchAct::Latency(args) => latency(console, args),
        BenchAct::Day(args) => day::day(console, args),
    }
}

fn latency(console: &mut Console, args: &LatencyArgs) -> Answer {
    let plan = open_loop(args)?;
    let named = rulebooks::find(&args.rulebook, None, &[])?;
    let workload = Workload::new(named.rules, args.accounts, args.seed)?;
    let inputs = json!({
        "rate": args.rate,
        "duration": args.duration,
        "accounts": args.accounts,
        "seed": args.seed,
        "rulebook": named.name,
    });
    let mark = blake3::hash(inputs.to_string().as_bytes()).to_hex();
    let id = format!("latency-{}-{}", named.name, &mark[..8]);
    let run = Directory::named(&args.runs, &id);
    run.create()?;
    console.note(&format!("the machine alone, {} a second for {}", args.rate, args.duration));
    let alone = machine_alone(&run, plan, &workload)?;
    console.note("the pipeline over loopback, each answer durable");
    let (digest, report, sides) = over_loopback(&run, plan, &workload)?;
    let sides = [alone].into_iter().chain(sides).collect::<Vec<_>>();
    for side in &sides {
        let title = format!("{}, {} a second", side.what, args.rate);
        run.write(&format!("{}.svg", side.name), &svg(&title, &side.latencies.curves))?;
    }
    let mut document = Map::new();
    document.insert("schema".to_owned(), json!("clearsim.latency-report/1"));
    document.insert("id".to_owned(), json!(id));
    document.insert("inputs".to_owned(), inputs);
    document.insert("commands".to_owned(), json!(report.commands));
    document.insert("refused".to_owned(), json!(report.refused));
    document.insert("state_digest".to_owned(), json!(digest));
    let measured: Map<String, Value> =
        sides.iter().map(|side| (side.name.to_owned(), rows(&side.latencies))).collect();
    let reached = report.reached();
    document.insert(
        "wall".to_owned(),
        json!({ "rate_reached": reached, "busy": report.busy, "latencies": measured }),
    );
    let document = Value::Object(document);
    run.write_json(RUN_FILE, &document)?;
    let kept = run.complete(&digest, true)?;
    if console.json {
        console.document(&document)?;
        return Ok(DONE);
    }
    for side in &sides {
        console.line(format!("{}, {} commands", side.what, plan.commands()))?;
        console.raw(&side.latencies.to_string())?;
        console.line("")?;
    }
    let Report { refused, busy, .. } = report;
    let asked = args.rate;
    console.line(format!("{reached} a second of {asked}, {refused} refused, {busy} busy"))?;
    console.line(format!("logs and plots: {}", kept.path().display()))?;
    Ok(DONE)
}

fn open_loop(args: &LatencyArgs) -> Answer<OpenLoop> {
    if !(1..=RATE_MAX).contains(&args.rate) {
        let expected = format!("1 to {RATE_MAX} commands a second");
        return Err(Failure::argument("--rate", expected, &args.rate.to_string()));
    }
    let span = feed::time::parse_span(&args.duration)
        .and_then(|span| u64::try_from(span.nanos()).ok())
        .map(Duration::from_nanos)
        .filter(|span| span.as_secs() <= SECONDS_MAX);
    let Some(duration) = span else {
        let expected = "a span of at most 24h, such as 20s, 1m or 1h";
        return Err(Failure::argument("--duration", expected, &args.duration));
    };
    Ok(OpenLoop { rate: args.rate, duration })
}

/// A recorder that also writes `<name>.hlog` into the run directory.
fn recorder(run: &Directory, name: &str) -> Answer<Recorder> {
    let path = run.partial().join(format!("{name}.hlog"));
    let log = IntervalLog::create(&path, Moment::now()).map_err(|error| logged(&path, &error))?;
    Ok(Recorder::with_log(log))
}

fn logged(path: &Path, error: &LogError) -> Failure {
    match error {
        LogError::Io(error) => Failure::io("write", path, error),
        LogError::Encode(_) => {
            Failure::about(UNFINISHED, "bench.latency_log", path, error.to_string())
        }
    }
}

/// Numbers the stream's commands from a count on, wished for at their planned time.
fn planned(
    mut workload: Workload,
    first: u64,
) -> impl FnMut(u64, Timestamp) -> ExternalCommand + Send {
    move |number, wish| {
        let command = workload.next_command(wish);
        ExternalCommand { producer: PRODUCER, producer_seq: first + number, wish, command }
    }
}

/// The book's commands, numbered from now on.
fn book(workload: &Workload) -> (ExternalCommand, impl Iterator<Item = ExternalCommand> + '_) {
    let begin = Moment::now().timestamp();
    let mut numbering = Numbering { count: 0, begin };
    let genesis = numbering.next(workload.genesis());
    (genesis, workload.setup(begin).map(move |command: Command| numbering.next(command)))
}

fn machine_alone(run: &Directory, plan: OpenLoop, workload: &Workload) -> Answer<Side> {
    let name = "machine";
    let mut house = ClearingHouse::new();
    let mut effects = Vec::new();
    let (genesis, setup) = book(workload);
    for external in std::iter::once(genesis).chain(setup) {
        let at = external.wish;
        while let Some(pulse) = due_pulse(&house, at) {
            house.apply(&pulse, &mut effects);
        }
        let event = stamp(&house, external, at);
        house.apply(&event, &mut effects);
        if let Some(Effect::Refused { refusal }) = effects.first() {
            let expected = "a rulebook under which the invented book is accepted";
            let found = format!("{} was refused: {}", event.command.word(), refusal.word());
            let place = Place::default().at("--rulebook");
            let error = FeedError::input("bench.rulebook", place, expected, found);
            return Err(Failure::said(NOT_UNDERSTOOD, error));
        }
    }
    let next = planned(workload.clone(), house.producer_seq(PRODUCER) + 1);
    let driven = drive_in_process(&mut house, plan, recorder(run, name)?, next);
    let driven = driven.map_err(|error| logged(run.partial(), &error))?;
    Ok(Side { name, what: "machine alone", latencies: driven.latencies })
}

/// What the client over loopback counted.
struct Report {
    commands: u64,
    refused: u64,
    busy: u64,
    elapsed: Duration,
}

impl Report {
    /// Commands answered a second.
    fn reached(&self) -> u64 {
        let nanos = self.elapsed.as_nanos().max(1);
        u64::try_from(u128::from(self.commands) * 1_000_000_000 / nanos).unwrap_or(u64::MAX)
    }
}

/// Journals the book, closes the journal, and opens it as a server would find it.
fn opened(journal: &Path, workload: &Workload) -> Answer<(u64, Ready)> {
    let failed = |error: RuntimeError| Failure::runtime(journal, &error);
    let options = Options::default();
    let storage = directory::open_storage(journal)?;
    let (genesis, setup) = book(workload);
    let ready = recovery::create(Arc::clone(&storage), genesis, Identity::Random, &options, None);
    let ready = ready.map_err(failed)?;
    let mut replay = Replay::start(ready, LoopOptions::default(), Unobserved).map_err(failed)?;
    let setup = setup.map(Ok::<_, RuntimeError>);
    replay.run(setup, |_| ControlFlow::Continue(())).map_err(failed)?;
    let count = replay.finish().map_err(failed)?.house.producer_seq(PRODUCER);
    Ok((count, recovery::open(storage, &options, None).map_err(failed)?))
}

fn over_loopback(
    run: &Directory,
    plan: OpenLoop,
    workload: &Workload,
) -> Answer<(String, Report, [Side; 2])> {
    let journal = run.partial().join(JOURNAL);
    let failed = |error: RuntimeError| Failure::runtime(&journal, &error);
    let (count, ready) = opened(&journal, workload)?;
    let mut readers = Readers::new();
    readers.measure(recorder(run, "pipeline")?);
    let options = LiveOptions { on_failure: OnFailure::Stop, ..LiveOptions::default() };
    let live = Live::start(ready, options, readers).map_err(failed)?;
    let gateway = Gateway::start(live.inlet(), GatewayOptions::default()).map_err(failed)?;
    let next = planned(workload.clone(), count + 1);
    let client = recorder(run, "client")?;
    let driven = drive_loopback(gateway.address(), plan, client, count + 1, next);
    // What stopped the loop says more than the connection that broke for it.
    let stopped = live.stop();
    gateway.stop();
    let stopped = stopped.map_err(failed)?;
    let driven = driven.map_err(|error| match &error {
        LoopbackError::Log(error) => logged(run.partial(), error),
        LoopbackError::Io(_) => {
            Failure::about(UNFINISHED, "bench.loopback", &journal, error.to_string())
        }
    })?;
    let stages = stopped.recorder.map(Recorder::finish).transpose();
    let stages = stages.map_err(|error| logged(run.partial(), &error))?;
    let report = Report {
        commands: driven.commands,
        refused: driven.refused,
        busy: driven.busy,
        elapsed: driven.elapsed,
    };
    let what = "durable over loopback, as the client sees it";
    let client = Side { name: "client", what, latencies: driven.latencies };
    let what = "durable over loopback, stages of the pipeline";
    let latencies = stages.unwrap_or_default();
    let pipeline = Side { name: "pipeline", what, latencies };
    Ok((hex(&stopped.state_digest), report, [client, pipeline]))
}

/// A table's rows as JSON, nanoseconds.
fn rows(table: &LatencyTable) -> Value {
    let rows = table.rows.iter().map(|row| {
        let mut fields = Map::new();
        fields.insert("stage".to_owned(), json!(row.name()));
        fields.insert("count".to_owned(), json!(row.count));
        for ((name, _), value) in PERCENTILES.iter().zip(row.percentiles_ns) {
            fields.insert(format!("{name}_ns"), json!(value));
        }
        fields.insert("max_ns".to_owned(), json!(row.max_ns));
        Value::Object(fields)
    });
    Value::Array(rows.collect())
}
