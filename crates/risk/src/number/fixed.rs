//! Integers at 1e-16: the number of the machine.

use super::Number;
use domain::wide::{div, mul_div};
use domain::{Quantity, Quote, Ratio, Rounding, Value, Weighted};

/// Units in one.
const ONE: i128 = 10_000_000_000_000_000;
/// Units of [`Weighted`] in one unit here.
const PARTS: i128 = 1_000_000;

/// A signed number at 1e-16, the scale of [`Value`] and [`Quote`]; quantities and prices join it as
/// whole units or through their own scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fixed(i128);

impl Fixed {
    /// So many units of 1e-16.
    #[must_use]
    pub const fn new(units: i128) -> Self {
        Self(units)
    }

    /// The number of units of 1e-16.
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }

    /// A fraction, exact where its denominator divides 10^16, else rounded once.
    ///
    /// Worked: 1/6 down is 0.1666666666666666.
    #[must_use]
    pub fn of_ratio(ratio: Ratio, rounding: Rounding) -> Self {
        Self(ratio.of(ONE, rounding))
    }

    /// A weighted worth, rounded once from 1e-22.
    #[must_use]
    pub const fn of_weighted(worth: Weighted, rounding: Rounding) -> Self {
        Self(div(worth.units(), PARTS, rounding))
    }

    /// A quantity as the whole number of its units.
    ///
    /// Sizes that formulas answer for it are units too: [`Fixed::whole`] takes them back.
    #[must_use]
    pub const fn of_quantity(quantity: Quantity) -> Self {
        Self(quantity.wide() * ONE)
    }

    /// The whole number next to it.
    ///
    /// Worked: 2.5 up is 3, down 2.
    #[must_use]
    pub const fn whole(self, rounding: Rounding) -> i128 {
        div(self.0, ONE, rounding)
    }

    /// As a worth in the numeraire.
    #[must_use]
    pub const fn value(self) -> Value {
        Value::new(self.0)
    }

    /// As an amount at 1e-16 of a settlement asset.
    #[must_use]
    pub const fn quote(self) -> Quote {
        Quote::new(self.0)
    }
}

impl From<Value> for Fixed {
    fn from(value: Value) -> Self {
        Self(value.units())
    }
}

impl From<Quote> for Fixed {
    fn from(quote: Quote) -> Self {
        Self(quote.units())
    }
}

/// `a * b / d` for any sign of `d`; `None` for zero or beyond 128 bits.
fn quotient(a: i128, b: i128, d: i128, rounding: Rounding) -> Option<i128> {
    match d {
        0 => None,
        1.. => mul_div(a, b, d, rounding),
        _ => mul_div(a.checked_neg()?, b, d.checked_neg()?, rounding),
    }
}

impl Number for Fixed {
    fn of(units: i64, per_one: i64) -> Self {
        let units = quotient(i128::from(units), ONE, i128::from(per_one), Rounding::Down);
        Self(units.unwrap_or(0))
    }

    fn plus(&self, other: &Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    fn minus(&self, other: &Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    fn times(&self, other: &Self, rounding: Rounding) -> Self {
        let extreme = if (self.0 < 0) == (other.0 < 0) { i128::MAX } else { i128::MIN };
        Self(mul_div(self.0, other.0, ONE, rounding).unwrap_or(extreme))
    }

    fn portion(&self, part: &Self, whole: &Self, rounding: Rounding) -> Option<Self> {
        quotient(self.0, part.0, whole.0, rounding).map(Self)
    }

    fn to_multiple(&self, unit: &Self, rounding: Rounding) -> Option<Self> {
        if unit.0 <= 0 {
            return None;
        }
        div(self.0, unit.0, rounding).checked_mul(unit.0).map(Self)
    }

    fn root_down(&self, unit: &Self) -> Option<Self> {
        if self.0 < 0 || unit.0 <= 0 {
            return None;
        }
        // sqrt(x * 1e-16) = sqrt(x) * 1e-8: the root is taken at 1e-8 or finer and cut to the unit.
        let (fine, scale) = match self.0.checked_mul(ONE) {
            Some(fine) => (fine, 1),
            None => (self.0, ONE / 100_000_000),
        };
        Self(fine.isqrt().checked_mul(scale)?).to_multiple(unit, Rounding::Down)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn fixed(units: i128) -> Fixed {
        Fixed::new(units)
    }

    #[test]
    fn every_loss_goes_the_named_way() {
        let (one, three) = (Fixed::one(), Fixed::of(3, 1));
        let third = |rounding| one.over(&three, rounding).map(Fixed::units);
        assert_eq!(third(Rounding::Down), Some(3_333_333_333_333_333));
        assert_eq!(third(Rounding::Up), Some(3_333_333_333_333_334));
        assert_eq!(
            one.negated().over(&three, Rounding::Down).map(Fixed::units),
            Some(-3_333_333_333_333_334)
        );
        assert_eq!(
            one.over(&three.negated(), Rounding::Up).map(Fixed::units),
            Some(-3_333_333_333_333_333)
        );
        assert_eq!(one.over(&Fixed::zero(), Rounding::Up), None);
        let unit = fixed(1);
        assert_eq!(unit.times(&unit, Rounding::Up), unit);
        assert_eq!(unit.times(&unit, Rounding::Down), Fixed::zero());
    }

    #[test]
    fn multiples_roots_and_powers() {
        let tenth = Fixed::of(1, 10);
        for (units, per_one, down, up) in
            [(237, 100, 23, 24), (-237, 100, -24, -23), (2, 1, 20, 20)]
        {
            let number = Fixed::of(units, per_one);
            assert_eq!(number.to_multiple(&tenth, Rounding::Down), Some(Fixed::of(down, 10)));
            assert_eq!(number.to_multiple(&tenth, Rounding::Up), Some(Fixed::of(up, 10)));
        }
        assert_eq!(
            Fixed::of(2, 1).root_down(&Fixed::of(1, 100_000)),
            Some(Fixed::of(141_421, 100_000))
        );
        assert_eq!(Fixed::of(49, 100).root_down(&fixed(1)), Some(Fixed::of(7, 10)));
        assert_eq!(Fixed::of(-1, 1).root_down(&fixed(1)), None);
        let power = Fixed::of(99, 100).to_power(10, Rounding::Down).units();
        assert_eq!(power / 1_000_000, 9_043_820_750);
        assert_eq!(Fixed::of(99, 100).to_power(0, Rounding::Down), Fixed::one());
    }

    #[test]
    fn what_leaves_the_range_is_held_at_the_extreme() {
        let large = fixed(i128::MAX / 2);
        assert_eq!(large.times(&large, Rounding::Up), fixed(i128::MAX));
        assert_eq!(large.negated().times(&large, Rounding::Up), fixed(i128::MIN));
        assert_eq!(large.plus(&large).plus(&large), fixed(i128::MAX));
        assert_eq!(large.over(&fixed(1), Rounding::Up), None);
        assert_eq!(large.root_down(&fixed(1)).map(|root| root.units() > 0), Some(true));
    }
}
