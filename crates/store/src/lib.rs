//! The disk of the clearing house: a journal of records and, beside it, snapshots that are a cache.
//!
//! Law: an acknowledged event survives `kill -9` and, on a disk that honours `fdatasync`, power
//! loss. Damage to acknowledged bytes is reported with segment, offset and sequence and changes
//! nothing; only a provably unacknowledged tail is cut, and the cut bytes are kept in a file.
//!
//! `store` keeps bytes with an anchor. It never names a margin, a position or the state machine.
//! Integers on disk are little-endian. Sequences begin at 1; 0 means "nothing yet".

mod bytes;
pub mod codec;
mod error;
pub mod journal;
pub mod snapshot;
pub mod storage;
#[cfg(feature = "testing")]
pub mod testing;
mod upcast;

pub use error::{Category, Place, StoreError};
