//! What a fill, or a change of cash, does to an account's slack: told from the filled position
//! alone, without a look at the rest of the account.
//!
//! A box proves [`crate::envelope::slack`] of its account. A fill changes one term of that sum and
//! the cash behind it; a lower bound of the change, added to what was proved, is proved too.

use crate::envelope::{PriceBox, Slack, worst_worth};
use crate::fill::FillTerms;
use crate::kept::Kept;
use crate::margin;
use crate::plain::PlainWeights;
use crate::prices::{AssetMarket, Prices};
use core::hint::select_unpredictable;
use domain::rulebook::AssetRules;
use domain::wide::{bounded_mul, mul_div};
use domain::{Amount, Position, Rounding, Value, Weighted};

/// What every fill in one instrument meets in whatever box: taken once, for both sides of a trade.
#[derive(Clone, Copy, Debug)]
pub struct FillBounds<'a> {
    terms: &'a FillTerms<'a>,
    weights: Option<&'a PlainWeights>,
    bands: FillBands,
    cut: Cut,
}

/// What every box says alike of an instrument and what it settles in.
#[derive(Clone, Copy, Debug)]
pub struct FillBands {
    /// The instrument's funding index in whole price units, rounded down.
    pub funding_floor: i64,
    /// What its mark may at most lie above the mark less funding.
    pub mark_above: i64,
    /// Lowest deposit index of the asset it settles in.
    pub deposit_low: i128,
}

impl<'a> FillBounds<'a> {
    /// What bounds an instrument's fills, with its plain weights if it has them; `None` where it
    /// does not settle in the numeraire.
    #[must_use]
    #[inline]
    pub fn new(
        terms: &'a FillTerms<'a>,
        weights: Option<&'a PlainWeights>,
        bands: FillBands,
    ) -> Option<Self> {
        let cut = Cut::of(terms.asset, bands.deposit_low);
        terms.in_numeraire.then_some(Self { terms, weights, bands, cut })
    }
}

/// What a box's lowest deposit index may cut off a deposit.
#[derive(Clone, Copy, Debug)]
enum Cut {
    Nothing,
    /// Less than one part of 512.
    Little,
    /// Down to these parts of those.
    To(i128, i128),
}

impl Cut {
    #[inline]
    fn of(market: &AssetMarket, low: i128) -> Self {
        let index = market.deposit_index;
        if low >= index {
            Self::Nothing
        } else if index - low <= index >> 9 {
            Self::Little
        } else {
            Self::To(low, index)
        }
    }

    /// What is left of a change of a deposit. Three units less: posting interest rounds at two
    /// indexes, and so does the change.
    #[inline]
    fn leaves(self, units: i128) -> i128 {
        let kept = match self {
            Self::Nothing => units,
            Self::Little => units - select_unpredictable(units > 0, (units >> 9) + 1, 0),
            Self::To(low, index) => {
                let kept = mul_div(units.max(0), low, index, Rounding::Down);
                kept.expect("balances and indexes are bounded") + units.min(0)
            }
        };
        kept - 3
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
}

/// A lower bound of what a fill adds to an account's [`Slack`] inside the same box.
///
/// `None` where the fill opens or closes the position (its factor comes or goes), or the numeraire
/// is owed before or after: then [`crate::envelope::slack`] has to look at the whole account. A
/// gain counts at the least weight of the numeraire's haircuts, a loss at its liability weight,
/// since that is how steep the worth of cash is at most on either side of zero.
///
/// Worked: a long of 10 at 100 in a box from 90 to 110 sells 1 at 100, maintenance 1 %, initial
/// 2 %: at 90 the unit sold would have lost 10, so both gain 10, and 1.10 and 2.20 of margin come
/// free.
#[must_use]
#[inline]
pub fn slack_change(
    change: &FillChange<'_>,
    fills: &FillBounds<'_>,
    prices: &Prices<'_>,
    bounds: &impl PriceBox,
) -> Option<Kept> {
    let FillChange { before, after, held, amount, .. } = change;
    let terms = fills.terms;
    let simple = !before.quantity.is_zero()
        && !after.quantity.is_zero()
        && !held.is_negative()
        && !amount.is_negative();
    if !simple {
        return None;
    }
    let scale = i128::from(terms.scale.number());
    let pnl = pnl_change(change, fills.bands.funding_floor, bounds, scale);
    let kept = fills.cut.leaves((*amount - *held).units());
    let cash = Value::new(bounded_mul(kept, scale) + pnl);
    let Some(weights) = fills.weights else {
        return Some(Kept::floor(weighed_change(cash, change, terms, prices, bounds)));
    };
    let size = |position: &Position| i128::from(position.quantity.units().unsigned_abs());
    let rise = size(after) - size(before);
    let high = bounds.funded_high(terms.instrument);
    let mark = i128::from(high.saturating_add(fills.bands.mark_above));
    weights.change(cash, Value::new(bounded_mul(rise, mark)))
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
) -> Option<Kept> {
    let simple = !held.is_negative() && !amount.is_negative();
    let numeraire = prices.rulebook.numeraire;
    simple.then(|| {
        let rules = prices.asset_rules(numeraire);
        let low = bounds.deposit_low(numeraire);
        let kept = Cut::of(prices.asset(numeraire), low).leaves((amount - held).units());
        Kept::floor(cash_slack(Value::new(bounded_mul(kept, rules.scale())), rules))
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

/// A lower bound of what a fill adds to the least PnL of its position, funding included, from sums
/// in place of two divisions.
///
/// With the funding posted (f to f', q to q'), q' f' - q f = q (f' - f) + (q' - q) f'. The first
/// part is what was posted, within one asset unit; f' is its whole price units and a fraction.
#[inline]
fn pnl_change(
    change: &FillChange<'_>,
    funding_floor: i64,
    bounds: &impl PriceBox,
    scale: i128,
) -> i128 {
    let FillChange { before, after, funding, .. } = change;
    let filled = (after.quantity - before.quantity).units();
    let posted = bounded_mul(funding.units() + 1, scale);
    let accrued =
        bounded_mul(i128::from(filled), i128::from(funding_floor)) + i128::from(filled.min(0));
    let worst = worst_worth(after, bounds) - worst_worth(before, bounds);
    worst - (after.cost - before.cost).units() + accrued - posted
}

/// A gain at the steepest haircut.
#[inline]
fn least_weight(rules: &AssetRules, gain: Value) -> Weighted {
    let weights = rules.haircuts.iter().map(|tier| tier.haircut.weigh_rest(gain));
    weights.min().unwrap_or(Weighted::ZERO)
}
