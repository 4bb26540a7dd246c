//! The writer: reserve room, append records to the batch in memory, commit the batch.
//!
//! `reserve` answers before an event is stamped, so no state runs ahead of a log that cannot take
//! its event. `commit` writes the batch, syncs it, writes HEAD, and only then is the last
//! sequence durable. Law: at most one batch is written but not synced. After any failed write or
//! sync the writer is spent: nothing is retried and nothing more is acknowledged.

mod commit;
mod rotate;

use std::sync::Arc;
use std::time::Instant;

use crate::error::{Category, Place, StoreError};
use crate::storage::{LockGuard, Storage, StorageFile, write_all_at};

use super::control::{Close, Seal};
use super::frame::{
    BATCH_BYTES_MAX, BATCH_EVENTS_MAX, Chain, FRAME_ALIGN, FRAME_HEADER, FrameHeader, FrameSeed,
    frame_bytes, seal_frame,
};
use super::head::HeadFile;
use super::index::IndexBuilder;
use super::options::{Options, SEAL_INTERVAL_DEFAULT};
use super::record::{BODY_BYTES_MAX, CONTROL_BIT, ENVELOPE, Envelope, put_envelope};
use super::segment::{SegmentHeader, segment_name};
use super::segment_hash::SegmentHash;
use super::spare::Spare;

/// Whether the batch can take another event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// It fits. Stamp and append it.
    Fits,
    /// Commit the batch first, then ask again.
    BatchFull,
}

/// Where a writer begins.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) header: SegmentHeader,
    pub(crate) offset: u64,
    pub(crate) next_seq: u64,
    pub(crate) chain: Chain,
    pub(crate) timestamp: i64,
    pub(crate) segment_hash: SegmentHash,
    /// The close that ends the log so far, if the last batch is one.
    pub(crate) last_close: Option<Close>,
    pub(crate) seal_interval: Option<u64>,
    pub(crate) index: IndexBuilder,
}

/// The one writer of a journal. Holds its lock.
pub struct Writer {
    storage: Arc<dyn Storage>,
    _lock: Box<dyn LockGuard>,
    options: Options,
    seed: FrameSeed,
    header: SegmentHeader,
    file: Box<dyn StorageFile>,
    offset: u64,
    segment_hash: SegmentHash,
    head: HeadFile,
    head_synced: Instant,
    /// Whether HEAD was written since it was synced.
    head_dirty: bool,
    spare: Spare,
    index: IndexBuilder,
    last_close: Option<Close>,
    seal_interval: u64,
    /// The next multiple of it: asked for every event.
    seal_at: u64,
    seal_interval_known: bool,
    chain: Chain,
    timestamp: i64,
    durable_seq: u64,
    next_seq: u64,
    /// The batch in memory: room for a frame header, then records.
    batch: Vec<u8>,
    /// Its length up to the last whole event: what a panic in the middle of one leaves sound.
    batch_sound: usize,
    /// Longest it may become by an event, so that a seal still fits behind it.
    batch_max: usize,
    events: u32,
    failed: bool,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("segment", &self.header.segment)
            .field("offset", &self.offset)
            .field("durable_seq", &self.durable_seq)
            .field("next_seq", &self.next_seq)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

impl Writer {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        lock: Box<dyn LockGuard>,
        head: HeadFile,
        start: Start,
        options: &Options,
    ) -> Result<Writer, StoreError> {
        let name = segment_name(start.header.segment);
        let file = storage.open(&name, true);
        let file =
            file.map_err(|error| StoreError::io("open segment", Place::file(&name), error))?;
        let seal_interval = start.seal_interval.unwrap_or(SEAL_INTERVAL_DEFAULT);
        let mut writer = Writer {
            _lock: lock,
            options: options.clone(),
            seed: FrameSeed::of(&start.header.log_id),
            file,
            offset: start.offset,
            segment_hash: start.segment_hash,
            head,
            head_synced: Instant::now(),
            head_dirty: false,
            spare: Spare::new(start.header.segment + 1, options.segment_bytes),
            index: start.index,
            last_close: start.last_close,
            seal_interval_known: start.seal_interval.is_some(),
            seal_interval,
            seal_at: next_multiple(start.next_seq - 1, seal_interval),
            chain: start.chain,
            timestamp: start.timestamp,
            durable_seq: start.next_seq - 1,
            next_seq: start.next_seq,
            batch: vec![0; FRAME_HEADER],
            batch_sound: FRAME_HEADER,
            batch_max: 0,
            events: 0,
            failed: false,
            header: start.header,
            storage,
        };
        writer.measure_room();
        Ok(writer)
    }

