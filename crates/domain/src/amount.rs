//! Signed numbers of an asset's smallest units.

use crate::units::signed_units;
use serde::{Deserialize, Serialize};

/// Signed number of an asset's smallest units: 10^-decimals of one of it. Negative is a liability.
///
/// Worked: with 8 decimals, 1.5 BTC is `Amount::new(150_000_000)`. Rulebook caps keep every balance
/// far inside i128.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Amount(i128);

signed_units!(Amount, i128);
