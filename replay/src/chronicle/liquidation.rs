//! Liquidations: each from its start to its end, the largest kept whole.
//!
//! Notional and values at 1e-16 of the numeraire, margin at 1e-22. A liquidation that waits for the
//! next pulse is one liquidation over several events.

use std::collections::BTreeMap;

use clearing::ClearingHouse;
use domain::effect::{Outcome, Stage};
use domain::{
    AccountId, AssetId, Effect, Event, InstrumentId, Price, Quantity, Rulebook, Sequence, Timestamp,
};

use super::loss::Layer;
use super::minutes::Flows;
use super::money::notional;

/// Liquidations kept whole: the largest by notional.
pub const LARGEST: usize = 20;

/// What of an instrument was closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Closed {
    /// The account's signed change.
    pub quantity: Quantity,
    /// At mark.
    pub notional: i128,
    /// Mark of the first step.
    pub mark: Price,
}

/// One liquidation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Liquidation {
    /// Its number, counted from 1 in the order in which they began.
    pub number: u64,
    /// Whose.
    pub account: AccountId,
    /// When it began, and in which event.
    pub at: Timestamp,
    /// The event.
    pub sequence: Sequence,
    /// The kind of command that set it off.
    pub kind: u16,
    /// The wave it began in.
    pub wave: u16,
    /// Equity at the start.
    pub equity: i128,
    /// Adjusted equity at the start, at 1e-22.
    pub adjusted_equity: i128,
    /// Maintenance margin at the start, at 1e-22.
    pub maintenance: i128,
    /// What was closed, by instrument.
    pub closed: BTreeMap<InstrumentId, Closed>,
    /// Sum of what was closed, at mark.
    pub notional: i128,
    /// Of it handed over to the backstop account.
    pub taken_over: i128,
    /// Whether impact alone took it below, and whether the index would have spared it.
    pub traced: Option<(bool, bool)>,
    /// Steps taken.
    pub steps: u64,
    /// Steps that could not be planned.
    pub skipped: u64,
    /// Assets sold for debts.
    pub sold: BTreeMap<AssetId, i128>,
    /// The furthest stage reached.
    pub stage: Stage,
    /// Its deficit and who bore it.
    pub layers: BTreeMap<Layer, i128>,
    /// How and when it ended; `None` where it still waits.
    pub ended: Option<(Timestamp, Outcome)>,
}

impl Liquidation {
    /// The instrument of which most was closed.
    pub fn main(&self) -> Option<(InstrumentId, Closed)> {
        let by_size = |(instrument, closed): &(&InstrumentId, &Closed)| {
            (closed.notional, std::cmp::Reverse(**instrument))
        };
        self.closed.iter().max_by_key(by_size).map(|(instrument, closed)| (*instrument, *closed))
    }
}

/// Key of liquidated notional: instrument, wave, and whether a long was closed.
pub type Part = (InstrumentId, u16, bool);

/// Liquidations of a run.
#[derive(Debug, Clone, Default)]
pub struct Liquidations {
    /// Notional by minute and part, positions deleveraged or handed over included.
    pub notional: Flows<Part>,
    /// Of it handed over to the backstop account, by minute and instrument.
    pub taken_over: Flows<InstrumentId>,
    /// Accounts that fell below maintenance margin, by minute.
    pub started: Flows<()>,
    /// Liquidations by outcome.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Liquidations by instrument of which most was closed.
    pub by_instrument: BTreeMap<InstrumentId, u64>,
    /// The largest ended ones, largest first.
    pub largest: Vec<Liquidation>,
    /// Largest shortfall to maintenance at a start, at 1e-22, with its account and time.
    pub largest_calls: Vec<(i128, AccountId, Timestamp)>,
    /// Notional by account.
    pub by_account: BTreeMap<AccountId, i128>,
    /// Deficit by account, where there was one.
    pub deficits: BTreeMap<AccountId, i128>,
    open: BTreeMap<AccountId, Liquidation>,
    count: u64,
}

/// Largest calls kept.
const CALLS: usize = 10;

