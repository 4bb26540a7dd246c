//! Goal: every reason to say no is reached, comes before the ones below it, and changes nothing.
//!
//! Method: `reached` has a table for each refusal, in declared order, whose last event is refused
//! for it, and compares the state's bytes before and after; `precedence` breaks two rules of one
//! command at once, for every pair of rules a command can break; `absurd` fills every field of
//! every command with extremes and asks for nothing but an answer and intact laws.

#[path = "refusals/absurd.rs"]
mod absurd;
#[path = "refusals/precedence.rs"]
mod precedence;
#[path = "refusals/reached.rs"]
mod reached;

use clearing::ClearingHouse;
use domain::{Effect, Event, Rulebook};
use testkit::scenario::{check, rulebook};

/// Rulebook of the tables below; one look at the file for each test.
fn plain() -> Rulebook {
    rulebook("plain").expect("the rulebook of the scenarios is valid")
}

/// The events of a table, whose every line but the last holds what it expects.
fn events(rules: &Rulebook, table: &str) -> Vec<Event> {
    check(rules, table).events
}

/// A machine after these events.
fn machine(events: &[Event]) -> ClearingHouse {
    let mut house = ClearingHouse::new();
    let mut effects = Vec::new();
    for event in events {
        house.apply(event, &mut effects);
    }
    house
}

/// Applies one more event and returns what followed.
fn answer(house: &mut ClearingHouse, event: &Event) -> Vec<Effect> {
    let mut effects = Vec::new();
    house.apply(event, &mut effects);
    effects
}
