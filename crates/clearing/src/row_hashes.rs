//! Hashes of accounts' rows, kept as one sum while rows are written.
//!
//! A record is a row with its kind and its account: a balance, a position, or what an account's
//! flags and case say where they say anything. Its hash is xxh3-128 of its canonical bytes, and the
//! sum wraps, so a write takes the old row's hash out and puts the new one's in: what a seal costs
//! is paid where the row is in cache anyway, whatever the size of the book, and nothing is stored
//! per account. It makes no claim against forgery; the state digest does.

use crate::case::Case;
use alloc::vec::Vec;
use domain::canonical::{append, words};
use domain::{AccountId, Balance, Position};
use xxhash_rust::xxh3::xxh3_128;

/// Kinds of records of accounts, as they enter their hash; `digest` has the others.
const STANDING: u32 = 8;
const BALANCE: u32 = 10;
const POSITION: u32 = 11;

/// Flags with a meaning and the case behind them: what stands about an account beside its rows.
pub(crate) type Notes = (u8, Option<Case>);

/// The sum, kept or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowHashes {
    sum: Option<u128>,
}

impl RowHashes {
    /// Of no rows, and kept from here on.
    pub const fn new() -> Self {
        Self { sum: Some(0) }
    }

    /// The sum; `None` where it is not kept.
    pub const fn sum(self) -> Option<u128> {
        self.sum
    }

    /// Keeps it from here on, or no longer.
    pub const fn set(&mut self, sum: Option<u128>) {
        self.sum = sum;
    }

    /// A balance was written over another, or added.
    #[inline]
    pub fn balance(&mut self, account: AccountId, old: Option<&Balance>, new: &Balance) {
        self.replace(old, Some(new), |row| balance_hash(account, row));
    }

    /// A position was written over another, added or removed.
    #[inline]
    pub fn position(&mut self, account: AccountId, old: Option<&Position>, new: Option<&Position>) {
        self.replace(old, new, |row| position_hash(account, row));
    }

    /// What stands about an account changed.
    pub fn notes(&mut self, account: AccountId, old: &Notes, new: &Notes) {
        self.replace(Some(old), Some(new), |notes| notes_hash(account, notes));
    }

    #[inline]
    fn replace<T>(&mut self, old: Option<&T>, new: Option<&T>, hash: impl Fn(&T) -> u128) {
        if let Some(sum) = &mut self.sum {
            let (old, new) = (old.map_or(0, &hash), new.map_or(0, &hash));
            *sum = sum.wrapping_sub(old).wrapping_add(new);
        }
    }
}

/// Kind, asset, account, amount, index: 48 bytes.
#[inline]
pub(crate) fn balance_hash(account: AccountId, row: &Balance) -> u128 {
    let (amount, index) = (row.amount.units(), row.index.wide());
    let head = [head(BALANCE, row.asset.number()), account.number()];
    let [amount, index] = [amount, index].map(halves);
    xxh3_128(&words::<6, 48>([head[0], head[1], amount[0], amount[1], index[0], index[1]]))
}

/// Kind, instrument, account, quantity, cost, funding index: 56 bytes.
#[inline]
pub(crate) fn position_hash(account: AccountId, row: &Position) -> u128 {
    let head = [head(POSITION, row.instrument.number()), account.number()];
    let quantity = row.quantity.units() as u64;
    let [cost, funding] = [row.cost.units(), row.funding_index].map(halves);
    let words =
        words::<7, 56>([head[0], head[1], quantity, cost[0], cost[1], funding[0], funding[1]]);
    xxh3_128(&words)
}

/// Kind, flags, account and the case, if there is one; an account without flags has no such record.
pub(crate) fn notes_hash(account: AccountId, (flags, case): &Notes) -> u128 {
    if *flags == 0 {
        return 0;
    }
    let mut bytes = Vec::new();
    append(&mut bytes, &(STANDING, u32::from(*flags), account, case));
    xxh3_128(&bytes)
}

const fn head(kind: u32, number: u32) -> u64 {
    kind as u64 | (number as u64) << 32
}

const fn halves(number: i128) -> [u64; 2] {
    [number as u64, (number >> 64) as u64]
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::canonical::encode;
    use domain::{Amount, AssetId, InstrumentId, InterestIndex, Quantity, Quote};

    /// Goal: rows are hashed by their canonical bytes. Method: numbers with another byte in every
    /// place against `canonical` itself.
    #[test]
    fn rows_are_hashed_by_their_canonical_bytes() {
        let account = AccountId::new(0x0102_0304_0506_0708);
        for units in [0x4142_4344_4546_4748_494a_4b4c_4d4e_4f50, -9, 0] {
            let (asset, instrument) = (AssetId::new(0x1112_1314), InstrumentId::new(0x2122_2324));
            let index = InterestIndex::new(i128::from(units as i64 ^ 3));
            let balance = Balance { asset, amount: Amount::new(units), index };
            let Balance { amount, index, .. } = balance;
            let bytes = encode(&(BALANCE, asset, account, amount, index));
            assert_eq!(balance_hash(account, &balance), xxh3_128(&bytes));
            let (quantity, cost) = (Quantity::new(units as i64), Quote::new(units ^ 5));
            let position = Position { instrument, quantity, cost, funding_index: units + 7 };
            let bytes = encode(&(POSITION, instrument, account, quantity, cost, units + 7));
            assert_eq!(position_hash(account, &position), xxh3_128(&bytes));
        }
    }

    /// A write takes out what it replaces, in whatever order.
    #[test]
    fn a_sum_forgets_what_was_replaced() {
        let account = AccountId::new(1);
        let (asset, index) = (AssetId::new(0), InterestIndex::new(1));
        let balance = |units| Balance { asset, amount: Amount::new(units), index };
        let (first, second) = (balance(5), balance(6));
        let mut written = RowHashes::new();
        written.balance(account, None, &first);
        written.notes(account, &(0, None), &(1, None));
        written.balance(account, Some(&first), &second);
        written.notes(account, &(1, None), &(0, None));
        assert_eq!(written.sum(), Some(balance_hash(account, &second)));
        let mut off = RowHashes::new();
        off.set(None);
        off.balance(account, None, &first);
        assert_eq!(off.sum(), None);
    }
}
