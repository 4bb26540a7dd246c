//! Quantities: signed numbers of an instrument.

use crate::price::Price;
use crate::units::signed_units;
use crate::value::Quote;
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

signed_units!(Quantity, i64);

impl Quantity {
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
