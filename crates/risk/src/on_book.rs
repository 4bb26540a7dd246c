//! Closing a position where depth is finite.
//!
//! The fewest lots that reach release, as elsewhere. Where none do, the shortfall falls as long as
//! a lot costs less than the margin it frees and rises after that: the step stops at the turn, the
//! next one is toxic. Nothing is filled beyond the book's edge; what the account cannot pay for is
//! left to the waterfall, what the book cannot take to a later pulse.

use crate::fill::after_fill;
use crate::impact::book::MarketBook;
use crate::liquidation::{
    Closing, Solvency, Step, close, is_dust, notional_of, own_quote, solvency,
};
use crate::portfolio::Portfolio;
use crate::prices::Prices;
use crate::valuation::assess;
use domain::{Amount, Position, Quantity, Quote, Value, Weighted};

/// What can be closed of a position, in lots.
struct Lots<'a> {
    portfolio: &'a Portfolio<'a>,
    prices: &'a Prices<'a>,
    position: &'a Position,
    solvency: &'a Solvency,
}

impl Lots<'_> {
    fn at(&self, lots: i64) -> (Closing, Weighted) {
        let closing = close(self.portfolio, self.prices, self.position, lots, self.solvency);
        let after = assess(&self.portfolio.with(closing.change), self.prices);
        (closing, after.shortfall())
    }

    /// The fewest lots up to `enough`, which do, that reach release.
    fn fewest(&self, enough: i64, closing: Closing) -> Closing {
        let (mut low, mut high, mut best) = (0, enough, closing);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            let (closing, shortfall) = self.at(middle);
            if shortfall.is_positive() {
                low = middle;
            } else {
                (high, best) = (middle, closing);
            }
        }
        best
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
    let lot = prices.instrument_rules(position.instrument).lot;
    let can = fillable(position, book, lot);
    let lots = Lots { portfolio, prices, position, solvency: &solvency };
    let default =
        || Step::DefaultOnBook { allocated: own_quote(portfolio, prices, position, &solvency) };
    if can == 0 {
        return if solvency.covers() { Step::Wait } else { default() };
    }
    let all = lots_of(position.quantity.magnitude(), lot);
    let (whole, shortfall) = lots.at(can);
    if !shortfall.is_positive() {
        let best = lots.fewest(can, whole);
        let rest = position.quantity + best.quantity;
        let sweep = can == all && is_dust(position, rest, prices);
        return Step::Close { closing: if sweep { whole } else { best }, toxic: false };
    }
    let turn = lots.turn(can);
    let (least, shortfall) = lots.at(turn);
    if turn > 0 && !shortfall.is_positive() {
        return Step::Close { closing: lots.fewest(turn, least), toxic: false };
    }
    if !solvency.covers() {
        return default();
    }
    let closing = if turn > 0 { least } else { whole };
    Step::Close { closing, toxic: turn == 0 }
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
