//! The one loop: one thread, one order.
//!
//! For each command: stamp the pulses that are due, stamp the command, reserve room in the
//! journal, append it, apply it. A batch ends at each multiple of the seal interval, at the most
//! events allowed, or when no more fits; then: write, sync, HEAD, and only then are its effects
//! released. Nothing is stamped that the journal has no room for.
//!
//! Law: effects of event s are released only when `durable >= s`.

mod live;
mod replay;

pub use live::{Arriving, Inlet, Live, LiveOptions, LiveReport, OnFailure, SendError};
pub use replay::{Ended, Outcome, Progress, Replay};

use clearing::{ClearingHouse, SEMANTICS};
use domain::{Effect, Event, Timestamp};
use store::Category;
use store::codec;
use store::journal::control::Seal;
use store::journal::{Room, Writer};

use crate::batch::{Batch, Verdict, verdict};
use crate::clock::{Clock, Moment};
use crate::error::RuntimeError;
use crate::latency::Timing;
use crate::poison;
use crate::recovery::Ready;
use crate::snapshots::Snapshots;
use crate::stamp::{ExternalCommand, due_pulse, stamp};

/// Where durable batches go.
pub(crate) trait Release {
    /// Takes a durable batch and returns an empty one, preferably with memory to reuse.
    fn release(&mut self, batch: Batch) -> Batch;

    /// Sees an event with the state right after it, before it is durable.
    fn applied(&mut self, _event: &Event, _effects: &[Effect], _house: &ClearingHouse) {}
}

/// Choices about the loop. None of them changes an event, a seal or a digest.
#[derive(Clone, Debug)]
pub struct LoopOptions {
    /// Where timestamps come from.
    pub clock: Clock,
    /// A batch ends at this many events, at most 4,096; seals end batches earlier.
    pub batch_events: u32,
    /// Check every named law at each seal, and stop if one is broken.
    pub check_invariants: bool,
    /// Take a snapshot at the first batch border this many events after the last one.
    pub snapshot_every: Option<u64>,
}

impl Default for LoopOptions {
    fn default() -> Self {
        Self {
            clock: Clock::Historical,
            batch_events: store::journal::BATCH_EVENTS_MAX,
            check_invariants: false,
            snapshot_every: None,
        }
    }
}

/// What became of a command that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offered {
    /// It is an event, applied, not durable yet.
    Stamped(Verdict),
    /// The journal has no room for it; nothing was stamped.
    StorageFull,
}

/// The loop's state: the machine, the journal, the batch between them.
pub(crate) struct Sequencer<R> {
    house: ClearingHouse,
    writer: Writer,
    options: LoopOptions,
    snapshots: Option<Snapshots>,
    release: R,
    batch: Batch,
    effects: Vec<Effect>,
    /// Whether commands are timed.
    measures: bool,
}

impl<R: Release> Sequencer<R> {
    /// Takes over a recovered or fresh journal; a fresh one's genesis is stamped and durable
    /// when this returns.
    pub(crate) fn start(
        ready: Ready,
        options: LoopOptions,
        release: R,
    ) -> Result<Self, RuntimeError> {
        let Ready { house, writer, genesis, snapshots, .. } = ready;
        let snapshots = match (snapshots, options.snapshot_every) {
            (Some(store), Some(every)) => Some(Snapshots::start(store, every, &house)?),
            _ => None,
        };
        let mut sequencer = Self {
            house,
            writer,
            options,
            snapshots,
            release,
            batch: Batch::default(),
            effects: Vec::new(),
            measures: false,
        };
        if let Some(genesis) = genesis {
            let _verdict = sequencer.offer(genesis)?;
            sequencer.commit()?;
        }
        Ok(sequencer)
    }

    pub(crate) fn house(&self) -> &ClearingHouse {
        &self.house
    }

