//! A new journal: segment 0, HEAD generation 1, both durable, no batch yet.
//! The caller then appends genesis as sequence 1.

use std::sync::Arc;

use crate::error::{Category, Place, StoreError};
use crate::storage::{LockGuard, Storage};

use super::frame::chain_origin;
use super::head::{HEAD_NAME, Head, HeadFile, read_head};
use super::index::IndexBuilder;
use super::lock::lock_exclusive;
use super::options::Options;
use super::segment::{FORMAT, SEGMENT_HEADER, SegmentHeader, length_allowed};
use super::segment_hash::SegmentHash;
use super::spare::Spare;
use super::survey::survey;
use super::writer::{Start, Writer};

/// Creates a journal in an empty directory and opens it for writing.
///
/// `log_id` is random for journals of production; fixtures use the first 16 bytes of
/// `genesis_hash`, so that they reproduce byte for byte. `genesis_hash` is BLAKE3 of the encoded
/// genesis command, or whatever identifies it to the caller.
///
/// Errors: `Misuse` if a journal is there already, `Locked`, `StorageFull`, `Io`.
pub fn create(
    storage: Arc<dyn Storage>,
    log_id: [u8; 16],
    genesis_hash: [u8; 32],
    options: &Options,
) -> Result<Writer, StoreError> {
    if !length_allowed(options.segment_bytes) {
        let expected = "a segment length that is a power of two from 8 KiB to 64 MiB";
        let found = format!("{} bytes", options.segment_bytes);
        return Err(StoreError::new(Category::Misuse, Place::default(), expected, found));
    }
    let lock = lock_exclusive(&*storage)?;
    let found = survey(&*storage)?;
    let known = read_head(&*storage)?.best.map(|head| head.log_id);
    if let Some(log_id) = found.headers.first().map(|header| header.log_id).or(known) {
        let text = format!("the journal {}", crate::bytes::hex(&log_id));
        let expected = "a directory without a journal";
        return Err(StoreError::new(Category::Misuse, Place::default(), expected, text));
    }
    let header = SegmentHeader {
        format: FORMAT,
        log_id,
        segment: 0,
        base_seq: 1,
        prev_chain: chain_origin(&log_id),
        genesis_hash,
        bytes: options.segment_bytes,
    };
    Spare::new(0, header.bytes).install(&*storage, &header)?;
    finish(storage, lock, header, options)
}

/// Writes the first HEAD beside an empty segment 0.
pub(crate) fn finish(
    storage: Arc<dyn Storage>,
    lock: Box<dyn LockGuard>,
    header: SegmentHeader,
    options: &Options,
) -> Result<Writer, StoreError> {
    let mut head = HeadFile::create(&*storage)?;
    let first = Head {
        generation: 0,
        log_id: header.log_id,
        seq: 0,
        chain: header.prev_chain,
        segment: 0,
        end_offset: SEGMENT_HEADER,
    };
    head.write(first)
        .and_then(|()| head.sync())
        .and_then(|()| storage.sync_dir())
        .map_err(|error| StoreError::io("write the first HEAD", Place::file(HEAD_NAME), error))?;
    let start = Start {
        offset: SEGMENT_HEADER,
        next_seq: 1,
        chain: header.prev_chain,
        timestamp: i64::MIN,
        segment_hash: SegmentHash::after_header(&header),
        last_close: None,
        seal_interval: options.seal_interval,
        index: IndexBuilder::default(),
        header,
    };
    Writer::new(storage, lock, head, start, options)
}
