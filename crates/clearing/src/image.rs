//! The state as canonical bytes, and back.
//!
//! The bytes of a snapshot are these, and the state digest is their BLAKE3: two machines are in the
//! same state exactly if these bytes are equal. What is derived (wake index, hashes) is rebuilt.

use crate::account::{Accounts, CASE};
use crate::case::Case;
use crate::depth::Depth;
use crate::freshness::Freshness;
use crate::house::{Books, ClearingHouse, Cursor, SEMANTICS};
use crate::ledger::{HouseRow, Ledger};
use crate::liquidity::Liquidity;
use alloc::vec::Vec;
use core::fmt;
use domain::canonical::{CanonicalError, append, decode, decode_prefix};
use domain::event::ProducerId;
use domain::rulebook::Rulebook;
use domain::{AccountId, Balance, Position};
use risk::accrual::BORROW_INDEX_MAX;
use risk::impact::market::DepthMarket;
use risk::{AssetMarket, InstrumentMarket};
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

/// Why bytes are not a state of this machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// The bytes do not decode.
    #[error("the state does not decode: {0}")]
    Malformed(#[from] CanonicalError),
    /// The state belongs to another behaviour.
    #[error("the state has semantics {found}, this machine {expected}")]
    Semantics {
        /// Of the state.
        found: u32,
        /// Of this machine.
        expected: u32,
    },
    /// The decoded state does not encode to the same bytes, or no machine comes to it.
    #[error("the state does not encode to the bytes it was read from")]
    NotCanonical,
}

#[derive(Deserialize)]
struct Image {
    semantics: u32,
    cursor: Cursor,
    producers: Vec<(ProducerId, u64)>,
    rulebook: Rulebook,
    assets: Vec<AssetMarket>,
    instruments: Vec<InstrumentMarket>,
    house: Vec<HouseRow>,
    liquidity: Vec<Position>,
    queue: Vec<AccountId>,
}

/// One account; its flags say whether a case follows its rows.
struct AccountImage {
    flags: u8,
    balances: Vec<Balance>,
    positions: Vec<Position>,
    case: Option<Case>,
}

impl<'de> Deserialize<'de> for AccountImage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rows;

        impl<'de> Visitor<'de> for Rows {
            type Value = AccountImage;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the flags and rows of an account")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<AccountImage, A::Error> {
                let ended = || Error::custom("the account ends early");
                let flags: u8 = rows.next_element()?.ok_or_else(ended)?;
                let balances = rows.next_element()?.ok_or_else(ended)?;
                let positions = rows.next_element()?.ok_or_else(ended)?;
                let case = if flags & CASE == 0 {
                    None
                } else {
                    Some(rows.next_element()?.ok_or_else(ended)?)
                };
                Ok(AccountImage { flags, balances, positions, case })
            }
        }

        deserializer.deserialize_tuple(4, Rows)
    }
}

impl ClearingHouse {
    /// Canonical bytes of the whole state; [`ClearingHouse::from_bytes`] reads them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        append_books(&mut bytes, &self.books);
        bytes
    }

    /// BLAKE3 of the canonical bytes: the identity of the state.
    #[must_use]
    pub fn state_digest(&self) -> [u8; 32] {
        *blake3::hash(&self.to_bytes()).as_bytes()
    }

    /// The machine whose canonical bytes these are.
    ///
    /// # Errors
    /// If the bytes do not decode, belong to other semantics, or are not canonical.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RestoreError> {
        let semantics =
            bytes.get(..4).and_then(|head| head.try_into().ok()).map(u32::from_le_bytes);
        if let Some(found) = semantics.filter(|found| *found != SEMANTICS) {
            return Err(RestoreError::Semantics { found, expected: SEMANTICS });
        }
        let (image, rest): (Image, _) = decode_prefix(bytes)?;
        let depth = &image.rulebook.sections.liquidity.markets;
        let (markets, rest): (Vec<DepthMarket>, _) =
            if depth.is_empty() { (Vec::new(), rest) } else { decode_prefix(rest)? };
        let accounts: Vec<AccountImage> = decode(rest)?;
        let depth = depth.iter().map(|rules| rules.instrument);
        let listed = depth.eq(markets.iter().map(|market| market.instrument));
        debug_assert_eq!(image.semantics, SEMANTICS);
        let fits = image.house.len() == image.rulebook.assets.len()
            && image.assets.len() == image.rulebook.assets.len()
            && image.instruments.len() == image.rulebook.instruments.len()
            && image.liquidity.len() == image.rulebook.instruments.len();
        if !fits || !listed || !rows_are_listed(&image, &accounts) || !indexes_fit(&image.assets) {
            return Err(RestoreError::NotCanonical);
        }
        let house = Self::from_books(books(image, markets, accounts));
        if house.to_bytes() != bytes {
            return Err(RestoreError::NotCanonical);
        }
        Ok(house)
    }
}

