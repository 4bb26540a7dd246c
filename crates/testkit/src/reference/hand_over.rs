//! Handing an account over whole to the backstop, which takes its positions at the mark.

use super::fill::Fill;
use super::state::{Account, State};
use domain::{AccountId, Amount, AssetId, Balance, Effect, Holder, Position, Quote};

impl State {
    /// Everything changes hands if the backstop stands at initial margin and within every cap then.
    pub fn take_over(&mut self, account: AccountId, backstop: AccountId) -> bool {
        if !self.carries(account, backstop) {
            return false;
        }
        let positions: Vec<Position> = self.account(account).positions.values().copied().collect();
        for position in positions {
            let bought = self.at_mark(&position);
            self.effects.push(Effect::PositionTakenOver {
                account,
                backstop,
                instrument: position.instrument,
                quantity: -position.quantity,
                quote: Quote::new(bought.quote),
            });
            self.fill_client(account, position.instrument, bought.opposite());
            self.fill_client(backstop, position.instrument, bought);
        }
        let balances: Vec<Balance> = self.account(account).balances.values().copied().collect();
        for balance in balances {
            let (asset, amount) = (balance.asset, balance.amount.units());
            if amount != 0 {
                self.post_balance(backstop, asset);
                let (from, to) = if amount < 0 { (backstop, account) } else { (account, backstop) };
                self.transfer((Holder::Client(from), Holder::Client(to)), asset, amount.abs());
                let amount = Amount::new(amount.abs());
                self.effects.push(Effect::AssetTransferred { from, to, asset, amount });
            }
        }
        true
    }

    /// Buying a position (selling a short one) at its mark.
    fn at_mark(&self, position: &Position) -> Fill {
        let quantity = position.quantity.units();
        let quote = position.quantity.wide() * self.instrument(position.instrument).mark.wide();
        Fill { quantity, quote }
    }

    fn carries(&self, account: AccountId, backstop: AccountId) -> bool {
        let Some(taker) = self.accounts.get(&backstop) else { return false };
        if backstop == account || taker.liquidating || taker.queued {
            return false;
        }
        let (mut giver, mut taker) = (self.account(account).clone(), taker.clone());
        for position in self.account(account).positions.values() {
            let instrument = position.instrument;
            let market = self.instrument(instrument);
            let held = self.position_or_empty(&taker, instrument).quantity.wide();
            let sum = held + position.quantity.wide();
            let most = self.rules_of(instrument).position_max.wide();
            let tradable = !market.halted && !market.expired && market.mark.is_positive();
            if !tradable || sum.abs() > most {
                return false;
            }
            let bought = self.at_mark(position);
            giver = self.after_fill(&giver, instrument, bought.opposite(), 0);
            taker = self.after_fill(&taker, instrument, bought, 0);
        }
        for given in giver.balances.values() {
            let sum = self.sum_of(&taker, given);
            let most = self.asset_rules(given.asset).balance_max.units();
            if sum.abs() > most {
                return false;
            }
            self.set(&mut taker, given.asset, sum);
        }
        let room = usize::from(self.rulebook.limits.positions_per_account);
        let assessment = self.assess(&taker);
        taker.positions.len() <= room && assessment.adjusted >= assessment.initial
    }

    fn sum_of(&self, taker: &Account, given: &Balance) -> i128 {
        let own = taker.balances.get(&given.asset).map_or(0, |row| self.with_interest(row));
        own + self.with_interest(given)
    }

    fn set(&self, account: &mut Account, asset: AssetId, amount: i128) {
        let index = self.index_for(asset, amount);
        account.balances.insert(asset, Balance { asset, amount: Amount::new(amount), index });
    }
}