    pub(crate) fn batch_mut(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// Stamps and applies a command, after the pulses that are due. Commits whatever batches
    /// that completes.
    pub(crate) fn offer(&mut self, external: ExternalCommand) -> Result<Offered, RuntimeError> {
        let taken = self.measures.then(Moment::now);
        let planned = external.wish;
        let at = self.options.clock.stamp(external.wish, self.house.timestamp());
        if !self.stamp_due_pulses(at)? {
            return Ok(Offered::StorageFull);
        }
        let event = stamp(&self.house, external, at);
        let kind = event.command.kind();
        let Some(verdict) = self.take(event)? else {
            return Ok(Offered::StorageFull);
        };
        if let Some(taken) = taken {
            // The plan of a historical command lies in its own time: the loop asked for it.
            let planned = match self.options.clock {
                Clock::Live => Moment::of(planned),
                Clock::Historical => taken,
            };
            let applied = Moment::now();
            self.batch.timings.push(Timing { kind, planned, taken, applied });
        }
        Ok(Offered::Stamped(verdict))
    }

    /// Commits the batch if it may take no more events. Apart from [`Self::offer`], so that the
    /// answer to its last event goes into the batch first.
    pub(crate) fn commit_if_complete(&mut self) -> Result<bool, RuntimeError> {
        let complete = self.is_complete();
        if complete {
            self.commit()?;
        }
        Ok(complete)
    }

    /// Stamps every pulse due at or before `at`; `false` if the journal has no room for one.
    pub(crate) fn stamp_due_pulses(&mut self, at: Timestamp) -> Result<bool, RuntimeError> {
        while let Some(pulse) = due_pulse(&self.house, at) {
            if self.take(pulse)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What has to happen when no command comes: under the live clock the pulses that are due,
    /// and HEAD made durable if its time has come.
    fn idle(&mut self) -> Result<(), RuntimeError> {
        if self.options.clock == Clock::Live {
            // Without room the pulse waits, and so does every command.
            let _room = self.stamp_due_pulses(Moment::now().timestamp())?;
        }
        Ok(self.writer.tick()?)
    }

    /// Appends and applies one event; `None` if the journal has no room for it.
    fn take(&mut self, event: Event) -> Result<Option<Verdict>, RuntimeError> {
        let bytes = codec::body_bytes(&event.command)?;
        if !self.make_room(bytes)? {
            return Ok(None);
        }
        codec::append_event(&mut self.writer, &event)?;
        let Self { house, writer, effects, .. } = self;
        poison::guard(writer, || {
            #[cfg(test)]
            poison::tests::strike_if_planted(event.sequence);
            house.apply(&event, effects);
        });
        self.release.applied(&event, &self.effects, &self.house);
        let verdict = verdict(event.sequence, &self.effects);
        self.batch.push(event, &self.effects);
        Ok(Some(verdict))
    }

    /// Reserves room for a body, ending batches as needed; `false` if the disk is full.
    fn make_room(&mut self, bytes: usize) -> Result<bool, RuntimeError> {
        if self.is_complete() {
            self.commit()?;
        }
        loop {
            match self.writer.reserve(bytes) {
                Ok(Room::Fits) => return Ok(true),
                Ok(Room::BatchFull) => self.commit()?,
                Err(error) if error.category() == Category::StorageFull => {
                    tracing::warn!(%error, "the journal has no room for another event");
                    return if self.writer.failed() { Err(error.into()) } else { Ok(false) };
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.writer.batch_complete() || self.writer.batch_events() >= self.options.batch_events
    }

    /// Makes the batch durable and releases it. Answers without events are released as well.
    pub(crate) fn commit(&mut self) -> Result<(), RuntimeError> {
        if self.writer.batch_events() > 0 {
            let seal = if self.writer.seal_due() { Some(self.seal()?) } else { None };
            self.writer.commit(seal.as_ref())?;
            if let Some(seal) = seal {
                self.batch.set_seal(seal);
            }
        }
        if self.batch.is_empty() {
            return Ok(());
        }
        self.batch.durable_at = self.measures.then(Moment::now);
        let batch = std::mem::take(&mut self.batch);
        self.batch = self.release.release(batch);
        self.snapshot_if_due()
    }

    fn seal(&mut self) -> Result<Seal, RuntimeError> {
        let sequence = self.house.sequence();
        let Self { house, writer, .. } = self;
        if self.options.check_invariants
            && let Err(violation) = poison::guard(writer, || house.check_invariants())
        {
            poison::write(&mut self.writer);
            return Err(RuntimeError::InvariantBroken { sequence, violation });
        }
        let Self { house, writer, .. } = self;
        Ok(poison::guard(writer, || Seal {
            at_seq: sequence.number(),
            seal_digest: house.seal_digest(),
            effect_digest: house.effect_digest(),
            semantics: SEMANTICS,
        }))
    }

    /// The batch is empty and durable: the state is what the journal says.
    fn snapshot_if_due(&mut self) -> Result<(), RuntimeError> {
        let Some(snapshots) = &mut self.snapshots else {
            return Ok(());
        };
        if snapshots.due(self.house.sequence()) {
            // A snapshot vouches for a place in the journal, so HEAD has to know of it first.
            self.writer.sync_head()?;
            snapshots.take(&self.house, self.writer.chain());
        }
        Ok(())
    }

    /// Stops cleanly: commits, takes a last snapshot if snapshots are taken, closes the journal
    /// with the digests of the state.
    pub(crate) fn close(mut self) -> Result<Closed<R>, RuntimeError> {
        self.commit()?;
        let Self { house, writer, snapshots, release, .. } = self;
        let state_digest = house.state_digest();
        if let Some(mut snapshots) = snapshots {
            snapshots.take_last(&house, writer.chain());
            snapshots.stop();
        }
        writer.close(state_digest, house.effect_digest())?;
        Ok(Closed { house, state_digest, release })
    }
}

/// What a clean stop leaves.
pub(crate) struct Closed<R> {
    pub(crate) house: ClearingHouse,
    pub(crate) state_digest: [u8; 32],
    pub(crate) release: R,
}
