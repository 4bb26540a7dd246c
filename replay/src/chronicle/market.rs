//! Prices, halts, bad prints and funding rates as they came.

use std::collections::BTreeMap;

use domain::{Effect, Feed, InstrumentId, Rate, Timestamp};

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
    /// Published prices by stream, in price units.
    pub prices: BTreeMap<Feed, Levels>,
    /// Incidents in order.
    pub incidents: Vec<(Timestamp, InstrumentId, Incident)>,
    /// Funding rates in order.
    pub funding: Vec<(Timestamp, InstrumentId, Rate)>,
}

/// Incidents kept; a run with more has them in its journal.
const INCIDENTS_MAX: usize = 10_000;

impl Markets {
    /// Takes what concerns markets.
    pub fn take(&mut self, minute: i64, at: Timestamp, effect: &Effect) {
        let (instrument, incident) = match *effect {
            Effect::PricePublished { feed, price } => {
                self.prices.entry(feed).or_default().meet(minute, price.wide());
                return;
            }
            // Under price feedback the mark in force is another than the published one.
            Effect::MarkMoved { instrument, mark, .. } => {
                let feed = Feed::mark(instrument);
                self.prices.entry(feed).or_default().meet(minute, mark.wide());
                return;
            }
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
