//! How far prices may move before an account can become liquidatable.
//!
//! A box gives every factor an interval: for an instrument its mark less funding, for an asset its
//! index price. [`slack`] evaluates what the account has above maintenance and above initial margin
//! at the worst corner of the box, term by term: what is not negative there is negative nowhere
//! inside, whatever the signs, kinks, tiers and settlement assets. Rounding needs no allowance of
//! its own, since every rounding is monotone and against the account. [`slack_change`] says what a
//! fill does to that figure from the filled position alone.

use crate::fill::FillTerms;
use crate::haircut::weigh_holding;
use crate::margin;
use crate::portfolio::Portfolio;
use crate::prices::{AssetMarket, FUNDING_ONE, Prices, worth_at};
use core::hint::select_unpredictable;
use domain::rulebook::AssetRules;
use domain::wide::{bounded_mul, mul_div};
use domain::{Amount, AssetId, Balance, InstrumentId, Position, Quote, Rounding, Value, Weighted};

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

/// A position and the balance it settles in, before and after a fill with its postings.
#[derive(Clone, Copy, Debug)]
pub struct FillChange<'a> {
    /// The position before, nothing posted.
    pub before: &'a Position,
    /// The position after.
    pub after: &'a Position,
    /// The balance before, with its interest.
    pub held: Amount,
    /// Funding posted with the fill.
    pub funding: Amount,
    /// The balance after.
    pub amount: Amount,
    /// The instrument's funding index in whole price units, rounded down.
    pub funding_floor: i64,
}

/// A lower bound of what a fill adds to an account's [`Slack`] inside the same box.
///
/// `None` where the fill opens or closes the position (its factor comes or goes), or settles in
/// anything but a non-negative balance of the numeraire: then [`slack`] has to look at the whole
/// account. A gain counts at the least weight of the numeraire's haircuts, a loss at its liability
/// weight, since that is how steep the worth of cash is at most on either side of zero.
///
/// Worked: a long of 10 at 100 in a box from 90 to 110 sells 1 at 100, maintenance 1 %, initial
/// 2 %: at 90 the unit sold would have lost 10, so both gain 10, and 1.10 and 2.20 of margin come
/// free.
#[must_use]
#[inline]
pub fn slack_change(
    change: &FillChange<'_>,
    terms: &FillTerms<'_>,
    prices: &Prices<'_>,
    bounds: &impl PriceBox,
) -> Option<Slack> {
    let FillChange { before, after, held, amount, .. } = change;
    let simple = terms.in_numeraire
        && !before.quantity.is_zero()
        && !after.quantity.is_zero()
        && !held.is_negative()
        && !amount.is_negative();
    if !simple {
        return None;
    }
    let pnl = pnl_change(change, bounds, terms.scale);
    let low = bounds.deposit_low(terms.settles);
    let kept = kept_floor((*amount - *held).units(), terms.asset, low);
    let cash = Value::new(bounded_mul(kept, i128::from(terms.scale)) + pnl);
    let Some(weights) = &terms.weights else {
        return Some(weighed_change(cash, change, terms, prices, bounds));
    };
    let size = |position: &Position| i128::from(position.quantity.units().unsigned_abs());
    let rise = size(after) - size(before);
    let mark = i128::from(bounds.mark_high(terms.instrument));
    Some(weights.slack(cash, Value::new(bounded_mul(rise, mark))))
}

/// The change where each rule is asked: cash, and the ceiling after less the ceiling before.
fn weighed_change(
    cash: Value,
    change: &FillChange<'_>,
    terms: &FillTerms<'_>,
    prices: &Prices<'_>,
    bounds: &impl PriceBox,
) -> Slack {
    let cash = cash_slack(cash, terms.asset_rules);
    let is = margin::ceiling(change.after, prices, bounds);
    let was = margin::ceiling(change.before, prices, bounds);
    Slack {
        maintenance: cash.maintenance - (is.maintenance - was.maintenance),
        initial: cash.initial - (is.initial - was.initial),
    }
}

