//! Words: the plain data every other crate speaks in.
//!
//! Nothing here decides anything. Amounts, prices and quantities are integers with a stated unit;
//! commands are what can be asked, events what was heard, effects what followed, refusals each
//! reason to say no. The rulebook is data and travels in the journal like everything else.
//!
//! Law: no float, clock, file, thread or hash map can be named in this crate (`no_std`), and no
//! product of three numbers is formed except through [`wide`].
#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::float_arithmetic, clippy::unwrap_used, clippy::indexing_slicing)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod account;
pub mod amount;
pub mod asset;
pub mod canonical;
pub mod command;
pub mod divisor;
pub mod effect;
pub mod event;
pub mod instrument;
pub mod interest;
pub mod price;
pub mod quantity;
pub mod ratio;
pub mod refusal;
pub mod rounding;
pub mod rulebook;
pub mod time;
mod units;
pub mod value;
pub mod wide;

pub use account::{AccountId, Balance, Holder, HouseAccount, Position};
pub use amount::Amount;
pub use asset::AssetId;
pub use command::{Command, Feed, FeedRole};
pub use divisor::Divisor;
pub use effect::Effect;
pub use event::Event;
pub use instrument::InstrumentId;
pub use interest::InterestIndex;
pub use price::Price;
pub use quantity::Quantity;
pub use ratio::{Rate, Ratio};
pub use refusal::Refusal;
pub use rounding::Rounding;
pub use rulebook::Rulebook;
pub use time::{Duration, Sequence, Timestamp};
pub use value::{Quote, Value, Weighted};
