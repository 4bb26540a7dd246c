//! What the machine sees when it decides about an account, kept for who asks why.
//!
//! Off unless asked for; then every decision of a liquidation leaves a [`Look`]: the account term
//! by term, the funds, and how the next step is sized, at the very prices the decision was taken
//! on, between the effects where it stands. Derived: outside canonical bytes and every digest.
//!
//! Law: looking changes nothing that follows.

use crate::house::{Books, ClearingHouse};
use alloc::boxed::Box;
use alloc::vec::Vec;
use domain::{AccountId, Amount, AssetId, HouseAccount, Timestamp};
use risk::explained::{self, Sizing, Terms};
use risk::impact::book::MarketBook;

/// An account as the machine saw it at one decision.
#[derive(Clone, Debug)]
pub struct Look {
    /// Which account.
    pub account: AccountId,
    /// How many effects of the event came before the decision.
    pub ordinal: usize,
    /// Every term of its assessment.
    pub terms: Terms,
    /// What the insurance fund held of each asset, in the rulebook's order.
    pub fund: Vec<Amount>,
    /// How the next forced trade is sized; `None` where there is none to plan.
    pub sizing: Option<Sizing>,
    /// Books that the wave opened so far, as consumed until then; empty where depth has no end.
    pub markets: Vec<MarketBook>,
    /// What a rulebook's choices said; `None` where it makes none.
    pub choice: Option<Choice>,
}

/// A liquidation by chosen rules as it stood at a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// When the account was taken into liquidation.
    pub since: Timestamp,
    /// When its present auction began.
    pub auction_at: Timestamp,
    /// Whether everything is closed at the price of last resort.
    pub full: bool,
    /// What the step concedes; `None` before it was asked for, and at the price of last resort.
    pub terms: Option<risk::terms::Terms>,
}

/// Looks asked for and taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Looks {
    only: Option<AccountId>,
    taken: Vec<Look>,
}

impl Books {
    /// Leaves a look where one was asked for. Costs a comparison where none was.
    #[inline]
    pub fn look(&mut self, account: AccountId, ordinal: usize) {
        if self.looks.is_some() {
            self.take_look(account, ordinal);
        }
    }

    #[cold]
    fn take_look(&mut self, account: AccountId, ordinal: usize) {
        let only = self.looks.as_ref().and_then(|looks| looks.only);
        if only.is_some_and(|only| only != account) {
            return;
        }
        let by_rules = self.sells_by_rules();
        let case = self.case(account);
        let (prices, portfolio) = (self.prices(), self.accounts.portfolio(account));
        let look = Look {
            account,
            ordinal,
            terms: explained::terms(&portfolio, &prices),
            fund: self.fund(),
            // By chosen rules a step depends on more than account and prices.
            sizing: if by_rules { None } else { explained::sizing(&portfolio, &prices) },
            markets: self.depth.books().to_vec(),
            choice: by_rules.then_some(Choice {
                since: case.since,
                auction_at: case.auction_at,
                full: case.full,
                terms: None,
            }),
        };
        if let Some(looks) = &mut self.looks {
            looks.taken.push(look);
        }
    }

    /// Adds the terms of the step to the last look at an account.
    #[inline]
    pub fn look_at_terms(&mut self, account: AccountId) {
        let terms = self.terms;
        if let Some(looks) = &mut self.looks
            && let Some(last) = looks.taken.last_mut().filter(|look| look.account == account)
            && let Some(choice) = &mut last.choice
        {
            choice.terms = terms;
        }
    }

    fn fund(&self) -> Vec<Amount> {
        let assets = (0..).map(AssetId::new).take(self.assets.len());
        assets.map(|asset| self.ledger.house(HouseAccount::InsuranceFund, asset)).collect()
    }
}

impl ClearingHouse {
    /// From now on keeps a look at each decision about an account, or about every account.
    pub fn keep_looks(&mut self, only: Option<AccountId>) {
        self.books.looks = Some(Box::new(Looks { only, taken: Vec::new() }));
    }

    /// The looks kept since they were last taken, in order; goes on keeping them.
    pub fn take_looks(&mut self) -> Vec<Look> {
        let looks = self.books.looks.as_mut();
        looks.map(|looks| core::mem::take(&mut looks.taken)).unwrap_or_default()
    }

    /// Every term of what an account is worth and must hold; `None` if it was not opened.
    #[must_use]
    pub fn terms(&self, account: AccountId) -> Option<Terms> {
        let open = account.number() < self.accounts();
        open.then(|| {
            explained::terms(&self.books.accounts.portfolio(account), &self.books.prices())
        })
    }
}
