//! Reading a journal batch by batch, verifying all of it on the way and changing nothing.
//!
//! A reader ends where the log ends or where an unacknowledged tail is torn; `torn` tells which.
//! Everything else that is wrong is an error. Records are slices of a reused buffer.

use std::sync::Arc;

use crate::error::{Category, Defect, Place, StoreError};
use crate::storage::{LockGuard, Storage, read_up_to};

use super::frame::{
    BATCH_BYTES_MAX, Chain, FRAME_HEADER, FrameHeader, FrameSeed, chain_of, hash_of,
};
use super::frame::{frame_length, read_header};
use super::head::{Head, HeadFound, read_head};
use super::index::read_index;
use super::lock::lock_shared;
use super::options::Options;
use super::record::Records;
use super::scan::{BatchPlace, Damage, Found, Scanner};
use super::segment::SegmentHeader;
use super::survey::{Survey, survey};

/// A place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Segment number.
    pub segment: u64,
    /// Byte offset in the segment.
    pub offset: u64,
}

/// A batch that holds.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    header: FrameHeader,
    position: Position,
    chain: Chain,
    frame: &'a [u8],
}

impl<'a> Batch<'a> {
    /// Sequence of the first event inside, or the next one expected if there is none.
    pub fn first_seq(&self) -> u64 {
        self.header.first_seq
    }

    /// Sequence of the last event at or before the end of the batch.
    pub fn last_seq(&self) -> u64 {
        self.header.last_seq()
    }

    /// How many events are inside.
    pub fn events(&self) -> u32 {
        self.header.events
    }

    /// Where it begins.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The chain after it.
    pub fn chain(&self) -> Chain {
        self.chain
    }

    /// All its bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.frame
    }

    /// Its records, events first. Nothing is allocated for an event.
    pub fn records(&self) -> impl Iterator<Item = super::record::Record<'a>> + use<'a> {
        let payload = &self.frame[FRAME_HEADER..FRAME_HEADER + self.header.payload as usize];
        Records::new(payload, self.header.first_seq)
    }
}

/// An owned copy of a batch, to hand to another thread and to use again.
#[derive(Debug, Clone)]
pub struct BatchBuffer {
    header: FrameHeader,
    position: Position,
    chain: Chain,
    frame: Vec<u8>,
}

impl BatchBuffer {
    /// A copy of `batch`.
    pub fn new(batch: &Batch<'_>) -> BatchBuffer {
        let Batch { header, position, chain, frame } = *batch;
        BatchBuffer { header, position, chain, frame: frame.to_vec() }
    }

    /// Becomes a copy of `batch`, reusing the memory.
    pub fn copy_from(&mut self, batch: &Batch<'_>) {
        self.header = batch.header;
        self.position = batch.position;
        self.chain = batch.chain;
        self.frame.clear();
        self.frame.extend_from_slice(batch.frame);
    }

    /// The batch.
    pub fn batch(&self) -> Batch<'_> {
        let BatchBuffer { header, position, chain, .. } = *self;
        Batch { header, position, chain, frame: &self.frame }
    }
}

/// A walk over the journal.
#[derive(Debug)]
pub struct Reader {
    pub(super) scanner: Scanner,
    pub(super) head: HeadFound,
    anchor: Head,
    anchor_met: bool,
    torn: Option<Damage>,
    _lock: Option<Guard>,
}

struct Guard {
    _guard: Box<dyn LockGuard>,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Guard")
    }
}

impl Reader {
    /// From the first batch, or from the segment that holds `options.fast_start`. Takes no lock:
    /// for the process that holds the writer, before it writes.
    pub fn open(storage: Arc<dyn Storage>, options: &Options) -> Result<Reader, StoreError> {
        let found = survey(&*storage)?;
        let from = options.fast_start.map_or(1, |(seq, _)| seq);
        Reader::over(storage, found, from, options)
    }

    /// As `open`, sharing the journal with other readers; `locked` if a writer has it.
    pub fn open_shared(storage: Arc<dyn Storage>, options: &Options) -> Result<Reader, StoreError> {
        let guard = lock_shared(&*storage)?;
        let mut reader = Reader::open(storage, options)?;
        reader._lock = guard.map(|_guard| Guard { _guard });
        Ok(reader)
    }

