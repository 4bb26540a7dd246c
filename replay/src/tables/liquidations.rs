//! `liquidations`: one row for each, from its start to its end, over all its events.
//!
//! Rows stand in the order of starts, so that one which waits for a pulse holds back those that
//! started after it. Without an end it was still going on when the run ended. Sums of notionals
//! (closed on the liquidity account, against winners, taken over by the backstop account) and of
//! what layers bore are in the numeraire.

use std::collections::VecDeque;
use std::path::Path;

use domain::Effect;

use super::market::Market;
use super::sheet::{Decimal, Form, Id, Sheet, Time, Word};
use super::steps::is_step;
use super::{Moment, PLACES, WEIGHTED_PLACES, Written};
use crate::causes::Cause;
use crate::failure::Answer;
use crate::rows::words;

#[derive(Debug, Clone, Copy)]
struct Columns {
    liquidation: Id,
    account: Id,
    wave: Id,
    command: Word,
    equity: Decimal,
    adjusted_equity: Decimal,
    maintenance: Decimal,
    ended_sequence: Id,
    ended_ordinal: Id,
    ended_at: Time,
    outcome: Word,
    steps: Id,
    reduced: Decimal,
    deleveraged_notional: Decimal,
    taken_over: Decimal,
    deficit: Decimal,
    insurance_fund: Decimal,
    deleveraged: Decimal,
    socialised: Decimal,
    uncovered: Decimal,
}

/// One liquidation so far.
#[derive(Debug, Clone, Copy)]
struct Row {
    number: u64,
    started: Moment,
    ordinal: u64,
    effect: Effect,
    ended: Option<(Moment, u64, &'static str)>,
    steps: u64,
    reduced: i128,
    deleveraged_notional: i128,
    taken_over: i128,
    deficit: i128,
    insurance_fund: i128,
    deleveraged: i128,
    socialised: i128,
    uncovered: i128,
}

/// The table.
pub struct Liquidations {
    sheet: Sheet,
    columns: Columns,
    /// Those not written yet, by number.
    rows: VecDeque<Row>,
}

impl Liquidations {
    /// Creates the file.
    ///
    /// # Errors
    /// The disk.
    pub fn create(folder: &Path) -> Answer<Liquidations> {
        let mut form = Form::new("liquidations", 2);
        let columns = Columns {
            liquidation: form.id("liquidation"),
            account: form.id("account"),
            wave: form.id("wave"),
            command: form.word("command"),
            equity: form.decimal("equity", PLACES),
            adjusted_equity: form.decimal("adjusted_equity", WEIGHTED_PLACES),
            maintenance: form.decimal("maintenance", WEIGHTED_PLACES),
            ended_sequence: form.id("ended_sequence"),
            ended_ordinal: form.id("ended_ordinal"),
            ended_at: form.time("ended_at"),
            outcome: form.word("outcome"),
            steps: form.id("steps"),
            reduced: form.decimal("reduced_notional", PLACES),
            deleveraged_notional: form.decimal("deleveraged_notional", PLACES),
            taken_over: form.decimal("taken_over_notional", PLACES),
            deficit: form.decimal("deficit", PLACES),
            insurance_fund: form.decimal("insurance_fund", PLACES),
            deleveraged: form.decimal("deleveraged", PLACES),
            socialised: form.decimal("socialised", PLACES),
            uncovered: form.decimal("uncovered", PLACES),
        };
        let (sheet, rows) = (form.create(folder)?, VecDeque::new());
        Ok(Liquidations { sheet, columns, rows })
    }

