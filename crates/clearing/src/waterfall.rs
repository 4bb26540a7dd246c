//! Layers that absorb a deficit, in the rulebook's order.
//!
//! With a position still open, the account closes at the fill quote and the fund pays what its
//! equity lacks, lot by lot; what the fund cannot pay is not sold but deleveraged, position to
//! position, at the bankruptcy quote. Only a deficit without a position is socialised. What no layer
//! absorbs is uncovered. Always: fund + deleveraged + socialised + uncovered = deficit.

use crate::closeout::CloseOut;
use crate::house::Books;
use crate::settlement::{fill_client, transfer};
use crate::waterfall_on_book::{bankruptcy_quote_on_book, lacking_on_book};
use alloc::vec::Vec;
use domain::effect::Stage;
use domain::rulebook::{DeleveragingRule, Layer};
use domain::wide::{div, mul_div};
use domain::{
    AccountId, Amount, AssetId, Effect, Holder, HouseAccount, Position, Quantity, Quote, Rounding,
    Value,
};
use risk::accrual::amount_of;
use risk::deleveraging::{equity, largest_remainder};
use risk::fill::after_fill;
use risk::sale;

/// A default in one position: its whole size, what closing all of it lacks at 1e-16 of the
/// settlement asset, and what is still open.
pub(crate) struct Default {
    pub position: Position,
    pub lack: Quote,
    pub open: Quantity,
    /// Where depth is finite: the equity that stands for what is open.
    pub allocated: Option<Quote>,
}

impl Default {
    /// The part of the lack that falls on a size, rounded up.
    pub fn part(&self, books: &Books, size: Quantity) -> Quote {
        if let Some(allocated) = self.allocated {
            return lacking_on_book(books, self, allocated, size);
        }
        let whole = self.position.quantity.magnitude().wide();
        let part = mul_div(self.lack.units(), size.wide(), whole, Rounding::Up);
        Quote::new(part.expect("a part is no larger than the whole"))
    }
}

/// Closes a position whose cost the account's equity does not cover.
///
/// Worked: long 10 at mark 100, equity 40, fill 94, fund 5, lot 1: the bankruptcy quote is 96 each;
/// 2 are sold and the fund pays 4, 8 are deleveraged; equity ends at 0.
pub(crate) fn close_by_waterfall(close: &mut CloseOut<'_>, position: &Position, lack: Quote) {
    let size = position.quantity.magnitude();
    if !lack.is_positive() {
        close.close_size(position, size, Stage::FullClose);
        return;
    }
    let mut default = Default { position: *position, lack, open: size, allocated: None };
    let layers = close.books.rulebook.waterfall.layers.clone();
    for layer in layers {
        match layer {
            Layer::InsuranceFund => close_by_fund(close, &mut default),
            Layer::Deleveraging(rule) => deleverage(close, &mut default, rule),
            // Socialised losses are amounts: they wait until the position is closed.
            Layer::Socialised(_) => {}
        }
    }
    if !default.open.is_zero() {
        close.close_size(position, default.open, Stage::FullClose);
    }
}

/// Sells as many lots as the fund can pay the lack of.
fn close_by_fund(close: &mut CloseOut<'_>, default: &mut Default) {
    let prices = close.books.prices();
    let rules = prices.instrument_rules(default.position.instrument);
    let settles = rules.settles;
    let scale = prices.asset_rules(settles).scale();
    let capacity = capacity_for(close, settles);
    let whole = default.position.quantity.magnitude().wide();
    let affordable = mul_div(capacity.units() * scale, whole, default.lack.units(), Rounding::Down);
    let affordable = affordable.map_or(i64::MAX, |size| i64::try_from(size).unwrap_or(i64::MAX));
    let lot = rules.lot.units();
    let size = if affordable >= default.open.units() {
        default.open
    } else {
        Quantity::new(affordable.div_euclid(lot) * lot)
    };
    if size.is_zero() {
        return;
    }
    let lacking = default.part(close.books, size);
    let amount = Amount::new(div(lacking.units(), scale, Rounding::Up)).min(capacity);
    let value = prices.worth(settles, lacking, Rounding::Up);
    let account = close.account;
    close.effects.push(Effect::DeficitRecognised { account, asset: settles, value });
    draw_fund(close, settles, amount, value);
    let position = default.position;
    close.close_size(&position, size, Stage::Waterfall);
    default.open -= size;
}

