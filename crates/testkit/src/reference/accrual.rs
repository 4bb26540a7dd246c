//! Interest and funding: what has accrued, and how the indexes move.
//!
//! An account's share rounds down to whole asset units, whether it is looked at or posted.

use super::exact::{down, over, share, up, whole};
use super::state::{INDEX_ONE, State};
use domain::rulebook::InterestCurve;
use domain::{
    AssetId, Balance, Duration, Effect, Holder, HouseAccount, InterestIndex, Position, Ratio,
};

/// Shares in one smallest unit at index one.
const SHARES: i128 = 1_000_000;
/// Units of a funding index in one price unit, and of a rate in one.
pub(super) const FUNDING_ONE: i128 = 1_000_000_000_000;

/// A total of shares at an index, in smallest units rounded down.
pub(super) fn amount_of(shares: i128, index: i128) -> i128 {
    down(&(whole(shares) * over(index, SHARES * INDEX_ONE)))
}

/// An amount over its index, in shares rounded down.
pub(super) fn shares_of(amount: i128, index: i128) -> i128 {
    down(&(whole(amount) * over(SHARES * INDEX_ONE, index)))
}

impl State {
    /// The index by which an amount of this sign grows: debts by the borrow index.
    pub fn index_for(&self, asset: AssetId, amount: i128) -> InterestIndex {
        let held = self.asset(asset);
        InterestIndex::new(if amount < 0 { held.borrow_index } else { held.deposit_index })
    }

    /// A balance with its interest so far.
    pub fn with_interest(&self, balance: &Balance) -> i128 {
        let amount = balance.amount.units();
        let index = self.index_for(balance.asset, amount);
        down(&(whole(amount) * over(index.wide(), balance.index.wide())))
    }

    /// Funding that a position is owed (owes, negative) since its last posting.
    pub fn funding_credit(&self, position: &Position) -> i128 {
        let moved = self.instrument(position.instrument).funding_index - position.funding_index;
        let scale = self.scale(self.rules_of(position.instrument).settles);
        down(&(whole(-position.quantity.wide()) * over(moved, FUNDING_ONE * scale)))
    }

    /// All clients' positive balances of an asset, in shares.
    pub fn deposit_shares(&self, asset: AssetId) -> i128 {
        self.balances_of(asset)
            .filter(|balance| balance.amount.is_positive())
            .map(|balance| shares_of(balance.amount.units(), balance.index.wide()))
            .sum()
    }

    /// All clients' debts in an asset, in shares.
    pub fn borrow_shares(&self, asset: AssetId) -> i128 {
        self.balances_of(asset)
            .filter(|balance| balance.amount.is_negative())
            .map(|balance| shares_of(-balance.amount.units(), balance.index.wide()))
            .sum()
    }

    fn balances_of(&self, asset: AssetId) -> impl Iterator<Item = &Balance> {
        self.accounts.values().filter_map(move |account| account.balances.get(&asset))
    }

    /// All clients' deposits of an asset, in smallest units.
    pub fn deposits(&self, asset: AssetId) -> i128 {
        amount_of(self.deposit_shares(asset), self.asset(asset).deposit_index)
    }

    /// All clients' debts in an asset, in smallest units.
    pub fn borrows(&self, asset: AssetId) -> i128 {
        amount_of(self.borrow_shares(asset), self.asset(asset).borrow_index)
    }

    /// Borrows over deposits within 0 and 1, in parts per million rounded down.
    fn utilisation(&self, asset: AssetId) -> i128 {
        let (deposits, borrows) = (self.deposits(asset), self.borrows(asset));
        if deposits <= 0 || borrows <= 0 {
            return 0;
        }
        down(&over(borrows.min(deposits) * 1_000_000, deposits))
    }

    /// On a pulse at a point of the grid every asset's indexes move one step.
    pub fn move_interest(&mut self) {
        let Some(at) = self.interest_at.filter(|at| *at <= self.now) else { return };
        let step = self.rulebook.liquidation.interest_step;
        for asset in self.asset_ids() {
            self.move_interest_of(asset, step);
        }
        self.interest_at = Some(at.plus(step));
    }

    /// Debts grow by rate times step, rounded up; depositors share what borrowers pay less the fee,
    /// rounded down.
    fn move_interest_of(&mut self, asset: AssetId, step: Duration) {
        let curve = self.asset_rules(asset).interest.clone();
        let rate = rate_at(&curve, self.utilisation(asset));
        if rate == 0 || self.borrow_shares(asset) == 0 {
            return;
        }
        let held = self.asset(asset).clone();
        let year = over(i128::from(step.nanos()), i128::from(Duration::YEAR.nanos()));
        let rise = up(&(whole(held.borrow_index) * over(rate, FUNDING_ONE) * year));
        // A debt grows tenfold and no further.
        let rise = rise.min(10 * INDEX_ONE - held.borrow_index);
        if rise <= 0 {
            return;
        }
        let paid = down(&(whole(self.borrows(asset)) * over(rise, held.borrow_index)));
        let fee = down(&(whole(paid) * share(curve.fee_share)));
        // What rounding of shares may have hidden: a millionth of a unit an account, and two.
        let deposits = self.deposits(asset) + 2 + self.accounts.len() as i128 / SHARES;
        let earned = whole(held.deposit_index) * over(paid - fee, deposits);
        // A deposit never grows faster than a debt: interest of debts that no deposit backs stays.
        let most = whole(held.deposit_index) * over(rise, held.borrow_index);
        let earned = down(&earned.min(most));
        let borrow_index = held.borrow_index + rise;
        let deposit_index = held.deposit_index + earned;
        let after = self.asset_mut(asset);
        (after.borrow_index, after.deposit_index) = (borrow_index, deposit_index);
        let sides = (Holder::House(HouseAccount::Interest), Holder::House(HouseAccount::Fees));
        self.transfer(sides, asset, fee);
        let fee = domain::Amount::new(fee);
        self.effects.push(Effect::InterestIndexMoved { asset, borrow_index, deposit_index, fee });
    }

    /// The grid runs while something is lent at interest, from the next whole step on.
    pub fn schedule_interest(&mut self) {
        let lent = self.asset_ids().any(|asset| {
            !self.asset_rules(asset).interest.points.is_empty() && self.borrow_shares(asset) > 0
        });
        let step = self.rulebook.liquidation.interest_step.nanos();
        self.interest_at = match self.interest_at {
            _ if !lent => None,
            None => {
                let next = (self.now.nanos() / step + 1) * step;
                Some(domain::Timestamp::from_nanos(next))
            }
            running => running,
        };
    }
}

/// Rate a year, in units of 1e-12 rounded up, on the straight line between two points of a curve.
/// The points' own utilisations count in parts per million, rounded down.
fn rate_at(curve: &InterestCurve, utilisation: i128) -> i128 {
    let parts = |ratio: Ratio| down(&(share(ratio) * whole(1_000_000)));
    for pair in curve.points.windows(2) {
        let (low, high) = (pair[0], pair[1]);
        if over(utilisation, 1_000_000) <= share(high.utilisation) {
            let width = (parts(high.utilisation) - parts(low.utilisation)).max(1);
            let along = (utilisation - parts(low.utilisation)).max(0).min(width);
            let rise = whole(high.rate.wide() - low.rate.wide()) * over(along, width);
            return low.rate.wide() + up(&rise);
        }
    }
    0
}
