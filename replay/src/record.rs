//! What a run directory says about a run: `run.json`, `rulebook.toml`, `summary.json`.
//!
//! Everything but the object `wall` is the same in every run of the same input.

use clearing::ClearingHouse;
use domain::{Effect, Event, Rulebook, Timestamp};
use feed::manifest::Manifest;
use runtime::latency::{LatencyTable, PERCENTILES};
use serde_json::{Value, json};

use crate::beside::{self, Row};
use crate::console::Console;
use crate::directory::{Directory, Kept, RULEBOOK_FILE, RUN_FILE, SUMMARY_FILE};
use crate::engine::Sequenced;
use crate::failure::{Answer, DONE, FOUND, Failure, TRY_LATER};
use crate::golden::hex;
use crate::listener::Listener;
use crate::machine;
use crate::rulebooks::Named;
use crate::summary::Facts;
use crate::summary::document::document;
use crate::summary::numbers::grouped;
use crate::summary::price_mode;
use crate::tables::Written;

/// What decides a run's outcome, and what it is called.
#[derive(Debug, Clone)]
pub struct Record {
    /// The day's name.
    pub name: String,
    /// Files with their hashes.
    pub inputs: Value,
    /// Where each series comes from.
    pub provenance: Value,
    /// First instant, and the first one after the run; `None` where commands alone tell.
    pub window: Option<[Timestamp; 2]>,
    /// Holes in the sources that are known and accepted.
    pub known_gaps: Value,
    /// Everything else that was asked for, as text that changes when it does.
    pub manifest: String,
    /// The title.
    pub title: String,
    /// The rules.
    pub rulebook: Named,
    /// The rules that accounts were invented under, or taken from a file under.
    pub accounts_under: Option<Named>,
    /// `--set`, as given.
    pub overrides: Vec<String>,
    /// Seed of what was invented.
    pub seed: Option<u64>,
    /// `--until`, as given.
    pub until: Option<String>,
    /// Tables that were written; they decide nothing.
    pub tables: Vec<Written>,
}

impl Record {
    /// `<day>-<rulebook>-<8 hex of a hash of all that decides the outcome>`.
    pub fn id(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let seed = self.seed.map_or_else(String::new, |seed| seed.to_string());
        let semantics = clearing::SEMANTICS.to_string();
        let rulebook = feed::rulebook::show(&self.rulebook.rules);
        for part in [
            self.inputs.to_string().as_str(),
            &self.manifest,
            &rulebook,
            &seed,
            price_mode(Some(&self.rulebook.rules)),
            &semantics,
            self.until.as_deref().unwrap_or(""),
        ] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        if let Some(accounts) = &self.accounts_under {
            let accounts = feed::rulebook::show(&accounts.rules);
            // Most runs have accounts of their own rules, and an id that says no more than these.
            if accounts != rulebook {
                hasher.update(accounts.as_bytes());
            }
        }
        let hash = hasher.finalize().to_hex();
        format!("{}-{}-{}", self.name, self.rulebook.name, &hash.as_str()[..8])
    }

    /// What `run.json` says of a run whose end is not known.
    fn begun(&self) -> Value {
        json!({
            "schema": "clearsim.run/1",
            "id": self.id(),
            "parent": null,
            "title": self.title,
            "window": self.window.map(|window| window.map(feed::time::text)),
            "provenance": self.provenance,
            "known_gaps": self.known_gaps,
            "price_mode": price_mode(Some(&self.rulebook.rules)),
            "inputs": self.inputs,
            "rulebook": self.rulebook.name,
            "rulebook_digest": digest(&self.rulebook.rules),
            "accounts_under": self.accounts_under.as_ref().map(|accounts| json!({
                "rulebook": accounts.name,
                "digest": digest(&accounts.rules),
            })),
            "overrides": self.overrides,
            "seed": self.seed,
            "until": self.until,
            "semantics": clearing::SEMANTICS,
            "first_sequence": 1,
        })
    }

    /// The document of `run.json`.
    fn document(&self, facts: &Facts, run: &Sequenced, wall: &Value) -> Value {
        let seals = &run.statistics.seals;
        let mut document = self.begun();
        document["last_sequence"] = json!(run.statistics.last_sequence);
        document["last_seal_digest"] = json!(seals.last().map(|(_, seal, _)| hex(seal)));
        document["state_digest"] = json!(facts.state_digest);
        document["tables"] = self.tables.iter().map(Written::json).collect();
        document["status"] = json!(if run.resumed > 0 { "recovered" } else { "ended" });
        document["wall"] = wall.clone();
        document
    }
}

/// BLAKE3 of a rulebook as a run directory shows it.
fn digest(rules: &Rulebook) -> String {
    blake3::hash(feed::rulebook::show(rules).as_bytes()).to_hex().to_string()
}

/// The gaps that a manifest declares: source, first missing bar, and the next one that is there.
pub fn known_gaps(manifest: &Manifest) -> Value {
    let gaps = manifest.known_gap.iter().map(|gap| {
        json!({
            "source": gap.source,
            "from": feed::time::text(gap.from),
            "to": gap.to.map(feed::time::text),
        })
    });
    Value::Array(gaps.collect())
}

