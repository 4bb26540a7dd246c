//! What a forced trade costs where depth is finite, and what it does to the price.
//!
//! A side of a book has given way by distance d(C) = a (C / K)^p once a value C is consumed
//! ([`curve`]). A fill costs the integral of d and leaves its edge ([`book`]); the mid moves by
//! what d grew; a part of that stays, the rest decays ([`market`]). [`real`] is the arithmetic.
//!
//! Conventions: values at 1e-16 of the settlement asset, distances, impacts and regimes at 1e-16 of
//! one; impact above zero pushes down. Law: costs and impacts are differences of one function of
//! what was consumed, so splitting an order changes nothing.

pub mod book;
pub mod curve;
pub mod market;
pub mod real;

use domain::wide::mul_div;
use domain::{Duration, Rounding};
use real::{LN_2, LOG_PLACES, Real};

/// One, on the scale of distances, impacts and regimes.
pub const SHARE_ONE: i128 = 10_000_000_000_000_000;

/// Half-lives after which nothing is left: 10^29 would be 1e-31.
const HALVINGS_MAX: i128 = 200;

/// What is left of a value after `passed` with a half-life, its magnitude rounded as named; a
/// half-life of zero never decays, and after 200 of them nothing is left.
///
/// Worked: 1,000 after half a half-life is 707 (rounded down); after two, 250 exactly.
#[must_use]
pub fn decayed(value: i128, passed: Duration, half_life: Duration, rounding: Rounding) -> i128 {
    if value == 0 || passed.nanos() == 0 || half_life.nanos() <= 0 {
        return value;
    }
    let (over, under) = (i128::from(passed.nanos()), i128::from(half_life.nanos()));
    if over >= HALVINGS_MAX * under {
        return 0;
    }
    let power = mul_div(LN_2, over, under, Rounding::Down);
    let left = power.and_then(|power| Real::exp(-power)).unwrap_or(Real::ZERO);
    let magnitude = Real::whole(value.abs()).times(left).round(rounding).unwrap_or(0);
    if value < 0 { -magnitude } else { magnitude }
}

/// A price after an impact: price * e^-impact, rounded down, at least one unit; no impact leaves it
/// exactly.
///
/// Worked (models 7.2): 100 after an impact of .015 less .020: 99.501 (e^-.005 is .9950124).
#[must_use]
pub fn moved(price: i128, impact: i128) -> i128 {
    if impact == 0 {
        return price;
    }
    let power = mul_div(-impact, 1 << LOG_PLACES, SHARE_ONE, Rounding::Down);
    let factor = power.and_then(Real::exp).unwrap_or(Real::ZERO);
    Real::whole(price).times(factor).round(Rounding::Down).unwrap_or(i128::MAX).max(1)
}

/// `-ln(1 - distance)` at 1e-16, rounded down: the impact of sells that reached a distance.
///
/// Worked: of 5.6569 % it is .0582321.
#[must_use]
pub fn impact_of_sells(distance: i128) -> i128 {
    scaled_log(-Real::fraction(SHARE_ONE - distance, SHARE_ONE).ln())
}

/// `ln(1 + distance)` at 1e-16, rounded down: what buys that reached a distance lift.
///
/// Worked: of 5.6569 % it is .0550271.
#[must_use]
pub fn impact_of_buys(distance: i128) -> i128 {
    scaled_log(Real::fraction(SHARE_ONE + distance, SHARE_ONE).ln())
}

fn scaled_log(log: i128) -> i128 {
    let scaled = mul_div(log, SHARE_ONE, 1 << LOG_PLACES, Rounding::Down);
    scaled.expect("logarithms of prices are below a hundred")
}

#[cfg(test)]
mod tests;
