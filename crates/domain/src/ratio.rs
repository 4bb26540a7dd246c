//! Ratios and rates.
//!
//! A [`Ratio`] is a fraction of whole numbers (weights, requirement ratios, slippage); a [`Rate`]
//! is a signed decimal at 1e-12 (funding, interest). Parts per million are too coarse for rates:
//! of 158,092 published funding rates 58,630 need nine or ten decimals.

use crate::rounding::Rounding;
use crate::value::{Value, Weighted};
use crate::wide::{bounded_mul, cmp_products, mul_div};
use core::cmp::Ordering;
use serde::{Deserialize, Serialize};

/// Parts per million in one: the denominator of the exact fast path.
pub const PARTS: i128 = 1_000_000;

/// Non-negative fraction in lowest terms, or over a million where its denominator divides that.
///
/// Over a million it weighs exactly, at 1e-22; any other (1/6, 1/30, seven decimals) rounds once
/// per term in the named direction. Worked: 1/30 of 90.00 up to 1e-22 is 3 exactly; of 100.00 it is
/// 3.3333333333333333333334.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ratio {
    numerator: u64,
    denominator: u64,
}

impl Ratio {
    /// None.
    pub const ZERO: Self = Self::from_parts(0);
    /// All.
    pub const ONE: Self = Self::from_parts(1_000_000);

    /// So many parts per million, the exact fast path.
    #[must_use]
    pub const fn from_parts(parts: u64) -> Self {
        Self { numerator: parts, denominator: PARTS as u64 }
    }

    /// `numerator / denominator`; `None` for a zero denominator or one above 10^12.
    #[must_use]
    pub const fn new(numerator: u64, denominator: u64) -> Option<Self> {
        if denominator == 0 || denominator > 1_000_000_000_000 {
            return None;
        }
        let divisor = greatest_common_divisor(numerator, denominator);
        let (numerator, denominator) = (numerator / divisor, denominator / divisor);
        if (PARTS as u64).is_multiple_of(denominator) {
            match numerator.checked_mul(PARTS as u64 / denominator) {
                Some(parts) => Some(Self::from_parts(parts)),
                None => None,
            }
        } else {
            Some(Self { numerator, denominator })
        }
    }

    /// Numerator of the stored form.
    #[must_use]
    pub const fn numerator(self) -> u64 {
        self.numerator
    }

    /// Denominator of the stored form: a million on the fast path.
    #[must_use]
    pub const fn denominator(self) -> u64 {
        self.denominator
    }

    /// True for the form that [`Ratio::new`] makes; decoded rulebooks are asked.
    #[must_use]
    pub fn is_canonical(self) -> bool {
        Self::new(self.numerator, self.denominator) == Some(self)
    }

    /// Over a million, so that [`Ratio::weigh`] is exact.
    #[must_use]
    #[inline]
    pub const fn is_exact(self) -> bool {
        self.denominator == PARTS as u64
    }

    /// Nothing at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// This share of `units`, rounded once as named.
    ///
    /// # Panics
    /// Never for numbers inside the rulebook's bounds: the quotient is at most a hundred times
    /// `units`.
    #[must_use]
    pub fn of(self, units: i128, rounding: Rounding) -> i128 {
        mul_div(units, i128::from(self.numerator), i128::from(self.denominator), rounding)
            .expect("a weight is at most a hundred and values stay within the rulebook's bounds")
    }

    /// This share of a worth, at 1e-22: exact over a million, else rounded once as named.
    #[must_use]
    #[inline]
    pub fn weigh(self, value: Value, rounding: Rounding) -> Weighted {
        if self.denominator == PARTS as u64 {
            Weighted::new(bounded_mul(value.units(), i128::from(self.numerator)))
        } else {
            Weighted::new(self.of(value.unweighted().units(), rounding))
        }
    }

    /// What this share leaves of a worth, at 1e-22: exact over a million, else rounded down.
    ///
    /// For ratios up to one, such as haircuts. Worked: a haircut of 0.05 on 100.00 leaves 95.00.
    #[must_use]
    #[inline]
    pub fn weigh_rest(self, value: Value) -> Weighted {
        if self.denominator == PARTS as u64 {
            Weighted::new(bounded_mul(value.units(), PARTS - i128::from(self.numerator)))
        } else {
            value.unweighted() - self.weigh(value, Rounding::Up)
        }
    }

    /// One less this ratio; `None` above one.
    #[must_use]
    pub const fn complement(self) -> Option<Self> {
        match self.denominator.checked_sub(self.numerator) {
            Some(rest) => Self::new(rest, self.denominator),
            None => None,
        }
    }

    /// Sum of two ratios; `None` where it leaves the denominators allowed.
    #[must_use]
    pub const fn plus(self, other: Self) -> Option<Self> {
        let left = self.numerator.checked_mul(other.denominator);
        let right = other.numerator.checked_mul(self.denominator);
        match (left, right, self.denominator.checked_mul(other.denominator)) {
            (Some(left), Some(right), Some(denominator)) => match left.checked_add(right) {
                Some(sum) => {
                    let divisor = greatest_common_divisor(sum, denominator);
                    Self::new(sum / divisor, denominator / divisor)
                }
                None => None,
            },
            _ => None,
        }
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        cmp_products(
            i128::from(self.numerator),
            i128::from(other.denominator),
            i128::from(other.numerator),
            i128::from(self.denominator),
        )
    }
}

const fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    if a == 0 { 1 } else { a }
}

/// Signed rate at 1e-12: a funding rate per interval or an interest rate per year.
///
/// Worked: a funding rate of 0.0001 is `Rate::new(100_000_000)`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Rate(i64);

impl Rate {
    /// Units in a rate of one.
    pub const ONE: i128 = 1_000_000_000_000;

    /// So many units of 1e-12.
    #[must_use]
    pub const fn new(units: i64) -> Self {
        Self(units)
    }

    /// The number of units of 1e-12.
    #[must_use]
    pub const fn units(self) -> i64 {
        self.0
    }

    /// The number of units of 1e-12, ready for a product.
    #[must_use]
    pub const fn wide(self) -> i128 {
        self.0 as i128
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denominators_that_divide_a_million_take_the_fast_path() {
        let table = [
            (1, 50, 20_000, 1_000_000),
            (2, 60, 1, 30),
            (1, 6, 1, 6),
            (3, 2, 1_500_000, 1_000_000),
        ];
        for (n, d, numerator, denominator) in table {
            let ratio = Ratio::new(n, d).expect("a valid ratio");
            assert_eq!((ratio.numerator(), ratio.denominator()), (numerator, denominator));
            assert!(ratio.is_canonical());
        }
        assert_eq!(Ratio::new(1, 0), None);
    }

    #[test]
    fn a_third_rounds_once_in_the_named_direction() {
        let third = Ratio::new(1, 3).expect("a valid ratio");
        let hundred = Value::new(100 * 10i128.pow(16));
        let down = third.weigh(hundred, Rounding::Down).units();
        assert_eq!(down, 333_333 * 10i128.pow(18) + 333_333_333_333_333_333);
        assert_eq!(third.weigh(hundred, Rounding::Up).units(), down + 1);
    }

    #[test]
    fn ratios_compare_by_cross_multiplication() {
        let a = Ratio::new(95, 100).expect("a valid ratio");
        let b = Ratio::new(189, 200).expect("a valid ratio");
        assert!(b < a);
        assert_eq!(a.complement(), Ratio::new(1, 20));
        assert_eq!(a.plus(Ratio::new(1, 20).expect("a valid ratio")), Some(Ratio::ONE));
    }
}
