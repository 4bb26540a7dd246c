//! Worth: what amounts and positions come to, before and after weighting.
//!
//! Three scales, three types, so that no sum can mix them: [`Quote`] in a settlement asset,
//! [`Value`] in the numeraire, [`Weighted`] in the numeraire times parts per million.

use crate::units::signed_units;
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

signed_units!(Quote, i128);

/// Signed worth at 1e-16 of the numeraire: equity, notional, deficits.
///
/// The rulebook's caps keep the gross value of an account within 10^13 of the numeraire, 10^29
/// units.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Value(i128);

signed_units!(Value, i128);

/// Signed worth at 1e-22 of the numeraire: a [`Value`] times parts per million.
///
/// Adjusted equity and requirements are of this kind and compare by difference, never by division.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Weighted(i128);

signed_units!(Weighted, i128);

impl Value {
    /// The same worth on the weighted scale (weight 1).
    ///
    /// Worked: 1 unit at 1e-16 is 10^6 units at 1e-22.
    #[must_use]
    pub const fn unweighted(self) -> Weighted {
        Weighted(self.0 * crate::ratio::PARTS)
    }
}
