//! The shape of depth in a rulebook file, as written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::schema::{DecimalText, SpanText};
use super::text::Span;
use crate::decimal::QuotedDecimal;

/// What holds for every market with depth.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiquidityFile {
    /// Where marks come from; default exogenous.
    #[serde(default)]
    pub price_mode: PriceModeFile,
}

/// Where marks come from.
#[derive(Debug, Default, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceModeFile {
    /// Recorded prices as they are; impact only worsens fills.
    #[default]
    Exogenous,
    /// Recorded prices, with impact kept for a differential run to subtract.
    Baseline,
    /// Recorded prices times e^-(own impact less the baseline's).
    Differential,
    /// Published prices times e^-(own impact).
    Synthetic,
}

/// Depth of one instrument.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DepthFile {
    /// How far a price gives way; default depth.
    #[serde(default)]
    pub model: ImpactFile,
    /// depth: g of D(d) = K (d / 1 %)^g, default 0.4; power: default 0.6.
    #[schemars(with = "Option<DecimalText>")]
    pub exponent: Option<QuotedDecimal>,
    /// square_root, power: Y, default 1.
    #[schemars(with = "Option<DecimalText>")]
    pub factor: Option<QuotedDecimal>,
    /// square_root, power: volatility of a day, required.
    #[schemars(with = "Option<DecimalText>")]
    pub volatility: Option<QuotedDecimal>,
    /// fixed: the distance, default 0.0025.
    #[schemars(with = "Option<DecimalText>")]
    pub distance: Option<QuotedDecimal>,
    /// Who quotes it; the first is the house's own.
    pub venues: Vec<VenueFile>,
    /// Where forced trades go; default combined.
    #[serde(default)]
    pub routing: RoutingFile,
    /// Half-life of a gap between the first venue and the others; default 0s, at once.
    #[schemars(with = "Option<SpanText>")]
    pub arbitrage: Option<Span>,
    /// Weight of the first venue in the mark (of a spot instrument: in the index of its base), the
    /// rest by depth of all; default 1.
    #[schemars(with = "Option<DecimalText>")]
    pub mark_weight: Option<QuotedDecimal>,
    /// Half-life of consumed depth and of transient impact; default 25s, 0s for never.
    #[schemars(with = "Option<SpanText>")]
    pub refill: Option<Span>,
    /// Share of each impact that stays; default 0.33.
    #[schemars(with = "Option<DecimalText>")]
    pub permanent: Option<QuotedDecimal>,
    /// Fills stop at this distance; default 0.1.
    #[schemars(with = "Option<DecimalText>")]
    pub distance_max: Option<QuotedDecimal>,
    /// The slow regime; absent for always calm.
    pub stress: Option<StressFile>,
}

/// One venue.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VenueFile {
    /// Its name.
    pub name: String,
    /// K in the settlement asset: value within 1 % of the mid, or traded in a day, by the model.
    #[schemars(with = "DecimalText")]
    pub depth: QuotedDecimal,
    /// Paid on top by every fill; default 0.
    #[schemars(with = "Option<DecimalText>")]
    pub half_spread: Option<QuotedDecimal>,
}

/// Which venues a forced trade is sent to.
#[derive(Debug, Default, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoutingFile {
    /// All, in proportion to depth.
    #[default]
    Combined,
    /// The first alone.
    First,
}

/// How far a price gives way.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImpactFile {
    /// 1 % (C / K)^(1 / exponent).
    #[default]
    Depth,
    /// 1 % C / K.
    Linear,
    /// 1 % C / K, adding up as returns on the starting price.
    LinearReturns,
    /// On average factor x volatility x sqrt(C / K).
    SquareRoot,
    /// On average factor x volatility x (C / K)^exponent.
    Power,
    /// The same distance for every fill, without impact.
    Fixed,
}

/// The slow regime.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StressFile {
    /// Return over at most five minutes that starts stress.
    #[schemars(with = "DecimalText")]
    pub at: QuotedDecimal,
    /// Share of depth left; default 0.1.
    #[schemars(with = "Option<DecimalText>")]
    pub level: Option<QuotedDecimal>,
    /// Return that starts severe stress; default twice at.
    #[schemars(with = "Option<DecimalText>")]
    pub severe_at: Option<QuotedDecimal>,
    /// Share of depth left then; default 0.01.
    #[schemars(with = "Option<DecimalText>")]
    pub severe_level: Option<QuotedDecimal>,
    /// Factor on the model's volatility while less than half the depth is there; default 1.
    #[schemars(with = "Option<DecimalText>")]
    pub volatility: Option<QuotedDecimal>,
    /// Half-life of the way back; default 1d.
    #[schemars(with = "Option<SpanText>")]
    pub recovery: Option<Span>,
}
