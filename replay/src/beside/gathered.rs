//! What a run has to tell for comparison with published figures, gathered while it is heard.
//!
//! Prices are those in force: a mark that the run's own forced trades moved counts as moved. All
//! money is in the numeraire at 1e-16.

use std::collections::{BTreeMap, BTreeSet};

use clearing::ClearingHouse;
use domain::account::HouseAccount;
use domain::{
    AccountId, Amount, AssetId, Effect, Event, Feed, FeedRole, InstrumentId, Price, Quantity, Rate,
    Timestamp,
};

use crate::failure::Answer;
use crate::listener::Listener;
use crate::summary::numbers::in_numeraire;

/// Nanoseconds of a day.
const DAY: i64 = 86_400_000_000_000;

/// First, lowest, highest and last of something, each with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way<T> {
    /// First.
    pub open: (T, Timestamp),
    /// Lowest, when first met.
    pub low: (T, Timestamp),
    /// Highest, when first met.
    pub high: (T, Timestamp),
    /// Last.
    pub close: (T, Timestamp),
}

impl<T: Copy + PartialOrd> Way<T> {
    fn at(point: (T, Timestamp)) -> Way<T> {
        Way { open: point, low: point, high: point, close: point }
    }

    fn take(&mut self, point: (T, Timestamp)) {
        if point.0 < self.low.0 {
            self.low = point;
        }
        if point.0 > self.high.0 {
            self.high = point;
        }
        self.close = point;
    }

    /// One way and then the other.
    pub fn then(self, later: Way<T>) -> Way<T> {
        let low = if later.low.0 < self.low.0 { later.low } else { self.low };
        let high = if later.high.0 > self.high.0 { later.high } else { self.high };
        Way { open: self.open, low, high, close: later.close }
    }
}

/// Open notional and the fund once the opening trades are done.
#[derive(Debug, Clone, Default)]
pub struct Opening {
    /// Value of long positions by instrument.
    pub notional: BTreeMap<InstrumentId, i128>,
    /// Worth of the insurance fund.
    pub fund: i128,
}

/// What was gathered.
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    /// Price ways by stream and UTC day, in days since 1970.
    pub prices: BTreeMap<(Feed, i64), Way<Price>>,
    /// Funding rates by instrument.
    pub funding: BTreeMap<InstrumentId, Way<Rate>>,
    /// The opening, once it is over.
    pub opening: Option<Opening>,
    /// Notional closed by instrument: against the liquidity account, against winners.
    pub closed: BTreeMap<InstrumentId, [i128; 2]>,
    /// Notional closed of long and of short accounts.
    pub sides: [i128; 2],
    /// Liquidations that began.
    pub started: u64,
    /// When the first began.
    pub first_started: Option<Timestamp>,
    /// When the first winner was closed, and how many liquidations had begun.
    pub first_deleveraged: Option<(Timestamp, u64)>,
    /// Winners closed for an account that was not being liquidated.
    pub deleveraged_alone: u64,
    /// Worth of the insurance fund at the end.
    pub fund_end: Option<i128>,
    traded: bool,
    /// Accounts that are being liquidated.
    open: BTreeSet<AccountId>,
    /// A price that was published by this event and may not be the one in force.
    pending: Option<(Feed, Price)>,
}

impl Listener for Gathered {
    fn begin(&mut self) -> Answer<()> {
        *self = Gathered::default();
        Ok(())
    }

    fn event(&mut self, event: &Event, effects: &[Effect], house: &ClearingHouse) -> Answer<()> {
        let at = event.timestamp;
        for effect in effects {
            self.take(at, effect, house);
        }
        self.settle(at);
        let trade = effects.iter().any(|effect| matches!(effect, Effect::Novated { .. }));
        if self.opening.is_none() && self.traded && !trade {
            self.opening = Some(opening(house));
        }
        self.traded |= trade;
        Ok(())
    }

    fn finish(&mut self, house: &ClearingHouse) -> Answer<()> {
        self.fund_end = Some(fund(house));
        Ok(())
    }
}

