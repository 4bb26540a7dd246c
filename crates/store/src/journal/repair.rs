//! The only act that destroys: giving up everything from a sequence on.
//!
//! What is given up is copied to a `torn-` file first; a repair record with the reason and the
//! hash of that file then stands where it was. For a person who has read what `verify` said.

use std::sync::Arc;

use crate::error::{Category, Place, StoreError};
use crate::storage::{Storage, StorageFile};

use super::control::{REASON_BYTES_MAX, Repair};
use super::frame::{FRAME_ALIGN, FRAME_HEADER};
use super::head::{HEAD_NAME, Head, HeadFile, read_head};
use super::lock::lock_exclusive;
use super::options::Options;
use super::reader::{Position, check_present};
use super::recovery::{Opened, recover};
use super::scan::{Found, Scanner};
use super::segment::{SegmentHeader, segment_name};
use super::survey::{Sound, survey_sound};
use super::torn::{SetAside, Tail, set_aside, zero_tail};

/// What a repair did.
#[derive(Debug)]
pub struct Repaired {
    /// The journal, open at its new end.
    pub opened: Opened,
    /// The file that keeps what was given up.
    pub file: String,
    /// Bytes in it.
    pub bytes: u64,
    /// The record that was appended.
    pub record: Repair,
}

/// Where the log is cut.
struct CutPlace {
    position: Position,
    chain: super::frame::Chain,
    next_seq: u64,
}

/// `log repair --accept-loss-from SEQ`: copies everything from the batch that begins with
/// `sequence` aside, zeroes it, removes later segments, and appends a repair record.
///
/// `sequence` is the one `verify` named, or the first of any batch before it. Later segments may
/// be missing or unsound in any way.
///
/// Errors: `Misuse` if no batch begins there (the message names the nearest), `Corrupt` if the
/// damage lies earlier, `Locked`, `Io`.
pub fn repair_accept_loss_from(
    storage: Arc<dyn Storage>,
    options: &Options,
    sequence: u64,
    reason: &str,
) -> Result<Repaired, StoreError> {
    if reason.is_empty() || reason.len() > REASON_BYTES_MAX {
        let expected = format!("a reason of 1 to {REASON_BYTES_MAX} bytes");
        let found = format!("{} bytes", reason.len());
        return Err(StoreError::new(Category::Misuse, Place::default(), expected, found));
    }
    let lock = lock_exclusive(&*storage)?;
    let Sound { survey: found, trouble, rest } = survey_sound(&*storage)?;
    let head = read_head(&*storage)?;
    if found.headers.is_empty() {
        // Without a sound segment 0 there is no identity and nothing to repair.
        trouble.map_or(Ok(()), Err)?;
        check_present(&found, &head)?;
    }
    let scanner = Scanner::new(storage.clone(), found.headers.clone(), 0, options.seal_interval)?;
    let (cut, lost) = find_cut(scanner, sequence, found.headers.len())?;
    let lost_seq = lost.max(head.best.map_or(0, |head| head.seq)).max(sequence - 1);
    let aside = give_up(&*storage, &found.headers, &rest, &cut)?;
    reset_head(&*storage, &found.headers[0], &cut, head.best)?;
    let mut opened = recover(storage, lock, options)?;
    let record = Repair {
        from_seq: sequence,
        lost_seq,
        quarantine_hash: aside.hash,
        reason: reason.to_string(),
    };
    opened.writer.write_repair(&record)?;
    Ok(Repaired { opened, file: aside.file, bytes: aside.bytes, record })
}