    /// Follows one effect; writes what is complete.
    ///
    /// # Errors
    /// The disk; a figure with too many digits.
    pub fn take(
        &mut self,
        market: &Market,
        moment: &Moment,
        ordinal: u64,
        effect: &Effect,
        cause: &Cause,
    ) -> Answer<()> {
        let Some(number) = cause.liquidation else { return Ok(()) };
        if let Effect::LiquidationStarted { .. } = effect {
            self.rows.push_back(Row {
                number,
                started: *moment,
                ordinal,
                effect: *effect,
                ended: None,
                steps: 0,
                reduced: 0,
                deleveraged_notional: 0,
                taken_over: 0,
                deficit: 0,
                insurance_fund: 0,
                deleveraged: 0,
                socialised: 0,
                uncovered: 0,
            });
            return Ok(());
        }
        let first = self.rows.front().map_or(0, |row| row.number);
        let place = usize::try_from(number.saturating_sub(first)).unwrap_or(usize::MAX);
        let Some(row) = self.rows.get_mut(place) else { return Ok(()) };
        row.steps += u64::from(is_step(effect));
        match *effect {
            Effect::PositionReduced { notional, .. } => row.reduced += notional.units(),
            Effect::Deleveraged { instrument, quantity, .. } => {
                let notional = market.notional(instrument, quantity);
                row.deleveraged_notional += notional.map_or(0, domain::Value::units);
            }
            Effect::PositionTakenOver { instrument, quantity, .. } => {
                let notional = market.notional(instrument, quantity);
                row.taken_over += notional.map_or(0, domain::Value::units);
            }
            Effect::DeficitRecognised { value, .. } => row.deficit += value.units(),
            Effect::InsuranceDrawn { value, .. } => row.insurance_fund += value.units(),
            Effect::DeficitDeleveraged { value, .. } => row.deleveraged += value.units(),
            Effect::LossSocialised { value, .. } => row.socialised += value.units(),
            Effect::LossUncovered { value, .. } => row.uncovered += value.units(),
            Effect::LiquidationEnded { outcome, .. } => {
                row.ended = Some((*moment, ordinal, words::outcome(outcome)));
                return self.write_ended();
            }
            _ => {}
        }
        Ok(())
    }

    fn write_ended(&mut self) -> Answer<()> {
        while let Some(row) = self.rows.front().filter(|row| row.ended.is_some()).copied() {
            self.rows.pop_front();
            self.write(&row)?;
        }
        Ok(())
    }

    fn write(&mut self, row: &Row) -> Answer<()> {
        let (sheet, columns) = (&mut self.sheet, self.columns);
        sheet.row(row.started.sequence, row.ordinal, row.started.at)?;
        sheet.id(columns.liquidation, row.number);
        sheet.word(columns.command, row.started.command);
        let places = u32::from(PLACES);
        if let Effect::LiquidationStarted { account, wave, equity, adjusted_equity, maintenance } =
            row.effect
        {
            sheet.id(columns.account, account.number());
            sheet.id(columns.wave, u64::from(wave));
            sheet.decimal(columns.equity, equity.units(), places)?;
            let weighted = u32::from(WEIGHTED_PLACES);
            sheet.decimal(columns.adjusted_equity, adjusted_equity.units(), weighted)?;
            sheet.decimal(columns.maintenance, maintenance.units(), weighted)?;
        }
        if let Some((moment, ordinal, outcome)) = row.ended {
            sheet.id(columns.ended_sequence, moment.sequence);
            sheet.id(columns.ended_ordinal, ordinal);
            sheet.time(columns.ended_at, moment.at);
            sheet.word(columns.outcome, outcome);
        }
        sheet.id(columns.steps, row.steps);
        let sums = [
            (columns.reduced, row.reduced),
            (columns.deleveraged_notional, row.deleveraged_notional),
            (columns.taken_over, row.taken_over),
            (columns.deficit, row.deficit),
            (columns.insurance_fund, row.insurance_fund),
            (columns.deleveraged, row.deleveraged),
            (columns.socialised, row.socialised),
            (columns.uncovered, row.uncovered),
        ];
        sums.iter().try_for_each(|(column, units)| sheet.decimal(*column, *units, places))
    }

    /// Completes the file: those that go on are written without an end.
    ///
    /// # Errors
    /// The disk.
    pub fn finish(mut self) -> Answer<Written> {
        for row in std::mem::take(&mut self.rows) {
            self.write(&row)?;
        }
        self.sheet.finish()
    }
}
