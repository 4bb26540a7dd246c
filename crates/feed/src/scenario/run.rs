//! Playing a scenario on a machine: stamping, pulses, and comparing what followed.

use std::fmt;

use domain::command::{Genesis, Pulse};
use domain::event::HOUSE_PRODUCER;
use domain::wide::cmp_products;
use domain::{
    AccountId, Amount, AssetId, Effect, Event, Feed, Holder, InstrumentId, Position, Price,
    Sequence, Timestamp, Value, Weighted,
};

use super::claims::{Claim, Figure, Status};
use super::effects::{agrees, describe};
use super::names::{VALUE_DIGITS, WEIGHTED_DIGITS};
use super::{Act, Line, PRODUCER, Scenario};
use crate::decimal::{exact, in_unit_wide, text};

/// Events between two seals of a scenario.
const SEAL_INTERVAL: u64 = 64;

/// Pulses that one line may stamp: more is a machine that asks for time without end.
const PULSES_MAX: usize = 100_000;

/// What an account comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Balances at index plus unrealised PnL.
    pub equity: Value,
    /// Equity after haircuts and liability weights.
    pub adjusted_equity: Weighted,
    /// Initial margin.
    pub initial: Weighted,
    /// Release margin.
    pub release: Weighted,
    /// Maintenance margin.
    pub maintenance: Weighted,
    /// Being sold out.
    pub liquidating: bool,
}

/// Whatever a scenario can be played on: takes events, answers with effects, can be asked.
pub trait Machine {
    /// Version of its behaviour, for the genesis.
    fn semantics(&self) -> u32;
    /// Applies the next event and returns what followed.
    ///
    /// # Errors
    /// A law that does not hold afterwards, in words.
    fn apply(&mut self, event: &Event) -> Result<Vec<Effect>, String>;
    /// When it needs a pulse.
    fn next_pulse(&self) -> Option<Timestamp>;
    /// A balance as last posted.
    fn balance(&self, holder: Holder, asset: AssetId) -> Amount;
    /// An open position of a client or of the liquidity account.
    fn position(&self, holder: Holder, instrument: InstrumentId) -> Option<Position>;
    /// What an account comes to; `None` if it was not opened.
    fn figures(&self, account: AccountId) -> Option<Figures>;
    /// The accounts that wait for a pulse, ascending.
    fn queue(&self) -> Vec<AccountId>;
    /// The last good price of a stream; zero before the first.
    fn price(&self, feed: Feed) -> Price;
}

/// A line whose expectation did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Line of the file, from 1.
    pub line: u64,
    /// The line as written.
    pub text: String,
    /// Expected and found.
    pub message: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}\n{}", self.line, self.text, self.message)
    }
}

/// A scenario played.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Every event stamped, genesis and pulses included.
    pub events: Vec<Event>,
    /// How many effects followed.
    pub effects: usize,
    /// Lines that did not hold, in order; a broken law ends the run.
    pub mismatches: Vec<Mismatch>,
}

/// Plays a scenario: genesis first, then line by line; before a line every pulse that is due.
pub fn run(scenario: &Scenario, machine: &mut dyn Machine) -> Report {
    let mut player = Player {
        scenario,
        machine,
        report: Report::default(),
        now: scenario.begins_at,
        counts: [0; 2],
    };
    let genesis = Genesis {
        semantics: player.machine.semantics(),
        seal_interval: SEAL_INTERVAL,
        rulebook: scenario.rulebook.clone(),
    };
    let adopted = player.stamp(PRODUCER, genesis.into());
    if !matches!(adopted.as_deref(), Ok([Effect::RulebookAdopted { .. }])) {
        player.mismatch(0, "genesis", format!("  found {adopted:?}"));
        return player.report;
    }
    for line in &scenario.lines {
        if player.play(line).is_err() {
            break;
        }
    }
    player.report
}

/// A broken law: nothing after it means anything.
struct Broken;

