//! The shell around the machine: threads, the clock, the network, latencies.
//!
//! Input is ordered by one loop ([`sequencer`]), journaled, applied, and released when durable.
//! `runtime` knows no file format of market data and no margin.
//!
//! Law: what leaves this crate, an answer or an effect, is durable.

// The shared code of the tests names this crate from outside.
#[cfg(test)]
extern crate self as runtime;

#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod common;

pub mod batch;
pub mod client;
pub mod clock;
pub mod error;
pub mod gateway;
pub mod latency;
pub mod observer;
pub mod outbox;
mod poison;
pub mod recovery;
pub mod rerun;
pub mod resequence;
pub mod sequencer;
pub mod snapshots;
pub mod stamp;
pub mod verify;
pub mod walk;
pub mod wire;

pub use batch::{Answer, Batch, Reply, Verdict};
pub use clock::{Clock, Moment};
pub use error::RuntimeError;
pub use observer::{Observer, Unobserved};
pub use recovery::{Identity, Ready, StartReport};
pub use resequence::{Externals, Resequencer, resequence};
pub use sequencer::{Ended, Live, LiveOptions, LoopOptions, Outcome, Progress, Replay};
pub use stamp::ExternalCommand;
pub use walk::Walk;
