//! A clearing house's default chain: layers in order, shares inside a layer, recoveries back.
//!
//! Amounts are not negative; splits are exact to a unit by largest remainder. Law: what layers pay
//! and what stays uncovered adds up to the loss; what comes back is no more than what was paid.

use crate::loss::{absorb, split};
use crate::number::{Number, total};
use alloc::vec::Vec;
use domain::Rounding;

/// What layers paid of a loss, in their order, and what is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paid<N> {
    /// Per layer.
    pub layers: Vec<N>,
    /// Not covered by any.
    pub uncovered: N,
}

/// Each layer pays the smaller of what is left and its capacity.
///
/// Worked: 500 over 200, 30, 25, 200 and 200 is 200, 30, 25, 200 and 45.
#[must_use]
pub fn in_order<N: Number>(loss: &N, capacities: &[N]) -> Paid<N> {
    let mut left = loss.floored();
    let mut layers = Vec::new();
    for capacity in capacities {
        let absorbed = absorb(&left, capacity);
        layers.push(absorbed.paid);
        left = absorbed.loss;
    }
    Paid { layers, uncovered: left }
}

/// What members may be assessed for beyond their contributions: a multiple of them.
///
/// Worked: contributions 40, 60 and 100 with a cap of one: 200.
#[must_use]
pub fn assessable<N: Number>(contributions: &[N], cap: &N) -> N {
    total(contributions).times(cap, Rounding::Down)
}

/// Own capital and survivors' contributions against several defaulters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeveralDefaults<N> {
    /// Own capital per defaulter.
    pub capital: Vec<N>,
    /// Contributions used.
    pub used: N,
    /// The same per survivor.
    pub members: Vec<N>,
    /// Not covered.
    pub uncovered: N,
}

/// Shares own capital over defaulters by shortfall, then what is left of all shortfalls over
/// survivors by contribution. `None` without a shortfall.
///
/// Worked: shortfalls 90 and 30, capital 40, contributions 100 and 60: 30 and 10, then 50 and 30.
#[must_use]
pub fn several_defaults<N: Number>(
    shortfalls: &[N],
    capital: &N,
    contributions: &[N],
    unit: &N,
) -> Option<SeveralDefaults<N>> {
    let lacking = total(shortfalls);
    let first = absorb(&lacking, capital);
    let capital = split(&first.paid, shortfalls, unit)?;
    let second = absorb(&first.loss, &total(contributions));
    let none = || contributions.iter().map(|_| N::zero()).collect();
    let members = split(&second.paid, contributions, unit).unwrap_or_else(none);
    Some(SeveralDefaults { capital, used: second.paid, members, uncovered: second.loss })
}

/// What recoveries give back: to survivors first, then to own capital, the reverse of the order in
/// which they paid.
///
/// Worked: 50 recovered after survivors paid 107 and own capital 7: 50 and nothing.
#[must_use]
pub fn recovered<N: Number>(amount: &N, survivors: &N, capital: &N) -> Paid<N> {
    in_order(amount, &[survivors.clone(), capital.clone()])
}

/// Sum of the largest losses of a scenario.
///
/// Worked: the two largest of 20, 45 and 40 are 85.
#[must_use]
pub fn cover<N: Number>(losses: &[N], count: usize) -> N {
    let mut losses: Vec<N> = losses.iter().map(Number::floored).collect();
    losses.sort_by(|a, b| b.cmp(a));
    losses.truncate(count);
    total(&losses)
}

/// Place and size of the largest of some figures, the first on a tie; `None` of none.
#[must_use]
pub fn largest<N: Number>(figures: &[N]) -> Option<(usize, N)> {
    let mut best: Option<(usize, N)> = None;
    for (place, figure) in figures.iter().enumerate() {
        if best.as_ref().is_none_or(|(_, most)| figure > most) {
            best = Some((place, figure.clone()));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    fn whole(numbers: &[i64]) -> Vec<Fixed> {
        numbers.iter().map(|number| Fixed::of(*number, 1)).collect()
    }

    #[test]
    fn layers_in_order() {
        let one = |n| Fixed::of(n, 1);
        for (loss, layers, uncovered) in [
            (500, [200, 30, 25, 200, 45], 0),
            (220, [200, 20, 0, 0, 0], 0),
            (900, [200, 30, 25, 200, 200], 245),
            (0, [0, 0, 0, 0, 0], 0),
        ] {
            let paid = in_order(&one(loss), &whole(&[200, 30, 25, 200, 200]));
            let expected = Paid { layers: whole(&layers), uncovered: one(uncovered) };
            assert_eq!(paid, expected, "{loss}");
        }
        assert_eq!(assessable(&whole(&[40, 60, 100]), &one(1)), one(200));
        let back = recovered(&one(110), &one(107), &one(7));
        assert_eq!(back, Paid { layers: whole(&[107, 3]), uncovered: one(0) });
    }

    #[test]
    fn several_defaulters_share_own_capital() {
        let one = |n| Fixed::of(n, 1);
        let unit = Fixed::of(1, 100);
        let shared = several_defaults(&whole(&[90, 30]), &one(40), &whole(&[100, 60]), &unit);
        let expected = SeveralDefaults {
            capital: whole(&[30, 10]),
            used: one(80),
            members: whole(&[50, 30]),
            uncovered: one(0),
        };
        assert_eq!(shared, Some(expected));
        assert_eq!(several_defaults(&whole(&[0]), &one(40), &whole(&[1]), &unit), None);
    }

    #[test]
    fn covers() {
        for (losses, count, sum) in
            [(&[20, 45, 40][..], 2, 85), (&[0, 70, -5], 2, 70), (&[3], 2, 3)]
        {
            assert_eq!(cover(&whole(losses), count), Fixed::of(sum, 1));
        }
        assert_eq!(largest(&whole(&[1, 7, 7])), Some((1, Fixed::of(7, 1))));
        assert_eq!(largest::<Fixed>(&[]), None);
    }
}
