//! A journal, read from genesis without changing it: every batch, every seal, every clean stop and
//! every snapshot is met, and the last state is restored from its own bytes.

use std::sync::Arc;

use clearing::ClearingHouse;
use domain::{Effect, Event, Sequence};
use store::journal::control::Seal;
use store::journal::{Chain, Options, Reader};
use store::snapshot::{Anchor, SnapshotStore};
use store::storage::Storage;

use crate::error::RuntimeError;
use crate::observer::Observer;
use crate::rerun::{Rerun, Witness, meet, rerun};

/// A place where the journal and the rerun agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checkpoint {
    /// A seal, whose two digests were met.
    Seal(Seal),
    /// A snapshot: its chain and state digest were met, and its bytes hold.
    Snapshot(Anchor),
}

/// What a verification found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// What the rerun met.
    pub rerun: Rerun,
    /// Snapshots met.
    pub snapshots: u64,
    /// The last event's place in line.
    pub sequence: Sequence,
    /// Digest of the last state.
    pub state_digest: [u8; 32],
    /// Running digest of all effects.
    pub effect_digest: [u8; 16],
}

/// Verifies a journal and its snapshots; `met` hears of each place where they agree, in order.
///
/// # Errors
/// Damage, another semantics, a digest that differs, a journal that another process writes.
pub fn verify(
    journal: Arc<dyn Storage>,
    options: &Options,
    snapshots: Option<&SnapshotStore>,
    met: &mut dyn FnMut(&Checkpoint),
) -> Result<Verified, RuntimeError> {
    let reader = Reader::open_shared(journal, options)?;
    let anchors = match snapshots {
        Some(store) => store.list()?,
        None => Vec::new(),
    };
    let mut house = ClearingHouse::new();
    let mut witness = Meeting { snapshots, anchors, met, count: 0 };
    let rerun = rerun(&mut house, reader, None, &mut witness)?;
    witness.all_met()?;
    let snapshots = witness.count;
    let (sequence, state_digest) = (house.sequence(), house.state_digest());
    // The other path to both digests: sums and caches rebuilt from the bytes.
    let mut restored = ClearingHouse::from_bytes(&house.to_bytes())
        .map_err(|error| RuntimeError::Restore { sequence, error })?;
    meet(sequence.number(), &house.seal_digest(), &restored.seal_digest())?;
    meet(sequence.number(), &state_digest, &restored.state_digest())?;
    let effect_digest = house.effect_digest();
    Ok(Verified { rerun, snapshots, sequence, state_digest, effect_digest })
}

/// Meets snapshots on the way.
struct Meeting<'a> {
    snapshots: Option<&'a SnapshotStore>,
    /// Not met yet, newest first.
    anchors: Vec<Anchor>,
    met: &'a mut dyn FnMut(&Checkpoint),
    count: u64,
}

impl Observer for Meeting<'_> {
    fn observe(&mut self, _event: &Event, _effects: &[Effect]) {}

    fn sealed(&mut self, seal: &Seal) {
        (self.met)(&Checkpoint::Seal(*seal));
    }
}

impl Witness for Meeting<'_> {
    fn border(&mut self, house: &ClearingHouse, chain: Chain) -> Result<(), RuntimeError> {
        let sequence = house.sequence().number();
        while let Some(anchor) = self.anchors.last().copied() {
            if (anchor.sequence, anchor.chain) != (sequence, chain) {
                return Ok(());
            }
            meet(sequence, &anchor.state_digest, &house.state_digest())?;
            if let Some(store) = self.snapshots {
                // Reads every chunk and checks every hash.
                store.get(sequence)?;
            }
            (self.met)(&Checkpoint::Snapshot(anchor));
            self.count += 1;
            let _met = self.anchors.pop();
        }
        Ok(())
    }
}

impl Meeting<'_> {
    /// A snapshot that no batch border matched belongs to another journal.
    fn all_met(&self) -> Result<(), RuntimeError> {
        match self.anchors.last() {
            None => Ok(()),
            Some(anchor) => {
                let place = store::Place::sequence(anchor.sequence);
                let expected = "a batch border of the journal with the snapshot's chain";
                let category = store::Category::Diverged;
                Err(store::StoreError::new(category, place, expected, "none").into())
            }
        }
    }
}
