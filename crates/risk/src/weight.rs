//! Weights that depend on size, on what the venue holds, or on time.
//!
//! Weights are shares of value: of an asset at most what it is given, of a liability at least. An
//! asset's weight rounds down, a liability's up, by the house; [`Places::Source`] cuts as a venue
//! does. Law: more of an asset never weighs more a unit, more of a liability never less.

use crate::number::{Number, Places};
use domain::Rounding;

/// The square root of a size, at 1e-12 by the house, cut to the unit of a source. Drift v2 adds the
/// square of its unit first.
fn size_root<N: Number>(size: &N, places: &Places<N>, rounding: Rounding) -> N {
    let fine = N::of(1, 1_000_000_000_000);
    let root = match places {
        Places::Source(unit) => size.plus(&unit.times(unit, Rounding::Up)).root_down(unit),
        Places::House => size.root_down(&fine).map(|root| match rounding {
            Rounding::Up if root.times(&root, Rounding::Down) < *size => root.plus(&fine),
            _ => root,
        }),
    };
    root.unwrap_or_else(N::zero)
}

/// Places of a formula with a root: of the root, of its product with the factor, of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootPlaces<N> {
    /// Of the root.
    pub root: Places<N>,
    /// Of root times factor.
    pub factor: Places<N>,
    /// Of the result.
    pub result: Places<N>,
}

impl<N: Number> RootPlaces<N> {
    /// The house's own: every digit there is.
    #[must_use]
    pub const fn house() -> Self {
        Self { root: Places::House, factor: Places::House, result: Places::House }
    }

    /// Those of Drift v2: roots at 1e-5, factors at 1e-6, weights and ratios at 1e-4.
    #[must_use]
    pub fn drift() -> Self {
        Self {
            root: Places::Source(N::of(1, 100_000)),
            factor: Places::Source(N::of(1, 1_000_000)),
            result: Places::Source(N::of(1, 10_000)),
        }
    }
}

/// Weight of a large holding: `min(w, 1.1 / (1 + factor * sqrt(size)))`, size in whole units; a
/// factor of nothing leaves `w`.
///
/// Source: Drift v2 `calculate_size_discount_asset_weight`. Worked: w .9, factor .1, 1,000 units:
/// 1.1 / 4.16227 = .2642.
#[must_use]
pub fn sqrt_discount<N: Number>(weight: &N, factor: &N, size: &N, places: &RootPlaces<N>) -> N {
    if factor.is_zero() {
        return weight.clone();
    }
    let root = size_root(size, &places.root, Rounding::Up);
    let grown = places.factor.cut(root.times(factor, Rounding::Up));
    let discounted = N::of(11, 10).over(&N::one().plus(&grown), Rounding::Down);
    let discounted = places.result.cut(discounted.unwrap_or_else(N::zero));
    weight.least(&discounted)
}

/// Weight of a large liability, or requirement ratio of a large position:
/// `max(w, .8 w + factor * sqrt(size))`; a factor of nothing leaves `w`.
///
/// Source: Drift v2 `calculate_size_premium_liability_weight`. Worked: w 1.1, factor .01, 1,000
/// units: .88 + .3162 = 1.1962; ratio .05, factor .001, 10,000 units: .14.
#[must_use]
pub fn sqrt_premium<N: Number>(weight: &N, factor: &N, size: &N, places: &RootPlaces<N>) -> N {
    if factor.is_zero() {
        return weight.clone();
    }
    let root = size_root(size, &places.root, Rounding::Up);
    let fifth = places.result.cut(weight.times(&N::of(1, 5), Rounding::Down));
    let grown = places.result.cut(root.times(factor, Rounding::Up));
    weight.most(&weight.minus(&fifth).plus(&grown))
}

/// Weight of unrealised PnL: `min(w, w * 1.1 / (1 + factor * sqrt(pnl)))` for a profit; `w` for
/// none.
///
/// Source: Drift v2. Worked: w 1, factor .001, a profit of 24,282.79: .9516.
#[must_use]
pub fn pnl_weight<N: Number>(weight: &N, factor: &N, pnl: &N, places: &RootPlaces<N>) -> N {
    if !pnl.is_positive() {
        return weight.clone();
    }
    let share = sqrt_discount(&N::of(11, 10), factor, pnl, places);
    let share = if factor.is_zero() { N::one() } else { share };
    weight.least(&places.result.cut(weight.times(&share, Rounding::Down)))
}

