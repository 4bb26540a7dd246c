//! Who stands on the other side when the fund is empty, and how amounts are shared.

use crate::portfolio::Portfolio;
use crate::prices::Prices;
use crate::valuation::net_cash;
use alloc::vec::Vec;
use core::cmp::Reverse;
use domain::rulebook::DeleveragingRule;
use domain::wide::mul_div;
use domain::{Position, Rounding, Value};

/// Scale of the two factors of a score.
const SCORE_ONE: i128 = 1_000_000;

/// Equity alone, as [`crate::assess`] gives it: without haircuts and requirement, which a ranking
/// of many accounts has no use for.
#[must_use]
pub fn equity(portfolio: &Portfolio<'_>, prices: &Prices<'_>) -> Value {
    let mut equity = Value::ZERO;
    for balance in portfolio.balances() {
        let cash = net_cash(portfolio, &balance, prices);
        equity += prices.worth(balance.asset, cash, Rounding::Down);
    }
    equity
}

/// Rank of an opponent's position: higher is closed first; `None` for who cannot take part (no
/// equity).
///
/// [`DeleveragingRule::ProfitLeverage`]: share of profit times leverage while profitable, share of
/// loss over leverage below (the ranking BitMEX documents), both factors at 1e-6 rounded down.
/// Worked: cost 100, mark 120, equity 20,000 of notional 120,000: 0.20 * 6 = 1.2.
#[must_use]
pub fn score(
    rule: DeleveragingRule,
    portfolio: &Portfolio<'_>,
    position: &Position,
    prices: &Prices<'_>,
) -> Option<i128> {
    match rule {
        DeleveragingRule::ProfitLeverage => profit_leverage(portfolio, position, prices),
    }
}

fn profit_leverage(
    portfolio: &Portfolio<'_>,
    position: &Position,
    prices: &Prices<'_>,
) -> Option<i128> {
    let equity = equity(portfolio, prices).units();
    if equity <= 0 {
        return None;
    }
    let market = prices.instrument(position.instrument);
    let profit = (position.quantity.quote(market.mark) - position.cost).units();
    let cost = position.cost.units().abs().max(1);
    // A quotient beyond 128 bits (next to no cost or equity) ranks as the extreme it is.
    let ratio = |a: i128, b: i128, d: i128| {
        mul_div(a, b, d, Rounding::Down).unwrap_or(if a < 0 { i128::MIN } else { i128::MAX })
    };
    let share = ratio(profit, SCORE_ONE, cost);
    let notional = crate::liquidation::notional_of(position, position.quantity, prices).units();
    let leverage = ratio(notional, SCORE_ONE, equity).max(1);
    if share > 0 {
        Some(share.saturating_mul(leverage))
    } else {
        Some(ratio(share, SCORE_ONE * SCORE_ONE, leverage))
    }
}

/// Splits a total over weights: each its floor, the rest one unit each to the largest remainders,
/// ties to the lower place. The parts sum to the total exactly; a negative total is split by
/// magnitude.
///
/// Worked: 10.00 over 1:2:4 is 1.43, 2.86, 5.71.
///
/// # Panics
/// Never for weights and totals inside the rulebook's bounds.
#[must_use]
pub fn largest_remainder(total: i128, weights: &[i128]) -> Vec<i128> {
    let sum: i128 = weights.iter().sum();
    if sum <= 0 {
        return weights.iter().map(|_| 0).collect();
    }
    let (sign, magnitude) = (total.signum(), total.abs());
    let floor = |weight: &i128| {
        mul_div(magnitude, *weight, sum, Rounding::Down).expect("a part is no larger than a total")
    };
    let mut parts: Vec<i128> = weights.iter().map(floor).collect();
    let left = magnitude - parts.iter().sum::<i128>();
    let mut order: Vec<(i128, usize)> = weights
        .iter()
        .zip(&parts)
        .enumerate()
        .map(|(place, (weight, part))| (remainder(magnitude, *weight, sum, *part), place))
        .collect();
    order.sort_unstable_by_key(|(rest, place)| (Reverse(*rest), *place));
    for (_, place) in order.into_iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
        if let Some(part) = parts.get_mut(place) {
            *part += 1;
        }
    }
    parts.iter().map(|part| part * sign).collect()
}

/// `magnitude * weight - part * sum`, which is below `sum`, without leaving i128.
const fn remainder(magnitude: i128, weight: i128, sum: i128, part: i128) -> i128 {
    magnitude.wrapping_mul(weight).wrapping_sub(part.wrapping_mul(sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn largest_remainders() {
        for (total, weights, expected) in [
            (10_000, &[1, 1, 1][..], &[3_334, 3_333, 3_333][..]),
            (1_000, &[1, 2, 4], &[143, 286, 571]),
            (-1_000, &[1, 2, 4], &[-143, -286, -571]),
            (5, &[0, 0], &[0, 0]),
            (0, &[3, 4], &[0, 0]),
        ] {
            assert_eq!(largest_remainder(total, weights), expected, "{total} over {weights:?}");
        }
        let large = 10i128.pow(30);
        let parts = largest_remainder(large + 1, &[large, large, 7]);
        assert_eq!(parts.iter().sum::<i128>(), large + 1);
    }
}
