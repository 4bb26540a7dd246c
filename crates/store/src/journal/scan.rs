//! The one walk over batches: reading, verifying and recovery all stand on it. Reads only.
//!
//! It tells three things apart: a batch that holds, the zero tail, and bytes that do not hold
//! (which recovery judges). A batch that holds but does not fit its place is an error at once.

use std::sync::Arc;

use crate::bytes::all_zero;
use crate::error::{Defect, Place, StoreError};
use crate::storage::Storage;

use super::frame::{
    FRAME_ALIGN, FRAME_HEADER, FrameHeader, FrameSeed, chain_of, chain_origin, frame_length,
    hash_of, read_header,
};
use super::reader::Position;
use super::rules::{Context, check_batch};
use super::segment::{SEGMENT_HEADER, SegmentHeader, segment_name};
use super::segment_hash::SegmentHash;
use super::window::Window;

/// A batch that holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchPlace {
    pub(crate) header: FrameHeader,
    pub(crate) position: Position,
    pub(crate) bytes: usize,
}

/// Bytes that do not hold.
#[derive(Debug, Clone)]
pub(crate) struct Damage {
    pub(crate) position: Position,
    /// Sequence expected there.
    pub(crate) next_seq: u64,
    pub(crate) defect: Defect,
}

/// What the walk met.
#[derive(Debug)]
pub(crate) enum Found {
    Batch(BatchPlace),
    /// The walk passed into the next segment: a border like that after a batch.
    Crossed,
    End,
    Damaged(Damage),
}

/// The walk.
#[derive(Debug)]
pub(crate) struct Scanner {
    storage: Arc<dyn Storage>,
    headers: Vec<SegmentHeader>,
    seed: FrameSeed,
    segment: usize,
    window: Window,
    offset: u64,
    pub(crate) context: Context,
    /// Over the segment so far; `None` if the walk began inside it.
    segment_hash: Option<SegmentHash>,
}

