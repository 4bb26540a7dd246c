//! What a formula computes with.
//!
//! Sizes, price functions, fees and shares are written once, over [`Number`]. The machine computes
//! with [`Fixed`], integers at 1e-16; a proof may bring exact fractions. Sign conventions are those
//! of the formula. Law: every operation that can lose digits takes a [`Rounding`]; for `Fixed` it
//! decides the last place, exact fractions have none to lose.

mod fixed;

pub use fixed::Fixed;

use domain::Rounding;

/// A signed number with the four operations, roots and whole multiples.
///
/// Sums and products that leave 128 bits are held at the extreme by [`Fixed`], so that the smaller
/// of a size and a position is right even then; quotients answer `None`.
pub trait Number: Clone + Ord + core::fmt::Debug {
    /// So many units of which `per_one` make one; `per_one` above zero.
    #[must_use]
    fn of(units: i64, per_one: i64) -> Self;

    /// Sum.
    #[must_use]
    fn plus(&self, other: &Self) -> Self;

    /// Difference.
    #[must_use]
    fn minus(&self, other: &Self) -> Self;

    /// Product, rounded once.
    #[must_use]
    fn times(&self, other: &Self, rounding: Rounding) -> Self;

    /// `self * part / whole`, rounded once; `None` for a whole of zero or a quotient out of range.
    fn portion(&self, part: &Self, whole: &Self, rounding: Rounding) -> Option<Self>;

    /// The multiple of `unit` next to it; `None` for a unit that is not positive.
    fn to_multiple(&self, unit: &Self, rounding: Rounding) -> Option<Self>;

    /// Largest multiple of `unit` whose square is at most it; `None` below zero or for a unit that
    /// is not positive.
    fn root_down(&self, unit: &Self) -> Option<Self>;

    /// Quotient, rounded once; `None` for a divisor of zero or a quotient out of range.
    fn over(&self, divisor: &Self, rounding: Rounding) -> Option<Self> {
        self.portion(&Self::one(), divisor, rounding)
    }

    /// The whole multiple of `unit` next to it towards zero; as it is for a unit that is not
    /// positive.
    #[must_use]
    fn truncated(&self, unit: &Self) -> Self {
        let rounding = if self.is_negative() { Rounding::Up } else { Rounding::Down };
        self.to_multiple(unit, rounding).unwrap_or_else(|| self.clone())
    }

    /// Nothing.
    #[must_use]
    fn zero() -> Self {
        Self::of(0, 1)
    }

    /// One.
    #[must_use]
    fn one() -> Self {
        Self::of(1, 1)
    }

    /// With the other sign.
    #[must_use]
    fn negated(&self) -> Self {
        Self::zero().minus(self)
    }

    /// Without its sign.
    #[must_use]
    fn magnitude(&self) -> Self {
        if self.is_negative() { self.negated() } else { self.clone() }
    }

    /// Below zero.
    #[must_use]
    fn is_negative(&self) -> bool {
        *self < Self::zero()
    }

    /// Above zero.
    #[must_use]
    fn is_positive(&self) -> bool {
        *self > Self::zero()
    }

    /// Neither.
    #[must_use]
    fn is_zero(&self) -> bool {
        *self == Self::zero()
    }

    /// The smaller of two.
    #[must_use]
    fn least(&self, other: &Self) -> Self {
        if other < self { other.clone() } else { self.clone() }
    }

    /// The larger of two.
    #[must_use]
    fn most(&self, other: &Self) -> Self {
        if other > self { other.clone() } else { self.clone() }
    }

    /// Held between two bounds, the lower one winning where they cross.
    #[must_use]
    fn within(&self, lowest: &Self, highest: &Self) -> Self {
        self.least(highest).most(lowest)
    }

    /// At least nothing.
    #[must_use]
    fn floored(&self) -> Self {
        self.most(&Self::zero())
    }

    /// `self` to a whole power, each product rounded as named; for bases that are not negative.
    ///
    /// Worked: .99 to the 10th is .9043820750...
    #[must_use]
    fn to_power(&self, mut exponent: u32, rounding: Rounding) -> Self {
        let (mut base, mut result) = (self.clone(), Self::one());
        while exponent > 0 {
            if exponent % 2 == 1 {
                result = result.times(&base, rounding);
            }
            exponent /= 2;
            if exponent > 0 {
                base = base.times(&base, rounding);
            }
        }
        result
    }
}

/// What a formula does with the digits of its terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Places<N> {
    /// Each term is rounded once, against the account, as far as the number goes.
    House,
    /// Each term is cut towards zero to whole multiples of this unit, as the integer registers of
    /// the venue do whose figures are to be met.
    Source(N),
}

impl<N: Number> Places<N> {
    /// A term in these places.
    ///
    /// Worked: 0.0199 in a source's 1e-3 is 0.019.
    #[must_use]
    pub fn cut(&self, term: N) -> N {
        match self {
            Self::House => term,
            Self::Source(unit) => term.truncated(unit),
        }
    }
}

/// Sum of many.
#[must_use]
pub fn total<'a, N: Number + 'a>(items: impl IntoIterator<Item = &'a N>) -> N {
    items.into_iter().fold(N::zero(), |sum, item| sum.plus(item))
}
