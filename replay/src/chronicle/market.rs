//! Prices, halts, bad prints and funding rates as they came.

use std::collections::BTreeMap;

use domain::{Effect, Feed, FeedRole, InstrumentId, Price, Rate, Timestamp};

use super::minutes::Levels;

/// Something that happened to a market, for a mark on its chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incident {
    /// It stopped.
    Halted,
    /// It went on.
    Resumed,
    /// It reached its end.
    Expired,
    /// A last price lay too far from the mark; in units of the price.
    Flagged(i128),
}

/// What happened to every market.
#[derive(Debug, Clone, Default)]
pub struct Markets {
    /// Prices in force by stream, in price units; of marks that impact moved, the moved ones.
    pub prices: BTreeMap<Feed, Levels>,
    /// Marks as they were published, of instruments whose mark impact moved.
    pub recorded: BTreeMap<InstrumentId, Levels>,
    /// Incidents in order.
    pub incidents: Vec<(Timestamp, InstrumentId, Incident)>,
    /// Funding rates in order.
    pub funding: Vec<(Timestamp, InstrumentId, Rate)>,
}

/// Incidents kept; a run with more has them in its journal.
const INCIDENTS_MAX: usize = 10_000;

impl Markets {
    /// Takes the effects of an event that concern markets.
    pub fn take(&mut self, minute: i64, at: Timestamp, effects: &[Effect]) {
        for effect in effects {
            match *effect {
                Effect::PricePublished { feed, price } => {
                    self.publish(minute, feed, price, effects);
                }
                Effect::MarkMoved { instrument, recorded, mark, .. } => {
                    self.moved(minute, instrument, (recorded, mark));
                }
                _ => self.incident(at, effect),
            }
        }
    }

    /// Under price feedback a published mark is not the one in force where impact moves it.
    fn publish(&mut self, minute: i64, feed: Feed, price: Price, effects: &[Effect]) {
        let own = InstrumentId::new(feed.target);
        let moves = |effect: &Effect| match effect {
            Effect::MarkMoved { instrument, .. } => *instrument == own,
            _ => false,
        };
        let mark = feed.role == FeedRole::Mark;
        if let Some(recorded) = self.recorded.get_mut(&own).filter(|_| mark) {
            recorded.meet(minute, price.wide());
        }
        if !(mark && effects.iter().any(moves)) {
            self.prices.entry(feed).or_default().meet(minute, price.wide());
        }
    }

    /// From the first move on the recorded mark has a line of its own, which begins as the mark's.
    fn moved(&mut self, minute: i64, instrument: InstrumentId, (recorded, mark): (Price, Price)) {
        let known = self.prices.entry(Feed::mark(instrument)).or_default();
        let own = self.recorded.entry(instrument).or_insert_with(|| known.clone());
        own.meet(minute, recorded.wide());
        known.meet(minute, mark.wide());
    }

    fn incident(&mut self, at: Timestamp, effect: &Effect) {
        let (instrument, incident) = match *effect {
            Effect::FundingIndexMoved { instrument, rate, .. } => {
                self.funding.push((at, instrument, rate));
                return;
            }
            Effect::PriceFlagged { feed, price, .. } => {
                (InstrumentId::new(feed.target), Incident::Flagged(price.wide()))
            }
            Effect::InstrumentHalted { instrument } => (instrument, Incident::Halted),
            Effect::InstrumentResumed { instrument } => (instrument, Incident::Resumed),
            Effect::InstrumentExpired { instrument, .. } => (instrument, Incident::Expired),
            _ => return,
        };
        if self.incidents.len() < INCIDENTS_MAX {
            self.incidents.push((at, instrument, incident));
        }
    }
}
