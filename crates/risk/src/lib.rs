//! Questions: pure functions over an account and prices.
//!
//! `risk` answers, it never changes: no function here takes `&mut` of a state. What an account is
//! worth ([`valuation`]), what it must hold ([`margin`]), how far prices may move before that can
//! fail ([`envelope`]) and what a trade does to that ([`slack_change`](mod@slack_change)), what
//! closing makes of a position ([`fill`]), how much to close ([`liquidation`]) and who stands on
//! the other side ([`deleveraging`]). Formulas that liquidation policies choose from stand alone,
//! over one [`number`]: [`sizing`], [`price_function`], [`fee`].
//!
//! Law: one definition of rounding. What settles in the numeraire is exact; every further factor
//! rounds once per term, against the account.
#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::float_arithmetic, clippy::unwrap_used, clippy::indexing_slicing)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod accrual;
pub mod addon;
pub mod chain;
pub mod curve;
pub mod deleveraging;
pub mod envelope;
pub mod explained;
pub mod fee;
pub mod fill;
pub mod haircut;
pub mod impact;
pub mod kept;
pub mod liquidation;
pub mod loss;
pub mod margin;
pub mod number;
pub mod on_book;
pub mod oracle;
pub mod plain;
pub mod portfolio;
pub mod price_function;
pub mod prices;
pub mod reach;
pub mod sale;
mod sale_on_book;
pub mod selling;
pub mod sizing;
pub mod slack_change;
pub mod slice;
pub mod stable;
pub mod tail;
pub mod terms;
pub mod tier;
pub mod valuation;
pub mod venue;
pub mod weight;

pub use margin::Requirement;
pub use portfolio::Portfolio;
pub use prices::{AssetMarket, InstrumentMarket, Prices};
pub use valuation::{Assessment, assess};
