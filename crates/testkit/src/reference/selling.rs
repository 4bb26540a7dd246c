//! Selling out one account by the rulebook's choices, act by act.

use super::deleveraging::Ranking;
use super::exact::{share, whole};
use super::margin::Assessment;
use super::planning::Ask;
use super::sizing::Step;
use super::state::{Account, Case, INDEX_ONE, State};
use super::terms::{Concession, SaleConcession, Terms, offer};
use domain::effect::{Outcome, RaiseReason, Stage, WaitReason};
use domain::rulebook::{HandOver, PriceFunction, SellingRules, Sizing};
use domain::{
    AccountId, Amount, Duration, Effect, Holder, HouseAccount, InstrumentId, Position, Rounding,
};

/// What became of one act.
enum Act {
    Done,
    Then(Duration, WaitReason),
    Wait(Duration, WaitReason),
    Untaken(InstrumentId),
    Blocked,
    Exhausted,
    Bankrupt,
}

/// Whole units of the numeraire at 1e-16.
fn money(units: u64) -> i128 {
    i128::from(units) * INDEX_ONE
}

/// What one event did to one account so far, at 1e-16 of the numeraire.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meter {
    /// Closed and sold at partial steps.
    pub closed: i128,
    /// Paid by the insurance fund.
    pub insured: i128,
}

impl State {
    pub fn sells_by_rules(&self) -> bool {
        self.rulebook.sections.selling != SellingRules::PLAIN
    }

    pub fn case(&self, account: AccountId) -> Case {
        self.account(account).case.unwrap_or(Case::new(self.now))
    }

    pub fn put_case(&mut self, account: AccountId, case: Case) {
        self.account_mut(account).case = Some(case);
        self.mark_touched(account);
    }

    fn postpone(&mut self, account: AccountId, span: Duration, reason: WaitReason) {
        let until = self.now.plus(span);
        let case = self.case(account);
        self.put_case(account, Case { wake_at: until, ..case });
        self.effects.push(Effect::StepPostponed { account, until, reason });
    }

    fn raise(&mut self, account: AccountId, reason: RaiseReason) -> Act {
        let case = self.case(account);
        self.put_case(account, Case { full: true, ..case });
        let stage = Stage::FullClose;
        self.effects.push(Effect::StageRaised { account, stage, reason });
        Act::Done
    }

    /// Acts until release, until nothing is left, or until the account must wait (`None`).
    pub fn sell_out(&mut self, account: AccountId, ranking: &mut Ranking) -> Option<Outcome> {
        self.meter = Meter::default();
        let rules = self.rulebook.sections.selling.clone();
        let case = self.case(account);
        self.put_case(account, case);
        let waited = self.now.since(case.since);
        if waited < rules.keepers.delay {
            let left = rules.keepers.delay.nanos() - waited.nanos();
            self.postpone(account, Duration::from_nanos(left), WaitReason::Keepers);
            return None;
        }
        self.post_all(account);
        let start = self.account(account).clone();
        let rows = start.positions.len() + start.balances.len();
        let (mut bankrupt, mut acted, mut wait) = (false, false, None);
        let mut tried = Vec::new();
        for _ in 0..4 * rows + 4 {
            let now = self.account(account).clone();
            if !now.is_exposed() {
                return Some(match (bankrupt, start.positions.is_empty()) {
                    (true, _) => self.seize_unsold(account),
                    (false, false) => Outcome::ClosedOut,
                    (false, true) => Outcome::Released,
                });
            }
            let assessment = self.assess(&now);
            let goes_on = acted
                && !now.positions.is_empty()
                && (self.case(account).full || matches!(rules.sizing, Sizing::AllAtOnce));
            if assessment.shortfall() <= 0 && !goes_on {
                return Some(Outcome::Released);
            }
            if let Some((span, reason)) = wait {
                self.postpone(account, span, reason);
                return None;
            }
            let full = self.case(account).full;
            let act = self.act(account, &rules, &assessment, &tried, ranking);
            self.terms = None;
            if self.case(account).full != full {
                tried.clear();
            }
            match act {
                Act::Untaken(instrument) => tried.push(instrument),
                Act::Done => acted = true,
                Act::Then(span, reason) => (acted, wait) = (true, Some((span, reason))),
                Act::Wait(span, reason) => {
                    self.postpone(account, span, reason);
                    return None;
                }
                Act::Blocked => {
                    self.skip(account, !tried.is_empty());
                    return None;
                }
                Act::Exhausted => {
                    self.skip(account, true);
                    return None;
                }
                Act::Bankrupt => bankrupt = true,
            }
        }
        None
    }

