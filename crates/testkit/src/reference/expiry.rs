//! Dated futures: the mean index of the settlement window, and cash settlement at the end.

use super::exact::{down, over, whole};
use super::fill::Fill;
use super::state::State;
use domain::rulebook::InstrumentKind;
use domain::{AssetId, Duration, Effect, InstrumentId, Position, Price, Timestamp};

/// A future's terms.
#[derive(Clone, Copy)]
struct Terms {
    instrument: InstrumentId,
    underlying: AssetId,
    expires_at: Timestamp,
    window: Duration,
}

impl State {
    /// Futures that did not end yet.
    fn futures(&self) -> Vec<Terms> {
        let live = self.instruments.iter().filter(|(_, market)| !market.expired);
        live.filter_map(|(instrument, _)| match self.rules_of(*instrument).kind {
            InstrumentKind::Future { underlying, expires_at, settle_window: window } => {
                Some(Terms { instrument: *instrument, underlying, expires_at, window })
            }
            _ => None,
        })
        .collect()
    }

    /// When a future ends, or is tried again.
    fn due(&self, terms: &Terms) -> Timestamp {
        terms.expires_at.max(self.instrument(terms.instrument).settle_until)
    }

    /// The next end of a future; one that could not be priced is tried again a step later.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.futures().iter().map(|terms| self.due(terms)).min()
    }

    /// Adds the price that held since the last look to the window of every future on an asset.
    pub fn accumulate(&mut self, underlying: AssetId) {
        let price = self.asset(underlying).price.wide();
        for terms in self.futures() {
            if terms.underlying == underlying {
                self.accumulate_for(&terms, price);
            }
        }
    }

    fn accumulate_for(&mut self, terms: &Terms, price: i128) {
        let until = self.now.min(terms.expires_at);
        let opens = Timestamp::from_nanos(terms.expires_at.nanos() - terms.window.nanos());
        let market = self.instrument_mut(terms.instrument);
        let held = until.since(market.settle_until.max(opens)).nanos();
        if price > 0 {
            market.settle_sum += price * i128::from(held);
            market.settle_time += held;
        }
        market.settle_until = market.settle_until.max(until);
    }

    /// Settles every future whose end has come and whose price is known.
    pub fn settle_due(&mut self) {
        for terms in self.futures() {
            if self.due(&terms) <= self.now {
                self.accumulate(terms.underlying);
                if let Some(price) = self.settlement_price(&terms) {
                    self.settle(terms.instrument, price);
                } else {
                    let retry = self.now.plus(self.rulebook.liquidation.step_interval);
                    self.instrument_mut(terms.instrument).settle_until = retry;
                }
            }
        }
    }

    /// The mean over the time in which a price held, or the present price without any: first in
    /// price units of the underlying, then of the instrument, both down.
    fn settlement_price(&self, terms: &Terms) -> Option<Price> {
        let rules = self.rules_of(terms.instrument);
        let market = self.instrument(terms.instrument);
        let mean = match market.settle_time {
            0 => self.index_price(terms.underlying),
            time => down(&over(market.settle_sum, i128::from(time))),
        };
        let settles = self.index_price(rules.settles);
        if mean <= 0 || settles <= 0 {
            return None;
        }
        let in_numeraire = over(mean, self.scale(terms.underlying));
        let in_settlement = in_numeraire * over(self.scale(rules.settles), settles);
        let unit = whole(10i128.pow(u32::from(rules.price_decimals)));
        let price = i64::try_from(down(&(in_settlement * unit))).ok()?;
        (price > 0).then(|| Price::new(price).min(rules.price_max))
    }

    fn settle(&mut self, instrument: InstrumentId, price: Price) {
        let market = self.instrument_mut(instrument);
        (market.mark, market.expired) = (price, true);
        self.effects.push(Effect::InstrumentExpired { instrument, price });
        let closing = |position: &Position| Fill {
            quantity: -position.quantity.units(),
            quote: -position.quantity.wide() * price.wide(),
        };
        for account in self.account_ids() {
            if self.account(account).positions.contains_key(&instrument) {
                let position = self.account(account).positions[&instrument];
                self.fill_client(account, instrument, closing(&position));
            }
        }
        let position = self.liquidity[&instrument];
        self.fill_liquidity(instrument, closing(&position));
    }
}
