//! Money, and the points where accruals are posted.
//!
//! A command posts what the rows it writes accrued: the interest of a balance, the funding of a
//! position. Taking an account into liquidation posts everything it has: balances in order of
//! assets, then positions in order of instruments.

use super::state::State;
use domain::{AccountId, Amount, AssetId, Balance, Effect, Holder, HouseAccount, Position};

impl State {
    /// One debit, one credit, one amount, one asset. A client's balance stands at today's index.
    pub fn transfer(&mut self, (from, to): (Holder, Holder), asset: AssetId, amount: i128) {
        self.add(from, asset, -amount);
        self.add(to, asset, amount);
    }

    fn add(&mut self, holder: Holder, asset: AssetId, amount: i128) {
        match holder {
            Holder::House(account) => *self.house.entry((asset, account)).or_insert(0) += amount,
            Holder::Client(account) => {
                let held = self.account(account).balances.get(&asset);
                let held = held.map_or(0, |row| row.amount.units());
                self.put_balance(account, asset, held + amount);
            }
        }
    }

    /// Sets a client's balance at today's index.
    pub fn put_balance(&mut self, account: AccountId, asset: AssetId, amount: i128) {
        let index = self.index_for(asset, amount);
        let row = Balance { asset, amount: Amount::new(amount), index };
        self.account_mut(account).balances.insert(asset, row);
    }

    /// Notes that an event changes an account.
    pub fn mark_touched(&mut self, account: AccountId) {
        if !self.touched.contains(&account) {
            self.touched.push(account);
        }
    }

    /// Posts the interest of one balance.
    pub fn post_balance(&mut self, account: AccountId, asset: AssetId) {
        self.mark_touched(account);
        if let Some(balance) = self.account(account).balances.get(&asset).copied() {
            self.post_interest(account, &balance);
        }
    }

    /// Posts everything an account accrued.
    pub fn post_all(&mut self, account: AccountId) {
        self.mark_touched(account);
        let balances: Vec<Balance> = self.account(account).balances.values().copied().collect();
        for balance in balances {
            self.post_interest(account, &balance);
        }
        let positions: Vec<Position> = self.account(account).positions.values().copied().collect();
        for position in positions {
            let posted = self.post_funding(Holder::Client(account), position);
            self.account_mut(account).positions.insert(position.instrument, posted);
        }
    }

    fn post_interest(&mut self, account: AccountId, balance: &Balance) {
        if balance.amount == Amount::ZERO {
            return;
        }
        let amount = self.with_interest(balance) - balance.amount.units();
        let sides = (Holder::House(HouseAccount::Interest), Holder::Client(account));
        self.transfer(sides, balance.asset, amount);
        if amount != 0 {
            let amount = Amount::new(amount);
            self.effects.push(Effect::InterestPosted { account, asset: balance.asset, amount });
        }
    }

    /// Pays a position's funding out of the pool and brings it up to today's index.
    pub fn post_funding(&mut self, holder: Holder, position: Position) -> Position {
        let instrument = position.instrument;
        let amount = self.funding_credit(&position);
        if amount != 0 {
            let settles = self.rules_of(instrument).settles;
            self.transfer((Holder::House(HouseAccount::Funding), holder), settles, amount);
            let amount = Amount::new(amount);
            self.effects.push(Effect::FundingPosted { holder, instrument, amount });
        }
        Position { funding_index: self.instrument(instrument).funding_index, ..position }
    }
}
