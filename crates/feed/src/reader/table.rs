//! Rows of bars gathered into series: order, duplicates, grid, gaps.
//!
//! Law: `low <= open, close <= high`; each name's times increase; each bar starts a whole number
//! of intervals after the first of its name.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use domain::{Duration, Timestamp};

use super::rows::{Fault, Row, Sink, quoted};
use super::{Bar, BarFile, BarSeries, Gap, Request};
use crate::decimal;
use crate::error::{FeedError, FeedErrors, Place};
use crate::time::{self, TimeUnit};

/// The time column of a file: one unit throughout.
#[derive(Default)]
pub(super) struct UnixColumn {
    unit: Option<(TimeUnit, u64)>,
}

impl UnixColumn {
    /// Reads a stamp; refuses another unit than that of the first row.
    pub fn read(&mut self, row: &Row<'_>, field: usize) -> Result<Timestamp, Fault> {
        let text = row.text(field);
        let (time, unit) = time::unix(text).ok_or_else(|| {
            let expected = "a Unix time of 10, 13, 16 or 19 digits before 2200";
            Fault::field("row.time", field, expected, quoted(text))
        })?;
        let (first, line) = *self.unit.get_or_insert((unit, row.line));
        if unit == first {
            return Ok(time);
        }
        let expected = format!("{} as on line {line}", first.name());
        let found = format!("{} ({text})", unit.name());
        Err(Fault::field("row.time_unit", field, expected, found))
    }
}

/// The fault of a row whose time does not come after that of the row before it in its series.
pub(super) fn out_of_order((last, line): (Timestamp, u64), next: Timestamp) -> Option<Fault> {
    let after = || format!("a time after {} (line {line})", time::text(last));
    match next.cmp(&last) {
        Ordering::Greater => None,
        Ordering::Equal => {
            Some(Fault::row("row.duplicate", after(), format!("{} again", time::text(next))))
        }
        Ordering::Less => Some(Fault::row("row.backwards", after(), time::text(next))),
    }
}

/// A row that has become a bar, with what is needed to refuse it later.
struct Kept<'a> {
    bar: Bar,
    raw: &'a str,
}

/// Bars being gathered.
pub(super) struct BarTable<'a> {
    /// Where faults go.
    pub sink: Sink,
    series: BTreeMap<String, Vec<Kept<'a>>>,
}

impl<'a> BarTable<'a> {
    /// An empty table.
    pub fn new(sink: Sink) -> BarTable<'a> {
        BarTable { sink, series: BTreeMap::new() }
    }

    /// Takes one row: a bar of a name, unselected, or a fault.
    pub fn take(&mut self, row: Row<'a>, read: Result<Option<(&str, Bar)>, Fault>) {
        self.sink.report.rows += 1;
        match read {
            Ok(None) => self.sink.report.unselected += 1,
            Ok(Some((name, bar))) => self.keep(row, name, bar),
            Err(fault) => self.sink.refuse(&row, fault),
        }
    }

    fn keep(&mut self, row: Row<'a>, name: &str, bar: Bar) {
        let last = self.series.get(name).and_then(|kept| kept.last()).map(|kept| kept.bar);
        let fault = last.and_then(|last| out_of_order((last.time, last.line), bar.time));
        if let Some(fault) = fault {
            return self.sink.refuse(&row, fault);
        }
        self.sink.report.accepted += 1;
        self.series.entry(name.to_owned()).or_default().push(Kept { bar, raw: row.raw });
    }

    /// Series by name with their width and gaps, or the faults.
    ///
    /// # Errors
    /// The faults of the rows; `file.empty`; `bars.interval` when no width can be told.
    pub fn finish(mut self, request: &Request<'_>) -> Result<BarFile, FeedErrors> {
        let mut series = BTreeMap::new();
        let gathered = std::mem::take(&mut self.series);
        if gathered.is_empty() && self.sink.report.rows == 0 {
            let place = Place::file(&self.sink.report.file);
            self.sink.fail(FeedError::input("file.empty", place, "rows of bars", "none"));
        }
        let common = request.interval.or_else(|| usual_step(gathered.values()));
        for (name, kept) in gathered {
            let Some(interval) = common else {
                let place = Place::file(&self.sink.report.file).at(&name);
                let expected = "two bars or a stated interval, to tell the width of a bar";
                self.sink.fail(FeedError::input("bars.interval", place, expected, "one bar"));
                continue;
            };
            let bars = self.on_grid(kept, interval);
            self.sink.report.gaps.extend(gaps(&name, &bars, interval));
            series.insert(name, BarSeries { interval, bars });
        }
        Ok(BarFile { series, report: self.sink.finish()? })
    }

    /// Refuses bars that do not start on the grid of their series.
    fn on_grid(&mut self, kept: Vec<Kept<'a>>, interval: Duration) -> Vec<Bar> {
        let phase = phase_of(&kept, interval);
        let mut bars = Vec::with_capacity(kept.len());
        for Kept { bar, raw } in kept {
            if bar.time.nanos().rem_euclid(interval.nanos()) == phase {
                bars.push(bar);
                continue;
            }
            let width = time::span(interval);
            let expected = format!("a start on the grid of {width} bars");
            let row = Row::of(raw, bar.line, &[], Vec::new());
            self.sink.take_back(&row, Fault::row("row.grid", expected, time::text(bar.time)));
        }
        bars
    }
}

