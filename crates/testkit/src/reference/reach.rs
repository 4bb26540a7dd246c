//! What can be closed of a position where its instrument has depth, on the terms of the step.

use super::depth::{ONE, OpenBook};
use super::exact::{over, share, up, whole};
use super::planning::Ask;
use super::sizing::{Solvency, Step};
use super::state::{Account, State};
use super::terms::Concession;
use domain::rulebook::Sizing;
use domain::{InstrumentId, Position};

impl State {
    fn is_taken(&self) -> bool {
        matches!(self.terms.as_ref().map(|terms| &terms.position), Some(Concession::Share(_)))
    }

    /// The book that the house trades in; none for what a taker takes on.
    pub fn walked(&self, instrument: InstrumentId) -> Option<&OpenBook> {
        if self.is_taken() { None } else { self.book(instrument) }
    }

    /// The book that a taker unloads into.
    pub fn hedged(&self, instrument: InstrumentId) -> Option<&OpenBook> {
        let hedges = self.rulebook.sections.takers.hedge && self.is_taken();
        if hedges { self.book(instrument) } else { None }
    }

    /// Lots that can be closed now; `None` for all of them.
    pub fn reachable(&self, position: &Position) -> Option<i64> {
        let size = position.quantity.magnitude().units();
        if let Some(book) = self.walked(position.instrument) {
            let can = self.fillable(position, size);
            let limit = match self.terms.as_ref().map(|terms| &terms.position) {
                Some(Concession::OfMargin { rating, spread }) => {
                    self.share_of_margin(position, rating, *spread)
                }
                _ => return Some(can),
            };
            return Some(self.most_lots(position, can, |size| {
                let (side, sign) = if position.quantity.is_negative() { (1, -1) } else { (0, 1) };
                let at = &book.sides[side];
                let reached = book.curve.distance(at.consumed + i128::from(size) * at.measure);
                let given = over(reached + book.half_spread, ONE) * whole(at.measure);
                let last = whole(at.anchor) - given * whole(sign);
                let mark = whole(self.instrument(position.instrument).mark.wide());
                let worst = mark * (whole(1) - limit.clone() * whole(sign));
                (last - worst) * whole(sign) >= whole(0)
            }));
        }
        let book = self.hedged(position.instrument)?;
        let least = share(self.rulebook.sections.selling.keepers.discount);
        Some(self.most_lots(position, self.fillable(position, size), |size| {
            let side = usize::from(position.quantity.is_negative());
            let at_mark = i128::from(size) * self.instrument(position.instrument).mark.wide();
            let gross = i128::from(size) * book.sides[side].anchor;
            let gap = if side == 1 { gross - at_mark } else { at_mark - gross };
            let cost = book.conceded(side, size) + gap;
            self.conceded(position, at_mark) >= cost + up(&(whole(at_mark) * &least))
        }))
    }

    /// The most lots that fit, by halving.
    fn most_lots(&self, position: &Position, can: i64, fits: impl Fn(i64) -> bool) -> i64 {
        let lot = self.rules_of(position.instrument).lot.units();
        let held = position.quantity.magnitude().units();
        let (mut fit, mut exceed) = (0, can.saturating_add(1));
        while exceed - fit > 1 {
            let middle = fit + (exceed - fit) / 2;
            if fits(middle.saturating_mul(lot).min(held)) {
                fit = middle;
            } else {
                exceed = middle;
            }
        }
        fit
    }

    /// The step within what is asked where so many lots can be closed now.
    pub fn plan_within(
        &self,
        account: &Account,
        position: &Position,
        ask: &Ask,
        solvency: &Solvency,
        can: i64,
    ) -> Step {
        let covered = solvency.realisable >= solvency.cost;
        let default = || {
            if self.is_taken() {
                Step::Default { lack: self.lack(account, position, solvency) }
            } else {
                Step::DefaultOnBook { allocated: self.own_quote(account, position, solvency) }
            }
        };
        if can == 0 {
            return if covered { Step::Wait } else { default() };
        }
        let of = |lots: i64| self.closing_lots(account, position, lots, solvency);
        let short = |lots: i64| self.assess_after(account, position, of(lots)).shortfall();
        let (reaches, wanted) = match ask.sizing {
            _ if ask.whole => (false, Some(can)),
            Sizing::Full | Sizing::AllAtOnce => (false, Some(can)),
            Sizing::Cover => {
                let lots = self.cover(position, solvency);
                (false, lots.map(|lots| lots.clamp(1, can)))
            }
            _ => self.lots_to_goal(can, ask.goal, &short),
        };
        if !reaches && !covered {
            return default();
        }
        let Some(wanted) = wanted else {
            let closing = of(self.capped(position, ask, can));
            return Step::Close { closing, toxic: true };
        };
        let mut lots = self.capped(position, ask, wanted);
        let all = self.lots_up(position, position.quantity.magnitude().wide());
        if can == all && self.leaves_dust(position, lots) {
            lots = all;
        }
        Step::Close { closing: of(lots), toxic: !ask.whole && short(lots) > solvency.shortfall }
    }

    /// The fewest lots that reach a goal; else, unreached, as many as lower the shortfall, if any.
    fn lots_to_goal(
        &self,
        can: i64,
        goal: i128,
        short: &impl Fn(i64) -> i128,
    ) -> (bool, Option<i64>) {
        let fewest = |enough: i64| {
            let (mut too_few, mut enough) = (0, enough);
            while enough - too_few > 1 {
                let middle = too_few + (enough - too_few) / 2;
                if short(middle) <= goal { enough = middle } else { too_few = middle }
            }
            enough
        };
        if short(can) <= goal {
            return (true, Some(fewest(can)));
        }
        let (mut falls, mut rises) = (0, can + 1);
        while rises - falls > 1 {
            let middle = falls + (rises - falls) / 2;
            if short(middle) < short(middle - 1) { falls = middle } else { rises = middle }
        }
        match falls {
            0 => (false, None),
            _ if short(falls) <= goal => (true, Some(fewest(falls))),
            _ => (false, Some(falls)),
        }
    }
}
