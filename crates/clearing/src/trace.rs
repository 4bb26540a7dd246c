//! Why an account is being sold out where depth is finite: the world, or what other forced trades
//! did to prices.

use crate::expiry;
use crate::house::Books;
use alloc::vec::Vec;
use domain::rulebook::InstrumentKind;
use domain::{AccountId, Effect, InstrumentId, Position, Rounding, Value};
use risk::liquidation::target;
use risk::{InstrumentMarket, Prices, assess, on_book};

/// Markets as they would be without this run's impact, made once a wave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    recorded: Vec<InstrumentMarket>,
    reference: Vec<InstrumentMarket>,
}

impl Trace {
    /// Forgets the last wave's markets.
    pub fn clear(&mut self) {
        self.recorded.clear();
        self.reference.clear();
    }

    fn fill(&mut self, books: &Books) {
        if !self.recorded.is_empty() {
            return;
        }
        self.recorded.extend_from_slice(&books.instruments);
        for market in books.depth.markets() {
            if let Some(row) = self.recorded.get_mut(market.instrument.index()) {
                row.mark = market.recorded;
            }
        }
        self.reference.extend_from_slice(&self.recorded);
        for (place, row) in (0u32..).zip(&mut self.reference) {
            let instrument = InstrumentId::new(place);
            let kind = books.prices().instrument_rules(instrument).kind;
            let (InstrumentKind::Perpetual { underlying }
            | InstrumentKind::Future { underlying, .. }) = kind
            else {
                continue;
            };
            let index = books.prices().index_price(underlying);
            row.mark = expiry::index_in(books, instrument, underlying, index).unwrap_or(row.mark);
        }
    }

    /// The effect that says why.
    pub fn of(&mut self, books: &Books, account: AccountId) -> Effect {
        self.fill(books);
        let portfolio = books.accounts.portfolio(account);
        let healthy = |instruments| {
            let prices = Prices { instruments, ..books.prices() };
            !assess(&portfolio, &prices).excess().is_negative()
        };
        let induced = healthy(self.recorded.as_slice());
        let wrongful = healthy(self.reference.as_slice());
        let mut cause = None;
        let mut worst = Value::ZERO;
        if induced {
            for position in portfolio.positions() {
                let lost = self.lost(books, &position);
                if lost > worst {
                    (cause, worst) = (Some(position.instrument), lost);
                }
            }
        }
        let least = target(&portfolio, &books.prices());
        let least = least
            .map_or(Value::ZERO, |position| on_book::least(&portfolio, &books.prices(), &position));
        Effect::LiquidationTraced { account, induced, wrongful, cause, least }
    }

    /// What impact cost a position, in the numeraire, rounded down.
    fn lost(&self, books: &Books, position: &Position) -> Value {
        let prices = books.prices();
        let recorded = self.recorded.get(position.instrument.index()).map(|market| market.mark);
        let recorded = recorded.unwrap_or_default();
        let mark = prices.instrument(position.instrument).mark;
        let lost = position.quantity.quote(recorded) - position.quantity.quote(mark);
        prices.worth(prices.instrument_rules(position.instrument).settles, lost, Rounding::Down)
    }
}
