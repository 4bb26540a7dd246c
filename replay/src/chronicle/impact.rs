//! What the run's own forced trades did to prices: marks against recorded ones, impact, depth left.
//!
//! Shares are integers at 1e-16. Empty in a run whose rulebook has no depth.

use std::collections::BTreeMap;

use domain::{Effect, InstrumentId};

use super::minutes::{Flows, Levels};

/// One whole, at 1e-16.
const WHOLE: i128 = 10_000_000_000_000_000;

/// Why an account was liquidated, where that was traced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// It would be liquidatable at recorded marks as well.
    Exogenous,
    /// Only impact took it below.
    Induced,
}

/// Impact of a run.
#[derive(Debug, Clone, Default)]
pub struct Impacts {
    /// Mark in force less the recorded one, as a share of the recorded one.
    pub distance: BTreeMap<InstrumentId, Levels>,
    /// Impact on the price, what stays and what decays together; above zero it pushes down.
    pub impact: BTreeMap<InstrumentId, Levels>,
    /// Share of the rulebook's depth that a sudden move left.
    pub depth: BTreeMap<InstrumentId, Levels>,
    /// Accounts liquidated, by minute and origin.
    pub origins: Flows<Origin>,
    /// Accounts that the index of their underlying would have spared.
    pub wrongful: u64,
}

impl Impacts {
    /// Takes what concerns impact.
    pub fn take(&mut self, minute: i64, effect: &Effect) {
        match *effect {
            Effect::MarkMoved { instrument, recorded, mark, .. } if recorded.is_positive() => {
                let moved = (mark.wide() - recorded.wide()) * WHOLE / recorded.wide();
                self.distance.entry(instrument).or_default().meet(minute, moved);
            }
            Effect::ImpactMoved { instrument, permanent, transient, .. } => {
                let levels = self.impact.entry(instrument).or_default();
                levels.meet(minute, permanent + transient);
            }
            Effect::DepthLevelFell { instrument, level } => {
                self.depth.entry(instrument).or_default().meet(minute, level);
            }
            Effect::LiquidationTraced { induced, wrongful, .. } => {
                let origin = if induced { Origin::Induced } else { Origin::Exogenous };
                self.origins.add(minute, origin, 1);
                self.wrongful += u64::from(wrongful);
            }
            _ => {}
        }
    }
}
