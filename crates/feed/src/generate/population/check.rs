//! What every population must satisfy, invented here or brought in a file.

use std::collections::BTreeMap;

use domain::{InstrumentId, Quantity, Weighted};

use super::super::millionths::Notional;
use super::opening::{Opening, OpeningAsset, OpeningInstrument};
use super::{Account, Population};
use crate::error::{FeedError, Place};

fn broken(path: String, expected: &str, found: String) -> FeedError {
    FeedError::input("population.law", Place::default().at(path), expected, found)
}

impl Population {
    /// Checks that longs equal shorts in every instrument, that trades lead exactly to the
    /// positions, and that every account meets initial margin with its deposits.
    ///
    /// # Errors
    /// The first account, trade or instrument that breaks one of these.
    pub fn check(&self, opening: &Opening) -> Result<(), FeedError> {
        let traded = self.traded(opening)?;
        for (number, account) in self.accounts.iter().enumerate() {
            let path = format!("accounts[{number}]");
            for (instrument, quantity) in &account.positions {
                let found = traded.get(&(number as u32, *instrument)).copied().unwrap_or(0);
                if found != quantity.wide() {
                    let expected = "trades that lead to the position";
                    return Err(broken(path, expected, format!("{found} of {quantity:?}")));
                }
            }
            let (equity, margin) = standing(account, opening, &path)?;
            if equity < margin {
                let found = format!("{} below {} at 1e-22", equity.units(), margin.units());
                return Err(broken(path, "adjusted equity of at least initial margin", found));
            }
        }
        for instrument in &opening.instruments {
            let sum: i128 =
                self.accounts.iter().map(|account| account.quantity(instrument.id).wide()).sum();
            if sum != 0 {
                let path = format!("instruments.{}", instrument.asset);
                return Err(broken(path, "longs equal to shorts", format!("{sum} too many long")));
            }
        }
        Ok(())
    }

    /// Net quantity bought, by account and instrument.
    fn traded(&self, opening: &Opening) -> Result<BTreeMap<(u32, InstrumentId), i128>, FeedError> {
        let mut traded = BTreeMap::new();
        for (number, trade) in self.trades.iter().enumerate() {
            let path = || format!("trades[{number}]");
            let instrument = instrument(opening, trade.instrument, &path())?;
            let sides = [trade.buyer, trade.seller];
            let known = sides.iter().all(|side| (*side as usize) < self.accounts.len());
            if !known || trade.buyer == trade.seller {
                return Err(broken(path(), "two different accounts", format!("{sides:?}")));
            }
            let units = trade.quantity.units();
            if units <= 0 || units % instrument.lot.units() != 0 {
                let found = format!("{units} quantity units");
                return Err(broken(path(), "a positive number of lots", found));
            }
            *traded.entry((trade.buyer, trade.instrument)).or_insert(0) += i128::from(units);
            *traded.entry((trade.seller, trade.instrument)).or_insert(0) -= i128::from(units);
        }
        Ok(traded)
    }
}

/// Adjusted equity at the opening, where PnL is zero, and initial margin.
fn standing(
    account: &Account,
    opening: &Opening,
    path: &str,
) -> Result<(Weighted, Weighted), FeedError> {
    let mut equity = Weighted::ZERO;
    for (asset, amount) in &account.deposits {
        let asset: &OpeningAsset =
            opening.assets.iter().find(|known| known.id == *asset).ok_or_else(|| {
                broken(path.to_owned(), "deposits of the opening's assets", format!("{asset:?}"))
            })?;
        let worth = amount.units().checked_mul(asset.index.wide()).and_then(Notional::new);
        if worth.is_none() {
            let expected = format!("deposits of {} worth 0 to {}", asset.name, Notional::MAX);
            return Err(broken(path.to_owned(), &expected, format!("{amount:?}")));
        }
        equity += asset.weighted(*amount);
    }
    let mut margin = Weighted::ZERO;
    for (id, quantity) in &account.positions {
        margin += instrument(opening, *id, path)?.initial_margin(*quantity);
    }
    Ok((equity, margin))
}

fn instrument<'a>(
    opening: &'a Opening,
    id: InstrumentId,
    path: &str,
) -> Result<&'a OpeningInstrument, FeedError> {
    opening
        .instruments
        .iter()
        .find(|known| known.id == id)
        .ok_or_else(|| broken(path.to_owned(), "the opening's instruments", format!("{id:?}")))
}

impl Account {
    /// Its quantity of an instrument; none if it holds no position.
    pub fn quantity(&self, instrument: InstrumentId) -> Quantity {
        self.positions
            .iter()
            .find(|(held, _)| *held == instrument)
            .map_or(Quantity::ZERO, |(_, quantity)| *quantity)
    }
}
