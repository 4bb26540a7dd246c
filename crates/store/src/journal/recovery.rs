//! From whatever a crash left to a journal that may be written again, or to a refusal.
//!
//! Lock, survey, HEAD, scan, verdict; only then change anything. Accepted batches beyond HEAD are
//! rewritten with the same bytes and synced, for they may be in the page cache only. A torn tail
//! is copied aside and zeroed. Every step may be cut short and repeated.

use std::sync::Arc;

use crate::bytes::all_zero;
use crate::error::{Category, Defect, Place, StoreError};
use crate::storage::{LockGuard, Storage, read_exact_at, write_all_at};

use super::control::{Close, Control};
use super::create::{create, finish};
use super::frame::Chain;
use super::head::{HEAD_NAME, Head, HeadFile, read_head};
use super::index::IndexBuilder;
use super::lock::{lock_exclusive, lock_shared};
use super::options::Options;
use super::reader::{Batch, Position, Reader};
use super::record::Record;
use super::segment::{SEGMENT_HEADER, SegmentHeader, segment_name};
use super::survey::{Survey, survey};
use super::torn::{SetAside, Tail, set_aside, zero_tail};
use super::writer::{Start, Writer};

/// What the scan found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All valid to the zero tail.
    Clean,
    /// An unacknowledged tail was torn.
    Torn {
        /// Where it begins.
        position: Position,
        /// Sequence expected there.
        sequence: u64,
        /// The file that keeps its bytes; `None` if nothing was changed (`inspect`).
        file: Option<String>,
    },
}

/// What a start has to report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Clean or torn.
    pub verdict: Verdict,
    /// Identity of the journal.
    pub log_id: [u8; 16],
    /// BLAKE3 of the genesis event, as given at creation.
    pub genesis_hash: [u8; 32],
    /// Last sequence; 0 if there is none.
    pub last_seq: u64,
    /// Chain after the last batch.
    pub chain: Chain,
    /// End of the log.
    pub end: Position,
    /// Batches scanned.
    pub batches: u64,
    /// Events scanned.
    pub events: u64,
    /// Events between seals, if given or learnt.
    pub seal_interval: Option<u64>,
    /// The close record that ends the log, if one does.
    pub last_close: Option<Close>,
    /// Batches beyond HEAD that were accepted, and by `open` rewritten and synced.
    pub beyond_head: u64,
    /// HEAD slots that were bad; `open` rewrites them.
    pub head_bad_slots: u32,
    /// Unfinished files; `open` removes them.
    pub temporary: Vec<String>,
    /// Files of tails cut by earlier starts.
    pub torn_files: Vec<String>,
    /// Files of batches that made the machine panic.
    pub poison_files: Vec<String>,
    /// Whether `open` finished a creation that was cut short.
    pub finished_creation: bool,
}

/// A journal open for writing.
#[derive(Debug)]
pub struct Opened {
    /// Its writer, at the end of the log.
    pub writer: Writer,
    /// What was found and done.
    pub report: RecoveryReport,
}

/// Opens a journal: recovers it or refuses, and changes nothing if it refuses.
///
/// Errors: `Corrupt`, `Unsupported`, `Locked`, `Absent`, `Io`.
pub fn open(storage: Arc<dyn Storage>, options: &Options) -> Result<Opened, StoreError> {
    let lock = lock_exclusive(&*storage)?;
    recover(storage, lock, options)
}

/// As `open`, or as `create` if there is no journal.
pub fn open_or_create(
    storage: Arc<dyn Storage>,
    log_id: [u8; 16],
    genesis_hash: [u8; 32],
    options: &Options,
) -> Result<Opened, StoreError> {
    match open(storage.clone(), options) {
        Err(error) if error.category() == Category::Absent => {
            let writer = create(storage, log_id, genesis_hash, options)?;
            let report = report_of_new(&writer, Vec::new());
            Ok(Opened { writer, report })
        }
        answer => answer,
    }
}

/// Reads a whole journal and says what `open` would find. Changes nothing.
pub fn inspect(storage: Arc<dyn Storage>, options: &Options) -> Result<RecoveryReport, StoreError> {
    let _guard = lock_shared(&*storage)?;
    let found = survey(&*storage)?;
    Ok(walk(storage, found, options)?.report)
}

