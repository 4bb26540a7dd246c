//! Postings: what accrued, and what fills realise.
//!
//! A command posts what the rows it writes accrued: the interest of a balance, the funding of a
//! position. Taking an account into liquidation posts everything it has. So later arithmetic stands
//! on today's indexes; a wake check never posts.

use crate::house::Books;
use crate::ledger::{add_client, credit};
use alloc::vec::Vec;
use domain::{
    AccountId, Amount, AssetId, Balance, Effect, Holder, HouseAccount, InstrumentId, Position,
    Quantity, Quote,
};
use risk::accrual::{effective_amount, funding_credit, side_index};
use risk::fill::{AccountFill, FillTerms, fill};

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

/// Posts the interest of one balance; who calls notes that the account changes.
pub(crate) fn post_balance(
    books: &mut Books,
    account: AccountId,
    asset: AssetId,
    effects: &mut Vec<Effect>,
) {
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
    let scale = prices.asset_rules(settles).divisor();
    let amount = funding_credit(&position, market, scale);
    if amount != Amount::ZERO {
        transfer(books, (Holder::House(HouseAccount::Funding), holder), settles, amount);
        let instrument = position.instrument;
        effects.push(Effect::FundingPosted { holder, instrument, amount });
    }
    Position { funding_index, ..position }
}

/// Makes a fill that was worked out: posts the interest of its settlement balance and its funding,
/// then what closing realised. Who calls notes that the account changed.
pub(crate) fn commit_fill(
    books: &mut Books,
    (account, place, cash): (AccountId, Option<usize>, Option<usize>),
    settles: AssetId,
    fill: &AccountFill,
    effects: &mut Vec<Effect>,
) {
    let AccountFill { after, funding, realised, .. } = fill;
    let interest = fill.interest.unwrap_or(Amount::ZERO);
    push_postings(account, settles, (interest, fill), effects);
    let moves = fill.interest.is_some() || *funding != Amount::ZERO || *realised != Amount::ZERO;
    let Books { ledger, accounts, assets, .. } = books;
    let market = assets.get_mut(settles.index()).expect("a held asset is listed");
    let parts = [(HouseAccount::Funding, *funding), (HouseAccount::Settlement, *realised)];
    let mut total = ledger.take(settles, parts);
    if interest != Amount::ZERO {
        total += ledger.take(settles, [(HouseAccount::Interest, interest)]);
    }
    match (place, cash) {
        (Some(place), Some(cash)) if !after.quantity.is_zero() => {
            accounts.lay_fill(account, (place, cash), after, |row| {
                if moves {
                    credit(row, market, total);
                }
            });
        }
        _ => {
            if moves {
                add_client(accounts, market, account, settles, total);
            } else {
                accounts.ensure_balance(account, settles, side_index(Amount::ZERO, market));
            }
            accounts.put_position_at(account, place, after);
        }
    }
}

/// What a fill posts to a client, as far as it is anything.
#[inline]
fn push_postings(
    account: AccountId,
    asset: AssetId,
    (interest, fill): (Amount, &AccountFill),
    effects: &mut Vec<Effect>,
) {
    let (holder, instrument) = (Holder::Client(account), fill.after.instrument);
    if interest != Amount::ZERO {
        effects.push(Effect::InterestPosted { account, asset, amount: interest });
    }
    if fill.funding != Amount::ZERO {
        effects.push(Effect::FundingPosted { holder, instrument, amount: fill.funding });
    }
    if fill.realised != Amount::ZERO {
        effects.push(Effect::PnlRealised { holder, instrument, amount: fill.realised });
    }
}

/// Fills a client's position at once.
pub(crate) fn fill_client(
    books: &mut Books,
    account: AccountId,
    instrument: InstrumentId,
    fill: (Quantity, Quote),
    effects: &mut Vec<Effect>,
) {
    books.touch(account);
    let terms = FillTerms::of(instrument, &books.prices());
    let rows = books.accounts.get(account);
    let place = rows.place(instrument);
    let held = place.and_then(|at| rows.positions.get(at));
    let cash = rows.cash(terms.settles);
    let balance = cash.and_then(|at| rows.balances.get(at));
    let fill = AccountFill::new(held, balance, fill, &terms);
    commit_fill(books, (account, place, cash), terms.settles, &fill, effects);
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
    let scale = books.prices().asset_rules(settles).divisor();
    let filled = fill(held, quantity, quote, scale);
    if filled.realised != Amount::ZERO {
        let amount = filled.realised;
        transfer(books, (Holder::House(HouseAccount::Settlement), holder), settles, amount);
        effects.push(Effect::PnlRealised { holder, instrument, amount });
    }
    filled.position
}
