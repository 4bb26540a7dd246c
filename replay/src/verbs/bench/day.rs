//! `bench day`: an invented day of so many events, through the journal and again from it.
//!
//! Commands are made as they are taken, so memory holds the book and not the day. The first pass is
//! that of `day`: stamped, journaled, applied, counted, snapshots taken; the second reads the
//! journal from genesis and meets every seal. Rates and peak memory of this process are reported.
//! The same arguments give the same digest; the run directory keeps the journal, about 100 bytes
//! an event.

use clearing::ClearingHouse;
use domain::{Command, Duration, Timestamp};
use runtime::rerun::rerun;
use runtime::{ExternalCommand, Moment, Unobserved};
use serde_json::{Value, json};
use store::journal::{Options, Reader};

use crate::cli::{DayBenchArgs, Keep};
use crate::console::Console;
use crate::directory::{Directory, JOURNAL, RUN_FILE, open_storage};
use crate::engine::{Engine, Sequenced};
use crate::failure::{Answer, DONE, Failure, INTERRUPTED};
use crate::golden::hex;
use crate::machine::{self, Interrupt};
use crate::record;
use crate::rulebooks;
use crate::summary::numbers::grouped;
use crate::workload::{PRODUCER, Workload};

/// 2020-01-01T00:00:00Z, when every invented day begins.
const BEGIN: Timestamp = Timestamp::from_nanos(1_577_836_800_000_000_000);
/// Nanoseconds between two commands: 20,000,000 fill 24 hours, fewer a part of them. Prices then
/// come as often as the oracle rules of a rulebook expect, however few events are asked for.
const PACE: u64 = 4_320_000;
/// Three months.
const EVENTS_MAX: u64 = 2_000_000_000;

/// Runs the day and runs it again.
///
/// # Errors
/// Arguments, rulebook, disk; a digest that differs.
pub fn day(console: &mut Console, args: &DayBenchArgs) -> Answer {
    let named = rulebooks::find(&args.rulebook, None, &[])?;
    let workload = Workload::new(named.rules, args.accounts, args.seed)?;
    let made = 1 + workload.setup(BEGIN).count() as u64;
    if !(made + 1..=EVENTS_MAX).contains(&args.events) {
        let expected = format!("{} to {EVENTS_MAX}: the book alone takes {made}", made + 1);
        return Err(Failure::argument("--events", expected, &args.events.to_string()));
    }
    let inputs = json!({
        "events": args.events,
        "accounts": args.accounts,
        "seed": args.seed,
        "rulebook": named.name,
    });
    let mark = blake3::hash(inputs.to_string().as_bytes()).to_hex();
    let directory = Directory::named(&args.runs, &format!("day-{}-{}", named.name, &mark[..8]));
    let interrupt = Interrupt::listen();
    let sequenced = sequence(console, args, &directory, &interrupt, &workload, made)?;
    if sequenced.stopped {
        let at = sequenced.statistics.last_sequence;
        console.warn(&format!("stopped after event {at}; the same command goes on from there"));
        return Ok(INTERRUPTED);
    }
    record::say_speed(console, &sequenced);
    let first = record::wall(&sequenced);
    let second = again(console, &directory)?;
    let digest = hex(&sequenced.state_digest);
    let refused: u64 = sequenced.statistics.refusals.values().sum();
    let document = json!({
        "schema": "clearsim.bench-day/1",
        "id": directory.complete_path().file_name().map(|name| name.to_string_lossy()),
        "inputs": inputs,
        "events": sequenced.statistics.events,
        "refused": refused,
        "state_digest": digest,
        "wall": { "sequenced": first, "again": second },
    });
    directory.write_json(RUN_FILE, &document)?;
    let kept = directory.complete(&digest, true)?;
    if console.json {
        console.document(&document)?;
    } else {
        print(console, &document)?;
        console.line(format!("digest {digest}   run {}", kept.path().display()))?;
    }
    Ok(DONE)
}

/// The first pass.
fn sequence(
    console: &Console,
    args: &DayBenchArgs,
    directory: &Directory,
    interrupt: &Interrupt,
    workload: &Workload,
    made: u64,
) -> Answer<Sequenced> {
    let (runs, snapshot_every) = (args.runs.clone(), args.snapshot_every);
    let keep = Keep { runs, snapshot_every, ..Keep::default() };
    let window = Some([BEGIN, wish(args.events, made)]);
    let engine = Engine { directory, keep: &keep, window, end: None, interrupt };
    let numbered = move |(count, command): (u64, Command)| ExternalCommand {
        producer: PRODUCER,
        producer_seq: count,
        wish: wish(count, made),
        command,
    };
    let mut stream = workload.clone();
    let mixed =
        (made + 1..=args.events).map(move |count| (count, stream.next_command(wish(count, made))));
    let book = (2..).zip(workload.setup(BEGIN));
    let genesis = numbered((1, workload.genesis()));
    let commands = book.chain(mixed).map(numbered).map(Ok);
    engine.run(console, genesis, commands, &mut [])
}

/// When a command is wished for: the book's a microsecond apart, then at the day's pace.
fn wish(count: u64, made: u64) -> Timestamp {
    let since = count.min(made) * 1_000 + count.saturating_sub(made) * PACE;
    BEGIN.plus(Duration::from_nanos(since as i64))
}

/// The second pass: from genesis, every seal and the clean stop met.
fn again(console: &Console, directory: &Directory) -> Answer<Value> {
    console.note("again, from the journal");
    let journal = directory.partial().join(JOURNAL);
    let reader = Reader::open(open_storage(&journal)?, &Options::default())
        .map_err(|error| Failure::store(&journal, &error))?;
    let mut house = ClearingHouse::new();
    let began = Moment::now();
    let met = rerun(&mut house, reader, None, &mut Unobserved)
        .map_err(|error| Failure::runtime(&journal, &error))?;
    let seconds = Moment::now().since(began).as_secs_f64();
    Ok(json!({
        "seconds": format!("{seconds:.3}"),
        "events_per_second": (met.events as f64 / seconds).round() as u64,
        "seals_met": met.seals,
        "peak_memory_bytes": machine::peak_memory(),
    }))
}

fn print(console: &mut Console, document: &Value) -> Answer<()> {
    for (pass, what) in [("sequenced", "journaled"), ("again", "from the journal")] {
        let wall = &document["wall"][pass];
        let number = |name: &str| grouped(u128::from(wall[name].as_u64().unwrap_or(0)));
        let memory = wall["peak_memory_bytes"].as_u64().map_or(0, |bytes| bytes / 1_000_000);
        console.line(format!(
            "{what:<18}{:>12} events/s   peak memory {} MB",
            number("events_per_second"),
            grouped(u128::from(memory)),
        ))?;
    }
    Ok(())
}
