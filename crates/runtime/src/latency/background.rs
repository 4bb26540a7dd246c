//! A recorder on a thread of its own: the loop hands over a batch's times and goes on, since
//! counting a command in ten histograms takes as long as applying it.

use std::thread::JoinHandle;

use crossbeam::channel::{Receiver, Sender, bounded};

use super::log::{IntervalLog, LogError};
use super::recorder::{Recorder, Timing};
use super::table::LatencyTable;
use crate::clock::Moment;

/// Batches that may wait to be counted.
const WAITING_MAX: usize = 64;

/// Times of one durable batch.
struct Timed {
    timings: Vec<Timing>,
    durable: Moment,
    published: Moment,
}

/// The recording thread, seen from the loop.
pub(crate) struct Background {
    batches: Sender<Timed>,
    spent: Receiver<Vec<Timing>>,
    thread: JoinHandle<Result<LatencyTable, LogError>>,
}

impl Background {
    /// Starts recording into a log.
    ///
    /// # Errors
    /// No thread can be started.
    pub(crate) fn start(log: IntervalLog) -> Result<Self, LogError> {
        let (batches, waiting) = bounded::<Timed>(WAITING_MAX);
        let (returned, spent) = bounded(WAITING_MAX);
        let work = move || {
            let mut recorder = Recorder::with_log(log);
            for Timed { mut timings, durable, published } in waiting {
                for timing in timings.drain(..) {
                    recorder.record_timing(&timing, durable, published);
                }
                recorder.roll(published);
                // Memory that nobody takes back is let go.
                let _returned = returned.try_send(timings);
            }
            recorder.finish()
        };
        let thread = std::thread::Builder::new().name(String::from("latencies")).spawn(work)?;
        Ok(Self { batches, spent, thread })
    }

    /// Hands over the times of a batch and leaves an empty list in their place.
    pub(crate) fn take(&self, timings: &mut Vec<Timing>, durable: Moment, published: Moment) {
        let empty = self.spent.try_recv().unwrap_or_default();
        let timings = std::mem::replace(timings, empty);
        // The thread ends early only by a panic, which `finish` reports.
        let _ended = self.batches.send(Timed { timings, durable, published });
    }

    /// Ends the log.
    ///
    /// # Errors
    /// What the writing thread met.
    pub(crate) fn finish(self) -> Result<LatencyTable, LogError> {
        drop(self.batches);
        match self.thread.join() {
            Ok(result) => result,
            Err(_) => Err(LogError::Encode(String::from("the recording thread panicked"))),
        }
    }
}
