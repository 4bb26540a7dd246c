//! The accounts that fared worst, watched through a second hearing of the run: equity against
//! requirement, and what was done to them.
//!
//! Who is watched is known only when a run has ended, so they are not part of the chronicle. Equity
//! at 1e-16 of the numeraire, margins at 1e-22. Law: who is watched follows from effects alone.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use clearing::ClearingHouse;
use domain::effect::Outcome;
use domain::{AccountId, Effect, Event};

use super::liquidation::Liquidations;
use super::minutes::Levels;
use crate::clockface::minute_of;
use crate::failure::Answer;
use crate::listener::Listener;

/// Accounts watched.
pub const ACCOUNTS: usize = 12;

/// How an account stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stand {
    /// When, in seconds since 1970.
    pub time: i64,
    /// Equity.
    pub equity: i128,
    /// Adjusted equity.
    pub adjusted_equity: i128,
    /// Maintenance margin.
    pub maintenance: i128,
    /// Right before or after something was done to it.
    pub acted: bool,
}

/// What was done to an account in one minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Acts {
    /// It was taken into liquidation.
    pub started: bool,
    /// Positions closed in the market.
    pub closed: u64,
    /// Collateral sold.
    pub sold: u64,
    /// Closings against winners.
    pub deleveraged: u64,
    /// Positions handed to the backstop.
    pub handed_over: u64,
    /// The insurance fund paid.
    pub fund: bool,
    /// How it ended.
    pub ended: Option<Outcome>,
}

/// One account.
#[derive(Debug, Clone)]
pub struct Watched {
    /// Whose.
    pub account: AccountId,
    /// How it stood, in ascending time.
    pub stands: Vec<Stand>,
    /// Equity, adjusted equity and maintenance margin by minute.
    pub levels: [Levels; 3],
    /// What was done, by minute.
    pub acts: BTreeMap<i64, Acts>,
}

impl Watched {
    fn of(account: AccountId) -> Watched {
        Watched { account, stands: Vec::new(), levels: Default::default(), acts: BTreeMap::new() }
    }

    fn stand(&mut self, stand: Stand) {
        // Several moments of one second follow each other, a second apart.
        let time = self.stands.last().map_or(stand.time, |last| stand.time.max(last.time + 1));
        let minute = stand.time.div_euclid(60);
        self.stands.push(Stand { time, ..stand });
        let figures = [stand.equity, stand.adjusted_equity, stand.maintenance];
        self.levels.iter_mut().zip(figures).for_each(|(levels, one)| levels.meet(minute, one));
    }

    fn look(&mut self, time: i64, house: &ClearingHouse, acted: bool) {
        let Some(view) = house.account(self.account) else { return };
        let held = &view.assessment;
        self.stand(Stand {
            time,
            equity: held.equity.units(),
            adjusted_equity: held.adjusted_equity.units(),
            maintenance: held.requirement.maintenance.units(),
            acted,
        });
    }

    /// Takes an effect; whether it was about this account.
    fn take(&mut self, time: i64, effect: &Effect) -> bool {
        let own = self.account;
        let started = match *effect {
            Effect::LiquidationStarted {
                account, equity, adjusted_equity, maintenance, ..
            } if account == own => Some(Stand {
                time,
                equity: equity.units(),
                adjusted_equity: adjusted_equity.units(),
                maintenance: maintenance.units(),
                acted: true,
            }),
            _ => None,
        };
        if let Some(stand) = started {
            self.stand(stand);
        }
        let mut now = Acts::default();
        let about = match *effect {
            Effect::LiquidationStarted { account, .. } => {
                now.started = true;
                account
            }
            Effect::PositionReduced { account, .. } => {
                now.closed = 1;
                account
            }
            Effect::CollateralSold { account, .. } => {
                now.sold = 1;
                account
            }
            Effect::Deleveraged { account, .. } => {
                now.deleveraged = 1;
                account
            }
            Effect::PositionTakenOver { account, .. } => {
                now.handed_over = 1;
                account
            }
            Effect::InsuranceDrawn { account, .. } => {
                now.fund = true;
                account
            }
            Effect::LiquidationEnded { account, outcome } => {
                now.ended = Some(outcome);
                account
            }
            _ => return false,
        };
        if about != own {
            return false;
        }
        let acts = self.acts.entry(time.div_euclid(60)).or_default();
        *acts = Acts {
            started: acts.started || now.started,
            closed: acts.closed + now.closed,
            sold: acts.sold + now.sold,
            deleveraged: acts.deleveraged + now.deleveraged,
            handed_over: acts.handed_over + now.handed_over,
            fund: acts.fund || now.fund,
            ended: now.ended.or(acts.ended),
        };
        true
    }
}

/// The accounts that fared worst.
#[derive(Debug, Clone, Default)]
pub struct Worst {
    /// Worst first.
    pub accounts: Vec<Watched>,
    minute: Option<i64>,
}

impl Worst {
    /// Watches these accounts.
    pub fn watching(accounts: &[AccountId]) -> Worst {
        let accounts = accounts.iter().map(|account| Watched::of(*account));
        Worst { accounts: accounts.collect(), minute: None }
    }

    /// Whom to watch: the largest deficits, then who gave up most; of equals the lower number.
    pub fn of(liquidations: &Liquidations) -> Vec<AccountId> {
        let mut all: Vec<(i128, i128, AccountId)> = liquidations
            .by_account
            .iter()
            .map(|(account, closed)| {
                let deficit = liquidations.deficits.get(account).copied().unwrap_or(0);
                (deficit, *closed, *account)
            })
            .collect();
        all.sort_by_key(|(deficit, closed, account)| (Reverse((*deficit, *closed)), *account));
        all.into_iter().take(ACCOUNTS).map(|(_, _, account)| account).collect()
    }
}

impl Listener for Worst {
    fn event(&mut self, event: &Event, effects: &[Effect], house: &ClearingHouse) -> Answer<()> {
        let time = event.timestamp.nanos().div_euclid(1_000_000_000);
        let minute = minute_of(event.timestamp);
        let turned = self.minute != Some(minute);
        self.minute = Some(minute);
        for one in &mut self.accounts {
            let mut acted = false;
            for effect in effects {
                acted |= one.take(time, effect);
            }
            if acted || turned {
                one.look(time, house, acted);
            }
        }
        Ok(())
    }

    fn finish(&mut self, house: &ClearingHouse) -> Answer<()> {
        let time = house.timestamp().nanos().div_euclid(1_000_000_000);
        self.accounts.iter_mut().for_each(|one| one.look(time, house, false));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    //! Goal: the same accounts are chosen whatever the order they were met in. Method: a list.

    use super::*;

    #[test]
    fn the_worst_come_first() {
        let mut liquidations = Liquidations::default();
        for (account, deficit, closed) in [(7, 0, 50), (3, 5, 1), (9, 5, 1), (1, 0, 90), (4, 8, 2)]
        {
            let account = AccountId::new(account);
            liquidations.by_account.insert(account, closed);
            if deficit > 0 {
                liquidations.deficits.insert(account, deficit);
            }
        }
        let chosen: Vec<u64> =
            Worst::of(&liquidations).into_iter().map(AccountId::number).collect();
        assert_eq!(chosen, [4, 3, 9, 1, 7]);
    }
}
