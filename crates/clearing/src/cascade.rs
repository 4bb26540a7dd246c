//! The bounded liquidation loop: waves of accounts, riskiest first, until nobody is left or a limit
//! of the rulebook is reached.

use crate::account::{LIQUIDATING, QUEUED};
use crate::case::Case;
use crate::closeout::CloseOut;
use crate::depth;
use crate::funding;
use crate::house::{Books, ClearingHouse, LOOSE, TOUCHED};
use crate::order;
use crate::ranking::Ranking;
use crate::trace::Trace;
use alloc::vec::Vec;
use domain::command::BaselineImpact;
use domain::effect::Outcome;
use domain::{AccountId, Effect, Value};
use risk::{Assessment, assess};

/// Working lists of the loop; empty between events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cascade {
    suspects: Vec<AccountId>,
    taken: Vec<AccountId>,
    found: Vec<Found>,
    ranking: Ranking,
    /// What keepers took on by this event.
    taken_on: Value,
    /// The queue changed by this event.
    requeued: bool,
    trace: Trace,
    /// What the present command tells of the baseline.
    pub baseline: Vec<BaselineImpact>,
    /// The present command is a price, with whatever the baseline did.
    pub priced: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub account: AccountId,
    pub assessment: Assessment,
}

impl Cascade {
    /// On a pulse the queue's accounts are looked at again, if it is their time.
    pub fn take_queue(&mut self, books: &mut Books) {
        if books.cursor.queue_at.is_some_and(|at| at <= books.now()) {
            if books.sells_by_rules() {
                self.taken = books.take_due();
            } else {
                self.taken.append(&mut books.queue);
            }
            for account in self.taken.drain(..) {
                books.accounts.set_flag(account, QUEUED, false);
                books.touch(account);
            }
            books.cursor.queue_at = None;
            self.requeued = true;
        }
    }
}

impl ClearingHouse {
    /// Runs waves until no account is liquidatable, or a limit stops them.
    pub(crate) fn run_cascade(&mut self, effects: &mut Vec<Effect>) {
        if self.is_calm() {
            return self.end_baseline();
        }
        self.find(effects);
        if !self.cascade.found.is_empty() {
            self.run_waves(effects);
        }
        self.end_baseline();
        self.untouch_all();
        funding::schedule_interest(&mut self.books);
        self.schedule_queue();
    }

    /// The event touched nobody who has to be looked at, woke nobody and moved no index: whoever is
    /// lent to, waits or is safe still is.
    #[inline]
    fn is_calm(&self) -> bool {
        self.books.touched.is_empty() && self.watch.is_calm() && !self.cascade.requeued
    }

    fn run_waves(&mut self, effects: &mut Vec<Effect>) {
        let limits = self.books.rulebook.limits;
        let mut steps = limits.steps_per_event;
        let mut wave = 0;
        self.cascade.taken_on = Value::ZERO;
        while !self.cascade.found.is_empty() {
            if wave == limits.cascade_waves_max || steps == 0 {
                self.enqueue_found(wave, effects);
                break;
            }
            wave += 1;
            // Touched and woken alike is examined twice, with the same figures.
            order::sort(&mut self.cascade.found, &self.books);
            self.cascade.ranking.clear();
            let found = core::mem::take(&mut self.cascade.found);
            let (now, later) = found.split_at(found.len().min(steps as usize));
            for one in now {
                self.liquidate(one, wave, effects);
            }
            self.end_wave(wave, effects);
            steps -= now.len() as u32;
            self.cascade.found.extend_from_slice(later);
            if !later.is_empty() {
                self.enqueue_found(wave, effects);
            }
            self.find(effects);
        }
    }

    /// What the baseline had at the end of the event is in force from here on.
    fn end_baseline(&mut self) {
        self.cascade.priced = false;
        if !self.cascade.baseline.is_empty() {
            depth::advance_baseline(&mut self.books, &self.cascade.baseline, None);
            self.cascade.baseline.clear();
        }
    }

    /// What the wave's forced trades did to prices.
    fn end_wave(&mut self, wave: u16, effects: &mut Vec<Effect>) {
        if self.books.depth.is_finite() {
            self.cascade.trace.clear();
            let baseline = core::mem::take(&mut self.cascade.baseline);
            depth::advance_baseline(&mut self.books, &baseline, Some(wave));
            self.cascade.baseline = baseline;
            let moves = self.cascade.priced;
            depth::end_wave(&mut self.books, &mut self.watch, (wave, moves), effects);
        }
    }

    fn schedule_queue(&mut self) {
        let requeued = core::mem::take(&mut self.cascade.requeued);
        if requeued && self.books.sells_by_rules() {
            self.books.cursor.queue_at = self.books.next_wake();
        }
        let cursor = &mut self.books.cursor;
        if self.books.queue.is_empty() {
            cursor.queue_at = None;
        } else if cursor.queue_at.is_none() {
            let interval = self.books.rulebook.liquidation.step_interval;
            cursor.queue_at = Some(cursor.timestamp.plus(interval));
        }
    }

