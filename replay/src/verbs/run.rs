//! `run`: a journal again, from genesis and from each snapshot; commands from stdin; a scenario.

use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use clearing::ClearingHouse;
use domain::{Rulebook, Sequence, Timestamp};
use feed::error::{FeedErrors, Place};
use runtime::ExternalCommand;
use runtime::rerun::{Rerun, rerun};
use runtime::snapshots::restore;
use serde_json::{Value, json};
use store::journal::{Options, Reader};
use store::storage::Storage;

use crate::chronicle::Chronicle;
use crate::cli::RunArgs;
use crate::console::Console;
use crate::directory::{self, Directory};
use crate::engine::{Engine, PRODUCER, Sequenced};
use crate::failure::{Answer, DONE, FOUND, Failure, INTERRUPTED, NOT_UNDERSTOOD};
use crate::golden::hex;
use crate::listener::{FanOut, Listener};
use crate::machine::Interrupt;
use crate::record::{self, Begun, Record};
use crate::report;
use crate::rows::read::LineReader;
use crate::rulebooks;
use crate::select::Bound;
use crate::snapshots;
use crate::summary::document::document;
use crate::summary::screen::screen;
use crate::summary::{Facts, Statistics};
use crate::tables::Tables;
use crate::verbs::day::SEAL_INTERVAL;
use crate::verbs::scenario::scenario;

/// Runs what was named.
///
/// # Errors
/// No journal, damage, a line that was not understood, the disk.
pub fn run(console: &mut Console, args: &RunArgs) -> Answer {
    let place = Path::new(&args.source);
    if args.source == "-" {
        from_stdin(console, args)
    } else if place.is_file() {
        own_rules(args, "a scenario")?;
        scenario(console, place)
    } else {
        own_rules(args, "a journal")?;
        again(console, args)
    }
}

/// Refuses other rules for a source that brings its own: passing over them would show one
/// rulebook's figures as another's.
fn own_rules(args: &RunArgs, source: &str) -> Answer<()> {
    let expected = format!("nothing, as {source} brings its own rules");
    match (&args.rulebook, args.keep.set.first()) {
        (Some(rulebook), _) => Err(Failure::argument("--rulebook", expected, rulebook)),
        (None, Some(set)) => Err(Failure::argument("--set", expected, set)),
        (None, None) => Ok(()),
    }
}

/// A journal from genesis, then from each snapshot; every way must reach one digest.
fn again(console: &mut Console, args: &RunArgs) -> Answer {
    let place = Path::new(&args.source);
    let journal = directory::find_journal(place);
    let storage = directory::open_storage(&journal)?;
    let until = args.until.as_deref().map(|text| Bound::parse("--until", text)).transpose()?;
    let until = until.map(|bound| bound.last_before(&journal, &storage)).transpose()?;
    let began = Instant::now();
    let mut listeners: [&mut dyn Listener; 0] = [];
    let mut fan = FanOut::new(&mut listeners);
    let (mut house, met) = replay(&journal, &storage, until, &mut fan)?;
    fan.finish(&house)?;
    let mut statistics = fan.statistics;
    let elapsed = began.elapsed();
    let digest = house.state_digest();
    let snapshots = from_snapshots(console, place, &journal, &storage, until, &digest)?;
    if let Err(violation) = house.check_invariants() {
        return Err(Failure::about(FOUND, "invariant.broken", place, violation.to_string()));
    }
    statistics
        .finish()
        .map_err(|sentence| Failure::about(FOUND, "invariant.deficit_identity", place, sentence))?;
    let seal_digest = hex(&house.seal_digest());
    console.detail(&format!("{} seals met, seal digest at the end {seal_digest}", met.seals));
    let facts = journal_facts(&args.source, args, &statistics, hex(&digest));
    let run = Sequenced {
        state_digest: digest,
        statistics,
        elapsed,
        latencies: None,
        resumed: 0,
        stopped: false,
    };
    record::say_speed(console, &run);
    print(console, &facts, &run, &snapshots)
}

fn replay(
    journal: &Path,
    storage: &Arc<dyn Storage>,
    until: Option<Sequence>,
    fan: &mut FanOut<'_, '_>,
) -> Answer<(ClearingHouse, Rerun)> {
    let mut house = ClearingHouse::new();
    let reader = Reader::open(Arc::clone(storage), &Options::default())
        .map_err(|error| Failure::store(journal, &error))?;
    fan.begin()?;
    let met = rerun(&mut house, reader, until, fan);
    if let Some(failure) = fan.take_failure() {
        return Err(failure);
    }
    let met = met.map_err(|error| Failure::runtime(journal, &error))?;
    if met.events == 0 {
        return Err(Failure::about(NOT_UNDERSTOOD, "journal.empty", journal, "no events to run"));
    }
    Ok((house, met))
}

