//! Names of assets inside the machine; their rules stand in the rulebook.

use serde::{Deserialize, Serialize};

/// What can be held as a balance.
///
/// Its number is its place in the rulebook's list of assets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AssetId(u32);

impl AssetId {
    /// The asset at this place of the rulebook's list.
    #[must_use]
    pub const fn new(place: u32) -> Self {
        Self(place)
    }

    /// Its place as a number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Its place as an index into lists kept in the rulebook's order.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}