/// Closes what is open against opponents at the bankruptcy quote, in order of rank.
pub(crate) fn deleverage(close: &mut CloseOut<'_>, default: &mut Default, rule: DeleveragingRule) {
    if default.open.is_zero() {
        return;
    }
    let position = default.position;
    let matched = match_opponents(close, default, rule);
    let size = Quantity::new(matched.iter().map(|(_, size)| size.units()).sum());
    if size.is_zero() {
        return;
    }
    let quote = bankruptcy_quote(close.books, default, size);
    let weights: Vec<i128> = matched.iter().map(|(_, size)| size.wide()).collect();
    let quotes = largest_remainder(quote.units(), &weights);
    let sign = |size: Quantity| if position.quantity.is_negative() { size } else { -size };
    let account = close.account;
    for ((winner, size), quote) in matched.iter().zip(quotes) {
        let (quantity, quote) = (sign(*size), Quote::new(quote));
        close.effects.push(Effect::Deleveraged {
            account,
            winner: *winner,
            instrument: position.instrument,
            quantity,
            quote: -quote,
        });
        let other = (-quantity, -quote);
        fill_client(close.books, *winner, position.instrument, other, close.effects);
        close.fill(position.instrument, (quantity, quote));
    }
    let prices = close.books.prices();
    let settles = prices.instrument_rules(position.instrument).settles;
    let value = prices.worth(settles, default.part(close.books, size), Rounding::Up);
    close.effects.push(Effect::DeficitRecognised { account, asset: settles, value });
    let instrument = position.instrument;
    close.effects.push(Effect::DeficitDeleveraged { account, instrument, value });
    default.open -= size;
}

/// What the account pays (receives, negative) for closing a size without ending below zero: the
/// fill quote less its part of the lack.
fn bankruptcy_quote(books: &Books, default: &Default, size: Quantity) -> Quote {
    if let Some(allocated) = default.allocated {
        return bankruptcy_quote_on_book(books, default, allocated, size);
    }
    let fill = risk::liquidation::forced_quote(&default.position, size, &books.prices()).1;
    fill - default.part(books, size)
}

/// Opponents in rank order with the size each closes; those whose equity would fall below zero are
/// skipped for the rest of the wave.
fn match_opponents(
    close: &mut CloseOut<'_>,
    default: &Default,
    rule: DeleveragingRule,
) -> Vec<(AccountId, Quantity)> {
    let (books, account) = (&*close.books, close.account);
    let instrument = default.position.instrument;
    let shorts = !default.position.quantity.is_negative();
    let limit = books.rulebook.limits.opponents_max as usize;
    let mut matched: Vec<(AccountId, Quantity)> = Vec::new();
    let mut left = default.open;
    let Some(side) = close.ranking.side(books, rule, instrument, shorts) else { return matched };
    while !left.is_zero() && matched.len() < limit {
        let Some(opponent) = side.peek() else { break };
        let held = books.accounts.position(opponent, instrument);
        let held = held.filter(|held| held.quantity.is_negative() == shorts);
        let size = held.map_or(Quantity::ZERO, |held| held.quantity.magnitude().min(left));
        let fits = opponent != account
            && held.is_some_and(|held| survives(books, opponent, &held, default, size));
        if fits {
            matched.push((opponent, size));
            left -= size;
        }
        let consumed = held.is_none_or(|held| held.quantity.magnitude() == size);
        if consumed || !fits {
            side.pass();
        }
    }
    matched
}

/// Whether an opponent's equity stays at zero or above after closing a size at the bankruptcy
/// quote, one unit worse than exact.
fn survives(
    books: &Books,
    opponent: AccountId,
    held: &Position,
    default: &Default,
    size: Quantity,
) -> bool {
    let quote = -bankruptcy_quote(books, default, size) + Quote::new(1);
    let quantity = if held.quantity.is_negative() { size } else { -size };
    let portfolio = books.accounts.portfolio(opponent);
    let prices = books.prices();
    let change = after_fill(&portfolio, &prices, held, quantity, quote, Amount::ZERO);
    !equity(&portfolio.with(change), &prices).is_negative()
}

/// What the fund can and may pay for this account by this event.
pub(crate) fn capacity_for(close: &CloseOut<'_>, asset: AssetId) -> Amount {
    let capacity = fund_capacity(close.books, asset);
    let Some(most) = close.books.rulebook.sections.selling.caps.insurance_per_account else {
        return capacity;
    };
    let prices = close.books.prices();
    let left = Value::new(i128::from(most) * risk::prices::INDEX_ONE) - close.insured;
    let left = prices.quote_of(asset, left.max(Value::ZERO), Rounding::Down);
    let scale = prices.asset_rules(asset).scale();
    let left = left.map_or(0, |quote| div(quote.units(), scale, Rounding::Down));
    capacity.min(Amount::new(left))
}

/// What the fund can pay in an asset: what it has of it, and what its numeraire buys.
pub(crate) fn fund_capacity(books: &Books, asset: AssetId) -> Amount {
    let own = books.ledger.house(HouseAccount::InsuranceFund, asset);
    let numeraire = books.rulebook.numeraire;
    if asset == numeraire {
        return own;
    }
    let cash = books.ledger.house(HouseAccount::InsuranceFund, numeraire);
    let bought = sale::exchange(&books.prices(), numeraire, cash, asset);
    own + bought.unwrap_or(Amount::ZERO)
}

