//! One act of a liquidation by the rulebook's choices: a position, a slice of all, or collateral.
//!
//! Law: at a partial stage an act that raises the shortfall, or that costs more than equity has
//! where the price of last resort may leave more, is not carried out: it raises the stage.

use crate::case::Case;
use crate::closeout::CloseOut;
use crate::selling::{Act, Choices, money};
use crate::waterfall::{absorb_debts, close_by_waterfall};
use crate::waterfall_on_book::close_on_book;
use domain::effect::{RaiseReason, Stage, WaitReason};
use domain::rulebook::{PriceFunction, Sizing};
use domain::{Position, Quote, Rounding};
use risk::liquidation::{Step, notional_of, solvency};
use risk::number::Fixed;
use risk::selling::{self, Ask};
use risk::terms::{Concession, SaleConcession};
use risk::{Assessment, Prices, assess, sale, slice};

impl CloseOut<'_> {
    pub fn close_by_rules(
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
            Step::DefaultOnBook { .. } if !case.full && self.has_own_price() => {
                self.raise(RaiseReason::Toxic)
            }
            Step::Default { lack } => {
                close_by_waterfall(self, position, lack);
                Act::Done
            }
            Step::DefaultOnBook { allocated } => {
                close_on_book(self, position, allocated);
                let after = self.books.accounts.position(self.account, position.instrument);
                let untaken = after.is_some_and(|after| after.quantity == position.quantity);
                if untaken { Act::Untaken(position.instrument) } else { Act::Done }
            }
            Step::Wait if !case.full && self.lost_patience(choices, case) => {
                self.raise(RaiseReason::NoBidder)
            }
            Step::Wait => Act::Untaken(position.instrument),
        }
    }

    /// Whether nobody took the account on for so long that the price of last resort is asked.
    fn lost_patience(&self, choices: &Choices, case: &Case) -> bool {
        let patience = choices.keepers.patience;
        let over = patience.nanos() > 0 && self.books.now() >= case.since.plus(patience);
        over && self.has_own_price() && !choices.price.is_auction()
    }

    /// Whether the terms of the step are other than those of last resort.
    fn has_own_price(&self) -> bool {
        self.books.terms.is_some_and(|terms| terms.position != Concession::Slippage)
    }

    /// Whether what takers of collateral earn exceeds equity, where the price of last resort leaves
    /// more: with a bonus, beyond a debt of 1/(1 + bonus) of the collateral.
    fn ruins(&self) -> bool {
        let prices = self.books.prices();
        let earns = prices.terms.is_some_and(|terms| {
            !matches!(terms.sale, SaleConcession::Slippage | SaleConcession::Lot { .. })
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
        let shares = |one| matches!(one, Concession::Share(_) | Concession::Fee(_));
        self.books.terms.is_some_and(|terms| shares(terms.position))
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

    pub fn sell_by_rules(
        &mut self,
        choices: &Choices,
        ask: &Ask,
        case: &Case,
        assessment: &Assessment,
    ) -> Act {
        let prices = self.books.prices();
        let portfolio = self.portfolio();
        let Some(sale) = sale::plan_asked(&portfolio, &prices, ask) else {
            if sale::waits(&portfolio, &prices) {
                return Act::Exhausted;
            }
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
