//! An `.hlog` file read back: its intervals added up by stage and kind.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

use super::plot::Curve;
use super::table::{LatencyTable, Row};
use super::{Stage, kind_number};

/// Why a log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A line that is none of the format's.
    #[error("entry {entry} is {found}, expected {expected}")]
    Entry {
        /// Its place among the entries of the file, from 1.
        entry: usize,
        /// What had to stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// Nothing was recorded.
    #[error("no interval of a known stage in it")]
    Empty,
}

/// Reads a log as it was written by [`super::IntervalLog`].
///
/// # Errors
/// The disk; a line, tag or histogram that does not read.
pub fn read_log(path: &Path) -> Result<LatencyTable, ReadError> {
    let text = std::fs::read(path)?;
    let mut sums: BTreeMap<(Option<u16>, Stage), Histogram<u64>> = BTreeMap::new();
    for (place, entry) in IntervalLogIterator::new(&text).enumerate() {
        let wrong =
            |expected, found: String| ReadError::Entry { entry: place + 1, expected, found };
        let entry = entry.map_err(|_| wrong("a line of the format", "not one".to_owned()))?;
        let LogEntry::Interval(interval) = entry else { continue };
        let tag = interval.tag().map(|tag| tag.as_str().to_owned()).unwrap_or_default();
        let expected = "tagged with a stage, and perhaps a kind";
        let (stage, kind) =
            parse(&tag).ok_or_else(|| wrong(expected, format!("tagged {tag:?}")))?;
        let histogram = decode(interval.encoded_histogram())
            .ok_or_else(|| wrong("a histogram in V2 deflate", "something else".to_owned()))?;
        match sums.get_mut(&(kind, stage)) {
            Some(sum) => sum.add(&histogram).map_err(|error| {
                wrong("a histogram of one kind with the others", error.to_string())
            })?,
            None => {
                sums.insert((kind, stage), histogram);
            }
        }
    }
    if sums.is_empty() {
        return Err(ReadError::Empty);
    }
    let rows = sums.iter().map(|((kind, stage), sum)| Row::new(*stage, *kind, sum)).collect();
    let whole = sums.iter().filter(|((kind, _), _)| kind.is_none());
    let curves = whole.map(|((_, stage), sum)| Curve::new(*stage, sum)).collect();
    Ok(LatencyTable { rows, curves })
}

/// `total`, or `total.deposit`.
fn parse(tag: &str) -> Option<(Stage, Option<u16>)> {
    let (stage, kind) =
        tag.split_once('.').map_or((tag, None), |(stage, kind)| (stage, Some(kind)));
    let stage = Stage::ALL.into_iter().find(|one| one.word() == stage)?;
    match kind {
        None => Some((stage, None)),
        Some(word) => Some((stage, Some(kind_number(word)?))),
    }
}

fn decode(text: &str) -> Option<Histogram<u64>> {
    let bytes = base64(text)?;
    Deserializer::new().deserialize(&mut bytes.as_slice()).ok()
}

/// The standard alphabet, padded or not.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0u32, 0u32);
    for letter in text.trim_end_matches('=').bytes() {
        let six = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    //! Goal: what was written is what is read; what is no log is told by its place. Method: a log
    //! written here, whole and spoilt.

    use std::time::Duration;

    use super::*;
    use crate::clock::Moment;
    use crate::latency::{IntervalLog, Recorder};

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("a.hlog");
        let began = Moment::now();
        let log = IntervalLog::create(&path, began).expect("a file");
        let mut recorder = Recorder::with_log(log);
        for nanos in 1..=1_000 {
            recorder.record(Stage::Total, 8, nanos * 1_000);
        }
        std::thread::sleep(Duration::from_millis(2));
        let written = recorder.finish().expect("written");
        let read = read_log(&path).expect("a log");
        assert_eq!(read.rows, written.rows);
        assert_eq!(read.curves, written.curves);
        let text = std::fs::read_to_string(&path).expect("text");
        for (from, to, told) in [
            ("Tag=total,", "Tag=nothing,", "tagged \"nothing\""),
            ("HISTFAAA", "HISTF!!!", "V2 deflate"),
        ] {
            std::fs::write(&path, text.replacen(from, to, 1)).expect("written");
            let error = read_log(&path).expect_err("it is spoilt").to_string();
            assert!(error.contains(told), "{error}");
        }
        std::fs::write(&path, "# nothing\n").expect("written");
        assert!(matches!(read_log(&path), Err(ReadError::Empty)));
    }

    #[test]
    fn letters_are_bytes() {
        for (text, bytes) in [("", &b""[..]), ("TQ==", b"M"), ("TWE=", b"Ma"), ("TWFu", b"Man")] {
            assert_eq!(base64(text).as_deref(), Some(bytes), "{text}");
        }
        assert_eq!(base64("T Q"), None);
    }
}
