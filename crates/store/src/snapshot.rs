//! Snapshots: state bytes and an anchor, kept in sled as a cache of the journal.
//!
//! Delete them and nothing is lost. sled neither syncs against power loss nor notices all
//! damage, so nothing it returns is believed: every chunk carries its hash, the manifest carries
//! its own and comes last, and the state digest is computed anew. Every call into sled may panic
//! and is caught; a store that panicked or failed is spent, and clearing goes on without.

mod manifest;
mod open;
mod thread;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Category, Defect, Place, StoreError};
use crate::journal::Chain;

use manifest::{CHUNK, Manifest, chunk_key, chunk_value, manifest_key, read_chunk};

pub use open::{SnapshotOpen, open, open_copy};
pub use thread::{Encode, Request, SnapshotJob, SnapshotReport, SnapshotThread};

/// Snapshots kept by `put`.
pub const KEEP: usize = 3;
/// Free space asked for before a snapshot: this many times its length.
pub const FREE_SPACE_FACTOR: u64 = 4;

/// Where in the journal a snapshot was taken and what state it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// Last sequence that is part of the state.
    pub sequence: u64,
    /// Chain of the journal after the batch that ends with it.
    pub chain: Chain,
    /// Version of the behaviour that produced the state.
    pub semantics: u32,
    /// BLAKE3 of the bytes.
    pub state_digest: [u8; 32],
    /// Length of the bytes.
    pub bytes: u64,
}

/// A snapshot whose bytes have been checked against their hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Where it belongs. Whether the journal agrees is for the caller to check.
    pub anchor: Anchor,
    /// The canonical bytes of the state.
    pub bytes: Vec<u8>,
}

/// The snapshots of one journal.
#[derive(Debug)]
pub struct SnapshotStore {
    /// `None` once a panic or an error has spent the store.
    sled: Option<sled::Db>,
    directory: PathBuf,
    /// The folder of a copy, removed after sled has let go of it.
    copy: Option<tempfile::TempDir>,
    spent: AtomicBool,
}

impl SnapshotStore {
    /// Stores a snapshot: chunks, then the manifest, then one flush; keeps the newest three.
    /// Returns its anchor. Taking one again at the same sequence replaces it.
    ///
    /// Errors: `StorageFull` unless four times the length is free, `Io` if sled failed or
    /// panicked, after which the store is spent.
    pub fn put(
        &self,
        semantics: u32,
        sequence: u64,
        chain: Chain,
        bytes: &[u8],
    ) -> Result<Anchor, StoreError> {
        self.room_for(bytes.len() as u64, sequence)?;
        let anchor = Anchor {
            sequence,
            chain,
            semantics,
            state_digest: *blake3::hash(bytes).as_bytes(),
            bytes: bytes.len() as u64,
        };
        let manifest = Manifest::of(&anchor).encode();
        let manifest = manifest.map_err(|defect| defect.at(Place::sequence(sequence)))?;
        self.guard("write snapshot", sequence, |sled| {
            // A manifest of an earlier attempt must not vouch for a mixture of chunks.
            remove_snapshot(sled, sequence)?;
            for (index, chunk) in bytes.chunks(CHUNK).enumerate() {
                sled.insert(chunk_key(sequence, index as u32), chunk_value(chunk))?;
            }
            sled.insert(manifest_key(sequence), manifest.clone())?;
            sled.flush()?;
            Ok(())
        })?;
        self.prune(KEEP)?;
        Ok(anchor)
    }

    /// The snapshot at a sequence, with every hash checked; `None` if there is none.
    ///
    /// Errors: `Corrupt` if a manifest is there and it or a chunk does not hold, `Io`.
    pub fn get(&self, sequence: u64) -> Result<Option<Snapshot>, StoreError> {
        let Some(anchor) = self.anchor(sequence)? else {
            return Ok(None);
        };
        let place = || Place::sequence(sequence);
        let mut bytes = Vec::new();
        let mut hasher = blake3::Hasher::new();
        for index in 0..anchor.bytes.div_ceil(CHUNK as u64) {
            let value = self.guard("read snapshot", sequence, |sled| {
                sled.get(chunk_key(sequence, index as u32))
            })?;
            let chunk = read_chunk(value.as_deref(), index).map_err(|defect| defect.at(place()))?;
            // Grows with what was read, never with what a manifest claims.
            hasher.update(chunk);
            bytes.extend_from_slice(chunk);
        }
        let digest = *hasher.finalize().as_bytes();
        if digest == anchor.state_digest && bytes.len() as u64 == anchor.bytes {
            Ok(Some(Snapshot { anchor, bytes }))
        } else {
            let expected = format!("state digest {}", crate::bytes::hex(&anchor.state_digest));
            Err(Defect::corrupt(expected, crate::bytes::hex(&digest)).at(place()))
        }
    }

