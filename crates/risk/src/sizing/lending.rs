//! Sizes for debts against collateral: a swap of two assets, a close to a target ratio.

use crate::number::{Number, total};
use domain::Rounding;

/// A swap of a liability against an asset of the same account (Mango v4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwapTerms<N> {
    /// Release figure of the account, H: adjusted equity less the requirement.
    pub excess: N,
    /// Price of the liability.
    pub liability_price: N,
    /// Weight of the liability.
    pub liability_weight: N,
    /// Price of the asset.
    pub asset_price: N,
    /// Weight of the asset.
    pub asset_weight: N,
    /// Fee factor F, the product of one plus each side's fee.
    pub factor: N,
    /// Most of the liability that may be repaid: request and effective balance.
    pub liability_most: N,
    /// Most of the asset that may be taken: effective balance.
    pub asset_most: N,
}

/// What a swap moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap<N> {
    /// Liability repaid.
    pub repaid: N,
    /// Asset handed over.
    pub taken: N,
}

impl<N: Number> SwapTerms<N> {
    /// The swap that brings the account to release, x = -H / (p_L (w_L - F w_A)) of the liability
    /// against x p_L / p_A F of the asset, within its limits; nothing where there is no shortfall.
    /// `None` where a swap of any size only makes it worse.
    ///
    /// Source: Mango v4 `token_liq_with_token`. Worked: H -2.6, prices 1, weights 1.4 and 1: 6.5.
    #[must_use]
    pub fn swap(&self) -> Option<Swap<N>> {
        if !self.excess.is_negative() {
            return Some(Swap { repaid: N::zero(), taken: N::zero() });
        }
        let given_up = self.factor.times(&self.asset_weight, Rounding::Up);
        let gained = self.liability_weight.minus(&given_up);
        let gained = self.liability_price.times(&gained, Rounding::Down);
        if !gained.is_positive() {
            return None;
        }
        let needed = self.excess.negated().over(&gained, Rounding::Up);
        // Above any size, where the gain is next to nothing.
        let needed = needed.unwrap_or_else(|| self.liability_most.clone());
        let per_liability = self.liability_price.times(&self.factor, Rounding::Up);
        let possible =
            self.asset_most.portion(&self.asset_price, &per_liability, Rounding::Down)?;
        let repaid = needed.least(&self.liability_most).least(&possible).floored();
        let taken = repaid.portion(&per_liability, &self.asset_price, Rounding::Up)?;
        Some(Swap { repaid, taken })
    }
}

/// One collateral of a loan and what it counts for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collateral<N> {
    /// Its worth.
    pub worth: N,
    /// Share of worth at which a debt becomes liquidatable, LT.
    pub threshold: N,
}

/// Debt to repay so that collateral over debt comes to the target ratio:
/// `(T d - sum LT c) / (T - LT (1 + bonus))`, rounded up, at most the debt; `seized` is the LT
/// of the collateral that is taken. `None` where repaying never gets there.
///
/// Worked: T 1.05, debt 100, collateral 120 at .8, bonus 5 %: 9 / .21 = 42.857.
#[must_use]
pub fn lending_close<N: Number>(
    target: &N,
    debt: &N,
    collateral: &[Collateral<N>],
    seized: &N,
    bonus: &N,
) -> Option<N> {
    let counted: alloc::vec::Vec<N> =
        collateral.iter().map(|each| each.threshold.times(&each.worth, Rounding::Down)).collect();
    let lacking = target.times(debt, Rounding::Up).minus(&total(&counted));
    if !lacking.is_positive() {
        return Some(N::zero());
    }
    let lost = seized.times(&N::one().plus(bonus), Rounding::Up);
    let gained = target.minus(&lost);
    if !gained.is_positive() {
        return None;
    }
    Some(lacking.over(&gained, Rounding::Up)?.least(debt))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;
    use alloc::vec;

    fn tenths(n: i64) -> Fixed {
        Fixed::of(n, 10)
    }

    fn check(excess: i64, liability_most: i64, asset_most: i64, expected: Option<(i64, i64)>) {
        let terms = SwapTerms {
            excess: tenths(excess),
            liability_price: tenths(10),
            liability_weight: tenths(14),
            asset_price: tenths(20),
            asset_weight: tenths(10),
            factor: tenths(10),
            liability_most: tenths(liability_most),
            asset_most: tenths(asset_most),
        };
        let swap = expected
            .map(|(repaid, taken)| Swap { repaid: tenths(repaid), taken: Fixed::of(taken, 100) });
        assert_eq!(terms.swap(), swap, "{terms:?}");
        let none = SwapTerms { asset_weight: tenths(14), ..terms };
        assert_eq!(none.swap().is_none(), excess < 0);
    }

    #[test]
    fn swaps_within_limits() {
        check(-26, 100, 100, Some((65, 325)));
        check(-26, 20, 100, Some((20, 100)));
        check(-26, 100, 10, Some((20, 100)));
        check(0, 100, 100, Some((0, 0)));
    }

    #[test]
    fn closes_to_a_target() {
        let collateral = vec![Collateral { worth: tenths(1_200), threshold: tenths(8) }];
        let close = |debt: i64, bonus| {
            lending_close(&Fixed::of(105, 100), &tenths(debt), &collateral, &tenths(8), &bonus)
        };
        let repaid =
            close(1_000, Fixed::of(5, 100)).map(|repaid| repaid.units() / 10_000_000_000_000);
        assert_eq!(repaid, Some(42_857));
        assert_eq!(close(900, Fixed::of(5, 100)), Some(Fixed::zero()));
        assert_eq!(close(1_000, Fixed::of(5, 10)), None);
        assert_eq!(close(2_000, Fixed::of(5, 100)), Some(tenths(2_000)));
    }
}
