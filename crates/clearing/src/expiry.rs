//! Dated futures: the mean index of the settlement window, and cash settlement at the end.

use crate::house::Books;
use crate::settlement::{fill_client, fill_liquidity};
use alloc::vec::Vec;
use domain::rulebook::InstrumentKind;
use domain::wide::{div, mul_div};
use domain::{
    AccountId, AssetId, Effect, InstrumentId, Position, Price, Quote, Rounding, Timestamp,
};

/// The next time a future ends; one that could not be priced is tried again a step later.
pub(crate) fn next(books: &Books) -> Option<Timestamp> {
    let kinds = books.rulebook.instruments.iter().zip(&books.instruments);
    kinds
        .filter_map(|(rules, market)| match rules.kind {
            InstrumentKind::Future { expires_at, .. } if !market.expired => {
                Some(expires_at.max(market.settle_until))
            }
            _ => None,
        })
        .min()
}

/// Adds the time since the last observation, at the price that held, to the window of every future
/// on an asset. Called before a new index price and at expiry.
pub(crate) fn accumulate(books: &mut Books, underlying: AssetId) {
    let now = books.now();
    let price = books.asset_market(underlying).price;
    for (rules, market) in books.rulebook.instruments.iter().zip(&mut books.instruments) {
        let InstrumentKind::Future { underlying: of, expires_at, settle_window } = rules.kind
        else {
            continue;
        };
        if of != underlying || market.expired {
            continue;
        }
        let opens = Timestamp::from_nanos(expires_at.nanos() - settle_window.nanos());
        let until = now.min(expires_at);
        let held = until.since(market.settle_until.max(opens)).nanos();
        if price.is_positive() {
            market.settle_sum += price.wide() * i128::from(held);
            market.settle_time += held;
        }
        // A retry later than the end stays: two futures that wait must not call each other up.
        market.settle_until = market.settle_until.max(until);
    }
}

/// Settles every future whose end has come.
pub(crate) fn settle_due(books: &mut Books, effects: &mut Vec<Effect>) {
    for place in 0..books.rulebook.instruments.len() {
        let instrument = InstrumentId::new(place as u32);
        let rules = books.prices().instrument_rules(instrument);
        let InstrumentKind::Future { underlying, expires_at, .. } = rules.kind else {
            continue;
        };
        let market = books.prices().instrument(instrument);
        if market.expired || expires_at.max(market.settle_until) > books.now() {
            continue;
        }
        accumulate(books, underlying);
        if let Some(price) = settlement_price(books, instrument, underlying) {
            settle(books, instrument, price, effects);
        } else {
            let retry = books.now().plus(books.rulebook.liquidation.step_interval);
            if let Some(market) = books.instruments.get_mut(place) {
                market.settle_until = retry;
            }
        }
    }
}

/// Mean index of the window in the instrument's price unit, rounded down; `None` while a price it
/// needs was never published.
///
/// The mean is over the time in which a price held; without any, the present price stands for it.
/// Worked: 100 for 10 minutes and 130 for 20 of a window of 30 give 120.
fn settlement_price(books: &Books, instrument: InstrumentId, underlying: AssetId) -> Option<Price> {
    let prices = books.prices();
    let market = prices.instrument(instrument);
    let mean = if market.settle_time > 0 {
        div(market.settle_sum, i128::from(market.settle_time), Rounding::Down)
    } else {
        prices.index_price(underlying)
    };
    index_in(books, instrument, underlying, mean)
}

/// An index price of an asset in an instrument's price unit, rounded down, at most its maximum;
/// `None` while a price it needs was never published.
pub(crate) fn index_in(
    books: &Books,
    instrument: InstrumentId,
    underlying: AssetId,
    mean: i128,
) -> Option<Price> {
    let prices = books.prices();
    let rules = prices.instrument_rules(instrument);
    let settles = prices.index_price(rules.settles);
    if mean <= 0 || settles <= 0 {
        return None;
    }
    // mean / 10^(16 - d) in the numeraire, over settles / 10^(16 - s), in units of 10^-e.
    let unit = unit_of(rules.price_decimals);
    let over = unit.checked_mul(prices.asset_rules(rules.settles).scale())?;
    let under = prices.asset_rules(underlying).scale().checked_mul(settles)?;
    let price = i64::try_from(mul_div(mean, over, under, Rounding::Down)?).ok()?;
    (price > 0).then(|| Price::new(price).min(rules.price_max))
}

/// 10^decimals.
fn unit_of(decimals: u8) -> i128 {
    (0..decimals).fold(1, |unit, _| unit * 10)
}

fn settle(books: &mut Books, instrument: InstrumentId, price: Price, effects: &mut Vec<Effect>) {
    if let Some(market) = books.instruments.get_mut(instrument.index()) {
        (market.mark, market.expired) = (price, true);
    }
    effects.push(Effect::InstrumentExpired { instrument, price });
    let holders: Vec<AccountId> = books
        .accounts
        .ids()
        .filter(|account| books.accounts.position(*account, instrument).is_some())
        .collect();
    let closing = |position: Position| {
        let quote: Quote = -position.quantity.quote(price);
        (-position.quantity, quote)
    };
    for account in holders {
        if let Some(position) = books.accounts.position(account, instrument) {
            fill_client(books, account, instrument, closing(position), effects);
        }
    }
    let position = books.liquidity.position(instrument);
    fill_liquidity(books, instrument, closing(position), effects);
}
