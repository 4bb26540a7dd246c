//! Amounts and quotes as values in the numeraire, at the state's own index prices.
//!
//! Values are integers at 1e-16 of the numeraire; what divides rounds down.

use clearing::ClearingHouse;
use domain::{Amount, AssetId, InstrumentId, Price, Quantity, Quote, Rulebook};

use crate::summary::numbers::{VALUE_PLACES, in_numeraire};

/// An amount of an asset, exactly; `None` before its first index price.
pub fn amount_value(
    rulebook: &Rulebook,
    house: &ClearingHouse,
    asset: AssetId,
    amount: Amount,
) -> Option<i128> {
    if amount == Amount::ZERO {
        return Some(0);
    }
    let price = if asset == rulebook.numeraire {
        let decimals = rulebook.asset(asset)?.decimals;
        10i128.pow(VALUE_PLACES.saturating_sub(u32::from(decimals)))
    } else {
        house.index(asset)?.wide()
    };
    amount.units().checked_mul(price)
}

/// A quote of an instrument's settlement asset.
pub fn quote_value(
    rulebook: &Rulebook,
    house: &ClearingHouse,
    instrument: InstrumentId,
    quote: Quote,
) -> Option<i128> {
    let settles = rulebook.instrument(instrument)?.settles;
    let index = house.index(settles).map(Price::units);
    in_numeraire(rulebook, settles, quote, index)
}

/// Absolute quantity at a mark.
pub fn notional(
    rulebook: &Rulebook,
    house: &ClearingHouse,
    instrument: InstrumentId,
    quantity: Quantity,
    mark: Price,
) -> Option<i128> {
    quote_value(rulebook, house, instrument, quantity.magnitude().quote(mark))
}