impl Scanner {
    /// A walk from the first batch of segment `segment`.
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        headers: Vec<SegmentHeader>,
        segment: usize,
        seal_interval: Option<u64>,
    ) -> Result<Scanner, StoreError> {
        let first = &headers[0];
        let start = &headers[segment];
        check_origin(first)?;
        let context = Context {
            next_seq: start.base_seq,
            chain: start.prev_chain,
            timestamp: i64::MIN,
            seal_interval,
            learn_interval: segment == 0,
            closed: false,
        };
        let seed = FrameSeed::of(&first.log_id);
        let window = open_window(&*storage, start)?;
        let segment_hash = Some(SegmentHash::after_header(start));
        let offset = SEGMENT_HEADER;
        Ok(Scanner { storage, headers, seed, segment, window, offset, context, segment_hash })
    }

    /// Moves to a batch inside the present segment, if one that holds begins at `offset` with
    /// sequence `first_seq`. The batch is its own witness for the chain before it.
    pub(crate) fn jump(&mut self, offset: u64, first_seq: u64) -> Result<bool, StoreError> {
        let Some((_, header)) = self.probe(offset)?.filter(|(_, at)| at.first_seq == first_seq)
        else {
            return Ok(false);
        };
        self.offset = offset;
        self.context.next_seq = header.first_seq;
        self.context.chain = header.prev_chain;
        self.context.learn_interval = false;
        self.segment_hash = None;
        Ok(true)
    }

    /// Where the walk stands: the place of the next batch.
    pub(crate) fn position(&self) -> Position {
        Position { segment: self.segment as u64, offset: self.offset }
    }

    /// The header of the present segment.
    pub(crate) fn header(&self) -> &SegmentHeader {
        &self.headers[self.segment]
    }

    /// Whether there are segments after the present one.
    pub(crate) fn more_segments(&self) -> bool {
        self.segment + 1 < self.headers.len()
    }

    /// The hash over the present segment so far.
    pub(crate) fn segment_hash(&self) -> Option<&SegmentHash> {
        self.segment_hash.as_ref()
    }

    /// The bytes of the batch just met.
    pub(crate) fn frame(&mut self, place: &BatchPlace) -> Result<&[u8], StoreError> {
        let at = self.place_at(place.position.offset);
        let bytes = self.window.slice(place.position.offset, place.bytes);
        bytes.map_err(|error| StoreError::io("read batch", at, error))
    }

    /// One step. After `End` or `Damaged` the walk stands still.
    pub(crate) fn step(&mut self) -> Result<Found, StoreError> {
        let left = self.header().bytes - self.offset;
        let blank = left < FRAME_HEADER as u64 || all_zero(self.read(self.offset, FRAME_HEADER)?);
        if !blank {
            return self.step_batch();
        }
        if !self.zero_tail()? {
            return Ok(self.damaged(Defect::corrupt("a batch or zeros", "other bytes")));
        }
        if !self.more_segments() {
            return Ok(Found::End);
        }
        self.next_segment()?;
        Ok(Found::Crossed)
    }

    fn step_batch(&mut self) -> Result<Found, StoreError> {
        let left = self.header().bytes - self.offset;
        let length = frame_length(self.read(self.offset, FRAME_HEADER)?);
        let Some(bytes) = length.filter(|bytes| *bytes as u64 <= left) else {
            let found = "a magic or length that is none";
            return Ok(self.damaged(Defect::corrupt("a batch header", found)));
        };
        let (seed, place, offset) = (self.seed, self.place_at(self.offset), self.offset);
        let frame = self
            .window
            .slice(offset, bytes)
            .map_err(|error| StoreError::io("read batch", place.clone(), error))?;
        if !seed.holds(frame) {
            let found = "bytes that do not match it";
            return Ok(self.damaged(Defect::corrupt("the batch's checksum", found)));
        }
        let header = read_header(frame).map_err(|defect| defect.at(place.clone()))?;
        let close = check_batch(&mut self.context, &header, frame)
            .map_err(|defect| defect.at(place.clone()))?;
        if let (Some(close), Some(hash)) = (close, &self.segment_hash)
            && close.segment_hash != hash.value()
        {
            let expected = format!("segment hash {}", crate::bytes::hex(&close.segment_hash));
            let found = crate::bytes::hex(&hash.value());
            return Err(Defect::corrupt(expected, found).at(place));
        }
        let hash = hash_of(frame);
        self.context.chain = chain_of(&hash);
        if let Some(segment_hash) = &mut self.segment_hash {
            segment_hash.add(frame, &hash);
        }
        self.context.next_seq += u64::from(header.events);
        let position = self.position();
        self.offset += bytes as u64;
        Ok(Found::Batch(BatchPlace { header, position, bytes }))
    }

    /// The first batch that holds and begins after `self.offset`, at sequence `from` or later,
    /// in this segment. Batches begin at multiples of 8.
    pub(crate) fn search_valid(&mut self, from: u64) -> Result<Option<u64>, StoreError> {
        let mut offset = self.offset + FRAME_ALIGN as u64;
        while offset + FRAME_HEADER as u64 <= self.header().bytes {
            if self.probe(offset)?.is_some_and(|(_, header)| header.first_seq >= from) {
                return Ok(Some(offset));
            }
            offset += FRAME_ALIGN as u64;
        }
        Ok(None)
    }

    /// The batch that holds at `offset`, if one does: its length and header. Where it belongs is
    /// not asked.
    pub(crate) fn probe(
        &mut self,
        offset: u64,
    ) -> Result<Option<(usize, FrameHeader)>, StoreError> {
        let total = self.header().bytes;
        let aligned = offset.is_multiple_of(FRAME_ALIGN as u64) && offset >= SEGMENT_HEADER;
        if !aligned || offset.saturating_add(FRAME_HEADER as u64) > total {
            return Ok(None);
        }
        let Some(bytes) = frame_length(self.read(offset, FRAME_HEADER)?)
            .filter(|bytes| *bytes as u64 <= total - offset)
        else {
            return Ok(None);
        };
        let seed = self.seed;
        let frame = self.read(offset, bytes)?;
        // A batch of another version counts too: it holds, and it must not be cut.
        if seed.holds(frame) {
            let header = FrameHeader {
                payload: crate::bytes::u32_at(frame, 4),
                first_seq: crate::bytes::u64_at(frame, 16),
                events: crate::bytes::u32_at(frame, 24),
                records: crate::bytes::u32_at(frame, 28),
                prev_chain: crate::bytes::array_at(frame, 32),
                durable_seq: crate::bytes::u64_at(frame, 48),
            };
            Ok(Some((bytes, header)))
        } else {
            Ok(None)
        }
    }

    /// Moves to the next segment whatever this one holds: for counting what is lost.
    pub(crate) fn skip_to_next(&mut self) -> Result<(), StoreError> {
        self.window = open_window(&*self.storage, &self.headers[self.segment + 1])?;
        self.segment += 1;
        self.offset = SEGMENT_HEADER;
        self.segment_hash = None;
        Ok(())
    }

    fn next_segment(&mut self) -> Result<(), StoreError> {
        let place = self.place_at(self.offset);
        if !self.context.closed {
            return Err(Defect::corrupt("a close at the end of the segment", "zeros").at(place));
        }
        let next = &self.headers[self.segment + 1];
        if next.base_seq != self.context.next_seq || next.prev_chain != self.context.chain {
            let expected = format!("a segment that begins at sequence {}", self.context.next_seq);
            let found = format!("sequence {}, or another chain", next.base_seq);
            let file = Place::file(&segment_name(next.segment));
            return Err(Defect::corrupt(expected, found).at(file));
        }
        self.window = open_window(&*self.storage, next)?;
        self.segment_hash = Some(SegmentHash::after_header(next));
        self.segment += 1;
        self.offset = SEGMENT_HEADER;
        self.context.closed = false;
        Ok(())
    }

    fn zero_tail(&mut self) -> Result<bool, StoreError> {
        let place = self.place_at(self.offset);
        let zero = self.window.zero_from(self.offset);
        zero.map_err(|error| StoreError::io("read tail", place, error))
    }

    fn read(&mut self, offset: u64, length: usize) -> Result<&[u8], StoreError> {
        let place = self.place_at(offset);
        let bytes = self.window.slice(offset, length);
        bytes.map_err(|error| StoreError::io("read segment", place, error))
    }

    fn damaged(&self, defect: Defect) -> Found {
        let next_seq = self.context.next_seq;
        Found::Damaged(Damage { position: self.position(), next_seq, defect })
    }

    fn place_at(&self, offset: u64) -> Place {
        Place::at(self.segment as u64, offset, self.context.next_seq)
    }
}

fn check_origin(first: &SegmentHeader) -> Result<(), StoreError> {
    if first.base_seq == 1 && first.prev_chain == chain_origin(&first.log_id) {
        Ok(())
    } else {
        let found = format!("sequence {}, or another chain", first.base_seq);
        let defect = Defect::corrupt("segment 0 to begin at sequence 1", found);
        Err(defect.at(Place::file(&segment_name(0))))
    }
}

fn open_window(storage: &dyn Storage, header: &SegmentHeader) -> Result<Window, StoreError> {
    let name = segment_name(header.segment);
    match storage.open(&name, false) {
        Ok(file) => Ok(Window::new(file, header.bytes)),
        Err(error) => Err(StoreError::io("open segment", Place::file(&name), error)),
    }
}
