//! Selling out one account where the rulebook chooses how: terms, sizes, caps, keepers, auctions.
//!
//! Acts follow each other until release, until nothing is left, or until the rules make the account
//! wait for a pulse. Law: an act that would raise the shortfall is toxic and raises the stage
//! instead; at the last stage everything is closed at mark less slippage, the price of last resort;
//! every act closes a lot, repays debt or raises the stage, so a cascade ends.

use crate::case::Case;
use crate::closeout::CloseOut;
use crate::settlement::{post_all, transfer};
use crate::waterfall::{absorb_debts, close_by_waterfall};
use alloc::vec::Vec;
use domain::effect::{Outcome, RaiseReason, Stage, WaitReason};
use domain::rulebook::{Caps, HandOver, Keepers, PriceFunction, Sizing};
use domain::wide::cmp_products;
use domain::{
    Amount, AssetId, Duration, Effect, Holder, HouseAccount, Position, Quote, Rounding, Timestamp,
    Value, Weighted,
};
use risk::liquidation::{Step, notional_of, solvency};
use risk::number::Fixed;
use risk::prices::INDEX_ONE;
use risk::selling::{self, Ask, goal_in_time};
use risk::terms::{Concession, Offer, SaleConcession, Terms, offer};
use risk::{Assessment, Prices, assess, sale, slice};

/// What became of one act.
enum Act {
    /// The account changed: look again.
    Done,
    /// The account changed and, unless that was enough, waits.
    Then(Duration, WaitReason),
    /// Nothing can be done before this much time has passed.
    Wait(Duration, WaitReason),
    /// What is left cannot be traded now.
    Blocked,
    /// Nothing was left to close or sell: its debts were absorbed.
    Bankrupt,
}

/// The choices that an act looks at.
#[derive(Clone, Copy)]
struct Choices {
    sizing: Sizing,
    price: PriceFunction,
    caps: Caps,
    keepers: Keepers,
    hand_over: Option<HandOver>,
    interval: Duration,
}

/// Whole units of the numeraire.
fn money(units: u64) -> Value {
    Value::new(i128::from(units) * INDEX_ONE)
}

