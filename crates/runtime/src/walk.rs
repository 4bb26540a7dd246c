//! A journal applied again one event at a time, from the nearest snapshot: time travel.
//!
//! Where [`crate::rerun`] tells a witness what happened, a walk is pulled: its owner looks at the
//! state before an event, takes the event, and looks again. Seals on the way are met as in a rerun.

use std::sync::Arc;
use std::vec;

use clearing::{ClearingHouse, SEMANTICS};
use domain::{Command, Effect, Event, Sequence};
use store::journal::Options;
use store::snapshot::SnapshotStore;
use store::storage::Storage;

use crate::error::RuntimeError;
use crate::recovery::reader_after;
use crate::rerun::{DecodeAhead, Decoded, meet_seal};
use crate::snapshots::restore;

/// An event with what followed from it.
pub type Taken<'a> = (&'a Event, &'a [Effect]);

/// A state on its way through a journal.
pub struct Walk {
    house: ClearingHouse,
    ahead: DecodeAhead,
    batch: Decoded,
    events: vec::IntoIter<Event>,
    next: Option<Event>,
    last: Option<Event>,
    effects: Vec<Effect>,
}

impl Walk {
    /// Begins at the newest snapshot at or before `sequence` that can be believed, else before
    /// genesis. The state may still lie before `sequence`: [`Walk::advance_to`] goes on.
    ///
    /// # Errors
    /// Damage to the journal; the disk.
    pub fn begin(
        journal: Arc<dyn Storage>,
        options: &Options,
        snapshots: Option<&SnapshotStore>,
        sequence: Sequence,
    ) -> Result<Self, RuntimeError> {
        let house = nearest(&journal, options, snapshots, sequence);
        // A snapshot of the very end has nothing after it to read; its own event still can be.
        let from = Sequence::new(house.sequence().number().saturating_sub(1));
        let ahead = DecodeAhead::start(reader_after(journal, options, from)?)?;
        Ok(Self {
            house,
            ahead,
            batch: Decoded::default(),
            events: Vec::new().into_iter(),
            next: None,
            last: None,
            effects: Vec::new(),
        })
    }

    /// The state after the events taken so far.
    #[must_use]
    pub fn house(&self) -> &ClearingHouse {
        &self.house
    }

    /// The state, to switch what it records of itself on or off.
    pub fn house_mut(&mut self) -> &mut ClearingHouse {
        &mut self.house
    }

    /// The event that [`Walk::take`] would take; `None` at the end of the journal.
    ///
    /// # Errors
    /// Damage to the journal; a seal that differs.
    pub fn peek(&mut self) -> Result<Option<&Event>, RuntimeError> {
        if self.next.is_none() {
            self.next = self.read()?;
        }
        Ok(self.next.as_ref())
    }

    /// Applies the next event; `None` at the end of the journal.
    ///
    /// # Errors
    /// As for [`Walk::peek`]; another semantics.
    pub fn take(&mut self) -> Result<Option<Taken<'_>>, RuntimeError> {
        self.peek()?;
        let Some(event) = self.next.take() else { return Ok(None) };
        if let Command::Genesis(genesis) = &event.command
            && genesis.semantics != SEMANTICS
        {
            let (expected, found) = (SEMANTICS, genesis.semantics);
            return Err(RuntimeError::SemanticsUnsupported { expected, found });
        }
        self.house.apply(&event, &mut self.effects);
        let event = self.last.insert(event);
        Ok(Some((event, &self.effects)))
    }

    /// Takes events until the state stands at `sequence`, or at the end of the journal.
    ///
    /// # Errors
    /// As for [`Walk::take`].
    pub fn advance_to(&mut self, sequence: Sequence) -> Result<(), RuntimeError> {
        while self.house.sequence() < sequence && self.take()?.is_some() {}
        Ok(())
    }

    /// The next event beyond the state's own sequence.
    fn read(&mut self) -> Result<Option<Event>, RuntimeError> {
        loop {
            for event in self.events.by_ref() {
                if event.sequence > self.house.sequence() {
                    return Ok(Some(event));
                }
            }
            // A seal stands at the end of its batch, when all of it was taken.
            if let Some(seal) = self.batch.seal.take()
                && seal.at_seq == self.house.sequence().number()
            {
                meet_seal(&mut self.house, &seal)?;
            }
            match self.ahead.next().transpose()? {
                Some(mut decoded) => {
                    self.events = std::mem::take(&mut decoded.events).into_iter();
                    self.batch = decoded;
                }
                None => return Ok(None),
            }
        }
    }
}

fn nearest(
    journal: &Arc<dyn Storage>,
    options: &Options,
    snapshots: Option<&SnapshotStore>,
    sequence: Sequence,
) -> ClearingHouse {
    let anchors = snapshots.and_then(|store| store.list().ok()).unwrap_or_default();
    for anchor in anchors {
        if anchor.sequence > sequence.number() || anchor.sequence == 0 {
            continue;
        }
        let Some(store) = snapshots else { continue };
        match restore(store, journal, options, &anchor) {
            Ok(house) => return house,
            Err(error) => tracing::warn!(%error, "a snapshot was passed over"),
        }
    }
    ClearingHouse::new()
}
