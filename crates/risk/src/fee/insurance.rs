//! Fees that feed the insurance fund and never cause the bankruptcy they insure against.
//!
//! The house rounds what lowers a fee up and the fee down; [`Places::Source`] cuts every term as
//! the venue does.

use crate::number::{Number, Places};
use domain::Rounding;

/// What is left for an insurance fee when a perpetual position is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsuranceRoom<N> {
    /// Release margin less adjusted equity, above zero.
    pub shortfall: N,
    /// Size of the position.
    pub size: N,
    /// Its price in the unit of the shortfall.
    pub price: N,
    /// Requirement ratio, the share of notional that closing frees.
    pub requirement: N,
    /// The liquidator's fee, as a share of notional.
    pub liquidator_fee: N,
    /// Largest insurance fee.
    pub most: N,
}

/// `min(most, .95 * max(0, requirement - liquidator fee - shortfall / (size * price)))`, the terms
/// in the given places; nothing where there is no position or no room.
///
/// The 5 % left over keeps deposits above losses to the last lot. Source: Drift v2
/// `calculate_perp_if_fee`. Worked: shortfall 20, 10 at 100, 5 % less 1 %: .95 * .02 = 1.9 %.
#[must_use]
pub fn insurance_fee<N: Number>(room: &InsuranceRoom<N>, places: &Places<N>) -> N {
    let per_unit = room.shortfall.over(&room.size, Rounding::Up).map(|each| places.cut(each));
    let lacking = per_unit.and_then(|each| each.over(&room.price, Rounding::Up));
    let Some(lacking) = lacking.map(|share| places.cut(share)) else { return N::zero() };
    let left = room.requirement.minus(&room.liquidator_fee).minus(&lacking).floored();
    let kept = places.cut(left.times(&N::of(19, 20), Rounding::Down));
    kept.least(&room.most).floored()
}

/// `min(fixed, max(0, requirement - liquidator fee))`: the simpler bound, without the shortfall.
///
/// Worked: 1 % of 5 % less 4.5 % is .5 %.
#[must_use]
pub fn insurance_fee_simple<N: Number>(fixed: &N, requirement: &N, liquidator_fee: &N) -> N {
    fixed.least(&requirement.minus(liquidator_fee).floored())
}

/// What is left for an insurance fee when a debt is repaid with collateral.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LendingRoom<N> {
    /// Release margin less adjusted equity, above zero.
    pub shortfall: N,
    /// Size of the debt, in its asset.
    pub debt: N,
    /// Its price in the unit of the shortfall.
    pub price: N,
    /// Weight of the collateral.
    pub asset_weight: N,
    /// One plus the collateral's fee.
    pub asset_multiplier: N,
    /// Weight of the debt.
    pub liability_weight: N,
    /// One less the debt's fee.
    pub liability_multiplier: N,
    /// Largest insurance fee.
    pub most: N,
}

/// `min(most, (w_L - w_A * m_A / m_L - shortfall / (debt * price)) / w_L)`, at least nothing, the
/// terms in the given places.
///
/// Source: Drift v2 `calculate_spot_if_fee`. Worked: shortfall 5, a debt of 1 at 100, weights 1.1
/// and 1 * 1.01: (1.1 - 1.01 - .05) / 1.1 = 3.6363 %.
#[must_use]
pub fn lending_insurance_fee<N: Number>(room: &LendingRoom<N>, places: &Places<N>) -> N {
    let fee = || {
        if room.asset_weight >= room.liability_weight {
            return None;
        }
        let taken = room.asset_weight.portion(
            &room.asset_multiplier,
            &room.liability_multiplier,
            Rounding::Up,
        )?;
        let worth = room.debt.times(&room.price, Rounding::Down);
        let lacking = places.cut(room.shortfall.over(&worth, Rounding::Up)?);
        let left = room.liability_weight.minus(&places.cut(taken)).floored();
        let left = left.minus(&lacking).floored();
        Some(places.cut(left.over(&room.liability_weight, Rounding::Down)?))
    };
    fee().unwrap_or_else(N::zero).least(&room.most).floored()
}

