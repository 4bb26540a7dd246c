//! The interest index a balance was last posted at.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Interest index at 1e-16: one at first; none grows beyond ten, so it is held in 64 bits and a
/// balance's row in 32 bytes.
///
/// Its canonical bytes are those of an `i128`, as of every other index. Worked: 1.00000001 is
/// 10,000,000,100,000,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterestIndex(i64);

impl InterestIndex {
    /// So many units at 1e-16.
    ///
    /// # Panics
    /// Beyond 64 bits: indexes stop at ten.
    #[must_use]
    #[inline]
    pub const fn new(units: i128) -> Self {
        assert!(units as i64 as i128 == units, "an interest index is at most ten");
        Self(units as i64)
    }

    /// The number of units, ready for a product.
    #[must_use]
    #[inline]
    pub const fn wide(self) -> i128 {
        self.0 as i128
    }
}

impl Serialize for InterestIndex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i128(self.wide())
    }
}

impl<'de> Deserialize<'de> for InterestIndex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let units = i128::deserialize(deserializer)?;
        i64::try_from(units).map(Self).map_err(|_| D::Error::custom("an interest index above ten"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::{decode, encode};

    #[test]
    fn bytes_are_those_of_128_bits() {
        for units in [0, 10_000_000_100_000_000, -3] {
            let index = InterestIndex::new(units);
            assert_eq!(encode(&index), encode(&units));
            assert_eq!(decode::<InterestIndex>(&encode(&units)).ok(), Some(index));
        }
        assert!(decode::<InterestIndex>(&encode(&(1i128 << 64))).is_err());
    }
}