/// A lower bound of what a change of the numeraire's balance alone adds to an account's [`Slack`];
/// `None` where it is owed before or after.
#[must_use]
#[inline]
pub fn cash_change(
    (held, amount): (Amount, Amount),
    prices: &Prices<'_>,
    bounds: &impl PriceBox,
) -> Option<Slack> {
    let simple = !held.is_negative() && !amount.is_negative();
    let numeraire = prices.rulebook.numeraire;
    simple.then(|| {
        let rules = prices.asset_rules(numeraire);
        let low = bounds.deposit_low(numeraire);
        let kept = kept_floor((amount - held).units(), prices.asset(numeraire), low);
        cash_slack(Value::new(bounded_mul(kept, rules.scale())), rules)
    })
}

/// What a change of cash in the numeraire, deposit and PnL, adds at least.
#[inline]
fn cash_slack(cash: Value, rules: &AssetRules) -> Slack {
    if cash.is_negative() {
        let debt = rules.debt_initial.weigh(-cash, Rounding::Up);
        // At least one, so steeper than any haircut leaves it.
        let maintenance = rules.liability_weight.weigh(cash, Rounding::Down);
        Slack { maintenance, initial: maintenance - debt }
    } else {
        let weighed = least_weight(rules, cash);
        Slack { maintenance: weighed, initial: weighed }
    }
}

/// A lower bound of what a fill adds to [`pnl_floor`], from sums in place of two divisions.
///
/// With the funding posted (f to f', q to q'), q' f' - q f = q (f' - f) + (q' - q) f'. The first
/// part is what was posted, within one asset unit; f' is its whole price units and a fraction.
#[inline]
fn pnl_change(change: &FillChange<'_>, bounds: &impl PriceBox, scale: u64) -> i128 {
    let FillChange { before, after, funding, funding_floor, .. } = change;
    let filled = (after.quantity - before.quantity).wide();
    let posted = if before.funding_index == after.funding_index {
        0
    } else {
        bounded_mul(funding.units() + 1, i128::from(scale))
    };
    let accrued = bounded_mul(filled, i128::from(*funding_floor)) + filled.min(0);
    let worst = if before.quantity.is_negative() == after.quantity.is_negative() {
        bounded_mul(filled, i128::from(worst_price(after, bounds)))
    } else {
        worst_worth(after, bounds) - worst_worth(before, bounds)
    };
    worst - (after.cost - before.cost).units() + accrued - posted
}

/// What is left of a change of a deposit at the lowest deposit index. Three units less: posting
/// interest rounds at two indexes, and so does the change.
#[inline]
fn kept_floor(units: i128, market: &AssetMarket, low: i128) -> i128 {
    let index = market.deposit_index;
    let kept = if low >= index {
        units
    } else if index - low <= index >> 9 {
        // A deposit index in its band keeps more than 511 parts of 512.
        units - select_unpredictable(units > 0, (units >> 9) + 1, 0)
    } else {
        let kept = mul_div(units.max(0), low, index, Rounding::Down);
        kept.expect("balances and indexes are bounded") + units.min(0)
    };
    kept - 3
}

/// A gain at the steepest haircut.
#[inline]
fn least_weight(rules: &AssetRules, gain: Value) -> Weighted {
    let weights = rules.haircuts.iter().map(|tier| tier.haircut.weigh_rest(gain));
    weights.min().unwrap_or(Weighted::ZERO)
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
fn worst_worth(position: &Position, bounds: &impl PriceBox) -> i128 {
    bounded_mul(position.quantity.wide(), i128::from(worst_price(position, bounds)))
}

/// The worse end of a position's interval.
#[inline]
fn worst_price(position: &Position, bounds: &impl PriceBox) -> i64 {
    let high = bounds.funded_high(position.instrument);
    let low = bounds.funded_low(position.instrument).saturating_sub(1);
    select_unpredictable(position.quantity.is_negative(), high, low)
}
