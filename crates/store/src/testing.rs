//! A disk in memory for tests: it counts and records operations, fails the n-th one, survives or
//! does not survive a power cut sector by sector.
//!
//! The model: `pwrite` reaches the page cache, a sync makes a file's written sectors durable, a
//! directory sync makes names durable. After a failed sync the sectors count as clean and are
//! not written by a later sync, as Linux does it.

mod faults;
mod memory;
mod power;

pub use faults::{Fault, FaultPlan};
pub use memory::MemoryDisk;
pub use power::{SECTOR, SectorChoice};
