//! Quantities: signed numbers of an instrument.

use crate::price::Price;
use crate::value::Quote;
use core::ops::{Add, AddAssign, Neg, Sub, SubAssign};
use serde::{Deserialize, Serialize};

/// Signed number of an instrument in its quantity unit; negative is short.
///
/// Price unit times quantity unit is 1e-16 of the settlement asset for every instrument, so a
/// [`Quantity::quote`] needs no rescaling.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Quantity(i64);

impl Quantity {
    /// None of it.
    pub const ZERO: Self = Self(0);

    /// So many quantity units.
    #[must_use]
    pub const fn new(units: i64) -> Self {
        Self(units)
    }

    /// The number of quantity units.
    #[must_use]
    pub const fn units(self) -> i64 {
        self.0
    }

    /// The number of quantity units, ready for a product.
    #[must_use]
    pub const fn wide(self) -> i128 {
        self.0 as i128
    }

    /// The size without its side.
    #[must_use]
    pub const fn magnitude(self) -> Self {
        Self(self.0.abs())
    }

    /// Above zero: long.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Below zero: short.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Neither long nor short.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Quantity times price, exact.
    ///
    /// Worked: 0.1 BTC (10^7) at 50,000 (5*10^12) is 5*10^19 at 1e-16: 5,000.
    #[must_use]
    pub const fn quote(self, price: Price) -> Quote {
        Quote::new(crate::wide::bounded_mul(self.0 as i128, price.wide()))
    }
}

impl Add for Quantity {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Quantity {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Quantity {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl SubAssign for Quantity {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl Neg for Quantity {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}
