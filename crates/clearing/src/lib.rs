//! The machine: events in, effects out, one door.
//!
//! [`ClearingHouse::apply`] is the only thing that changes state. It plans (reads, may refuse),
//! commits (writes, cannot fail) and then runs the cascade of liquidations that the new prices and
//! positions demand. Money moves only in [`ledger`]; rules are asked of `risk`.
//!
//! Law: same journal, same rulebook, same bytes. No clock, file, thread, hash map, float or log can
//! be named here.
#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::float_arithmetic, clippy::unwrap_used, clippy::indexing_slicing)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod account;
mod cascade;
mod case;
mod closeout;
mod custody;
mod depth;
mod digest;
mod expiry;
mod freshness;
mod funding;
mod hand_over;
mod heap;
mod house;
mod image;
mod invariants;
mod ledger;
mod liquidity;
mod looks;
mod market;
mod novation;
mod order;
mod plan;
mod ranking;
mod row_hashes;
mod rows;
mod rules;
mod selling;
mod selling_acts;
mod settlement;
mod shadow;
mod standing;
mod trace;
mod view;
mod watch;
mod waterfall;
mod waterfall_on_book;

pub use house::{ClearingHouse, SEMANTICS};
pub use image::RestoreError;
pub use invariants::Violation;
pub use looks::{Choice, Look};
pub use risk::{explained, liquidation};
pub use shadow::Shadow;
pub use view::{AccountView, MemoryFigures, WARMED_TOGETHER};
pub use watch::WakeCounts;
