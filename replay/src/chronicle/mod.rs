//! The chronicle: what a report tells of a run, gathered while the run is heard.
//!
//! Each part takes the effects that concern it; a model that comes later adds a part here and its
//! charts in `report`. Money stays in exact integers: values at 1e-16 of the numeraire, margin at
//! 1e-22. Law: hearing a finished run again gathers the same chronicle as making it did.

pub mod fate;
pub mod flow;
pub mod house;
pub mod impact;
pub mod liquidation;
pub mod loss;
pub mod margin;
pub mod market;
pub mod minutes;
pub mod money;
pub mod worst;

use clearing::ClearingHouse;
use domain::{Command, Effect, Event, Rulebook, Timestamp};
use store::journal::control::Seal;

use crate::clockface::minute_of;
use crate::failure::Answer;
use crate::listener::Listener;

/// Everything a report tells, but for the summary's own figures.
#[derive(Debug, Clone, Default)]
pub struct Chronicle {
    /// The rules in force at the end.
    pub rulebook: Option<Rulebook>,
    /// Rulebooks adopted.
    pub rulebooks: u64,
    /// First event after the opening trades began, and the last one.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Prices, incidents, funding rates.
    pub markets: market::Markets,
    /// Liquidations.
    pub liquidations: liquidation::Liquidations,
    /// Deficits and who bore them.
    pub losses: loss::Losses,
    /// Fund, liquidity account, accounts that wait.
    pub house: house::HouseLevels,
    /// All accounts, now and then.
    pub margins: margin::Margins,
    /// What forced trades did to prices.
    pub impacts: impact::Impacts,
    /// Money that moved.
    pub flows: flow::MoneyFlows,
    /// What became of each account.
    pub fates: fate::Fates,
    /// Events that left accounts waiting because a limit was met.
    pub limited: u64,
    /// Seals met.
    pub seals: u64,
    minute: Option<i64>,
}

impl Chronicle {
    fn adopt(&mut self, command: &Command) {
        match command {
            Command::Genesis(genesis) => self.rulebook = Some(genesis.rulebook.clone()),
            Command::SetRulebook(set) => self.rulebook = Some(set.rulebook.clone()),
            _ => return,
        }
        self.rulebooks += 1;
    }

    /// What stands at the beginning of a minute.
    fn turn(&mut self, minute: i64, at: Timestamp, house: &ClearingHouse) {
        let Some(rulebook) = &self.rulebook else { return };
        if self.minute != Some(minute) {
            self.minute = Some(minute);
            self.impacts.turn(minute, at, rulebook);
            self.house.sample(minute, rulebook, house);
            self.margins.offer(minute, at, rulebook, house);
        }
    }
}

impl Listener for Chronicle {
    fn begin(&mut self) -> Answer<()> {
        *self = Chronicle::default();
        Ok(())
    }

    fn event(&mut self, event: &Event, effects: &[Effect], house: &ClearingHouse) -> Answer<()> {
        let at = event.timestamp;
        let minute = minute_of(at);
        let adopted = |effect: &Effect| matches!(effect, Effect::RulebookAdopted { .. });
        if effects.iter().any(adopted) {
            self.adopt(&event.command);
        }
        let first = self.span.map_or(at, |(first, _)| first);
        self.span = Some((first, at));
        if let Some(rulebook) = &self.rulebook {
            self.markets.take(minute, at, effects);
            for effect in effects {
                self.impacts.take(minute, at, effect);
                self.flows.take(effect, rulebook);
                self.fates.take(effect);
                self.losses.take(minute, effect, rulebook, house);
                self.liquidations.take(minute, event, effect, rulebook, house);
                self.limited += u64::from(matches!(effect, Effect::CascadeLimited { .. }));
            }
        }
        self.turn(minute, at, house);
        Ok(())
    }

    fn sealed(&mut self, _seal: &Seal) -> Answer<()> {
        self.seals += 1;
        Ok(())
    }

    fn finish(&mut self, house: &ClearingHouse) -> Answer<()> {
        if let (Some(rulebook), Some((_, last))) = (&self.rulebook, self.span) {
            self.impacts.finish(minute_of(last));
            self.house.sample(minute_of(last), rulebook, house);
            self.margins.take(last, rulebook, house);
        }
        self.liquidations.finish();
        self.fates.finish(house);
        Ok(())
    }
}