/// A scan to the end of what is sound.
struct Walk {
    reader: Reader,
    report: RecoveryReport,
    timestamp: i64,
    /// Batches beyond HEAD: place and length.
    beyond: Vec<(Position, usize)>,
    /// Index of the last segment so far.
    index: IndexBuilder,
}

fn walk(storage: Arc<dyn Storage>, found: Survey, options: &Options) -> Result<Walk, StoreError> {
    let from = options.fast_start.map_or(1, |(seq, _)| seq);
    let (temporary, torn_files) = (found.temporary.clone(), found.torn.clone());
    let poison_files = found.poison.clone();
    let mut reader = Reader::over(storage, found, from, options)?;
    let head = reader.head.best.expect("a reader exists only with a HEAD").position();
    let (mut batches, mut events, mut beyond, mut last_close) = (0, 0, Vec::new(), None);
    let mut anchor = options.fast_start;
    let mut index = IndexBuilder::default();
    meet(&mut anchor, reader.next_sequence() - 1, reader.chain());
    while let Some(batch) = reader.next_batch()? {
        batches += 1;
        events += u64::from(batch.events());
        last_close = close_in(&batch);
        meet(&mut anchor, batch.last_seq(), batch.chain());
        let at = batch.position();
        if batch.events() > 0 {
            index.note(batch.first_seq(), at.segment, at.offset);
        }
        if (at.segment, at.offset) >= head {
            beyond.push((at, batch.bytes().len()));
        }
    }
    if let Some((sequence, chain)) = anchor {
        let expected = format!("the snapshot's chain {}", crate::bytes::hex(&chain));
        let defect = Defect::corrupt(expected, "no batch border with it");
        return Err(defect.at(Place::sequence(sequence)));
    }
    // A close belongs to its own segment: after a rotation the new one is open.
    last_close = last_close.filter(|_| reader.position().offset > SEGMENT_HEADER);
    let verdict = match reader.torn() {
        Some((position, sequence)) => Verdict::Torn { position, sequence, file: None },
        None => Verdict::Clean,
    };
    let report = RecoveryReport {
        verdict,
        log_id: reader.log_id(),
        genesis_hash: reader.genesis_hash(),
        last_seq: reader.next_sequence() - 1,
        chain: reader.chain(),
        end: reader.position(),
        batches,
        events,
        seal_interval: reader.seal_interval(),
        last_close,
        beyond_head: beyond.len() as u64,
        head_bad_slots: reader.head.bad_slots,
        temporary,
        torn_files,
        poison_files,
        finished_creation: false,
    };
    let timestamp = reader.scanner.context.timestamp;
    Ok(Walk { reader, report, timestamp, beyond, index })
}

fn meet(anchor: &mut Option<(u64, Chain)>, sequence: u64, chain: Chain) {
    if *anchor == Some((sequence, chain)) {
        *anchor = None;
    }
}

fn close_in(batch: &Batch<'_>) -> Option<Close> {
    let Some(Record::Control(Control::Close(close))) = batch.records().last() else {
        return None;
    };
    Some(close)
}

/// Recovery proper, with the lock held.
pub(super) fn recover(
    storage: Arc<dyn Storage>,
    lock: Box<dyn LockGuard>,
    options: &Options,
) -> Result<Opened, StoreError> {
    let found = survey(&*storage)?;
    if let Some(header) = unfinished_creation(&*storage, &found)? {
        remove_temporary(&*storage, &found.temporary)?;
        let temporary = found.temporary;
        let writer = finish(storage, lock, header, options)?;
        let report = report_of_new(&writer, temporary);
        return Ok(Opened { writer, report });
    }
    let Walk { reader, mut report, timestamp, beyond, index } =
        walk(storage.clone(), found, options)?;
    remove_temporary(&*storage, &report.temporary)?;
    rewrite(&*storage, &beyond)?;
    if let Verdict::Torn { position, sequence, file } = &mut report.verdict {
        let header = reader.segment_header();
        *file = Some(cut(&*storage, header, *position, *sequence)?.file);
    }
    let best = reader.head.best.expect("a reader exists only with a HEAD");
    let head = write_head(&*storage, &report, best.generation)?;
    let header = reader.segment_header().clone();
    let segment_hash = reader.scanner.segment_hash().cloned();
    let start = Start {
        offset: report.end.offset,
        next_seq: report.last_seq + 1,
        chain: report.chain,
        timestamp,
        segment_hash: segment_hash.expect("recovery scans whole segments"),
        last_close: report.last_close,
        seal_interval: report.seal_interval,
        index,
        header,
    };
    let writer = Writer::new(storage, lock, head, start, options)?;
    Ok(Opened { writer, report })
}

