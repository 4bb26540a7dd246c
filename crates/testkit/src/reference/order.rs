//! Whose turn it is in a wave.

use super::cascade::Found;
use super::exact::whole;
use super::state::State;
use super::terms::rating;
use dashu_ratio::RBig;
use domain::rulebook::{AccountOrder, PriceFunction};
use domain::{AccountId, Ratio};
use std::cmp::{Ordering, Reverse};

impl State {
    pub fn in_order(&self, mut found: Vec<Found>) -> Vec<Found> {
        match self.rulebook.sections.selling.accounts {
            AccountOrder::RatioAscending => found.sort_by(riskier),
            AccountOrder::Id => found.sort_by_key(|(account, _)| *account),
            AccountOrder::NotionalDescending => {
                found.sort_by_key(|(account, _)| (Reverse(self.notional_of(*account)), *account));
            }
            AccountOrder::FillableGap => found.sort_by_key(|found| {
                let notional = Reverse(self.notional_of(found.0));
                (Reverse(self.gap(found)), notional, found.0)
            }),
            AccountOrder::RotatingOffset { seed } => {
                found.sort_by_key(|(account, _)| *account);
                let drawn = (u128::from(seed) + u128::from(self.external)) % (1 << 64);
                if let Some(offset) = drawn.checked_rem(found.len() as u128) {
                    let later = found.split_off(offset as usize);
                    found = later.into_iter().chain(found).collect();
                }
            }
        }
        found
    }

    fn notional_of(&self, account: AccountId) -> i128 {
        let positions = self.account(account).positions.values();
        positions.map(|position| self.notional(position, position.quantity.units())).sum()
    }

    /// Distance of the fillable price of the largest position from its mark, as a share.
    fn gap(&self, (account, now): &Found) -> RBig {
        let (adjustment, spread) = match self.rulebook.sections.selling.price {
            PriceFunction::Fillable { adjustment, spread } => (adjustment, spread),
            _ => (Ratio::ONE, Ratio::from_parts(100_000)),
        };
        let rating = rating(now, adjustment);
        match self.target(self.account(*account)) {
            Some(position) => self.share_of_margin(&position, &rating, spread),
            None => whole(0),
        }
    }
}

/// Lower margin ratio first, by cross-multiplication; without a requirement before everybody, by
/// adjusted equity; then by account.
fn riskier((left_id, left): &Found, (right_id, right): &Found) -> Ordering {
    let order = match (left.maintenance, right.maintenance) {
        (0, 0) => left.adjusted.cmp(&right.adjusted),
        (0, _) => Ordering::Less,
        (_, 0) => Ordering::Greater,
        (needs, others) => {
            let ratio = whole(left.adjusted) * whole(others);
            ratio.cmp(&(whole(right.adjusted) * whole(needs)))
        }
    };
    order.then(left_id.cmp(right_id))
}