    /// From the batch that holds `sequence`, or shortly before it. Uses the index of the segment
    /// if there is one, and believes it only as far as the batch found confirms it.
    pub fn open_at(
        storage: Arc<dyn Storage>,
        options: &Options,
        sequence: u64,
    ) -> Result<Reader, StoreError> {
        let found = survey(&*storage)?;
        let mut reader = Reader::over(storage.clone(), found, sequence, options)?;
        let header = reader.scanner.header().clone();
        if let Some(entries) = read_index(&*storage, &header)
            && let Some(entry) = entries.iter().rev().find(|entry| entry.sequence <= sequence)
        {
            reader.scanner.jump(entry.offset, entry.sequence)?;
            reader.anchor_met = reader.anchor.position() <= reader.place();
        }
        Ok(reader)
    }

    /// Whether the journal has a batch border with this sequence and chain: what a snapshot's
    /// anchor must meet. Reads from the segment that holds the sequence.
    pub fn has_border(
        storage: Arc<dyn Storage>,
        options: &Options,
        sequence: u64,
        chain: Chain,
    ) -> Result<bool, StoreError> {
        let found = survey(&*storage)?;
        let mut reader = Reader::over(storage, found, sequence, options)?;
        loop {
            if reader.next_sequence() - 1 == sequence && reader.chain() == chain {
                return Ok(true);
            }
            if reader.next_sequence() - 1 > sequence || reader.advance()?.is_none() {
                return Ok(false);
            }
        }
    }

    pub(super) fn over(
        storage: Arc<dyn Storage>,
        found: Survey,
        from: u64,
        options: &Options,
    ) -> Result<Reader, StoreError> {
        let head = read_head(&*storage)?;
        check_present(&found, &head)?;
        let Some(anchor) = head.best else {
            let expected = "a valid slot in HEAD";
            return Err(Defect::corrupt(expected, "none").at(Place::file("HEAD")));
        };
        if anchor.log_id != found.headers[0].log_id {
            let expected = format!("log_id {}", crate::bytes::hex(&found.headers[0].log_id));
            let defect = Defect::corrupt(expected, crate::bytes::hex(&anchor.log_id));
            return Err(defect.at(Place::file("HEAD")));
        }
        let segment = found.headers.iter().rposition(|header| header.base_seq <= from);
        let segment = segment.unwrap_or(0);
        let scanner = Scanner::new(storage, found.headers, segment, options.seal_interval)?;
        let torn = None;
        let mut reader = Reader { scanner, head, anchor, anchor_met: false, torn, _lock: None };
        // Beginning beyond the anchor is possible for readers of a later part only.
        reader.anchor_met = segment > 0 && reader.anchor.position() < reader.place();
        reader.meet_anchor()?;
        Ok(reader)
    }

