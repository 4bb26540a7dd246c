//! Accounts of a day from a file of holdings.
//!
//! Longs are paired with shorts in the order of their numbers, at the opening mark. Law: the same
//! that invented accounts obey, asked by the same check: longs equal shorts, everybody meets
//! initial margin; a file that breaks it is refused.

use domain::{Amount, InstrumentId, Quantity, Rulebook};

use crate::error::{FeedError, FeedErrors, Place};
use crate::generate::population::{Account, Opening, Population, Trade};
use crate::reader::compressed::Stored;
use crate::reader::holdings::{self, Holdable};

pub use crate::reader::holdings::COLUMNS;

/// Reads a file of holdings into a population without cells.
///
/// # Errors
/// The faults of the file, and `accounts.law` where holdings break the law above.
pub fn read(
    stored: &Stored,
    opening: &Opening,
    rulebook: &Rulebook,
) -> Result<Population, FeedErrors> {
    let holdings = holdings::read(stored, &|name| holdable(name, opening, rulebook))?;
    let place = || Place::file(&stored.file);
    let mut accounts = Vec::with_capacity(holdings.len());
    for (number, names) in (0..).zip(&holdings) {
        let mut account =
            Account { cell: 0, place: number, positions: Vec::new(), deposits: Vec::new() };
        for (name, amount) in names {
            if let Some(instrument) = rulebook.instrument_named(name) {
                let quantity = i64::try_from(*amount).map_err(|_| {
                    let path = format!("account {number}, {name}");
                    let expected = "a quantity within 64 bits";
                    FeedError::input("accounts.law", place().at(path), expected, "a larger one")
                })?;
                account.positions.push((instrument, Quantity::new(quantity)));
            } else if let Some(asset) = rulebook.asset_named(name) {
                account.deposits.push((asset, Amount::new(*amount)));
            }
        }
        accounts.push(account);
    }
    let instruments = opening.instruments.iter().map(|instrument| instrument.id);
    let trades = instruments.flat_map(|id| pair(id, &accounts)).collect();
    let population = Population { cells: Vec::new(), accounts, trades };
    population.check(opening).map_err(|fault| {
        let path = fault.place.path.clone().unwrap_or_default();
        FeedError::input("accounts.law", place().at(path), fault.expected, fault.found)
    })?;
    Ok(population)
}

fn holdable(name: &str, opening: &Opening, rulebook: &Rulebook) -> Option<Holdable> {
    if let Some(id) = rulebook.instrument_named(name) {
        let instrument = opening.instruments.iter().find(|instrument| instrument.id == id)?;
        let (digits, lot) = (instrument.quantity_places, instrument.lot.units());
        return Some(Holdable::Instrument { digits, lot });
    }
    let id = rulebook.asset_named(name)?;
    let asset = opening.assets.iter().find(|asset| asset.id == id)?;
    Some(Holdable::Asset { digits: asset.decimals })
}

/// Trades that lead to the positions of one instrument: two pointers over longs and shorts. What
/// one side has too much stays untraded, and the check names it.
fn pair(instrument: InstrumentId, accounts: &[Account]) -> Vec<Trade> {
    let side = |negative: bool| {
        let held =
            (0..).zip(accounts).map(|(number, account)| (number, account.quantity(instrument)));
        let held = held.filter(move |(_, quantity): &(u32, Quantity)| {
            !quantity.is_zero() && quantity.is_negative() == negative
        });
        held.map(|(number, quantity)| (number, quantity.magnitude().units())).collect::<Vec<_>>()
    };
    let (mut longs, mut shorts) = (side(false).into_iter(), side(true).into_iter());
    let (mut long, mut short) = (longs.next(), shorts.next());
    let mut trades = Vec::new();
    while let (Some((buyer, bought)), Some((seller, sold))) = (long, short) {
        let quantity = bought.min(sold);
        trades.push(Trade { instrument, buyer, seller, quantity: Quantity::new(quantity) });
        long = if bought > quantity { Some((buyer, bought - quantity)) } else { longs.next() };
        short = if sold > quantity { Some((seller, sold - quantity)) } else { shorts.next() };
    }
    trades
}
