//! Whose turn it is: the liquidatable accounts of a wave in the rulebook's order.
//!
//! Law: every order ends with the lower number, and none hashes the sequence.

use crate::cascade::Found;
use crate::house::Books;
use alloc::vec::Vec;
use core::cmp::{Ordering, Reverse};
use domain::Value;
use domain::rulebook::{AccountOrder, PriceFunction};
use domain::wide::cmp_products;
use domain::{AccountId, Ratio};
use risk::liquidation::{notional_of, target};
use risk::number::Fixed;
use risk::terms::{rating, share_of_margin};

/// Sorts who was found and drops repetitions: touched and woken alike is found twice, with the same
/// figures.
pub(crate) fn sort(found: &mut Vec<Found>, books: &Books) {
    match books.rulebook.sections.selling.accounts {
        AccountOrder::RatioAscending => found.sort_unstable_by(riskier),
        AccountOrder::Id | AccountOrder::RotatingOffset { .. } => {
            found.sort_unstable_by_key(|found| found.account);
        }
        AccountOrder::NotionalDescending => found
            .sort_by_cached_key(|found| (Reverse(notional(books, found.account)), found.account)),
        AccountOrder::FillableGap => found.sort_by_cached_key(|found| {
            let notional = notional(books, found.account);
            (Reverse(gap(books, found)), Reverse(notional), found.account)
        }),
    }
    found.dedup_by_key(|found| found.account);
    if let AccountOrder::RotatingOffset { seed } = books.rulebook.sections.selling.accounts
        && let Some(offset) =
            seed.wrapping_add(books.cursor.external).checked_rem(found.len() as u64)
    {
        found.rotate_left(offset as usize);
    }
}

/// Notional of all positions.
fn notional(books: &Books, account: AccountId) -> Value {
    let prices = books.prices();
    let positions = books.accounts.portfolio(account).positions();
    positions.map(|position| notional_of(&position, position.quantity, &prices)).sum()
}

/// How far the fillable price of the largest position lies from its mark, as a share; nothing
/// without a position that can be traded.
fn gap(books: &Books, found: &Found) -> Fixed {
    let (adjustment, spread) = match books.rulebook.sections.selling.price {
        PriceFunction::Fillable { adjustment, spread } => (adjustment, spread),
        _ => (Ratio::ONE, Ratio::from_parts(100_000)),
    };
    let prices = books.prices();
    let largest = target(&books.accounts.portfolio(found.account), &prices);
    let rating = rating(&found.assessment, adjustment, spread);
    largest.map_or(Fixed::default(), |position| share_of_margin(&position, &prices, rating, spread))
}

/// Lower margin ratio first; without a requirement first of all, by adjusted equity; then by
/// account.
fn riskier(left: &Found, right: &Found) -> Ordering {
    let figures = |found: &Found| {
        let assessment = &found.assessment;
        (assessment.adjusted_equity.units(), assessment.requirement.maintenance.units())
    };
    let ((equity, needs), (other_equity, other_needs)) = (figures(left), figures(right));
    let order = match (needs == 0, other_needs == 0) {
        (true, true) => equity.cmp(&other_equity),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => cmp_products(equity, other_needs, other_equity, needs),
    };
    order.then(left.account.cmp(&right.account))
}
