//! How much of which position to close, at what quote, with what fee.

use super::exact::{down, over, share, up, whole};
use super::fill::Fill;
use super::margin::Assessment;
use super::state::{Account, State};
use super::terms::Concession;
use domain::{Position, Rounding};

/// A forced trade, and the liquidation fee in smallest units of the settlement asset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closing {
    pub fill: Fill,
    pub fee: i128,
}

/// What to do with a position.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Close so much; toxic where it raises the shortfall.
    Close { closing: Closing, toxic: bool },
    /// The account cannot pay for its closing: so much is lacking, at 1e-16 of the asset.
    Default { lack: i128 },
    /// The same by walking a book: so much of equity stands for the position.
    DefaultOnBook { allocated: i128 },
    /// The book takes nothing now.
    Wait,
}

/// Equity at sale prices against the slippage of closing everything, at 1e-16 of the numeraire.
#[derive(Clone, Copy, Debug)]
pub(super) struct Solvency {
    pub realisable: i128,
    pub cost: i128,
    pub notional: i128,
    /// Release margin less adjusted equity, at 1e-22.
    pub shortfall: i128,
}

impl State {
    /// The position with the largest notional that can be traded now; the lower instrument of two.
    pub fn target(&self, account: &Account) -> Option<Position> {
        let tradable = |position: &&Position| {
            let market = self.instrument(position.instrument);
            !market.halted && !market.expired && market.mark.is_positive()
        };
        let size = |position: &Position| self.notional(position, position.quantity.units());
        let mut positions: Vec<&Position> = account.positions.values().filter(tradable).collect();
        positions.sort_by_key(|position| (-size(position), position.instrument));
        positions.first().map(|position| **position)
    }

    /// Slippage of closing a whole position, rounded up.
    pub fn closing_cost(&self, position: &Position) -> i128 {
        let size = position.quantity.magnitude().units();
        let cost = self.size_cost(position, size);
        let limited = matches!(
            self.terms.as_ref().map(|terms| &terms.position),
            Some(Concession::OfMargin { .. })
        );
        if limited {
            cost.min(self.conceded(position, self.notional(position, size)))
        } else {
            cost
        }
    }

    /// Cost of closing a size: by the book that it walks, else what the terms concede.
    pub fn size_cost(&self, position: &Position, size: i64) -> i128 {
        if self.walked(position.instrument).is_some() {
            let cost = self.given_away(position, size);
            return self.worth(self.rules_of(position.instrument).settles, cost, Rounding::Up);
        }
        self.conceded(position, self.notional(position, size))
    }

    pub fn solvency(&self, account: &Account) -> Solvency {
        let mut realisable = 0;
        for (asset, cash) in self.cash(account) {
            let worth = self.worth(asset, cash, Rounding::Down);
            realisable += worth;
            if worth > 0 {
                realisable -= self.selling_cost(asset, cash, worth);
            }
        }
        let positions = || account.positions.values();
        let notional = |position: &Position| self.notional(position, position.quantity.units());
        Solvency {
            realisable,
            cost: positions().map(|position| self.closing_cost(position)).sum(),
            notional: positions().map(notional).sum(),
            shortfall: self.assess(account).shortfall(),
        }
    }

    /// The step for one position: the fewest lots that reach release, found by halving; all of it
    /// where that does not reach it or would leave dust.
    pub fn plan_closing(&self, account: &Account, position: &Position) -> Step {
        let solvency = self.solvency(account);
        if self.book(position.instrument).is_some() {
            return self.plan_on_book(account, position, &solvency);
        }
        if solvency.realisable < solvency.cost {
            return Step::Default { lack: self.lack(account, position, &solvency) };
        }
        let size = position.quantity.units().unsigned_abs();
        let lot = self.rules_of(position.instrument).lot.units().unsigned_abs();
        let all = size.div_ceil(lot);
        let of = |lots: u64| {
            let closed = lots.saturating_mul(lot).min(size) as i64;
            self.closing_of(account, position, closed, &solvency)
        };
        let after = |lots: u64| self.assess_after(account, position, of(lots));
        if after(all).shortfall() > 0 {
            let toxic = after(all).shortfall() > self.assess(account).shortfall();
            return Step::Close { closing: of(all), toxic };
        }
        let (mut too_few, mut enough) = (0, all);
        while enough - too_few > 1 {
            let middle = too_few + (enough - too_few) / 2;
            if after(middle).shortfall() > 0 {
                too_few = middle;
            } else {
                enough = middle;
            }
        }
        let rest = size.saturating_sub(enough.saturating_mul(lot)) as i64;
        let dust = i128::from(self.rulebook.liquidation.dust) * super::state::INDEX_ONE;
        let lots = if rest > 0 && self.notional(position, rest) < dust { all } else { enough };
        Step::Close { closing: of(lots), toxic: false }
    }

