//! One trade becomes two positions with the clearing house between (spot: two exchanges of assets).
//!
//! Both sides are margined as they would stand after the trade: at initial margin, or below it only
//! by a trade that reduces risk (no flip, price within the band, shortfall not rising, equity not
//! negative).

use crate::account::LIQUIDATING;
use crate::custody::{check_balance_max, check_utilisation};
use crate::house::Books;
use crate::market::within;
use crate::plan::{require, require_account, require_instrument};
use crate::settlement::{fill_client, post_balance, transfer};
use alloc::vec::Vec;
use domain::command::RegisterTrade;
use domain::rulebook::{InstrumentKind, InstrumentRules};
use domain::wide::div;
use domain::{
    AccountId, Amount, AssetId, Balance, Effect, Holder, HouseAccount, Position, Quantity, Quote,
    Refusal, Rounding,
};
use risk::accrual::{effective_amount, side_index};
use risk::fill::after_fill;
use risk::portfolio::Change;
use risk::{Portfolio, assess, oracle};

pub(crate) fn check(books: &Books, trade: &RegisterTrade) -> Result<(), Refusal> {
    require_account(books, trade.buyer)?;
    require_account(books, trade.seller)?;
    require(trade.buyer != trade.seller, Refusal::AccountRepeated)?;
    require_instrument(books, trade.instrument)?;
    let rules = books.prices().instrument_rules(trade.instrument);
    require(trade.quantity.is_positive(), Refusal::QuantityNotPositive)?;
    let whole = trade.quantity.units() % rules.lot.units() == 0;
    require(whole, Refusal::QuantityNotInLots)?;
    require(trade.price.is_positive(), Refusal::PriceNotPositive)?;
    require(trade.price <= rules.price_max, Refusal::PriceMaxExceeded)?;
    let fees = [trade.buyer_fee, trade.seller_fee];
    require(fees.iter().all(|fee| !fee.is_negative()), Refusal::FeeNegative)?;
    let scale = books.prices().asset_rules(rules.settles).scale();
    let quote = div(trade.quantity.quote(trade.price).units(), scale, Rounding::Up);
    let modest = fees.iter().all(|fee| fee.units() <= quote);
    require(modest, Refusal::FeeExceedsQuote)?;
    let market = books.prices().instrument(trade.instrument);
    require(!market.expired, Refusal::InstrumentExpired)?;
    require(!market.halted, Refusal::InstrumentHalted)?;
    let [buyer, seller] = sides(trade).map(|side| check_side(books, trade, rules, &side));
    first_broken(buyer, seller)
}

/// The first broken rule of the list, whichever of two checks found it.
fn first_broken(left: Result<(), Refusal>, right: Result<(), Refusal>) -> Result<(), Refusal> {
    match (left, right) {
        (Err(left), Err(right)) => Err(left.min(right)),
        (left, right) => left.and(right),
    }
}

fn check_side(
    books: &Books,
    trade: &RegisterTrade,
    rules: &InstrumentRules,
    side: &Side,
) -> Result<(), Refusal> {
    match rules.kind {
        InstrumentKind::Spot { base } => check_exchange(books, trade, rules, base, side),
        _ => check_position(books, trade, rules, side),
    }
}

pub(crate) fn register(books: &mut Books, trade: &RegisterTrade, effects: &mut Vec<Effect>) {
    let rules = books.prices().instrument_rules(trade.instrument);
    let (kind, settles) = (rules.kind, rules.settles);
    let RegisterTrade { buyer, seller, instrument, quantity, price, .. } = *trade;
    effects.push(Effect::Novated { instrument, buyer, seller, quantity, price });
    match kind {
        InstrumentKind::Spot { base } => {
            for account in [buyer, seller] {
                post_balance(books, account, base, effects);
                post_balance(books, account, settles, effects);
            }
            exchange(books, trade, base, settles);
        }
        _ => {
            let quote = quantity.quote(price);
            fill_client(books, buyer, instrument, (quantity, quote), effects);
            fill_client(books, seller, instrument, (-quantity, -quote), effects);
        }
    }
    for (account, amount) in [(buyer, trade.buyer_fee), (seller, trade.seller_fee)] {
        if amount.is_positive() {
            let sides = (Holder::Client(account), Holder::House(HouseAccount::Fees));
            transfer(books, sides, settles, amount);
            effects.push(Effect::FeeCharged { account, asset: settles, amount });
        }
    }
}

/// One side of a trade: who, signed quantity, fee.
struct Side {
    account: AccountId,
    quantity: Quantity,
    fee: Amount,
}

const fn side(account: AccountId, quantity: Quantity, fee: Amount) -> Side {
    Side { account, quantity, fee }
}

fn sides(trade: &RegisterTrade) -> [Side; 2] {
    [
        side(trade.buyer, trade.quantity, trade.buyer_fee),
        side(trade.seller, -trade.quantity, trade.seller_fee),
    ]
}

const NO_CHANGE: Change = Change { position: None, balances: [None, None] };

