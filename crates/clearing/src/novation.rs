//! One trade becomes two positions with the clearing house between (spot: two exchanges of assets).
//!
//! Both sides are margined as they would stand after the trade: at initial margin, or below it only
//! by a trade that reduces risk (no flip, price within the band, shortfall not rising, equity not
//! negative).

use crate::account::{LIQUIDATING, Opened};
use crate::custody::{check_balance_max, check_utilisation};
use crate::house::Books;
use crate::market::within;
use crate::plan::{require, require_account, require_instrument};
use crate::settlement::{commit_fill, post_balance, transfer};
use crate::watch::{Watch, keep};
use alloc::vec::Vec;
use domain::command::RegisterTrade;
use domain::rulebook::{InstrumentKind, InstrumentRules};
use domain::wide::div;
use domain::{
    AccountId, Amount, AssetId, Balance, Effect, Holder, HouseAccount, Position, Quantity, Refusal,
    Rounding,
};
use risk::accrual::{effective_amount, side_index};
use risk::fill::{AccountFill, FillTerms};
use risk::kept::Kept;
use risk::portfolio::Change;
use risk::slack_change::FillBounds;
use risk::{Portfolio, Prices, assess, oracle};

/// One side of a trade, worked out: what it makes of the account's position, and of the proof that
/// its box holds where that follows from the fill alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlannedSide {
    fill: AccountFill,
    /// Where the position's row lies, if it is open.
    place: Option<usize>,
    /// Where the row of its settlement balance lies, if there is one.
    cash: Option<usize>,
    kept: Option<Kept>,
}

/// A trade worked out: both sides; none where assets are exchanged.
pub(crate) type PlannedTrade = [Option<PlannedSide>; 2];

pub(crate) fn check(
    books: &Books,
    watch: &Watch,
    trade: &RegisterTrade,
    planned: &mut PlannedTrade,
) -> Result<(), Refusal> {
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
    if fees.iter().any(|fee| fee.is_positive()) {
        let scale = books.prices().asset_rules(rules.settles).scale();
        let quote = div(trade.quantity.quote(trade.price).units(), scale, Rounding::Up);
        let modest = fees.iter().all(|fee| fee.units() <= quote);
        require(modest, Refusal::FeeExceedsQuote)?;
    }
    let prices = books.prices();
    let terms = FillTerms::of(trade.instrument, &prices);
    require(!terms.market.expired, Refusal::InstrumentExpired)?;
    require(!terms.market.halted, Refusal::InstrumentHalted)?;
    let [buyer, seller] = sides(trade);
    let [first, second] = planned;
    if let InstrumentKind::Spot { base } = rules.kind {
        let exchange = |side: &Side| check_exchange(books, trade, rules, base, side);
        return first_broken(exchange(&buyer), exchange(&seller));
    }
    let fills = watch.fill_bounds(&terms);
    let check = Check { books, watch, trade, prices: &prices, terms: &terms, fills };
    first_broken(check.position(&buyer, first), check.position(&seller, second))
}

/// The first broken rule of the list, whichever of two checks found it.
fn first_broken(left: Result<(), Refusal>, right: Result<(), Refusal>) -> Result<(), Refusal> {
    match (left, right) {
        (Err(left), Err(right)) => Err(left.min(right)),
        (left, right) => left.and(right),
    }
}