/// What a fill means for the fund: quote received less bankruptcy quote. Above zero the account
/// pays a fee, at most `share` of the fill's notional cut to `unit`; below, the fund pays it all.
///
/// Quotes are signed as received. Source: dYdX v4 `GetLiquidationInsuranceFundDelta`. Worked: sold
/// for 5,610 against 5,100, at most .5 %: +28.05; sold for 5,000: -100.
#[must_use]
pub fn fund_delta<N: Number>(
    fill_quote: &N,
    bankruptcy_quote: &N,
    share: &N,
    unit: &N,
) -> Option<N> {
    let delta = fill_quote.minus(bankruptcy_quote);
    if !delta.is_positive() {
        return Some(delta);
    }
    let most = fill_quote.magnitude().times(share, Rounding::Down);
    Some(most.to_multiple(unit, Rounding::Down)?.least(&delta))
}

/// The house's fee on closing `part` of all that is to be closed (`whole`): its ratio, but no more
/// than this part's share of what equity exceeds the planned slippage of closing everything.
///
/// `min(ratio * part, max(0, equity - slippage) * part / whole)`, the bound rounded down. Worked:
/// equity 12,000, notional 1M, slippage 10,000, .5 %: two halves pay 1,000 each and equity ends 0.
#[must_use]
pub fn house_fee<N: Number>(ratio: &N, part: &N, whole: &N, equity: &N, slippage: &N) -> N {
    let asked = ratio.times(part, Rounding::Up);
    let room = equity.minus(slippage).floored();
    let bound = room.portion(part, whole, Rounding::Down).unwrap_or_else(N::zero);
    asked.least(&bound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    fn parts(n: i64) -> Fixed {
        Fixed::of(n, 1_000_000)
    }

    #[test]
    fn room_for_the_fund() {
        let whole = |n| Fixed::of(n, 1);
        for (shortfall, liquidator_fee, fee) in [
            (20, 10_000, 19_000),
            (1, 10_000, 37_050),
            (20, 100_000, 0),
            (0, 0, 47_500),
            (60, 0, 0),
        ] {
            let room = InsuranceRoom {
                shortfall: whole(shortfall),
                size: whole(10),
                price: whole(100),
                requirement: parts(50_000),
                liquidator_fee: parts(liquidator_fee),
                most: parts(50_000),
            };
            assert_eq!(insurance_fee(&room, &Places::Source(parts(1))), parts(fee), "{room:?}");
            let none = InsuranceRoom { size: whole(0), ..room };
            assert_eq!(insurance_fee(&none, &Places::House), Fixed::zero());
        }
        assert_eq!(
            insurance_fee_simple(&parts(10_000), &parts(50_000), &parts(45_000)),
            parts(5_000)
        );
    }

    #[test]
    fn room_beside_a_debt() {
        for (shortfall, fee) in [(1, 50_000), (5, 36_363), (9, 0), (20, 0)] {
            let room = LendingRoom {
                shortfall: Fixed::of(shortfall, 1),
                debt: Fixed::one(),
                price: Fixed::of(100, 1),
                asset_weight: Fixed::one(),
                asset_multiplier: parts(1_010_000),
                liability_weight: parts(1_100_000),
                liability_multiplier: Fixed::one(),
                most: parts(50_000),
            };
            assert_eq!(
                lending_insurance_fee(&room, &Places::Source(parts(1))),
                parts(fee),
                "{shortfall}"
            );
        }
    }

    #[test]
    fn the_fund_earns_or_pays_the_difference() {
        let cents = |n| Fixed::of(n, 100);
        let share = parts(5_000);
        for (fill, bankruptcy, delta) in [
            (561_000, 510_000, 2_805),
            (510_000, 510_000, 0),
            (500_000, 510_000, -10_000),
            (-489_510, -490_000, 490),
            (0, -490_000, 0),
        ] {
            let got = fund_delta(&cents(fill), &cents(bankruptcy), &share, &cents(1));
            assert_eq!(got, Some(cents(delta)), "{fill} {bankruptcy}");
        }
    }

    #[test]
    fn two_halves_end_at_nothing() {
        let whole = |n| Fixed::of(n, 1);
        let ratio = parts(5_000);
        let (mut equity, mut left, mut slippage) = (12_000, 1_000_000, 10_000);
        for _ in 0..2 {
            let fee =
                house_fee(&ratio, &whole(500_000), &whole(left), &whole(equity), &whole(slippage));
            assert_eq!(fee, whole(1_000));
            (equity, left, slippage) = (equity - 5_000 - 1_000, left - 500_000, slippage - 5_000);
        }
        assert_eq!(equity, 0);
    }
}
