//! Borrow rates by utilisation, and what they make of an index.
//!
//! Rates are per year and not negative; utilisation is borrows over deposits. Rates round up by the
//! house. Law: a higher utilisation never has a lower rate where the points ascend.

use crate::number::{Number, Places};
use alloc::vec::Vec;
use domain::Rounding;

/// A corner of a curve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corner<N> {
    /// Utilisation.
    pub at: N,
    /// Rate there.
    pub rate: N,
}

/// Rate at a utilisation, linear between corners and flat outside of them; corners ascend.
///
/// Worked (Mango v4): (0, 1), (.5, 3), (.75, 7), (1, 13): 10 at .875.
#[must_use]
pub fn piecewise<N: Number>(corners: &[Corner<N>], utilisation: &N) -> N {
    let mut below: Option<&Corner<N>> = None;
    for corner in corners {
        if *utilisation <= corner.at {
            let Some(low) = below else { return corner.rate.clone() };
            let (rise, along) = (corner.rate.minus(&low.rate), utilisation.minus(&low.at));
            let risen = rise.portion(&along, &corner.at.minus(&low.at), Rounding::Up);
            return low.rate.plus(&risen.unwrap_or(rise));
        }
        below = Some(corner);
    }
    below.map_or_else(N::zero, |corner| corner.rate.clone())
}

/// Corners of Hyperliquid's rate: `.05 + 4.75 * max(0, U - .8)`.
///
/// Worked: .525 at .9.
#[must_use]
pub fn hockey<N: Number>() -> Vec<Corner<N>> {
    let corner = |at, rate| Corner { at: N::of(at, 100), rate: N::of(rate, 100) };
    alloc::vec![corner(0, 5), corner(80, 5), corner(100, 100)]
}

/// A rate of many segments: linear to an optimum, then the rest of the way to the highest rate in
/// fixed shares up to fixed utilisations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segments<N> {
    /// Utilisation up to which the first segment goes.
    pub optimum: N,
    /// Rate there.
    pub optimal_rate: N,
    /// Rate at full utilisation.
    pub highest_rate: N,
}

/// Ends of the segments above the optimum in thousandths, and their shares in thousandths.
const SEGMENTS: [(i64, i64); 6] =
    [(850, 50), (900, 100), (950, 150), (990, 200), (995, 250), (1_000, 250)];

impl<N: Number> Segments<N> {
    /// Rate at a utilisation in the given places.
    ///
    /// Source: Drift v2 `calculate_borrow_rate`. Worked: optimum .7 at .1, highest 5: .345 at .85.
    #[must_use]
    pub fn rate_at(&self, utilisation: &N, places: &Places<N>) -> N {
        if *utilisation <= self.optimum {
            let (rate, optimum) = (&self.optimal_rate, &self.optimum);
            return match places {
                Places::House => rate.portion(utilisation, optimum, Rounding::Up),
                Places::Source(_) => rate
                    .over(optimum, Rounding::Up)
                    .map(|slope| places.cut(places.cut(slope).times(utilisation, Rounding::Up))),
            }
            .unwrap_or_else(N::zero);
        }
        let extra = self.highest_rate.minus(&self.optimal_rate).floored();
        let (mut rate, mut from) = (self.optimal_rate.clone(), self.optimum.clone());
        for (end, share) in SEGMENTS {
            let end = N::of(end, 1_000);
            let part = places.cut(extra.times(&N::of(share, 1_000), Rounding::Up));
            if *utilisation <= end && from < end {
                let along =
                    part.portion(&utilisation.minus(&from), &end.minus(&from), Rounding::Up);
                return rate.plus(&places.cut(along.unwrap_or(part)));
            }
            rate = rate.plus(&part);
            from = from.most(&end);
        }
        rate
    }
}

/// What an index grows by over equal steps: `(1 + rate * step / year) ^ steps`, simple within a
/// step, rounded up.
///
/// Worked: 200 % a year in steps of 5 s for a day: 1.0054944908.
#[must_use]
pub fn growth<N: Number>(rate: &N, step: &N, year: &N, steps: u32) -> Option<N> {
    let each = rate.portion(step, year, Rounding::Up)?;
    Some(N::one().plus(&each).to_power(steps, Rounding::Up))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    fn parts(n: i64) -> Fixed {
        Fixed::of(n, 1_000_000)
    }

    #[test]
    fn corners() {
        let curve: Vec<Corner<Fixed>> = [(0, 1), (50, 3), (75, 7), (100, 13)]
            .map(|(at, rate)| Corner { at: Fixed::of(at, 100), rate: Fixed::of(rate, 1) })
            .into();
        for (at, rate) in [(-50, 100), (25, 200), (50, 300), (875, 1_000), (150, 1_300)] {
            let at = if at == 875 { Fixed::of(875, 1_000) } else { Fixed::of(at, 100) };
            assert_eq!(piecewise(&curve, &at), Fixed::of(rate, 100), "{at:?}");
        }
        for (at, rate) in [(50, 50), (90, 525), (100, 1_000)] {
            let expected = if at == 50 { Fixed::of(5, 100) } else { Fixed::of(rate, 1_000) };
            assert_eq!(piecewise(&hockey(), &Fixed::of(at, 100)), expected, "{at}");
        }
        assert_eq!(piecewise(&[], &parts(1)), Fixed::zero());
    }

    #[test]
    fn segments() {
        let segments = Segments {
            optimum: parts(700_000),
            optimal_rate: parts(100_000),
            highest_rate: parts(5_000_000),
        };
        let cut = Places::Source(parts(1));
        for (at, rate) in [
            (0, 0),
            (350_000, 49_999),
            (700_000, 99_999),
            (775_000, 222_500),
            (850_000, 345_000),
            (950_000, 1_570_000),
            (995_000, 3_775_000),
            (1_000_000, 5_000_000),
            (1_200_000, 5_000_000),
        ] {
            assert_eq!(segments.rate_at(&parts(at), &cut), parts(rate), "{at}");
        }
        assert_eq!(segments.rate_at(&parts(350_000), &Places::House), parts(50_000));
    }

    #[test]
    fn a_day_of_interest() {
        let grown = growth(&Fixed::of(2, 1), &Fixed::of(5, 1), &Fixed::of(31_536_000, 1), 17_280);
        assert_eq!(grown.map(|index| index.units() / 1_000_000), Some(10_054_944_908));
    }
}
