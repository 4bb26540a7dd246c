//! What was heard: a command with its place in line, its time and its sender.

use crate::command::Command;
use crate::time::{Sequence, Timestamp};
use serde::{Deserialize, Serialize};

/// Number of a sender; 0 is the clearing house itself.
pub type ProducerId = u32;

/// The clearing house as the sender of its own pulses.
pub const HOUSE_PRODUCER: ProducerId = 0;

/// A fact: this reached us, here, then, from whom. The journal holds these and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Place in line.
    pub sequence: Sequence,
    /// When it was stamped; never decreases.
    pub timestamp: Timestamp,
    /// Who sent it.
    pub producer: ProducerId,
    /// The sender's own count, from 1 without gaps, so that a resend is recognised.
    pub producer_seq: u64,
    /// What was asked.
    pub command: Command,
}
