//! `steps`: each act of a liquidation; `deleveraging`: each winner's position that was closed.
//!
//! A step's fee and realised PnL follow it as effects of their own and stand summed in its row.
//! `quantity` and `quote` are the liquidated account's change; `counterparty` is the winner who was
//! closed, or the backstop account that took the position over, whose change is the opposite.

use std::path::Path;

use domain::{AssetId, Effect, Holder, InstrumentId, Quantity, Quote};

use super::market::Market;
use super::sheet::{Decimal, Form, Id, Sheet, Word};
use super::{Moment, PLACES, Written};
use crate::causes::Cause;
use crate::failure::Answer;
use crate::rows::words;

#[derive(Debug, Clone, Copy)]
struct StepColumns {
    liquidation: Id,
    wave: Id,
    account: Id,
    counterparty: Id,
    kind: Word,
    stage: Word,
    reason: Word,
    instrument: Word,
    quantity: Decimal,
    quote: Decimal,
    mark: Decimal,
    notional: Decimal,
    asset: Word,
    amount: Decimal,
    debt_asset: Word,
    proceeds: Decimal,
    fee: Decimal,
    pnl: Decimal,
}

#[derive(Debug, Clone, Copy)]
struct DeleveragingColumns {
    liquidation: Id,
    account: Id,
    winner: Id,
    instrument: Word,
    quantity: Decimal,
    quote: Decimal,
    mark: Decimal,
    notional: Decimal,
    winner_pnl: Decimal,
}

/// Both tables.
pub struct Steps {
    steps: Sheet,
    columns: StepColumns,
    deleveraging: Sheet,
    closed: DeleveragingColumns,
}

/// What followed from a step, in the same event.
#[derive(Debug, Default, Clone, Copy)]
struct After {
    fee: i128,
    pnl: i128,
    winner_pnl: i128,
}

impl Steps {
    /// Creates the files.
    ///
    /// # Errors
    /// The disk.
    pub fn create(folder: &Path) -> Answer<Steps> {
        let mut form = Form::new("steps", 2);
        let columns = StepColumns {
            liquidation: form.id("liquidation"),
            wave: form.id("wave"),
            account: form.id("account"),
            counterparty: form.id("counterparty"),
            kind: form.word("kind"),
            stage: form.word("stage"),
            reason: form.word("reason"),
            instrument: form.word("instrument"),
            quantity: form.decimal("quantity", PLACES),
            quote: form.decimal("quote", PLACES),
            mark: form.decimal("mark", PLACES),
            notional: form.decimal("notional", PLACES),
            asset: form.word("asset"),
            amount: form.decimal("amount", PLACES),
            debt_asset: form.word("debt_asset"),
            proceeds: form.decimal("proceeds", PLACES),
            fee: form.decimal("fee", PLACES),
            pnl: form.decimal("pnl", PLACES),
        };
        let mut other = Form::new("deleveraging", 1);
        let closed = DeleveragingColumns {
            liquidation: other.id("liquidation"),
            account: other.id("account"),
            winner: other.id("winner"),
            instrument: other.word("instrument"),
            quantity: other.decimal("quantity", PLACES),
            quote: other.decimal("quote", PLACES),
            mark: other.decimal("mark", PLACES),
            notional: other.decimal("notional", PLACES),
            winner_pnl: other.decimal("winner_pnl", PLACES),
        };
        let (steps, deleveraging) = (form.create(folder)?, other.create(folder)?);
        Ok(Steps { steps, columns, deleveraging, closed })
    }

    /// Writes an effect of an event if it is a step; the effects after it are looked through for
    /// what followed from it.
    ///
    /// # Errors
    /// The disk; a figure with too many digits.
    pub fn take(
        &mut self,
        market: &Market,
        moment: &Moment,
        place: usize,
        (effects, causes): (&[Effect], &[Cause]),
    ) -> Answer<()> {
        let (Some(effect), Some(cause)) = (effects.get(place), causes.get(place)) else {
            return Ok(());
        };
        if !is_step(effect) {
            return Ok(());
        }
        let ordinal = place as u64;
        let from = |cause: &Cause| {
            cause.effect.is_some_and(|(sequence, step)| {
                (sequence, u64::from(step)) == (moment.sequence, ordinal)
            })
        };
        let later = effects.iter().zip(causes).skip(place + 1);
        // What follows from a step stands between it and the next one.
        let own = later.take_while(|(effect, _)| !is_step(effect));
        let own = own.filter(|(_, cause)| from(cause)).map(|(effect, _)| effect);
        let after = after(own, effect);
        self.steps.row(moment.sequence, ordinal, moment.at)?;
        self.step(market, effect, cause, &after)?;
        if let Effect::Deleveraged { .. } = effect {
            self.deleveraging.row(moment.sequence, ordinal, moment.at)?;
            self.winner(market, effect, cause, &after)?;
        }
        Ok(())
    }

