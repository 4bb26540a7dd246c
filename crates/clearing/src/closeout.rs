//! Selling out one account: positions, then collateral for debts, then the waterfall.

use crate::depth;
use crate::house::Books;
use crate::ranking::Ranking;
use crate::settlement::{fill_client, fill_liquidity, post_all, transfer};
use crate::waterfall::{absorb_debts, close_by_waterfall};
use crate::waterfall_on_book::close_on_book;
use alloc::vec::Vec;
use domain::effect::{Outcome, SkipReason, Stage};
use domain::{
    AccountId, Amount, AssetId, Effect, Holder, HouseAccount, InstrumentId, Position, Quantity,
    Quote, Value,
};
use risk::liquidation::{self, Closing, Step, forced_quote, notional_of};
use risk::sale::{self, Sale};
use risk::{Portfolio, assess};

/// One account's liquidation, with everything a step may touch.
pub(crate) struct CloseOut<'a> {
    pub books: &'a mut Books,
    pub ranking: &'a mut Ranking,
    pub effects: &'a mut Vec<Effect>,
    pub account: AccountId,
    /// Notional closed and collateral sold of it by this event, at partial steps.
    pub closed: Value,
    /// What the insurance fund paid for it by this event.
    pub insured: Value,
}

impl<'a> CloseOut<'a> {
    pub fn new(
        books: &'a mut Books,
        ranking: &'a mut Ranking,
        effects: &'a mut Vec<Effect>,
        account: AccountId,
    ) -> Self {
        let (closed, insured) = (Value::ZERO, Value::ZERO);
        Self { books, ranking, effects, account, closed, insured }
    }

