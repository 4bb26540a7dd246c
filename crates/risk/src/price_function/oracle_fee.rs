//! Oracle price less or plus a fee, and the bonus a buyer of collateral gets on top.

use super::Side;
use crate::number::Number;
use domain::Rounding;

/// `oracle * (1 - fee)` for a long that is sold, `oracle * (1 + fee)` for a short that is bought
/// back; works on a price as on a quote at that price, in the unit of `oracle`.
///
/// Drift v2 transfers perpetuals to liquidators at this price. Worked: 100 with a fee of 1 % is 99
/// for a long, 101 for a short.
#[must_use]
pub fn oracle_fee<N: Number>(oracle: &N, fee: &N, side: Side) -> N {
    let conceded = oracle.times(fee, Rounding::Up);
    match side {
        Side::Long => oracle.minus(&conceded).floored(),
        Side::Short => oracle.plus(&conceded),
    }
}

/// Worth of the collateral that repaying so much debt earns: `repaid * (1 + bonus)`, down.
///
/// Aave and other lenders quote a bonus of 5 to 10 %. Worked: 200 repaid at 5 % take 210.
#[must_use]
pub fn fixed_bonus<N: Number>(repaid: &N, bonus: &N) -> N {
    repaid.plus(&repaid.times(bonus, Rounding::Down))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    #[test]
    fn the_fee_goes_against_the_account() {
        let (hundred, fee) = (Fixed::of(100, 1), Fixed::of(1, 100));
        assert_eq!(oracle_fee(&hundred, &fee, Side::Long), Fixed::of(99, 1));
        assert_eq!(oracle_fee(&hundred, &fee, Side::Short), Fixed::of(101, 1));
        assert_eq!(oracle_fee(&hundred, &Fixed::of(3, 1), Side::Long), Fixed::zero());
        assert_eq!(fixed_bonus(&Fixed::of(200, 1), &Fixed::of(5, 100)), Fixed::of(210, 1));
        let unit = Fixed::new(1);
        assert_eq!(oracle_fee(&unit, &fee, Side::Short), Fixed::new(2));
        assert_eq!(fixed_bonus(&unit, &fee), unit);
    }
}
