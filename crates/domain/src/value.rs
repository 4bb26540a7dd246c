//! Worth: what amounts and positions come to, before and after weighting.
//!
//! Three scales, three types, so that no sum can mix them: [`Quote`] in a settlement asset,
//! [`Value`] in the numeraire, [`Weighted`] in the numeraire times parts per million.

use core::iter::Sum;
use core::ops::{Add, AddAssign, Neg, Sub, SubAssign};
use serde::{Deserialize, Serialize};

/// Signed amount at 1e-16 of a settlement asset: quantity times price, exactly.
///
/// Costs, closing quotes and unrealised PnL are of this kind. Worked: 0.1 BTC at 50,000 USD with
/// both units at 1e-8 is 10^7 * 5*10^12 = 5*10^19, that is 5,000 USD.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Quote(i128);

impl Quote {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many units of this scale.
    #[must_use]
    pub const fn new(units: i128) -> Self {
        Self(units)
    }

    /// The number of units of this scale.
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }

    /// Above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }
}

impl Add for Quote {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Quote {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Quote {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl SubAssign for Quote {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl Neg for Quote {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Quote {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::ZERO, |total, item| total + item)
    }
}

/// Signed worth at 1e-16 of the numeraire: equity, notional, deficits.
///
/// The rulebook's caps keep the gross value of an account within 10^13 of the numeraire, 10^29
/// units.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Value(i128);

impl Value {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many units of this scale.
    #[must_use]
    pub const fn new(units: i128) -> Self {
        Self(units)
    }

    /// The number of units of this scale.
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }

    /// Above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }
}

impl Add for Value {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Value {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Value {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl SubAssign for Value {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl Neg for Value {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Value {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::ZERO, |total, item| total + item)
    }
}

/// Signed worth at 1e-22 of the numeraire: a [`Value`] times parts per million.
///
/// Adjusted equity and requirements are of this kind and compare by difference, never by division.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Weighted(i128);

impl Weighted {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many units of this scale.
    #[must_use]
    pub const fn new(units: i128) -> Self {
        Self(units)
    }

    /// The number of units of this scale.
    #[must_use]
    pub const fn units(self) -> i128 {
        self.0
    }

    /// Above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }
}

impl Add for Weighted {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Weighted {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Weighted {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl SubAssign for Weighted {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl Neg for Weighted {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Weighted {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::ZERO, |total, item| total + item)
    }
}

impl Value {
    /// The same worth on the weighted scale (weight 1).
    ///
    /// Worked: 1 unit at 1e-16 is 10^6 units at 1e-22.
    #[must_use]
    pub const fn unweighted(self) -> Weighted {
        Weighted(self.0 * crate::ratio::PARTS)
    }
}