/// Appends the canonical bytes of books.
pub(crate) fn append_books(bytes: &mut Vec<u8>, books: &Books) {
    append(bytes, &SEMANTICS);
    append(bytes, &books.cursor);
    append(bytes, &books.producers);
    append(bytes, &books.rulebook);
    append(bytes, &books.assets);
    append(bytes, &books.instruments);
    append(bytes, books.ledger.rows());
    append(bytes, books.liquidity.positions());
    append(bytes, &books.queue);
    // Without depth there is nothing to say of it, not even that.
    if books.depth.is_finite() {
        append(bytes, books.depth.markets());
    }
    append(bytes, &books.accounts.count());
    for account in books.accounts.ids() {
        append(bytes, &books.accounts.canonical_flags(account));
        append(bytes, books.accounts.balances(account));
        append(bytes, books.accounts.positions(account));
        if let Some(case) = books.accounts.case(account) {
            append(bytes, &case);
        }
    }
}

/// Every interest index is one that a balance's row can take over.
fn indexes_fit(markets: &[AssetMarket]) -> bool {
    let fits = |index: &i128| (1..=BORROW_INDEX_MAX).contains(index);
    markets.iter().all(|market| fits(&market.borrow_index) && fits(&market.deposit_index))
}

/// Every row names a listed asset or instrument, so that rules can be looked up without a doubt.
fn rows_are_listed(image: &Image, rows: &[AccountImage]) -> bool {
    let (assets, instruments) = (image.assets.len(), image.instruments.len());
    rows.iter().all(|account| {
        account
            .balances
            .iter()
            .all(|balance| balance.asset.index() < assets && balance.index.wide() > 0)
            && account.positions.iter().all(|position| position.instrument.index() < instruments)
    })
}

fn books(image: Image, markets: Vec<DepthMarket>, rows: Vec<AccountImage>) -> Books {
    let mut accounts = Accounts::new();
    for (number, row) in (0..).zip(rows) {
        let account = AccountId::new(number);
        accounts.open();
        accounts.set_flag(account, row.flags, true);
        if let Some(case) = row.case {
            accounts.put_case(account, case);
        }
        for balance in row.balances {
            accounts.put_balance(account, balance);
        }
        for position in row.positions {
            accounts.put_position(account, position);
        }
    }
    Books {
        cursor: image.cursor,
        producers: image.producers,
        rulebook: image.rulebook,
        assets: image.assets,
        instruments: image.instruments,
        ledger: Ledger::restore(image.house),
        liquidity: Liquidity::restore(image.liquidity),
        depth: Depth::restore(markets),
        queue: image.queue,
        accounts,
        touched: Vec::new(),
        looks: None,
        freshness: Freshness::default(),
        terms: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;
    use alloc::string::String;
    use alloc::vec;
    use domain::rulebook::{AssetRules, InterestCurve};
    use domain::{Amount, AssetId, InterestIndex, Price, Ratio};
    use risk::prices::INDEX_ONE;

    fn asset() -> AssetRules {
        AssetRules {
            name: String::from("USD"),
            decimals: 8,
            price_max: Price::new(1),
            balance_max: Amount::new(100),
            deposit_cap: Amount::new(100),
            haircuts: Vec::new(),
            liability_weight: Ratio::ONE,
            slippage: Ratio::ZERO,
            interest: InterestCurve { points: Vec::new(), fee_share: Ratio::ZERO },
            utilisation_max: Ratio::ONE,
            debt_initial: Ratio::ZERO,
            debt_release: Ratio::ZERO,
        }
    }

    /// Restores a house with a debt, a deposit and these indexes of their asset.
    fn restored(borrow_index: i128, deposit_index: i128) -> Result<ClearingHouse, RestoreError> {
        let mut books = Books::new();
        let rulebook = Rulebook { assets: vec![asset()], ..rules::void() };
        rules::adopt(&mut books, &rulebook, &mut Vec::new());
        let index = InterestIndex::new(INDEX_ONE);
        for (number, units) in (0..).zip([-5, 7]) {
            books.accounts.open();
            let balance = Balance { asset: AssetId::new(0), amount: Amount::new(units), index };
            books.accounts.put_balance(AccountId::new(number), balance);
        }
        for market in &mut books.assets {
            *market = AssetMarket { borrow_index, deposit_index, ..*market };
        }
        let mut bytes = Vec::new();
        append_books(&mut bytes, &books);
        ClearingHouse::from_bytes(&bytes)
    }

    /// Beyond these bounds the first look at a balance would panic.
    #[test]
    fn indexes_that_no_balance_can_take_over_are_refused() {
        for index in [1, INDEX_ONE, BORROW_INDEX_MAX] {
            assert!(restored(index, INDEX_ONE).is_ok(), "{index}");
            assert!(restored(INDEX_ONE, index).is_ok(), "{index}");
        }
        let wide = i128::from(i64::MAX) + 1;
        for index in [i128::MIN, -1, 0, BORROW_INDEX_MAX + 1, wide, i128::MAX] {
            for (borrow, deposit) in [(index, INDEX_ONE), (INDEX_ONE, index)] {
                let refused = restored(borrow, deposit).err();
                assert_eq!(refused, Some(RestoreError::NotCanonical), "{borrow} {deposit}");
            }
        }
    }
}