/// The digest reached from each snapshot; one that cannot be believed is told and passed over.
fn from_snapshots(
    console: &Console,
    place: &Path,
    journal: &Path,
    storage: &Arc<dyn Storage>,
    until: Option<Sequence>,
    digest: &[u8; 32],
) -> Answer<Vec<u64>> {
    let mut equal = Vec::new();
    let Some(folder) = directory::find_snapshots(place) else { return Ok(equal) };
    let Some(store) = snapshots::read(console, &folder)? else { return Ok(equal) };
    let options = Options::default();
    let anchors = store.list().map_err(|error| Failure::store(&folder, &error))?;
    for anchor in anchors {
        if until.is_some_and(|until| anchor.sequence > until.number()) {
            continue;
        }
        let mut house = match restore(&store, storage, &options, &anchor) {
            Ok(house) => house,
            Err(error) => {
                console.warn(&format!("snapshot {} passed over: {error}", anchor.sequence));
                continue;
            }
        };
        let reader = if anchor.sequence == 0 {
            Reader::open(Arc::clone(storage), &options)
        } else {
            Reader::open_at(Arc::clone(storage), &options, anchor.sequence + 1)
        };
        // A snapshot of the very end has nothing after it to read.
        if let Ok(reader) = reader {
            rerun(&mut house, reader, until, &mut runtime::Unobserved)
                .map_err(|error| Failure::runtime(journal, &error))?;
        }
        let reached = house.state_digest();
        if reached != *digest {
            let sentence = format!(
                "from the snapshot at {} the state digest is {}, from genesis {}",
                anchor.sequence,
                hex(&reached),
                hex(digest)
            );
            return Err(Failure::about(FOUND, "run.diverged", place, sentence));
        }
        equal.push(anchor.sequence);
    }
    Ok(equal)
}

/// What is known of a journal: the run directory says more than the journal alone.
fn journal_facts(
    place: &str,
    args: &RunArgs,
    statistics: &Statistics,
    state_digest: String,
) -> Facts {
    let next = match statistics.worst_account() {
        Some((account, _)) if Path::new(place).join(directory::RUN_FILE).is_file() => {
            format!("clearsim inspect {place} --account {} --why", account.number())
        }
        Some((account, _)) => {
            format!("clearsim log {place} --account {} --effects", account.number())
        }
        None => format!("clearsim verify {place}"),
    };
    let recorded = Path::new(place).join(directory::RUN_FILE);
    let recorded: Option<Value> =
        std::fs::read_to_string(recorded).ok().and_then(|text| serde_json::from_str(&text).ok());
    let told = |key: &str| Some(recorded.as_ref()?.get(key)?.as_str()?.to_owned());
    let overrides = || serde_json::from_value(recorded.as_ref()?.get("overrides")?.clone()).ok();
    let overrides: Option<Vec<String>> = overrides();
    let title = told("title").unwrap_or_else(|| format!("journal {place}"));
    Facts {
        synthetic_accounts: title.contains("accounts synthetic"),
        title,
        schema: "clearsim.run-report/1",
        rulebook: told("rulebook").unwrap_or_else(|| "of the journal".to_owned()),
        overrides: overrides.unwrap_or_default(),
        seed: recorded.as_ref().and_then(|value| value.get("seed")?.as_u64()),
        until: args.until.clone(),
        state_digest,
        place: place.to_owned(),
        next,
    }
}

fn print(console: &mut Console, facts: &Facts, run: &Sequenced, snapshots: &[u64]) -> Answer {
    if console.json {
        let mut document = document(facts, &run.statistics);
        document["snapshots_equal"] = json!(snapshots);
        document["wall"] = record::wall(run);
        console.document(&document)?;
    } else {
        for line in screen(facts, &run.statistics) {
            console.line(line)?;
        }
    }
    for sequence in snapshots {
        console.note(&format!("from the snapshot at {sequence}: the same digest"));
    }
    Ok(DONE)
}

