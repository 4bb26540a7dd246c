//! How many lots of a position can be closed now, where the instrument has depth.
//!
//! A book is walked as far as its edge, an order with a limit as far as the last unit is still
//! filled at the limit or better; a taker who unloads into the book takes no more than gains him
//! something. Without depth, and to a taker who keeps it, everything can be closed.

use crate::impact::SHARE_ONE;
use crate::impact::book::MarketBook;
use crate::number::Fixed;
use crate::on_book::{fillable, size_of};
use crate::prices::Prices;
use crate::terms::{Concession, share_of_margin};
use domain::{Position, Quantity, Quote, Rounding};

/// Lots that can be closed now on the terms of the step; `None` where nothing bounds them.
///
/// Worked: a book that gives way by 1 % for each 10,000 of value, untouched, and a bonus of 4 %: a
/// taker who hedges takes 80,000, which cost 4 % on average.
#[must_use]
pub fn lots(prices: &Prices<'_>, position: &Position) -> Option<i64> {
    let lot = prices.instrument_rules(position.instrument).lot;
    if let Some(book) = prices.walked(position.instrument) {
        let can = fillable(position, book, lot);
        let Some(Concession::OfMargin { rating, spread }) =
            prices.terms.map(|terms| terms.position)
        else {
            return Some(can);
        };
        let share = share_of_margin(position, prices, rating, spread);
        let fits = |lots| within(prices, position, book, size_of(lots, lot, position), share);
        return Some(most(can, fits));
    }
    let book = prices.hedged(position.instrument)?;
    let fits = |lots| gains(prices, position, book, size_of(lots, lot, position));
    Some(most(fillable(position, book, lot), fits))
}

/// The most of `can` lots that fit, where fewer than fitting ones fit.
fn most(can: i64, fits: impl Fn(i64) -> bool) -> i64 {
    let (mut low, mut high) = (0, can.saturating_add(1));
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if fits(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// Whether the last unit of a size is filled at the mark less a share, or better.
fn within(
    prices: &Prices<'_>,
    position: &Position,
    book: &MarketBook,
    size: Quantity,
    share: Fixed,
) -> bool {
    let side = book.side(position.quantity.is_negative());
    let distance = side.curve.distance(side.consumed + side.value(size)) + side.half_spread;
    let mark = prices.instrument(position.instrument).mark.wide();
    let (anchor, given) = (side.anchor.wide() * SHARE_ONE, side.measure.wide() * distance);
    if position.quantity.is_negative() {
        anchor + given <= mark * (SHARE_ONE + share.units())
    } else {
        anchor - given >= mark * (SHARE_ONE - share.units())
    }
}

/// Whether a taker who takes a size on and unloads it at once keeps the discount that takers wait
/// for.
fn gains(prices: &Prices<'_>, position: &Position, book: &MarketBook, size: Quantity) -> bool {
    let short = position.quantity.is_negative();
    let at_mark: Quote = size.quote(prices.instrument(position.instrument).mark);
    let (_, quote) = book.closing(short, size);
    let cost = if short { quote - at_mark } else { quote + at_mark };
    let least = prices.rulebook.sections.selling.keepers.discount;
    let least = Quote::new(least.of(at_mark.units(), Rounding::Up));
    Quote::new(prices.conceded(position, at_mark.units())) >= cost + least
}
