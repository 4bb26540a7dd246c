//! The naive machine: the oracle of the fast one, written for reading.
//!
//! It takes the same events and yields the same effects and canonical bytes, computed in exact
//! rationals of big integers, with a full rescan of every account before every wave: no index, no
//! cache, no running totals, no arenas. With `risk` and `clearing` it shares the words of `domain`,
//! the definition of rounding (once per term, against the account) and the points where accruals
//! are posted; it shares no computation.
//!
//! Law: where the two machines differ, one of them is wrong.

mod accrual;
mod analysis;
mod cascade;
mod checks;
mod closeout;
mod commands;
mod deleveraging;
mod depth;
mod exact;
mod expiry;
mod fill;
mod hand_over;
mod image;
mod ledger;
mod margin;
mod margined;
mod on_book;
mod order;
mod planning;
mod prices;
mod pushed;
mod reach;
mod sale;
mod sale_on_book;
mod selling;
mod sizing;
mod state;
mod terms;
mod waterfall;

use domain::canonical::append;
use domain::{Command, Effect, Event, Refusal, Timestamp};
use state::State;
use xxhash_rust::xxh3::xxh3_128;

/// The naive clearing house.
#[derive(Clone, Debug)]
pub struct ReferenceHouse {
    state: State,
}

impl Default for ReferenceHouse {
    fn default() -> Self {
        Self::new()
    }
}

impl ReferenceHouse {
    /// A clearing house before its genesis.
    #[must_use]
    pub fn new() -> Self {
        Self { state: State::new() }
    }

    /// Applies the next event and returns what followed.
    ///
    /// # Panics
    /// If the event does not follow the last one in sequence and time.
    pub fn apply(&mut self, event: &Event) -> Vec<Effect> {
        let state = &mut self.state;
        assert_eq!(event.sequence.number(), state.sequence + 1, "events come in sequence");
        assert!(event.timestamp >= state.now, "time does not run backwards");
        state.sequence += 1;
        state.now = event.timestamp;
        if !matches!(event.command, Command::Pulse(_)) {
            state.external += 1;
        }
        let checked = state.check(event);
        if let Err(refusal) = checked {
            state.effects.push(Effect::Refused { refusal });
        } else {
            state.commit(&event.command);
            state.run_cascade();
        }
        if !matches!(checked, Err(Refusal::ProducerDuplicate | Refusal::ProducerGap)) {
            state.producers.insert(event.producer, event.producer_seq);
        }
        let effects = core::mem::take(&mut state.effects);
        let mut chained = state.effect_digest.to_le_bytes().to_vec();
        append(&mut chained, &effects);
        state.effect_digest = xxh3_128(&chained);
        effects
    }

    /// When time is needed next: the interest grid, the queue, or the end of a future.
    #[must_use]
    pub fn next_pulse(&self) -> Option<Timestamp> {
        let state = &self.state;
        [state.interest_at, state.queue_at, state.next_expiry()].into_iter().flatten().min()
    }

    /// Canonical bytes of the whole state.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.state.to_bytes()
    }

    /// BLAKE3 of the canonical bytes: the identity of the state.
    #[must_use]
    pub fn state_digest(&self) -> [u8; 32] {
        *blake3::hash(&self.to_bytes()).as_bytes()
    }
}
