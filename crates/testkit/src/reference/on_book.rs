//! Closing a position by walking a book: how much, and what the waterfall does when it is too dear.

use super::deleveraging::Ranking;
use super::exact::{down, over, up, whole};
use super::sizing::{Solvency, Step};
use super::state::{Account, State};
use super::waterfall::Defaulted;
use domain::effect::Stage;
use domain::rulebook::Layer;
use domain::{AccountId, Position, Rounding};

impl State {
    /// Lots of so much of a position that its book can still take.
    pub fn fillable(&self, position: &Position, size: i64) -> i64 {
        let lot = self.rules_of(position.instrument).lot.units();
        let side = usize::from(position.quantity.is_negative());
        let available = self.book(position.instrument).map_or(0, |book| book.available(side));
        if available >= size { size / lot + i64::from(size % lot != 0) } else { available / lot }
    }

    /// What closing a size gives away against the mark; at least nothing.
    pub fn given_away(&self, position: &Position, size: i64) -> i128 {
        let at_mark = i128::from(size) * self.instrument(position.instrument).mark.wide();
        let fill = self.forced_fill(position, size);
        let cost = if position.quantity.is_negative() {
            fill.quote - at_mark
        } else {
            fill.quote + at_mark
        };
        cost.max(0)
    }

    /// The fewest lots that reach release; else as many as still lower the shortfall; else, toxic,
    /// all that the book takes, if equity covers the closing of everything.
    pub fn plan_on_book(
        &self,
        account: &Account,
        position: &Position,
        solvency: &Solvency,
    ) -> Step {
        let size = position.quantity.magnitude().units();
        let lot = self.rules_of(position.instrument).lot.units();
        let of = |lots: i64| {
            self.closing_of(account, position, lots.saturating_mul(lot).min(size), solvency)
        };
        let short = |lots: i64| self.assess_after(account, position, of(lots)).shortfall();
        let fewest = |enough: i64| {
            let (mut too_few, mut enough) = (0, enough);
            while enough - too_few > 1 {
                let middle = too_few + (enough - too_few) / 2;
                if short(middle) > 0 {
                    too_few = middle;
                } else {
                    enough = middle;
                }
            }
            enough
        };
        let covered = solvency.realisable >= solvency.cost;
        let default =
            || Step::DefaultOnBook { allocated: self.own_quote(account, position, solvency) };
        let can = self.fillable(position, size);
        if can == 0 {
            return if covered { Step::Wait } else { default() };
        }
        let all = size / lot + i64::from(size % lot != 0);
        if short(can) <= 0 {
            let enough = fewest(can);
            let rest = size.saturating_sub(enough.saturating_mul(lot)).max(0);
            let dust = i128::from(self.rulebook.liquidation.dust) * super::state::INDEX_ONE;
            let sweep = can == all && rest > 0 && self.notional(position, rest) < dust;
            return Step::Close { closing: of(if sweep { all } else { enough }), toxic: false };
        }
        let (mut falls, mut rises) = (0, can + 1);
        while rises - falls > 1 {
            let middle = falls + (rises - falls) / 2;
            if short(middle) < short(middle - 1) {
                falls = middle;
            } else {
                rises = middle;
            }
        }
        if falls > 0 && short(falls) <= 0 {
            return Step::Close { closing: of(fewest(falls)), toxic: false };
        }
        if !covered {
            return default();
        }
        Step::Close { closing: of(if falls > 0 { falls } else { can }), toxic: falls == 0 }
    }

    /// Closes a position that its owner cannot pay for: the book as far as its share of equity and
    /// the fund pay, winners at the bankruptcy quote, then what the book still takes.
    pub fn close_on_book(
        &mut self,
        account: AccountId,
        position: &Position,
        allocated: i128,
        ranking: &mut Ranking,
    ) {
        let open = position.quantity.magnitude().units();
        let mut default =
            Defaulted { account, position: *position, lack: 0, open, allocated: Some(allocated) };
        for layer in self.rulebook.waterfall.layers.clone() {
            match layer {
                Layer::InsuranceFund => self.sell_by_fund(&mut default),
                Layer::Deleveraging(_) => {
                    let before = default.open;
                    self.deleverage(&mut default, ranking);
                    default.use_up(before - default.open, before);
                }
                Layer::Socialised(_) => {}
            }
        }
        let size = self.takes(&default);
        if size > 0 {
            let filled = self.forced_fill(position, size);
            self.trade_forced(account, position, Stage::FullClose, filled);
        }
    }

    /// How much of what is open the book still takes, in whole lots.
    fn takes(&self, default: &Defaulted) -> i64 {
        let lot = self.rules_of(default.position.instrument).lot.units();
        self.fillable(&default.position, default.open).saturating_mul(lot).min(default.open)
    }

    fn sell_by_fund(&mut self, default: &mut Defaulted) {
        let rules = self.rules_of(default.position.instrument);
        let (asset, lot) = (rules.settles, rules.lot.units());
        let scale = self.scale(asset);
        let capacity = self.capacity_for_account(asset);
        let asked = |size: i64| up(&over(self.lacking(default, size), scale));
        let most = self.takes(default);
        let size_of = |lots: i64| lots.saturating_mul(lot).min(most);
        let mut size = most;
        if asked(most) > capacity {
            let (mut fits, mut exceeds) = (0, most / lot + 1);
            while exceeds - fits > 1 {
                let middle = fits + (exceeds - fits) / 2;
                if asked(size_of(middle)) <= capacity {
                    fits = middle;
                } else {
                    exceeds = middle;
                }
            }
            size = size_of(fits);
        }
        if size == 0 {
            return;
        }
        let lacking = self.lacking(default, size);
        let own = self.given_away(&default.position, size) - lacking;
        if lacking > 0 {
            let value = self.worth(asset, lacking, Rounding::Up);
            let amount = up(&over(lacking, scale));
            self.recognise(default.account, asset, value);
            self.draw_fund(default.account, asset, amount, value);
        }
        let filled = self.forced_fill(&default.position, size);
        self.trade_forced(default.account, &default.position, Stage::Waterfall, filled);
        default.open -= size;
        default.allocated = default.allocated.map(|allocated| allocated - own);
    }

    /// What selling a size lacks: its cost beyond its share of equity.
    pub fn lacking(&self, default: &Defaulted, size: i64) -> i128 {
        match default.share(size) {
            Some(share) => (self.given_away(&default.position, size) - share).max(0),
            None => default.part(size),
        }
    }
}

impl Defaulted {
    /// A size's share of the equity that stands for what is open, rounded down.
    pub fn share(&self, size: i64) -> Option<i128> {
        let allocated = self.allocated?;
        let open = i128::from(self.open.max(1));
        Some(down(&(whole(allocated) * over(i128::from(size), open))))
    }

    fn use_up(&mut self, size: i64, open: i64) {
        let share = |allocated: i128| {
            down(&(whole(allocated) * over(i128::from(size), i128::from(open.max(1)))))
        };
        self.allocated = self.allocated.map(|allocated| allocated - share(allocated));
    }
}