/// Weight of an asset of which the venue holds much: `w * min(1, start / held)`, both worth in one
/// unit; a start of nothing is not configured.
///
/// Source: Drift v2, Mango v4. Worked: w .9, start 500,000, 40,000 units at 25: .45.
#[must_use]
pub fn venue_cap<N: Number>(weight: &N, start: &N, held: &N, places: &Places<N>) -> N {
    if !start.is_positive() || held <= start {
        return weight.clone();
    }
    let scaled = weight.portion(start, held, Rounding::Down);
    places.cut(scaled.unwrap_or_else(N::zero))
}

/// Weight of a liability of which the venue has lent much: `w * max(1, lent / start)`; a start of
/// nothing is not configured.
///
/// Source: Mango v4. Worked: w 1.4, start 3.75, 11.25 lent: 4.2.
#[must_use]
pub fn venue_scale<N: Number>(weight: &N, start: &N, lent: &N) -> N {
    if !start.is_positive() || lent <= start {
        return weight.clone();
    }
    weight.portion(lent, start, Rounding::Up).unwrap_or_else(|| weight.clone())
}

/// A weight on its way from one value to another between two times, rounded as named.
///
/// Source: Mango v4. Worked: from 1 to 2 between 100 and 1,100: 1.9 at 1,000.
#[must_use]
pub fn ramp<N: Number>(
    (from, to): (&N, &N),
    (start, end): (&N, &N),
    now: &N,
    rounding: Rounding,
) -> N {
    if now >= end {
        return to.clone();
    }
    let along = now.minus(start).floored();
    let moved = to.minus(from).portion(&along, &end.minus(start), rounding);
    from.plus(&moved.unwrap_or_else(N::zero))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    fn parts(n: i64) -> Fixed {
        Fixed::of(n, 1_000_000)
    }

    fn whole(n: i64) -> Fixed {
        Fixed::of(n, 1)
    }

    #[test]
    fn roots_of_size() {
        let drift = RootPlaces::drift();
        for (weight, factor, size, expected) in [
            (900_000, 0, 1_000, 900_000),
            (900_000, 100_000, 1_000, 264_200),
            (900_000, 10, 1_000_000_000, 835_700),
        ] {
            let got = sqrt_discount(&parts(weight), &parts(factor), &whole(size), &drift);
            assert_eq!(got, parts(expected), "{weight} {factor} {size}");
            let house =
                sqrt_discount(&parts(weight), &parts(factor), &whole(size), &RootPlaces::house());
            assert!(house >= got && house <= got.plus(&parts(100)), "{house:?}");
        }
        for (weight, factor, size, expected) in [
            (1_100_000, 10_000, 1_000, 1_196_200),
            (1_100_000, 10, 1_000, 1_100_000),
            (50_000, 1_000, 100, 50_000),
            (50_000, 1_000, 10_000, 140_000),
            (50_000, 1_000, 100_000, 356_200),
        ] {
            let got = sqrt_premium(&parts(weight), &parts(factor), &whole(size), &drift);
            assert_eq!(got, parts(expected), "{weight} {factor} {size}");
            let house =
                sqrt_premium(&parts(weight), &parts(factor), &whole(size), &RootPlaces::house());
            assert!(house >= got && house <= got.plus(&parts(200)), "{house:?}");
        }
        let pnl = Fixed::of(24_282_786_896, 1_000_000);
        assert_eq!(pnl_weight(&whole(1), &parts(1_000), &pnl, &drift), parts(951_600));
        assert_eq!(pnl_weight(&whole(1), &parts(0), &pnl, &drift), whole(1));
    }

    #[test]
    fn what_the_venue_holds() {
        let cut = Places::Source(parts(100));
        for (held, expected) in [(25, 900_000), (1_000_000, 450_000), (1_500_000, 300_000)] {
            let got = venue_cap(&parts(900_000), &whole(500_000), &whole(held), &cut);
            assert_eq!(got, parts(expected), "{held}");
        }
        assert_eq!(venue_cap(&parts(1), &whole(0), &whole(9), &cut), parts(1));
        let lent = venue_scale(&parts(1_400_000), &parts(3_750_000), &parts(11_250_000));
        assert_eq!(lent, parts(4_200_000));
    }

    #[test]
    fn ramps() {
        for (now, expected) in [(0, 10), (100, 10), (1_000, 19), (1_100, 20), (9_999, 20)] {
            let got = ramp(
                (&whole(1), &whole(2)),
                (&whole(100), &whole(1_100)),
                &whole(now),
                Rounding::Down,
            );
            assert_eq!(got, Fixed::of(expected, 10), "{now}");
        }
    }
}