    /// The next batch; `None` at the end of the log or of its sound part.
    pub fn next_batch(&mut self) -> Result<Option<Batch<'_>>, StoreError> {
        let Some(place) = self.advance()? else {
            return Ok(None);
        };
        let chain = self.scanner.context.chain;
        let frame = self.scanner.frame(&place)?;
        Ok(Some(Batch { header: place.header, position: place.position, chain, frame }))
    }

    pub(super) fn advance(&mut self) -> Result<Option<BatchPlace>, StoreError> {
        if self.torn.is_some() {
            return Ok(None);
        }
        loop {
            match self.scanner.step()? {
                Found::Batch(place) => {
                    self.meet_anchor()?;
                    return Ok(Some(place));
                }
                Found::Crossed => self.meet_anchor()?,
                Found::End if self.anchor_met => return Ok(None),
                Found::End => return Err(self.anchor_missed("the end of the log")),
                Found::Damaged(damage) => {
                    self.judge(&damage)?;
                    self.torn = Some(damage);
                    return Ok(None);
                }
            }
        }
    }

    /// The table of verdicts for bytes that do not hold. `Ok` means torn: beyond HEAD, and
    /// nothing that holds comes after.
    fn judge(&mut self, damage: &Damage) -> Result<(), StoreError> {
        let Position { segment, offset } = damage.position;
        let place = Place::at(segment, offset, damage.next_seq);
        let error = |found: String| {
            StoreError::new(Category::Corrupt, place.clone(), &damage.defect.expected, found)
        };
        let what = &damage.defect.found;
        if !self.anchor_met {
            let head = self.anchor.seq;
            return Err(error(format!("{what}; acknowledged up to sequence {head}")));
        }
        if self.scanner.more_segments() {
            return Err(error(format!("{what}; another segment follows")));
        }
        match self.scanner.search_valid(damage.next_seq)? {
            Some(at) => Err(error(format!("{what}; a sound batch follows at offset {at}"))),
            None => Ok(()),
        }
    }

    /// The place HEAD names must be a batch border with the sequence and chain HEAD names.
    fn meet_anchor(&mut self) -> Result<(), StoreError> {
        let (here, anchor) = (self.place(), self.anchor.position());
        if self.anchor_met || here < anchor {
            return Ok(());
        }
        let context = &self.scanner.context;
        let same = context.next_seq - 1 == self.anchor.seq && context.chain == self.anchor.chain;
        if here == anchor && same {
            self.anchor_met = true;
            Ok(())
        } else {
            Err(self.anchor_missed("another border, sequence or chain"))
        }
    }

    fn anchor_missed(&self, found: &str) -> StoreError {
        let Head { seq, segment, end_offset, .. } = self.anchor;
        let expected = format!(
            "the log to reach what was acknowledged: sequence {seq} ending in segment {segment} \
             at offset {end_offset}"
        );
        let Position { segment, offset } = self.scanner.position();
        let place = Place::at(segment, offset, self.scanner.context.next_seq);
        StoreError::new(Category::Corrupt, place, expected, found)
    }

    fn place(&self) -> (u64, u64) {
        let Position { segment, offset } = self.scanner.position();
        (segment, offset)
    }

    /// The torn tail, if reading ended at one: where, and the sequence expected there.
    pub fn torn(&self) -> Option<(Position, u64)> {
        self.torn.as_ref().map(|damage| (damage.position, damage.next_seq))
    }

    /// Sequence the next event would have.
    pub fn next_sequence(&self) -> u64 {
        self.scanner.context.next_seq
    }

    /// Chain after the last batch read.
    pub fn chain(&self) -> Chain {
        self.scanner.context.chain
    }

    /// Where the next batch would begin.
    pub fn position(&self) -> Position {
        self.scanner.position()
    }

    /// Identity of the journal.
    pub fn log_id(&self) -> [u8; 16] {
        self.scanner.header().log_id
    }

    /// BLAKE3 of the genesis event, as given at creation.
    pub fn genesis_hash(&self) -> [u8; 32] {
        self.scanner.header().genesis_hash
    }

    /// Events between seals: as given, or as the first seal said.
    pub fn seal_interval(&self) -> Option<u64> {
        self.scanner.context.seal_interval
    }

    pub(super) fn segment_header(&self) -> &SegmentHeader {
        self.scanner.header()
    }
}

/// A journal has a segment 0. Where HEAD knows of one, its absence is a loss.
pub(super) fn check_present(found: &Survey, head: &HeadFound) -> Result<(), StoreError> {
    if !found.headers.is_empty() {
        return Ok(());
    }
    let category = if head.best.is_some() { Category::Corrupt } else { Category::Absent };
    let place = Place::file(&super::segment::segment_name(0));
    Err(StoreError::new(category, place, "segment 0 of a journal", "none"))
}

/// Reads `poison-<seq>.bin`: the batch that was never written because the machine panicked.
pub fn read_poison(storage: &dyn Storage, name: &str) -> Result<BatchBuffer, StoreError> {
    let place = || Place::file(name);
    let headers = survey(storage)?.headers;
    let Some(first) = headers.first() else {
        return Err(StoreError::new(Category::Absent, place(), "a journal beside it", "none"));
    };
    let file = storage.open(name, false);
    let file = file.map_err(|error| StoreError::io("open poison file", place(), error))?;
    let mut frame = vec![0u8; BATCH_BYTES_MAX + 1];
    let length = read_up_to(&*file, 0, &mut frame);
    let length = length.map_err(|error| StoreError::io("read poison file", place(), error))?;
    frame.truncate(length);
    let whole = length >= FRAME_HEADER
        && frame_length(&frame) == Some(length)
        && FrameSeed::of(&first.log_id).holds(&frame);
    if !whole {
        let found = format!("{length} bytes that are not");
        return Err(Defect::corrupt("a whole batch of this journal", found).at(place()));
    }
    let header = read_header(&frame).map_err(|defect| defect.at(place()))?;
    let payload = &frame[FRAME_HEADER..FRAME_HEADER + header.payload as usize];
    let mut records = Records::new(payload, header.first_seq);
    while let Some(record) = records.step() {
        record.map_err(|defect| defect.at(place()))?;
    }
    let position = Position { segment: 0, offset: 0 };
    Ok(BatchBuffer { header, position, chain: chain_of(&hash_of(&frame)), frame })
}
