//! What happened over all seeds: counts of every effect and refusal.

use domain::{Effect, Refusal};
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
    "LiquidationTraced",
    "Refused",
];

/// Counts by name.
#[derive(Debug, Default)]
pub struct Coverage {
    effects: BTreeMap<String, u64>,
    refusals: BTreeMap<Refusal, u64>,
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

    /// Every effect and every refusal happened.
    pub fn require_everything(&self) {
        let effects = EFFECTS.iter().filter(|name| !self.effects.contains_key(**name));
        let missing: Vec<_> = effects.collect();
        assert!(missing.is_empty(), "effects that never happened: {missing:?}");
        let refusals = Refusal::ALL.iter().filter(|one| !self.refusals.contains_key(one));
        let missing: Vec<_> = refusals.collect();
        assert!(missing.is_empty(), "refusals that never happened: {missing:?}");
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

impl fmt::Display for Coverage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in &self.effects {
            writeln!(out, "{count:>9} {name}")?;
        }
        for refusal in Refusal::ALL {
            let count = self.refusals.get(refusal).copied().unwrap_or(0);
            writeln!(out, "{count:>9} {}", refusal.word())?;
        }
        Ok(())
    }
}
