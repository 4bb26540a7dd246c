//! Selling out one account: positions, then collateral for debts, then the waterfall.

use super::deleveraging::Ranking;
use super::fill::Fill;
use super::sale::Sale;
use super::sizing::{Closing, Step};
use super::state::State;
use domain::effect::{Outcome, SkipReason, Stage};
use domain::{AccountId, Amount, Effect, Holder, HouseAccount, Position, Quantity, Quote};

impl State {
    /// Steps until release, until nothing is left, or until nothing more can be planned; at most
    /// four for each row of the account and four more. `None` waits for a pulse.
    pub fn close_out(&mut self, account: AccountId, ranking: &mut Ranking) -> Option<Outcome> {
        self.post_all(account);
        let before = self.account(account).clone();
        let had_positions = !before.positions.is_empty();
        let rows = before.positions.len() + before.balances.len();
        let mut bankrupt = false;
        let mut tried = Vec::new();
        for _ in 0..4 * rows + 4 {
            let now = self.account(account).clone();
            if !now.is_exposed() {
                return match (bankrupt, had_positions) {
                    (true, _) => Some(Outcome::Bankrupt),
                    (false, true) => Some(Outcome::ClosedOut),
                    (false, false) => Some(Outcome::Released),
                };
            }
            if self.assess(&now).shortfall() <= 0 {
                return Some(Outcome::Released);
            }
            let mut left = now.clone();
            left.positions.retain(|instrument, _| !tried.contains(instrument));
            if let Some(position) = self.target(&left) {
                self.close_position(account, &position, ranking);
                let after = self.account(account).positions.get(&position.instrument);
                if after.is_some_and(|after| after.quantity == position.quantity) {
                    tried.push(position.instrument);
                }
            } else if !now.positions.is_empty() {
                self.skip(account, !tried.is_empty());
                return None;
            } else if let Some(sale) = self.plan_sale(&now) {
                self.sell(account, &sale);
            } else if self.waits_for_depth(&now) {
                self.skip(account, true);
                return None;
            } else {
                self.absorb_debts(account);
                bankrupt = true;
            }
        }
        None
    }

    fn close_position(&mut self, account: AccountId, position: &Position, ranking: &mut Ranking) {
        match self.plan_closing(self.account(account), position) {
            Step::Close { closing, toxic } => {
                let stage = if toxic { Stage::FullClose } else { Stage::Partial };
                self.trade_forced(account, position, stage, closing.fill);
                self.charge(account, position, &closing);
            }
            Step::Default { lack } => self.close_by_waterfall(account, position, lack, ranking),
            Step::DefaultOnBook { allocated } => {
                self.close_on_book(account, position, allocated, ranking);
            }
            Step::Wait => {}
        }
    }

    pub fn charge(&mut self, account: AccountId, position: &Position, closing: &Closing) {
        if closing.fee > 0 {
            let asset = self.rules_of(position.instrument).settles;
            let fund = Holder::House(HouseAccount::InsuranceFund);
            self.transfer((Holder::Client(account), fund), asset, closing.fee);
            let amount = Amount::new(closing.fee);
            self.effects.push(Effect::LiquidationFeeCharged { account, asset, amount });
        }
    }

    /// A forced trade against the outside world.
    pub fn trade_forced(
        &mut self,
        account: AccountId,
        position: &Position,
        stage: Stage,
        filled: Fill,
    ) {
        let instrument = position.instrument;
        self.effects.push(Effect::PositionReduced {
            account,
            instrument,
            stage,
            quantity: Quantity::new(filled.quantity),
            quote: Quote::new(-filled.quote),
            mark: self.instrument(instrument).mark,
            notional: domain::Value::new(self.notional(position, filled.quantity)),
        });
        let side = usize::from(position.quantity.is_negative());
        let traded = self.walked(instrument).is_some() || self.hedged(instrument).is_some();
        if let Some(book) = self.books.get_mut(&instrument).filter(|_| traded) {
            let at = &mut book.sides[side];
            at.consumed += i128::from(filled.quantity.abs()) * at.measure;
        }
        self.fill_client(account, instrument, filled);
        self.fill_liquidity(instrument, filled.opposite());
    }

    pub fn skip(&mut self, account: AccountId, exhausted: bool) {
        let reason =
            if exhausted { SkipReason::DepthExhausted } else { SkipReason::InstrumentHalted };
        self.effects.push(Effect::StepSkipped { account, stage: Stage::Partial, reason });
    }

    pub fn sell(&mut self, account: AccountId, sale: &Sale) {
        let (client, world) = (Holder::Client(account), Holder::House(HouseAccount::Liquidity));
        self.consume_spot(sale.asset, sale.amount);
        self.transfer((client, world), sale.asset, sale.amount);
        self.transfer((world, client), sale.debt_asset, sale.proceeds);
        self.effects.push(Effect::CollateralSold {
            account,
            asset: sale.asset,
            amount: Amount::new(sale.amount),
            debt_asset: sale.debt_asset,
            proceeds: Amount::new(sale.proceeds),
        });
    }
}
