//! Collects latencies in histograms: one per stage and kind for the whole run, and, when a log is
//! written, one per stage and kind for the current second.
//!
//! A value is held to three significant digits between 1 ns and 60 s; what lies outside counts at
//! the nearer end.

use std::time::Duration;

use domain::command::Command;
use hdrhistogram::Histogram;

use super::log::{Interval, IntervalLog, LogError};
use super::plot::Curve;
use super::table::{LatencyTable, Row};
use super::{Stage, kind_word};
use crate::clock::Moment;

const NANOS_MAX: u64 = 60_000_000_000;
const DIGITS: u8 = 3;
const INTERVAL: Duration = Duration::from_secs(1);

/// When a command passed the places between the stages.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Number of the command's kind.
    pub kind: u16,
    /// When it was planned to be sent.
    pub planned: Moment,
    /// When the loop turned to it.
    pub taken: Moment,
    /// When the state machine was done with it.
    pub applied: Moment,
}

/// The histograms of one stretch of time, by stage and kind; made when first needed.
struct Histograms(Vec<Option<Box<Histogram<u64>>>>);

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, NANOS_MAX, DIGITS)
        .expect("1 to 60e9 with 3 digits is a range that histograms have")
}

/// Kinds are numbered from 1 without gaps; a number beyond them shares the last place.
fn place(stage: Stage, kind: u16) -> usize {
    let kinds = Command::KINDS.len();
    stage as usize * kinds + usize::from(kind.max(1) - 1).min(kinds - 1)
}

impl Histograms {
    fn new() -> Self {
        Self((0..Stage::ALL.len() * Command::KINDS.len()).map(|_| None).collect())
    }

    fn record(&mut self, stage: Stage, kind: u16, nanos: u64) {
        let slot = &mut self.0[place(stage, kind)];
        slot.get_or_insert_with(|| Box::new(histogram())).saturating_record(nanos.max(1));
    }

    fn iter(&self) -> impl Iterator<Item = (Stage, u16, &Histogram<u64>)> {
        Stage::ALL.into_iter().flat_map(move |stage| {
            Command::KINDS.iter().filter_map(move |(kind, _)| {
                self.0[place(stage, *kind)].as_deref().map(|found| (stage, *kind, found))
            })
        })
    }

    fn of_stage(&self, stage: Stage) -> Option<Histogram<u64>> {
        let mut all: Option<Histogram<u64>> = None;
        for (_, _, one) in self.iter().filter(|(found, _, _)| *found == stage) {
            all.get_or_insert_with(histogram).add(one).expect("histograms of one range add up");
        }
        all
    }
}

/// The latencies of a run.
pub struct Recorder {
    whole: Histograms,
    second: Histograms,
    second_began: Moment,
    log: Option<IntervalLog>,
}

impl Recorder {
    /// A recorder without a log.
    #[must_use]
    pub fn new() -> Self {
        Self {
            whole: Histograms::new(),
            second: Histograms::new(),
            second_began: Moment::now(),
            log: None,
        }
    }

    /// A recorder that also writes each second to a log.
    #[must_use]
    pub fn with_log(log: IntervalLog) -> Self {
        Self { log: Some(log), ..Self::new() }
    }

    /// Notes one latency.
    pub fn record(&mut self, stage: Stage, kind: u16, nanos: u64) {
        self.whole.record(stage, kind, nanos);
        if self.log.is_some() {
            self.second.record(stage, kind, nanos);
        }
    }

    /// Notes all stages of a command that became durable at `durable` and was handed over at
    /// `published`.
    pub fn record_timing(&mut self, timing: &Timing, durable: Moment, published: Moment) {
        let Timing { kind, planned, taken, applied } = *timing;
        self.record(Stage::Queue, kind, taken.nanos_since(planned));
        self.record(Stage::Apply, kind, applied.nanos_since(taken));
        self.record(Stage::Journal, kind, durable.nanos_since(applied));
        self.record(Stage::Publish, kind, published.nanos_since(durable));
        self.record(Stage::Total, kind, published.nanos_since(planned));
    }

