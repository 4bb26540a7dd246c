//! What an account's box still proves, kept up fill by fill.
//!
//! A box proves that its account has at least so much above maintenance and above initial margin
//! while prices stay inside. A fill changes that figure by what `risk::slack_change` bounds from
//! the filled position alone; while it stays above zero neither the margin check of a trade nor the
//! index has to look at the rest of the account. It only ever errs downwards, and is taken anew
//! from the whole account once it is used up.

use super::Watch;
use super::boxes::{Bounds, Interval};
use crate::account::Accounts;
use crate::house::Books;
use crate::standing::Standing;
use domain::{AccountId, Amount, AssetId, Position};
use risk::Prices;
use risk::fill::{AccountFill, FillTerms};
use risk::kept::Kept;
use risk::slack_change::{FillBands, FillBounds, FillChange, cash_change, slack_change};

impl Watch {
    /// What fills in an instrument meet in whatever box; `None` where only the whole account tells.
    #[inline]
    pub fn fill_bounds<'a>(&'a self, terms: &'a FillTerms<'a>) -> Option<FillBounds<'a>> {
        let place = terms.instrument.index();
        let weights = self.weights.get(place).and_then(Option::as_ref);
        let bands = FillBands {
            funding_floor: terms.market.mark.units() - self.factors.get(place)?.value,
            mark_above: self.bands.funding_high(terms.instrument),
            deposit_low: self.bands.deposit_low(terms.settles),
        };
        FillBounds::new(terms, weights, bands)
    }

    /// What the account's box proves after a fill of its position at `place`; `None` where only
    /// the whole account tells.
    #[inline]
    pub fn kept_after(
        &self,
        prices: &Prices<'_>,
        fills: &FillBounds<'_>,
        (standing, place): (&Standing, usize),
        (before, fill): (&Position, &AccountFill),
        fee: Amount,
    ) -> Option<Kept> {
        let AccountFill { after, held, funding, .. } = fill;
        let factor = before.instrument.number();
        let lane = Self::lane(self.lanes.get(standing.lanes), factor, place)?;
        let bounds = Interval { lane, bands: &self.bands };
        let amount = fill.amount() - fee;
        let change = FillChange { before, after, held: *held, funding: *funding, amount };
        slack_change(&change, fills, prices, &bounds).map(|change| standing.kept.after(change))
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
        let Standing { lanes, kept, .. } = *books.accounts.standing(account);
        if asset != books.rulebook.numeraire || lanes.len() == 0 {
            return None;
        }
        let bounds = Bounds { lanes: &[], bands: &self.bands, instruments: self.instruments };
        cash_change(amounts, &books.prices(), &bounds).map(|change| kept.after(change))
    }
}

/// Keeps what an account's box proves.
#[inline]
pub(crate) fn keep(accounts: &mut Accounts, account: AccountId, kept: Kept) {
    if let Some(standing) = accounts.standing_mut(account) {
        standing.kept = kept;
    }
}