    /// Checks everybody who was touched or woken; the liquidatable are left in `found`.
    ///
    /// Who waits for a pulse is looked at when touched or taken, never for being woken: wakes
    /// depend on how the boxes came about, and a restored machine boxes everybody anew.
    fn find(&mut self, effects: &mut Vec<Effect>) {
        self.watch.refresh(&mut self.books);
        let mut place = 0;
        while let Some(account) = self.books.touched.get(place).copied() {
            place += 1;
            let flags = self.untouch(account);
            if flags & (QUEUED | LIQUIDATING) != 0
                || (flags & LOOSE != 0 && !self.watch.prove(&mut self.books, account))
            {
                // An account let go is touched again and comes once more at the end of the list.
                self.examine(account, effects);
            }
        }
        self.books.touched.clear();
        let mut suspects = core::mem::take(&mut self.cascade.suspects);
        self.watch.take_woken(&mut self.books.accounts, &mut suspects);
        for account in suspects.drain(..) {
            if !self.books.accounts.flag(account, QUEUED) {
                self.examine(account, effects);
            }
        }
        self.cascade.suspects = suspects;
    }

    /// The account's flags before.
    #[inline]
    fn untouch(&mut self, account: AccountId) -> u8 {
        self.books.accounts.swap_flags(account, TOUCHED | LOOSE, 0)
    }

    /// Forgets who was touched after the last look.
    fn untouch_all(&mut self) {
        let mut touched = core::mem::take(&mut self.books.touched);
        for account in touched.drain(..) {
            self.untouch(account);
        }
        self.books.touched = touched;
    }

    /// Checks one account exactly.
    fn examine(&mut self, account: AccountId, effects: &mut Vec<Effect>) {
        let portfolio = self.books.accounts.portfolio(account);
        let exposed = portfolio.is_exposed();
        let assessment = assess(&portfolio, &self.books.prices());
        let liquidating = self.books.accounts.flag(account, LIQUIDATING);
        if liquidating {
            if !exposed || !assessment.shortfall().is_positive() {
                self.let_go(account, Outcome::Released, effects);
            } else {
                // Taken from the queue and still short; who was put back waits for the next pulse.
                if !self.books.accounts.flag(account, QUEUED) {
                    self.add_found(Found { account, assessment });
                }
                return;
            }
        } else if self.books.accounts.flag(account, QUEUED) {
            return;
        }
        if !exposed {
            self.watch.forget(&mut self.books.accounts, account);
        } else if assessment.excess().is_negative() {
            self.add_found(Found { account, assessment });
        } else {
            self.watch.enclose(&mut self.books, account);
        }
    }

    fn add_found(&mut self, found: Found) {
        self.cascade.found.push(found);
    }

    fn liquidate(&mut self, found: &Found, wave: u16, effects: &mut Vec<Effect>) {
        let account = found.account;
        let assessment = found.assessment;
        if !self.books.accounts.flag(account, LIQUIDATING) {
            effects.push(Effect::LiquidationStarted {
                account,
                wave,
                equity: assessment.equity,
                adjusted_equity: assessment.adjusted_equity,
                maintenance: assessment.requirement.maintenance,
            });
            self.books.accounts.set_flag(account, LIQUIDATING, true);
            if self.books.depth.is_finite() {
                effects.push(self.cascade.trace.of(&self.books, account));
            }
        }
        let before = effects.len();
        let outcome = if self.books.sells_by_rules() {
            let Cascade { ranking, taken_on, .. } = &mut self.cascade;
            CloseOut::new(&mut self.books, ranking, effects, account).run_by_rules(taken_on)
        } else {
            let ranking = &mut self.cascade.ranking;
            CloseOut::new(&mut self.books, ranking, effects, account).run()
        };
        let socialised = |effect: &Effect| matches!(effect, Effect::LossSocialised { .. });
        if effects.iter().skip(before).any(socialised) {
            self.watch.indexes_moved();
        }
        match outcome {
            None => self.enqueue(account),
            Some(outcome) => self.let_go(account, outcome, effects),
        }
    }

    fn let_go(&mut self, account: AccountId, outcome: Outcome, effects: &mut Vec<Effect>) {
        let books = &mut self.books;
        books.accounts.set_flag(account, LIQUIDATING, false);
        books.accounts.drop_case(account);
        if books.accounts.flag(account, QUEUED) {
            books.accounts.set_flag(account, QUEUED, false);
            if let Ok(at) = books.queue.binary_search(&account) {
                books.queue.remove(at);
                self.cascade.requeued = true;
            }
        }
        books.touch(account);
        effects.push(Effect::LiquidationEnded { account, outcome });
    }

    /// Leaves an account for the next pulse.
    fn enqueue(&mut self, account: AccountId) {
        self.watch.forget(&mut self.books.accounts, account);
        self.cascade.requeued = true;
        let books = &mut self.books;
        if books.sells_by_rules() {
            let case = books.case(account);
            let later = books.now().plus(books.rulebook.liquidation.step_interval);
            let wake_at = if case.wake_at > books.now() { case.wake_at } else { later };
            books.put_case(account, Case { wake_at, ..case });
        }
        books.accounts.set_flag(account, QUEUED, true);
        books.touch(account);
        if let Err(at) = books.queue.binary_search(&account) {
            books.queue.insert(at, account);
        }
    }

    fn enqueue_found(&mut self, waves: u16, effects: &mut Vec<Effect>) {
        let found = core::mem::take(&mut self.cascade.found);
        for one in &found {
            self.enqueue(one.account);
        }
        let waiting = self.books.queue.len() as u32;
        effects.push(Effect::CascadeLimited { waves, waiting });
    }
}
