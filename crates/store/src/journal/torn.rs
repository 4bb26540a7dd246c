//! Cutting a tail: copy it to a file of its own, make that durable, then zero it in place.
//! Used for torn tails at recovery and for losses a person accepts.

use crate::error::{Place, StoreError};
use crate::storage::{Storage, StorageFile, read_exact_at, write_all_at, write_zeros};

/// Bytes moved at once.
const PIECE: usize = 1 << 20;

/// A range of a file to set aside.
#[derive(Debug)]
pub(crate) struct Tail<'a> {
    pub(crate) name: &'a str,
    pub(crate) file: &'a dyn StorageFile,
    pub(crate) from: u64,
    /// End of the file; trailing zeros before it are not copied.
    pub(crate) to: u64,
}

/// What was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SetAside {
    /// File it went to.
    pub(crate) file: String,
    /// Bytes copied.
    pub(crate) bytes: u64,
    /// BLAKE3 of them.
    pub(crate) hash: [u8; 32],
}

/// Copies the tails, one after the other, into `torn-<seq>-<n>.bin` with the first free n, and
/// makes file and directory durable.
pub(crate) fn set_aside(
    storage: &dyn Storage,
    sequence: u64,
    tails: &[Tail<'_>],
) -> Result<SetAside, StoreError> {
    let names = storage
        .list()
        .map_err(|error| StoreError::io("list the journal", Place::default(), error))?;
    let target = (0u64..)
        .map(|number| format!("torn-{sequence}-{number}.bin"))
        .find(|name| !names.contains(name))
        .expect("the directory holds fewer than 2^64 names");
    let io = |error| StoreError::io("copy the tail aside", Place::file(&target), error);
    let copy = storage.create(&target).map_err(io)?;
    let mut hasher = blake3::Hasher::new();
    let mut written = 0u64;
    let mut piece = vec![0u8; PIECE];
    for tail in tails {
        let end = tail.from + used(tail)?;
        let mut at = tail.from;
        while at < end {
            let length = (end - at).min(PIECE as u64) as usize;
            let read = read_exact_at(tail.file, at, &mut piece[..length]);
            read.map_err(|error| StoreError::io("read the tail", Place::file(tail.name), error))?;
            write_all_at(&*copy, written, &piece[..length]).map_err(io)?;
            hasher.update(&piece[..length]);
            at += length as u64;
            written += length as u64;
        }
    }
    copy.fsync().map_err(io)?;
    storage.sync_dir().map_err(io)?;
    Ok(SetAside { file: target, bytes: written, hash: *hasher.finalize().as_bytes() })
}

/// Bytes from the start of the tail to its last non-zero byte.
fn used(tail: &Tail<'_>) -> Result<u64, StoreError> {
    let mut piece = vec![0u8; PIECE];
    let (mut at, mut used) = (tail.from, 0u64);
    while at < tail.to {
        let length = (tail.to - at).min(PIECE as u64) as usize;
        let read = read_exact_at(tail.file, at, &mut piece[..length]);
        read.map_err(|error| StoreError::io("read the tail", Place::file(tail.name), error))?;
        if let Some(last) = piece[..length].iter().rposition(|byte| *byte != 0) {
            used = at - tail.from + last as u64 + 1;
        }
        at += length as u64;
    }
    Ok(used)
}

/// Zeroes a tail that was set aside, durably.
pub(crate) fn zero_tail(tail: &Tail<'_>) -> Result<(), StoreError> {
    let zeroed = write_zeros(tail.file, tail.from, tail.to - tail.from);
    zeroed
        .and_then(|()| tail.file.fsync())
        .map_err(|error| StoreError::io("zero the tail", Place::file(tail.name), error))
}