fn check_position(
    books: &Books,
    trade: &RegisterTrade,
    rules: &InstrumentRules,
    side: &Side,
) -> Result<(), Refusal> {
    let prices = books.prices();
    let before = books.accounts.portfolio(side.account);
    let funding_index = prices.instrument(trade.instrument).funding_index;
    let instrument = trade.instrument;
    let empty = Position { instrument, quantity: Quantity::ZERO, cost: Quote::ZERO, funding_index };
    let held = books.accounts.position(side.account, instrument);
    let position = held.unwrap_or(empty);
    let quote = side.quantity.quote(trade.price);
    let sum = position.quantity.units().checked_add(side.quantity.units());
    let within_max = sum.is_some_and(|sum| sum.abs() <= rules.position_max.units());
    let change = if within_max {
        after_fill(&before, &prices, &position, side.quantity, quote, side.fee)
    } else {
        // Too large to compute with, yet the prices it would need are asked first.
        Change { position: Some(Position { quantity: side.quantity, ..position }), ..NO_CHANGE }
    };
    let after = before.with(change);
    oracle::check(&after, &prices, books.now())?;
    require(within_max, Refusal::PositionMaxExceeded)?;
    let room = usize::from(books.rulebook.limits.positions_per_account);
    let fits = held.is_some() || books.accounts.positions(side.account).len() < room;
    require(fits, Refusal::PositionsPerAccountExceeded)?;
    let opposite = position.quantity.is_negative() != side.quantity.is_negative();
    let reduces = !position.quantity.is_zero()
        && opposite
        && side.quantity.magnitude() <= position.quantity.magnitude();
    check_margin(books, trade, rules, side.account, &after, reduces)
}

/// At initial margin after the trade, or a trade that reduces risk.
fn check_margin(
    books: &Books,
    trade: &RegisterTrade,
    rules: &InstrumentRules,
    account: AccountId,
    portfolio: &Portfolio<'_>,
    reduces: bool,
) -> Result<(), Refusal> {
    let prices = books.prices();
    let liquidating = books.accounts.flag(account, LIQUIDATING);
    require(reduces || !liquidating, Refusal::AccountLiquidating)?;
    let after = assess(portfolio, &prices);
    let margin = after.requirement.initial - after.adjusted_equity;
    if !margin.is_positive() {
        return Ok(());
    }
    require(reduces, Refusal::CollateralInsufficient)?;
    let mark = prices.instrument(trade.instrument).mark;
    require(within(trade.price, mark, rules.band), Refusal::PriceOutsideBand)?;
    let before = assess(&books.accounts.portfolio(account), &prices);
    let was = before.requirement.initial - before.adjusted_equity;
    require(margin <= was, Refusal::ShortfallRises)?;
    require(!after.equity.is_negative(), Refusal::EquityNegative)
}

/// Base amount and what is paid and received for it in the settlement asset: paid up, received down.
fn exchanged(books: &Books, trade: &RegisterTrade, base: AssetId) -> (Amount, Amount, Amount) {
    let prices = books.prices();
    let rules = prices.instrument_rules(trade.instrument);
    let scale = prices.asset_rules(rules.settles).scale();
    let quote = trade.quantity.quote(trade.price).units();
    // The quantity unit is no finer than the base asset's: checked at load.
    let finer = prices.asset_rules(base).decimals + rules.price_decimals - 16;
    let base_amount = (0..finer).fold(trade.quantity.wide(), |amount, _| amount * 10);
    (
        Amount::new(base_amount),
        Amount::new(div(quote, scale, Rounding::Up)),
        Amount::new(div(quote, scale, Rounding::Down)),
    )
}

fn check_exchange(
    books: &Books,
    trade: &RegisterTrade,
    rules: &InstrumentRules,
    base: AssetId,
    side: &Side,
) -> Result<(), Refusal> {
    let prices = books.prices();
    let (base_amount, paid, received) = exchanged(books, trade, base);
    let buys = side.quantity.is_positive();
    let (base_delta, quote_delta) =
        if buys { (base_amount, -paid) } else { (-base_amount, received) };
    let before = books.accounts.portfolio(side.account);
    let changed = |asset: AssetId, delta: Amount| {
        let market = prices.asset(asset);
        let held = before
            .balance(asset)
            .map_or(Amount::ZERO, |balance| effective_amount(&balance, market));
        let amount = held + delta;
        (held, Balance { asset, amount, index: side_index(amount, market) })
    };
    let (base_held, base_row) = changed(base, base_delta);
    let (quote_held, quote_row) = changed(rules.settles, quote_delta - side.fee);
    let change = Change { position: None, balances: [Some(base_row), Some(quote_row)] };
    let after = before.with(change);
    oracle::check(&after, &prices, books.now())?;
    let (gained, gain) = if buys { (base, base_delta) } else { (rules.settles, quote_delta) };
    check_balance_max(books, side.account, gained, gain)?;
    let given = if buys { &quote_row } else { &base_row };
    let most = prices.asset_rules(given.asset).balance_max;
    require(given.amount >= -most, Refusal::BalanceMaxExceeded)?;
    require(trade.quantity <= rules.position_max, Refusal::PositionMaxExceeded)?;
    let lends = |held: Amount, row: &Balance| {
        if row.amount.is_negative() && row.amount < held {
            check_utilisation(books, row.asset, held, row.amount, false)
        } else {
            Ok(())
        }
    };
    let lent = lends(base_held, &base_row).and(lends(quote_held, &quote_row));
    // An exchange that lends nothing new can only lower what is at risk.
    let reduces = !given.amount.is_negative();
    first_broken(lent, check_margin(books, trade, rules, side.account, &after, reduces))
}

/// Base from seller to buyer, quote from buyer to seller, the rounding to residue.
fn exchange(books: &mut Books, trade: &RegisterTrade, base: AssetId, settles: AssetId) {
    let (base_amount, paid, received) = exchanged(books, trade, base);
    let (buyer, seller) = (Holder::Client(trade.buyer), Holder::Client(trade.seller));
    transfer(books, (seller, buyer), base, base_amount);
    transfer(books, (buyer, seller), settles, received);
    let residue = Holder::House(HouseAccount::Residue);
    transfer(books, (buyer, residue), settles, paid - received);
}
