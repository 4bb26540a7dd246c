//! What an account must hold: the closed list of margin models and their one `match` a question.
//!
//! A model answers three questions: the requirement at given prices; the [`factors`] that this and
//! equity depend on; and an upper bound of the requirement while each of them stays inside a box
//! ([`ceiling`]), from which [`crate::envelope`] knows when an account may be left alone. A new
//! model joins by answering them. Where one ratio holds at any size it says so ([`flat_ratios`]),
//! which saves a trade a look at the whole account.

mod weighted;

use crate::envelope::PriceBox;
use crate::portfolio::Portfolio;
use crate::prices::Prices;
use core::ops::AddAssign;
use domain::rulebook::{InstrumentRules, MarginModel};
use domain::{AssetId, InstrumentId, Position, Ratio, Weighted};

pub use weighted::tiered;

/// Adjusted equity needed, for three purposes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requirement {
    /// To open or withdraw.
    pub initial: Weighted,
    /// Where a liquidation stops.
    pub release: Weighted,
    /// To be left alone.
    pub maintenance: Weighted,
}

impl AddAssign for Requirement {
    fn add_assign(&mut self, other: Self) {
        self.initial += other.initial;
        self.release += other.release;
        self.maintenance += other.maintenance;
    }
}

/// A price that an account's excess can depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factor {
    /// An instrument's mark, less funding.
    Mark(InstrumentId),
    /// An asset's index price.
    Index(AssetId),
}

/// Every price that equity and requirement of an account depend on, each once: marks in the order
/// of its positions, then index prices in the order of its balances. Interest and funding indexes
/// are watched for the whole house.
#[inline]
pub fn factors<'a>(
    portfolio: &'a Portfolio<'_>,
    prices: Prices<'a>,
) -> impl Iterator<Item = Factor> + use<'a> {
    match prices.rulebook.margin {
        MarginModel::Weighted => weighted::factors(portfolio, prices),
    }
}

/// Requirement of a whole account.
#[must_use]
#[inline]
pub fn requirement(portfolio: &Portfolio<'_>, prices: &Prices<'_>) -> Requirement {
    match prices.rulebook.margin {
        MarginModel::Weighted => weighted::requirement(portfolio, prices),
    }
}

/// Maintenance margin that one position adds, for sharing equity over positions.
#[must_use]
pub fn maintenance_share(position: &Position, prices: &Prices<'_>) -> Weighted {
    match prices.rulebook.margin {
        MarginModel::Weighted => weighted::of_position(position, prices).maintenance,
    }
}

/// Release margin that one position adds: what closing it frees.
#[must_use]
pub fn release_share(position: &Position, prices: &Prices<'_>) -> Weighted {
    match prices.rulebook.margin {
        MarginModel::Weighted => weighted::of_position(position, prices).release,
    }
}

/// The most that one position adds to the requirement while every factor stays inside its box.
#[must_use]
#[inline]
pub fn ceiling(position: &Position, prices: &Prices<'_>, bounds: &impl PriceBox) -> Requirement {
    match prices.rulebook.margin {
        MarginModel::Weighted => weighted::ceiling(position, prices, bounds),
    }
}

/// Initial and maintenance margin as one share each of a position's notional in the numeraire,
/// whatever its size; `None` where a model has no such figures.
#[must_use]
pub fn flat_ratios(rules: &InstrumentRules, prices: &Prices<'_>) -> Option<(Ratio, Ratio)> {
    match prices.rulebook.margin {
        MarginModel::Weighted => weighted::flat_ratios(rules),
    }
}