/// Commands as JSON lines, sequenced as they come.
fn from_stdin(console: &mut Console, args: &RunArgs) -> Answer {
    let named = args.rulebook.as_deref().unwrap_or("default");
    let rulebook = rulebooks::find(named, None, &args.keep.set)?;
    let until = args.until.as_deref().map(|text| {
        let expected = "a UTC time such as 2020-03-12T10:00:00Z";
        feed::time::utc(text).ok_or_else(|| Failure::argument("--until", expected, text))
    });
    let until = until.transpose()?;
    let mut lines = Lines::new(until, &rulebook.rules);
    let first = lines.next().transpose()?;
    if first.as_ref().is_some_and(is_genesis) {
        own_rules(args, "genesis on the first line")?;
    }
    let (genesis, pending) = begin(&rulebook, first);
    let directory = Directory::named(&args.keep.runs, &format!("stdin-{}", std::process::id()));
    directory.create()?;
    let interrupt = Interrupt::listen();
    let engine = Engine {
        directory: &directory,
        keep: &args.keep,
        window: None,
        end: None,
        interrupt: &interrupt,
    };
    let commands = pending.into_iter().map(Ok).chain(&mut lines);
    let mut chronicle = Chronicle::default();
    let mut tables = Tables::into_folder(directory.partial());
    let going_on = stdin_record(args, &rulebook, json!([{ "file": "stdin" }]));
    let mut begun = Begun { directory: &directory, record: &going_on, id: Some("stdin") };
    let mut listeners: Vec<&mut dyn Listener> = vec![&mut begun, &mut chronicle];
    if !args.keep.no_tables {
        listeners.push(&mut tables);
    }
    let run = engine.run(console, genesis, commands, &mut listeners);
    // What was read from stdin cannot be read again, so nothing can go on with half of it.
    let run = run.inspect_err(|_| directory.discard())?;
    let inputs = json!([{ "file": "stdin", "blake3": lines.hasher.finalize().to_hex().as_str() }]);
    let mut named = rulebook;
    if let Some(rules) = &run.statistics.rulebook {
        named.rules = rules.clone();
    }
    let mut record = stdin_record(args, &named, inputs);
    record.tables = tables.written().to_vec();
    let directory = directory.renamed(&record.id());
    let place = directory.complete_path().display().to_string();
    let mut facts = journal_facts(&place, args, &run.statistics, hex(&run.state_digest));
    facts.title.clone_from(&record.title);
    facts.rulebook.clone_from(&record.rulebook.name);
    facts.overrides.clone_from(&record.overrides);
    if run.stopped {
        console.warn(&format!("stopped after event {}", run.statistics.last_sequence));
        directory.discard();
        return Ok(INTERRUPTED);
    }
    record::write(console, &directory, &record, &facts, &run, &[])?;
    report::write(directory.partial(), chronicle)?;
    let kept = directory.complete(&facts.state_digest, args.keep.force)?;
    facts.place = kept.path().display().to_string();
    let exit = record::report_kept(console, &kept, &facts.state_digest);
    print(console, &facts, &run, &[])?;
    Ok(exit)
}

/// What is known of a run of commands from stdin.
fn stdin_record(args: &RunArgs, rulebook: &rulebooks::Named, inputs: Value) -> Record {
    Record {
        name: "stdin".to_owned(),
        inputs,
        provenance: json!([]),
        window: None,
        known_gaps: json!([]),
        manifest: String::new(),
        title: "commands from stdin".to_owned(),
        rulebook: rulebook.clone(),
        accounts_under: None,
        overrides: args.keep.set.clone(),
        seed: None,
        until: args.until.clone(),
        tables: Vec::new(),
    }
}

fn is_genesis(command: &ExternalCommand) -> bool {
    matches!(command.command, domain::Command::Genesis(_))
}

/// Genesis as it stands in the first line, else one made of the rulebook; and what comes next.
fn begin(
    rulebook: &rulebooks::Named,
    first: Option<ExternalCommand>,
) -> (ExternalCommand, Option<ExternalCommand>) {
    match first {
        Some(first) if is_genesis(&first) => (first, None),
        first => {
            let wish = first.as_ref().map_or(Timestamp::START, |first| first.wish);
            let genesis = domain::command::Genesis {
                semantics: clearing::SEMANTICS,
                seal_interval: SEAL_INTERVAL,
                rulebook: rulebook.rules.clone(),
            };
            let command = genesis.into();
            (ExternalCommand { producer: PRODUCER, producer_seq: 1, wish, command }, first)
        }
    }
}

/// Standard input, line by line.
struct Lines {
    input: std::io::StdinLock<'static>,
    reader: LineReader,
    hasher: blake3::Hasher,
    number: u64,
    text: String,
    until: Option<Timestamp>,
}

impl Lines {
    fn new(until: Option<Timestamp>, rulebook: &Rulebook) -> Lines {
        Lines {
            input: std::io::stdin().lock(),
            reader: LineReader::under(rulebook),
            hasher: blake3::Hasher::new(),
            number: 0,
            text: String::new(),
            until,
        }
    }

    /// The fault with its line.
    fn placed(&self, mut errors: FeedErrors) -> FeedErrors {
        for error in &mut errors.errors {
            let place = Place::line("stdin", self.number).excerpt(&self.text);
            let path = error.place.path.take().filter(|path| !path.is_empty());
            *error.place = Place { path, ..place };
        }
        errors
    }

    fn read(&mut self) -> Answer<Option<ExternalCommand>> {
        loop {
            self.text.clear();
            let read = self.input.read_line(&mut self.text);
            let stdin = Path::new("stdin");
            if read.map_err(|error| Failure::io("read", stdin, &error))? == 0 {
                return Ok(None);
            }
            self.number += 1;
            self.hasher.update(self.text.as_bytes());
            let command = self.reader.read(&self.text).map_err(|errors| self.placed(errors))?;
            if command.is_some() {
                return Ok(command);
            }
        }
    }
}

impl Iterator for Lines {
    type Item = Answer<ExternalCommand>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.read().transpose()?;
        match (&next, self.until) {
            (Ok(command), Some(until)) if command.wish >= until => None,
            _ => Some(next),
        }
    }
}
