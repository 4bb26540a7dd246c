//! Events that follow a machine's last one, for targets that let copies of one machine go different
//! ways.

use clearing::ClearingHouse;
use domain::{Command, Duration, Event, Sequence};

/// The producer of every book.
const PRODUCER: u32 = 1;

/// The event with this command, `ahead` events after the machine's next one, a microsecond apart.
#[must_use]
pub fn event(house: &ClearingHouse, ahead: u64, command: Command) -> Event {
    let micros = i64::try_from(ahead + 1).expect("fewer events than a clock has microseconds");
    Event {
        sequence: Sequence::new(house.sequence().number() + 1 + ahead),
        timestamp: house.timestamp().plus(Duration::from_nanos(micros * 1_000)),
        producer: PRODUCER,
        producer_seq: house.producer_seq(PRODUCER) + 1 + ahead,
        command,
    }
}

/// Events of consecutive commands, the first of them the machine's next.
pub fn events(house: &ClearingHouse, commands: impl Iterator<Item = Command>) -> Vec<Event> {
    (0..).zip(commands).map(|(ahead, command)| event(house, ahead, command)).collect()
}
