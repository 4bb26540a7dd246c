//! The first place where two runs part: found by bisection over seals, told as field and values.
//!
//! Runs under one rulebook align by sequence, and every field of an event counts. Runs under
//! different rulebooks align by (producer, producer_seq), because pulses come and go with the
//! rules; then the rulebooks in genesis are known to differ and only what followed counts.
//! Law: a key on one side only is a divergence, never paired by guess.

mod fields;
mod seals;
mod side;

use std::path::Path;

use serde_json::Value;

use crate::console::Console;
use crate::failure::Answer;
use crate::opened::Run;

pub use fields::rulebook_fields;
use side::Side;

/// How two runs were laid side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alignment {
    /// Place in line: both run under one rulebook.
    Sequence,
    /// The sender's own count: the rulebooks differ.
    Producer,
}

impl Alignment {
    /// Its word in documents.
    pub const fn word(self) -> &'static str {
        match self {
            Alignment::Sequence => "sequence",
            Alignment::Producer => "producer, producer_seq",
        }
    }
}

/// An event on one side of a divergence.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Its place in line.
    pub sequence: u64,
    /// Its time, in nanoseconds since 1970.
    pub timestamp: i64,
    /// Who sent it; 0 is the clearing house.
    pub producer: u32,
    /// The sender's count.
    pub producer_seq: u64,
    /// Word of its command.
    pub kind: &'static str,
    /// How many effects followed.
    pub effects: usize,
}

/// The first place where two runs part.
#[derive(Debug, Clone, PartialEq)]
pub struct Divergence {
    /// The event of each run there; `None` where only the other run has one.
    pub events: [Option<Seen>; 2],
    /// Place of the effect in its event, where an effect differs.
    pub ordinal: Option<usize>,
    /// Path of the field, such as `effects[3].position_reduced.quantity`.
    pub path: String,
    /// The value of each run; `None` where the field is absent.
    pub values: [Option<Value>; 2],
    /// The events of each run just before, oldest first.
    pub before: [Vec<Seen>; 2],
}

/// What laying two runs side by side found.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// How they were aligned.
    pub alignment: Alignment,
    /// Fields in which the rulebooks of genesis differ: path and both values.
    pub rulebook: Vec<(String, [Option<String>; 2])>,
    /// Seals at one sequence in both runs, and the last of them up to which the runs are equal.
    pub seals: (usize, Option<u64>),
    /// Where they part; `None` where they do not.
    pub first: Option<Divergence>,
    /// Events of both runs, up to the divergence or the end.
    pub events: [u64; 2],
}

/// Lays two runs (directories or journals) side by side and returns where they part first, with up
/// to `context` events of each before it.
///
/// # Errors
/// No journal, damage, another semantics.
pub fn compare(console: &Console, runs: [&Path; 2], context: usize) -> Answer<Difference> {
    let [a, b] = runs;
    finished(a)?;
    finished(b)?;
    let rules = [side::rulebook(console, a)?, side::rulebook(console, b)?];
    let alignment = if rules[0] == rules[1] { Alignment::Sequence } else { Alignment::Producer };
    let rulebook = rulebook_fields(&rules[0], &rules[1]);
    let (count, mut equal) = seals::bisect(a, b, alignment)?;
    let mut sides = start(console, runs, equal, context)?;
    if equal.is_some() && !sides[0].stands_with(&sides[1]) {
        equal = None;
        sides = start(console, runs, None, context)?;
    }
    let [left, right] = &mut sides;
    let first = walk(left, right, alignment)?;
    let events = [left.sequence(), right.sequence()];
    Ok(Difference { alignment, rulebook, seals: (count, equal), first, events })
}

/// A bare journal is taken as it is; anything else has to be a finished run.
fn finished(place: &Path) -> Answer<()> {
    if place.join("HEAD").is_file() { Ok(()) } else { Run::open(place).map(|_| ()) }
}

fn start(
    console: &Console,
    [a, b]: [&Path; 2],
    equal: Option<u64>,
    context: usize,
) -> Answer<[Side; 2]> {
    let at = equal.unwrap_or(0);
    Ok([Side::begin(console, a, at, context)?, Side::begin(console, b, at, context)?])
}

/// Takes events of both sides until something differs or both end.
fn walk(left: &mut Side, right: &mut Side, alignment: Alignment) -> Answer<Option<Divergence>> {
    loop {
        let found = match alignment {
            Alignment::Sequence => step_by_sequence(left, right)?,
            Alignment::Producer => step_by_producer(left, right)?,
        };
        match found {
            Step::Equal => {}
            Step::End => return Ok(None),
            Step::Differs(divergence) => return Ok(Some(*divergence)),
        }
    }
}

/// What one step of both sides found.
enum Step {
    Equal,
    End,
    Differs(Box<Divergence>),
}

fn step_by_sequence(left: &mut Side, right: &mut Side) -> Answer<Step> {
    match (left.take()?, right.take()?) {
        (false, false) => Ok(Step::End),
        (true, true) => Ok(fields::event(left, right)
            .or_else(|| fields::effects(left, right))
            .map_or(Step::Equal, |found| differs(left, right, found))),
        (here, there) => Ok(one_sided(left, right, [here, there])),
    }
}

fn step_by_producer(left: &mut Side, right: &mut Side) -> Answer<Step> {
    let keys = [left.peek()?, right.peek()?];
    let (take_left, take_right) = match keys {
        [None, None] => return Ok(Step::End),
        [Some(a), Some(b)] if a == b => (true, true),
        // A pulse may stand on one side only, as long as nothing follows from it.
        [Some(a), Some(b)] if a.is_pulse() && b.is_pulse() => (a < b, b < a),
        [Some(a), _] if a.is_pulse() => (true, false),
        [_, Some(b)] if b.is_pulse() => (false, true),
        [a, b] => (a.is_some(), b.is_some()),
    };
    let (_taken, _other) = (take_left && left.take()?, take_right && right.take()?);
    let pulse = |key: Option<side::Key>| key.is_some_and(|key| key.is_pulse());
    match (take_left, take_right) {
        (true, true) if keys[0] == keys[1] => Ok(fields::command(left, right)
            .or_else(|| fields::effects(left, right))
            .map_or(Step::Equal, |found| differs(left, right, found))),
        (true, false) if pulse(keys[0]) && left.effects().is_empty() => Ok(Step::Equal),
        (false, true) if pulse(keys[1]) && right.effects().is_empty() => Ok(Step::Equal),
        taken => Ok(one_sided(left, right, [taken.0, taken.1])),
    }
}

fn differs(left: &Side, right: &Side, found: fields::Found) -> Step {
    Step::Differs(Box::new(Divergence {
        events: [left.seen(), right.seen()],
        ordinal: found.ordinal,
        path: found.path,
        values: found.values,
        before: [left.before(), right.before()],
    }))
}

/// An event that the other side does not have there.
fn one_sided(left: &Side, right: &Side, taken: [bool; 2]) -> Step {
    let row = |side: &Side, taken: bool| taken.then(|| side.row());
    let seen = |side: &Side, taken: bool| if taken { side.seen() } else { None };
    Step::Differs(Box::new(Divergence {
        events: [seen(left, taken[0]), seen(right, taken[1])],
        ordinal: None,
        path: "event".to_owned(),
        values: [row(left, taken[0]), row(right, taken[1])],
        before: [left.before(), right.before()],
    }))
}