/// Walks to the batch that begins with `sequence` and looks at what lies beyond. Returns the
/// place of the cut and the highest sequence seen after it.
fn find_cut(
    mut scanner: Scanner,
    sequence: u64,
    segments: usize,
) -> Result<(CutPlace, u64), StoreError> {
    let mut nearest = 1;
    loop {
        let here = CutPlace {
            position: scanner.position(),
            chain: scanner.context.chain,
            next_seq: scanner.context.next_seq,
        };
        let step = scanner.step();
        if matches!(step, Ok(Found::Crossed)) {
            continue;
        }
        // A close or repair at the same sequence stays: the cut falls on the first event.
        let batch = match &step {
            Ok(Found::Batch(place)) => Some(place.header),
            _ => None,
        };
        let bare = batch.is_some_and(|header| header.events == 0);
        if here.next_seq == sequence && !bare {
            return Ok((here, highest_after(&mut scanner, segments)));
        }
        match step {
            Ok(Found::Batch(_)) if scanner.context.next_seq <= sequence => {
                nearest = scanner.context.next_seq;
            }
            Ok(Found::Damaged(damage)) => {
                let Position { segment, offset } = damage.position;
                let place = Place::at(segment, offset, damage.next_seq);
                let expected = format!("a loss accepted from {} or earlier", damage.next_seq);
                return Err(StoreError::new(
                    Category::Misuse,
                    place,
                    expected,
                    format!("{sequence}"),
                ));
            }
            Ok(_) => {
                let place = Place::sequence(sequence);
                let expected = format!("the first sequence of a batch, for instance {nearest}");
                return Err(StoreError::new(Category::Misuse, place, expected, "none there"));
            }
            Err(error) => return Err(error),
        }
    }
}

/// The highest sequence of any sound batch after the place where the scanner stopped, as far as
/// segments can be read. A lower bound: what is damaged cannot be counted.
fn highest_after(scanner: &mut Scanner, segments: usize) -> u64 {
    let mut highest = scanner.context.next_seq - 1;
    for _ in 0..segments {
        let mut offset = scanner.position().offset;
        while offset + FRAME_HEADER as u64 <= scanner.header().bytes {
            let step = match scanner.probe(offset) {
                Ok(Some((bytes, header))) => {
                    highest = highest.max(header.last_seq());
                    bytes as u64
                }
                Ok(None) => FRAME_ALIGN as u64,
                Err(_) => return highest,
            };
            offset += step;
        }
        if !scanner.more_segments() || scanner.skip_to_next().is_err() {
            return highest;
        }
    }
    highest
}

/// Copies the tail of the segment of the cut and all later segments into one file, then zeroes
/// the one and removes the others, last first, so that no gap ever shows.
fn give_up(
    storage: &dyn Storage,
    headers: &[SegmentHeader],
    rest: &[String],
    cut: &CutPlace,
) -> Result<SetAside, StoreError> {
    let first = cut.position.segment as usize;
    let later = headers[first..].iter().map(|header| segment_name(header.segment));
    let mut files: Vec<(String, Box<dyn StorageFile>, u64)> = Vec::new();
    for name in later.chain(rest.iter().cloned()) {
        let io = |error| StoreError::io("open segment", Place::file(&name), error);
        let file = storage.open(&name, true).map_err(io)?;
        let bytes = file.len().map_err(io)?;
        files.push((name, file, bytes));
    }
    let starts = std::iter::once(cut.position.offset).chain(std::iter::repeat(0));
    let tails: Vec<Tail<'_>> = files
        .iter()
        .zip(starts)
        .map(|((name, file, bytes), from)| Tail { name, file: &**file, from, to: *bytes })
        .collect();
    let aside = set_aside(storage, cut.next_seq, &tails)?;
    for tail in tails[1..].iter().rev() {
        storage
            .remove(tail.name)
            .and_then(|()| storage.sync_dir())
            .map_err(|error| StoreError::io("remove segment", Place::file(tail.name), error))?;
    }
    zero_tail(&tails[0])?;
    Ok(aside)
}

/// HEAD moves back to the cut.
fn reset_head(
    storage: &dyn Storage,
    first: &SegmentHeader,
    cut: &CutPlace,
    best: Option<Head>,
) -> Result<(), StoreError> {
    let mut file = match best {
        Some(head) => HeadFile::open(storage, head.generation)?,
        None => HeadFile::create(storage)?,
    };
    let head = Head {
        generation: 0,
        log_id: first.log_id,
        seq: cut.next_seq - 1,
        chain: cut.chain,
        segment: cut.position.segment,
        end_offset: cut.position.offset,
    };
    file.write(head)
        .and_then(|()| file.sync())
        .and_then(|()| storage.sync_dir())
        .map_err(|error| StoreError::io("write HEAD", Place::file(HEAD_NAME), error))
}