    /// Ends the current second, if it is over at `now`: writes a line for each stage (`total`)
    /// and for each stage and kind (`total.deposit`).
    pub fn roll(&mut self, now: Moment) {
        if now.since(self.second_began) >= INTERVAL {
            self.write_second(now);
        }
    }

    fn write_second(&mut self, now: Moment) {
        let Some(log) = &self.log else {
            self.second_began = now;
            return;
        };
        let (began, lasted) = (self.second_began, now.since(self.second_began));
        let second = std::mem::replace(&mut self.second, Histograms::new());
        let stages = Stage::ALL.into_iter().filter_map(|stage| {
            second.of_stage(stage).map(|found| (stage.word().to_string(), found))
        });
        let kinds = second.iter().map(|(stage, kind, found)| {
            let word = kind_word(kind).unwrap_or("unknown");
            (format!("{}.{word}", stage.word()), found.clone())
        });
        for (tag, histogram) in stages.chain(kinds) {
            log.write(Interval { tag, began, lasted, histogram });
        }
        self.second_began = now;
    }

    /// The percentiles so far: a row for each stage, then one for each stage and kind.
    #[must_use]
    pub fn table(&self) -> LatencyTable {
        let stages: Vec<(Stage, Histogram<u64>)> = Stage::ALL
            .into_iter()
            .filter_map(|stage| self.whole.of_stage(stage).map(|found| (stage, found)))
            .collect();
        let whole = stages.iter().map(|(stage, found)| Row::new(*stage, None, found));
        let kinds =
            self.whole.iter().map(|(stage, kind, found)| Row::new(stage, Some(kind), found));
        let rows = whole.chain(kinds).collect();
        let curves = stages.iter().map(|(stage, found)| Curve::new(*stage, found)).collect();
        LatencyTable { rows, curves }
    }

    /// Ends the log and returns the percentiles of the run.
    ///
    /// # Errors
    /// The log could not be written.
    pub fn finish(mut self) -> Result<LatencyTable, LogError> {
        self.write_second(Moment::now());
        let table = self.table();
        if let Some(log) = self.log {
            log.finish()?;
        }
        Ok(table)
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").field("log", &self.log).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stages_of_a_command_add_up_to_its_total() {
        let planned = Moment::now();
        let after = |micros| planned.plus(Duration::from_micros(micros));
        let timing = Timing { kind: 4, planned, taken: after(5), applied: after(7) };
        let mut recorder = Recorder::new();
        recorder.record_timing(&timing, after(307), after(400));
        let table = recorder.finish().expect("no log to fail");
        let max = |stage| table.row(stage, Some(4)).expect("recorded").max_ns;
        for (stage, micros) in [
            (Stage::Queue, 5),
            (Stage::Apply, 2),
            (Stage::Journal, 300),
            (Stage::Publish, 93),
            (Stage::Total, 400),
        ] {
            let found = max(stage);
            // Three digits: the stored value is within 0.1 % above.
            assert!(found >= micros * 1_000 && found <= micros * 1_001, "{stage:?} {found}");
            assert_eq!(table.row(stage, None).expect("merged").count, 1);
        }
    }

    #[test]
    fn values_outside_the_range_count_at_its_ends() {
        let mut recorder = Recorder::new();
        recorder.record(Stage::Total, 8, 0);
        recorder.record(Stage::Total, 8, u64::MAX);
        recorder.record(Stage::Total, u16::MAX, 10);
        let table = recorder.finish().expect("no log to fail");
        let all = table.row(Stage::Total, None).expect("recorded");
        assert_eq!(all.count, 3);
        assert!(all.max_ns >= NANOS_MAX && all.max_ns < NANOS_MAX + NANOS_MAX / 100, "{all:?}");
    }
}
