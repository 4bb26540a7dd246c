//! Who watches: sees each event with its effects, after they are durable, in order, without holes.

use clearing::ClearingHouse;
use domain::{Effect, Event, Sequence};
use store::journal::control::Seal;

use crate::batch::Batch;

/// A reader of durable events. Every method but the first does nothing by default.
pub trait Observer {
    /// An event and what followed from it.
    fn observe(&mut self, event: &Event, effects: &[Effect]);

    /// An event was applied, and is not durable yet; `house` is the state right after it. For work
    /// that needs the state of that moment: what leaves the process waits for [`Self::reached`].
    fn applied(&mut self, _event: &Event, _effects: &[Effect], _house: &ClearingHouse) {}

    /// The journal took a seal after the events seen so far.
    fn sealed(&mut self, _seal: &Seal) {}

    /// A batch ended: everything up to here has been seen.
    fn reached(&mut self, _sequence: Sequence) {}
}

impl<F: FnMut(&Event, &[Effect])> Observer for F {
    fn observe(&mut self, event: &Event, effects: &[Effect]) {
        self(event, effects);
    }
}

/// An observer that looks away.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn observe(&mut self, _event: &Event, _effects: &[Effect]) {}
}

/// Shows a whole batch to an observer.
pub fn show(batch: &Batch, observer: &mut dyn Observer) {
    for (event, effects) in batch.iter() {
        observer.observe(event, effects);
    }
    if let Some(seal) = batch.seal() {
        observer.sealed(seal);
    }
    if let Some(sequence) = batch.last_sequence() {
        observer.reached(sequence);
    }
}
