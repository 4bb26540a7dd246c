//! The next segment, built early and bit by bit, so that a full disk is met while there is still
//! room for what was promised, and never in the middle of a batch.
//!
//! Real zeros are written to `NNNNNNNN.log.tmp` while the present segment fills its second half.
//! The header comes last, at rotation, when sequence and chain are known.

use std::io;

use crate::error::{Category, Place, StoreError};
use crate::storage::{Storage, StorageFile, write_all_at, write_zeros};

use super::segment::{SegmentHeader, segment_name, segment_name_temporary};

/// A segment in the making.
#[derive(Debug)]
pub(crate) struct Spare {
    segment: u64,
    bytes: u64,
    built: u64,
    file: Option<Box<dyn StorageFile>>,
    synced: bool,
    /// The disk was full; only a rotation tries again.
    full: bool,
}

impl Spare {
    /// For a segment of `bytes` bytes; touches nothing yet.
    pub(crate) fn new(segment: u64, bytes: u64) -> Spare {
        Spare { segment, bytes, built: 0, file: None, synced: false, full: false }
    }

    /// Writes up to `bytes` more zeros. A full disk is remembered, not reported: it matters only
    /// once the segment is needed.
    pub(crate) fn advance(&mut self, storage: &dyn Storage, bytes: u64) -> Result<(), StoreError> {
        if self.full {
            return Ok(());
        }
        self.build(storage, bytes).or_else(|error| self.give_up(storage, error))
    }

    /// Completes the zeros. A full disk is `storage_full`.
    pub(crate) fn complete(&mut self, storage: &dyn Storage) -> Result<(), StoreError> {
        self.full = false;
        if let Err(error) = self.build(storage, self.bytes) {
            self.give_up(storage, error)?;
            let expected = format!("room for a segment of {} bytes", self.bytes);
            let place = Place::file(&segment_name(self.segment));
            return Err(StoreError::new(Category::StorageFull, place, expected, "a full disk"));
        }
        Ok(())
    }

    /// Puts the header in front and gives the segment its name, durably.
    pub(crate) fn install(
        &mut self,
        storage: &dyn Storage,
        header: &SegmentHeader,
    ) -> Result<Box<dyn StorageFile>, StoreError> {
        self.complete(storage)?;
        let (from, to) = (segment_name_temporary(self.segment), segment_name(self.segment));
        let file = self.file.take().expect("complete leaves an open file");
        write_all_at(&*file, 0, &header.encode())
            .and_then(|()| file.fsync())
            .and_then(|()| storage.rename(&from, &to))
            .and_then(|()| storage.sync_dir())
            .map_err(|error| fatal("install segment", &to, error))?;
        Ok(file)
    }

    fn build(&mut self, storage: &dyn Storage, bytes: u64) -> io::Result<()> {
        if self.file.is_none() {
            self.file = Some(storage.create(&segment_name_temporary(self.segment))?);
        }
        let file = self.file.as_ref().expect("created above");
        let now = bytes.min(self.bytes - self.built);
        write_zeros(&**file, self.built, now)?;
        self.built += now;
        if self.built == self.bytes && !self.synced {
            file.fsync()?;
            self.synced = true;
        }
        Ok(())
    }

    /// After a full disk: gives the space back and remembers. Any other error is fatal.
    fn give_up(&mut self, storage: &dyn Storage, error: io::Error) -> Result<(), StoreError> {
        let name = segment_name_temporary(self.segment);
        let error = StoreError::io("build the next segment", Place::file(&name), error);
        if error.category() != Category::StorageFull {
            return Err(error);
        }
        *self = Spare::new(self.segment, self.bytes);
        self.full = true;
        match storage.remove(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(fatal("remove the unfinished segment", &name, error))
            }
            _ => Ok(()),
        }
    }
}

/// An error after which nothing may be acknowledged, whatever its kind: a full disk in the middle
/// of a promise is not a refusal.
pub(crate) fn fatal(doing: &str, name: &str, error: io::Error) -> StoreError {
    let plain = io::Error::other(error.to_string());
    StoreError::io(doing, Place::file(name), plain)
}