    pub fn portfolio(&self) -> Portfolio<'_> {
        self.books.accounts.portfolio(self.account)
    }

    /// Steps until release, until nothing is left, or until nothing more can be planned.
    ///
    /// Every step closes a lot or a whole position, repays a debt or uses collateral up, so there
    /// are at most a few for each row of the account. `None`: it waits for a pulse.
    pub fn run(&mut self) -> Option<Outcome> {
        post_all(self.books, self.account, self.effects);
        self.open_books();
        let portfolio = self.portfolio();
        let had_positions = portfolio.positions().next().is_some();
        let rows = portfolio.positions().count() + portfolio.balances().count();
        let mut bankrupt = false;
        let mut tried = Vec::new();
        for _ in 0..4 * rows + 4 {
            self.books.look(self.account, self.effects.len());
            let portfolio = self.portfolio();
            if !portfolio.is_exposed() {
                return match (bankrupt, had_positions) {
                    (true, _) => Some(Outcome::Bankrupt),
                    (false, true) => Some(Outcome::ClosedOut),
                    (false, false) => Some(Outcome::Released),
                };
            }
            let prices = self.books.prices();
            if !assess(&portfolio, &prices).shortfall().is_positive() {
                return Some(Outcome::Released);
            }
            let blocked = portfolio.positions().next().is_some();
            if let Some(position) = liquidation::target_but(&portfolio, &prices, &tried) {
                let before = position.quantity;
                self.close(&position);
                let after = self.books.accounts.position(self.account, position.instrument);
                if after.is_some_and(|after| after.quantity == before) {
                    tried.push(position.instrument);
                }
            } else if blocked {
                self.skip(!tried.is_empty());
                return None;
            } else if let Some(sale) = sale::plan(&portfolio, &prices) {
                self.sell(&sale);
            } else if sale::waits(&portfolio, &prices) {
                self.skip(true);
                return None;
            } else {
                absorb_debts(self);
                bankrupt = true;
            }
        }
        None
    }

    fn close(&mut self, position: &Position) {
        let step = liquidation::plan(&self.portfolio(), &self.books.prices(), position);
        match step {
            Step::Close { closing, toxic } => {
                let stage = if toxic { Stage::FullClose } else { Stage::Partial };
                self.execute(position, stage, &closing);
            }
            Step::Default { lack } => close_by_waterfall(self, position, lack),
            Step::DefaultOnBook { allocated } => close_on_book(self, position, allocated),
            // The book can take nothing now.
            Step::Wait => {}
        }
    }

    /// A forced trade and its fee.
    pub fn execute(&mut self, position: &Position, stage: Stage, closing: &Closing) {
        self.trade_forced(position, stage, (closing.quantity, closing.quote));
        if closing.fee.is_positive() {
            let asset = self.books.prices().instrument_rules(position.instrument).settles;
            let fund = Holder::House(HouseAccount::InsuranceFund);
            transfer(self.books, (Holder::Client(self.account), fund), asset, closing.fee);
            let (account, amount) = (self.account, closing.fee);
            self.effects.push(Effect::LiquidationFeeCharged { account, asset, amount });
        }
    }

    /// Closes a size against the liquidity account at mark less slippage.
    pub fn close_size(&mut self, position: &Position, size: Quantity, stage: Stage) {
        let fill = forced_quote(position, size, &self.books.prices());
        self.trade_forced(position, stage, fill);
    }

    fn trade_forced(
        &mut self,
        position: &Position,
        stage: Stage,
        (quantity, quote): (Quantity, Quote),
    ) {
        let instrument = position.instrument;
        let prices = self.books.prices();
        self.effects.push(Effect::PositionReduced {
            account: self.account,
            instrument,
            stage,
            quantity,
            quote: -quote,
            mark: prices.instrument(instrument).mark,
            notional: notional_of(position, quantity, &prices),
        });
        let short = position.quantity.is_negative();
        if prices.walked(instrument).or(prices.hedged(instrument)).is_some() {
            self.books.depth.consume(instrument, short, quantity.magnitude());
        }
        self.fill(instrument, (quantity, quote));
        fill_liquidity(self.books, instrument, (-quantity, -quote), self.effects);
    }

    /// Fills the account's own position.
    pub fn fill(&mut self, instrument: InstrumentId, fill: (Quantity, Quote)) {
        fill_client(self.books, self.account, instrument, fill, self.effects);
    }

    /// Opens the books of everything the account holds, as of this wave.
    pub fn open_books(&mut self) {
        if self.books.depth.is_finite() {
            let held: Vec<InstrumentId> =
                self.portfolio().positions().map(|position| position.instrument).collect();
            for instrument in held {
                depth::open(self.books, instrument);
            }
            let assets: Vec<AssetId> =
                self.portfolio().balances().map(|balance| balance.asset).collect();
            for asset in assets {
                depth::open_spot(self.books, asset);
            }
        }
    }

    pub fn skip(&mut self, exhausted: bool) {
        let account = self.account;
        let reason =
            if exhausted { SkipReason::DepthExhausted } else { SkipReason::InstrumentHalted };
        self.effects.push(Effect::StepSkipped { account, stage: Stage::Partial, reason });
    }

    pub fn sell(&mut self, sale: &Sale) {
        let client = Holder::Client(self.account);
        let world = Holder::House(HouseAccount::Liquidity);
        transfer(self.books, (client, world), sale.asset, sale.amount);
        transfer(self.books, (world, client), sale.debt_asset, sale.proceeds);
        let Sale { asset, amount, debt_asset, proceeds, .. } = *sale;
        if let Some(book) = self.books.prices().sold_into(asset) {
            let (instrument, size) = (book.instrument, i64::try_from(amount.units()));
            let size = Quantity::new(size.unwrap_or(i64::MAX));
            self.books.depth.consume(instrument, false, size);
        }
        let account = self.account;
        self.effects.push(Effect::CollateralSold { account, asset, amount, debt_asset, proceeds });
    }

    /// Credits the account out of a house account.
    pub fn credit(&mut self, from: HouseAccount, asset: domain::AssetId, amount: Amount) {
        transfer(self.books, (Holder::House(from), Holder::Client(self.account)), asset, amount);
    }
}
