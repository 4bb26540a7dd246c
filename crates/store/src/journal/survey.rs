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
    match survey_sound(storage)? {
        Sound { survey, trouble: None, .. } => Ok(survey),
        Sound { trouble: Some(error), .. } => Err(error),
    }
}

/// A survey that goes as far as it can, for repair.
#[derive(Debug)]
pub(crate) struct Sound {
    /// With the headers up to the first trouble.
    pub(crate) survey: Survey,
    /// What is wrong with the next segment.
    pub(crate) trouble: Option<StoreError>,
    /// The files of the segments from there on.
    pub(crate) rest: Vec<String>,
}

/// Lists, and checks up to the first segment that is missing or unsound.
pub(crate) fn survey_sound(storage: &dyn Storage) -> Result<Sound, StoreError> {
    let names = storage
        .list()
        .map_err(|error| StoreError::io("list the journal", Place::default(), error))?;
    let (temporary, torn, poison) = (Vec::new(), Vec::new(), Vec::new());
    let mut survey = Survey { headers: Vec::new(), temporary, torn, poison };
    let mut numbers = Vec::new();
    for name in names {
        if let Some(number) = segment_number(&name, ".log") {
            numbers.push(number);
        } else if name.ends_with(".tmp") {
            survey.temporary.push(name);
        } else if name.starts_with("torn-") {
            survey.torn.push(name);
        } else if name.starts_with("poison-") {
            survey.poison.push(name);
        }
    }
    numbers.sort_unstable();
    let mut trouble = None;
    for (expected, number) in (0u64..).zip(&numbers) {
        match next_header(storage, survey.headers.first(), expected, *number) {
            Ok(header) => survey.headers.push(header),
            Err(error) => {
                trouble = Some(error);
                break;
            }
        }
    }
    let rest = numbers[survey.headers.len()..].iter().map(|number| segment_name(*number));
    let rest = rest.collect();
    Ok(Sound { survey, trouble, rest })
}

fn next_header(
    storage: &dyn Storage,
    first: Option<&SegmentHeader>,
    expected: u64,
    number: u64,
) -> Result<SegmentHeader, StoreError> {
    if number != expected {
        let place = Place::file(&segment_name(expected));
        let text = format!("segment {number} after the gap");
        return Err(StoreError::new(Category::Corrupt, place, "this segment", text));
    }
    let header = read_segment_header(storage, number)?;
    check_kinship(first, &header, number)?;
    Ok(header)
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
