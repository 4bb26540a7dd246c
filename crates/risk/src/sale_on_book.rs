//! Selling collateral where its asset has depth.
//!
//! The book is that of the asset's spot instrument, counted in the asset's own amounts and index
//! price. Collateral walks down its sells; what a debt is in is bought at its slippage, as the fund
//! buys it. Law: no more is sold than lies before the book's edge.

use crate::impact::book::MarketBook;
use crate::prices::Prices;
use crate::terms::{SaleConcession, Terms};
use domain::wide::div;
use domain::{AssetId, Quantity, Quote, Rounding, Value};

/// What selling a signed cash of an asset costs of its worth at the index; beyond a book's edge at
/// the edge's distance.
pub(crate) fn cost_of_selling(
    prices: &Prices<'_>,
    asset: AssetId,
    cash: Quote,
    worth: Value,
) -> Value {
    let conceded = prices.conceded_in_sale(asset, worth.units());
    let Some(book) = prices.sold_into(asset) else { return Value::new(conceded) };
    let units = div(cash.units(), prices.asset_rules(asset).scale(), Rounding::Up);
    let cost = worth.units() - brings(book, units);
    Value::new((cost + on_top(prices, conceded)).clamp(0, worth.units()))
}

/// How much of an asset its book takes now; all there is without one.
pub(crate) fn takes(prices: &Prices<'_>, asset: AssetId) -> i128 {
    prices.sold_into(asset).map_or(i128::MAX, |book| book.sells.available().wide())
}

/// What an amount of one asset brings of another, rounded down; `None` where that is nothing.
///
/// Worked: 100 sold at 50 into a book that gives way by 1 % on them bring 4,975 of the numeraire.
pub(crate) fn proceeds(
    prices: &Prices<'_>,
    sold: AssetId,
    amount: i128,
    bought: AssetId,
) -> Option<i128> {
    let worth = amount.checked_mul(prices.index_price(sold))?;
    let conceded = prices.conceded_in_sale(sold, worth);
    let kept = match prices.sold_into(sold) {
        Some(book) => brings(book, amount) - on_top(prices, conceded),
        None => worth - conceded,
    };
    let units = div(kept, prices.dearer(bought), Rounding::Down);
    (units > 0).then_some(units)
}

/// The least amount, up to `most`, that brings so much; `most` where that does not.
pub(crate) fn needed(
    prices: &Prices<'_>,
    sold: AssetId,
    most: i128,
    (bought, repaid): (AssetId, i128),
) -> i128 {
    let brings = |amount: i128| proceeds(prices, sold, amount, bought).unwrap_or(0);
    if brings(most) < repaid {
        return most;
    }
    let (mut low, mut high) = (0, most);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if brings(middle) < repaid {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// What a fee takes on top of a book: all that the terms concede, or nothing where they name none.
fn on_top(prices: &Prices<'_>, conceded: i128) -> i128 {
    match prices.terms {
        Some(Terms { sale: SaleConcession::Fee(_), .. }) => conceded,
        _ => 0,
    }
}

fn size(units: i128) -> Quantity {
    Quantity::new(i64::try_from(units).unwrap_or(i64::MAX))
}

fn brings(book: &MarketBook, units: i128) -> i128 {
    let (_, quote) = book.closing(false, size(units));
    (-quote.units()).max(0)
}
