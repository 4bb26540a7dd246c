//! How a command becomes an event: its place in line, its time, its sender.
//!
//! Law: before a command is stamped at t, every pulse that is due at or before t is stamped, each
//! asked of the state after every earlier event. So a day's events do not depend on how they were
//! batched.

use clearing::ClearingHouse;
use domain::command::Pulse;
use domain::event::{HOUSE_PRODUCER, ProducerId};
use domain::{Command, Event, Timestamp};

/// A command from a feed or a client, before it has a place in line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalCommand {
    /// Who sends it; never 0, which is the clearing house.
    pub producer: ProducerId,
    /// The sender's own count, from 1 without gaps.
    pub producer_seq: u64,
    /// Under the historical clock the time to stamp; under the live clock the planned send time,
    /// which latencies count from.
    pub wish: Timestamp,
    /// What is asked.
    pub command: Command,
}

/// The pulse that has to come before anything stamped `at`, if one is due.
#[must_use]
pub fn due_pulse(house: &ClearingHouse, at: Timestamp) -> Option<Event> {
    let due = house.next_pulse()?.max(house.timestamp());
    let pulse = || Event {
        sequence: house.sequence().next(),
        timestamp: due,
        producer: HOUSE_PRODUCER,
        producer_seq: house.producer_seq(HOUSE_PRODUCER) + 1,
        command: Command::Pulse(Pulse {}),
    };
    (due <= at).then(pulse)
}

/// The command as the next event, at this time.
#[must_use]
pub fn stamp(house: &ClearingHouse, external: ExternalCommand, at: Timestamp) -> Event {
    Event {
        sequence: house.sequence().next(),
        timestamp: at,
        producer: external.producer,
        producer_seq: external.producer_seq,
        command: external.command,
    }
}
