//! Collateral for debts, and exchanges of assets with the outside world.

use super::exact::{down, over, share, up, whole};
use super::planning::Ask;
use super::state::{Account, INDEX_ONE, State};
use super::terms::SaleConcession;
use dashu_ratio::RBig;
use domain::rulebook::{SaleOrder, TargetOrder};
use domain::{Amount, AssetId, Balance, Ratio, Rounding};
use std::cmp::Reverse;

/// What is sold for what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sale {
    pub asset: AssetId,
    pub amount: i128,
    pub debt_asset: AssetId,
    pub proceeds: i128,
}

impl State {
    /// The next sale: see [`State::plan_sale_asked`].
    pub fn plan_sale(&self, account: &Account) -> Option<Sale> {
        self.plan_sale_asked(account, &Ask::TO_RELEASE)
    }

    /// The next sale, by the rulebook's order of assets and debts: the least amount that reaches
    /// what is asked, at most what repays the debt (or its share under a close factor), all there
    /// is, or the worth asked for. `None` where nothing comes of it.
    pub fn plan_sale_asked(&self, account: &Account, ask: &Ask) -> Option<Sale> {
        let debt_asset = self.first_debt(account)?;
        let asset = self.first_collateral(account)?;
        let held = self.with_interest(&account.balances[&asset]);
        let owed = -self.with_interest(&account.balances[&debt_asset]);
        let terms = self.terms.as_ref().map(|terms| &terms.sale);
        if let Some(SaleConcession::Lot { lot, bid }) = terms {
            let amount = up(&(whole(held) * lot)).clamp(1, held);
            let proceeds = down(&(whole(owed) * bid)).clamp(1, owed);
            return Some(Sale { asset, amount, debt_asset, proceeds });
        }
        let factor = self.close_factor(account, debt_asset);
        let repaid = factor.map_or(owed, |factor| up(&(whole(owed) * share(factor))));
        let walks = self.sold_into(asset).is_some();
        let enough = if walks {
            self.needed_in_books(asset, held, debt_asset, repaid)
        } else {
            self.needed_for(asset, debt_asset, repaid).map_or(held, |cost| cost.min(held))
        };
        let sale = |amount: i128| {
            let proceeds = self.proceeds(asset, amount, debt_asset)?;
            Some(Sale { asset, amount, debt_asset, proceeds })
        };
        let price = self.index_price(asset);
        let capped = ask.most.map(|worth| down(&over(worth, price)).max(1).min(enough));
        // A cap so small that nothing comes of it is none.
        let mut most = capped.filter(|amount| sale(*amount).is_some()).unwrap_or(enough);
        let short = |sale: &Sale| self.assess(&self.after_sale(account, sale)).shortfall();
        if walks {
            let now = self.assess(account).shortfall();
            while sale(most).is_some_and(|sale| short(&sale) > now) && sale(most / 2).is_some() {
                most /= 2;
            }
        }
        let reaches = |sale: &Sale| short(sale) <= ask.goal;
        let mut best = sale(most)?;
        if factor.is_some() || !reaches(&best) {
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

    /// The share of a debt repaid at once: all of it for a small debt, or where weighted holdings
    /// over weighted debts lie below the line.
    fn close_factor(&self, account: &Account, debt: AssetId) -> Option<Ratio> {
        let factor = self.rulebook.sections.selling.sales.close_factor?;
        let worth = |asset: AssetId| {
            let owed = self.with_interest(&account.balances[&asset]) * self.scale(asset);
            -self.worth(asset, owed, Rounding::Down)
        };
        let debts = account.balances.values().filter(|row| row.amount.is_negative());
        let weighted = debts.map(|row| {
            let weight = share(self.asset_rules(row.asset).liability_weight);
            up(&(whole(worth(row.asset) * 1_000_000) * weight))
        });
        let debts: i128 = weighted.sum();
        let holdings = self.assess(account).adjusted + debts;
        let far_gone = whole(holdings) < whole(debts) * share(factor.whole_below);
        let small = worth(debt) < i128::from(factor.whole_under) * INDEX_ONE;
        Some(if far_gone || small { Ratio::ONE } else { factor.share })
    }

    pub fn after_sale(&self, account: &Account, sale: &Sale) -> Account {
        let mut after = account.clone();
        let moves = [(sale.asset, -sale.amount), (sale.debt_asset, sale.proceeds)];
        for (asset, delta) in moves {
            let amount = self.with_interest(&account.balances[&asset]) + delta;
            let index = self.index_for(asset, amount);
            after.balances.insert(asset, Balance { asset, amount: Amount::new(amount), index });
        }
        after
    }

    /// The debt worth most; under the riskiest first, of those with the highest weight.
    pub fn first_debt(&self, account: &Account) -> Option<AssetId> {
        let riskiest = matches!(self.rulebook.sections.selling.targets, TargetOrder::RiskiestFirst);
        let debts = account
            .balances
            .values()
            .filter(|balance| balance.amount.is_negative() && self.index_price(balance.asset) > 0);
        debts.map(|balance| balance.asset).min_by_key(|asset| {
            let owed = self.with_interest(&account.balances[asset]) * self.scale(*asset);
            let weight = self.asset_rules(*asset).liability_weight;
            let weight = Reverse(if riskiest { weight } else { Ratio::ONE });
            (weight, self.worth(*asset, owed, Rounding::Down), *asset)
        })
    }

    fn first_collateral(&self, account: &Account) -> Option<AssetId> {
        let sales = &self.rulebook.sections.selling.sales;
        let held = account.balances.values().filter(|balance| {
            self.with_interest(balance) > 0
                && self.index_price(balance.asset) > 0
                && !sales.unsold.contains(&balance.asset)
                && self.taken_now(balance.asset) > 0
        });
        held.map(|balance| balance.asset).min_by_key(|asset| {
            let place = match &sales.order {
                SaleOrder::LowestHaircut => 0,
                SaleOrder::Listed(list) => {
                    list.iter().position(|listed| listed == asset).unwrap_or(list.len())
                }
            };
            let first = self.asset_rules(*asset).haircuts.first();
            (place, first.map_or(Ratio::ONE, |tier| tier.haircut), *asset)
        })
    }

    /// What an amount brings under the terms of the step: collateral less a share for debt at its
    /// index price, or collateral at its index price for debt that is dearer by a bonus; without
    /// terms as in [`State::exchange`].
    fn proceeds(&self, sold: AssetId, amount: i128, bought: AssetId) -> Option<i128> {
        if self.sold_into(sold).is_some() {
            return self.proceeds_in_books(sold, amount, bought);
        }
        let worth = amount * self.index_price(sold);
        let kept = match self.terms.as_ref().map(|terms| &terms.sale) {
            None | Some(SaleConcession::Slippage | SaleConcession::Lot { .. }) => {
                return self.exchange(sold, amount, bought);
            }
            Some(SaleConcession::Less(_) | SaleConcession::Fee(_)) => {
                worth - self.conceded_in_sale(sold, worth)
            }
            Some(SaleConcession::Bonus(_)) => worth,
        };
        Some(down(&over(kept, self.debt_price(sold, bought)))).filter(|units| *units > 0)
    }

    /// How much collateral repays so much of a debt under the terms of the step.
    fn needed_for(&self, sold: AssetId, bought: AssetId, repaid: i128) -> Option<i128> {
        let needed = repaid * self.debt_price(sold, bought);
        let par = sold == self.rulebook.numeraire;
        let gross = match self.terms.as_ref().map(|terms| &terms.sale) {
            None | Some(SaleConcession::Slippage | SaleConcession::Lot { .. }) => {
                return self.cost_of(sold, bought, repaid);
            }
            Some(SaleConcession::Less(share) | SaleConcession::Fee(share)) if !par => {
                let left = whole(1) - share;
                if left <= whole(0) {
                    return None;
                }
                up(&(whole(needed) / left))
            }
            Some(_) => needed,
        };
        Some(up(&over(gross, self.index_price(sold))))
    }

    /// Index price of a debt, dearer by the bonus where collateral other than the numeraire pays.
    fn debt_price(&self, sold: AssetId, bought: AssetId) -> i128 {
        let price = self.index_price(bought);
        match self.terms.as_ref().map(|terms| &terms.sale) {
            Some(SaleConcession::Bonus(bonus)) if sold != self.rulebook.numeraire => {
                price + up(&(whole(price) * bonus))
            }
            _ => price,
        }
    }

    /// Price conceded when an asset is sold or bought; none for the numeraire.
    pub fn slippage_of(&self, asset: AssetId) -> RBig {
        if asset == self.rulebook.numeraire {
            whole(0)
        } else {
            share(self.asset_rules(asset).slippage)
        }
    }

    /// Price of an asset that is bought, slippage rounded up.
    fn dearer(&self, asset: AssetId) -> i128 {
        let price = self.index_price(asset);
        price + up(&(whole(price) * self.slippage_of(asset)))
    }

    /// What an amount of one asset brings of another: worth less slippage, over the dearer price,
    /// down at each step. `None` where that is nothing.
    pub fn exchange(&self, sold: AssetId, amount: i128, bought: AssetId) -> Option<i128> {
        let worth = amount * self.index_price(sold);
        let kept = worth - up(&(whole(worth) * self.slippage_of(sold)));
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
        let gross = up(&(whole(needed) / (whole(1) - self.slippage_of(sold))));
        Some(up(&over(gross, price)))
    }
}
