//! Market days: files and seeded inventions made into commands.
//!
//! Files of vendors and of ours come in as text and leave as integers of units that the rulebook
//! names; whatever does not fit is refused with file, line and column. Hourly figures become
//! minutes, prices get accounts, and both leave as ordinary external commands in one order.
//! This crate never sees the state machine, a clock or a network; all times are UTC nanoseconds.

pub mod accounts;
pub mod day;
pub mod decimal;
pub mod document;
pub mod error;
pub mod generate;
pub mod import;
pub mod manifest;
pub mod market;
pub mod merge;
pub mod published;
pub mod reader;
pub mod rulebook;
pub mod scenario;
pub mod ticks;
pub mod time;
