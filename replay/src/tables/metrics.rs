//! `metrics`: a row for each minute in which something happened: counts, notionals, who bore what.
//!
//! `timestamp` is the start of the minute, `sequence` its last event. Sums are of that minute, but
//! `liquidating` and `fund_balance`, which are as of its end; values are in the numeraire.

use std::path::Path;

use domain::{Effect, Timestamp};

use super::chunk::Layers;
use super::market::Market;
use super::sheet::{Decimal, Form, Id, Sheet};
use super::steps::is_step;
use super::{Moment, PLACES, Written};
use crate::clockface::{minute_of, minute_start};
use crate::failure::Answer;

/// Counts of a minute, in the order of their columns.
const COUNTS: [&str; 9] = [
    "events",
    "effects",
    "refusals",
    "trades",
    "prices",
    "liquidations_started",
    "liquidations_ended",
    "steps",
    "cascades_limited",
];

/// Values of a minute, in the order of their columns.
const VALUES: [&str; 8] = [
    "reduced_notional",
    "deleveraged_notional",
    "taken_over_notional",
    "deficit",
    "insurance_fund",
    "deleveraged",
    "socialised",
    "uncovered",
];

#[derive(Debug, Clone, Copy, Default)]
struct Minute {
    number: i64,
    sequence: u64,
    counts: [u64; COUNTS.len()],
    values: [i128; VALUES.len()],
}

/// The table.
pub struct Metrics {
    sheet: Sheet,
    counts: [Id; COUNTS.len()],
    liquidating: Id,
    waves: Id,
    values: [Decimal; VALUES.len()],
    fund_balance: Decimal,
    minute: Option<Minute>,
    open: u64,
    waves_most: u64,
    fund: Option<(i128, u32)>,
}

impl Metrics {
    /// Creates the file.
    ///
    /// # Errors
    /// The disk.
    pub fn create(folder: &Path) -> Answer<Metrics> {
        let mut form = Form::new("metrics", 2);
        let counts = COUNTS.map(|name| form.id(name));
        let (liquidating, waves) = (form.id("liquidating"), form.id("waves_most"));
        let values = VALUES.map(|name| form.decimal(name, PLACES));
        let fund_balance = form.decimal("fund_balance", PLACES);
        let sheet = form.create(folder)?;
        let (minute, fund) = (None, None);
        let (open, waves_most) = (0, 0);
        Ok(Metrics {
            sheet,
            counts,
            liquidating,
            waves,
            values,
            fund_balance,
            minute,
            open,
            waves_most,
            fund,
        })
    }

    /// An event begins.
    ///
    /// # Errors
    /// The disk; a figure with too many digits.
    pub fn event(&mut self, moment: &Moment, effects: usize) -> Answer<()> {
        let number = minute_of(Timestamp::from_nanos(moment.at));
        if self.minute.is_some_and(|minute| minute.number != number) {
            self.write()?;
        }
        let fresh = Minute { number, ..Minute::default() };
        let minute = self.minute.get_or_insert(fresh);
        minute.sequence = moment.sequence;
        add(&mut minute.counts, 0, 1);
        add(&mut minute.counts, 1, effects as u64);
        Ok(())
    }

    /// One of its effects.
    pub fn effect(&mut self, market: &Market, effect: &Effect) {
        let Some(mut minute) = self.minute else { return };
        self.count(&mut minute, effect);
        if let Some((place, units)) = valued(market, effect)
            && let Some(sum) = minute.values.get_mut(place)
        {
            *sum += units;
        }
        self.minute = Some(minute);
    }

    /// The layers of the waterfall after it.
    pub fn layers(&mut self, market: &Market, layers: &[Layers]) {
        let numeraire = market.numeraire();
        if let Some(layers) = layers.iter().find(|layers| Some(layers.asset) == numeraire) {
            self.fund = Some((layers.fund.units(), market.names().decimals(layers.asset)));
        }
    }

    fn count(&mut self, minute: &mut Minute, effect: &Effect) {
        let place = match effect {
            Effect::Refused { .. } => 2,
            Effect::Novated { .. } => 3,
            Effect::PricePublished { .. } => 4,
            Effect::LiquidationStarted { wave, .. } => {
                self.open += 1;
                self.waves_most = self.waves_most.max(u64::from(*wave));
                5
            }
            Effect::LiquidationEnded { .. } => {
                self.open = self.open.saturating_sub(1);
                6
            }
            Effect::CascadeLimited { .. } => 8,
            step if is_step(step) => 7,
            _ => return,
        };
        add(&mut minute.counts, place, 1);
    }

    fn write(&mut self) -> Answer<()> {
        let Some(minute) = self.minute.take() else { return Ok(()) };
        let start = minute_start(minute.number).nanos();
        self.sheet.row(minute.sequence, 0, start)?;
        for (column, count) in self.counts.iter().zip(minute.counts) {
            self.sheet.id(*column, count);
        }
        self.sheet.id(self.liquidating, self.open);
        self.sheet.id(self.waves, self.waves_most);
        self.waves_most = 0;
        for (column, units) in self.values.iter().zip(minute.values) {
            self.sheet.decimal(*column, units, u32::from(PLACES))?;
        }
        match self.fund {
            Some((units, decimals)) => self.sheet.decimal(self.fund_balance, units, decimals),
            None => Ok(()),
        }
    }

    /// Completes the file.
    ///
    /// # Errors
    /// The disk.
    pub fn finish(mut self) -> Answer<Written> {
        self.write()?;
        self.sheet.finish()
    }
}

fn add(counts: &mut [u64], place: usize, more: u64) {
    if let Some(count) = counts.get_mut(place) {
        *count += more;
    }
}

/// Which value an effect adds to, and how much.
fn valued(market: &Market, effect: &Effect) -> Option<(usize, i128)> {
    Some(match *effect {
        Effect::PositionReduced { notional, .. } => (0, notional.units()),
        Effect::Deleveraged { instrument, quantity, .. } => {
            (1, market.notional(instrument, quantity)?.units())
        }
        Effect::PositionTakenOver { instrument, quantity, .. } => {
            (2, market.notional(instrument, quantity)?.units())
        }
        Effect::DeficitRecognised { value, .. } => (3, value.units()),
        Effect::InsuranceDrawn { value, .. } => (4, value.units()),
        Effect::DeficitDeleveraged { value, .. } => (5, value.units()),
        Effect::LossSocialised { value, .. } => (6, value.units()),
        Effect::LossUncovered { value, .. } => (7, value.units()),
        _ => return None,
    })
}
