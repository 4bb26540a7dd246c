//! Whether the prices an account depends on may be used.

use crate::portfolio::Portfolio;
use crate::prices::Prices;
use domain::{Refusal, Timestamp};

/// Every price this account is valued with was published and is young enough at `now`.
///
/// # Errors
/// [`Refusal::PriceMissing`] before [`Refusal::PriceStale`], as their precedence has it.
pub fn check(
    portfolio: &Portfolio<'_>,
    prices: &Prices<'_>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let mut oldest = now;
    for position in portfolio.positions() {
        let market = prices.instrument(position.instrument);
        if !market.mark.is_positive() {
            return Err(Refusal::PriceMissing);
        }
        oldest = oldest.min(market.published_at);
        let settles = prices.instrument_rules(position.instrument).settles;
        if settles != prices.rulebook.numeraire {
            let market = prices.asset(settles);
            if !market.price.is_positive() {
                return Err(Refusal::PriceMissing);
            }
            oldest = oldest.min(market.published_at);
        }
    }
    for balance in portfolio.balances() {
        let empty = balance.amount.units() == 0;
        if empty || balance.asset == prices.rulebook.numeraire {
            continue;
        }
        let market = prices.asset(balance.asset);
        if !market.price.is_positive() {
            return Err(Refusal::PriceMissing);
        }
        oldest = oldest.min(market.published_at);
    }
    if now.since(oldest) > prices.rulebook.oracle.stale_after {
        return Err(Refusal::PriceStale);
    }
    Ok(())
}
