//! Postings: what accrued, and what fills realise.
//!
//! A command posts what the rows it writes accrued: the interest of a balance, the funding of a
//! position. Taking an account into liquidation posts everything it has. So later arithmetic stands
//! on today's indexes; a wake check never posts.

use crate::house::Books;
use alloc::vec::Vec;
use domain::{
    AccountId, Amount, AssetId, Balance, Effect, Holder, HouseAccount, InstrumentId, Position,
    Quantity, Quote,
};
use risk::accrual::{effective_amount, funding_credit, side_index};
use risk::fill::fill;

/// Moves an amount of an asset between holders.
pub(crate) fn transfer(books: &mut Books, sides: (Holder, Holder), asset: AssetId, amount: Amount) {
    let market = books.assets.get_mut(asset.index()).expect("a held asset is listed");
    books.ledger.transfer(&mut books.accounts, market, sides, asset, amount);
}

/// Posts everything an account accrued and notes that it changes.
pub(crate) fn post_all(books: &mut Books, account: AccountId, effects: &mut Vec<Effect>) {
    books.touch(account);
    for place in 0..books.accounts.balances(account).len() {
        if let Some(balance) = books.accounts.balances(account).get(place).copied() {
            post_interest(books, account, &balance, effects);
        }
    }
    for place in 0..books.accounts.positions(account).len() {
        if let Some(position) = books.accounts.positions(account).get(place).copied() {
            let posted = post_funding(books, Holder::Client(account), position, effects);
            books.accounts.put_position(account, posted);
        }
    }
}

/// Posts the interest of one balance and notes that the account changes.
pub(crate) fn post_balance(
    books: &mut Books,
    account: AccountId,
    asset: AssetId,
    effects: &mut Vec<Effect>,
) {
    books.touch(account);
    if let Some(balance) = books.accounts.balance(account, asset) {
        post_interest(books, account, &balance, effects);
    }
}

fn post_interest(
    books: &mut Books,
    account: AccountId,
    balance: &Balance,
    effects: &mut Vec<Effect>,
) {
    let asset = balance.asset;
    let market = books.prices().asset(asset);
    let current = balance.index == side_index(balance.amount, market);
    if current || balance.amount == Amount::ZERO {
        return;
    }
    let amount = effective_amount(balance, market) - balance.amount;
    let sides = (Holder::House(HouseAccount::Interest), Holder::Client(account));
    transfer(books, sides, asset, amount);
    if amount != Amount::ZERO {
        effects.push(Effect::InterestPosted { account, asset, amount });
    }
}

/// Pays a position's accrued funding out of the pool; the position as it then stands.
fn post_funding(
    books: &mut Books,
    holder: Holder,
    position: Position,
    effects: &mut Vec<Effect>,
) -> Position {
    let prices = books.prices();
    let market = prices.instrument(position.instrument);
    let funding_index = market.funding_index;
    if position.funding_index == funding_index {
        return position;
    }
    let settles = prices.instrument_rules(position.instrument).settles;
    let scale = prices.asset_rules(settles).scale();
    let amount = funding_credit(&position, market, scale);
    if amount != Amount::ZERO {
        transfer(books, (Holder::House(HouseAccount::Funding), holder), settles, amount);
        let instrument = position.instrument;
        effects.push(Effect::FundingPosted { holder, instrument, amount });
    }
    Position { funding_index, ..position }
}

/// Fills a client's position, posting the interest of its settlement balance and its funding first.
pub(crate) fn fill_client(
    books: &mut Books,
    account: AccountId,
    instrument: InstrumentId,
    fill: (Quantity, Quote),
    effects: &mut Vec<Effect>,
) {
    let prices = books.prices();
    let settles = prices.instrument_rules(instrument).settles;
    let index = prices.asset(settles).deposit_index;
    let funding_index = prices.instrument(instrument).funding_index;
    let empty = Position { instrument, quantity: Quantity::ZERO, cost: Quote::ZERO, funding_index };
    books.accounts.ensure_balance(account, settles, index);
    post_balance(books, account, settles, effects);
    let held = books.accounts.position(account, instrument).unwrap_or(empty);
    let held = post_funding(books, Holder::Client(account), held, effects);
    let position = realise(books, Holder::Client(account), held, fill, effects);
    books.accounts.put_position(account, position);
}

/// Fills the liquidity account's position, posting its funding first.
pub(crate) fn fill_liquidity(
    books: &mut Books,
    instrument: InstrumentId,
    fill: (Quantity, Quote),
    effects: &mut Vec<Effect>,
) {
    let holder = Holder::House(HouseAccount::Liquidity);
    let held = books.liquidity.position(instrument);
    let held = post_funding(books, holder, held, effects);
    let position = realise(books, holder, held, fill, effects);
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
