//! Sizes that bring an account to release when closing costs money.

use crate::number::Number;
use domain::Rounding;

/// One part of a position's notional and what closing there frees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreedPart<N> {
    /// Where the part begins, as notional.
    pub above: N,
    /// Release margin freed per notional inside it, rho.
    pub freed: N,
}

/// Notional to close so that the shortfall is gone: `shortfall / (rho - w c)`, solved part by part
/// from the top of the position. `parts` ascend, the first begins at nothing; `cost` is slippage
/// and fee per notional; `weight` the liability weight where cash ends negative, else one. `None`
/// where a part frees no more than it costs or the whole position is not enough.
///
/// Worked: shortfall 5,000, rho 3 %, cost 1 %: 250,000; weight 1.1: 263,158. Shortfall 6,000 on
/// 1.2M at 1 % and 2.5 % above 1M, cost .5 %: 200,000 + 400,000.
#[must_use]
pub fn to_target<N: Number>(
    shortfall: &N,
    notional: &N,
    parts: &[FreedPart<N>],
    cost: &N,
    weight: &N,
) -> Option<N> {
    let paid = cost.times(weight, Rounding::Up);
    let (mut lacking, mut top, mut closed) = (shortfall.floored(), notional.clone(), N::zero());
    for part in parts.iter().rev() {
        if lacking.is_zero() {
            break;
        }
        if part.above >= top {
            continue;
        }
        let gained = part.freed.minus(&paid);
        if !gained.is_positive() {
            return None;
        }
        let length = top.minus(&part.above);
        let needed = lacking.over(&gained, Rounding::Up)?;
        if needed <= length {
            return Some(closed.plus(&needed));
        }
        lacking = lacking.minus(&length.times(&gained, Rounding::Down)).floored();
        closed = closed.plus(&length);
        top = part.above.clone();
    }
    lacking.is_zero().then_some(closed)
}

/// Worth of collateral to sell so that the shortfall is gone, proceeds going to a debt:
/// `shortfall / (h - w_l c + w_l - 1)`. `None` where selling never helps.
///
/// Worked: shortfall 5.50, haircut .1, cost 1 %: 61.11 at weight 1; 10.50 at weight 1.05: 75.27.
#[must_use]
pub fn collateral_sale<N: Number>(
    shortfall: &N,
    haircut: &N,
    cost: &N,
    liability_weight: &N,
) -> Option<N> {
    let paid = liability_weight.times(cost, Rounding::Up);
    let gained = haircut.minus(&paid).plus(liability_weight).minus(&N::one());
    if !gained.is_positive() {
        return None;
    }
    shortfall.floored().over(&gained, Rounding::Up)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;
    use alloc::vec;

    fn parts(n: i64) -> Fixed {
        Fixed::of(n, 1_000_000)
    }

    fn whole(n: i64) -> Fixed {
        Fixed::of(n, 1)
    }

    #[test]
    fn one_ratio() {
        let rho = vec![FreedPart { above: whole(0), freed: parts(30_000) }];
        for (cost, weight, expected) in [
            (0, 1_000_000, Some(166_667)),
            (5_000, 1_000_000, Some(200_000)),
            (10_000, 1_000_000, Some(250_000)),
            (20_000, 1_000_000, Some(500_000)),
            (10_000, 1_100_000, Some(263_158)),
            (25_000, 1_000_000, Some(1_000_000)),
            (26_000, 1_000_000, None),
            (30_000, 1_000_000, None),
        ] {
            let got =
                to_target(&whole(5_000), &whole(1_000_000), &rho, &parts(cost), &parts(weight));
            let got = got.and_then(|size| size.to_multiple(&Fixed::one(), Rounding::Up));
            assert_eq!(got, expected.map(whole), "{cost} {weight}");
        }
    }

    #[test]
    fn tiers_are_solved_from_the_top() {
        let tiers = vec![
            FreedPart { above: whole(0), freed: parts(10_000) },
            FreedPart { above: whole(1_000_000), freed: parts(25_000) },
        ];
        for (shortfall, expected) in [
            (0, Some(0)),
            (2_000, Some(100_000)),
            (4_000, Some(200_000)),
            (6_000, Some(600_000)),
            (9_001, None),
        ] {
            let got =
                to_target(&whole(shortfall), &whole(1_200_000), &tiers, &parts(5_000), &whole(1));
            assert_eq!(got, expected.map(whole), "{shortfall}");
        }
    }

    #[test]
    fn collateral_for_debts() {
        for (shortfall, weight, cents) in
            [(550, 1_000_000, Some(6_112)), (1_050, 1_050_000, Some(7_527))]
        {
            let sold = collateral_sale(
                &Fixed::of(shortfall, 100),
                &parts(100_000),
                &parts(10_000),
                &parts(weight),
            );
            let sold = sold.and_then(|worth| worth.to_multiple(&Fixed::of(1, 100), Rounding::Up));
            assert_eq!(sold, cents.map(|cents| Fixed::of(cents, 100)), "{weight}");
        }
        assert_eq!(collateral_sale(&whole(1), &parts(10_000), &parts(10_000), &whole(1)), None);
    }
}
