//! A loss that nobody is left to pay for, shared by an index.
//!
//! Cuts round up, so that what is taken covers the loss. Law: what layers pay and what is shared
//! adds up to the loss.

use crate::number::{Number, Places, total};
use alloc::vec::Vec;
use domain::Rounding;

/// What is charged per unit of open quantity on both sides: `ceil(loss / (long + |short|))` at
/// multiples of `unit`; `None` where nothing is open.
///
/// A signed index would net to nothing over longs and shorts. Source: Drift v2. Worked: 100 over 11
/// is 9.09091 at 1e-5.
#[must_use]
pub fn per_quantity<N: Number>(loss: &N, long: &N, short: &N, unit: &N) -> Option<N> {
    let open = long.magnitude().plus(&short.magnitude());
    loss.over(&open, Rounding::Up)?.to_multiple(unit, Rounding::Up)
}

/// What a deposit index is cut by: `ceil(index * loss / deposits)` at multiples of `unit`, at most
/// all of it; nothing where nothing is deposited.
///
/// Source: Drift v2. Worked: 11 of 120 cut an index of one by .0916666667 at 1e-10.
#[must_use]
pub fn deposit_cut<N: Number>(index: &N, loss: &N, deposits: &N, unit: &N) -> N {
    if !deposits.is_positive() {
        return N::zero();
    }
    let cut = index.portion(loss, deposits, Rounding::Up);
    let cut = cut.and_then(|cut| cut.to_multiple(unit, Rounding::Up));
    cut.unwrap_or_else(|| index.clone()).least(index)
}

/// What one layer pays of a loss, and what is left of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absorbed<N> {
    /// Paid.
    pub paid: N,
    /// Loss that is left.
    pub loss: N,
    /// Capacity that is left.
    pub capacity: N,
}

/// A layer pays the smaller of loss and capacity.
///
/// Worked: 100 against 50 leaves 50 of loss and nothing of the layer.
#[must_use]
pub fn absorb<N: Number>(loss: &N, capacity: &N) -> Absorbed<N> {
    let paid = loss.least(&capacity.floored()).floored();
    Absorbed { loss: loss.minus(&paid), capacity: capacity.minus(&paid), paid }
}

/// Splits a total over weights at multiples of `unit`: each its share rounded down, the rest one
/// unit each to the largest remainders, ties to the lower place; the parts add up to the total.
/// `None` where there is no weight.
///
/// Worked: 10.00 over 1:2:4 in cents is 1.43, 2.86, 5.71.
#[must_use]
pub fn split<N: Number>(all: &N, weights: &[N], unit: &N) -> Option<Vec<N>> {
    let whole = total(weights);
    if !whole.is_positive() || !unit.is_positive() {
        return None;
    }
    let mut parts = Vec::new();
    let mut order = Vec::new();
    for (place, weight) in weights.iter().enumerate() {
        let share = all.portion(weight, &whole, Rounding::Down)?;
        let part = share.to_multiple(unit, Rounding::Down)?;
        order.push((share.minus(&part), place));
        parts.push(part);
    }
    let mut left = all.minus(&total(&parts));
    order.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, place) in order {
        if left < *unit {
            break;
        }
        if let Some(part) = parts.get_mut(place) {
            *part = part.plus(unit);
        }
        left = left.minus(unit);
    }
    Some(parts)
}

/// What a holder of a signed quantity is charged by [`per_quantity`], in the given places.
#[must_use]
pub fn charge<N: Number>(quantity: &N, each: &N, places: &Places<N>) -> N {
    places.cut(quantity.magnitude().times(each, Rounding::Up))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    #[test]
    fn splits_add_up() {
        let cents = |n| Fixed::of(n, 100);
        for (all, weights, parts) in [
            (10_000, &[1, 1, 1][..], &[3_334, 3_333, 3_333][..]),
            (1_000, &[1, 2, 4], &[143, 286, 571]),
            (5, &[0, 3, 0], &[0, 5, 0]),
            (0, &[1, 2], &[0, 0]),
        ] {
            let weights: Vec<Fixed> = weights.iter().map(|weight| Fixed::of(*weight, 1)).collect();
            let expected: Vec<Fixed> = parts.iter().map(|part| cents(*part)).collect();
            assert_eq!(split(&cents(all), &weights, &cents(1)), Some(expected), "{all}");
        }
        assert_eq!(split(&cents(5), &[Fixed::zero()], &cents(1)), None);
    }

    #[test]
    fn shares_of_a_loss() {
        let whole = |n| Fixed::of(n, 1);
        let each = per_quantity(&whole(100), &whole(5), &whole(-6), &Fixed::of(1, 100_000));
        assert_eq!(each, Some(Fixed::of(909_091, 100_000)));
        assert_eq!(per_quantity(&whole(1), &whole(0), &whole(0), &Fixed::one()), None);
        let unit = Fixed::of(1, 10_000_000_000);
        let cut = |loss| deposit_cut(&Fixed::one(), &whole(loss), &whole(120), &unit);
        assert_eq!(cut(11), Fixed::of(916_666_667, 10_000_000_000));
        assert_eq!(cut(500), Fixed::one());
        assert_eq!(deposit_cut(&Fixed::one(), &whole(5), &whole(0), &unit), Fixed::zero());
        let absorbed = absorb(&whole(100), &whole(50));
        assert_eq!(
            (absorbed.paid, absorbed.loss, absorbed.capacity),
            (whole(50), whole(50), whole(0))
        );
        assert_eq!(absorb(&whole(3), &whole(-1)).paid, whole(0));
        assert_eq!(charge(&whole(-5), &whole(10), &Places::House), whole(50));
    }
}
