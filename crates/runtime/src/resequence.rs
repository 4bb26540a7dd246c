//! External commands of a journal put in line again, under the same or other rules, in memory.
//!
//! Experiments, base passes and comparisons of rulebooks are made of this. The house's own pulses
//! are dropped, because they came from the old state's `next_pulse`: the machine asks for them
//! anew. Commands keep their sender, their count and, on the historical clock, their time, so two
//! runs align by (producer, producer_seq) and never by sequence.
//!
//! Law: under equal rules the same events follow, with the same effects and digests.

use std::vec;

use clearing::{ClearingHouse, SEMANTICS};
use domain::event::HOUSE_PRODUCER;
use domain::{Command, Effect, Event, Rulebook, Timestamp};
use store::journal::Reader;

use crate::clock::Clock;
use crate::error::RuntimeError;
use crate::rerun::DecodeAhead;
use crate::stamp::{ExternalCommand, due_pulse, stamp};

/// Who hears of each event: the state after it, the event, what followed from it.
pub type Hears<'a> = &'a mut dyn FnMut(&ClearingHouse, &Event, &[Effect]);

/// A machine without a journal, fed with commands on the historical clock.
#[derive(Debug, Default)]
pub struct Resequencer {
    house: ClearingHouse,
    effects: Vec<Effect>,
}

impl Resequencer {
    /// Before genesis.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// After whatever made this state.
    #[must_use]
    pub fn after(house: ClearingHouse) -> Self {
        Self { house, effects: Vec::new() }
    }

    /// The state so far.
    #[must_use]
    pub fn house(&self) -> &ClearingHouse {
        &self.house
    }

    /// The state, for good.
    #[must_use]
    pub fn into_house(self) -> ClearingHouse {
        self.house
    }

    /// Stamps the pulses that are due and the command, and applies them.
    pub fn offer(&mut self, external: ExternalCommand, hears: Hears<'_>) {
        let at = Clock::Historical.stamp(external.wish, self.house.timestamp());
        self.advance(at, hears);
        let event = stamp(&self.house, external, at);
        self.apply(&event, hears);
    }

    /// Stamps the pulses due at or before `at`: the end of a window may lie after its last command.
    pub fn advance(&mut self, at: Timestamp, hears: Hears<'_>) {
        while let Some(pulse) = due_pulse(&self.house, at) {
            self.apply(&pulse, hears);
        }
    }

    fn apply(&mut self, event: &Event, hears: Hears<'_>) {
        self.house.apply(event, &mut self.effects);
        hears(&self.house, event, &self.effects);
    }
}

/// The external commands of a journal in order, each rulebook in them replaced by what `rules`
/// makes of it. Nothing is dropped but pulses, so every producer's count stays without gaps.
pub struct Externals<F> {
    ahead: DecodeAhead,
    events: vec::IntoIter<Event>,
    rules: F,
    last: Timestamp,
}

impl<F: FnMut(&Rulebook) -> Rulebook> Externals<F> {
    /// Of what the reader reads. `|rulebook| rulebook.clone()` changes no rule.
    ///
    /// # Errors
    /// A thread that cannot be started.
    pub fn of(reader: Reader, rules: F) -> Result<Self, RuntimeError> {
        let ahead = DecodeAhead::start(reader)?;
        Ok(Self { ahead, events: Vec::new().into_iter(), rules, last: Timestamp::START })
    }

    /// Time of the last event read, pulses included: where the recorded run stood.
    #[must_use]
    pub fn reached(&self) -> Timestamp {
        self.last
    }

    fn read(&mut self) -> Result<Option<ExternalCommand>, RuntimeError> {
        loop {
            for event in self.events.by_ref() {
                self.last = event.timestamp;
                if event.producer != HOUSE_PRODUCER {
                    return external(event, &mut self.rules).map(Some);
                }
            }
            match self.ahead.next().transpose()? {
                Some(decoded) => self.events = decoded.events.into_iter(),
                None => return Ok(None),
            }
        }
    }
}

impl<F: FnMut(&Rulebook) -> Rulebook> Iterator for Externals<F> {
    type Item = Result<ExternalCommand, RuntimeError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

fn external(
    event: Event,
    rules: &mut impl FnMut(&Rulebook) -> Rulebook,
) -> Result<ExternalCommand, RuntimeError> {
    let Event { timestamp: wish, producer, producer_seq, mut command, .. } = event;
    match &mut command {
        Command::Genesis(genesis) if genesis.semantics != SEMANTICS => {
            let (expected, found) = (SEMANTICS, genesis.semantics);
            return Err(RuntimeError::SemanticsUnsupported { expected, found });
        }
        Command::Genesis(genesis) => genesis.rulebook = rules(&genesis.rulebook),
        Command::SetRulebook(set) => set.rulebook = rules(&set.rulebook),
        _ => {}
    }
    Ok(ExternalCommand { producer, producer_seq, wish, command })
}

/// A journal's commands once more, under the rulebooks that `rules` makes of the recorded ones.
/// Pulses due up to `end`, or to the time of the last event recorded, are stamped at the end.
///
/// # Errors
/// Damage to the journal, another semantics, a genesis that this machine refuses.
pub fn resequence(
    reader: Reader,
    rules: impl FnMut(&Rulebook) -> Rulebook,
    end: Option<Timestamp>,
    hears: Hears<'_>,
) -> Result<ClearingHouse, RuntimeError> {
    let mut commands = Externals::of(reader, rules)?;
    let mut machine = Resequencer::new();
    let mut refused = None;
    for command in commands.by_ref() {
        let genesis = machine.house.seal_interval() == 0;
        machine.offer(command?, &mut |house, event, effects| {
            if let (true, Some(Effect::Refused { refusal })) = (genesis, effects.first()) {
                refused = Some(*refusal);
            }
            hears(house, event, effects);
        });
        if let Some(refusal) = refused {
            return Err(RuntimeError::GenesisRefused(refusal));
        }
    }
    machine.advance(end.unwrap_or(commands.reached()), hears);
    Ok(machine.into_house())
}
