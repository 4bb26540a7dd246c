//! Digests: the seal digest that finds where runs part, and the chain over effects.
//!
//! The seal digest is a wrapping 128-bit sum of xxh3-128 over records (kind, number, canonical
//! bytes). Accounts keep their last hash beside them, outside the canonical bytes: a seal hashes
//! the accounts changed since the last one and nothing else. It makes no claim against forgery; the
//! state digest (BLAKE3, in `image`) does.

use crate::account::{Accounts, CASE, LIQUIDATING, QUEUED};
use crate::house::{Books, ClearingHouse};
use alloc::vec::Vec;
use domain::canonical::append;
use domain::{AccountId, Effect};
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

/// Changed since its hash was last taken; derived, outside the canonical bytes.
pub(crate) const UNHASHED: u8 = 8;

/// Changed accounts are hashed after so many, while their rows are still in cache, ...
const WARM: usize = 64;
/// ... in books of more accounts than caches hold; smaller ones wait for the seal, by when an
/// account has changed many times.
const LARGE_BOOK: u64 = 65_536;

/// Kinds of records, as they enter their hash.
#[derive(Clone, Copy)]
enum Record {
    Cursor = 0,
    Producers = 1,
    Rulebook = 2,
    Asset = 3,
    Instrument = 4,
    House = 5,
    Liquidity = 6,
    Queue = 7,
    Account = 8,
    Depth = 9,
}

/// Hashes kept up to date.
#[derive(Clone, Debug)]
pub(crate) struct Digests {
    accounts: Vec<u128>,
    accounts_sum: u128,
    unhashed: Vec<AccountId>,
    rulebook: Option<u128>,
    buffer: Vec<u8>,
    /// Accounts are hashed at the seal only.
    late: bool,
}

impl Digests {
    pub const fn new() -> Self {
        Self {
            accounts: Vec::new(),
            accounts_sum: 0,
            unhashed: Vec::new(),
            rulebook: None,
            buffer: Vec::new(),
            late: false,
        }
    }

    /// The rulebook's hash is taken anew at the next seal.
    pub fn rulebook_changed(&mut self) {
        self.rulebook = None;
    }

    /// Notes that an account's canonical bytes may have changed.
    pub fn changed(&mut self, accounts: &mut Accounts, account: AccountId) {
        if accounts.flag(account, UNHASHED) {
            return;
        }
        accounts.set_flag(account, UNHASHED, true);
        self.unhashed.push(account);
        if self.unhashed.len() >= 2 * WARM && accounts.count() > LARGE_BOOK && !self.late {
            self.hash_oldest(accounts, WARM);
        }
    }

    fn hash_oldest(&mut self, accounts: &mut Accounts, count: usize) {
        let count = count.min(self.unhashed.len());
        let missing = accounts.count() as usize;
        if self.accounts.len() < missing {
            self.accounts.resize(missing, 0);
        }
        for place in 0..count {
            let Some(account) = self.unhashed.get(place).copied() else { continue };
            accounts.set_flag(account, UNHASHED, false);
            let hash = account_hash(&mut self.buffer, accounts, account);
            if let Some(slot) = self.accounts.get_mut(account.index()) {
                let old = core::mem::replace(slot, hash);
                self.accounts_sum = self.accounts_sum.wrapping_sub(old).wrapping_add(hash);
            }
        }
        self.unhashed.drain(..count);
    }

    /// Chains an event's effects onto the running effect digest.
    pub fn chain_effects(&mut self, digest: &mut u128, effects: &[Effect]) {
        self.buffer.clear();
        self.buffer.extend_from_slice(&digest.to_le_bytes());
        append(&mut self.buffer, effects);
        *digest = xxh3_128(&self.buffer);
    }

    pub fn bytes(&self) -> usize {
        self.accounts.capacity() * size_of::<u128>()
    }
}

fn record_hash<T: Serialize + ?Sized>(
    buffer: &mut Vec<u8>,
    record: Record,
    number: u64,
    value: &T,
) -> u128 {
    buffer.clear();
    buffer.push(record as u8);
    buffer.extend_from_slice(&number.to_le_bytes());
    append(buffer, value);
    xxh3_128(buffer)
}

