//! Why an account is being sold out where depth is finite: the world, or what other forced trades
//! did to prices.

use crate::expiry;
use crate::house::Books;
use alloc::vec::Vec;
use domain::rulebook::InstrumentKind;
use domain::{AccountId, AssetId, Effect, InstrumentId, Position, Rounding, Value};
use risk::liquidation::target;
use risk::{AssetMarket, InstrumentMarket, Portfolio, Prices, assess, on_book};

/// Markets as they would be without this run's impact, made once a wave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    recorded: Vec<InstrumentMarket>,
    reference: Vec<InstrumentMarket>,
    assets: Vec<AssetMarket>,
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
            if base_of(books, market.instrument).is_none()
                && let Some(row) = self.recorded.get_mut(market.instrument.index())
            {
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

    /// Anew for every account: losses shared by depositors move indexes within a wave.
    fn fill_assets(&mut self, books: &Books) {
        self.assets.clear();
        self.assets.extend_from_slice(&books.assets);
        for market in books.depth.markets() {
            let row = base_of(books, market.instrument);
            if let Some(row) = row.and_then(|asset| self.assets.get_mut(asset.index())) {
                row.price = market.recorded;
            }
        }
    }

    /// The effect that says why.
    pub fn of(&mut self, books: &Books, account: AccountId) -> Effect {
        self.fill(books);
        self.fill_assets(books);
        let portfolio = books.accounts.portfolio(account);
        let healthy = |instruments| {
            let prices = Prices { instruments, assets: &self.assets, ..books.prices() };
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
        if induced && let Some((instrument, lost)) = lost_on_collateral(books, &portfolio) {
            cause = if lost > worst { Some(instrument) } else { cause };
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

/// The asset whose index a market moves, of a spot instrument.
fn base_of(books: &Books, instrument: InstrumentId) -> Option<AssetId> {
    let rules = books.rulebook.sections.liquidity.market(instrument)?;
    books.rulebook.spot_base(rules)
}

/// The spot instrument whose impact cost the account's balances most, with how much.
fn lost_on_collateral(books: &Books, portfolio: &Portfolio<'_>) -> Option<(InstrumentId, Value)> {
    let mut worst: Option<(InstrumentId, Value)> = None;
    for market in books.depth.markets() {
        let Some(asset) = base_of(books, market.instrument) else { continue };
        let Some(balance) = portfolio.balance(asset) else { continue };
        let fallen = market.recorded.wide() - books.prices().asset(asset).price.wide();
        let lost = Value::new(balance.amount.units() * fallen);
        if worst.is_none_or(|(_, most)| lost > most) {
            worst = Some((market.instrument, lost));
        }
    }
    worst
}
