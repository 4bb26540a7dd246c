//! What the run's own forced trades did to prices: marks against recorded ones, impact, depth left.
//!
//! Shares are integers at 1e-16. Empty in a run whose rulebook has no depth.

use std::collections::BTreeMap;

use domain::{Effect, InstrumentId, Rounding, Rulebook, Timestamp};
use risk::impact::decayed;

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

/// An impact as a wave left it.
#[derive(Debug, Clone, Copy)]
struct Left {
    permanent: i128,
    transient: i128,
    at: Timestamp,
}

/// Impact of a run.
#[derive(Debug, Clone, Default)]
pub struct Impacts {
    /// What each instrument was last left with, while some of it still decays.
    left: BTreeMap<InstrumentId, Left>,
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
    pub fn take(&mut self, minute: i64, at: Timestamp, effect: &Effect) {
        match *effect {
            Effect::MarkMoved { instrument, recorded, mark, .. } if recorded.is_positive() => {
                let moved = (mark.wide() - recorded.wide()) * WHOLE / recorded.wide();
                self.distance.entry(instrument).or_default().meet(minute, moved);
            }
            Effect::ImpactMoved { instrument, permanent, transient, .. } => {
                let levels = self.impact.entry(instrument).or_default();
                levels.meet(minute, permanent + transient);
                self.left.insert(instrument, Left { permanent, transient, at });
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

    /// The run has ended: what stays stood until then.
    pub fn finish(&mut self, minute: i64) {
        for levels in self.impact.values_mut() {
            if let Some(last) = levels.last() {
                levels.meet(minute, last);
            }
        }
    }

    /// What is left of impacts at the first event of a minute: they decay without an effect.
    pub fn turn(&mut self, minute: i64, at: Timestamp, rulebook: &Rulebook) {
        let liquidity = &rulebook.sections.liquidity;
        for (instrument, left) in &self.left {
            let Some(rules) = liquidity.market(*instrument) else { continue };
            let passed = at.since(left.at);
            let now = decayed(left.transient, passed, rules.refill, Rounding::Down);
            let levels = self.impact.entry(*instrument).or_default();
            levels.meet(minute, left.permanent + now);
        }
        self.left.retain(|instrument, left| {
            liquidity.market(*instrument).is_some_and(|rules| {
                decayed(left.transient, at.since(left.at), rules.refill, Rounding::Down) != 0
            })
        });
    }
}
