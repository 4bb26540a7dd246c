//! Random streams: one independent ChaCha stream for each purpose, subject and ordinal.
//!
//! Law: a draw depends on (seed, purpose, subject, ordinal) and on its place inside that stream,
//! never on how many other streams were read or in which order. So one more asset or one more
//! account redraws nobody else.
//!
//! Key derivation, frozen (changing it changes every generated day): the 256-bit ChaCha20 key is
//! SHA-256 of the text `clearsim stream 1`, then the seed, the length of the purpose's name, the
//! name, the length of the subject, the subject, and the ordinal; integers are eight bytes, little
//! endian. Nonce and block counter start at zero.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

const DOMAIN_TEXT: &[u8] = b"clearsim stream 1";

/// What a stream is drawn for. A closed list, so that no two uses share a key by accident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// The minutes of an hour's two extremes; ordinal: the hour since 1970.
    BridgeMinutes,
    /// The noise all assets share within an hour; ordinal: the hour since 1970.
    BridgeCommon,
    /// The noise of one asset within an hour; subject: the asset, ordinal: the hour since 1970.
    BridgeOwn,
    /// How large an account is; subject: its cell, ordinal: its place in the cell.
    AccountWeight,
    /// The leverage of an account; subject: its cell, ordinal: its place in the cell.
    AccountLeverage,
    /// Place of an account among the sides to be paired; subject: instrument and cell.
    Pairing,
    /// A geometric walk; subject: the asset.
    Walk,
    /// A crash; subject: the asset.
    Crash,
    /// A broken peg; subject: the asset.
    Depeg,
}

impl Purpose {
    /// The text that enters the key. Frozen.
    fn name(self) -> &'static str {
        match self {
            Purpose::BridgeMinutes => "bridge minutes",
            Purpose::BridgeCommon => "bridge common",
            Purpose::BridgeOwn => "bridge own",
            Purpose::AccountWeight => "account weight",
            Purpose::AccountLeverage => "account leverage",
            Purpose::Pairing => "pairing",
            Purpose::Walk => "walk",
            Purpose::Crash => "crash",
            Purpose::Depeg => "depeg",
        }
    }
}

/// One random stream.
#[derive(Clone, Debug)]
pub struct Stream {
    generator: ChaCha20Rng,
}

impl Stream {
    /// Opens the stream of a purpose. `subject` is an asset, a cell or empty; `ordinal` is an hour,
    /// an account's place or zero.
    pub fn new(seed: u64, purpose: Purpose, subject: &str, ordinal: i64) -> Stream {
        let mut hasher = Sha256::new();
        hasher.update(DOMAIN_TEXT);
        hasher.update(seed.to_le_bytes());
        for text in [purpose.name(), subject] {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.update(ordinal.to_le_bytes());
        let key: [u8; 32] = hasher.finalize().into();
        Stream { generator: ChaCha20Rng::from_seed(key) }
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// A number strictly between 0 and 1: the middle of one of 2^52 equal intervals, which a float
    /// holds exactly.
    pub fn unit(&mut self) -> f64 {
        const INTERVALS: f64 = 4_503_599_627_370_496.0; // 2^52
        ((self.bits() >> 12) as f64 + 0.5) / INTERVALS
    }

    /// A whole number in `low..=high`, each equally likely (draws that would favour the small ones
    /// are thrown away). `high` below `low` yields `low`.
    pub fn within(&mut self, low: u64, high: u64) -> u64 {
        let Some(width) = high.checked_sub(low).and_then(|width| width.checked_add(1)) else {
            return if high < low { low } else { self.bits() };
        };
        let refused_from = u64::MAX - u64::MAX % width;
        loop {
            let bits = self.bits();
            if bits < refused_from {
                return low + bits % width;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(seed: u64, purpose: Purpose, subject: &str, ordinal: i64) -> u64 {
        Stream::new(seed, purpose, subject, ordinal).bits()
    }

    #[test]
    fn every_part_of_the_key_matters() {
        let drawn = [
            first(1, Purpose::Walk, "BTC", 0),
            first(2, Purpose::Walk, "BTC", 0),
            first(1, Purpose::Crash, "BTC", 0),
            first(1, Purpose::Walk, "ETH", 0),
            first(1, Purpose::Walk, "BTC", 1),
            first(1, Purpose::Walk, "BTC", -1),
        ];
        let mut distinct = drawn.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), drawn.len(), "{drawn:?}");
        assert_eq!(first(1, Purpose::Walk, "BTC", 0), drawn[0], "the same key, the same stream");
    }

    /// The first three words as computed by a separate implementation of SHA-256 and ChaCha20.
    #[test]
    fn key_derivation_is_frozen() {
        let mut stream = Stream::new(20_200_312, Purpose::BridgeOwn, "BTC", 439_632);
        let drawn = [stream.bits(), stream.bits(), stream.bits()];
        assert_eq!(drawn, [0x2c30e3aaed1a5d8d, 0x8b1f1af7c8ca7ad7, 0x824d8e309dac5c42]);
    }

    #[test]
    fn unit_is_inside_and_even() {
        let mut stream = Stream::new(7, Purpose::Walk, "", 0);
        let count = 100_000;
        let mut sum = 0.0;
        for _ in 0..count {
            let unit = stream.unit();
            assert!(unit > 0.0 && unit < 1.0);
            sum += unit;
        }
        // Standard error of the mean: 1/sqrt(12 x 100,000) = 0.00091; five of them.
        let mean = sum / f64::from(count);
        assert!((mean - 0.5).abs() < 0.0046, "mean {mean}");
    }

    #[test]
    fn within_reaches_both_ends_and_nothing_else() {
        let mut stream = Stream::new(7, Purpose::Walk, "", 1);
        let mut seen = [0u32; 23];
        for _ in 0..23_000 {
            seen[(stream.within(5, 27) - 5) as usize] += 1;
        }
        // Each of the 23 expects 1,000, with a standard deviation of 31; six of them.
        assert!(seen.iter().all(|count| (810..1_190).contains(count)), "{seen:?}");
        assert_eq!(stream.within(4, 4), 4);
    }
}
