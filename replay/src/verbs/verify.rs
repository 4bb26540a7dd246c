//! `verify`: a journal rebuilt from genesis, every seal and every snapshot met. Changes nothing.

use std::path::Path;
use std::sync::Arc;

use clearing::ClearingHouse;
use domain::{Effect, Event};
use runtime::rerun::{Witness, rerun};
use runtime::{Observer, RuntimeError};
use serde_json::{Value, json};
use store::journal::control::Seal;
use store::journal::{Chain, Options, Reader, Verdict, inspect};
use store::snapshot::Anchor;

use crate::cli::VerifyArgs;
use crate::console::Console;
use crate::directory;
use crate::failure::{Answer, DONE, FILE_HELP, FOUND, Failure};
use crate::golden::hex;
use crate::snapshots;

/// Verifies what was named.
///
/// # Errors
/// Exit 1 for damage or a digest that differs; 3 where there is no journal.
pub fn verify(console: &mut Console, args: &VerifyArgs) -> Answer {
    let journal = directory::find_journal(&args.source);
    let found = |failure: Failure| damage_is_found(&journal, failure);
    let storage = directory::open_storage(&journal)?;
    let options = Options::default();
    let report = inspect(Arc::clone(&storage), &options)
        .map_err(|error| found(Failure::store(&journal, &error)))?;
    let anchors = anchors(console, &args.source)?;
    let reader =
        Reader::open(storage, &options).map_err(|error| found(Failure::store(&journal, &error)))?;
    let mut house = ClearingHouse::new();
    let mut printed = Printed { console, anchors, failure: None, differs: 0 };
    let met = rerun(&mut house, reader, None, &mut printed);
    let Printed { anchors, failure, differs, .. } = printed;
    if let Some(failure) = failure {
        return Err(failure);
    }
    met.map_err(|error| found(Failure::runtime(&journal, &error)))?;
    let mut exit = if differs > 0 { FOUND } else { DONE };
    for anchor in anchors {
        let note = "not at a batch border of this journal";
        row(console, "snapshot", anchor.sequence, &hex(&anchor.state_digest), note)?;
        exit = FOUND;
    }
    if let Verdict::Torn { position, sequence, .. } = &report.verdict {
        let place = format!("segment {} offset {}", position.segment, position.offset);
        let note = format!("unacknowledged bytes at {place}, cut at the next start");
        row(console, "torn", *sequence, "-", &note)?;
    }
    let digest = hex(&house.state_digest());
    row(console, "state", house.sequence().number(), &digest, "")?;
    Ok(exit.max(compare_record(console, &args.source, &digest, house.sequence().number())))
}

/// Damage is what `verify` looks for: exit 1 where other verbs could not finish.
fn damage_is_found(journal: &Path, failure: Failure) -> Failure {
    match failure {
        Failure::Said { errors, .. }
            if errors.errors.iter().any(|error| {
                ["journal.corrupt", "journal.diverged"].contains(&error.code.as_str())
            }) =>
        {
            let mut errors = errors;
            for error in &mut errors.errors {
                if error.help.as_deref() == Some(FILE_HELP) {
                    continue;
                }
                let words = "clearsim log repair --accept-loss-from SEQ gives up what follows";
                error.help = Some(format!("{words}; a copy is kept in {}", journal.display()));
            }
            Failure::Said { exit: FOUND, errors }
        }
        other => other,
    }
}

fn anchors(console: &Console, place: &Path) -> Answer<Vec<Anchor>> {
    let Some(folder) = directory::find_snapshots(place) else { return Ok(Vec::new()) };
    let Some(store) = snapshots::read(console, &folder)? else { return Ok(Vec::new()) };
    store.list().map_err(|error| Failure::store(&folder, &error))
}

/// Prints a line per seal and snapshot while the journal is applied.
struct Printed<'a> {
    console: &'a mut Console,
    anchors: Vec<Anchor>,
    failure: Option<Failure>,
    differs: u64,
}

impl Observer for Printed<'_> {
    fn observe(&mut self, _event: &Event, _effects: &[Effect]) {}

    fn sealed(&mut self, seal: &Seal) {
        let digest = hex(&seal.seal_digest);
        let printed = row(self.console, "seal", seal.at_seq, &digest, "");
        self.failure = self.failure.take().or(printed.err());
    }
}

impl Witness for Printed<'_> {
    fn border(&mut self, house: &ClearingHouse, chain: Chain) -> Result<(), RuntimeError> {
        let here =
            |anchor: &Anchor| anchor.sequence == house.sequence().number() && anchor.chain == chain;
        if let Some(place) = self.anchors.iter().position(here) {
            let anchor = self.anchors.remove(place);
            let equal = anchor.state_digest == house.state_digest();
            let note = if equal { "" } else { "differs from the journal" };
            self.differs += u64::from(!equal);
            let digest = hex(&anchor.state_digest);
            let printed = row(self.console, "snapshot", anchor.sequence, &digest, note);
            self.failure = self.failure.take().or(printed.err());
        }
        match &self.failure {
            None => Ok(()),
            Some(_) => {
                let error = std::io::ErrorKind::BrokenPipe.into();
                Err(RuntimeError::Io { doing: "print a line", error })
            }
        }
    }
}

fn row(console: &mut Console, kind: &str, sequence: u64, digest: &str, note: &str) -> Answer<()> {
    if console.json {
        let mut line = json!({ "kind": kind, "sequence": sequence, "digest": digest });
        if !note.is_empty() {
            line["note"] = json!(note);
        }
        console.line(line.to_string())
    } else {
        console.line(format!("{kind:<9}{sequence:>12}  {digest}  {note}").trim_end())
    }
}

/// A run directory names its own state digest; it has to be the journal's.
fn compare_record(console: &Console, place: &Path, digest: &str, sequence: u64) -> u8 {
    let path = place.join(directory::RUN_FILE);
    let Ok(text) = std::fs::read_to_string(&path) else { return DONE };
    let recorded: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    let same = |key: &str, value: Value| recorded.get(key).is_none_or(|known| *known == value);
    if same("state_digest", json!(digest)) && same("last_sequence", json!(sequence)) {
        return DONE;
    }
    let found = format!("{digest} after event {sequence}");
    let expected = format!(
        "the state digest of {} ({})",
        directory::RUN_FILE,
        recorded["state_digest"].as_str().unwrap_or("none")
    );
    let place = feed::error::Place::file(path.display().to_string());
    console.errors(&feed::error::FeedError::input("run.differs", place, expected, found).into());
    FOUND
}
