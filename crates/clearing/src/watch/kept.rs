//! What an account's box still proves, kept up fill by fill.
//!
//! A box proves that its account has at least so much above maintenance and above initial margin
//! while prices stay inside. A fill changes that figure by what `risk::envelope::slack_change`
//! bounds from the filled position alone; while it stays above zero neither the margin check of a
//! trade nor the index has to look at the rest of the account. It only ever errs downwards, and is
//! taken anew from the whole account once it is used up.

use super::boxes::{Bounds, Interval};
use super::{Standing, Watch};
use crate::house::Books;
use domain::{AccountId, Amount, AssetId, Position, Weighted};
use risk::Prices;
use risk::envelope::{FillChange, Slack, cash_change, slack_change};
use risk::fill::{AccountFill, FillTerms};

/// Bits of a weighted unit dropped: one unit here is 2^46 at 1e-22, some 7e-9 of the numeraire.
const DROPPED: u32 = 46;

/// A slack in few bits, rounded down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    maintenance: i64,
    initial: i64,
}

impl Kept {
    pub fn new(slack: Slack) -> Self {
        Self { maintenance: drop_bits(slack.maintenance), initial: drop_bits(slack.initial) }
    }

    /// After a change, less one unit for the terms of it that round.
    #[inline]
    fn after(self, change: Slack) -> Self {
        let change = Self::new(change);
        let add = |kept: i64, change: i64| kept.saturating_add(change).saturating_sub(1);
        Self {
            maintenance: add(self.maintenance, change.maintenance),
            initial: add(self.initial, change.initial),
        }
    }

    /// The account is not liquidatable inside its box.
    pub const fn covers_maintenance(self) -> bool {
        self.maintenance >= 0
    }

    /// The account is above initial margin inside its box.
    pub const fn covers_initial(self) -> bool {
        self.initial >= 0
    }

    /// Whether a slack from the whole account confirms it.
    pub fn is_at_most(self, slack: Slack) -> bool {
        let most = Self::new(slack);
        self.maintenance <= most.maintenance && self.initial <= most.initial
    }
}

/// Rounded down; what would not fit below stays so low that no sum with it reaches zero.
#[inline]
fn drop_bits(weighted: Weighted) -> i64 {
    let kept = weighted.units() >> DROPPED;
    kept.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

impl Watch {
    /// What the account's box proves after a fill of its position at `place`; `None` where only
    /// the whole account tells.
    #[inline]
    pub fn kept_after(
        &self,
        prices: &Prices<'_>,
        terms: &FillTerms<'_>,
        (account, place): (AccountId, usize),
        (before, fill): (&Position, &AccountFill),
        fee: Amount,
    ) -> Option<Kept> {
        let AccountFill { after, held, funding, .. } = fill;
        let standing = self.standings.get(account.index())?;
        let factor = terms.instrument.number();
        let lane = Self::lane(self.lanes.get(standing.lanes), factor, place)?;
        let bounds = Interval { lane, bands: &self.bands };
        let funded = self.factors.get(factor as usize)?.value;
        let change = FillChange {
            before,
            after,
            held: *held,
            funding: *funding,
            amount: fill.amount() - fee,
            funding_floor: terms.market.mark.units() - funded,
        };
        slack_change(&change, terms, prices, &bounds).map(|change| standing.kept.after(change))
    }

    /// The same after a change of one balance.
    #[inline]
    pub fn kept_after_cash(
        &self,
        books: &Books,
        account: AccountId,
        asset: AssetId,
        amounts: (Amount, Amount),
    ) -> Option<Kept> {
        let Standing { lanes, kept, .. } = self.standing(account);
        if asset != books.rulebook.numeraire || lanes.len() == 0 {
            return None;
        }
        let bounds = Bounds { lanes: &[], bands: &self.bands, instruments: self.instruments };
        cash_change(amounts, &books.prices(), &bounds).map(|change| kept.after(change))
    }

    /// Keeps what an account's box proves.
    pub fn keep(&mut self, account: AccountId, kept: Kept) {
        if let Some(standing) = self.standings.get_mut(account.index()) {
            standing.kept = kept;
        }
    }
}
