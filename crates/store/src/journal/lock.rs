//! One writer at a time. The lock is an flock on LOCK: it goes with the process that held it.

use crate::error::{Category, Place, StoreError};
use crate::storage::{Hold, LockGuard, Storage};

const LOCK_NAME: &str = "LOCK";

/// Takes the journal for writing.
pub(crate) fn lock_exclusive(storage: &dyn Storage) -> Result<Box<dyn LockGuard>, StoreError> {
    taken(storage.lock(LOCK_NAME, Hold::Exclusive))
}

/// Takes the journal for reading, if it has a LOCK at all: a copied journal may lack one.
pub(crate) fn lock_shared(storage: &dyn Storage) -> Result<Option<Box<dyn LockGuard>>, StoreError> {
    match storage.lock(LOCK_NAME, Hold::Shared) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        answer => taken(answer).map(Some),
    }
}

fn taken(
    answer: std::io::Result<Option<Box<dyn LockGuard>>>,
) -> Result<Box<dyn LockGuard>, StoreError> {
    match answer {
        Ok(Some(guard)) => Ok(guard),
        Ok(None) => {
            let expected = "the journal to itself";
            let place = Place::file(LOCK_NAME);
            Err(StoreError::new(Category::Locked, place, expected, "another process holding it"))
        }
        Err(error) => Err(StoreError::io("lock", Place::file(LOCK_NAME), error)),
    }
}
