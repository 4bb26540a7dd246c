//! Canonical bytes: fixed-width, little-endian, one encoding for each value.
//!
//! Digests and snapshots are made of these and not of the journal's codec, so that a change of
//! codec is no change of history. Layout: integers little-endian at their width, bool one byte,
//! `Option` a tag byte, variants a `u32`, sequences and strings a `u64` length. No float, map or
//! platform-sized number can be encoded. (The layout equals bincode 1 with fixed-width integers;
//! `store` tests that.)

mod effects;
mod read;
mod write;

pub use effects::append_effects;
pub use read::{decode, decode_prefix};
pub use write::{append, encode, words};

use alloc::string::{String, ToString};
use core::fmt::Display;

/// Why bytes are not canonical, or a value cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// The bytes end inside a value.
    #[error("bytes end at {0}, inside a value")]
    Ends(usize),
    /// Bytes remain after the value.
    #[error("{0} bytes remain after the value")]
    Trailing(usize),
    /// A tag, length or text that no encoder writes.
    #[error("at byte {at}: expected {expected}")]
    Malformed {
        /// Where.
        at: usize,
        /// What an encoder would have written.
        expected: &'static str,
    },
    /// A type outside the layout.
    #[error("{0} has no canonical bytes")]
    Unsupported(&'static str),
    /// What the type itself said.
    #[error("{0}")]
    Other(String),
}

impl serde::ser::Error for CanonicalError {
    fn custom<T: Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }
}

impl serde::de::Error for CanonicalError {
    fn custom<T: Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Deposit, Feed, PublishPrice};
    use crate::{AccountId, Amount, AssetId, Price, Timestamp};
    use alloc::vec;
    use alloc::vec::Vec;
    use serde::{Deserialize, Serialize};

    fn check<T>(value: &T, hex: &str)
    where
        T: Serialize + for<'de> Deserialize<'de> + PartialEq + core::fmt::Debug,
    {
        let bytes = encode(value);
        let text: String = bytes.iter().map(|byte| alloc::format!("{byte:02x}")).collect();
        assert_eq!(text, hex.replace(' ', ""));
        assert_eq!(&decode::<T>(&bytes).expect("what was encoded decodes"), value);
        for end in 0..bytes.len() {
            let cut = bytes.get(..end).expect("within");
            assert!(decode::<T>(cut).is_err(), "cut at {end}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(decode::<T>(&longer), Err(CanonicalError::Trailing(1)));
    }

    #[test]
    fn bytes_are_fixed() {
        check(
            &Deposit {
                account: AccountId::new(7),
                asset: AssetId::new(2),
                amount: Amount::new(-5),
            },
            "0700000000000000 02000000 fbffffffffffffffffffffffffffffff",
        );
        check(
            &(Some(9u16), vec![1u16, 2], String::from("ab"), true),
            "01 0900 0200000000000000 0100 0200 0200000000000000 6162 01",
        );
        check(
            &PublishPrice {
                feed: Feed::mark(crate::InstrumentId::new(3)),
                source: 1,
                price: Price::new(258),
                confidence: Price::new(0),
                published_at: Timestamp::from_nanos(-1),
            },
            "01 03000000 01000000 0201000000000000 0000000000000000 ffffffffffffffff",
        );
    }

    #[test]
    fn foreign_bytes_are_refused() {
        assert!(decode::<bool>(&[2]).is_err());
        assert!(decode::<Option<u8>>(&[7, 1]).is_err());
        assert!(decode::<String>(&[1, 0, 0, 0, 0, 0, 0, 0, 0xff]).is_err());
        let claims_much = [0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1];
        assert!(decode::<Vec<u64>>(&claims_much).is_err());
        assert!(decode::<Feed>(&[9, 0, 0, 0, 0]).is_err());
    }
}
