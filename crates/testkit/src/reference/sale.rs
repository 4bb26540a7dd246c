//! Collateral for debts, and exchanges of assets with the outside world.

use super::exact::{down, over, share, up, whole};
use super::state::{Account, State};
use dashu_ratio::RBig;
use domain::{Amount, AssetId, Balance, Ratio, Rounding};

/// What is sold for what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sale {
    pub asset: AssetId,
    pub amount: i128,
    pub debt_asset: AssetId,
    pub proceeds: i128,
}

impl State {
    /// The next sale: lowest haircut first for the debt worth most; the least amount that reaches
    /// release, at most what repays the debt or all there is. `None` where nothing comes of it.
    pub fn plan_sale(&self, account: &Account) -> Option<Sale> {
        let debt_asset = self.largest_debt(account)?;
        let asset = self.first_collateral(account)?;
        let held = self.with_interest(&account.balances[&asset]);
        let owed = -self.with_interest(&account.balances[&debt_asset]);
        let most = self.cost_of(asset, debt_asset, owed).map_or(held, |cost| cost.min(held));
        let sale = |amount: i128| {
            let proceeds = self.exchange(asset, amount, debt_asset)?;
            Some(Sale { asset, amount, debt_asset, proceeds })
        };
        let reaches = |sale: &Sale| self.assess(&self.after_sale(account, sale)).shortfall() <= 0;
        let mut best = sale(most)?;
        if !reaches(&best) {
            return Some(best);
        }
        let (mut too_little, mut enough) = (0, most);
        while enough - too_little > 1 {
            let middle = too_little + (enough - too_little) / 2;
            match sale(middle).filter(reaches) {
                Some(smaller) => (enough, best) = (middle, smaller),
                None => too_little = middle,
            }
        }
        Some(best)
    }

    fn after_sale(&self, account: &Account, sale: &Sale) -> Account {
        let mut after = account.clone();
        let moves = [(sale.asset, -sale.amount), (sale.debt_asset, sale.proceeds)];
        for (asset, delta) in moves {
            let amount = self.with_interest(&account.balances[&asset]) + delta;
            let index = self.index_for(asset, amount);
            after.balances.insert(asset, Balance { asset, amount: Amount::new(amount), index });
        }
        after
    }

    fn largest_debt(&self, account: &Account) -> Option<AssetId> {
        let debts = account
            .balances
            .values()
            .filter(|balance| balance.amount.is_negative() && self.index_price(balance.asset) > 0);
        debts.map(|balance| balance.asset).min_by_key(|asset| {
            let owed = self.with_interest(&account.balances[asset]) * self.scale(*asset);
            (self.worth(*asset, owed, Rounding::Down), *asset)
        })
    }

    fn first_collateral(&self, account: &Account) -> Option<AssetId> {
        let held = account.balances.values().filter(|balance| {
            self.with_interest(balance) > 0 && self.index_price(balance.asset) > 0
        });
        held.map(|balance| balance.asset).min_by_key(|asset| {
            let first = self.asset_rules(*asset).haircuts.first();
            (first.map_or(Ratio::ONE, |tier| tier.haircut), *asset)
        })
    }

    /// Price conceded when an asset is sold or bought; none for the numeraire.
    fn conceded(&self, asset: AssetId) -> RBig {
        if asset == self.rulebook.numeraire {
            whole(0)
        } else {
            share(self.asset_rules(asset).slippage)
        }
    }

    /// Price of an asset that is bought, slippage rounded up.
    fn dearer(&self, asset: AssetId) -> i128 {
        let price = self.index_price(asset);
        price + up(&(whole(price) * self.conceded(asset)))
    }

    /// What an amount of one asset brings of another: worth less slippage, over the dearer price,
    /// down at each step. `None` where that is nothing.
    pub fn exchange(&self, sold: AssetId, amount: i128, bought: AssetId) -> Option<i128> {
        let worth = amount * self.index_price(sold);
        let kept = worth - up(&(whole(worth) * self.conceded(sold)));
        let dearer = self.dearer(bought);
        if dearer == 0 {
            return None;
        }
        Some(down(&over(kept, dearer))).filter(|units| *units > 0)
    }

    /// How much of one asset buys an amount of another, up at each step.
    pub fn cost_of(&self, sold: AssetId, bought: AssetId, amount: i128) -> Option<i128> {
        let price = self.index_price(sold);
        if price == 0 {
            return None;
        }
        let needed = amount * self.dearer(bought);
        let gross = up(&(whole(needed) / (whole(1) - self.conceded(sold))));
        Some(up(&over(gross, price)))
    }
}