    /// Sequence the next appended event gets.
    pub fn next_sequence(&self) -> u64 {
        self.next_seq
    }

    /// Last durable sequence: effects up to it may be released.
    pub fn durable(&self) -> u64 {
        self.durable_seq
    }

    /// Chain after the last durable batch; with `durable`, the anchor of a snapshot.
    pub fn chain(&self) -> Chain {
        self.chain
    }

    /// Time of the last event, or `i64::MIN`.
    pub fn timestamp(&self) -> i64 {
        self.timestamp
    }

    /// Events in the batch in memory.
    pub fn batch_events(&self) -> u32 {
        self.events
    }

    /// Identity of the journal.
    pub fn log_id(&self) -> [u8; 16] {
        self.header.log_id
    }

    /// BLAKE3 of the genesis event, as given at creation.
    pub fn genesis_hash(&self) -> [u8; 32] {
        self.header.genesis_hash
    }

    /// Events between seals.
    pub fn seal_interval(&self) -> u64 {
        self.seal_interval
    }

    /// Sets the seal interval that genesis names, before anything is in the batch. Once events
    /// are durable it cannot differ from the one given at opening or learnt from a seal.
    ///
    /// Errors: `Misuse`.
    pub fn set_seal_interval(&mut self, interval: u64) -> Result<(), StoreError> {
        let settled = self.seal_interval_known && self.durable_seq > 0;
        if interval == 0 || self.events > 0 || (settled && interval != self.seal_interval) {
            let expected = format!("the seal interval {}, between batches", self.seal_interval);
            return Err(self.misuse(&expected, format!("{interval}")));
        }
        self.seal_interval = interval;
        self.seal_at = next_multiple(self.durable_seq, interval);
        self.seal_interval_known = true;
        Ok(())
    }

    /// Whether `commit` must be given a seal: the batch ends at a multiple of the interval.
    pub fn seal_due(&self) -> bool {
        self.events > 0 && self.next_seq - 1 == self.seal_at
    }

    /// Whether the batch must be committed before another event: a seal is due or 4,096 events
    /// are in it.
    pub fn batch_complete(&self) -> bool {
        self.events >= BATCH_EVENTS_MAX || self.seal_due()
    }

    /// Whether a write or sync failed. Nothing may be acknowledged any more.
    pub fn failed(&self) -> bool {
        self.failed
    }

    /// Asks for room for an event with a body of `body_bytes`, before it is stamped. May rotate
    /// to a new segment, if the batch is empty.
    ///
    /// Errors: `StorageFull` if the disk has no room for a next segment (refuse the command and
    /// go on), `Misuse` if the body exceeds what any batch holds, `Io` is fatal.
    pub fn reserve(&mut self, body_bytes: usize) -> Result<Room, StoreError> {
        self.usable()?;
        if self.fits(body_bytes) {
            return Ok(Room::Fits);
        }
        let fresh = frame_bytes(ENVELOPE + body_bytes + Seal::RECORD_BYTES);
        let most = self.options.segment_bytes - super::segment::SEGMENT_HEADER - Close::BATCH_BYTES;
        if body_bytes > BODY_BYTES_MAX || fresh as u64 > most {
            let expected = format!("a body that fits a batch of {most} bytes");
            return Err(self.misuse(&expected, format!("{body_bytes} bytes")));
        }
        if self.events > 0 {
            return Ok(Room::BatchFull);
        }
        self.rotate()?;
        Ok(Room::Fits)
    }

    #[inline]
    fn fits(&self, body_bytes: usize) -> bool {
        body_bytes <= BODY_BYTES_MAX
            && !self.batch_complete()
            && self.batch.len() + ENVELOPE + body_bytes <= self.batch_max
    }