impl CloseOut<'_> {
    /// Acts by the rulebook's choices; `taken_on` is what keepers have taken on by this event.
    /// `None`: the account waits for a pulse.
    pub fn run_by_rules(&mut self, taken_on: &mut Value) -> Option<Outcome> {
        let (account, now) = (self.account, self.books.now());
        let case = self.books.case(account);
        self.books.put_case(account, case);
        let choices = self.choices();
        let comes_at = case.since.plus(choices.keepers.delay);
        if comes_at > now {
            self.postpone(comes_at, WaitReason::Keepers);
            return None;
        }
        post_all(self.books, account, self.effects);
        let portfolio = self.portfolio();
        let had_positions = portfolio.positions().next().is_some();
        let rows = portfolio.positions().count() + portfolio.balances().count();
        let (mut bankrupt, mut acted, mut wait) = (false, false, None);
        for _ in 0..4 * rows + 4 {
            self.books.look(account, self.effects.len());
            let portfolio = self.portfolio();
            if !portfolio.is_exposed() {
                return Some(match (bankrupt, had_positions) {
                    (true, _) => self.seize_unsold(),
                    (false, true) => Outcome::ClosedOut,
                    (false, false) => Outcome::Released,
                });
            }
            let assessment = assess(&portfolio, &self.books.prices());
            let open = portfolio.positions().next().is_some();
            let whole =
                self.books.case(account).full || matches!(choices.sizing, Sizing::AllAtOnce);
            let goes_on = acted && open && whole;
            if !assessment.shortfall().is_positive() && !goes_on {
                return Some(Outcome::Released);
            }
            if let Some((span, reason)) = wait {
                self.postpone(now.plus(span), reason);
                return None;
            }
            let act = self.act(&choices, &assessment, taken_on);
            self.books.terms = None;
            match act {
                Act::Done => acted = true,
                Act::Then(span, reason) => (acted, wait) = (true, Some((span, reason))),
                Act::Wait(span, reason) => {
                    self.postpone(now.plus(span), reason);
                    return None;
                }
                Act::Blocked => {
                    self.skip(false);
                    return None;
                }
                Act::Bankrupt => bankrupt = true,
            }
        }
        None
    }

    fn choices(&self) -> Choices {
        let rules = &self.books.rulebook.sections.selling;
        Choices {
            sizing: rules.sizing,
            price: rules.price,
            caps: rules.caps,
            keepers: rules.keepers,
            hand_over: rules.hand_over,
            interval: self.books.rulebook.liquidation.step_interval,
        }
    }

    fn postpone(&mut self, until: Timestamp, reason: WaitReason) {
        let account = self.account;
        let case = self.books.case(account);
        self.books.put_case(account, Case { wake_at: until, ..case });
        self.effects.push(Effect::StepPostponed { account, until, reason });
    }

    fn raise(&mut self, reason: RaiseReason) -> Act {
        let account = self.account;
        let case = self.books.case(account);
        self.books.put_case(account, Case { full: true, ..case });
        let stage = Stage::FullClose;
        self.effects.push(Effect::StageRaised { account, stage, reason });
        Act::Done
    }

    fn act(&mut self, choices: &Choices, assessment: &Assessment, taken_on: &mut Value) -> Act {
        let case = self.books.case(self.account);
        let open = self.portfolio().positions().next().is_some();
        if !case.full {
            if open
                && let Some(hand_over) = choices.hand_over
                && below(assessment, &hand_over)
            {
                let taken = hand_over.backstop.is_some_and(|backstop| self.take_over(backstop));
                return if taken { Act::Done } else { self.raise(RaiseReason::CloseOutLine) };
            }
            match self.terms(choices, assessment, &case, *taken_on) {
                Ok(terms) => self.books.terms = Some(terms),
                Err(act) => return act,
            }
        }
        let ask = self.ask(choices, assessment, &case, *taken_on);
        let before = self.closed;
        let target = selling::target(&self.portfolio(), &self.books.prices());
        let act = match target {
            Some(position) => match self.starved(choices, &case, &position, *taken_on) {
                Some(act) => act,
                None => self.close_by_rules(choices, ask, &case, &position),
            },
            None if open => Act::Blocked,
            None => self.sell_by_rules(choices, &ask, &case, assessment),
        };
        *taken_on += self.closed - before;
        if matches!(choices.sizing, Sizing::Share { .. }) {
            self.note_freed(assessment.shortfall());
        }
        act
    }

    /// The terms of a partial step, or why there is none now.
    fn terms(
        &mut self,
        choices: &Choices,
        assessment: &Assessment,
        case: &Case,
        taken_on: Value,
    ) -> Result<Terms, Act> {
        let now = self.books.now();
        let Choices { keepers, caps, interval, .. } = *choices;
        if keepers.notional_per_event.is_some_and(|most| taken_on >= money(most)) {
            let patience = keepers.patience;
            let lost = patience.nanos() > 0 && now >= case.since.plus(patience);
            return Err(if lost {
                self.raise(RaiseReason::NoBidder)
            } else {
                let left = case.since.plus(patience).since(now);
                Act::Wait(until_keepers(&keepers, interval, left), WaitReason::Keepers)
            });
        }
        if caps.notional_per_account > 0 && self.closed >= money(caps.notional_per_account) {
            return Err(Act::Wait(interval, WaitReason::Cap));
        }
        let (waited, auctioned) = (now.since(case.since), now.since(case.auction_at));
        match offer(&choices.price, assessment, waited, auctioned) {
            Offer::Open { terms, discount } => {
                let least = Fixed::of_ratio(keepers.discount, Rounding::Up);
                if discount >= least {
                    Ok(terms)
                } else if self.covers_its_closing() {
                    Err(Act::Wait(interval, WaitReason::Auction))
                } else {
                    // Nobody bids for what costs more than it brings: the waterfall is due.
                    Ok(Terms::default())
                }
            }
            Offer::Over => {
                let auctions = case.auctions.saturating_add(1);
                let case = Case { auctions, auction_at: now, ..*case };
                self.books.put_case(self.account, case);
                Err(if auctions < keepers.auctions {
                    Act::Wait(interval, WaitReason::Auction)
                } else {
                    self.raise(RaiseReason::NoBidder)
                })
            }
        }
    }

    /// After something was closed, what a cap or the keepers leave must be a lot at least.
    fn starved(
        &self,
        choices: &Choices,
        case: &Case,
        position: &Position,
        taken_on: Value,
    ) -> Option<Act> {
        if case.full {
            return None;
        }
        let prices = self.books.prices();
        let lot = prices.instrument_rules(position.instrument).lot;
        let lot = notional_of(position, lot, &prices);
        let cap = choices.caps.notional_per_account;
        let most = choices.keepers.notional_per_event;
        if cap > 0 && self.closed.is_positive() && money(cap) - self.closed < lot {
            return Some(Act::Wait(choices.interval, WaitReason::Cap));
        }
        let few = most.is_some_and(|most| taken_on.is_positive() && money(most) - taken_on < lot);
        few.then_some(Act::Wait(choices.interval, WaitReason::Keepers))
    }

    fn covers_its_closing(&self) -> bool {
        let portfolio = self.portfolio();
        let flat = portfolio.positions().next().is_none();
        flat || solvency(&portfolio, &self.books.prices()).covers()
    }

    fn ask(&self, choices: &Choices, assessment: &Assessment, case: &Case, taken_on: Value) -> Ask {
        if case.full {
            return Ask { whole: true, ..Ask::TO_RELEASE };
        }
        let cap = choices.caps.notional_per_account;
        let bounds = [
            (cap > 0).then(|| money(cap) - self.closed),
            choices.keepers.notional_per_event.map(|most| money(most) - taken_on),
            match choices.sizing {
                Sizing::Clips { notional, .. } => Some(money(notional)),
                _ => None,
            },
        ];
        let waited = self.books.now().since(case.since);
        Ask {
            goal: goal_in_time(&choices.sizing, assessment.shortfall(), case.freed, waited),
            most: bounds.into_iter().flatten().min(),
            whole: false,
            sizing: choices.sizing,
            part: None,
        }
    }

    fn close_by_rules(
        &mut self,
        choices: &Choices,
        mut ask: Ask,
        case: &Case,
        position: &Position,
    ) -> Act {
        let prices = self.books.prices();
        let notional = notional_of(position, position.quantity, &prices);
        let first = choices.caps.first.filter(|_| !case.full && !case.begun);
        let first = first.filter(|first| notional > money(first.above));
        ask.part = first.map(|first| first.share);
        if matches!(choices.sizing, Sizing::Slice)
            && !case.full
            && let Some(slice) = slice::plan(&self.portfolio(), &prices, &ask)
        {
            return self.close_slice(choices, &slice);
        }
        match selling::plan(&self.portfolio(), &prices, position, &ask) {
            Step::Close { toxic: true, .. } if !case.full => self.raise(RaiseReason::Toxic),
            Step::Close { closing, .. } => {
                let stage = if case.full { Stage::FullClose } else { Stage::Partial };
                self.closed += notional_of(position, closing.quantity, &prices);
                self.execute(position, stage, &closing);
                if let Some(first) = first {
                    let case = self.books.case(self.account);
                    self.books.put_case(self.account, Case { begun: true, ..case });
                    return Act::Then(first.cooldown, WaitReason::Cooldown);
                }
                after_step(choices, case)
            }
            // What a taker asks is more than equity has: the price of last resort may be less.
            Step::Default { .. } if !case.full && self.concedes_a_share() => {
                self.raise(RaiseReason::Toxic)
            }
            Step::Default { lack } => {
                close_by_waterfall(self, position, lack);
                Act::Done
            }
            // Books are opened for the plain policy alone; a rulebook with both is refused.
            Step::DefaultOnBook { .. } | Step::Wait => Act::Done,
        }
    }

    /// Whether what takers of collateral earn exceeds equity, where the price of last resort leaves
    /// more: with a bonus, beyond a debt of 1/(1 + bonus) of the collateral.
    fn ruins(&self) -> bool {
        let prices = self.books.prices();
        let earns = prices.terms.is_some_and(|terms| {
            matches!(terms.sale, SaleConcession::Less(_) | SaleConcession::Bonus(_))
        });
        if !earns {
            return false;
        }
        let last_resort = Prices { terms: None, ..prices };
        let portfolio = self.portfolio();
        let now = solvency(&portfolio, &prices);
        !now.covers() && solvency(&portfolio, &last_resort).realisable > now.realisable
    }

    fn concedes_a_share(&self) -> bool {
        self.books.terms.is_some_and(|terms| matches!(terms.position, Concession::Share(_)))
    }

    fn close_slice(&mut self, choices: &Choices, slice: &slice::Slice) -> Act {
        if slice.toxic {
            return self.raise(RaiseReason::Toxic);
        }
        for (position, closing) in &slice.closings {
            self.closed += notional_of(position, closing.quantity, &self.books.prices());
            self.execute(position, Stage::Partial, closing);
        }
        after_step(choices, &Case::new(self.books.now()))
    }

    fn sell_by_rules(
        &mut self,
        choices: &Choices,
        ask: &Ask,
        case: &Case,
        assessment: &Assessment,
    ) -> Act {
        let prices = self.books.prices();
        let portfolio = self.portfolio();
        let Some(sale) = sale::plan_asked(&portfolio, &prices, ask) else {
            absorb_debts(self);
            return Act::Bankrupt;
        };
        let least = Fixed::of_ratio(choices.keepers.discount, Rounding::Up);
        let lot = matches!(choices.price, PriceFunction::LotThenBid { .. });
        if lot && !case.full && !sale::gains(&prices, &sale, least) {
            return Act::Wait(choices.interval, WaitReason::Auction);
        }
        let after = assess(&portfolio.with(sale.change), &prices);
        let rises = after.shortfall() > assessment.shortfall();
        if !case.full && (rises || self.ruins()) {
            return self.raise(RaiseReason::Toxic);
        }
        let scale = prices.asset_rules(sale.asset).scale();
        let sold = Quote::new(sale.amount.units() * scale);
        self.closed += prices.worth(sale.asset, sold, Rounding::Up);
        self.sell(&sale);
        after_step(choices, case)
    }

    /// Adds what an act took off the shortfall to what was freed before.
    fn note_freed(&mut self, before: Weighted) {
        let after = assess(&self.portfolio(), &self.books.prices()).shortfall();
        let case = self.books.case(self.account);
        let gained = (before - after).max(Weighted::ZERO);
        self.books.put_case(self.account, Case { freed: case.freed + gained, ..case });
    }

    /// Collateral that nobody buys goes to the insurance fund once the debts are absorbed.
    fn seize_unsold(&mut self) -> Outcome {
        let account = self.account;
        let unsold = &self.books.rulebook.sections.selling.sales.unsold;
        let rows = self.books.accounts.balances(account).iter();
        let seized: Vec<(AssetId, Amount)> = rows
            .filter(|row| row.amount.is_positive() && unsold.contains(&row.asset))
            .map(|row| (row.asset, row.amount))
            .collect();
        for (asset, amount) in seized {
            let sides = (Holder::Client(account), Holder::House(HouseAccount::InsuranceFund));
            transfer(self.books, sides, asset, amount);
            self.effects.push(Effect::CollateralSeized { account, asset, amount });
        }
        Outcome::Bankrupt
    }
}

/// When to look whether keepers came: at the next pulse if they only have their hands full; of
/// absent ones nothing is expected that soon, sixty pulses or what is left of patience.
fn until_keepers(keepers: &Keepers, interval: Duration, left: Duration) -> Duration {
    if keepers.notional_per_event != Some(0) {
        return interval;
    }
    let long = Duration::from_nanos(interval.nanos().saturating_mul(60));
    if left.nanos() > 0 { left.min(long) } else { long }
}

/// The pause that the sizing makes after a step.
fn after_step(choices: &Choices, case: &Case) -> Act {
    match choices.sizing {
        _ if case.full => Act::Done,
        Sizing::Clips { interval, .. } => Act::Then(interval, WaitReason::Clip),
        Sizing::Share { .. } => Act::Then(choices.interval, WaitReason::Share),
        _ => Act::Done,
    }
}

/// Whether adjusted equity lies below the close-out line.
fn below(assessment: &Assessment, hand_over: &HandOver) -> bool {
    let line = hand_over.line;
    cmp_products(
        assessment.adjusted_equity.units(),
        i128::from(line.denominator()),
        assessment.requirement.maintenance.units(),
        i128::from(line.numerator()),
    )
    .is_lt()
}
