//! How far prices may move before an account can become liquidatable.
//!
//! A box gives every factor an interval: for an instrument its mark less funding, for an asset its
//! index price. [`slack`] evaluates what the account has above maintenance and above initial margin
//! at the worst corner of the box, term by term: what is not negative there is negative nowhere
//! inside, whatever the signs, kinks, tiers and settlement assets. Rounding needs no allowance of
//! its own, since every rounding is monotone and against the account. What a fill does to that
//! figure is told from the filled position alone by [`mod@crate::slack_change`].

use crate::haircut::weigh_holding;
use crate::margin;
use crate::portfolio::Portfolio;
use crate::prices::{AssetMarket, FUNDING_ONE, Prices, worth_at};
use core::hint::select_unpredictable;
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

/// What an account has at least above two lines while prices stay inside a box, or a change of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slack {
    /// Adjusted equity less maintenance margin.
    pub maintenance: Weighted,
    /// Adjusted equity less initial margin.
    pub initial: Weighted,
}

/// Adjusted equity less both margins is at least this inside the box.
#[must_use]
#[inline]
pub fn slack(portfolio: &Portfolio<'_>, prices: &Prices<'_>, bounds: &impl PriceBox) -> Slack {
    let mut total = Slack::default();
    for balance in portfolio.balances() {
        let (floor, debt) = weighted_floor(portfolio, &balance, prices, bounds);
        total.maintenance += floor;
        total.initial += floor - debt;
    }
    for position in portfolio.positions() {
        let most = margin::ceiling(&position, prices, bounds);
        total.maintenance -= most.maintenance;
        total.initial -= most.initial;
    }
    total
}

/// The least that one asset adds to adjusted equity, and the most that it adds to initial margin.
#[inline]
fn weighted_floor(
    portfolio: &Portfolio<'_>,
    balance: &Balance,
    prices: &Prices<'_>,
    bounds: &impl PriceBox,
) -> (Weighted, Weighted) {
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
        let debt = rules.debt_initial.weigh(-worth, Rounding::Up);
        (rules.liability_weight.weigh(worth, Rounding::Down), debt)
    } else {
        (weigh_holding(rules, Quote::new(cash), price, worth), Weighted::ZERO)
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
    let since = balance.index.wide();
    if units == 0 || index == since {
        return units;
    }
    mul_div(units, index, since, Rounding::Down).expect("balances and indexes are bounded")
}

/// Value less cost of a position at the worse end of its interval, funding included.
///
/// One price unit and one asset unit less: the funded mark is rounded to whole price units and the
/// funding credit to whole asset units.
#[inline]
fn pnl_floor(position: &Position, bounds: &impl PriceBox, scale: i128) -> i128 {
    let paid = if position.funding_index == 0 {
        0
    } else {
        let quantity = position.quantity.wide();
        mul_div(quantity, position.funding_index, FUNDING_ONE, Rounding::Down)
            .expect("funding is bounded by rate and position")
    };
    worst_worth(position, bounds) + paid - position.cost.units() - scale
}

/// Quantity times funded mark at the worse end of its interval.
#[inline]
pub(crate) fn worst_worth(position: &Position, bounds: &impl PriceBox) -> i128 {
    bounded_mul(position.quantity.wide(), i128::from(worst_price(position, bounds)))
}

/// The worse end of a position's interval.
#[inline]
fn worst_price(position: &Position, bounds: &impl PriceBox) -> i64 {
    let high = bounds.funded_high(position.instrument);
    let low = bounds.funded_low(position.instrument).saturating_sub(1);
    select_unpredictable(position.quantity.is_negative(), high, low)
}