    fn act(
        &mut self,
        account: AccountId,
        rules: &SellingRules,
        now: &Assessment,
        tried: &[InstrumentId],
        ranking: &mut Ranking,
    ) -> Act {
        let open = !self.account(account).positions.is_empty();
        let case = self.case(account);
        if !case.full {
            if let Some(line) = rules.hand_over.filter(|line| open && below(now, line)) {
                let taken = line.backstop.is_some_and(|taker| self.take_over(account, taker));
                return if taken {
                    Act::Done
                } else {
                    self.raise(account, RaiseReason::CloseOutLine)
                };
            }
            match self.terms_now(account, rules, now) {
                Ok(terms) => self.terms = Some(terms),
                Err(act) => return act,
            }
        }
        let case = self.case(account);
        let ask = self.ask(rules, now, &case);
        let closed = self.meter.closed;
        let act = match self.target_by_rules(self.account(account), tried) {
            Some(position) => match self.starved(rules, &case, &position) {
                Some(act) => act,
                None => self.close_by_rules(account, rules, ask, &position, ranking),
            },
            None if open => Act::Blocked,
            None => self.sell_by_rules(account, rules, &ask, now),
        };
        self.taken_on += self.meter.closed - closed;
        if matches!(rules.sizing, Sizing::Share { .. }) {
            let left = self.assess(self.account(account)).shortfall();
            let case = self.case(account);
            let freed = domain::Weighted::new((now.shortfall() - left).max(0));
            self.put_case(account, Case { freed: case.freed + freed, ..case });
        }
        act
    }

    fn terms_now(
        &mut self,
        account: AccountId,
        rules: &SellingRules,
        now: &Assessment,
    ) -> Result<Terms, Act> {
        let interval = self.rulebook.liquidation.step_interval;
        let (keepers, case) = (rules.keepers, self.case(account));
        let waited = self.now.since(case.since);
        if keepers.notional_per_event.is_some_and(|most| self.taken_on >= money(most)) {
            let lost = keepers.patience.nanos() > 0 && waited >= keepers.patience;
            return Err(if lost {
                self.raise(account, RaiseReason::NoBidder)
            } else {
                let left = keepers.patience.nanos() - waited.nanos();
                let long = interval.nanos().saturating_mul(60);
                let span = match keepers.notional_per_event {
                    Some(0) if left > 0 => left.min(long),
                    Some(0) => long,
                    _ => interval.nanos(),
                };
                Act::Wait(Duration::from_nanos(span), WaitReason::Keepers)
            });
        }
        let cap = rules.caps.notional_per_account;
        if cap > 0 && self.meter.closed >= money(cap) {
            return Err(Act::Wait(interval, WaitReason::Cap));
        }
        match offer(&rules.price, now, waited, self.now.since(case.auction_at)) {
            Some((terms, discount))
                if discount >= super::terms::raised(&share(keepers.discount)) =>
            {
                Ok(terms)
            }
            Some(_) => {
                let held = self.account(account);
                // Where depth is finite the auction spares the book: equity before its costs.
                let mut free = self.clone();
                if !self.depth.is_empty() {
                    let nothing = || whole(0);
                    free.terms = Some(Terms {
                        position: Concession::Share(nothing()),
                        sale: SaleConcession::Less(nothing()),
                    });
                }
                if held.positions.is_empty() || free.covers(held) {
                    Err(Act::Wait(interval, WaitReason::Auction))
                } else {
                    Ok(Terms::default())
                }
            }
            None => {
                let auctions = case.auctions + 1;
                self.put_case(account, Case { auctions, auction_at: self.now, ..case });
                Err(if auctions < keepers.auctions {
                    Act::Wait(interval, WaitReason::Auction)
                } else {
                    self.raise(account, RaiseReason::NoBidder)
                })
            }
        }
    }

