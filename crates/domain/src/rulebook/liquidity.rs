//! What the market outside gives for forced trades: depth, its refill, and what becomes of prices.
//!
//! An instrument without depth is traded at its mark less a fixed slippage and never moves. With
//! depth a forced trade walks the book, consumes it and moves the mid. Values are in the settlement
//! asset at 1e-16; distances and impacts are shares of a price.

use crate::instrument::InstrumentId;
use crate::ratio::Ratio;
use crate::time::Duration;
use crate::value::Quote;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Where marks come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PriceMode {
    /// Recorded prices as they are; impact only worsens fills.
    #[default]
    Exogenous,
    /// Recorded prices, with impact kept but not applied: the pass that a differential run is
    /// measured against.
    Baseline,
    /// Recorded mark times e^-(own impact less the baseline's), so that what the recorded day
    /// already holds is not counted twice.
    Differential,
    /// Published mark times e^-(own impact): a shock path with full feedback.
    Synthetic,
}

/// How far a price gives way to a value consumed.
///
/// All are of one family: distance d(C) = a (C / K)^p, K a venue's `depth` times the regime. A fill
/// Q costs the integral of d over \[C, C + Q\] and moves the mid by what d grew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImpactModel {
    /// D(d) = K (d / 1 %)^exponent, so d = 1 % (C / K)^(1/exponent); `depth` is the value within
    /// 1 %. Worked: exponent .4, K 20M: 20M reach 1 %, 40M 5.66 %.
    Depth {
        /// g, above 0; .4 where books are thin far out.
        exponent: Ratio,
    },
    /// d = 1 % C / K; impact adds up in logarithms.
    Linear,
    /// d = 1 % C / K, moves and impact adding up as returns on the starting price: the form with
    /// the closed solution 1 / (1 - n).
    LinearReturns,
    /// Average cost factor * volatility * sqrt(Q / K); `depth` is the volume of a day.
    SquareRoot {
        /// Y, about 1.
        factor: Ratio,
        /// Volatility of a day.
        volatility: Ratio,
    },
    /// Average cost factor * volatility * (Q / K)^exponent; `depth` is the volume of a day.
    Power {
        /// About .6.
        exponent: Ratio,
        /// Y, about 1.
        factor: Ratio,
        /// Volatility of a day.
        volatility: Ratio,
    },
    /// The same distance for every fill, and no impact.
    Fixed {
        /// Such as .0025.
        distance: Ratio,
    },
}

/// Which venues a forced trade is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Routing {
    /// All of them, in proportion to depth: combined liquidity.
    Combined,
    /// The first alone; the others follow by arbitrage.
    First,
}

/// One venue that quotes an instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueRules {
    /// Its name in files and tables.
    pub name: String,
    /// K: value within 1 % of the mid, or traded in a day, as the model says.
    pub depth: Quote,
    /// Paid on top by every fill, as a share of value.
    pub half_spread: Ratio,
}

/// The slow regime: how much of the rulebook's depth is there.
///
/// Calm is 1. A mark further than `at` from the one of up to five minutes before it drops depth to
/// `level`; it comes back to calm with half-life `recovery`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StressRules {
    /// Return that starts stress, such as four standard deviations of five minutes.
    pub at: Ratio,
    /// Share of depth left.
    pub level: Ratio,
    /// Return that starts severe stress, at least `at`.
    pub severe_at: Ratio,
    /// Share of depth left then, at most `level`.
    pub severe_level: Ratio,
    /// Factor on the model's volatility while less than half the depth is there; 1 for none.
    pub volatility: Ratio,
    /// Half-life of the way back.
    pub recovery: Duration,
}

/// Liquidity of one instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepthRules {
    /// Which one.
    pub instrument: InstrumentId,
    /// How far prices give way.
    pub model: ImpactModel,
    /// Who quotes it; the first is the house's own.
    pub venues: Vec<VenueRules>,
    /// Where forced trades go.
    pub routing: Routing,
    /// Half-life of a gap between the first venue and the others; zero closes it at once.
    pub arbitrage: Duration,
    /// Weight of the first venue in the mark (of a spot instrument: in the index of its base), the
    /// rest by depth of all: 1 marks by the own book.
    pub mark_weight: Ratio,
    /// Half-life of consumed depth and of transient impact; zero for never.
    pub refill: Duration,
    /// Share of each impact that stays.
    pub permanent: Ratio,
    /// Fills stop at this distance from where the book was untouched.
    pub distance_max: Ratio,
    /// The slow regime; `None` for always calm.
    pub stress: Option<StressRules>,
}

/// Liquidity of everything that has any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiquidityRules {
    /// Where marks come from.
    pub price_mode: PriceMode,
    /// Instruments with depth, ascending.
    pub markets: Vec<DepthRules>,
}

impl LiquidityRules {
    /// No depth anywhere: fixed slippage and recorded prices.
    pub const NONE: Self = Self { price_mode: PriceMode::Exogenous, markets: Vec::new() };

    /// The place of an instrument among those with depth.
    #[must_use]
    #[inline]
    pub fn place(&self, instrument: InstrumentId) -> Option<usize> {
        if self.markets.is_empty() {
            return None;
        }
        // Where every instrument has depth, it lies at its own number.
        let likely = instrument.index();
        match self.markets.get(likely) {
            Some(rules) if rules.instrument == instrument => Some(likely),
            _ => self.markets.binary_search_by_key(&instrument, |rules| rules.instrument).ok(),
        }
    }

    /// The depth of an instrument, if it has any.
    #[must_use]
    pub fn market(&self, instrument: InstrumentId) -> Option<&DepthRules> {
        self.place(instrument).and_then(|place| self.markets.get(place))
    }
}