impl Gathered {
    fn take(&mut self, at: Timestamp, effect: &Effect, house: &ClearingHouse) {
        match *effect {
            Effect::PricePublished { feed, price } => {
                self.settle(at);
                self.pending = Some((feed, price));
            }
            Effect::MarkMoved { instrument, wave, mark, .. } => {
                self.moved(at, Feed::mark(instrument), wave, mark);
            }
            Effect::IndexMoved { asset, wave, price, .. } => {
                self.moved(at, Feed::index(asset), wave, price);
            }
            Effect::FundingIndexMoved { instrument, rate, .. } => {
                let way = self.funding.entry(instrument);
                way.and_modify(|way| way.take((rate, at))).or_insert(Way::at((rate, at)));
            }
            Effect::LiquidationStarted { account, .. } => {
                self.open.insert(account);
                self.started += 1;
                self.first_started.get_or_insert(at);
            }
            Effect::PositionReduced { instrument, quantity, notional, .. } => {
                self.close(instrument, 0, quantity, notional.units());
            }
            Effect::LiquidationEnded { account, .. } => {
                self.open.remove(&account);
            }
            Effect::Deleveraged { account, instrument, quantity, .. } => {
                let notional = notional(house, instrument, quantity).unwrap_or(0);
                self.close(instrument, 1, quantity, notional);
                self.deleveraged_alone += u64::from(!self.open.contains(&account));
                self.first_deleveraged.get_or_insert((at, self.started));
            }
            _ => {}
        }
    }

    /// Another price than the published one is in force.
    fn moved(&mut self, at: Timestamp, feed: Feed, wave: u16, price: Price) {
        // What was published is not in force where it was moved as it came in.
        if wave == 0 {
            self.pending = None;
        }
        self.settle(at);
        self.price(at, feed, price);
    }

    /// The price that was published is the one in force.
    fn settle(&mut self, at: Timestamp) {
        if let Some((feed, price)) = self.pending.take() {
            self.price(at, feed, price);
        }
    }

    fn price(&mut self, at: Timestamp, feed: Feed, price: Price) {
        let way = self.prices.entry((feed, at.nanos().div_euclid(DAY)));
        way.and_modify(|way| way.take((price, at))).or_insert(Way::at((price, at)));
    }

    fn close(&mut self, instrument: InstrumentId, against: usize, quantity: Quantity, value: i128) {
        self.closed.entry(instrument).or_default()[against] += value;
        // The account's change: who was long sells.
        self.sides[usize::from(quantity.is_positive())] += value;
    }

    /// The way of a price through the run, or through the UTC day that begins at `on`.
    pub fn way(&self, role: FeedRole, target: u32, on: Option<Timestamp>) -> Option<Way<Price>> {
        let feed = Feed { role, target };
        let day = on.map(|on| on.nanos().div_euclid(DAY));
        let days = match day {
            Some(day) => (feed, day)..=(feed, day),
            None => (feed, i64::MIN)..=(feed, i64::MAX),
        };
        self.prices.range(days).map(|(_, way)| *way).reduce(Way::then)
    }

    /// Notional closed against the liquidity account, and against winners.
    pub fn closed_total(&self) -> [i128; 2] {
        self.closed.values().fold([0; 2], |sum, one| [sum[0] + one[0], sum[1] + one[1]])
    }
}

/// Absolute quantity at the mark in force, in the numeraire.
fn notional(house: &ClearingHouse, instrument: InstrumentId, quantity: Quantity) -> Option<i128> {
    let rulebook = house.rulebook()?;
    let settles = rulebook.instrument(instrument)?.settles;
    let index = house.index(settles).map(Price::units);
    let quote = quantity.magnitude().quote(house.mark(instrument)?);
    in_numeraire(rulebook, settles, quote, index)
}

fn opening(house: &ClearingHouse) -> Opening {
    let mut opening = Opening { notional: BTreeMap::new(), fund: fund(house) };
    for (_, positions, _) in house.exposed() {
        for position in positions.iter().filter(|position| position.quantity.is_positive()) {
            let value = notional(house, position.instrument, position.quantity).unwrap_or(0);
            *opening.notional.entry(position.instrument).or_default() += value;
        }
    }
    opening
}

/// Worth of the insurance fund at index prices, without haircuts.
fn fund(house: &ClearingHouse) -> i128 {
    let Some(rulebook) = house.rulebook() else { return 0 };
    let worth = (0..).zip(&rulebook.assets).map(|(number, rules)| {
        let asset = AssetId::new(number);
        let amount: Amount = house.house_balance(HouseAccount::InsuranceFund, asset);
        let price = if asset == rulebook.numeraire {
            Some(10i128.pow(16u32.saturating_sub(u32::from(rules.decimals))))
        } else {
            house.index(asset).map(Price::wide)
        };
        amount.units() * price.unwrap_or(0)
    });
    worth.sum()
}
