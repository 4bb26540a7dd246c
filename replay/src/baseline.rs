//! The baseline pass of a differential run: the day under the base rules, with impact kept and not
//! applied, and what it tells each price command.

use std::collections::BTreeMap;

use domain::command::{BaselineImpact, PublishPriceWithBaseline};
use domain::event::HOUSE_PRODUCER;
use domain::rulebook::PriceMode;
use domain::{Command, Effect, Event, InstrumentId, Rulebook, Timestamp};
use runtime::ExternalCommand;
use runtime::resequence::Resequencer;

/// Impacts by the place of a price command among all price commands; most have nothing to tell.
#[derive(Debug, Default)]
pub struct Baseline {
    told: BTreeMap<u64, Vec<BaselineImpact>>,
}

/// Gathers while the pass runs.
#[derive(Default)]
struct Gathering {
    baseline: Baseline,
    /// Price commands so far.
    prices: u64,
    /// What changed since the last one, by other events.
    between: BTreeMap<InstrumentId, BaselineImpact>,
}

impl Gathering {
    fn hear(&mut self, event: &Event, effects: &[Effect]) {
        let moved = effects.iter().filter_map(|effect| match *effect {
            Effect::ImpactMoved { instrument, wave, permanent, transient, gap, .. } => {
                let since = event.timestamp;
                Some(BaselineImpact { instrument, wave, permanent, transient, gap, since })
            }
            _ => None,
        });
        let priced = matches!(event.command, Command::PublishPrice(_));
        if !priced || event.producer == HOUSE_PRODUCER {
            self.between
                .extend(moved.map(|item| (item.instrument, BaselineImpact { wave: 0, ..item })));
            return;
        }
        let mut rows: Vec<BaselineImpact> =
            std::mem::take(&mut self.between).into_values().collect();
        rows.extend(moved);
        if !rows.is_empty() {
            self.baseline.told.insert(self.prices, rows);
        }
        self.prices += 1;
    }
}

/// Runs the day's commands under the base rules, genesis first, up to `end`.
pub fn pass(commands: impl Iterator<Item = ExternalCommand>, end: Timestamp) -> Baseline {
    let mut gathering = Gathering::default();
    let mut machine = Resequencer::new();
    for command in commands {
        machine.offer(command, &mut |_, event, effects| gathering.hear(event, effects));
    }
    machine.advance(end, &mut |_, event, effects| gathering.hear(event, effects));
    gathering.baseline
}

/// The rules of a pass that a differential run under others is measured against.
pub fn rules(rulebook: &Rulebook) -> Rulebook {
    with_mode(rulebook, PriceMode::Baseline)
}

/// The same rules with marks from elsewhere.
pub fn with_mode(rulebook: &Rulebook, mode: PriceMode) -> Rulebook {
    let mut rulebook = rulebook.clone();
    rulebook.sections.liquidity.price_mode = mode;
    rulebook
}

impl Baseline {
    /// Price commands that it tells something.
    pub fn len(&self) -> usize {
        self.told.len()
    }

    /// Whether it tells none.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// The commands with what each price command is told.
    pub fn tell(
        self,
        commands: impl Iterator<Item = (Timestamp, Command)>,
    ) -> impl Iterator<Item = (Timestamp, Command)> {
        let (mut told, mut prices) = (self.told, 0);
        commands.map(move |(at, command)| {
            let Command::PublishPrice(price) = command else { return (at, command) };
            let baseline = told.remove(&prices);
            prices += 1;
            match baseline {
                Some(baseline) => (at, PublishPriceWithBaseline { price, baseline }.into()),
                None => (at, price.into()),
            }
        })
    }
}