    /// After something was closed, what a cap or the keepers leave must be a lot at least.
    fn starved(&self, rules: &SellingRules, case: &Case, position: &Position) -> Option<Act> {
        let interval = self.rulebook.liquidation.step_interval;
        let lot = self.notional(position, self.rules_of(position.instrument).lot.units());
        let cap = rules.caps.notional_per_account;
        let (closed, taken_on) = (self.meter.closed, self.taken_on);
        if case.full {
            None
        } else if cap > 0 && closed > 0 && money(cap) - closed < lot {
            Some(Act::Wait(interval, WaitReason::Cap))
        } else if rules
            .keepers
            .notional_per_event
            .is_some_and(|most| taken_on > 0 && money(most) - taken_on < lot)
        {
            Some(Act::Wait(interval, WaitReason::Keepers))
        } else {
            None
        }
    }

    fn ask(&self, rules: &SellingRules, now: &Assessment, case: &Case) -> Ask {
        if case.full {
            return Ask { whole: true, ..Ask::TO_RELEASE };
        }
        let mut bounds = Vec::new();
        if rules.caps.notional_per_account > 0 {
            bounds.push(money(rules.caps.notional_per_account) - self.meter.closed);
        }
        if let Some(most) = rules.keepers.notional_per_event {
            bounds.push(money(most) - self.taken_on);
        }
        if let Sizing::Clips { notional, .. } = rules.sizing {
            bounds.push(money(notional));
        }
        let waited = self.now.since(case.since);
        Ask {
            goal: super::planning::goal_in_time(rules.sizing, now.shortfall(), case.freed, waited),
            most: bounds.into_iter().min(),
            whole: false,
            sizing: rules.sizing,
            part: None,
        }
    }

    fn close_by_rules(
        &mut self,
        account: AccountId,
        rules: &SellingRules,
        mut ask: Ask,
        position: &Position,
        ranking: &mut Ranking,
    ) -> Act {
        let case = self.case(account);
        let notional = self.notional(position, position.quantity.units());
        let first = rules
            .caps
            .first
            .filter(|first| !case.full && !case.begun && notional > money(first.above));
        ask.part = first.map(|first| first.share);
        if !case.full
            && matches!(rules.sizing, Sizing::Slice)
            && let Some(slice) = self.plan_slice(self.account(account), &ask)
        {
            if slice.toxic {
                return self.raise(account, RaiseReason::Toxic);
            }
            for (position, closing) in &slice.closings {
                self.meter.closed += self.notional(position, closing.fill.quantity);
                self.trade_forced(account, position, Stage::Partial, closing.fill);
                self.charge(account, position, closing);
            }
            return self.after_step(rules, false);
        }
        match self.plan_by_rules(self.account(account), position, &ask) {
            Step::Close { toxic: true, .. } if !case.full => {
                self.raise(account, RaiseReason::Toxic)
            }
            Step::Close { closing, .. } => {
                let stage = if case.full { Stage::FullClose } else { Stage::Partial };
                self.meter.closed += self.notional(position, closing.fill.quantity);
                self.trade_forced(account, position, stage, closing.fill);
                self.charge(account, position, &closing);
                match first {
                    Some(first) => {
                        let case = self.case(account);
                        self.put_case(account, Case { begun: true, ..case });
                        Act::Then(first.cooldown, WaitReason::Cooldown)
                    }
                    None => self.after_step(rules, case.full),
                }
            }
            // What a taker asks is more than equity has: the price of last resort may be less.
            Step::Default { .. } if !case.full && self.concedes_a_share() => {
                self.raise(account, RaiseReason::Toxic)
            }
            Step::DefaultOnBook { .. } if !case.full && self.has_own_price() => {
                self.raise(account, RaiseReason::Toxic)
            }
            Step::Default { lack } => {
                self.close_by_waterfall(account, position, lack, ranking);
                Act::Done
            }
            Step::DefaultOnBook { allocated } => {
                self.close_on_book(account, position, allocated, ranking);
                self.done_unless_untaken(account, position)
            }
            Step::Wait if !case.full && self.lost_patience(rules, &case) => {
                self.raise(account, RaiseReason::NoBidder)
            }
            Step::Wait => Act::Untaken(position.instrument),
        }
    }