    /// How long a batch may become that begins here: once a batch, not once an event.
    fn measure_room(&mut self) {
        // The room of the segment's close is kept free.
        let room = (self.header.bytes - self.offset).saturating_sub(Close::BATCH_BYTES);
        let room = room.min(BATCH_BYTES_MAX as u64) as usize;
        let whole = room - room % FRAME_ALIGN;
        self.batch_max = whole.saturating_sub(Seal::RECORD_BYTES);
    }

    /// Appends an event with an encoded body. Returns its sequence.
    ///
    /// Errors: `Misuse` if there was no room, the type is not a command's, or time runs back.
    pub fn append(&mut self, envelope: &Envelope, body: &[u8]) -> Result<u64, StoreError> {
        self.append_with(envelope, |buffer| {
            buffer.extend_from_slice(body);
            Ok(())
        })
    }

    /// As `append`, with the body encoded by `encode` straight into the batch. `encode` only adds
    /// to the buffer; if it fails, the batch is as before.
    pub fn append_with(
        &mut self,
        envelope: &Envelope,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), StoreError>,
    ) -> Result<u64, StoreError> {
        self.usable()?;
        let command = envelope.kind != 0 && envelope.kind & CONTROL_BIT == 0 && envelope.schema > 0;
        if !command || envelope.timestamp < self.timestamp {
            let expected = format!("a command at or after time {}", self.timestamp);
            let Envelope { kind, schema, timestamp, .. } = envelope;
            let found = format!("type {kind:#06x} schema {schema} at {timestamp}");
            return Err(self.misuse(&expected, found));
        }
        let start = self.batch.len();
        put_envelope(&mut self.batch, envelope, 0);
        let encoded = encode(&mut self.batch);
        let body = self.batch.len().saturating_sub(start + ENVELOPE);
        self.batch[start..start + 4].copy_from_slice(&(body as u32).to_le_bytes());
        let fits =
            body <= BODY_BYTES_MAX && !self.batch_complete() && self.batch.len() <= self.batch_max;
        if encoded.is_ok() && fits {
            self.batch_sound = self.batch.len();
            self.events += 1;
            self.next_seq += 1;
            self.timestamp = envelope.timestamp;
            return Ok(self.next_seq - 1);
        }
        self.batch.truncate(start);
        encoded?;
        Err(self.misuse("room reserved for the event", format!("a body of {body} bytes")))
    }

    /// Writes the batch in memory, whole, to `poison-<seq>.bin`, durably, and returns the name.
    /// For the moment after a panic: none of it was acknowledged and none of it enters the log.
    /// `None` if the batch is empty.
    pub fn write_poison(&mut self) -> Result<Option<String>, StoreError> {
        if self.events == 0 {
            return Ok(None);
        }
        let first_seq = self.next_seq - u64::from(self.events);
        self.batch.truncate(self.batch_sound);
        let header = self.frame_header(self.events);
        let mut frame = self.batch.clone();
        seal_frame(&mut frame, &header, self.seed);
        let name = format!("poison-{first_seq}.bin");
        let written = self.storage.create(&name).and_then(|file| {
            write_all_at(&*file, 0, &frame)?;
            file.fsync()?;
            self.storage.sync_dir()
        });
        self.failed = true;
        match written {
            Ok(()) => Ok(Some(name)),
            Err(error) => Err(StoreError::io("write poison file", Place::file(&name), error)),
        }
    }

    fn frame_header(&self, records: u32) -> FrameHeader {
        FrameHeader {
            payload: (self.batch.len() - FRAME_HEADER) as u32,
            first_seq: self.next_seq - u64::from(self.events),
            events: self.events,
            records,
            prev_chain: self.chain,
            durable_seq: self.durable_seq,
        }
    }

    fn usable(&self) -> Result<(), StoreError> {
        if self.failed {
            Err(self.misuse("a writer that has not failed", "one that has".to_string()))
        } else {
            Ok(())
        }
    }

    fn misuse(&self, expected: &str, found: String) -> StoreError {
        let place = Place::at(self.header.segment, self.offset, self.next_seq);
        StoreError::new(Category::Misuse, place, expected, found)
    }
}

/// The first multiple of an interval after a sequence.
const fn next_multiple(sequence: u64, interval: u64) -> u64 {
    (sequence / interval + 1).saturating_mul(interval)
}

#[cfg(test)]
mod tests;
