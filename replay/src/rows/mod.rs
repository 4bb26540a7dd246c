//! Events and effects as rows of JSON: names in place of numbers, decimals in place of units.
//!
//! What [`command::json`] writes, [`read`] reads: the log of a journal, fed to `run -`, gives the
//! same state.

pub mod command;
pub mod effect;
pub mod fields;
pub mod names;
pub mod read;
pub mod words;
