//! Holdings of accounts: `account,name,amount`.
//!
//! One row for each balance or position. Accounts are numbered from zero; a name is an asset
//! (amount above zero) or an instrument (quantity of either sign, whole lots). Law: no account
//! holds a name twice, and no number below the largest is missing.

use std::collections::BTreeMap;

use super::bars::check_header;
use super::compressed::Stored;
use super::rows::{Fault, Mode, Row, Sink, lines, quoted};
use crate::decimal;
use crate::error::{FeedError, FeedErrors, Place};

/// Columns of the layout.
pub const COLUMNS: &[&str] = &["account", "name", "amount"];

/// The most accounts a file may number.
const ACCOUNTS_MAX: u32 = 10_000_000;

/// What a name of a file of holdings means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holdable {
    /// An asset with so many decimals.
    Asset {
        /// Places after the point of its unit.
        digits: u32,
    },
    /// An instrument.
    Instrument {
        /// Places after the point of its quantity unit.
        digits: u32,
        /// Smallest quantity, in that unit.
        lot: i64,
    },
}

/// Names with amounts in their units, one map for each account.
pub type Holdings = Vec<BTreeMap<String, i128>>;

/// Reads a file of holdings. There is no lenient way: an account without one of its balances is
/// another account.
///
/// # Errors
/// `holdings.header`, `holdings.number` for a hole in the numbering, the faults of rows, and those
/// of [`Stored::text`].
pub fn read(
    stored: &Stored,
    known: &dyn Fn(&str) -> Option<Holdable>,
) -> Result<Holdings, FeedErrors> {
    let text = stored.text()?;
    let mut rows = lines(&text);
    check_header(stored, rows.next(), COLUMNS, "holdings.header")?;
    let mut sink = Sink::new(stored, Mode::Strict);
    let mut accounts: BTreeMap<u32, BTreeMap<String, i128>> = BTreeMap::new();
    for (line, raw) in rows {
        let row = Row::cut(raw, line, COLUMNS);
        match holding(&row, known) {
            Err(fault) => sink.refuse(&row, fault),
            Ok((account, amount)) => {
                let names = accounts.entry(account).or_default();
                if names.insert(row.text(1).to_owned(), amount).is_some() {
                    let expected = format!("each name once in account {account}");
                    let fault = Fault::field("row.duplicate", 1, expected, quoted(row.text(1)));
                    sink.refuse(&row, fault);
                }
            }
        }
    }
    for (expected, (number, _)) in (0..).zip(&accounts) {
        if *number != expected {
            let place = Place::file(&stored.file);
            let expected = format!("accounts numbered from 0 without a hole, {expected} next");
            sink.fail(FeedError::input("holdings.number", place, expected, number.to_string()));
            break;
        }
    }
    sink.finish()?;
    Ok(accounts.into_values().collect())
}

fn holding(row: &Row<'_>, known: &dyn Fn(&str) -> Option<Holdable>) -> Result<(u32, i128), Fault> {
    row.check_width()?;
    let text = row.text(0);
    let number = text.parse().ok().filter(|number| *number < ACCOUNTS_MAX);
    let account = number.ok_or_else(|| {
        let expected = format!("a whole number below {ACCOUNTS_MAX}");
        Fault::field("row.account", 0, expected, quoted(text))
    })?;
    let holdable = known(row.text(1)).ok_or_else(|| {
        let expected = "an asset or an instrument that has a price at the opening";
        Fault::field("row.name", 1, expected, quoted(row.text(1)))
    })?;
    let (digits, lot) = match holdable {
        Holdable::Asset { digits } => (digits, None),
        Holdable::Instrument { digits, lot } => (digits, Some(lot)),
    };
    let text = row.text(2);
    let amount = decimal::exact(text)
        .and_then(|value| decimal::in_unit_wide(value, digits))
        .map_err(|fault| Fault::number(2, &fault))?;
    match lot {
        None if amount <= 0 => {
            Err(Fault::field("row.amount", 2, "an amount above zero", quoted(text)))
        }
        Some(lot) if amount == 0 || amount % i128::from(lot.max(1)) != 0 => {
            let lot = decimal::text(i128::from(lot), digits);
            let expected = format!("a multiple of the lot {lot} other than zero");
            Err(Fault::field("row.amount", 2, expected, quoted(text)))
        }
        _ => Ok((account, amount)),
    }
}
