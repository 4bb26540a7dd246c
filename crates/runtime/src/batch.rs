//! One group commit, as its readers see it: events with their effects, answers to whoever asked,
//! and the seal if one closes it. Filled by the loop, released only when durable.

use std::sync::Arc;

use domain::{Effect, Event, Refusal, Sequence};
use store::journal::control::Seal;

use crate::clock::Moment;
use crate::latency::Timing;

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is an event, durable, and the clearing house did what was asked.
    Done(Sequence),
    /// It is an event, durable, and was refused.
    Refused(Sequence, Refusal),
    /// A command of this count was applied before; nothing was logged. The number is the
    /// producer's last applied count.
    Duplicate(u64),
    /// Commands before it are missing; nothing was logged. The number is the count expected.
    Gap(u64),
    /// The journal has no room; nothing was logged or changed.
    StorageFull,
    /// The queue is full; nothing was logged. Send it again, and what was sent after it.
    Busy,
}

/// The verdict on one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Who sent the command.
    pub producer: u32,
    /// The sender's count of it.
    pub producer_seq: u64,
    /// What became of it.
    pub verdict: Verdict,
}

/// Where answers go. Called on the outbox's thread, so it must not wait for a reader.
pub trait Reply: Send + Sync {
    /// Takes the answers to commands of one sender, in the order they were sent.
    fn answer(&self, answers: &[Answer]);
}

/// Answers for one reply: a run of [`Batch::answers`].
pub(crate) struct Addressed {
    pub(crate) reply: Arc<dyn Reply>,
    pub(crate) until: usize,
}

/// A group commit.
#[derive(Default)]
pub struct Batch {
    events: Vec<Event>,
    effects: Vec<Effect>,
    ends: Vec<usize>,
    seal: Option<Seal>,
    answers: Vec<Answer>,
    addressed: Vec<Addressed>,
    pub(crate) timings: Vec<Timing>,
    pub(crate) durable_at: Option<Moment>,
}

impl Batch {
    /// Each event with its effects, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Event, &[Effect])> {
        let begins = std::iter::once(&0).chain(&self.ends);
        let ranges = begins.zip(&self.ends);
        self.events.iter().zip(ranges.map(|(begin, end)| &self.effects[*begin..*end]))
    }

    /// How many events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there is neither an event nor an answer.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.answers.is_empty()
    }

    /// Sequence of the last event, if there is one.
    #[must_use]
    pub fn last_sequence(&self) -> Option<Sequence> {
        self.events.last().map(|event| event.sequence)
    }

    /// The seal that closes it, if it ends at a multiple of the seal interval.
    #[must_use]
    pub fn seal(&self) -> Option<&Seal> {
        self.seal.as_ref()
    }

    pub(crate) fn push(&mut self, event: Event, effects: &[Effect]) {
        self.events.push(event);
        self.effects.extend_from_slice(effects);
        self.ends.push(self.effects.len());
    }

    pub(crate) fn set_seal(&mut self, seal: Seal) {
        self.seal = Some(seal);
    }

    /// Notes an answer and where it goes.
    pub(crate) fn answer(&mut self, reply: &Arc<dyn Reply>, answer: Answer) {
        self.answers.push(answer);
        let until = self.answers.len();
        match self.addressed.last_mut() {
            Some(last) if Arc::ptr_eq(&last.reply, reply) => last.until = until,
            _ => self.addressed.push(Addressed { reply: Arc::clone(reply), until }),
        }
    }

    /// Hands the answers to their replies and lets go of them: whoever keeps the batch for its
    /// effects keeps no connection open.
    pub(crate) fn deliver(&mut self) {
        let mut begin = 0;
        for Addressed { reply, until } in self.addressed.drain(..) {
            reply.answer(&self.answers[begin..until]);
            begin = until;
        }
    }

    /// Empties it and keeps its memory.
    pub(crate) fn clear(&mut self) {
        self.events.clear();
        self.effects.clear();
        self.ends.clear();
        self.seal = None;
        self.answers.clear();
        self.addressed.clear();
        self.timings.clear();
        self.durable_at = None;
    }
}

/// The verdict on an event: refused if its first effect says so.
pub(crate) fn verdict(sequence: Sequence, effects: &[Effect]) -> Verdict {
    match effects.first() {
        Some(Effect::Refused { refusal }) => Verdict::Refused(sequence, *refusal),
        _ => Verdict::Done(sequence),
    }
}