/// The one state without a valid HEAD that is not a loss: an empty segment 0 alone.
fn unfinished_creation(
    storage: &dyn Storage,
    found: &Survey,
) -> Result<Option<SegmentHeader>, StoreError> {
    let [only] = &found.headers[..] else {
        return Ok(None);
    };
    if read_head(storage)?.best.is_some() {
        return Ok(None);
    }
    let name = segment_name(0);
    let io = |error| StoreError::io("read segment", Place::file(&name), error);
    let file = storage.open(&name, false).map_err(io)?;
    let mut body = vec![0u8; (only.bytes - SEGMENT_HEADER) as usize];
    read_exact_at(&*file, SEGMENT_HEADER, &mut body).map_err(io)?;
    Ok(all_zero(&body).then(|| only.clone()))
}

fn remove_temporary(storage: &dyn Storage, names: &[String]) -> Result<(), StoreError> {
    for name in names {
        let removed = storage.remove(name);
        removed.map_err(|error| StoreError::io("remove", Place::file(name), error))?;
    }
    Ok(())
}

/// Writes accepted batches beyond HEAD again and syncs them: after a failed sync their pages may
/// be clean and not on the disk.
fn rewrite(storage: &dyn Storage, beyond: &[(Position, usize)]) -> Result<(), StoreError> {
    let mut rest = beyond;
    while let Some((first, _)) = rest.first() {
        let same = rest.iter().take_while(|(at, _)| at.segment == first.segment).count();
        let (here, later) = rest.split_at(same);
        let name = segment_name(first.segment);
        let io = |error| StoreError::io("rewrite batches", Place::file(&name), error);
        let file = storage.open(&name, true).map_err(io)?;
        for (position, bytes) in here {
            let mut frame = vec![0u8; *bytes];
            read_exact_at(&*file, position.offset, &mut frame).map_err(io)?;
            write_all_at(&*file, position.offset, &frame).map_err(io)?;
        }
        file.fdatasync().map_err(io)?;
        rest = later;
    }
    Ok(())
}

fn cut(
    storage: &dyn Storage,
    header: &SegmentHeader,
    position: Position,
    sequence: u64,
) -> Result<SetAside, StoreError> {
    let name = segment_name(position.segment);
    let file = storage.open(&name, true);
    let file = file.map_err(|error| StoreError::io("open segment", Place::file(&name), error))?;
    let tail = Tail { name: &name, file: &*file, from: position.offset, to: header.bytes };
    let aside = set_aside(storage, sequence, std::slice::from_ref(&tail))?;
    zero_tail(&tail)?;
    Ok(aside)
}

/// HEAD at the end of the log, durable, in as many slots as were bad.
pub(super) fn write_head(
    storage: &dyn Storage,
    report: &RecoveryReport,
    generation: u64,
) -> Result<HeadFile, StoreError> {
    let io = |error| StoreError::io("write HEAD", Place::file(HEAD_NAME), error);
    let mut file = HeadFile::open(storage, generation)?;
    let head = Head {
        generation: 0,
        log_id: report.log_id,
        seq: report.last_seq,
        chain: report.chain,
        segment: report.end.segment,
        end_offset: report.end.offset,
    };
    file.write(head).map_err(io)?;
    file.sync().map_err(io)?;
    storage.sync_dir().map_err(io)?;
    Ok(file)
}

fn report_of_new(writer: &Writer, temporary: Vec<String>) -> RecoveryReport {
    RecoveryReport {
        verdict: Verdict::Clean,
        log_id: writer.log_id(),
        genesis_hash: writer.genesis_hash(),
        last_seq: 0,
        chain: writer.chain(),
        end: Position { segment: 0, offset: SEGMENT_HEADER },
        batches: 0,
        events: 0,
        seal_interval: None,
        last_close: None,
        beyond_head: 0,
        head_bad_slots: 0,
        temporary,
        torn_files: Vec::new(),
        poison_files: Vec::new(),
        finished_creation: true,
    }
}