impl Liquidations {
    /// Takes what concerns liquidations.
    pub fn take(
        &mut self,
        minute: i64,
        event: &Event,
        effect: &Effect,
        rulebook: &Rulebook,
        house: &ClearingHouse,
    ) {
        match *effect {
            Effect::LiquidationStarted { .. } => self.start(minute, event, effect),
            Effect::PositionReduced {
                account,
                instrument,
                stage,
                quantity,
                mark,
                notional,
                ..
            } => {
                if let Some(one) = self.open.get_mut(&account) {
                    one.stage = one.stage.max(stage);
                }
                self.close(minute, account, instrument, quantity, (mark, notional.units()));
            }
            Effect::Deleveraged { account, instrument, quantity, .. } => {
                let mark = house.mark(instrument).unwrap_or(Price::new(0));
                let worth = notional(rulebook, house, instrument, quantity, mark).unwrap_or(0);
                self.close(minute, account, instrument, quantity, (mark, worth));
            }
            Effect::PositionTakenOver { account, instrument, quantity, .. } => {
                let mark = house.mark(instrument).unwrap_or(Price::new(0));
                let worth = notional(rulebook, house, instrument, quantity, mark).unwrap_or(0);
                self.taken_over.add(minute, instrument, worth);
                if let Some(one) = self.open.get_mut(&account) {
                    one.taken_over += worth;
                }
                self.close(minute, account, instrument, quantity, (mark, worth));
            }
            Effect::LiquidationTraced { account, induced, wrongful, .. } => {
                if let Some(one) = self.open.get_mut(&account) {
                    one.traced = Some((induced, wrongful));
                }
            }
            Effect::CollateralSold { account, asset, amount, .. } => {
                if let Some(one) = self.open.get_mut(&account) {
                    one.steps += 1;
                    *one.sold.entry(asset).or_default() += amount.units();
                }
            }
            Effect::StepSkipped { account, .. } => {
                if let Some(one) = self.open.get_mut(&account) {
                    one.skipped += 1;
                }
            }
            Effect::LiquidationEnded { account, outcome } => {
                self.end(account, event.timestamp, outcome);
            }
            _ => self.bear(effect),
        }
    }

    fn start(&mut self, minute: i64, event: &Event, effect: &Effect) {
        let Effect::LiquidationStarted { account, wave, equity, adjusted_equity, maintenance } =
            *effect
        else {
            return;
        };
        self.started.add(minute, (), 1);
        let call = (maintenance - adjusted_equity).units();
        let place = self.largest_calls.partition_point(|(other, ..)| *other >= call);
        if place < CALLS {
            self.largest_calls.insert(place, (call, account, event.timestamp));
            self.largest_calls.truncate(CALLS);
        }
        self.count += 1;
        let fresh = Liquidation {
            number: self.count,
            account,
            at: event.timestamp,
            sequence: event.sequence,
            kind: event.command.kind(),
            wave,
            equity: equity.units(),
            adjusted_equity: adjusted_equity.units(),
            maintenance: maintenance.units(),
            closed: BTreeMap::new(),
            notional: 0,
            taken_over: 0,
            traced: None,
            steps: 0,
            skipped: 0,
            sold: BTreeMap::new(),
            stage: Stage::Partial,
            layers: BTreeMap::new(),
            ended: None,
        };
        self.open.insert(account, fresh);
    }

    fn close(
        &mut self,
        minute: i64,
        account: AccountId,
        instrument: InstrumentId,
        quantity: Quantity,
        (mark, worth): (Price, i128),
    ) {
        let wave = self.open.get(&account).map_or(0, |one| one.wave);
        self.notional.add(minute, (instrument, wave, quantity.is_negative()), worth);
        *self.by_account.entry(account).or_default() += worth;
        if let Some(one) = self.open.get_mut(&account) {
            let closed = one.closed.entry(instrument).or_default();
            closed.quantity += quantity;
            closed.notional += worth;
            if closed.mark == Price::new(0) {
                closed.mark = mark;
            }
            one.steps += 1;
            one.notional += worth;
        }
    }

    fn bear(&mut self, effect: &Effect) {
        let (account, layer, value) = match *effect {
            Effect::DeficitRecognised { account, value, .. } => (account, Layer::Deficit, value),
            Effect::InsuranceDrawn { account, value, .. } => (account, Layer::InsuranceFund, value),
            Effect::DeficitDeleveraged { account, value, .. } => {
                (account, Layer::Deleveraging, value)
            }
            Effect::LossSocialised { account, value, .. } => (account, Layer::Socialised, value),
            Effect::LossUncovered { account, value, .. } => (account, Layer::Uncovered, value),
            _ => return,
        };
        if layer == Layer::Deficit && value.is_positive() {
            *self.deficits.entry(account).or_default() += value.units();
        }
        if let Some(one) = self.open.get_mut(&account) {
            one.stage = Stage::Waterfall;
            *one.layers.entry(layer).or_default() += value.units();
        }
    }

    fn end(&mut self, account: AccountId, at: Timestamp, outcome: Outcome) {
        let Some(mut one) = self.open.remove(&account) else { return };
        one.ended = Some((at, outcome));
        *self.outcomes.entry(outcome_name(outcome)).or_default() += 1;
        self.keep(one);
    }

    fn keep(&mut self, one: Liquidation) {
        if let Some((instrument, _)) = one.main() {
            *self.by_instrument.entry(instrument).or_default() += 1;
        }
        let place = self.largest.partition_point(|other| other.notional >= one.notional);
        if place < LARGEST {
            self.largest.insert(place, one);
            self.largest.truncate(LARGEST);
        }
    }

    /// The run has ended: what is still open is kept as it is.
    pub fn finish(&mut self) {
        let open = std::mem::take(&mut self.open);
        for (_, one) in open {
            *self.outcomes.entry("still open").or_default() += 1;
            self.keep(one);
        }
    }
}

/// As a person reads it.
pub const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Released => "released",
        Outcome::ClosedOut => "closed out",
        Outcome::Bankrupt => "bankrupt",
    }
}
