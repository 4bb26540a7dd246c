//! Exact rationals, and the two ways to make a whole number of one.
//!
//! Numbers keep the unit of the domain type they come from (1e-16 for quotes and values, 1e-22 for
//! weighted values, smallest units for amounts); only the arithmetic between them is rational.

use dashu_int::IBig;
use dashu_ratio::RBig;
use domain::Ratio;

/// A whole number.
pub(super) fn whole(units: i128) -> RBig {
    RBig::from(units)
}

/// `numerator / denominator`.
pub(super) fn over(numerator: i128, denominator: i128) -> RBig {
    RBig::from_parts_signed(IBig::from(numerator), IBig::from(denominator))
}

/// A ratio of the rulebook.
pub(super) fn share(ratio: Ratio) -> RBig {
    over(i128::from(ratio.numerator()), i128::from(ratio.denominator()))
}

/// Rounded towards minus infinity. Worked: -7/2 is -4.
pub(super) fn down(exact: &RBig) -> i128 {
    i128::try_from(exact.floor()).expect("the rulebook bounds every figure of the machine")
}

/// Rounded towards plus infinity. Worked: -7/2 is -3.
pub(super) fn up(exact: &RBig) -> i128 {
    i128::try_from(exact.ceil()).expect("the rulebook bounds every figure of the machine")
}
