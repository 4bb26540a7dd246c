//! Snapshots around the loop: when one is due, what it holds, and which one a start may believe.
//!
//! The loop copies the state into a shadow that is there for good, and goes on; the snapshot thread
//! encodes, hashes and stores it. While the shadow is away no snapshot is due: one waits for the
//! next, and never the loop.
//!
//! A snapshot is a cache of the journal. Nothing here can stop clearing: what fails is reported,
//! and the run goes on without. A start believes a snapshot only if the journal has a batch border
//! with the same sequence and chain, every hash holds, and the restored state encodes to the very
//! same bytes; else the next older one; else genesis.

use std::sync::Arc;

use clearing::{ClearingHouse, SEMANTICS, Shadow};
use domain::Sequence;
use store::journal::{Chain, Options, Reader};
use store::snapshot::{
    Anchor, Encode, Request, SnapshotJob, SnapshotReport, SnapshotStore, SnapshotThread,
};
use store::storage::Storage;
use store::{Category, Place, StoreError};

use crate::error::RuntimeError;

/// A state on its way to the disk.
struct Copied(Shadow);

impl Encode for Copied {
    fn encode(&self, into: &mut Vec<u8>) {
        self.0.append_bytes(into);
    }

    fn prepare(&mut self) {
        self.0.make_room();
    }
}

/// The loop's side of the snapshot thread.
pub(crate) struct Snapshots {
    thread: SnapshotThread<Copied>,
    /// `None` while the thread has it.
    shadow: Option<Copied>,
    every: u64,
    last: Sequence,
    ended: bool,
}

impl Snapshots {
    /// Takes snapshots at the first batch border `every` events after the last one, which is the
    /// state the run begins with.
    pub(crate) fn start(
        store: SnapshotStore,
        every: u64,
        house: &ClearingHouse,
    ) -> Result<Self, RuntimeError> {
        let thread = SnapshotThread::spawn(store)?;
        let mut shadow = Shadow::new();
        shadow.copy(house);
        shadow.make_room();
        let (every, last) = (every.max(1), house.sequence());
        Ok(Self { thread, shadow: Some(Copied(shadow)), every, last, ended: false })
    }

    pub(crate) fn due(&mut self, sequence: Sequence) -> bool {
        let due = !self.ended && sequence.number() - self.last.number() >= self.every;
        if !due || self.shadow_is_home() {
            return due;
        }
        // A thread that hangs keeps the shadow: its watchdog is looked at here.
        if let Some(reason) = self.thread.ended() {
            self.end(&reason);
        }
        false
    }

    fn end(&mut self, reason: &str) {
        tracing::warn!(reason, "snapshots have ended; clearing goes on without");
        self.ended = true;
    }

    fn shadow_is_home(&mut self) -> bool {
        if self.shadow.is_none() {
            self.shadow = self.thread.take_spare();
        }
        self.shadow.is_some()
    }

    /// Hands over the state, durable up to its sequence, where the journal's chain is `chain`.
    pub(crate) fn take(&mut self, house: &ClearingHouse, chain: Chain) {
        self.report(self.thread.take_reports());
        let Some(mut shadow) = self.shadow.take() else { return };
        shadow.0.copy(house);
        self.last = house.sequence();
        let sequence = house.sequence().number();
        let job = SnapshotJob { semantics: SEMANTICS, sequence, chain, state: shadow };
        match self.thread.request(job) {
            Request::Accepted => {}
            Request::Replaced(sequence) => {
                tracing::info!(sequence, "a snapshot was replaced by a newer one before its turn");
            }
            Request::Ended(reason) => self.end(&reason),
        }
    }

    /// A last one, at a clean stop, unless the state has one already: the one place that waits for
    /// the thread.
    pub(crate) fn take_last(&mut self, house: &ClearingHouse, chain: Chain) {
        if self.ended || house.sequence() <= self.last {
            return;
        }
        if !self.shadow_is_home() {
            self.thread.wait();
        }
        if self.shadow_is_home() {
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    fn snapshots(
        watchdog: Duration,
        mut work: impl FnMut() -> Result<Anchor, StoreError> + Send + 'static,
    ) -> Snapshots {
        let thread = SnapshotThread::spawn_with(watchdog, move |_| work()).expect("starts");
        let shadow = Some(Copied(Shadow::new()));
        Snapshots { thread, shadow, every: 1, last: Sequence::START, ended: false }
    }

    fn full() -> StoreError {
        StoreError::new(Category::StorageFull, Place::default(), "room", "none")
    }

    #[test]
    fn one_waits_for_the_shadow_and_a_thread_that_hangs_is_given_up() {
        let (release, gate) = mpsc::channel::<()>();
        let house = ClearingHouse::new();
        let mut snapshots = snapshots(Duration::from_millis(500), move || {
            // The first job is let through, the second one waits as long as the test lasts.
            let _released = gate.recv();
            Err(full())
        });
        let next = Sequence::new(1);
        assert!(snapshots.due(next));
        snapshots.take(&house, [0; 16]);
        assert!(!snapshots.due(next), "the shadow is away");
        assert!(!snapshots.ended);
        release.send(()).expect("the thread waits");
        snapshots.thread.wait();
        assert!(snapshots.due(next), "a full disk ends nothing: the shadow is back");
        snapshots.take(&house, [0; 16]);
        std::thread::sleep(Duration::from_millis(520));
        assert!(!snapshots.due(next) && snapshots.ended, "past the watchdog");
        snapshots.take_last(&house, [0; 16]);
        drop(release);
    }
}
