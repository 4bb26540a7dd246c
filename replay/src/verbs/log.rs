//! `log`: what a journal holds, as rows; `log repair` gives up a damaged end.

mod columns;

use std::path::Path;
use std::sync::Arc;

use clearing::ClearingHouse;
use domain::{AccountId, Command, Effect, Event, Rulebook};
use runtime::rerun::{Witness, rerun};
use runtime::{Observer, RuntimeError};
use serde_json::{Value, json};
use store::codec;
use store::journal::{Chain, Options, Reader, Record, repair_accept_loss_from};
use store::storage::Storage;

use crate::cli::{LogAct, LogArgs, RowFormat};
use crate::console::Console;
use crate::directory;
use crate::failure::{Answer, DONE, FOUND, Failure};
use crate::rows::names::Names;
use crate::rows::{command, effect};
use crate::select::Bound;

/// Prints or repairs.
///
/// # Errors
/// No journal, damage, flags that were not understood. Exit 1 when no row matched.
pub fn log(console: &mut Console, args: &LogArgs) -> Answer {
    if let Some(LogAct::Repair { source, accept_loss_from, reason }) = &args.act {
        return repair(console, source, *accept_loss_from, reason);
    }
    let source = args.source.as_deref().unwrap_or(Path::new("."));
    let journal = directory::find_journal(source);
    let storage = directory::open_storage(&journal)?;
    if args.format == RowFormat::Parquet {
        return columns::log(console, Pick::new(args)?, &journal, storage);
    }
    let mut rows =
        Rows { console, pick: Pick::new(args)?, rulebook: None, count: 0, failure: None };
    if args.format == RowFormat::Csv {
        rows.console.line("sequence,time,producer,producer_seq,kind,command,effects")?;
    }
    if args.effects {
        let reader = open(&journal, storage)?;
        let answer = rerun(&mut ClearingHouse::new(), reader, None, &mut rows);
        match (rows.failure.take(), answer) {
            (Some(Stop::Failed(failure)), _) => return Err(failure),
            (Some(Stop::Passed), _) | (None, Ok(_)) => {}
            (None, Err(error)) => return Err(Failure::runtime(&journal, &error)),
        }
    } else {
        plain(&journal, storage, &mut rows)?;
    }
    Ok(if rows.count > 0 { DONE } else { FOUND })
}

fn open(journal: &Path, storage: Arc<dyn Storage>) -> Answer<Reader> {
    Reader::open(storage, &Options::default()).map_err(|error| Failure::store(journal, &error))
}

/// Events without effects: read, not applied.
fn plain(journal: &Path, storage: Arc<dyn Storage>, rows: &mut Rows<'_>) -> Answer<()> {
    let said = |error| Failure::store(journal, &error);
    let mut reader = open(journal, storage)?;
    while let Some(batch) = reader.next_batch().map_err(said)? {
        for record in batch.records() {
            let Record::Event(raw) = record else { continue };
            let event = codec::decode_event(&raw).map_err(said)?;
            rows.take(&event, None);
            match rows.failure.take() {
                Some(Stop::Failed(failure)) => return Err(failure),
                Some(Stop::Passed) => return Ok(()),
                None => {}
            }
        }
    }
    Ok(())
}

/// Which rows are wanted, and in what form.
struct Pick {
    from: Option<Bound>,
    to: Option<Bound>,
    account: Option<AccountId>,
    kind: Option<u16>,
    format: RowFormat,
}

impl Pick {
    fn new(args: &LogArgs) -> Answer<Pick> {
        let kind = args.kind.as_deref().map(|word| {
            let known = Command::KINDS.iter().find(|(_, known)| *known == word);
            known.map(|(kind, _)| *kind).ok_or_else(|| {
                let words: Vec<&str> = Command::KINDS.iter().map(|(_, word)| *word).collect();
                Failure::argument("--kind", format!("one of {}", words.join(", ")), word)
            })
        });
        Ok(Pick {
            from: args.from.as_deref().map(|text| Bound::parse("--from", text)).transpose()?,
            to: args.to.as_deref().map(|text| Bound::parse("--to", text)).transpose()?,
            account: args.account.map(AccountId::new),
            kind: kind.transpose()?,
            format: args.format,
        })
    }