/// The canonical part of an account's flags.
pub(crate) fn canonical_flags(accounts: &Accounts, account: AccountId) -> u8 {
    accounts.flags(account) & (LIQUIDATING | QUEUED | CASE)
}

fn account_hash(buffer: &mut Vec<u8>, accounts: &Accounts, account: AccountId) -> u128 {
    let flags = canonical_flags(accounts, account);
    let (balances, positions) = (accounts.balances(account), accounts.positions(account));
    match accounts.case(account) {
        None => {
            let row = (flags, balances, positions);
            record_hash(buffer, Record::Account, account.number(), &row)
        }
        Some(case) => {
            let row = (flags, balances, positions, case);
            record_hash(buffer, Record::Account, account.number(), &row)
        }
    }
}

/// Sum over all records but accounts.
fn house_sum(buffer: &mut Vec<u8>, books: &Books, rulebook: u128) -> u128 {
    let mut sum = rulebook;
    let mut add = |record, number, hash: &dyn Fn(&mut Vec<u8>, Record, u64) -> u128| {
        sum = sum.wrapping_add(hash(buffer, record, number));
    };
    add(Record::Cursor, 0, &|buffer, record, number| {
        record_hash(buffer, record, number, &books.cursor)
    });
    add(Record::Producers, 0, &|buffer, record, number| {
        record_hash(buffer, record, number, &books.producers)
    });
    add(Record::Queue, 0, &|buffer, record, number| {
        record_hash(buffer, record, number, &books.queue)
    });
    for (number, market) in (0..).zip(&books.assets) {
        add(Record::Asset, number, &|buffer, record, number| {
            record_hash(buffer, record, number, market)
        });
    }
    for (number, market) in (0..).zip(&books.instruments) {
        add(Record::Instrument, number, &|buffer, record, number| {
            record_hash(buffer, record, number, market)
        });
    }
    for (number, row) in (0..).zip(books.ledger.rows()) {
        add(Record::House, number, &|buffer, record, number| {
            record_hash(buffer, record, number, row)
        });
    }
    for (number, position) in (0..).zip(books.liquidity.positions()) {
        add(Record::Liquidity, number, &|buffer, record, number| {
            record_hash(buffer, record, number, position)
        });
    }
    for market in books.depth.markets() {
        let number = u64::from(market.instrument.number());
        add(Record::Depth, number, &|buffer, record, number| {
            record_hash(buffer, record, number, market)
        });
    }
    sum
}

impl ClearingHouse {
    /// Leaves the hashing of changed accounts to the next seal, in large books too: for runs that
    /// take no seals. The digests are the same.
    pub const fn hash_at_seals(&mut self, late: bool) {
        self.digests.late = late;
    }

    /// Wrapping sum of the hashes of all records; costs the accounts changed since the last call.
    pub fn seal_digest(&mut self) -> [u8; 16] {
        let Self { books, digests, .. } = self;
        digests.hash_oldest(&mut books.accounts, usize::MAX);
        let buffer = &mut digests.buffer;
        let rulebook = *digests
            .rulebook
            .get_or_insert_with(|| record_hash(buffer, Record::Rulebook, 0, &books.rulebook));
        let sum = house_sum(buffer, books, rulebook).wrapping_add(digests.accounts_sum);
        sum.to_le_bytes()
    }

    /// The seal digest computed from every record, for tests and restores.
    #[must_use]
    pub fn seal_digest_from_scratch(&self) -> [u8; 16] {
        let mut buffer = Vec::new();
        let books = &self.books;
        let rulebook = record_hash(&mut buffer, Record::Rulebook, 0, &books.rulebook);
        let mut sum = house_sum(&mut buffer, books, rulebook);
        for account in books.accounts.ids() {
            sum = sum.wrapping_add(account_hash(&mut buffer, &books.accounts, account));
        }
        sum.to_le_bytes()
    }

    /// Chained xxh3-128 over the canonical bytes of the effects of every event so far.
    #[must_use]
    pub const fn effect_digest(&self) -> [u8; 16] {
        self.books.cursor.effect_digest.to_le_bytes()
    }
}
