//! Waves of liquidations: a full rescan before each, riskiest first, until nobody is left or a
//! limit of the rulebook stops them.

use super::deleveraging::Ranking;
use super::margin::Assessment;
use super::state::{Case, State};
use domain::effect::Outcome;
use domain::{AccountId, Effect, Value, Weighted};

/// A liquidatable account with what it is worth.
pub(super) type Found = (AccountId, Assessment);

impl State {
    /// On a pulse, if it is their time, the accounts of the queue wait no longer.
    pub fn take_queue(&mut self) {
        if self.queue_at.is_some_and(|at| at <= self.now) {
            for account in self.queue() {
                let due = self.case(account).wake_at <= self.now;
                if due || !self.sells_by_rules() {
                    let held = self.account_mut(account);
                    held.queued = false;
                    // Who was only put off begins anew if it is still below maintenance.
                    if !held.liquidating {
                        held.case = None;
                    }
                    self.mark_touched(account);
                }
            }
            self.queue_at = None;
        }
    }

    pub fn run_cascade(&mut self) {
        let limits = self.rulebook.limits;
        let mut steps = limits.steps_per_event as usize;
        let mut wave = 0;
        self.taken_on = 0;
        loop {
            let found = self.rescan();
            if found.is_empty() {
                break;
            }
            if wave == limits.cascade_waves_max || steps == 0 {
                self.put_off(&found, wave);
                break;
            }
            wave += 1;
            let (now, later) = found.split_at(found.len().min(steps));
            steps -= now.len();
            let mut ranking = Ranking::new();
            self.open_books();
            for (account, assessment) in now {
                self.liquidate(*account, assessment, wave, &mut ranking);
            }
            self.end_wave(wave);
            if !later.is_empty() {
                self.put_off(later, wave);
            }
        }
        self.advance_baseline(u16::MAX);
        self.baseline.clear();
        self.priced = false;
        self.touched.clear();
        self.schedule_interest();
        self.schedule_queue();
    }

    fn schedule_queue(&mut self) {
        let later = self.now.plus(self.rulebook.liquidation.step_interval);
        if self.sells_by_rules() {
            self.queue_at = self.queue().iter().map(|waits| self.case(*waits).wake_at).min();
        }
        self.queue_at =
            if self.queue().is_empty() { None } else { Some(self.queue_at.unwrap_or(later)) };
    }

    /// Lets touched accounts go that came back to release, then looks at every account: who is
    /// liquidatable and does not wait, riskiest first.
    fn rescan(&mut self) -> Vec<Found> {
        while !self.touched.is_empty() {
            let account = self.touched.remove(0);
            let held = self.account(account);
            if held.liquidating && (!held.is_exposed() || self.assess(held).shortfall() <= 0) {
                self.let_go(account, Outcome::Released);
            }
        }
        let mut found = Vec::new();
        for (id, account) in &self.accounts {
            if account.queued || !account.is_exposed() {
                continue;
            }
            let assessment = self.assess(account);
            // Flagged and not waiting: taken from the queue, and still short of release.
            if account.liquidating || assessment.adjusted < assessment.maintenance {
                found.push((*id, assessment));
            }
        }
        self.in_order(found)
    }

    fn liquidate(
        &mut self,
        account: AccountId,
        assessment: &Assessment,
        wave: u16,
        ranking: &mut Ranking,
    ) {
        if !self.account(account).liquidating {
            self.effects.push(Effect::LiquidationStarted {
                account,
                wave,
                equity: Value::new(assessment.equity),
                adjusted_equity: Weighted::new(assessment.adjusted),
                maintenance: Weighted::new(assessment.maintenance),
            });
            self.account_mut(account).liquidating = true;
            self.trace(account);
        }
        let outcome = if self.sells_by_rules() {
            self.sell_out(account, ranking)
        } else {
            self.close_out(account, ranking)
        };
        match outcome {
            None => self.enqueue(account),
            Some(outcome) => self.let_go(account, outcome),
        }
    }

    fn let_go(&mut self, account: AccountId, outcome: Outcome) {
        let held = self.account_mut(account);
        (held.liquidating, held.queued, held.case) = (false, false, None);
        self.mark_touched(account);
        self.effects.push(Effect::LiquidationEnded { account, outcome });
    }

    fn enqueue(&mut self, account: AccountId) {
        if self.sells_by_rules() {
            let case = self.case(account);
            let later = self.now.plus(self.rulebook.liquidation.step_interval);
            let wake_at = if case.wake_at > self.now { case.wake_at } else { later };
            self.put_case(account, Case { wake_at, ..case });
        }
        self.account_mut(account).queued = true;
        self.mark_touched(account);
    }

    fn put_off(&mut self, found: &[Found], waves: u16) {
        for (account, _) in found {
            self.enqueue(*account);
        }
        let waiting = self.queue().len() as u32;
        self.effects.push(Effect::CascadeLimited { waves, waiting });
    }
}
