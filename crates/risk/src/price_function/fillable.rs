//! The fillable price of dYdX v4: it leaves the oracle price the further the account sinks.

use super::Side;
use crate::number::Number;
use domain::Rounding;

/// What the fillable price of one position is made of; all worth in one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fillable<N> {
    /// Signed notional V of the position at the oracle price, negative for a short.
    pub notional: N,
    /// Maintenance margin of the position alone.
    pub position_maintenance: N,
    /// Equity of the account, NC.
    pub equity: N,
    /// Maintenance margin of the account, MM.
    pub maintenance: N,
    /// Factor on the bankruptcy rating; 1 in dYdX v4's code default.
    pub adjustment: N,
    /// Share of the position's maintenance margin that the price concedes at most; .1 there.
    pub spread: N,
}

impl<N: Number> Fillable<N> {
    /// Bankruptcy rating R = clamp(adjustment * (1 - NC / MM), 0, 1), rounded up; `None` without a
    /// maintenance margin.
    ///
    /// Worked: NC 499 of MM 500 is .002.
    #[must_use]
    pub fn rating(&self) -> Option<N> {
        if !self.maintenance.is_positive() {
            return None;
        }
        let lacking = self.maintenance.minus(&self.equity);
        let rating = lacking.portion(&self.adjustment, &self.maintenance, Rounding::Up);
        // A rating out of range is far beyond one.
        let rating =
            rating.unwrap_or_else(|| if lacking.is_negative() { N::zero() } else { N::one() });
        Some(rating.within(&N::zero(), &N::one()))
    }

    /// Signed quote of the whole position at the fillable price: V - R * spread * MM_k, rounded
    /// down, so that a short pays more; over the quantity it is the price.
    ///
    /// Source: dYdX v4 `GetFillablePrice`. Worked: long 0.1 at 50,000, NC 499, MM 500: 4,999.90, a
    /// price of 49,999.
    #[must_use]
    pub fn quote(&self) -> Option<N> {
        let most = self.spread.times(&self.position_maintenance, Rounding::Up);
        Some(self.notional.minus(&self.rating()?.times(&most, Rounding::Up)))
    }

    /// Price of one unit of quantity, at least nothing; `quantity` is signed as the position.
    #[must_use]
    pub fn price(&self, quantity: &N) -> Option<N> {
        let side = if quantity.is_negative() { Side::Short } else { Side::Long };
        Some(self.quote()?.over(quantity, side.rounding())?.floored())
    }

    /// Quote of a part of the position, signed as the whole, rounded down.
    #[must_use]
    pub fn quote_of(&self, part: &N, whole: &N) -> Option<N> {
        self.quote()?.portion(part, whole, Rounding::Down)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    fn check(notional: i64, equity: i64, adjustment: (i64, i64), quote: (i64, i64)) {
        let fillable = Fillable {
            notional: Fixed::of(notional, 1),
            position_maintenance: Fixed::of(500, 1),
            equity: Fixed::of(equity, 1),
            maintenance: Fixed::of(500, 1),
            adjustment: Fixed::of(adjustment.0, adjustment.1),
            spread: Fixed::of(1, 10),
        };
        assert_eq!(fillable.quote(), Some(Fixed::of(quote.0, quote.1)), "{fillable:?}");
        let price = fillable.price(&Fixed::of(notional.signum(), 10)).expect("a price");
        assert_eq!(price, Fixed::of(quote.0 * notional.signum() * 10, quote.1));
    }

    #[test]
    fn the_price_falls_with_the_account() {
        check(5_000, 499, (1, 1), (49_999, 10));
        check(5_000, 499, (2, 1), (49_998, 10));
        check(-5_000, 499, (1, 1), (-50_001, 10));
        check(5_000, 0, (1, 1), (4_950, 1));
        check(5_000, -300, (1, 1), (4_950, 1));
        check(5_000, 800, (1, 1), (5_000, 1));
    }
}
