//! The only file that changes money.
//!
//! Money moves by transfer: one debit, one credit, one amount, one asset. Each asset sums to zero,
//! always, since custody and the outside world are accounts too.

use crate::account::Accounts;
use alloc::vec::Vec;
use domain::{AccountId, Amount, AssetId, Balance, Holder, HouseAccount};
use risk::AssetMarket;
use risk::accrual::{shares, side_index};
use risk::prices::INDEX_ONE;

/// House balances of one asset, by [`HouseAccount::index`].
pub(crate) type HouseRow = [Amount; HouseAccount::ALL.len()];

/// Balances of the house accounts, by asset.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    house: Vec<HouseRow>,
}

impl Ledger {
    pub const fn new() -> Self {
        Self { house: Vec::new() }
    }

    /// Makes room for newly listed assets.
    pub fn list_assets(&mut self, count: usize) {
        self.house.resize(count, [Amount::ZERO; HouseAccount::ALL.len()]);
    }

    pub fn copy_from(&mut self, other: &Self) {
        self.house.clone_from(&other.house);
    }

    pub fn rows(&self) -> &[HouseRow] {
        &self.house
    }

    pub fn restore(rows: Vec<HouseRow>) -> Self {
        Self { house: rows }
    }

    pub fn house(&self, account: HouseAccount, asset: AssetId) -> Amount {
        let row = self.house.get(asset.index());
        row.and_then(|row| row.get(account.index())).copied().unwrap_or(Amount::ZERO)
    }

    /// Moves an amount of an asset from one holder to another. A client's interest in the asset is
    /// posted before (`settlement`), so its balance stands at today's index.
    pub fn transfer(
        &mut self,
        accounts: &mut Accounts,
        market: &mut AssetMarket,
        (from, to): (Holder, Holder),
        asset: AssetId,
        amount: Amount,
    ) {
        self.add(accounts, market, from, asset, -amount);
        self.add(accounts, market, to, asset, amount);
    }

    /// Moves amounts of one asset from house accounts to a client at once: a transfer each.
    #[inline]
    pub fn settle_client(
        &mut self,
        accounts: &mut Accounts,
        market: &mut AssetMarket,
        (account, asset): (AccountId, AssetId),
        parts: [(HouseAccount, Amount); 3],
    ) {
        let row = self.house.get_mut(asset.index()).expect("listed assets have house balances");
        let mut total = Amount::ZERO;
        for (from, amount) in parts {
            // Nothing moves where nothing is due: cheaper done than asked.
            if let Some(cell) = row.get_mut(from.index()) {
                *cell -= amount;
                total += amount;
            }
        }
        add_client(accounts, market, account, asset, total);
    }

    fn add(
        &mut self,
        accounts: &mut Accounts,
        market: &mut AssetMarket,
        holder: Holder,
        asset: AssetId,
        amount: Amount,
    ) {
        match holder {
            Holder::Client(account) => add_client(accounts, market, account, asset, amount),
            Holder::House(account) => {
                let row = self.house.get_mut(asset.index());
                let cell = row.and_then(|row| row.get_mut(account.index()));
                *cell.expect("listed assets have house balances") += amount;
            }
        }
    }
}

fn add_client(
    accounts: &mut Accounts,
    market: &mut AssetMarket,
    account: AccountId,
    asset: AssetId,
    amount: Amount,
) {
    let (old, new) = accounts.change_balance(account, (asset, market.deposit_index), |row| {
        row.amount += amount;
        row.index = side_index(row.amount, market);
    });
    let plain = old.index == INDEX_ONE && new.index == INDEX_ONE;
    if plain && !old.amount.is_negative() && !new.amount.is_negative() {
        market.deposit_shares += shares(amount, INDEX_ONE);
        return;
    }
    count(market, &old, false);
    count(market, &new, true);
}

/// Counts a balance into (or out of) the asset's totals.
fn count(market: &mut AssetMarket, balance: &Balance, into: bool) {
    if balance.amount.is_negative() {
        let held = shares(-balance.amount, balance.index);
        market.borrow_shares += if into { held } else { -held };
    } else {
        let held = shares(balance.amount, balance.index);
        market.deposit_shares += if into { held } else { -held };
    }
}
