//! The only file that changes money.
//!
//! Money moves by transfer: one debit, one credit, one amount, one asset. Each asset sums to zero,
//! always, since custody and the outside world are accounts too.

use crate::account::Accounts;
use alloc::vec::Vec;
use domain::{AccountId, Amount, AssetId, Balance, Holder, HouseAccount, InterestIndex};
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

    /// Takes amounts of one asset from house accounts, for a client: the other half of as many
    /// transfers. What they come to.
    #[inline]
    pub fn take<const N: usize>(
        &mut self,
        asset: AssetId,
        parts: [(HouseAccount, Amount); N],
    ) -> Amount {
        let row = self.house.get_mut(asset.index()).expect("listed assets have house balances");
        let mut total = Amount::ZERO;
        for (from, amount) in parts {
            // Nothing moves where nothing is due: cheaper done than asked.
            if let Some(cell) = row.get_mut(from.index()) {
                *cell -= amount;
                total += amount;
            }
        }
        total
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

/// Adds an amount to a client's balance.
pub(crate) fn add_client(
    accounts: &mut Accounts,
    market: &mut AssetMarket,
    account: AccountId,
    asset: AssetId,
    amount: Amount,
) {
    let at = (asset, side_index(Amount::ZERO, market));
    accounts.change_balance(account, at, |row| credit(row, market, amount));
}

/// Adds an amount to a balance, whose interest is posted before, and to its asset's totals.
#[inline]
pub(crate) fn credit(row: &mut Balance, market: &mut AssetMarket, amount: Amount) {
    let (was, before) = (row.index, row.amount);
    row.amount += amount;
    row.index = side_index(row.amount, market);
    let plain = (was.wide() == INDEX_ONE) & (row.index.wide() == INDEX_ONE);
    if plain & !before.is_negative() & !row.amount.is_negative() {
        market.deposit_shares += shares(amount, INDEX_ONE);
    } else {
        count(market, (before, was), false);
        count(market, (row.amount, row.index), true);
    }
}

/// Counts an amount at its index into (or out of) the asset's totals.
fn count(market: &mut AssetMarket, (amount, index): (Amount, InterestIndex), into: bool) {
    let index = index.wide();
    if amount.is_negative() {
        let held = shares(-amount, index);
        market.borrow_shares += if into { held } else { -held };
    } else {
        let held = shares(amount, index);
        market.deposit_shares += if into { held } else { -held };
    }
}
