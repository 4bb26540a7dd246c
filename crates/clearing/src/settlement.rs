//! Postings: what accrued, and what fills realise.
//!
//! Touching an account posts everything it accrued (interest of every balance, then funding of
//! every position), so that later arithmetic stands on today's indexes. A wake check never posts.

use crate::house::Books;
use alloc::vec::Vec;
use domain::{
    AccountId, Amount, AssetId, Effect, Holder, HouseAccount, InstrumentId, Position, Quantity,
    Quote,
};
use risk::accrual::{effective_amount, funding_credit, side_index};
use risk::fill::fill;

/// Moves an amount of an asset between holders.
pub(crate) fn transfer(books: &mut Books, sides: (Holder, Holder), asset: AssetId, amount: Amount) {
    let market = books.assets.get_mut(asset.index()).expect("a held asset is listed");
    books.ledger.transfer(&mut books.accounts, market, sides, asset, amount);
}

/// Posts what an account accrued and notes that it changes.
pub(crate) fn touch(books: &mut Books, account: AccountId, effects: &mut Vec<Effect>) {
    books.touch(account);
    post_interest(books, account, effects);
    post_funding(books, account, effects);
}

fn post_interest(books: &mut Books, account: AccountId, effects: &mut Vec<Effect>) {
    let count = books.accounts.balances(account).len();
    for place in 0..count {
        let Some(balance) = books.accounts.balances(account).get(place).copied() else { continue };
        let market = *books.asset_market(balance.asset);
        let current = balance.index == side_index(balance.amount, &market);
        if current || balance.amount == Amount::ZERO {
            continue;
        }
        let amount = effective_amount(&balance, &market) - balance.amount;
        let sides = (Holder::House(HouseAccount::Interest), Holder::Client(account));
        transfer(books, sides, balance.asset, amount);
        if amount != Amount::ZERO {
            effects.push(Effect::InterestPosted { account, asset: balance.asset, amount });
        }
    }
}

fn post_funding(books: &mut Books, account: AccountId, effects: &mut Vec<Effect>) {
    let count = books.accounts.positions(account).len();
    for place in 0..count {
        let Some(position) = books.accounts.positions(account).get(place).copied() else {
            continue;
        };
        if let Some(posted) = post_position(books, Holder::Client(account), position, effects) {
            books.accounts.put_position(account, posted);
        }
    }
}

/// Pays a position's accrued funding out of the pool; the position with its new index, if it moved.
fn post_position(
    books: &mut Books,
    holder: Holder,
    position: Position,
    effects: &mut Vec<Effect>,
) -> Option<Position> {
    let prices = books.prices();
    let market = *prices.instrument(position.instrument);
    if position.funding_index == market.funding_index {
        return None;
    }
    let settles = prices.instrument_rules(position.instrument).settles;
    let scale = prices.asset_rules(settles).scale();
    let amount = funding_credit(&position, &market, scale);
    if amount != Amount::ZERO {
        transfer(books, (Holder::House(HouseAccount::Funding), holder), settles, amount);
        let instrument = position.instrument;
        effects.push(Effect::FundingPosted { holder, instrument, amount });
    }
    Some(Position { funding_index: market.funding_index, ..position })
}

/// Fills a client's position; its accruals were posted by [`touch`].
pub(crate) fn fill_client(
    books: &mut Books,
    account: AccountId,
    instrument: InstrumentId,
    (quantity, quote): (Quantity, Quote),
    effects: &mut Vec<Effect>,
) {
    let funding_index = books.prices().instrument(instrument).funding_index;
    let empty = Position { instrument, quantity: Quantity::ZERO, cost: Quote::ZERO, funding_index };
    let held = books.accounts.position(account, instrument).unwrap_or(empty);
    let settles = books.prices().instrument_rules(instrument).settles;
    let index = books.asset_market(settles).deposit_index;
    books.accounts.ensure_balance(account, settles, index);
    let position = realise(books, Holder::Client(account), held, (quantity, quote), effects);
    books.accounts.put_position(account, position);
}

/// Fills the liquidity account's position, posting its funding first.
pub(crate) fn fill_liquidity(
    books: &mut Books,
    instrument: InstrumentId,
    (quantity, quote): (Quantity, Quote),
    effects: &mut Vec<Effect>,
) {
    let holder = Holder::House(HouseAccount::Liquidity);
    let mut held = books.liquidity.position(instrument);
    if let Some(posted) = post_position(books, holder, held, effects) {
        held = posted;
    }
    let position = realise(books, holder, held, (quantity, quote), effects);
    books.liquidity.put(position);
}

fn realise(
    books: &mut Books,
    holder: Holder,
    held: Position,
    (quantity, quote): (Quantity, Quote),
    effects: &mut Vec<Effect>,
) -> Position {
    let instrument = held.instrument;
    let settles = books.prices().instrument_rules(instrument).settles;
    let scale = books.prices().asset_rules(settles).scale();
    let filled = fill(held, quantity, quote, scale);
    if filled.realised != Amount::ZERO {
        let amount = filled.realised;
        transfer(books, (Holder::House(HouseAccount::Settlement), holder), settles, amount);
        effects.push(Effect::PnlRealised { holder, instrument, amount });
    }
    filled.position
}
