//! What lies in the directory: segments without a gap, their headers, and the rest by kind.
//! Reads only. A segment that is missing, short, foreign or has a bad header is CORRUPT.

use crate::error::{Category, Defect, Place, StoreError};
use crate::storage::{Storage, read_exact_at};

use super::segment::{SEGMENT_HEADER, SegmentHeader, segment_name, segment_number};

/// The files of a journal.
#[derive(Debug, Clone)]
pub(crate) struct Survey {
    /// Headers of segments 0, 1, 2, ...
    pub(crate) headers: Vec<SegmentHeader>,
    /// Left over from building something; safe to delete.
    pub(crate) temporary: Vec<String>,
    /// Tails that were cut.
    pub(crate) torn: Vec<String>,
    /// Batches that made the machine panic.
    pub(crate) poison: Vec<String>,
}

/// Lists and checks. An empty list of headers means that there is no journal.
pub(crate) fn survey(storage: &dyn Storage) -> Result<Survey, StoreError> {
    let names = storage
        .list()
        .map_err(|error| StoreError::io("list the journal", Place::default(), error))?;
    let mut found =
        Survey { headers: Vec::new(), temporary: Vec::new(), torn: Vec::new(), poison: Vec::new() };
    let mut numbers = Vec::new();
    for name in names {
        if let Some(number) = segment_number(&name, ".log") {
            numbers.push(number);
        } else if name.ends_with(".tmp") {
            found.temporary.push(name);
        } else if name.starts_with("torn-") {
            found.torn.push(name);
        } else if name.starts_with("poison-") {
            found.poison.push(name);
        }
    }
    numbers.sort_unstable();
    for (expected, number) in (0u64..).zip(numbers) {
        if number != expected {
            let place = Place::file(&segment_name(expected));
            let text = format!("segment {number} after the gap");
            return Err(StoreError::new(Category::Corrupt, place, "this segment", text));
        }
        let header = read_segment_header(storage, number)?;
        check_kinship(found.headers.first(), &header, number)?;
        found.headers.push(header);
    }
    Ok(found)
}

fn read_segment_header(storage: &dyn Storage, number: u64) -> Result<SegmentHeader, StoreError> {
    let name = segment_name(number);
    let io = |error| StoreError::io("read segment header", Place::file(&name), error);
    let file = storage.open(&name, false).map_err(io)?;
    let length = file.len().map_err(io)?;
    if length < SEGMENT_HEADER {
        let defect = Defect::corrupt("a segment header of 4,096 bytes", format!("{length} bytes"));
        return Err(defect.at(Place::file(&name)));
    }
    let mut page = vec![0u8; SEGMENT_HEADER as usize];
    read_exact_at(&*file, 0, &mut page).map_err(io)?;
    let header = SegmentHeader::decode(&page).map_err(|defect| defect.at(Place::file(&name)))?;
    if length == header.bytes {
        Ok(header)
    } else {
        let expected = format!("a segment of {} bytes", header.bytes);
        Err(Defect::corrupt(expected, format!("{length} bytes")).at(Place::file(&name)))
    }
}

fn check_kinship(
    first: Option<&SegmentHeader>,
    header: &SegmentHeader,
    number: u64,
) -> Result<(), StoreError> {
    let place = || Place::file(&segment_name(number));
    if header.segment != number {
        let found = format!("segment {}", header.segment);
        return Err(Defect::corrupt(format!("segment {number}"), found).at(place()));
    }
    match first {
        Some(first) if first.log_id != header.log_id => {
            let expected = format!("log_id {}", crate::bytes::hex(&first.log_id));
            let found = crate::bytes::hex(&header.log_id);
            Err(Defect::corrupt(expected, found).at(place()))
        }
        Some(first) if first.genesis_hash != header.genesis_hash => {
            let expected = "the genesis hash of segment 0";
            Err(Defect::corrupt(expected, crate::bytes::hex(&header.genesis_hash)).at(place()))
        }
        _ => Ok(()),
    }
}
