//! The waterfall of a position where depth is finite.
//!
//! The book is walked as far as the account's own share of equity and then the fund pay for it;
//! what the fund cannot pay or the book cannot take is deleveraged at the bankruptcy quote, which
//! uses the share of equity up exactly. What nobody takes is sold while the book lasts, at the
//! layers' cost; the rest waits for a pulse.

use crate::closeout::CloseOut;
use crate::house::Books;
use crate::waterfall::{Default, capacity_for, deleverage, draw_fund};
use domain::effect::Stage;
use domain::rulebook::Layer;
use domain::wide::{div, mul_div};
use domain::{Amount, Effect, Position, Quantity, Quote, Rounding};
use risk::liquidation::conceded;
use risk::on_book::fillable;

/// Closes a position whose cost the account's equity does not cover, as far as anybody takes it.
///
/// Worked: long 10 at mark 100, equity 40, a book that takes 4 at 94 on average, fund 20: 4 are
/// sold for 24 of slippage, 16 by the account's share and 8 by the fund; 6 are deleveraged at 96.
pub(crate) fn close_on_book(close: &mut CloseOut<'_>, position: &Position, allocated: Quote) {
    let open = position.quantity.magnitude();
    let mut default =
        Default { position: *position, lack: Quote::ZERO, open, allocated: Some(allocated) };
    for layer in close.books.rulebook.waterfall.layers.clone() {
        match layer {
            Layer::InsuranceFund => close_by_fund(close, &mut default),
            Layer::Deleveraging(rule) => deleverage_on_book(close, &mut default, rule),
            // Socialised losses are amounts: they wait until the position is closed.
            Layer::Socialised(_) => {}
        }
    }
    let size = largest_fill(close.books, &default);
    if !size.is_zero() {
        close.close_size(position, size, Stage::FullClose);
    }
}

/// What selling a size would lack: its cost less its share of equity, at least zero, rounded up.
pub(crate) fn lacking_on_book(
    books: &Books,
    default: &Default,
    allocated: Quote,
    size: Quantity,
) -> Quote {
    let cost = conceded(&default.position, size, &books.prices());
    (cost - share(allocated, size, default.open)).max(Quote::ZERO)
}

/// What the account pays (receives, negative) for closing a size so that its share of equity is
/// used up: the mark less that share.
pub(crate) fn bankruptcy_quote_on_book(
    books: &Books,
    default: &Default,
    allocated: Quote,
    size: Quantity,
) -> Quote {
    let instrument = default.position.instrument;
    let at_mark = size.quote(books.prices().instrument(instrument).mark);
    let paid = share(allocated, size, default.open);
    if default.position.quantity.is_negative() { at_mark + paid } else { paid - at_mark }
}

/// A size's share of the equity that stands for what is open, rounded down.
fn share(allocated: Quote, size: Quantity, open: Quantity) -> Quote {
    let part = mul_div(allocated.units(), size.wide(), open.wide().max(1), Rounding::Down);
    Quote::new(part.expect("a part is no larger than the whole"))
}

/// The most that the book can still take of what is open, in whole lots.
fn largest_fill(books: &Books, default: &Default) -> Quantity {
    let instrument = default.position.instrument;
    let prices = books.prices();
    let Some(book) = prices.book(instrument) else { return Quantity::ZERO };
    let lot = prices.instrument_rules(instrument).lot;
    let sign = if default.position.quantity.is_negative() { -1 } else { 1 };
    let open =
        Position { quantity: Quantity::new(sign * default.open.units()), ..default.position };
    size_of(fillable(&open, book, lot), lot, default.open)
}

fn size_of(lots: i64, lot: Quantity, open: Quantity) -> Quantity {
    Quantity::new(lots.saturating_mul(lot.units()).min(open.units()))
}

/// Sells the most lots that the book takes and the fund can pay the lack of.
fn close_by_fund(close: &mut CloseOut<'_>, default: &mut Default) {
    let prices = close.books.prices();
    let rules = prices.instrument_rules(default.position.instrument);
    let (settles, lot) = (rules.settles, rules.lot);
    let scale = prices.asset_rules(settles).scale();
    let capacity = capacity_for(close, settles);
    let asked = |size: Quantity| {
        let lacking = default.part(close.books, size);
        (lacking, Amount::new(div(lacking.units(), scale, Rounding::Up)))
    };
    let most = largest_fill(close.books, default);
    let mut size = most;
    if asked(most).1 > capacity {
        let (mut low, mut high) = (0, most.units().div_euclid(lot.units()) + 1);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            let fits = asked(size_of(middle, lot, most)).1 <= capacity;
            if fits { low = middle } else { high = middle }
        }
        size = size_of(low, lot, most);
    }
    if size.is_zero() {
        return;
    }
    let (lacking, amount) = asked(size);
    let own = conceded(&default.position, size, &prices) - lacking;
    if lacking.is_positive() {
        let value = prices.worth(settles, lacking, Rounding::Up);
        let account = close.account;
        close.effects.push(Effect::DeficitRecognised { account, asset: settles, value });
        draw_fund(close, settles, amount, value);
    }
    let position = default.position;
    close.close_size(&position, size, Stage::Waterfall);
    default.open -= size;
    default.allocated = default.allocated.map(|allocated| allocated - own);
}

fn deleverage_on_book(
    close: &mut CloseOut<'_>,
    default: &mut Default,
    rule: domain::rulebook::DeleveragingRule,
) {
    let before = default.open;
    deleverage(close, default, rule);
    let size = before - default.open;
    let used = |allocated: Quote| allocated - share(allocated, size, before);
    default.allocated = default.allocated.map(used);
}
