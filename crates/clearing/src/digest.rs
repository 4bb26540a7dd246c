//! Digests: the seal digest that finds where runs part, and the chain over effects.
//!
//! The seal digest is a wrapping 128-bit sum of xxh3-128 over records (kind, number, canonical
//! bytes). Hashes of accounts' rows are kept as one sum while rows are written (`row_hashes`), so a
//! seal hashes the house's own records and nothing else. It makes no claim against forgery; the
//! state digest (BLAKE3, in `image`) does.

use crate::house::{Books, ClearingHouse};
use alloc::vec::Vec;
use domain::Effect;
use domain::canonical::{append, append_effects};
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

/// Kinds of records, as they enter their hash; `row_hashes` has those of accounts.
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
    Depth = 9,
    AccountCount = 12,
}

/// Hashes kept up to date.
#[derive(Clone, Debug)]
pub(crate) struct Digests {
    rulebook: Option<u128>,
    buffer: Vec<u8>,
}

impl Digests {
    pub const fn new() -> Self {
        Self { rulebook: None, buffer: Vec::new() }
    }

    /// The rulebook's hash is taken anew at the next seal.
    pub fn rulebook_changed(&mut self) {
        self.rulebook = None;
    }

    /// Chains an event's effects onto the running effect digest.
    pub fn chain_effects(&mut self, digest: &mut u128, effects: &[Effect]) {
        self.buffer.clear();
        self.buffer.extend_from_slice(&digest.to_le_bytes());
        append_effects(&mut self.buffer, effects);
        *digest = xxh3_128(&self.buffer);
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

/// Sum over all records but those of accounts.
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
    add(Record::AccountCount, 0, &|buffer, record, number| {
        record_hash(buffer, record, number, &books.accounts.count())
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
    /// Hashes accounts' rows at seals only, all of them each time, not when they are written: for
    /// runs that take no seals. The digests are the same.
    pub fn hash_at_seals(&mut self, late: bool) {
        self.books.accounts.keep_hashes(!late);
    }

    /// Wrapping sum of the hashes of all records.
    pub fn seal_digest(&mut self) -> [u8; 16] {
        let Self { books, digests, .. } = self;
        let accounts = &books.accounts;
        let rows = accounts.hashes().unwrap_or_else(|| accounts.hashes_from_scratch());
        let buffer = &mut digests.buffer;
        let rulebook = *digests
            .rulebook
            .get_or_insert_with(|| record_hash(buffer, Record::Rulebook, 0, &books.rulebook));
        house_sum(buffer, books, rulebook).wrapping_add(rows).to_le_bytes()
    }

    /// The seal digest computed from every record, for tests and restores.
    #[must_use]
    pub fn seal_digest_from_scratch(&self) -> [u8; 16] {
        let mut buffer = Vec::new();
        let books = &self.books;
        let rulebook = record_hash(&mut buffer, Record::Rulebook, 0, &books.rulebook);
        let sum = house_sum(&mut buffer, books, rulebook);
        sum.wrapping_add(books.accounts.hashes_from_scratch()).to_le_bytes()
    }

    /// Chained xxh3-128 over the canonical bytes of the effects of every event so far.
    #[must_use]
    pub const fn effect_digest(&self) -> [u8; 16] {
        self.books.cursor.effect_digest.to_le_bytes()
    }
}
