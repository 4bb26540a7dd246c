//! Snapshots around the loop: when one is due, what it holds, and which one a start may believe.
//!
//! A snapshot is a cache of the journal. Nothing here can stop clearing: what fails is reported,
//! and the run goes on without. A start believes a snapshot only if the journal has a batch border
//! with the same sequence and chain, every hash holds, and the restored state encodes to the very
//! same bytes; else the next older one; else genesis.

use std::sync::Arc;

use clearing::{ClearingHouse, SEMANTICS};
use domain::Sequence;
use store::journal::{Chain, Options, Reader};
use store::snapshot::{
    Anchor, Request, SnapshotJob, SnapshotReport, SnapshotStore, SnapshotThread,
};
use store::storage::Storage;
use store::{Category, Place, StoreError};

use crate::error::RuntimeError;

/// The loop's side of the snapshot thread.
pub(crate) struct Snapshots {
    thread: SnapshotThread,
    every: u64,
    last: Sequence,
    ended: bool,
}

impl Snapshots {
    /// Takes snapshots at the first batch border `every` events after the last; `last` is where
    /// the run begins.
    pub(crate) fn start(
        store: SnapshotStore,
        every: u64,
        last: Sequence,
    ) -> Result<Self, RuntimeError> {
        let thread = SnapshotThread::spawn(store)?;
        Ok(Self { thread, every: every.max(1), last, ended: false })
    }

    pub(crate) fn due(&self, sequence: Sequence) -> bool {
        !self.ended && sequence.number() - self.last.number() >= self.every
    }

    /// Hands over the state, durable up to its sequence, where the journal's chain is `chain`.
    pub(crate) fn take(&mut self, house: &ClearingHouse, chain: Chain) {
        self.report(self.thread.take_reports());
        self.last = house.sequence();
        let sequence = house.sequence().number();
        let job = SnapshotJob { semantics: SEMANTICS, sequence, chain, bytes: house.to_bytes() };
        match self.thread.request(job) {
            Request::Accepted => {}
            Request::Replaced(sequence) => {
                tracing::info!(sequence, "a snapshot was replaced by a newer one before its turn");
            }
            Request::Ended(reason) => {
                tracing::warn!(reason, "snapshots have ended; clearing goes on without");
                self.ended = true;
            }
        }
    }

    /// A last one, at a clean stop, unless the state has one already.
    pub(crate) fn take_last(&mut self, house: &ClearingHouse, chain: Chain) {
        if !self.ended && house.sequence() > self.last {
            self.take(house, chain);
        }
    }

    /// Waits for the thread, at most as long as its watchdog allows.
    pub(crate) fn stop(self) {
        let Self { thread, .. } = self;
        let reports = thread.finish();
        for report in reports {
            describe(&report);
        }
    }

    fn report(&self, reports: Vec<SnapshotReport>) {
        for report in reports {
            describe(&report);
        }
    }
}

fn describe(report: &SnapshotReport) {
    let SnapshotReport { sequence, elapsed, outcome } = report;
    let milliseconds = elapsed.as_millis();
    match outcome {
        Ok(anchor) => tracing::info!(sequence, milliseconds, bytes = anchor.bytes, "snapshot"),
        Err(error) => tracing::warn!(sequence, milliseconds, %error, "no snapshot"),
    }
}

/// The state of the newest snapshot that can be believed, or the state before genesis. Why newer
/// ones could not be is added to `passed_over`.
pub(crate) fn restore_newest(
    store: &SnapshotStore,
    journal: &Arc<dyn Storage>,
    options: &Options,
    passed_over: &mut Vec<String>,
) -> ClearingHouse {
    let anchors = match store.list() {
        Ok(anchors) => anchors,
        Err(error) => {
            passed_over.push(error.to_string());
            Vec::new()
        }
    };
    for anchor in anchors {
        match restore(store, journal, options, &anchor) {
            Ok(house) => return house,
            Err(error) => {
                tracing::warn!(%error, "a snapshot was passed over");
                passed_over.push(error.to_string());
            }
        }
    }
    ClearingHouse::new()
}

/// The state of one snapshot, if it can be believed.
///
/// # Errors
/// What speaks against it.
pub fn restore(
    store: &SnapshotStore,
    journal: &Arc<dyn Storage>,
    options: &Options,
    anchor: &Anchor,
) -> Result<ClearingHouse, RuntimeError> {
    let sequence = Sequence::new(anchor.sequence);
    if anchor.semantics != SEMANTICS {
        let (expected, found) = (SEMANTICS, anchor.semantics);
        return Err(RuntimeError::SemanticsUnsupported { expected, found });
    }
    let unfit = |expected: &str, found: &str| {
        StoreError::new(Category::Corrupt, Place::sequence(anchor.sequence), expected, found)
    };
    if !has_border(journal, options, anchor)? {
        return Err(unfit("a batch border of the journal with the same chain", "none").into());
    }
    let Some(snapshot) = store.get(anchor.sequence)? else {
        return Err(unfit("a snapshot", "none").into());
    };
    let house = ClearingHouse::from_bytes(&snapshot.bytes)
        .map_err(|error| RuntimeError::Restore { sequence, error })?;
    if house.sequence() != sequence || house.to_bytes() != snapshot.bytes {
        return Err(unfit("a state that encodes to the snapshot's bytes", "another").into());
    }
    Ok(house)
}

/// Whether a batch of the journal ends with the anchor's sequence and chain. A close record adds
/// a batch without events, so several batches may end with one sequence.
fn has_border(
    journal: &Arc<dyn Storage>,
    options: &Options,
    anchor: &Anchor,
) -> Result<bool, StoreError> {
    let mut reader = Reader::open_at(Arc::clone(journal), options, anchor.sequence)?;
    while let Some(batch) = reader.next_batch()? {
        if batch.last_seq() > anchor.sequence {
            return Ok(false);
        }
        if (batch.last_seq(), batch.chain()) == (anchor.sequence, anchor.chain) {
            return Ok(true);
        }
    }
    Ok(false)
}
