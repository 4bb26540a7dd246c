//! The quote at which closing a slice leaves the account as bankrupt as it was: none richer for it.

use crate::number::Number;
use domain::Rounding;

/// A slice of one position, as the changes that closing it makes, and the account it is part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice<N> {
    /// Change of signed notional at mark: negative where a long is reduced.
    pub notional_change: N,
    /// Change of the account's maintenance margin; not above zero where a position is reduced.
    pub maintenance_change: N,
    /// Equity of the account.
    pub equity: N,
    /// Maintenance margin of the account.
    pub maintenance: N,
}

/// Signed quote received for closing a slice: `-dV - floor(E * |dMM| / MM)` at whole multiples of
/// `unit`, so that it rounds towards plus infinity. It allocates equity over positions by their
/// share of maintenance margin. `None` without a maintenance margin.
///
/// Source: dYdX v4 `GetBankruptcyPriceInQuoteQuantums`. Worked: long 0.1 at 50,000 with equity -100
/// (MM 500): closing all is worth 5,000 + 100 = 5,100.
#[must_use]
pub fn bankruptcy_quote<N: Number>(slice: &Slice<N>, unit: &N) -> Option<N> {
    if !slice.maintenance.is_positive() {
        return None;
    }
    let freed = slice.maintenance_change.magnitude();
    let own = slice.equity.portion(&freed, &slice.maintenance, Rounding::Down)?;
    let own = own.to_multiple(unit, Rounding::Down)?;
    Some(slice.notional_change.negated().minus(&own))
}

/// Price at which one position alone would leave its account with nothing: `P - E / q`, for
/// display, down for a long and up for a short; `None` for no position.
///
/// Worked: short 500 at mark 2 with equity -400: 1.2.
#[must_use]
pub fn bankruptcy_price<N: Number>(mark: &N, equity: &N, quantity: &N) -> Option<N> {
    let rounding = if quantity.is_negative() { Rounding::Down } else { Rounding::Up };
    Some(mark.minus(&equity.over(quantity, rounding)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    #[test]
    fn what_is_left_is_shared_by_maintenance_margin() {
        let whole = |n| Fixed::of(n, 1);
        for (dv, dmm, equity, mm, quote) in [
            (-5_000, -500, -100, 500, 5_100),
            (-5_000, -500, 499, 500, 4_501),
            (5_000, -500, -100, 500, -4_900),
            (2_500, -250, 0, 500, -2_500),
            // 10 * 30 / 50 = 6 of 10.
            (-300, -30, 10, 50, 294),
            // 1 * 1 / 3 floors to nothing, -1 / 3 to -1.
            (-9, -1, 1, 3, 9),
            (-9, -1, -1, 3, 10),
        ] {
            let slice = Slice {
                notional_change: whole(dv),
                maintenance_change: whole(dmm),
                equity: whole(equity),
                maintenance: whole(mm),
            };
            assert_eq!(bankruptcy_quote(&slice, &Fixed::one()), Some(whole(quote)), "{slice:?}");
        }
        let price = bankruptcy_price(&whole(2), &whole(-400), &whole(-500));
        assert_eq!(price, Some(Fixed::of(12, 10)));
        assert_eq!(bankruptcy_price(&whole(2), &whole(1), &whole(0)), None);
    }
}
