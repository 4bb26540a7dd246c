//! How far prices may move before an account can become liquidatable.
//!
//! A box gives every factor an interval: for an instrument its mark less funding, for an asset its
//! index price. [`excess_floor`] evaluates the account's excess at the worst corner of the box,
//! term by term: if that is not negative, no price inside the box can make the account
//! liquidatable, whatever the signs, kinks, tiers and settlement assets. Rounding needs no
//! allowance of its own, since every rounding is monotone and against the account.

use crate::haircut::weigh_holding;
use crate::margin;
use crate::portfolio::Portfolio;
use crate::prices::{AssetMarket, FUNDING_ONE, Prices, worth_at};
use domain::wide::{bounded_mul, mul_div};
use domain::{AssetId, Balance, InstrumentId, Position, Quote, Rounding, Value, Weighted};

/// Intervals of the factors of one account.
pub trait PriceBox {
    /// Lowest mark less funding, in price units.
    fn funded_low(&self, instrument: InstrumentId) -> i64;
    /// Highest mark less funding, in price units.
    fn funded_high(&self, instrument: InstrumentId) -> i64;
    /// Highest mark itself, in price units.
    fn mark_high(&self, instrument: InstrumentId) -> i64;
    /// Lowest index price.
    fn asset_low(&self, asset: AssetId) -> i64;
    /// Highest index price.
    fn asset_high(&self, asset: AssetId) -> i64;
    /// Highest borrow index.
    fn borrow_high(&self, asset: AssetId) -> i128;
    /// Lowest deposit index.
    fn deposit_low(&self, asset: AssetId) -> i128;
}

/// Excess (adjusted equity less maintenance margin) is at least this inside the box.
#[must_use]
#[inline]
pub fn excess_floor(
    portfolio: &Portfolio<'_>,
    prices: &Prices<'_>,
    bounds: &impl PriceBox,
) -> Weighted {
    let mut floor = Weighted::ZERO;
    for balance in portfolio.balances() {
        floor += weighted_floor(portfolio, &balance, prices, bounds);
    }
    floor - margin::maintenance_ceiling(portfolio, prices, bounds)
}

#[inline]
fn weighted_floor(
    portfolio: &Portfolio<'_>,
    balance: &Balance,
    prices: &Prices<'_>,
    bounds: &impl PriceBox,
) -> Weighted {
    let asset = balance.asset;
    let rules = prices.asset_rules(asset);
    let scale = rules.scale();
    let amount = amount_floor(balance, prices.asset(asset), bounds);
    let mut gains = 0;
    for position in portfolio.positions() {
        if prices.instrument_rules(position.instrument).settles == asset {
            gains += pnl_floor(&position, bounds, scale);
        }
    }
    let cash = bounded_mul(amount, scale) + gains;
    let numeraire = asset == prices.rulebook.numeraire;
    // A debt weighs most at the highest price, a holding least at the lowest.
    let price = match (numeraire, cash < 0) {
        (true, _) => scale,
        (false, true) => i128::from(bounds.asset_high(asset)),
        (false, false) => i128::from(bounds.asset_low(asset)),
    };
    let worth = if numeraire {
        Value::new(cash)
    } else if gains == 0 {
        Value::new(bounded_mul(amount, price))
    } else {
        worth_at(Quote::new(cash), price, scale, Rounding::Down)
    };
    if cash < 0 {
        rules.liability_weight.weigh(worth, Rounding::Down)
    } else {
        weigh_holding(rules, Quote::new(cash), price, worth)
    }
}

/// A debt at the highest borrow index, a deposit at the lowest deposit index.
#[inline]
fn amount_floor(balance: &Balance, market: &AssetMarket, bounds: &impl PriceBox) -> i128 {
    let units = balance.amount.units();
    let index = if units < 0 {
        bounds.borrow_high(balance.asset)
    } else {
        bounds.deposit_low(balance.asset).min(market.deposit_index)
    };
    if units == 0 || index == balance.index {
        return units;
    }
    mul_div(units, index, balance.index, Rounding::Down).expect("balances and indexes are bounded")
}

/// Value less cost of a position at the worse end of its interval, funding included.
///
/// One price unit and one asset unit less: the funded mark is rounded to whole price units and the
/// funding credit to whole asset units.
#[inline]
fn pnl_floor(position: &Position, bounds: &impl PriceBox, scale: i128) -> i128 {
    let quantity = position.quantity.wide();
    let worst = if position.quantity.is_negative() {
        i128::from(bounds.funded_high(position.instrument))
    } else {
        i128::from(bounds.funded_low(position.instrument)) - 1
    };
    let paid = if position.funding_index == 0 {
        0
    } else {
        mul_div(quantity, position.funding_index, FUNDING_ONE, Rounding::Down)
            .expect("funding is bounded by rate and position")
    };
    bounded_mul(quantity, worst) + paid - position.cost.units() - scale
}
