//! Optional parts of a rulebook, and the bytes they take.
//!
//! A rulebook without them has the bytes it had before they existed: the margin model's tag says
//! whether sections follow. Each is written only where it differs from nothing, in the order of
//! their numbers, so every rulebook has one form; a new section is a new variant at the end.

use super::{
    AssetRules, InstrumentRules, Limits, LiquidationRules, LiquidityRules, MarginModel,
    OracleRules, Rulebook, SellingRules, TakerRules, WaterfallRules,
};
use crate::asset::AssetId;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Parts that a rulebook may do without.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sections {
    /// Depth, impact and where marks come from.
    pub liquidity: LiquidityRules,
    /// How accounts are sold out.
    pub selling: SellingRules,
    /// What takers do with what they took on.
    pub takers: TakerRules,
}

impl Sections {
    /// None of them.
    pub const NONE: Self = Self {
        liquidity: LiquidityRules::NONE,
        selling: SellingRules::PLAIN,
        takers: TakerRules::NONE,
    };

    fn list(&self) -> Vec<Section> {
        let mut list = Vec::new();
        if self.liquidity != LiquidityRules::NONE {
            list.push(Section::Liquidity(self.liquidity.clone()));
        }
        if self.selling != SellingRules::PLAIN {
            list.push(Section::Selling(self.selling.clone()));
        }
        if self.takers != TakerRules::NONE {
            list.push(Section::Takers(self.takers));
        }
        list
    }

    fn of(list: Vec<Section>) -> Self {
        let mut sections = Self::NONE;
        for section in list {
            match section {
                Section::Liquidity(liquidity) => sections.liquidity = liquidity,
                Section::Selling(selling) => sections.selling = selling,
                Section::Takers(takers) => sections.takers = takers,
            }
        }
        sections
    }
}

/// A section as written.
#[derive(Serialize, Deserialize)]
#[allow(clippy::large_enum_variant, reason = "one lives as long as a rulebook is written")]
enum Section {
    Liquidity(LiquidityRules),
    Selling(SellingRules),
    Takers(TakerRules),
}

/// The margin model as written: with its own number alone, or before sections.
#[derive(Serialize, Deserialize)]
enum Head {
    Weighted,
    Sectioned { margin: MarginModel, sections: Vec<Section> },
}

/// A rulebook as written.
#[derive(Serialize, Deserialize)]
pub(super) struct Written {
    numeraire: AssetId,
    assets: Vec<AssetRules>,
    instruments: Vec<InstrumentRules>,
    head: Head,
    oracle: OracleRules,
    liquidation: LiquidationRules,
    waterfall: WaterfallRules,
    limits: Limits,
}

impl From<Rulebook> for Written {
    fn from(rulebook: Rulebook) -> Self {
        let sections = rulebook.sections.list();
        let head = match (rulebook.margin, sections.is_empty()) {
            (MarginModel::Weighted, true) => Head::Weighted,
            (margin, _) => Head::Sectioned { margin, sections },
        };
        Self {
            numeraire: rulebook.numeraire,
            assets: rulebook.assets,
            instruments: rulebook.instruments,
            head,
            oracle: rulebook.oracle,
            liquidation: rulebook.liquidation,
            waterfall: rulebook.waterfall,
            limits: rulebook.limits,
        }
    }
}

impl From<Written> for Rulebook {
    fn from(written: Written) -> Self {
        let (margin, sections) = match written.head {
            Head::Weighted => (MarginModel::Weighted, Sections::NONE),
            Head::Sectioned { margin, sections } => (margin, Sections::of(sections)),
        };
        Self {
            numeraire: written.numeraire,
            assets: written.assets,
            instruments: written.instruments,
            margin,
            oracle: written.oracle,
            liquidation: written.liquidation,
            waterfall: written.waterfall,
            limits: written.limits,
            sections,
        }
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a rulebook without sections has the bytes of the eight fields that it always had, one
    //! with sections reads back. Method: encode, compare, decode.

    use super::*;
    use crate::canonical::{decode, encode};
    use crate::rulebook::PriceMode;
    use crate::{Duration, Ratio};

    fn plain() -> Rulebook {
        Rulebook {
            numeraire: AssetId::new(0),
            assets: Vec::new(),
            instruments: Vec::new(),
            margin: MarginModel::Weighted,
            oracle: OracleRules { stale_after: Duration::YEAR, last_guard: Ratio::ONE },
            liquidation: LiquidationRules {
                dust: 7,
                step_interval: Duration::YEAR,
                interest_step: Duration::YEAR,
            },
            waterfall: WaterfallRules { layers: Vec::new(), insurance_fund: Ratio::ZERO },
            limits: Limits {
                accounts_max: 1,
                positions_per_account: 2,
                cascade_waves_max: 3,
                steps_per_event: 4,
                opponents_max: 5,
            },
            sections: Sections::NONE,
        }
    }

    #[test]
    fn nothing_takes_no_bytes() {
        let rulebook = plain();
        let fields = (
            (rulebook.numeraire, &rulebook.assets, &rulebook.instruments, rulebook.margin),
            (rulebook.oracle, rulebook.liquidation, &rulebook.waterfall, rulebook.limits),
        );
        assert_eq!(encode(&rulebook), encode(&fields));
        assert_eq!(decode::<Rulebook>(&encode(&rulebook)), Ok(rulebook));
    }

    #[test]
    fn a_section_reads_back() {
        let mut rulebook = plain();
        rulebook.sections.liquidity.price_mode = PriceMode::Synthetic;
        let bytes = encode(&rulebook);
        assert_ne!(bytes, encode(&plain()));
        assert_eq!(decode::<Rulebook>(&bytes), Ok(rulebook));
    }
}
