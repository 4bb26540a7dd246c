//! The table language of scenarios: commands in plain words and what should follow from them.
//!
//! A table opens with `# ` and a title, names a rulebook (`rulebook plain`, then any number of
//! `set path=value`), then numbered command lines with the effects expected after `->`, lines that
//! let time pass (`wait 1h`) and lines that state what is held. Law: every name and number is
//! resolved here, with file, line and column of what does not fit; nothing here applies anything.
//! [`run`] plays a scenario on whatever implements [`Machine`].

mod claims;
mod commands;
mod effects;
mod names;
mod parse;
mod run;
mod words;

#[cfg(test)]
mod tests;

pub use claims::{Claim, Figure, Status};
pub use effects::{Expectation, describe};
pub use names::Names;
pub use parse::parse;
pub use run::{Figures, Machine, Mismatch, Report, run};

use domain::{Command, Rulebook, Timestamp};

/// When a scenario begins, unless its first `time` line says otherwise: 2026-01-01 00:00 UTC.
pub const BEGINS_AT: Timestamp = Timestamp::from_nanos(1_767_225_600_000_000_000);

/// The producer of a scenario's commands; pulses come from the clearing house.
pub const PRODUCER: u32 = 1;

/// A parsed table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Its first sentence; empty where the table has none.
    pub title: String,
    /// The rulebook of its genesis, overrides applied.
    pub rulebook: Rulebook,
    /// When its genesis is stamped.
    pub begins_at: Timestamp,
    /// What happens, in order.
    pub lines: Vec<Line>,
    /// Names of accounts, assets and instruments, for printing.
    pub names: Names,
}

/// One line of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Line of the file, from 1.
    pub number: u64,
    /// As written, without what follows from it.
    pub text: String,
    /// What it does.
    pub act: Act,
    /// The effects expected, in order; `None` where the line says nothing: then nothing may be
    /// refused and nobody liquidated.
    pub expected: Option<Vec<Expectation>>,
}

/// What a line does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "a scenario has a few dozen lines")]
pub enum Act {
    /// Sends a command at a time.
    Send {
        /// When it is stamped.
        at: Timestamp,
        /// What is asked.
        command: Command,
    },
    /// Sends a pulse of the clearing house, due or not.
    Pulse {
        /// When it is stamped.
        at: Timestamp,
    },
    /// Lets time pass: every pulse due until then is stamped at its own time.
    Wait {
        /// Until when.
        until: Timestamp,
    },
    /// States what is held.
    State(Vec<Claim>),
}
