//! How much to close, sell or swap, one function a solver.
//!
//! Inputs are worth, quantities and ratios of one account at the prices planned with; answers are
//! sizes, not negative. `None` means that no size reaches the target: the next stage is due. Sizes
//! round up, so that a step reaches its target; [`bounded`] holds them to lot and position.

mod cover;
mod lending;
mod share;
mod target;

pub use cover::{Cover, LendingCover, quoted_price};
pub use lending::{Collateral, Swap, SwapTerms, lending_close};
pub use share::{ShareInTime, proportional, proportional_release};
pub use target::{FreedPart, collateral_sale, to_target};

use crate::number::Number;
use domain::Rounding;

/// A size rounded up to the lot, at most the position; all of it where what would remain is below
/// `dust`. Solvers `full` and `clips` are this with the whole position and with the clip.
///
/// Worked: 1.1111 of 10 in lots of .01 is 1.12; 9.98 with a dust of .05 is all 10.
#[must_use]
pub fn bounded<N: Number>(size: &N, position: &N, lot: &N, dust: &N) -> N {
    let whole = size.to_multiple(lot, Rounding::Up).unwrap_or_else(|| size.clone());
    let size = whole.within(&N::zero(), position);
    if position.minus(&size) < *dust { position.clone() } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    #[test]
    fn sizes_keep_to_lot_position_and_dust() {
        let cents = |n| Fixed::of(n, 100);
        for (size, lot, dust, expected) in [
            (111, 5, 0, 115),
            (111, 0, 0, 111),
            (2_000, 1, 0, 1_000),
            (998, 1, 5, 1_000),
            (-7, 1, 0, 0),
        ] {
            let got = bounded(&cents(size), &cents(1_000), &cents(lot), &cents(dust));
            assert_eq!(got, cents(expected), "{size} {lot} {dust}");
        }
    }
}
