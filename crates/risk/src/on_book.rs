//! Closing a position where depth is finite.
//!
//! The fewest lots that reach release, as elsewhere. Where none do, the shortfall falls as long as
//! a lot costs less than the margin it frees and rises after that: the step stops at the turn, the
//! next one is toxic. Nothing is filled beyond the book's edge; what the account cannot pay for is
//! left to the waterfall, what the book cannot take to a later pulse.

use crate::fill::after_fill;
use crate::impact::book::MarketBook;
use crate::liquidation::{Closing, Solvency, Step, close, lack, notional_of, own_quote, solvency};
use crate::portfolio::Portfolio;
use crate::prices::Prices;
use crate::selling::{Ask, capped, cover, leaves_dust};
use crate::valuation::assess;
use domain::rulebook::Sizing;
use domain::{Amount, Position, Quantity, Quote, Value, Weighted};

/// What can be closed of a position, in lots.
struct Lots<'a> {
    portfolio: &'a Portfolio<'a>,
    prices: &'a Prices<'a>,
    position: &'a Position,
    solvency: &'a Solvency,
    /// Shortfall that may remain.
    goal: Weighted,
}

impl Lots<'_> {
    fn at(&self, lots: i64) -> (Closing, Weighted) {
        let closing = close(self.portfolio, self.prices, self.position, lots, self.solvency);
        let after = assess(&self.portfolio.with(closing.change), self.prices);
        (closing, after.shortfall())
    }

    /// The fewest lots up to `enough`, which do, that reach the goal.
    fn fewest(&self, enough: i64) -> i64 {
        let (mut low, mut high) = (0, enough);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.at(middle).1 > self.goal {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }

    /// The fewest lots that reach the goal, or how many still lower the shortfall where none do.
    fn wanted(&self, can: i64) -> Result<i64, i64> {
        if self.at(can).1 <= self.goal {
            return Ok(self.fewest(can));
        }
        let turn = self.turn(can);
        if turn > 0 && self.at(turn).1 <= self.goal {
            return Ok(self.fewest(turn));
        }
        Err(turn)
    }

    /// The most lots, up to so many, each of which still lowers the shortfall.
    fn turn(&self, most: i64) -> i64 {
        let (mut low, mut high) = (0, most + 1);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.at(middle).1 < self.at(middle - 1).1 {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }
}

/// So many lots as hold a size, the last one perhaps in part.
const fn lots_of(size: Quantity, lot: Quantity) -> i64 {
    let (size, lot) = (size.units(), lot.units());
    size.div_euclid(lot) + (size.rem_euclid(lot) != 0) as i64
}

/// Whole lots of a position that its side of the book can still take, all of it where it can.
#[must_use]
pub fn fillable(position: &Position, book: &MarketBook, lot: Quantity) -> i64 {
    let size = position.quantity.magnitude();
    let available = book.side(position.quantity.is_negative()).available();
    if available >= size { lots_of(size, lot) } else { available.units().div_euclid(lot.units()) }
}

/// Plans the step for one position with depth.
///
/// Worked: a long of 2 with equity enough for one lot at the book's edge closes one and waits.
#[must_use]
pub fn plan(
    portfolio: &Portfolio<'_>,
    prices: &Prices<'_>,
    position: &Position,
    book: &MarketBook,
) -> Step {
    let solvency = solvency(portfolio, prices);
    let lot = lot_of(prices, position);
    let can = fillable(position, book, lot);
    let goal = Weighted::ZERO;
    let lots = Lots { portfolio, prices, position, solvency: &solvency, goal };
    let default =
        || Step::DefaultOnBook { allocated: own_quote(portfolio, prices, position, &solvency) };
    if can == 0 {
        return if solvency.covers() { Step::Wait } else { default() };
    }
    let all = lots_of(position.quantity.magnitude(), lot);
    let step = |count: i64, toxic: bool| Step::Close { closing: lots.at(count).0, toxic };
    match lots.wanted(can) {
        Ok(enough) => {
            let sweep = can == all && leaves_dust(prices, position, enough);
            step(if sweep { all } else { enough }, false)
        }
        Err(_) if !solvency.covers() => default(),
        Err(0) => step(can, true),
        Err(turn) => step(turn, false),
    }
}

/// Plans a step within what is asked where `can` lots can be closed now.
///
/// The fewest lots that reach what is asked, else as many as still lower the shortfall, both within
/// the bounds of what is asked; sizes of other making as far as can be closed. Worked: clips of one
/// lot where three would reach release: one.
pub(crate) fn plan_asked(
    portfolio: &Portfolio<'_>,
    prices: &Prices<'_>,
    position: &Position,
    ask: &Ask,
    (solvency, can): (&Solvency, i64),
) -> Step {
    let default = || {
        if prices.walked(position.instrument).is_some() {
            Step::DefaultOnBook { allocated: own_quote(portfolio, prices, position, solvency) }
        } else {
            Step::Default { lack: lack(portfolio, prices, position, solvency) }
        }
    };
    if can == 0 {
        return if solvency.covers() { Step::Wait } else { default() };
    }
    let lots = Lots { portfolio, prices, position, solvency, goal: ask.goal };
    let wanted = match ask.sizing {
        _ if ask.whole => Err(Some(can)),
        Sizing::Full | Sizing::AllAtOnce => Err(Some(can)),
        Sizing::Cover => Err(cover(prices, position, solvency).map(|lots| lots.clamp(1, can))),
        _ => lots.wanted(can).map_err(|turn| Some(turn).filter(|turn| *turn > 0)),
    };
    if wanted.is_err() && !solvency.covers() {
        return default();
    }
    let (Ok(wanted) | Err(Some(wanted))) = wanted else {
        return Step::Close { closing: lots.at(capped(prices, position, ask, can)).0, toxic: true };
    };
    let mut count = capped(prices, position, ask, wanted);
    let all = lots_of(position.quantity.magnitude(), lot_of(prices, position));
    if can == all && leaves_dust(prices, position, count) {
        count = all;
    }
    let (closing, shortfall) = lots.at(count);
    Step::Close { closing, toxic: !ask.whole && shortfall > solvency.shortfall }
}

fn lot_of(prices: &Prices<'_>, position: &Position) -> Quantity {
    prices.instrument_rules(position.instrument).lot
}

/// The size of so many lots of a position, at most all of it.
pub(crate) fn size_of(lots: i64, lot: Quantity, position: &Position) -> Quantity {
    let whole = position.quantity.magnitude().units();
    Quantity::new(lots.saturating_mul(lot.units()).min(whole))
}

/// Notional of the fewest lots of a position that would reach release at the mark and free of
/// charge; all of it where none do.
#[must_use]
pub fn least(portfolio: &Portfolio<'_>, prices: &Prices<'_>, position: &Position) -> Value {
    let lot = prices.instrument_rules(position.instrument).lot;
    let mark = prices.instrument(position.instrument).mark;
    let whole = position.quantity.magnitude();
    let size_of = |lots: i64| Quantity::new(lots.saturating_mul(lot.units()).min(whole.units()));
    let short = |lots: i64| {
        let size = size_of(lots);
        let quote: Quote = size.quote(mark);
        let (quantity, quote) =
            if position.quantity.is_negative() { (size, quote) } else { (-size, -quote) };
        let change = after_fill(portfolio, prices, position, quantity, quote, Amount::ZERO);
        assess(&portfolio.with(change), prices).shortfall().is_positive()
    };
    let (mut low, mut high) = (0, lots_of(whole, lot));
    if !short(high) {
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if short(middle) { low = middle } else { high = middle }
        }
    }
    notional_of(position, size_of(high), prices)
}