    /// The newest snapshot that holds and whose anchor `agrees` accepts, with the reasons why
    /// newer ones were passed over. `None`: start from genesis.
    pub fn latest(
        &self,
        mut agrees: impl FnMut(&Anchor) -> bool,
    ) -> (Option<Snapshot>, Vec<StoreError>) {
        let mut passed = Vec::new();
        let listed = match self.sequences() {
            Ok(listed) => listed,
            Err(error) => return (None, vec![error]),
        };
        for sequence in listed {
            match self.anchor(sequence) {
                Ok(Some(anchor)) if agrees(&anchor) => match self.get(sequence) {
                    Ok(Some(snapshot)) => return (Some(snapshot), passed),
                    Ok(None) => {}
                    Err(error) => passed.push(error),
                },
                Ok(Some(_)) => {
                    let expected = "an anchor the journal agrees with";
                    let defect = Defect::corrupt(expected, "another history");
                    passed.push(defect.at(Place::sequence(sequence)));
                }
                Ok(None) => {
                    let defect = Defect::corrupt("a manifest", "chunks without one");
                    passed.push(defect.at(Place::sequence(sequence)));
                }
                Err(error) => passed.push(error),
            }
        }
        (None, passed)
    }

    /// The anchors whose manifests hold, newest first. Chunks are not read.
    pub fn list(&self) -> Result<Vec<Anchor>, StoreError> {
        let mut anchors = Vec::new();
        for sequence in self.sequences()? {
            if let Ok(Some(anchor)) = self.anchor(sequence) {
                anchors.push(anchor);
            }
        }
        Ok(anchors)
    }

    /// Removes all but the newest `keep` snapshots with a manifest, and whatever has none.
    /// Returns how many sequences were removed.
    pub fn prune(&self, keep: usize) -> Result<usize, StoreError> {
        let (mut kept, mut removed) = (0, 0);
        for sequence in self.sequences()? {
            if kept < keep && matches!(self.anchor(sequence), Ok(Some(_))) {
                kept += 1;
            } else {
                self.guard("prune snapshot", sequence, |sled| remove_snapshot(sled, sequence))?;
                removed += 1;
            }
        }
        if removed > 0 {
            self.guard("flush snapshots", 0, |sled| sled.flush().map(|_| ()))?;
        }
        Ok(removed)
    }

    /// Whether a panic or an error has ended snapshotting.
    pub fn spent(&self) -> bool {
        self.spent.load(Ordering::Relaxed)
    }

    fn anchor(&self, sequence: u64) -> Result<Option<Anchor>, StoreError> {
        let key = manifest_key(sequence);
        let value = self.guard("read manifest", sequence, |sled| sled.get(key))?;
        match value {
            None => Ok(None),
            Some(value) => Manifest::decode(&value, sequence)
                .map(|manifest| Some(manifest.anchor()))
                .map_err(|defect| defect.at(Place::sequence(sequence))),
        }
    }

    /// Every sequence that has any key, newest first, found by jumps.
    fn sequences(&self) -> Result<Vec<u64>, StoreError> {
        self.guard("list snapshots", 0, |sled| {
            let mut sequences = Vec::new();
            let mut next = sled.last()?.map(|(key, _)| key);
            while let Some(key) = next {
                let mut number = [0u8; 8];
                let length = key.len().min(8);
                number[..length].copy_from_slice(&key[..length]);
                let sequence = u64::from_be_bytes(number);
                sequences.push(sequence);
                next = sled.get_lt(sequence.to_be_bytes())?.map(|(key, _)| key);
            }
            Ok(sequences)
        })
    }

