//! What became of each account: untouched, deleveraged, liquidated, closed out, bankrupt.
//!
//! Dense by account number; equity at the end at 1e-16 of the numeraire.

use clearing::ClearingHouse;
use domain::effect::Outcome;
use domain::{AccountId, Effect};

/// The worst that happened to an account, mildest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// Nothing forced.
    #[default]
    Untouched,
    /// A position was closed against a bankrupt account.
    Deleveraged,
    /// Liquidated, and released with what was left.
    Released,
    /// Liquidated whole; equity not negative.
    ClosedOut,
    /// Liquidated whole; others bore the deficit.
    Bankrupt,
}

impl Fate {
    /// Every fate, mildest first.
    pub const ALL: [Fate; 5] =
        [Fate::Untouched, Fate::Deleveraged, Fate::Released, Fate::ClosedOut, Fate::Bankrupt];

    /// As a person reads it.
    pub const fn name(self) -> &'static str {
        match self {
            Fate::Untouched => "untouched",
            Fate::Deleveraged => "deleveraged",
            Fate::Released => "liquidated, released",
            Fate::ClosedOut => "closed out",
            Fate::Bankrupt => "bankrupt",
        }
    }
}

/// Fates of all accounts.
#[derive(Debug, Clone, Default)]
pub struct Fates {
    /// By account number.
    pub fates: Vec<Fate>,
    /// Equity at the end, by account number.
    pub equity: Vec<i128>,
}

impl Fates {
    /// Takes what decides fates.
    pub fn take(&mut self, effect: &Effect) {
        let (account, fate) = match *effect {
            Effect::AccountOpened { account } => (account, Fate::Untouched),
            Effect::LiquidationStarted { account, .. } => (account, Fate::Released),
            Effect::Deleveraged { winner, .. } => (winner, Fate::Deleveraged),
            Effect::LiquidationEnded { account, outcome } => {
                let fate = match outcome {
                    Outcome::Released => Fate::Released,
                    Outcome::ClosedOut => Fate::ClosedOut,
                    Outcome::Bankrupt => Fate::Bankrupt,
                };
                (account, fate)
            }
            _ => return,
        };
        let place = account.index();
        if self.fates.len() <= place {
            self.fates.resize(place + 1, Fate::Untouched);
        }
        if let Some(known) = self.fates.get_mut(place) {
            *known = fate.max(*known);
        }
    }

    /// The run has ended with this state.
    pub fn finish(&mut self, house: &ClearingHouse) {
        let accounts = (0..house.accounts()).map(AccountId::new);
        let equity = accounts
            .map(|account| house.account(account).map_or(0, |view| view.assessment.equity.units()));
        self.equity = equity.collect();
    }

    /// How many met each fate.
    pub fn counts(&self) -> [u64; Fate::ALL.len()] {
        Fate::ALL.map(|fate| self.fates.iter().filter(|one| **one == fate).count() as u64)
    }
}
