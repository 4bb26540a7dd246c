//! What an account is worth and what it must hold: the weighted model, written out.
//!
//! PnL and funding join the balance of their settlement asset; the sum is valued once and weighted
//! once; a debt asks for its own shares of initial and release margin. Every rounding is against
//! the account, one a term.

use super::exact::{down, share, up, whole};
use super::state::{Account, State};
use domain::rulebook::RequirementTier;
use domain::{AssetId, Position, Ratio, Rounding};
use std::collections::BTreeMap;

/// Units of 1e-22 in one of 1e-16.
const PARTS: i128 = 1_000_000;

/// Equity at 1e-16 of the numeraire, the rest at 1e-22.
#[derive(Clone, Copy, Debug)]
pub(super) struct Assessment {
    pub equity: i128,
    pub adjusted: i128,
    pub initial: i128,
    pub release: i128,
    pub maintenance: i128,
}

impl Assessment {
    /// What a liquidation must remove; positive while it must go on.
    pub fn shortfall(&self) -> i128 {
        self.release - self.adjusted
    }
}

impl State {
    /// Balance with interest, unrealised PnL and funding of every asset, at 1e-16 of it.
    pub fn cash(&self, account: &Account) -> BTreeMap<AssetId, i128> {
        let mut cash = BTreeMap::new();
        for balance in account.balances.values() {
            let amount = self.with_interest(balance);
            cash.insert(balance.asset, amount * self.scale(balance.asset));
        }
        for position in account.positions.values() {
            let settles = self.rules_of(position.instrument).settles;
            let mark = self.instrument(position.instrument).mark.wide();
            let pnl = position.quantity.wide() * mark - position.cost.units();
            let funding = self.funding_credit(position) * self.scale(settles);
            *cash.entry(settles).or_insert(0) += pnl + funding;
        }
        cash
    }

    pub fn assess(&self, account: &Account) -> Assessment {
        let mut sum = Assessment { equity: 0, adjusted: 0, initial: 0, release: 0, maintenance: 0 };
        for (asset, cash) in self.cash(account) {
            let worth = self.worth(asset, cash, Rounding::Down);
            sum.equity += worth;
            if cash < 0 {
                let rules = self.asset_rules(asset);
                let owed = whole(-worth * PARTS);
                sum.adjusted -= up(&(&owed * share(rules.liability_weight)));
                sum.initial += up(&(&owed * share(rules.debt_initial)));
                sum.release += up(&(owed * share(rules.debt_release)));
            } else {
                sum.adjusted += self.holding(asset, cash);
            }
        }
        for position in account.positions.values() {
            sum.initial += self.requirement(position, |tier| tier.initial);
            sum.release += self.requirement(position, |tier| tier.release);
            sum.maintenance += self.requirement(position, |tier| tier.maintenance);
        }
        sum
    }

    /// Each part of a holding inside a tier, at what the tier's haircut leaves of its worth.
    fn holding(&self, asset: AssetId, cash: i128) -> i128 {
        let mut counted = 0;
        let mut below = 0;
        for tier in &self.asset_rules(asset).haircuts {
            let top = match tier.up_to {
                Some(bound) => cash.min(bound.units() * self.scale(asset)),
                None => cash,
            };
            if top > below {
                let worth = self.worth(asset, top - below, Rounding::Down);
                counted += down(&(whole(worth * PARTS) * (whole(1) - share(tier.haircut))));
                below = top;
            }
        }
        counted
    }

    /// Each part of a position's notional inside a tier, times one of the tier's ratios.
    pub fn requirement(
        &self,
        position: &Position,
        ratio: impl Fn(&RequirementTier) -> Ratio,
    ) -> i128 {
        let notional = self.notional(position, position.quantity.units());
        let mut asked = 0;
        let mut below = 0;
        for tier in &self.rules_of(position.instrument).tiers {
            let top = tier.up_to.map_or(notional, |bound| bound.units().min(notional));
            if top > below {
                asked += up(&(whole((top - below) * PARTS) * share(ratio(tier))));
                below = top;
            }
        }
        asked
    }
}
