//! Selling out one account where the rulebook chooses how: terms, sizes, caps, keepers, auctions.
//!
//! Acts follow each other until release, until nothing is left, or until the rules make the account
//! wait for a pulse. Law: an act that would raise the shortfall is toxic and raises the stage
//! instead; at the last stage everything is closed at mark less slippage, the price of last resort;
//! every act closes a lot, repays debt or raises the stage, so a cascade ends.

use crate::case::Case;
use crate::closeout::CloseOut;
use crate::settlement::{post_all, transfer};
use alloc::vec::Vec;
use domain::effect::{Outcome, RaiseReason, Stage, WaitReason};
use domain::rulebook::{Caps, HandOver, Keepers, PriceFunction, Sizing};
use domain::wide::cmp_products;
use domain::{
    Amount, AssetId, Duration, Effect, Holder, HouseAccount, InstrumentId, Position, Rounding,
    Timestamp, Value, Weighted,
};
use risk::liquidation::{notional_of, solvency};
use risk::number::Fixed;
use risk::prices::INDEX_ONE;
use risk::selling::{self, Ask, goal_in_time};
use risk::terms::{Concession, Offer, SaleConcession, Terms, offer};
use risk::{Assessment, Prices, assess};

/// What became of one act.
pub(crate) enum Act {
    /// The account changed: look again.
    Done,
    /// The account changed and, unless that was enough, waits.
    Then(Duration, WaitReason),
    /// Nothing can be done before this much time has passed.
    Wait(Duration, WaitReason),
    /// Neither the book nor takers take a lot of this now.
    Untaken(InstrumentId),
    /// What is left cannot be traded now.
    Blocked,
    /// The books that collateral is sold into take nothing now.
    Exhausted,
    /// Nothing was left to close or sell: its debts were absorbed.
    Bankrupt,
}

/// The choices that an act looks at.
#[derive(Clone, Copy)]
pub(crate) struct Choices {
    pub sizing: Sizing,
    pub price: PriceFunction,
    pub caps: Caps,
    pub keepers: Keepers,
    pub hand_over: Option<HandOver>,
    pub interval: Duration,
}

/// Whole units of the numeraire.
pub(crate) fn money(units: u64) -> Value {
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
            self.books.look(account, self.effects.len());
            self.postpone(comes_at, WaitReason::Keepers);
            return None;
        }
        post_all(self.books, account, self.effects);
        self.open_books();
        let mut tried = Vec::new();
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
            let full = self.books.case(account).full;
            let act = self.act(&choices, &assessment, taken_on, &tried);
            self.books.terms = None;
            if self.books.case(account).full != full {
                tried.clear();
            }
            match act {
                Act::Done => acted = true,
                Act::Untaken(instrument) => tried.push(instrument),
                Act::Then(span, reason) => (acted, wait) = (true, Some((span, reason))),
                Act::Wait(span, reason) => {
                    self.postpone(now.plus(span), reason);
                    return None;
                }
                Act::Blocked => {
                    self.skip(!tried.is_empty());
                    return None;
                }
                Act::Exhausted => {
                    self.skip(true);
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

    pub fn raise(&mut self, reason: RaiseReason) -> Act {
        let account = self.account;
        let case = self.books.case(account);
        self.books.put_case(account, Case { full: true, ..case });
        let stage = Stage::FullClose;
        self.effects.push(Effect::StageRaised { account, stage, reason });
        Act::Done
    }

    fn act(
        &mut self,
        choices: &Choices,
        assessment: &Assessment,
        taken_on: &mut Value,
        tried: &[InstrumentId],
    ) -> Act {
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
                Ok(terms) => {
                    self.books.terms = Some(terms);
                    self.books.look_at_terms(self.account);
                }
                Err(act) => return act,
            }
        }
        let ask = self.ask(choices, assessment, &case, *taken_on);
        let before = self.closed;
        let target = selling::target(&self.portfolio(), &self.books.prices(), tried);
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

    /// Where depth is finite an auction spares the book, so equity is looked at before its costs.
    fn covers_its_closing(&self) -> bool {
        let portfolio = self.portfolio();
        let flat = portfolio.positions().next().is_none();
        let nothing = Fixed::default();
        let free =
            Terms { position: Concession::Share(nothing), sale: SaleConcession::Less(nothing) };
        let terms = Some(&free).filter(|_| self.books.depth.is_finite());
        flat || solvency(&portfolio, &Prices { terms, ..self.books.prices() }).covers()
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
