//! Prices, in a unit of their instrument or asset.

use serde::{Deserialize, Serialize};

/// Price in the unit of what it prices.
///
/// An instrument declares its price unit 10^-e of the settlement asset; an asset of d decimals is
/// priced in units of 10^-(16 - d) of the numeraire. Either way one price unit times one quantity
/// (or amount) unit is 1e-16. Worked: BTC at 7,934.58 with unit 1e-8 is 793_458_000_000.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Price(i64);

impl Price {
    /// So many price units.
    #[must_use]
    pub const fn new(units: i64) -> Self {
        Self(units)
    }

    /// The number of price units.
    #[must_use]
    pub const fn units(self) -> i64 {
        self.0
    }

    /// The number of price units, ready for a product.
    #[must_use]
    pub const fn wide(self) -> i128 {
        self.0 as i128
    }

    /// Above zero, as every accepted price is.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }
}