struct Player<'a> {
    scenario: &'a Scenario,
    machine: &'a mut dyn Machine,
    report: Report,
    now: Timestamp,
    /// Last count of the house and of the scenario's producer.
    counts: [u64; 2],
}

impl Player<'_> {
    fn stamp(&mut self, producer: u32, command: domain::Command) -> Result<Vec<Effect>, String> {
        let count = &mut self.counts[usize::from(producer == PRODUCER)];
        *count += 1;
        let sequence = Sequence::new(self.report.events.len() as u64 + 1);
        let event =
            Event { sequence, timestamp: self.now, producer, producer_seq: *count, command };
        let effects = self.machine.apply(&event);
        self.report.events.push(event);
        if let Ok(effects) = &effects {
            self.report.effects += effects.len();
        }
        effects
    }

    /// Stamps every pulse due until `until`, each at its own time.
    fn stamp_due(&mut self, until: Timestamp) -> Result<Vec<Effect>, String> {
        let mut followed = Vec::new();
        for _ in 0..PULSES_MAX {
            let due = self.machine.next_pulse().map(|due| due.max(self.now));
            let Some(due) = due.filter(|due| *due <= until) else {
                self.now = until.max(self.now);
                return Ok(followed);
            };
            self.now = due;
            followed.extend(self.stamp(HOUSE_PRODUCER, Pulse {}.into())?);
        }
        Err(format!("more than {PULSES_MAX} pulses until {}", until.nanos()))
    }

    fn play(&mut self, line: &Line) -> Result<(), Broken> {
        let followed = match &line.act {
            Act::State(claims) => {
                for claim in claims {
                    if let Err(message) = self.holds(claim) {
                        self.mismatch(line.number, &line.text, message);
                    }
                }
                return Ok(());
            }
            Act::Wait { until } => self.stamp_due(*until),
            Act::Pulse { at } => {
                self.before(line, *at)?;
                self.stamp(HOUSE_PRODUCER, Pulse {}.into())
            }
            Act::Send { at, command } => {
                self.before(line, *at)?;
                self.stamp(PRODUCER, command.clone())
            }
        };
        match followed {
            Ok(effects) => {
                self.compare(line, &effects);
                Ok(())
            }
            Err(message) => {
                self.mismatch(line.number, &line.text, message);
                Err(Broken)
            }
        }
    }

    /// Pulses due before a command have no line of their own: they must bring nothing about.
    fn before(&mut self, line: &Line, at: Timestamp) -> Result<(), Broken> {
        let message = match self.stamp_due(at) {
            Ok(effects) if effects.is_empty() => return Ok(()),
            Ok(effects) => {
                let list = self.list(&effects);
                let message = format!("  a pulse is due before it (write `wait 0s`):\n{list}");
                self.mismatch(line.number, &line.text, message);
                return Ok(());
            }
            Err(message) => message,
        };
        self.mismatch(line.number, &line.text, message);
        Err(Broken)
    }

    fn list(&self, effects: &[Effect]) -> String {
        let lines: Vec<String> = effects
            .iter()
            .map(|effect| format!("   -> {}", describe(effect, &self.scenario.names)))
            .collect();
        if lines.is_empty() { "   -> nothing".to_owned() } else { lines.join("\n") }
    }

    fn mismatch(&mut self, line: u64, text: &str, message: String) {
        self.report.mismatches.push(Mismatch { line, text: text.to_owned(), message });
    }

    fn compare(&mut self, line: &Line, effects: &[Effect]) {
        let Some(expected) = &line.expected else {
            let quiet = |effect: &Effect| {
                !matches!(effect, Effect::Refused { .. } | Effect::LiquidationStarted { .. })
            };
            if !effects.iter().all(quiet) {
                let found = self.list(effects);
                let message = format!("  expected no refusal and no liquidation, found\n{found}");
                self.mismatch(line.number, &line.text, message);
            }
            return;
        };
        let names = &self.scenario.names;
        let same = expected.len() == effects.len()
            && expected.iter().zip(effects).all(|(wanted, found)| wanted.matches(found, names));
        if same {
            return;
        }
        let place = expected
            .iter()
            .zip(effects)
            .position(|(wanted, found)| !wanted.matches(found, names))
            .unwrap_or_else(|| expected.len().min(effects.len()));
        let found = self.list(effects);
        let message = format!(
            "  {} effects expected, the first difference is number {}; found\n{found}",
            expected.len(),
            place + 1
        );
        self.mismatch(line.number, &line.text, message);
    }

    /// Whether a statement holds; the error says what is held instead.
    fn holds(&self, claim: &Claim) -> Result<(), String> {
        let names = &self.scenario.names;
        let check = |holds: bool, found: String| {
            if holds { Ok(()) } else { Err(format!("  found {found}")) }
        };
        match claim {
            Claim::Balance(holder, asset, amount) => {
                let found = self.machine.balance(*holder, *asset);
                let row = (names.holder(*holder), names.asset(*asset), names.amount(*asset, found));
                check(found == *amount, format!("{} {} {}", row.0, row.1, row.2))
            }
            Claim::Position(holder, instrument, quantity) => {
                let found = self.machine.position(*holder, *instrument);
                let found = found.map_or(domain::Quantity::ZERO, |held| held.quantity);
                let printed = names.quantity(*instrument, found);
                check(found == *quantity, format!("{} {printed}", names.holder(*holder)))
            }
            Claim::Cost(holder, instrument, cost) => {
                let found = self.machine.position(*holder, *instrument);
                let found = found.map_or(0, |held| held.cost.units());
                let printed = text(found, VALUE_DIGITS);
                check(found == *cost, format!("{} {printed}", names.holder(*holder)))
            }
            Claim::Figure(figure, account, written) => {
                let name = names.account(*account);
                let Some(figures) = self.machine.figures(*account) else {
                    return Err(format!("  found no account {name}"));
                };
                let found = printed(*figure, &figures, written);
                check(agrees(written, &found), format!("{name} {found}"))
            }
            Claim::Status(account, status) => {
                let found = self.machine.figures(*account).is_some_and(|held| held.liquidating);
                let word = if found { "liquidating" } else { "calm" };
                let wanted = *status == Status::Liquidating;
                check(found == wanted, format!("{} {word}", names.account(*account)))
            }
            Claim::Queue(accounts) => {
                let found = self.machine.queue();
                let printed: Vec<String> =
                    found.iter().map(|account| names.account(*account)).collect();
                check(found == *accounts, format!("queue {}", printed.join(" ")))
            }
            Claim::Price(feed, price) => {
                let found = self.machine.price(*feed);
                check(found == *price, names.price(*feed, found))
            }
        }
    }
}

/// A figure as a decimal. A margin ratio is not a decimal in general: it prints as it was written
/// where it equals that exactly, by cross-multiplication.
fn printed(figure: Figure, figures: &Figures, written: &str) -> String {
    let weighted = |value: Weighted| text(value.units(), WEIGHTED_DIGITS);
    match figure {
        Figure::Equity => text(figures.equity.units(), VALUE_DIGITS),
        Figure::AdjustedEquity => weighted(figures.adjusted_equity),
        Figure::Initial => weighted(figures.initial),
        Figure::Release => weighted(figures.release),
        Figure::Maintenance => weighted(figures.maintenance),
        Figure::MarginRatio => {
            let (over, under) = (figures.adjusted_equity, figures.maintenance);
            let million = 1_000_000;
            let wanted = exact(written).and_then(|value| in_unit_wide(value, 6));
            let same = wanted.is_ok_and(|wanted| {
                cmp_products(over.units(), million, wanted, under.units()).is_eq()
            });
            if same {
                return written.to_owned();
            }
            format!("{} / {}", weighted(over), weighted(under))
        }
    }
}