pub(crate) fn register(
    books: &mut Books,
    trade: &RegisterTrade,
    planned: &PlannedTrade,
    effects: &mut Vec<Effect>,
) {
    let rules = books.prices().instrument_rules(trade.instrument);
    let (kind, settles) = (rules.kind, rules.settles);
    let RegisterTrade { buyer, seller, instrument, quantity, price, .. } = *trade;
    effects.push(Effect::Novated { instrument, buyer, seller, quantity, price });
    if let InstrumentKind::Spot { base } = kind {
        for account in [buyer, seller] {
            books.touch(account);
            post_balance(books, account, base, effects);
            post_balance(books, account, settles, effects);
        }
        exchange(books, trade, base, settles);
    }
    for (account, side) in [buyer, seller].into_iter().zip(planned.iter().flatten()) {
        let at = (account, side.place, side.cash);
        commit_fill(books, at, settles, &side.fill, effects);
        match side.kept {
            Some(kept) => {
                keep(&mut books.accounts, account, kept);
                books.touch_proved(account);
            }
            None => books.touch(account),
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

/// A trade of positions under check.
struct Check<'a> {
    books: &'a Books,
    watch: &'a Watch,
    trade: &'a RegisterTrade,
    prices: &'a Prices<'a>,
    terms: &'a FillTerms<'a>,
    fills: Option<FillBounds<'a>>,
}

impl Check<'_> {
    /// Checks one side and works it out.
    fn position(&self, side: &Side, planned: &mut Option<PlannedSide>) -> Result<(), Refusal> {
        let Self { books, trade, terms, .. } = self;
        let rows = books.accounts.get(side.account);
        let place = rows.place(trade.instrument);
        let held = place.and_then(|at| rows.positions.get(at));
        let before = held.map_or(Quantity::ZERO, |held| held.quantity);
        let sum = before.units().checked_add(side.quantity.units());
        let most = terms.rules.position_max.units();
        if sum.is_none_or(|sum| (sum > most) | (sum < -most)) {
            return Err(self.too_large(side, rows));
        }
        let fill = (side.quantity, side.quantity.quote(trade.price));
        let cash = rows.cash(terms.settles);
        let balance = cash.and_then(|at| rows.balances.get(at));
        let fill = AccountFill::new(held, balance, fill, terms);
        // Laid where it stays: copying it out at the end would cost as much as working it out.
        let planned = planned.insert(PlannedSide { fill, place, cash, kept: None });
        let fill = &planned.fill;
        if !books.freshness.covers(books.now()) {
            let after = rows.portfolio().with(fill.change(terms, side.fee));
            oracle::check(&after, self.prices, books.now())?;
        }
        let room = usize::from(books.rulebook.limits.positions_per_account);
        let fits = held.is_some() || rows.positions.len() < room;
        require(fits, Refusal::PositionsPerAccountExceeded)?;
        let opposite = before.is_negative() != side.quantity.is_negative();
        let size = |quantity: Quantity| quantity.units().unsigned_abs();
        let reduces = !before.is_zero() & opposite & (size(side.quantity) <= size(before));
        require(reduces || !rows.flag(LIQUIDATING), Refusal::AccountLiquidating)?;
        let kept = match (place, held, &self.fills) {
            (Some(place), Some(held), Some(fills)) => {
                let at = (rows.standing(), place);
                self.watch.kept_after(self.prices, fills, at, (held, fill), side.fee)
            }
            _ => None,
        };
        if !kept.is_some_and(Kept::covers_initial) {
            let after = rows.portfolio().with(fill.change(terms, side.fee));
            check_margin(books, trade, terms.rules, side.account, &after, reduces)?;
        }
        planned.kept = kept.filter(|kept| kept.covers_maintenance());
        Ok(())
    }

    /// Too large to compute with, yet the prices it would need are asked first.
    #[cold]
    fn too_large(&self, side: &Side, rows: Opened<'_>) -> Refusal {
        let empty = Position::empty(self.trade.instrument);
        let position = Position { quantity: side.quantity, ..empty };
        let after = rows.portfolio().with(Change { position: Some(position), ..NO_CHANGE });
        let fresh = oracle::check(&after, self.prices, self.books.now());
        fresh.err().unwrap_or(Refusal::PositionMaxExceeded)
    }
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
    let liquidating = books.accounts.flag(side.account, LIQUIDATING);
    let margined = require(reduces || !liquidating, Refusal::AccountLiquidating)
        .and_then(|()| check_margin(books, trade, rules, side.account, &after, reduces));
    first_broken(lent, margined)
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