/// Says in `run.json`, as soon as there is a directory, that the run is going on.
pub struct Begun<'a> {
    /// Where.
    pub directory: &'a Directory,
    /// What.
    pub record: &'a Record,
    /// What the run is called until its end decides its id; the record's own if absent.
    pub id: Option<&'a str>,
}

impl Begun<'_> {
    fn write(&self, status: &str) -> Answer<()> {
        let mut document = self.record.begun();
        if let Some(id) = self.id {
            document["id"] = json!(id);
        }
        document["status"] = json!(status);
        self.directory.write_json(RUN_FILE, &document)
    }

    /// Says that the run failed, unless it is another process's.
    pub fn failed(&self, failure: &Failure) {
        let other = matches!(failure, Failure::Said { exit: TRY_LATER, .. } | Failure::PipeClosed);
        if !other && self.directory.has_journal() {
            // What failed is said anyway.
            let _ = self.write("failed");
        }
    }
}

impl Listener for Begun<'_> {
    fn begin(&mut self) -> Answer<()> {
        self.write("running")
    }

    fn event(&mut self, _: &Event, _: &[Effect], _: &ClearingHouse) -> Answer<()> {
        Ok(())
    }
}

/// Writes the three files and says how fast it went; returns the summary's document.
///
/// # Errors
/// The disk.
pub fn write(
    console: &Console,
    directory: &Directory,
    record: &Record,
    facts: &Facts,
    run: &Sequenced,
    beside: &[Row],
) -> Answer<Value> {
    let wall = wall(run);
    say_speed(console, run);
    let mut summary = document(facts, &run.statistics);
    if !beside.is_empty() {
        summary["published"] = beside::document(beside);
    }
    summary["wall"] = wall.clone();
    let mut wall = wall;
    wall["program"] = json!(machine::program_hash());
    directory.write(RULEBOOK_FILE, &feed::rulebook::show(&record.rulebook.rules))?;
    directory.write_json(SUMMARY_FILE, &summary)?;
    directory.write_json(RUN_FILE, &record.document(facts, run, &wall))?;
    Ok(summary)
}

/// What differs between two runs of one input.
pub fn wall(run: &Sequenced) -> Value {
    let seconds = run.elapsed.as_secs_f64();
    let here = run.statistics.events - run.resumed;
    json!({
        "seconds": format!("{seconds:.3}"),
        "events_per_second": per_second(here, seconds),
        "events_resumed": run.resumed,
        "peak_memory_bytes": machine::peak_memory(),
        "latency_ns": run.latencies.as_ref().map(latencies),
    })
}

/// Percentiles of each stage of a command's way, over all kinds.
fn latencies(table: &LatencyTable) -> Value {
    let rows = table.rows.iter().filter(|row| row.kind.is_none());
    let rows = rows.map(|row| {
        let percentiles = PERCENTILES.iter().zip(row.percentiles_ns);
        let mut figures: serde_json::Map<String, Value> =
            percentiles.map(|((name, _), nanos)| ((*name).to_owned(), json!(nanos))).collect();
        figures.insert("max".to_owned(), json!(row.max_ns));
        figures.insert("count".to_owned(), json!(row.count));
        (row.stage.word().to_owned(), Value::Object(figures))
    });
    Value::Object(rows.collect())
}

fn per_second(events: u64, seconds: f64) -> Option<u64> {
    (seconds > 0.0).then(|| (events as f64 / seconds).round() as u64)
}

/// Says on stderr how fast it went and what it took.
pub fn say_speed(console: &Console, run: &Sequenced) {
    let statistics = &run.statistics;
    let seconds = run.elapsed.as_secs_f64();
    let here = statistics.events - run.resumed;
    let rate = per_second(here, seconds).unwrap_or(0);
    let refused: u64 = statistics.refusals.values().sum();
    let memory = machine::peak_memory().map_or_else(String::new, |bytes| {
        format!(", peak memory {} MB", grouped(u128::from(bytes / 1_000_000)))
    });
    let reasons = statistics
        .refusals
        .iter()
        .map(|(refusal, count)| format!("{} {}", grouped(u128::from(*count)), refusal.word()));
    let reasons: Vec<String> = reasons.collect();
    let why = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
    console.note(&format!(
        "{} accounts, {} events ({} refused{why}) in {seconds:.2} s, {} events/s{memory}",
        grouped(u128::from(statistics.accounts)),
        grouped(u128::from(statistics.events)),
        grouped(u128::from(refused)),
        grouped(u128::from(rate)),
    ));
}

/// Says how the run relates to an earlier one of its id.
pub fn report_kept(console: &Console, kept: &Kept, digest: &str) -> u8 {
    match kept {
        Kept::New(_) => DONE,
        Kept::Same(path) => {
            console.note(&format!("equals the earlier run {}", path.display()));
            DONE
        }
        Kept::Differs { here, earlier, digest: other } => {
            let place = feed::error::Place::file(here.display().to_string());
            let expected = format!("the state digest of {} ({other})", earlier.display());
            let error = feed::error::FeedError::input("run.differs", place, expected, digest)
                .help("both are kept; --force replaces the earlier one");
            console.errors(&error.into());
            FOUND
        }
    }
}
