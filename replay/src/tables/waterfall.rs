//! `waterfall`: what was recognised as a deficit, what each layer bore, what was paid in; with the
//! balances of the layers in that asset after the event.
//!
//! Law: over all rows `value` of layer `deficit` is what the other bearing layers have together.

use std::path::Path;

use domain::{AccountId, Amount, AssetId, Effect, Value};

use super::chunk::Layers;
use super::market::Market;
use super::sheet::{Decimal, Form, Id, Sheet, Word};
use super::{Moment, PLACES, Written};
use crate::causes::Cause;
use crate::failure::Answer;

#[derive(Debug, Clone, Copy)]
struct Columns {
    layer: Word,
    liquidation: Id,
    account: Id,
    asset: Word,
    instrument: Word,
    amount: Decimal,
    value: Decimal,
    fund_balance: Decimal,
    uncovered_balance: Decimal,
}

/// The table.
pub struct Waterfall {
    sheet: Sheet,
    columns: Columns,
}

/// One row's figures.
struct Drawn {
    layer: &'static str,
    account: Option<AccountId>,
    asset: AssetId,
    amount: Option<Amount>,
    value: Option<Value>,
}

impl Waterfall {
    /// Creates the file.
    ///
    /// # Errors
    /// The disk.
    pub fn create(folder: &Path) -> Answer<Waterfall> {
        let mut form = Form::new("waterfall", 1);
        let columns = Columns {
            layer: form.word("layer"),
            liquidation: form.id("liquidation"),
            account: form.id("account"),
            asset: form.word("asset"),
            instrument: form.word("instrument"),
            amount: form.decimal("amount", PLACES),
            value: form.decimal("value", PLACES),
            fund_balance: form.decimal("fund_balance", PLACES),
            uncovered_balance: form.decimal("uncovered_balance", PLACES),
        };
        Ok(Waterfall { sheet: form.create(folder)?, columns })
    }

    /// Writes an effect that a layer bore, or that changed the fund.
    ///
    /// # Errors
    /// The disk; a figure with too many digits.
    pub fn take(
        &mut self,
        market: &Market,
        moment: &Moment,
        (ordinal, effect, cause): (u64, &Effect, &Cause),
        layers: &[Layers],
    ) -> Answer<()> {
        let Some(drawn) = drawn(market, effect) else { return Ok(()) };
        let (sheet, columns) = (&mut self.sheet, self.columns);
        sheet.row(moment.sequence, ordinal, moment.at)?;
        sheet.word(columns.layer, drawn.layer);
        if let Some(liquidation) = cause.liquidation {
            sheet.id(columns.liquidation, liquidation);
        }
        if let Some(account) = drawn.account {
            sheet.id(columns.account, account.number());
        }
        sheet.name(columns.asset, market.asset(drawn.asset));
        if let Effect::DeficitDeleveraged { instrument, .. } = *effect {
            sheet.name(columns.instrument, market.instrument(instrument));
        }
        let decimals = market.names().decimals(drawn.asset);
        if let Some(amount) = drawn.amount {
            sheet.decimal(columns.amount, amount.units(), decimals)?;
        }
        if let Some(value) = drawn.value {
            sheet.decimal(columns.value, value.units(), u32::from(PLACES))?;
        }
        if let Some(layers) = layers.iter().find(|layers| layers.asset == drawn.asset) {
            sheet.decimal(columns.fund_balance, layers.fund.units(), decimals)?;
            sheet.decimal(columns.uncovered_balance, layers.uncovered.units(), decimals)?;
        }
        Ok(())
    }

    /// Completes the file.
    ///
    /// # Errors
    /// The disk.
    pub fn finish(self) -> Answer<Written> {
        self.sheet.finish()
    }
}

/// The asset in which an effect changes a layer; `None` for all others.
pub fn layer_asset(effect: &Effect) -> Option<AssetId> {
    match *effect {
        Effect::DeficitRecognised { asset, .. }
        | Effect::InsuranceDrawn { asset, .. }
        | Effect::LossSocialised { asset, .. }
        | Effect::LossUncovered { asset, .. }
        | Effect::LiquidationFeeCharged { asset, .. }
        | Effect::CollateralSeized { asset, .. }
        | Effect::CapitalPaidIn { asset, .. } => Some(asset),
        _ => None,
    }
}

fn drawn(market: &Market, effect: &Effect) -> Option<Drawn> {
    let borne = |layer, account, asset, amount, value| Drawn {
        layer,
        account: Some(account),
        asset,
        amount,
        value: Some(value),
    };
    Some(match *effect {
        Effect::DeficitRecognised { account, asset, value } => {
            borne("deficit", account, asset, None, value)
        }
        Effect::InsuranceDrawn { account, asset, amount, value } => {
            borne("insurance_fund", account, asset, Some(amount), value)
        }
        Effect::DeficitDeleveraged { account, instrument, value } => {
            borne("deleveraging", account, market.settles(instrument)?, None, value)
        }
        Effect::LossSocialised { account, asset, amount, value } => {
            borne("socialised", account, asset, Some(amount), value)
        }
        Effect::LossUncovered { account, asset, amount, value } => {
            borne("uncovered", account, asset, Some(amount), value)
        }
        Effect::LiquidationFeeCharged { account, asset, amount } => Drawn {
            layer: "liquidation_fee",
            account: Some(account),
            asset,
            amount: Some(amount),
            value: None,
        },
        Effect::CollateralSeized { account, asset, amount } => Drawn {
            layer: "collateral_seized",
            account: Some(account),
            asset,
            amount: Some(amount),
            value: None,
        },
        Effect::CapitalPaidIn { asset, amount } => {
            Drawn { layer: "capital", account: None, asset, amount: Some(amount), value: None }
        }
        _ => return None,
    })
}
