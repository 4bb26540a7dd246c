//! What happened over all seeds: counts of every effect and refusal.

use domain::rulebook::PriceFunction;
use domain::{Effect, Refusal, Rulebook};
use std::collections::BTreeMap;
use std::fmt;

/// Effects that must have happened.
const EFFECTS: &[&str] = &[
    "RulebookAdopted",
    "AccountOpened",
    "Deposited",
    "Withdrawn",
    "AssetTransferred",
    "CapitalPaidIn",
    "Novated",
    "FeeCharged",
    "PnlRealised",
    "FundingPosted",
    "InterestPosted",
    "InterestIndexMoved",
    "PricePublished",
    "PriceFlagged",
    "FundingIndexMoved",
    "InstrumentHalted",
    "InstrumentResumed",
    "InstrumentExpired",
    "LiquidationStarted",
    "PositionReduced Partial",
    "PositionReduced FullClose",
    "PositionReduced Waterfall",
    "LiquidationFeeCharged",
    "CollateralSold",
    "StepSkipped InstrumentHalted",
    "DeficitRecognised",
    "InsuranceDrawn",
    "Deleveraged",
    "DeficitDeleveraged",
    "LossSocialised",
    "LossUncovered",
    "LiquidationEnded Released",
    "LiquidationEnded ClosedOut",
    "LiquidationEnded Bankrupt",
    "CascadeLimited",
    "StageRaised Toxic",
    "StageRaised NoBidder",
    "StageRaised CloseOutLine",
    "StepPostponed Keepers",
    "StepPostponed Auction",
    "StepPostponed Clip",
    "StepPostponed Share",
    "StepPostponed Cooldown",
    "StepPostponed Cap",
    "PositionTakenOver",
    "CollateralSeized",
    "LiquidationStarted in a later wave",
    "StepSkipped DepthExhausted",
    "DepthPublished",
    "DepthLevelFell",
    "ImpactMoved",
    "MarkMoved",
    "IndexMoved",
    "LiquidationTraced",
    "Refused",
];

/// Price functions that forced trades in books of finite depth must have been met with, each in
/// every price mode.
const PRICES: &[&str] = &[
    "Slippage",
    "OracleFee",
    "Fillable",
    "FixedBonus",
    "RatioDiscount",
    "Dutch",
    "Stair",
    "LotThenBid",
];

/// Price functions whose takers must have unloaded into a book.
const HEDGED: &[&str] = &["FixedBonus", "RatioDiscount", "Dutch", "Stair"];

/// Counts by name.
#[derive(Debug, Default)]
pub struct Coverage {
    effects: BTreeMap<String, u64>,
    refusals: BTreeMap<Refusal, u64>,
    policies: BTreeMap<String, u64>,
}

impl Coverage {
    pub fn count(&mut self, effects: &[Effect]) {
        for effect in effects {
            *self.effects.entry(name(effect)).or_insert(0) += 1;
            if let Effect::Refused { refusal } = effect {
                *self.refusals.entry(*refusal).or_insert(0) += 1;
            }
        }
    }

    /// Counts forced trades where depth is finite, by price mode and price function.
    pub fn count_policies(&mut self, rulebook: &Rulebook, effects: &[Effect]) {
        let sections = &rulebook.sections;
        let traded = effects.iter().filter(|effect| match effect {
            Effect::PositionReduced { instrument, .. } => {
                sections.liquidity.market(*instrument).is_some()
            }
            _ => false,
        });
        let count = traded.count() as u64;
        if count > 0 {
            let name = price_name(&sections.selling.price);
            let mode = format!("{:?}", sections.liquidity.price_mode);
            let hedged = sections.takers.hedge.then(|| "Hedged".to_owned());
            for kind in [Some(mode), hedged].into_iter().flatten() {
                *self.policies.entry(format!("{kind} {name}")).or_insert(0) += count;
            }
        }
    }

    /// Every effect and every refusal happened.
    pub fn require_everything(&self) {
        let effects = EFFECTS.iter().filter(|name| !self.effects.contains_key(**name));
        let missing: Vec<_> = effects.collect();
        assert!(missing.is_empty(), "effects that never happened: {missing:?}");
        let refusals = Refusal::ALL.iter().filter(|one| !self.refusals.contains_key(one));
        let missing: Vec<_> = refusals.collect();
        assert!(missing.is_empty(), "refusals that never happened: {missing:?}");
        let modes = ["Exogenous", "Differential", "Synthetic"].map(|mode| (mode, PRICES));
        let all = modes.into_iter().chain([("Hedged", HEDGED)]);
        let all =
            all.flat_map(|(kind, names)| names.iter().map(move |name| format!("{kind} {name}")));
        let missing: Vec<_> = all.filter(|key| !self.policies.contains_key(key)).collect();
        assert!(missing.is_empty(), "policies never met with depth: {missing:?}");
    }
}

/// The variant's name, with the outcome or stage where there is one.
fn name(effect: &Effect) -> String {
    let text = format!("{effect:?}");
    let name = text.split([' ', '{']).next().unwrap_or_default();
    match effect {
        Effect::LiquidationStarted { wave: 2.., .. } => format!("{name} in a later wave"),
        Effect::PositionReduced { stage, .. } => format!("{name} {stage:?}"),
        Effect::StepSkipped { reason, .. } => format!("{name} {reason:?}"),
        Effect::StageRaised { reason, .. } => format!("{name} {reason:?}"),
        Effect::StepPostponed { reason, .. } => format!("{name} {reason:?}"),
        Effect::LiquidationEnded { outcome, .. } => format!("{name} {outcome:?}"),
        _ => name.to_string(),
    }
}

fn price_name(price: &PriceFunction) -> String {
    let text = format!("{price:?}");
    text.split([' ', '{']).next().unwrap_or_default().to_owned()
}

impl fmt::Display for Coverage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in &self.effects {
            writeln!(out, "{count:>9} {name}")?;
        }
        for (policy, count) in &self.policies {
            writeln!(out, "{count:>9} closed in depth: {policy}")?;
        }
        for refusal in Refusal::ALL {
            let count = self.refusals.get(refusal).copied().unwrap_or(0);
            writeln!(out, "{count:>9} {}", refusal.word())?;
        }
        Ok(())
    }
}
