//! HEAD, the anchor outside the log: the last durable place, in two slots written in turn.
//!
//! Slot = generation mod 2, 4,096 bytes each: `magic u32 | format u32 | generation u64 |
//! log_id [16] | seq u64 | chain [16] | segment u64 | end_offset u64 | crc32c u32`, the rest
//! zero and checked. Written after every `fdatasync` and before the acknowledgement; synced less
//! often. A write that tears one slot leaves the other.

use std::io;

use crate::bytes::{all_zero, array_at, put, u32_at, u64_at};
use crate::error::{Category, Place, StoreError};
use crate::storage::{Storage, StorageFile, read_up_to, write_all_at, write_zeros};

use super::frame::Chain;

/// File name.
pub(crate) const HEAD_NAME: &str = "HEAD";

const SLOT: usize = 4_096;
const MAGIC: u32 = u32::from_le_bytes(*b"CLHD");
const FORMAT: u32 = 1;
const USED: usize = 76;
const CRC_AT: usize = 72;

/// A durable place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) generation: u64,
    pub(crate) log_id: [u8; 16],
    /// Last durable sequence; 0 in an empty journal.
    pub(crate) seq: u64,
    /// Chain after the last durable batch.
    pub(crate) chain: Chain,
    pub(crate) segment: u64,
    /// Where the next batch begins in that segment.
    pub(crate) end_offset: u64,
}

impl Head {
    /// Place as a pair that compares in log order.
    pub(crate) fn position(&self) -> (u64, u64) {
        (self.segment, self.end_offset)
    }

    fn encode(&self) -> Vec<u8> {
        let mut slot = vec![0u8; SLOT];
        put(&mut slot, 0, &MAGIC.to_le_bytes());
        put(&mut slot, 4, &FORMAT.to_le_bytes());
        put(&mut slot, 8, &self.generation.to_le_bytes());
        put(&mut slot, 16, &self.log_id);
        put(&mut slot, 32, &self.seq.to_le_bytes());
        put(&mut slot, 40, &self.chain);
        put(&mut slot, 56, &self.segment.to_le_bytes());
        put(&mut slot, 64, &self.end_offset.to_le_bytes());
        let crc = crc32c::crc32c(&slot[..CRC_AT]);
        put(&mut slot, CRC_AT, &crc.to_le_bytes());
        slot
    }

    /// The slot's content if it is whole, of this format and in its own place.
    fn decode(slot: &[u8], parity: u64) -> Option<Head> {
        let whole = u32_at(slot, 0) == MAGIC
            && u32_at(slot, CRC_AT) == crc32c::crc32c(&slot[..CRC_AT])
            && all_zero(&slot[USED..]);
        let head = Head {
            generation: u64_at(slot, 8),
            log_id: array_at(slot, 16),
            seq: u64_at(slot, 32),
            chain: array_at(slot, 40),
            segment: u64_at(slot, 56),
            end_offset: u64_at(slot, 64),
        };
        (whole && u32_at(slot, 4) == FORMAT && head.generation % 2 == parity).then_some(head)
    }
}

/// What was found under the name HEAD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeadFound {
    /// The valid slot of the highest generation.
    pub(crate) best: Option<Head>,
    /// Slots that should hold something and do not.
    pub(crate) bad_slots: u32,
}

/// Reads HEAD without changing it. An absent file reads as two bad slots.
pub(crate) fn read_head(storage: &dyn Storage) -> Result<HeadFound, StoreError> {
    let place = || Place::file(HEAD_NAME);
    let mut bytes = vec![0u8; 2 * SLOT + 1];
    let length = match storage.open(HEAD_NAME, false) {
        Ok(file) => read_up_to(&*file, 0, &mut bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
    .map_err(|error| StoreError::io("read HEAD", place(), error))?;
    if length > 2 * SLOT {
        let expected = format!("{} bytes", 2 * SLOT);
        return Err(StoreError::new(Category::Corrupt, place(), expected, "more"));
    }
    let mut slots = [None, None];
    for (parity, slot) in slots.iter_mut().enumerate() {
        if length >= (parity + 1) * SLOT {
            *slot = Head::decode(&bytes[parity * SLOT..(parity + 1) * SLOT], parity as u64);
        }
    }
    let best = slots.into_iter().flatten().max_by_key(|head| head.generation);
    // A new journal has written slot 1 only; its slot 0 is zeros and nothing is missing.
    let first = best.is_some_and(|head| head.generation == 1) && all_zero(&bytes[..SLOT]);
    let absent = slots.iter().filter(|slot| slot.is_none()).count() as u32;
    Ok(HeadFound { best, bad_slots: if first { 0 } else { absent } })
}

/// The open HEAD of a writer.
#[derive(Debug)]
pub(crate) struct HeadFile {
    file: Box<dyn StorageFile>,
    generation: u64,
}

impl HeadFile {
    /// Creates HEAD as two empty slots. The caller writes generation 1, syncs it and the
    /// directory.
    pub(crate) fn create(storage: &dyn Storage) -> Result<HeadFile, StoreError> {
        let made = storage.create(HEAD_NAME).and_then(|file| {
            write_zeros(&*file, 0, 2 * SLOT as u64)?;
            Ok(file)
        });
        match made {
            Ok(file) => Ok(HeadFile { file, generation: 0 }),
            Err(error) => Err(StoreError::io("create HEAD", Place::file(HEAD_NAME), error)),
        }
    }

    /// Opens HEAD to write after generation `generation`.
    pub(crate) fn open(storage: &dyn Storage, generation: u64) -> Result<HeadFile, StoreError> {
        match storage.open(HEAD_NAME, true) {
            Ok(file) => Ok(HeadFile { file, generation }),
            Err(error) => Err(StoreError::io("open HEAD", Place::file(HEAD_NAME), error)),
        }
    }

    /// Writes `head` with the next generation into the slot that is due.
    pub(crate) fn write(&mut self, mut head: Head) -> io::Result<()> {
        self.generation += 1;
        head.generation = self.generation;
        let offset = (self.generation % 2) * SLOT as u64;
        write_all_at(&*self.file, offset, &head.encode())
    }

    /// Makes what was written durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.fsync()
    }
}