    fn done_unless_untaken(&self, account: AccountId, before: &Position) -> Act {
        let after = self.account(account).positions.get(&before.instrument);
        let untaken = after.is_some_and(|after| after.quantity == before.quantity);
        if untaken { Act::Untaken(before.instrument) } else { Act::Done }
    }

    /// Whether nobody took the account on for as long as keepers' patience lasts.
    fn lost_patience(&self, rules: &SellingRules, case: &Case) -> bool {
        let patience = rules.keepers.patience;
        let over = patience.nanos() > 0 && self.now.since(case.since) >= patience;
        over && self.has_own_price() && !rules.price.is_auction()
    }

    fn sell_by_rules(
        &mut self,
        account: AccountId,
        rules: &SellingRules,
        ask: &Ask,
        now: &Assessment,
    ) -> Act {
        let full = self.case(account).full;
        let held = self.account(account).clone();
        let Some(sale) = self.plan_sale_asked(&held, ask) else {
            if self.waits_for_depth(&held) {
                return Act::Exhausted;
            }
            self.absorb_debts(account);
            return Act::Bankrupt;
        };
        let worth = |asset, amount: i128| whole(amount * self.index_price(asset));
        let paid = worth(sale.debt_asset, sale.proceeds);
        let least = whole(1) + super::terms::raised(&share(rules.keepers.discount));
        let lot = matches!(rules.price, PriceFunction::LotThenBid { .. });
        if lot && !full && worth(sale.asset, sale.amount) < paid * least {
            let interval = self.rulebook.liquidation.step_interval;
            return Act::Wait(interval, WaitReason::Auction);
        }
        let after = self.assess(&self.after_sale(&held, &sale));
        if !full && (after.shortfall() > now.shortfall() || self.ruins(&held)) {
            return self.raise(account, RaiseReason::Toxic);
        }
        let quote = sale.amount * self.scale(sale.asset);
        self.meter.closed += self.worth(sale.asset, quote, Rounding::Up);
        self.sell(account, &sale);
        self.after_step(rules, full)
    }

    /// What takers of collateral earn exceeds equity, and the price of last resort leaves more.
    fn ruins(&self, account: &Account) -> bool {
        let earns = self.terms.as_ref().is_some_and(|terms| {
            !matches!(terms.sale, SaleConcession::Slippage | SaleConcession::Lot { .. })
        });
        let last_resort = State { terms: None, ..self.clone() };
        let left = |state: &Self| state.solvency(account).realisable;
        earns && !self.covers(account) && left(&last_resort) > left(self)
    }

    fn has_own_price(&self) -> bool {
        let last_resort = |one: &Concession| matches!(one, Concession::Slippage);
        self.terms.as_ref().is_some_and(|terms| !last_resort(&terms.position))
    }

    fn concedes_a_share(&self) -> bool {
        let shares = |one: &Concession| matches!(one, Concession::Share(_) | Concession::Fee(_));
        self.terms.as_ref().is_some_and(|terms| shares(&terms.position))
    }

    fn after_step(&self, rules: &SellingRules, full: bool) -> Act {
        match rules.sizing {
            Sizing::Clips { interval, .. } if !full => Act::Then(interval, WaitReason::Clip),
            Sizing::Share { .. } if !full => {
                Act::Then(self.rulebook.liquidation.step_interval, WaitReason::Share)
            }
            _ => Act::Done,
        }
    }

    fn seize_unsold(&mut self, account: AccountId) -> Outcome {
        for asset in self.asset_ids() {
            let unsold = self.rulebook.sections.selling.sales.unsold.contains(&asset);
            let held = self.account(account).balances.get(&asset).map(|row| row.amount);
            if let Some(amount) = held.filter(|amount| unsold && amount.is_positive()) {
                let fund = Holder::House(HouseAccount::InsuranceFund);
                self.transfer((Holder::Client(account), fund), asset, amount.units());
                let amount = Amount::new(amount.units());
                self.effects.push(Effect::CollateralSeized { account, asset, amount });
            }
        }
        Outcome::Bankrupt
    }
}

fn below(now: &Assessment, line: &HandOver) -> bool {
    whole(now.adjusted) < whole(now.maintenance) * share(line.line)
}