/// The smallest step that makes up a tenth of all steps: a few strays do not halve the width,
/// and many missing rows do not double it.
fn usual_step<'k, 'a: 'k>(series: impl Iterator<Item = &'k Vec<Kept<'a>>>) -> Option<Duration> {
    let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
    for kept in series {
        for pair in kept.windows(2) {
            let step = pair[1].bar.time.since(pair[0].bar.time).nanos();
            *counts.entry(step).or_default() += 1;
        }
    }
    let all: u64 = counts.values().sum();
    let usual = counts.iter().find(|(_, count)| **count * 10 >= all);
    usual.map(|(step, _)| Duration::from_nanos(*step))
}

/// The offset within an interval at which most bars of a series start.
fn phase_of(kept: &[Kept<'_>], interval: Duration) -> i64 {
    let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
    for kept in kept {
        let phase = kept.bar.time.nanos().rem_euclid(interval.nanos());
        *counts.entry(phase).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(phase, count)| (*count, -*phase)).map_or(0, |(phase, _)| phase)
}

/// The holes between the bars of a series.
fn gaps(name: &str, bars: &[Bar], interval: Duration) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for pair in bars.windows(2) {
        let due = pair[0].time.plus(interval);
        if pair[1].time > due {
            let line = pair[1].line;
            gaps.push(Gap { name: name.to_owned(), from: due, to: pair[1].time, line });
        }
    }
    gaps
}

/// Where the columns of a bar stand in a layout.
#[derive(Clone, Copy)]
pub(super) struct BarColumns {
    /// Open; high, low and close follow it.
    pub open: usize,
    /// Volume, where the layout has one.
    pub volume: Option<usize>,
}

/// Reads the four prices and the volume of a row.
pub(super) fn bar(
    row: &Row<'_>,
    time: Timestamp,
    columns: BarColumns,
    bound: super::PriceBound,
    rounded: &mut u64,
) -> Result<Bar, Fault> {
    let first = columns.open;
    let open = row.price(first, bound)?;
    let high = row.price(first + 1, bound)?;
    let low = row.price(first + 2, bound)?;
    let close = row.price(first + 3, bound)?;
    let text = |field: usize| row.text(first + field);
    for (field, price) in [(0, open), (3, close)] {
        if price < low || price > high {
            let expected = format!("a price between low {} and high {}", text(2), text(1));
            return Err(Fault::field("row.range", first + field, expected, quoted(text(field))));
        }
    }
    let mut volume = 0;
    if let Some(field) = columns.volume {
        let (value, inexact) =
            decimal::volume(row.text(field)).map_err(|fault| Fault::number(field, &fault))?;
        if value < 0 {
            let found = quoted(row.text(field));
            return Err(Fault::field("row.volume", field, "a volume of zero or more", found));
        }
        volume = value;
        *rounded += u64::from(inexact);
    }
    Ok(Bar { time, open, high, low, close, volume, line: row.line })
}