    fn step(
        &mut self,
        market: &Market,
        effect: &Effect,
        cause: &Cause,
        after: &After,
    ) -> Answer<()> {
        let columns = self.columns;
        self.steps.word(columns.kind, words::effect(effect));
        if let Some(liquidation) = cause.liquidation {
            self.steps.id(columns.liquidation, liquidation);
        }
        if let Some(wave) = cause.wave {
            self.steps.id(columns.wave, u64::from(wave));
        }
        match *effect {
            Effect::PositionReduced {
                account,
                instrument,
                stage,
                quantity,
                quote,
                mark,
                notional,
            } => {
                self.steps.id(columns.account, account.number());
                self.steps.word(columns.stage, words::stage(stage));
                self.steps.decimal(columns.notional, notional.units(), u32::from(PLACES))?;
                let places = market.names().price_places(instrument);
                self.steps.decimal(columns.mark, mark.wide(), places)?;
                self.trade(market, instrument, (quantity, quote), after)
            }
            Effect::Deleveraged { account, winner: other, instrument, quantity, quote }
            | Effect::PositionTakenOver { account, backstop: other, instrument, quantity, quote } =>
            {
                self.steps.id(columns.account, account.number());
                self.steps.id(columns.counterparty, other.number());
                if let Some(notional) = market.notional(instrument, quantity) {
                    self.steps.decimal(columns.notional, notional.units(), u32::from(PLACES))?;
                }
                if let Some(mark) = market.mark(instrument) {
                    let places = market.names().price_places(instrument);
                    self.steps.decimal(columns.mark, mark.wide(), places)?;
                }
                self.trade(market, instrument, (quantity, quote), after)
            }
            Effect::CollateralSold { account, asset, amount, debt_asset, proceeds } => {
                self.steps.id(columns.account, account.number());
                let decimals = |asset: AssetId| market.names().decimals(asset);
                self.steps.name(columns.asset, market.asset(asset));
                self.steps.decimal(columns.amount, amount.units(), decimals(asset))?;
                self.steps.name(columns.debt_asset, market.asset(debt_asset));
                self.steps.decimal(columns.proceeds, proceeds.units(), decimals(debt_asset))
            }
            Effect::StepSkipped { account, stage, reason } => {
                self.steps.id(columns.account, account.number());
                self.steps.word(columns.stage, words::stage(stage));
                self.steps.word(columns.reason, words::skip(reason));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn trade(
        &mut self,
        market: &Market,
        instrument: InstrumentId,
        (quantity, quote): (Quantity, Quote),
        after: &After,
    ) -> Answer<()> {
        let (sheet, columns, names) = (&mut self.steps, self.columns, market.names());
        sheet.name(columns.instrument, market.instrument(instrument));
        sheet.decimal(columns.quantity, quantity.wide(), names.quantity_places(instrument))?;
        sheet.decimal(columns.quote, quote.units(), u32::from(PLACES))?;
        let Some(settles) = market.settles(instrument) else { return Ok(()) };
        sheet.name(columns.asset, market.asset(settles));
        sheet.decimal(columns.fee, after.fee, names.decimals(settles))?;
        sheet.decimal(columns.pnl, after.pnl, names.decimals(settles))
    }

    fn winner(
        &mut self,
        market: &Market,
        effect: &Effect,
        cause: &Cause,
        after: &After,
    ) -> Answer<()> {
        let Effect::Deleveraged { account, winner, instrument, quantity, quote } = *effect else {
            return Ok(());
        };
        let (sheet, closed, names) = (&mut self.deleveraging, self.closed, market.names());
        if let Some(liquidation) = cause.liquidation {
            sheet.id(closed.liquidation, liquidation);
        }
        sheet.id(closed.account, account.number());
        sheet.id(closed.winner, winner.number());
        sheet.name(closed.instrument, market.instrument(instrument));
        sheet.decimal(closed.quantity, quantity.wide(), names.quantity_places(instrument))?;
        sheet.decimal(closed.quote, quote.units(), u32::from(PLACES))?;
        if let Some(mark) = market.mark(instrument) {
            sheet.decimal(closed.mark, mark.wide(), names.price_places(instrument))?;
        }
        if let Some(notional) = market.notional(instrument, quantity) {
            sheet.decimal(closed.notional, notional.units(), u32::from(PLACES))?;
        }
        let decimals = market.settles(instrument).map_or(0, |asset| names.decimals(asset));
        sheet.decimal(closed.winner_pnl, after.winner_pnl, decimals)
    }

    /// Completes the files.
    ///
    /// # Errors
    /// The disk.
    pub fn finish(self) -> Answer<[Written; 2]> {
        Ok([self.steps.finish()?, self.deleveraging.finish()?])
    }
}

/// Whether an effect is an act of a liquidation.
pub const fn is_step(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::PositionReduced { .. }
            | Effect::CollateralSold { .. }
            | Effect::Deleveraged { .. }
            | Effect::PositionTakenOver { .. }
            | Effect::StepSkipped { .. }
    )
}

fn after<'a>(effects: impl Iterator<Item = &'a Effect>, step: &Effect) -> After {
    let (own, winner) = match *step {
        Effect::PositionReduced { account, .. } => (Some(account), None),
        Effect::Deleveraged { account, winner, .. } => (Some(account), Some(winner)),
        Effect::PositionTakenOver { account, .. } => (Some(account), None),
        _ => (None, None),
    };
    let mut after = After::default();
    for effect in effects {
        match *effect {
            Effect::LiquidationFeeCharged { amount, .. } => after.fee += amount.units(),
            Effect::PnlRealised { holder: Holder::Client(account), amount, .. } => {
                if own == Some(account) {
                    after.pnl += amount.units();
                } else if winner == Some(account) {
                    after.winner_pnl += amount.units();
                }
            }
            _ => {}
        }
    }
    after
}