    fn room_for(&self, bytes: u64, sequence: u64) -> Result<(), StoreError> {
        let free = fs4::available_space(&self.directory);
        let place = || Place::sequence(sequence);
        let free = free.map_err(|error| StoreError::io("ask for free space", place(), error))?;
        let wanted = bytes.saturating_mul(FREE_SPACE_FACTOR);
        if free >= wanted {
            Ok(())
        } else {
            let (expected, found) = (format!("{wanted} bytes free"), format!("{free}"));
            Err(StoreError::new(Category::StorageFull, place(), expected, found))
        }
    }

    /// Calls sled. A panic or an error spends the store.
    fn guard<T>(
        &self,
        doing: &str,
        sequence: u64,
        call: impl FnOnce(&sled::Db) -> sled::Result<T>,
    ) -> Result<T, StoreError> {
        let place = Place::sequence(sequence);
        let Some(sled) = self.sled.as_ref().filter(|_| !self.spent()) else {
            let expected = "a snapshot store that works";
            return Err(StoreError::new(Category::Io, place, expected, "one that failed before"));
        };
        let reason = match catch_unwind(AssertUnwindSafe(|| call(sled))) {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "sled panicked".to_string(),
        };
        self.spent.store(true, Ordering::Relaxed);
        Err(StoreError::io(doing, place, std::io::Error::other(reason)))
    }
}

impl Drop for SnapshotStore {
    fn drop(&mut self) {
        // Closing flushes, and flushing may panic.
        let sled = self.sled.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(sled)));
        drop(self.copy.take());
    }
}

/// The manifest first, so that what is left never looks whole.
fn remove_snapshot(sled: &sled::Db, sequence: u64) -> sled::Result<()> {
    sled.remove(manifest_key(sequence))?;
    for key in sled.scan_prefix(sequence.to_be_bytes()).keys() {
        sled.remove(key?)?;
    }
    Ok(())
}

/// Names inside the directory that belong to snapshots.
fn cache_path(directory: &Path) -> PathBuf {
    directory.join("cache")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_the_hashes_is_checked_by_itself() {
        let directory = tempfile::tempdir().expect("a directory");
        let Ok(SnapshotOpen::Ready(store)) = open(directory.path()) else {
            panic!("does not open");
        };
        for sequence in [1, 2] {
            store.put(1, sequence, [0; 16], &[sequence as u8; 100_000]).expect("stores");
        }
        let sled = store.sled.as_ref().expect("is open");
        let plant = |value: &[u8]| sled.insert(chunk_key(1, 1), value).expect("inserts");
        let sound = sled.get(chunk_key(1, 1)).expect("reads").expect("is there");
        let refused = |what: &str| {
            let error = store.get(1).expect_err(what);
            assert_eq!(error.category(), Category::Corrupt, "{what}");
        };
        let other = sled.get(chunk_key(2, 1)).expect("reads").expect("is there");
        plant(&other);
        refused("a sound chunk of another snapshot: the state digest");
        let mut shorter = chunk_value(&[1; 10]);
        plant(&shorter);
        refused("a sound chunk of another length");
        shorter[40] ^= 1;
        plant(&shorter);
        refused("a chunk that is not its hash");
        sled.remove(chunk_key(1, 1)).expect("removes");
        refused("a chunk missing");
        plant(&sound);
        assert!(store.get(1).expect("whole again").is_some());
        sled.remove(manifest_key(1)).expect("removes");
        assert_eq!(store.get(1).expect("no manifest, no snapshot"), None);
        let mut manifest = sled.get(manifest_key(2)).expect("reads").expect("is there").to_vec();
        manifest[0] ^= 1;
        sled.insert(manifest_key(2), manifest).expect("inserts");
        let (found, passed) = store.latest(|_| true);
        assert_eq!((found, passed.len()), (None, 2));
    }

    #[test]
    fn a_panic_in_sled_spends_the_store_and_is_an_error() {
        let directory = tempfile::tempdir().expect("a directory");
        let Ok(SnapshotOpen::Ready(store)) = open(directory.path()) else {
            panic!("does not open");
        };
        let answer = store.guard("plant a panic", 7, |_| -> sled::Result<()> { panic!("planted") });
        assert_eq!(answer.expect_err("caught").category(), Category::Io);
        assert!(store.spent() && store.put(1, 8, [0; 16], &[1]).is_err());
    }
}
