//! Which part of a journal is meant: from and to, by sequence or by time.

use std::path::Path;
use std::sync::Arc;

use domain::{Event, Sequence, Timestamp};
use store::journal::{Options, Reader, Record};
use store::storage::Storage;

use crate::failure::{Answer, Failure, NOTHING_SELECTED};

/// A border in a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// This event.
    Sequence(u64),
    /// The first event at or after this time.
    Time(Timestamp),
}

impl Bound {
    /// A sequence, or a time in UTC.
    ///
    /// # Errors
    /// It is neither.
    pub fn parse(flag: &str, text: &str) -> Answer<Bound> {
        if let Ok(sequence) = text.parse() {
            return Ok(Bound::Sequence(sequence));
        }
        let expected = "a sequence, or a UTC time such as 2020-03-12T10:00:00Z";
        let time = feed::time::utc(text);
        time.map(Bound::Time).ok_or_else(|| Failure::argument(flag, expected, text))
    }

    /// Whether an event lies at or after this border.
    pub fn is_reached_by(self, event: &Event) -> bool {
        match self {
            Bound::Sequence(sequence) => event.sequence.number() >= sequence,
            Bound::Time(time) => event.timestamp >= time,
        }
    }

    /// Whether an event lies beyond this border as an end: a sequence is the last one meant, a
    /// time is the first one not meant.
    pub fn is_passed_by(self, event: &Event) -> bool {
        match self {
            Bound::Sequence(sequence) => event.sequence.number() > sequence,
            Bound::Time(time) => event.timestamp >= time,
        }
    }

    /// The last sequence that this border, as an end, leaves in.
    ///
    /// # Errors
    /// A damaged journal; nothing lies before the border.
    pub fn last_before(self, journal: &Path, storage: &Arc<dyn Storage>) -> Answer<Sequence> {
        let last = match self {
            Bound::Sequence(sequence) => sequence,
            Bound::Time(time) => {
                last_event_before(time, storage).map_err(|error| Failure::store(journal, &error))?
            }
        };
        if last == 0 {
            let sentence = "no event lies before --until";
            return Err(Failure::about(NOTHING_SELECTED, "run.empty", journal, sentence));
        }
        Ok(Sequence::new(last))
    }
}

/// The last sequence before a time; zero where there is none.
///
/// # Errors
/// A damaged journal.
pub fn last_event_before(
    time: Timestamp,
    storage: &Arc<dyn Storage>,
) -> Result<u64, store::StoreError> {
    let mut reader = Reader::open(Arc::clone(storage), &Options::default())?;
    let mut last = 0;
    while let Some(batch) = reader.next_batch()? {
        for record in batch.records() {
            if let Record::Event(event) = record {
                if event.envelope.timestamp >= time.nanos() {
                    return Ok(last);
                }
                last = event.sequence;
            }
        }
    }
    Ok(last)
}
