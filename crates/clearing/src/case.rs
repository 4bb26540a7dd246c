//! What the machine remembers of a liquidation between its steps, where rules make it last.
//!
//! A case begins when an account is taken into liquidation or put off by a limit, and ends with the
//! liquidation. Law: only rulebooks that choose how accounts are sold out have cases.

use crate::account::LIQUIDATING;
use crate::house::Books;
use alloc::vec::Vec;
use domain::rulebook::SellingRules;
use domain::{AccountId, Timestamp, Weighted};
use serde::{Deserialize, Serialize};

/// A liquidation under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Case {
    /// When the account was taken into liquidation.
    pub since: Timestamp,
    /// When its present auction began.
    pub auction_at: Timestamp,
    /// When it is looked at next.
    pub wake_at: Timestamp,
    /// Shortfall removed by its steps so far.
    pub freed: Weighted,
    /// Auctions that ended without a bidder.
    pub auctions: u16,
    /// Everything is closed, at the price of last resort.
    pub full: bool,
    /// The first part of a large position was closed.
    pub begun: bool,
}

impl Case {
    pub const fn new(now: Timestamp) -> Self {
        Self {
            since: now,
            auction_at: now,
            wake_at: now,
            freed: Weighted::ZERO,
            auctions: 0,
            full: false,
            begun: false,
        }
    }
}

impl Books {
    /// Whether the rulebook chooses how accounts are sold out.
    pub fn sells_by_rules(&self) -> bool {
        self.rulebook.sections.selling != SellingRules::PLAIN
    }

    /// The case of an account, or a new one.
    pub fn case(&self, account: AccountId) -> Case {
        self.accounts.case(account).unwrap_or(Case::new(self.now()))
    }

    pub fn put_case(&mut self, account: AccountId, case: Case) {
        self.accounts.put_case(account, case);
        self.touch(account);
    }

    /// Lets those of the queue go whose time has come; the others wait on.
    pub fn take_due(&mut self) -> Vec<AccountId> {
        let now = self.now();
        let queue = core::mem::take(&mut self.queue);
        let (due, later) =
            queue.into_iter().partition(|account| self.case(*account).wake_at <= now);
        self.queue = later;
        for account in &due {
            // Who was only put off begins anew if it is still below maintenance.
            if !self.accounts.flag(*account, LIQUIDATING) {
                self.accounts.drop_case(*account);
            }
        }
        due
    }

    /// When somebody of the queue is looked at next.
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.queue.iter().map(|account| self.case(*account).wake_at).min()
    }

    /// New rules: who waits gets a case where they need one, and loses it where they do not.
    pub fn fit_cases(&mut self) {
        let now = self.now();
        if self.sells_by_rules() {
            let wake_at = self.cursor.queue_at.unwrap_or(now);
            for account in self.queue.clone() {
                if self.accounts.case(account).is_none() {
                    self.put_case(account, Case { wake_at, ..Case::new(now) });
                }
            }
        } else {
            for account in self.accounts.with_cases() {
                self.accounts.drop_case(account);
                self.touch(account);
            }
        }
    }
}
