//! Every rule and parameter in force, as data in the log.
//!
//! A rulebook serialises, hashes and travels in the journal; [`validate`] relates its figures
//! (maintenance <= release <= initial, haircuts below one, caps that keep every account within
//! 10^13 of the numeraire) and names both sides of what does not fit.

mod asset;
mod instrument;
mod liquidity;
mod policy;
mod sections;
mod selling;
mod validate;
mod validate_liquidity;
mod validate_selling;

pub use asset::{AssetRules, HaircutTier, InterestCurve, InterestPoint};
pub use instrument::{InstrumentKind, InstrumentRules, RequirementTier};
pub use liquidity::{
    DepthRules, ImpactModel, LiquidityRules, PriceMode, Routing, StressRules, VenueRules,
};
pub use policy::{
    DeleveragingRule, Layer, Limits, LiquidationRules, MarginModel, OracleRules, SocialisingRule,
    WaterfallRules,
};
pub use sections::Sections;
pub use selling::{
    AccountOrder, Caps, CloseFactor, FirstShare, HandOver, InsuranceFee, Keepers, PriceFunction,
    SaleOrder, SaleRules, SellingRules, Sizing, TakerRules, TargetOrder,
};
pub use validate::{Finding, GROSS_VALUE_MAX, immutable_findings, validate};

use crate::asset::AssetId;
use crate::instrument::InstrumentId;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "sections::Written", into = "sections::Written")]
pub struct Rulebook {
    /// Asset in which value and margin are expressed.
    pub numeraire: AssetId,
    /// What can be held as a balance; an [`AssetId`] is a place in this list.
    pub assets: Vec<AssetRules>,
    /// What can be held as a position; an [`InstrumentId`] is a place in this list.
    pub instruments: Vec<InstrumentRules>,
    /// How requirements are computed.
    pub margin: MarginModel,
    /// What makes a price usable.
    pub oracle: OracleRules,
    /// How accounts are sold out.
    pub liquidation: LiquidationRules,
    /// Who pays for deficits.
    pub waterfall: WaterfallRules,
    /// A bound on everything.
    pub limits: Limits,
    /// What it may do without: absent ones take no bytes.
    pub sections: Sections,
}

impl Rulebook {
    /// Rules of an asset, if it is listed.
    #[must_use]
    pub fn asset(&self, asset: AssetId) -> Option<&AssetRules> {
        self.assets.get(asset.index())
    }

    /// Rules of an instrument, if it is listed.
    #[must_use]
    pub fn instrument(&self, instrument: InstrumentId) -> Option<&InstrumentRules> {
        self.instruments.get(instrument.index())
    }

    /// The depth that collateral of an asset is sold into: that of the spot instrument that trades
    /// it for the numeraire.
    #[must_use]
    pub fn spot_depth(&self, asset: AssetId) -> Option<&DepthRules> {
        self.sections.liquidity.markets.iter().find(|market| self.spot_base(market) == Some(asset))
    }

    /// The asset whose index a market with depth moves; `None` where it moves a mark.
    #[must_use]
    pub fn spot_base(&self, market: &DepthRules) -> Option<AssetId> {
        match self.instrument(market.instrument)?.kind {
            InstrumentKind::Spot { base } => Some(base),
            _ => None,
        }
    }

    /// The asset of this name.
    #[must_use]
    pub fn asset_named(&self, name: &str) -> Option<AssetId> {
        let place = self.assets.iter().position(|asset| asset.name == name)?;
        u32::try_from(place).ok().map(AssetId::new)
    }

    /// The instrument of this name.
    #[must_use]
    pub fn instrument_named(&self, name: &str) -> Option<InstrumentId> {
        let place = self.instruments.iter().position(|instrument| instrument.name == name)?;
        u32::try_from(place).ok().map(InstrumentId::new)
    }
}
