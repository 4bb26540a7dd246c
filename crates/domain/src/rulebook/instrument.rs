//! Rules of one instrument: kind, units, caps, requirement.

use crate::asset::AssetId;
use crate::price::Price;
use crate::quantity::Quantity;
use crate::ratio::{Rate, Ratio};
use crate::time::{Duration, Timestamp};
use crate::value::Value;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What a trade in an instrument makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InstrumentKind {
    /// An exchange of the base asset against the settlement asset: two balances, no position.
    Spot {
        /// What is bought and sold.
        base: AssetId,
    },
    /// A linear perpetual with funding.
    Perpetual {
        /// What its price follows.
        underlying: AssetId,
    },
    /// A linear future, settled in cash at the mean index of the last `settle_window`.
    Future {
        /// What its price follows; its index settles it.
        underlying: AssetId,
        /// When it ends.
        expires_at: Timestamp,
        /// Length of the mean that settles it.
        settle_window: Duration,
    },
}

/// Rules of an instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstrumentRules {
    /// Its name in files and tables.
    pub name: String,
    /// What a trade makes; fixed once listed.
    pub kind: InstrumentKind,
    /// Asset in which it is paid; fixed once listed.
    pub settles: AssetId,
    /// e of the price unit 10^-e of the settlement asset, 0 to 16; the quantity unit is
    /// 10^-(16 - e). Fixed once listed.
    pub price_decimals: u8,
    /// Smallest tradable quantity.
    pub lot: Quantity,
    /// Highest price accepted.
    pub price_max: Price,
    /// Largest position, either side, of one account.
    pub position_max: Quantity,
    /// Requirement ratios by notional in the numeraire; the last tier is open-ended.
    pub tiers: Vec<RequirementTier>,
    /// Price conceded in a forced trade, as a share of the mark; below every maintenance ratio.
    pub slippage: Ratio,
    /// Fee on a forced trade, as a share of its notional at mark.
    pub liquidation_fee: Ratio,
    /// A trade below initial margin stays this close to the mark.
    pub band: Ratio,
    /// Largest funding rate, either sign.
    pub rate_max: Rate,
}

/// Requirement ratios on the part of a notional up to a bound.
///
/// The requirement is the sum over parts, that is notional times the ratio of its tier less a
/// deduction that makes it continuous. Worked (Hyperliquid's BTC tiers): 1.25 % up to 150M, 2.5 %
/// above: 200M requires 1,875,000 + 1,250,000 = 200M * 2.5 % - 1,875,000 = 3,125,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequirementTier {
    /// Upper end of the part, which belongs to this tier; `None` for the last.
    pub up_to: Option<Value>,
    /// To open or withdraw.
    pub initial: Ratio,
    /// Where a liquidation stops.
    pub release: Ratio,
    /// To be left alone.
    pub maintenance: Ratio,
}
