//! How long commands take, by stage and by kind of command.
//!
//! All times are nanoseconds. Open loop: a command's clock starts at the moment it was *planned*
//! to be sent, so a stall counts for everyone who had to wait behind it (coordinated omission).
//!
//! Stages of a command, in order: `queue` planned send to taken by the loop, `apply` the state
//! machine alone, `journal` applied to durable, `publish` durable to handed to its reader;
//! `total` is planned send to handed over. Law: the four stages of a command add up to its total.

mod background;
mod log;
mod loopback;
mod open_loop;
mod plot;
mod read;
mod recorder;
mod table;

pub(crate) use background::Background;
pub use log::{IntervalLog, LogError};
pub use loopback::{LoopbackError, LoopbackReport, drive_loopback};
pub use open_loop::{OpenLoop, OpenLoopReport, drive_in_process};
pub use plot::{Curve, svg};
pub use read::{ReadError, read_log};
pub use recorder::{Recorder, Timing};
pub use table::{LatencyTable, PERCENTILES, Row};

use domain::command::Command;

/// A stretch of a command's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// From the planned send time until the loop takes the command.
    Queue,
    /// Inside the state machine.
    Apply,
    /// From applied until durable.
    Journal,
    /// From durable until handed to the reader.
    Publish,
    /// From the planned send time until handed to the reader.
    Total,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 5] =
        [Self::Queue, Self::Apply, Self::Journal, Self::Publish, Self::Total];

    /// Its word in tags and tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Apply => "apply",
            Self::Journal => "journal",
            Self::Publish => "publish",
            Self::Total => "total",
        }
    }
}

/// The word of a command's kind; `None` for a number that no command has.
#[must_use]
pub fn kind_word(kind: u16) -> Option<&'static str> {
    Command::KINDS.iter().find(|(number, _)| *number == kind).map(|(_, word)| *word)
}

/// The number of a command's kind by its word.
fn kind_number(word: &str) -> Option<u16> {
    Command::KINDS.iter().find(|(_, known)| *known == word).map(|(number, _)| *number)
}
