//! Interval histograms as an `.hlog` file that the standard HdrHistogram tools read: log format
//! 1.3, V2 deflate, a line per interval and tag, the largest value of a line in milliseconds.
//!
//! The file is written by a thread of its own: compressing a histogram takes a fraction of a
//! millisecond, which would show up in what is being measured.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, UNIX_EPOCH};

use crossbeam::channel::{Receiver, Sender, bounded};
use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{
    IntervalLogWriterBuilder, IntervalLogWriterError, Tag,
};

use crate::clock::Moment;

/// Divides nanoseconds into the milliseconds that the Java tools expect of a line's maximum.
const NANOS_PER_MILLISECOND: f64 = 1e6;
/// Intervals that may wait for the writing thread: about four seconds of every stage and kind.
const WAITING_MAX: usize = 512;

/// Why a log could not be written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file.
    #[error("cannot write the latency log: {0}")]
    Io(#[from] io::Error),
    /// A histogram.
    #[error("cannot encode a histogram: {0}")]
    Encode(String),
}

/// A histogram of one interval.
pub(super) struct Interval {
    pub(super) tag: String,
    pub(super) began: Moment,
    pub(super) lasted: Duration,
    pub(super) histogram: Histogram<u64>,
}

/// An open log.
#[derive(Debug)]
pub struct IntervalLog {
    intervals: Sender<Interval>,
    writer: JoinHandle<Result<(), LogError>>,
}

impl IntervalLog {
    /// Creates the file; `began` is the start of the run, which times in the log count from.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn create(path: &Path, began: Moment) -> Result<Self, LogError> {
        let file = BufWriter::new(File::create(path)?);
        let (intervals, waiting) = bounded(WAITING_MAX);
        let name = String::from("latency-log");
        let writer = std::thread::Builder::new()
            .name(name)
            .spawn(move || write_intervals(file, began, &waiting))?;
        Ok(Self { intervals, writer })
    }

    /// Hands an interval to the writing thread. If that has failed, [`Self::finish`] says why.
    pub(super) fn write(&self, interval: Interval) {
        // The writer ends early only with an error of its own, which `finish` reports.
        let _ended = self.intervals.send(interval);
    }

    /// Ends the file.
    ///
    /// # Errors
    /// What the writing thread met.
    pub fn finish(self) -> Result<(), LogError> {
        drop(self.intervals);
        match self.writer.join() {
            Ok(result) => result,
            Err(_) => Err(LogError::Encode(String::from("the writing thread panicked"))),
        }
    }
}

fn write_intervals(
    mut file: BufWriter<File>,
    began: Moment,
    waiting: &Receiver<Interval>,
) -> Result<(), LogError> {
    let nanos = u64::try_from(began.timestamp().nanos()).unwrap_or(0);
    let start = UNIX_EPOCH + Duration::from_nanos(nanos);
    let mut serializer = V2DeflateSerializer::new();
    {
        let mut writer = IntervalLogWriterBuilder::new()
            .add_comment("[Histogram log format version 1.3]")
            .with_start_time(start)
            .with_base_time(start)
            .with_max_value_divisor(NANOS_PER_MILLISECOND)
            .begin_log_with(&mut file, &mut serializer)?;
        for interval in waiting {
            let tag = Tag::new(&interval.tag);
            let offset = interval.began.since(began);
            writer
                .write_histogram(&interval.histogram, offset, interval.lasted, tag)
                .map_err(describe)?;
        }
    }
    file.flush()?;
    Ok(())
}

fn describe<E: std::fmt::Display>(error: IntervalLogWriterError<E>) -> LogError {
    match error {
        IntervalLogWriterError::IoError(error) => LogError::Io(error),
        IntervalLogWriterError::SerializeError(error) => LogError::Encode(error.to_string()),
    }
}
