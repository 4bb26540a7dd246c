//! Sizes that are shares: of a shortfall as time passes, of a whole portfolio.

use crate::number::{Number, Places};
use domain::Rounding;

/// How much of a shortfall may be freed, growing with the time since the account was last active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareInTime<N> {
    /// Share at once; .1 at Drift v2.
    pub initial: N,
    /// Time in which all but the initial share is added; 150 slots there. Nothing for all at once.
    pub duration: N,
    /// A shortfall below this is freed at once; 50 there.
    pub all_below: N,
}

impl<N: Number> ShareInTime<N> {
    /// Share of the shortfall that may be freed now, between nothing and one:
    /// `clamp(elapsed / duration + initial) * (shortfall + freed) - freed` over the shortfall;
    /// `freed` is what earlier steps of the same liquidation freed. `share` and `money` are the
    /// places of shares and worth.
    ///
    /// Source: Drift v2 `calculate_max_pct_to_liquidate`. Worked: 10 % and 150 slots, slot 75,
    /// shortfall 100, nothing freed: .6.
    #[must_use]
    pub fn allowed(
        &self,
        elapsed: &N,
        shortfall: &N,
        freed: &N,
        (share, money): (&Places<N>, &Places<N>),
    ) -> N {
        if *shortfall < self.all_below || !shortfall.is_positive() {
            return N::one();
        }
        let grown = elapsed.over(&self.duration, Rounding::Down).unwrap_or_else(N::one);
        let grown = share.cut(grown).plus(&self.initial).within(&N::zero(), &N::one());
        let most = money.cut(shortfall.plus(freed).times(&grown, Rounding::Down));
        let left = most.minus(freed).floored();
        let left = left.over(shortfall, Rounding::Down).unwrap_or_else(N::one);
        share.cut(left).least(&N::one())
    }
}

/// Share of a portfolio to sell in one slice so that its release figure comes back to nothing:
/// `f = BM / (BM - MtM d - R (1 - d))`, rounded up, between nothing and one. `release` is the net
/// release figure BM (below zero where something must be sold), `value` the portfolio's value MtM,
/// `price` the share d of value that is paid, `reserved` cash already paid in R. `None` where a
/// larger slice does not help.
///
/// Source: Derive v2 `DutchAuction`. Worked: BM -140, MtM 300, d 1: .318.
#[must_use]
pub fn proportional<N: Number>(release: &N, value: &N, price: &N, reserved: &N) -> Option<N> {
    if !release.is_negative() {
        return Some(N::zero());
    }
    let paid = value.times(price, Rounding::Down);
    let kept = reserved.times(&N::one().minus(price), Rounding::Down);
    let divisor = release.minus(&paid).minus(&kept);
    if !divisor.is_negative() {
        return None;
    }
    Some(release.over(&divisor, Rounding::Up)?.within(&N::zero(), &N::one()))
}

/// Net release figure of a portfolio: `MM + buffer * (MM - MtM)`, net figures, rounded down.
///
/// Worked: MM -100, MtM 300, buffer .1: -140.
#[must_use]
pub fn proportional_release<N: Number>(maintenance: &N, value: &N, buffer: &N) -> N {
    maintenance.plus(&maintenance.minus(value).times(buffer, Rounding::Down))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    fn whole(n: i64) -> Fixed {
        Fixed::of(n, 1)
    }

    #[test]
    fn a_share_grows_with_time() {
        let rule =
            ShareInTime { initial: Fixed::of(1, 10), duration: whole(150), all_below: whole(50) };
        let share = Places::Source(Fixed::of(1, 10_000));
        for (elapsed, shortfall, freed, expected) in [
            (0, 100, 0, 1_000),
            (75, 100, 0, 6_000),
            (76, 100, 0, 6_066),
            (75, 50, 50, 2_000),
            (0, 100, 50, 0),
            (150, 100, 0, 10_000),
            (1, 49, 0, 10_000),
        ] {
            let places = (&share, &Places::House);
            let got = rule.allowed(&whole(elapsed), &whole(shortfall), &whole(freed), places);
            assert_eq!(got, Fixed::of(expected, 10_000), "{elapsed} {shortfall} {freed}");
        }
        let at_once = ShareInTime { duration: whole(0), ..rule };
        let places = (&share, &Places::House);
        assert_eq!(at_once.allowed(&whole(0), &whole(90), &whole(0), places), Fixed::one());
    }

    #[test]
    fn slices_of_a_portfolio() {
        let release = proportional_release(&whole(-100), &whole(300), &Fixed::of(1, 10));
        assert_eq!(release, whole(-140));
        let share = proportional(&release, &whole(300), &Fixed::one(), &whole(0));
        assert_eq!(share.map(|share| share.units() / 1_000_000_000_000), Some(3_181));
        assert_eq!(proportional(&whole(1), &whole(9), &Fixed::one(), &whole(0)), Some(whole(0)));
        assert_eq!(proportional(&whole(-1), &whole(-9), &Fixed::one(), &whole(0)), None);
    }
}