    fn wants(&self, event: &Event, effects: Option<&[Effect]>) -> bool {
        let begun = self.from.is_none_or(|from| from.is_reached_by(event));
        let kind = self.kind.is_none_or(|kind| event.command.kind() == kind);
        let named = |account: AccountId| {
            let effects = effects.unwrap_or_default().iter();
            command::accounts(&event.command).contains(&Some(account))
                || effects.clone().any(|one| effect::accounts(one).contains(&Some(account)))
        };
        begun && kind && self.account.is_none_or(named)
    }

    /// Of several effects only those of the account that was asked for.
    fn wants_effect(&self, one: &Effect) -> bool {
        self.account.is_none_or(|account| effect::accounts(one).contains(&Some(account)))
    }
}

/// Why the walk ends early.
enum Stop {
    /// Beyond what was asked for.
    Passed,
    /// Could not print.
    Failed(Failure),
}

/// Prints events as they come.
struct Rows<'a> {
    console: &'a mut Console,
    pick: Pick,
    rulebook: Option<Rulebook>,
    count: u64,
    failure: Option<Stop>,
}

impl Rows<'_> {
    fn take(&mut self, event: &Event, effects: Option<&[Effect]>) {
        if self.failure.is_some() {
            return;
        }
        if self.pick.to.is_some_and(|to| to.is_passed_by(event)) {
            self.failure = Some(Stop::Passed);
            return;
        }
        match &event.command {
            Command::Genesis(asked) => self.rulebook = Some(asked.rulebook.clone()),
            Command::SetRulebook(asked) => self.rulebook = Some(asked.rulebook.clone()),
            _ => {}
        }
        if !self.pick.wants(event, effects) {
            return;
        }
        self.count += 1;
        let names = Names(self.rulebook.as_ref());
        let mut row = command::event(&names, event);
        if let Some(effects) = effects {
            let wanted = effects.iter().filter(|one| self.pick.wants_effect(one));
            row["effects"] = wanted.map(|one| effect::json(&names, one)).collect();
        }
        let line = match self.pick.format {
            RowFormat::Ndjson => row.to_string(),
            // Parquet is a file of its own kind.
            RowFormat::Csv | RowFormat::Parquet => csv(event, &row),
        };
        if let Err(failure) = self.console.line(line) {
            self.failure = Some(Stop::Failed(failure));
        }
    }
}

impl Observer for Rows<'_> {
    fn observe(&mut self, event: &Event, effects: &[Effect]) {
        self.take(event, Some(effects));
    }
}

impl Witness for Rows<'_> {
    fn border(&mut self, _house: &ClearingHouse, _chain: Chain) -> Result<(), RuntimeError> {
        match self.failure {
            None => Ok(()),
            Some(_) => {
                let error = std::io::ErrorKind::BrokenPipe.into();
                Err(RuntimeError::Io { doing: "print a row", error })
            }
        }
    }
}

fn csv(event: &Event, row: &Value) -> String {
    let quoted = |text: String| format!("\"{}\"", text.replace('"', "\"\""));
    let body = &row["command"][event.command.word()];
    let effects = row.get("effects").map_or_else(String::new, |list| quoted(list.to_string()));
    format!(
        "{},{},{},{},{},{},{effects}",
        event.sequence.number(),
        feed::time::text(event.timestamp),
        event.producer,
        event.producer_seq,
        event.command.word(),
        quoted(body.to_string())
    )
}

fn repair(console: &mut Console, source: &Path, sequence: u64, reason: &str) -> Answer {
    let journal = directory::find_journal(source);
    let storage = directory::open_storage(&journal)?;
    let repaired = repair_accept_loss_from(storage, &Options::default(), sequence, reason)
        .map_err(|error| Failure::store(&journal, &error))?;
    let last = repaired.opened.report.last_seq;
    if console.json {
        console.document(&json!({
            "schema": "clearsim.log-repair/1",
            "last_sequence": last,
            "given_up_bytes": repaired.bytes,
            "kept_in": repaired.file,
        }))?;
    } else {
        let (bytes, file) = (repaired.bytes, &repaired.file);
        console.line(format!("ends at event {last}; {bytes} bytes given up, kept in {file}"))?;
    }
    Ok(DONE)
}