    pub fn assess_after(
        &self,
        account: &Account,
        position: &Position,
        step: Closing,
    ) -> Assessment {
        self.assess(&self.after_fill(account, position.instrument, step.fill, step.fee))
    }

    pub fn closing_of(
        &self,
        account: &Account,
        position: &Position,
        size: i64,
        solvency: &Solvency,
    ) -> Closing {
        debug_assert!(account.positions.contains_key(&position.instrument));
        let fill = self.forced_fill(position, size);
        let house = self.liquidation_fee(position, size, solvency);
        Closing { fill, fee: self.fee_by_rules(account, position, size, solvency, house) }
    }

    /// Closing a size against the outside world: mark less slippage for a long, plus for a short.
    pub fn forced_fill(&self, position: &Position, size: i64) -> Fill {
        let at_mark = i128::from(size) * self.instrument(position.instrument).mark.wide();
        if let Some(book) = self.walked(position.instrument) {
            let side = usize::from(position.quantity.is_negative());
            let gross = i128::from(size) * book.sides[side].anchor;
            let on_top = match self.terms.as_ref().map(|terms| &terms.position) {
                Some(Concession::Fee(fee)) => up(&(whole(at_mark) * fee)),
                _ => 0,
            };
            let conceded = book.conceded(side, size) + on_top;
            return if side == 1 {
                Fill { quantity: size, quote: gross + conceded }
            } else {
                Fill { quantity: -size, quote: conceded - gross }
            };
        }
        let conceded = self.conceded(position, at_mark);
        if position.quantity.is_negative() {
            Fill { quantity: size, quote: at_mark + conceded }
        } else {
            Fill { quantity: -size, quote: conceded - at_mark }
        }
    }

    /// The fee's ratio of notional, rounded up, but at most this size's share of what equity
    /// exceeds the cost of closing everything, rounded down.
    fn liquidation_fee(&self, position: &Position, size: i64, solvency: &Solvency) -> i128 {
        if solvency.notional == 0 {
            return 0;
        }
        let rules = self.rules_of(position.instrument);
        let at_mark = i128::from(size) * self.instrument(position.instrument).mark.wide();
        let scale = self.scale(rules.settles);
        let asked = up(&(share(rules.liquidation_fee) * over(at_mark, scale)));
        let room = (solvency.realisable - solvency.cost).max(0);
        let room = down(&(whole(room) * over(self.notional(position, size), solvency.notional)));
        let bound = self.quote_of(rules.settles, room, Rounding::Down).unwrap_or(0);
        asked.min(down(&over(bound, scale)))
    }

    /// A position's share, by maintenance margin, of equity.
    pub fn allocated(&self, account: &Account, position: &Position, solvency: &Solvency) -> i128 {
        let margin = |position: &Position| self.requirement(position, |tier| tier.maintenance);
        let total: i128 = account.positions.values().map(margin).sum();
        if total > 0 {
            down(&(whole(solvency.realisable) * over(margin(position), total)))
        } else {
            solvency.realisable
        }
    }

    /// What the waterfall must add to close a position whole: its cost less its share, by
    /// maintenance margin, of equity; at most what the whole account lacks.
    pub fn lack(&self, account: &Account, position: &Position, solvency: &Solvency) -> i128 {
        let lacking = self.lacks(account, position, solvency);
        let settles = self.rules_of(position.instrument).settles;
        self.quote_of(settles, lacking, Rounding::Up).unwrap_or(0)
    }

    /// The same in the numeraire.
    fn lacks(&self, account: &Account, position: &Position, solvency: &Solvency) -> i128 {
        let own = self.closing_cost(position) - self.allocated(account, position, solvency);
        own.min(solvency.cost - solvency.realisable).max(0)
    }

    /// The part of equity that stands for a position: its cost less what is lacking, rounded down,
    /// in the settlement asset.
    pub fn own_quote(&self, account: &Account, position: &Position, solvency: &Solvency) -> i128 {
        let share = self.closing_cost(position) - self.lacks(account, position, solvency);
        let settles = self.rules_of(position.instrument).settles;
        self.quote_of(settles, share, Rounding::Down).unwrap_or(0)
    }
}
