//! One run on its way through its journal, with the event last taken.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use domain::event::HOUSE_PRODUCER;
use domain::{Command, Effect, Event, Rulebook, Sequence};
use runtime::Walk;
use serde_json::Value;

use super::Seen;
use crate::console::Console;
use crate::failure::{Answer, Failure, NOT_UNDERSTOOD};
use crate::rows::command;
use crate::rows::names::Names;
use crate::travel;

/// Who sent an event, in the order of one stream. The house's own pulses are known by their time,
/// others by their sender's count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// Time of a pulse.
    Pulse(i64),
    /// Producer and its count.
    External(u32, u64),
}

impl Key {
    fn of(event: &Event) -> Key {
        if event.producer == HOUSE_PRODUCER {
            Key::Pulse(event.timestamp.nanos())
        } else {
            Key::External(event.producer, event.producer_seq)
        }
    }

    pub fn is_pulse(self) -> bool {
        matches!(self, Key::Pulse(_))
    }
}

/// One of two runs.
pub struct Side {
    journal: PathBuf,
    walk: Walk,
    event: Option<Event>,
    effects: Vec<Effect>,
    before: VecDeque<Seen>,
    context: usize,
}

impl Side {
    pub fn begin(console: &Console, place: &Path, at: u64, context: usize) -> Answer<Side> {
        let at = Sequence::new(at);
        let walk = travel::to(console, place, at)?;
        Ok(Side {
            journal: crate::directory::find_journal(place),
            walk,
            event: None,
            effects: Vec::new(),
            before: VecDeque::new(),
            context,
        })
    }

    /// Whether another side has heard the same commands: a place to go on from.
    pub fn stands_with(&self, other: &Side) -> bool {
        let here = |side: &Side| {
            let house = side.walk.house();
            let counts =
                [HOUSE_PRODUCER, crate::engine::PRODUCER].map(|one| house.producer_seq(one));
            (house.sequence(), house.timestamp(), counts)
        };
        here(self) == here(other)
    }

    /// The key of the next event.
    pub fn peek(&mut self) -> Answer<Option<Key>> {
        let Side { journal, walk, .. } = self;
        let event = walk.peek().map_err(|error| Failure::runtime(journal, &error))?;
        Ok(event.map(Key::of))
    }

    /// Takes the next event; `false` at the end.
    pub fn take(&mut self) -> Answer<bool> {
        if let Some(seen) = self.seen() {
            self.before.push_back(seen);
            if self.before.len() > self.context {
                self.before.pop_front();
            }
        }
        let Side { journal, walk, event, effects, .. } = self;
        let taken = walk.take().map_err(|error| Failure::runtime(journal, &error))?;
        let Some((took, followed)) = taken else {
            *event = None;
            return Ok(false);
        };
        *event = Some(took.clone());
        effects.clear();
        effects.extend_from_slice(followed);
        Ok(true)
    }

    pub fn event(&self) -> Option<&Event> {
        self.event.as_ref()
    }

    pub fn effects(&self) -> &[Effect] {
        &self.effects
    }

    pub fn names(&self) -> Names<'_> {
        Names(self.walk.house().rulebook())
    }

    pub fn sequence(&self) -> u64 {
        self.walk.house().sequence().number()
    }

    /// The event last taken, whole.
    pub fn row(&self) -> Value {
        self.event.as_ref().map_or(Value::Null, |event| command::event(&self.names(), event))
    }

    pub fn seen(&self) -> Option<Seen> {
        let event = self.event.as_ref()?;
        Some(Seen {
            sequence: event.sequence.number(),
            timestamp: event.timestamp.nanos(),
            producer: event.producer,
            producer_seq: event.producer_seq,
            kind: event.command.word(),
            effects: self.effects.len(),
        })
    }

    pub fn before(&self) -> Vec<Seen> {
        self.before.iter().cloned().collect()
    }
}

/// The rulebook that a journal's genesis puts in force.
pub fn rulebook(console: &Console, place: &Path) -> Answer<Rulebook> {
    let mut walk = travel::to(console, place, Sequence::START)?;
    let journal = crate::directory::find_journal(place);
    match walk.peek().map_err(|error| Failure::runtime(&journal, &error))?.map(|one| &one.command) {
        Some(Command::Genesis(genesis)) => Ok(genesis.rulebook.clone()),
        _ => {
            let sentence = "the journal does not begin with genesis";
            Err(Failure::about(NOT_UNDERSTOOD, "journal.genesis", &journal, sentence))
        }
    }
}