/// Pays the account out of the fund, buying the asset from the outside world where the fund has too
/// little of it.
pub(crate) fn draw_fund(close: &mut CloseOut<'_>, asset: AssetId, amount: Amount, value: Value) {
    let fund = Holder::House(HouseAccount::InsuranceFund);
    let world = Holder::House(HouseAccount::Liquidity);
    let own = close.books.ledger.house(HouseAccount::InsuranceFund, asset);
    if amount > own {
        let numeraire = close.books.rulebook.numeraire;
        let cash = close.books.ledger.house(HouseAccount::InsuranceFund, numeraire);
        let missing = amount - own;
        let cost = sale::cost_of(&close.books.prices(), numeraire, asset, missing);
        let cost = cost.map_or(cash, |cost| cost.min(cash));
        transfer(close.books, (fund, world), numeraire, cost);
        transfer(close.books, (world, fund), asset, missing);
    }
    close.credit(HouseAccount::InsuranceFund, asset, amount);
    close.insured += value;
    let account = close.account;
    close.effects.push(Effect::InsuranceDrawn { account, asset, amount, value });
}

/// Absorbs the debts of an account that has nothing left to close or sell.
pub(crate) fn absorb_debts(close: &mut CloseOut<'_>) {
    let debts: Vec<(AssetId, Amount)> = close
        .portfolio()
        .balances()
        .filter(|balance| balance.amount.is_negative())
        .map(|balance| (balance.asset, -balance.amount))
        .collect();
    for (asset, debt) in debts {
        absorb_debt(close, asset, debt);
    }
}

fn absorb_debt(close: &mut CloseOut<'_>, asset: AssetId, debt: Amount) {
    let prices = close.books.prices();
    let scale = prices.asset_rules(asset).scale();
    let worth = |books: &Books, amount: Amount, rounding| {
        books.prices().worth(asset, Quote::new(amount.units() * scale), rounding)
    };
    let account = close.account;
    let mut value = worth(close.books, debt, Rounding::Up);
    close.effects.push(Effect::DeficitRecognised { account, asset, value });
    let mut left = debt;
    // The last payer's share is what remains, so that the shares sum to the deficit.
    let share = |books: &Books, paid: Amount, left: Amount, value: Value| {
        if paid == left { value } else { worth(books, paid, Rounding::Down).min(value) }
    };
    for layer in close.books.rulebook.waterfall.layers.clone() {
        if left == Amount::ZERO {
            break;
        }
        match layer {
            Layer::InsuranceFund => {
                let paid = capacity_for(close, asset).min(left);
                if paid.is_positive() {
                    let part = share(close.books, paid, left, value);
                    draw_fund(close, asset, paid, part);
                    (left, value) = (left - paid, value - part);
                }
            }
            // Nothing is open to be deleveraged.
            Layer::Deleveraging(_) => {}
            Layer::Socialised(_) => {
                let paid = socialising_capacity(close.books, asset).min(left);
                if paid.is_positive() {
                    let part = share(close.books, paid, left, value);
                    socialise(close, asset, paid, part);
                    (left, value) = (left - paid, value - part);
                }
            }
        }
    }
    if left.is_positive() {
        close.credit(HouseAccount::Uncovered, asset, left);
        close.effects.push(Effect::LossUncovered { account, asset, amount: left, value });
    }
}

/// Depositors can lose at most 99 % by one loss, and nothing more once their index is down to a
/// ten-thousandth: an index of zero could not be shared in any more.
fn socialising_capacity(books: &Books, asset: AssetId) -> Amount {
    let market = books.prices().asset(asset);
    if market.deposit_index <= risk::prices::INDEX_ONE / 10_000 {
        return Amount::ZERO;
    }
    let deposits = amount_of(market.deposit_shares, market.deposit_index);
    Amount::new(div(deposits.units() * 99, 100, Rounding::Down))
}

/// Lowers the deposit index by the loss over all deposits, rounded up.
///
/// Worked: 11 of 120 takes .091666667 of every deposit.
fn socialise(close: &mut CloseOut<'_>, asset: AssetId, amount: Amount, value: Value) {
    let market = close.books.asset_market(asset);
    let deposits = amount_of(market.deposit_shares, market.deposit_index);
    let cut = mul_div(market.deposit_index, amount.units(), deposits.units(), Rounding::Up);
    market.deposit_index -= cut.expect("a loss is no larger than deposits");
    close.credit(HouseAccount::Interest, asset, amount);
    let account = close.account;
    close.effects.push(Effect::LossSocialised { account, asset, amount, value });
}
