//! `run` of a scenario: a table of commands and of what must follow from them.
//!
//! The table is played on the machine without a journal; after every event each named law is
//! checked. A line that does not hold is what was looked for: exit 1.

use std::path::Path;

use clearing::{ClearingHouse, SEMANTICS};
use domain::{
    AccountId, Amount, AssetId, Effect, Event, Feed, FeedRole, Holder, HouseAccount, InstrumentId,
    Position, Price, Rulebook, Timestamp,
};
use feed::error::FeedErrors;
use feed::scenario::{Figures, Machine, parse, run as play};
use serde_json::json;

use crate::console::Console;
use crate::failure::{Answer, DONE, FOUND, Failure};
use crate::golden::hex;
use crate::rulebooks;

/// Plays a scenario file.
///
/// # Errors
/// A file that cannot be read or understood.
pub fn scenario(console: &mut Console, path: &Path) -> Answer {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| Failure::io("read", path, &error))?;
    let scenario = parse(&name, &text, &|word| rulebook(path, word))?;
    let mut machine = House(ClearingHouse::new());
    let report = play(&scenario, &mut machine);
    let digest = hex(&machine.0.state_digest());
    let (events, effects) = (report.events.len(), report.effects);
    if console.json {
        let mismatches = report.mismatches.iter().map(|mismatch| {
            json!({ "line": mismatch.line, "text": mismatch.text, "message": mismatch.message })
        });
        console.document(&json!({
            "schema": "clearsim.scenario-report/1",
            "scenario": name,
            "title": scenario.title,
            "events": events,
            "effects": effects,
            "mismatches": mismatches.collect::<Vec<_>>(),
            "state_digest": digest,
        }))?;
    } else {
        let title = if scenario.title.is_empty() { &name } else { &scenario.title };
        console.line(title)?;
        for mismatch in &report.mismatches {
            console.line(format!("{name}:{mismatch}"))?;
        }
        let short = digest.get(..16).unwrap_or(&digest);
        let missed = report.mismatches.len();
        console.line(format!(
            "{} lines, {missed} do not hold, {events} events, {effects} effects, digest {short}",
            scenario.lines.len()
        ))?;
    }
    Ok(if report.mismatches.is_empty() { DONE } else { FOUND })
}

/// A rulebook of the scenario's own folder, else one by name.
pub(crate) fn rulebook(scenario: &Path, word: &str) -> Result<Rulebook, FeedErrors> {
    let folder = scenario.parent().unwrap_or(Path::new("."));
    let own = folder.join(format!("{word}.toml"));
    let path =
        if own.is_file() { own } else { rulebooks::locate(word, Some(&folder.join("scenario"))) };
    feed::rulebook::load(&path)
}

/// The machine, asked as scenarios ask.
pub(crate) struct House(pub(crate) ClearingHouse);

impl Machine for House {
    fn semantics(&self) -> u32 {
        SEMANTICS
    }

    fn apply(&mut self, event: &Event) -> Result<Vec<Effect>, String> {
        let mut effects = Vec::new();
        self.0.apply(event, &mut effects);
        self.0.check_invariants().map_err(|violation| format!("  {violation}"))?;
        Ok(effects)
    }

    fn next_pulse(&self) -> Option<Timestamp> {
        self.0.next_pulse()
    }

    fn balance(&self, holder: Holder, asset: AssetId) -> Amount {
        match holder {
            Holder::House(house) => self.0.house_balance(house, asset),
            Holder::Client(account) => {
                let held = self.0.account(account).map(|view| view.balances).unwrap_or_default();
                let row = held.iter().find(|row| row.asset == asset);
                row.map_or(Amount::ZERO, |row| row.amount)
            }
        }
    }

    fn position(&self, holder: Holder, instrument: InstrumentId) -> Option<Position> {
        match holder {
            Holder::House(HouseAccount::Liquidity) => self.0.liquidity_position(instrument),
            Holder::House(_) => None,
            Holder::Client(account) => {
                let held = self.0.account(account)?.positions;
                held.into_iter().find(|position| position.instrument == instrument)
            }
        }
    }

    fn figures(&self, account: AccountId) -> Option<Figures> {
        let view = self.0.account(account)?;
        let requirement = view.assessment.requirement;
        Some(Figures {
            equity: view.assessment.equity,
            adjusted_equity: view.assessment.adjusted_equity,
            initial: requirement.initial,
            release: requirement.release,
            maintenance: requirement.maintenance,
            liquidating: view.liquidating,
        })
    }

    fn queue(&self) -> Vec<AccountId> {
        self.0.queue().to_vec()
    }

    fn price(&self, feed: Feed) -> Price {
        let known = match feed.role {
            FeedRole::Index => self.0.index(AssetId::new(feed.target)),
            FeedRole::Mark => self.0.mark(InstrumentId::new(feed.target)),
            FeedRole::Last => {
                self.0.instrument(InstrumentId::new(feed.target)).map(|market| market.last)
            }
        };
        known.unwrap_or_default()
    }
}
