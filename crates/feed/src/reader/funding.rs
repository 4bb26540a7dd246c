//! Funding rates, in two layouts of ours.
//!
//! `clearsim-funding-hours/1`: header `hour_utc,venue,asset,rate`, several assets and venues.
//! `clearsim-funding/1`: header `ts_ms,funding_rate`, one series. Rates are fractions per
//! interval at 1e-12, positive: longs pay shorts. Stamps may carry some milliseconds of jitter
//! and are kept as recorded. Law: each series' times increase.

use std::collections::BTreeMap;

use domain::{Duration, Timestamp};

use super::bars::check_header;
use super::compressed::Stored;
use super::hours::hour;
use super::rows::{Fault, Row, Sink, lines, quoted};
use super::table::{UnixColumn, out_of_order};
use super::{FundingFile, FundingRow, Gap, Request};
use crate::decimal::{self, RATE_DIGITS};
use crate::error::{FeedError, FeedErrors, Place};

/// Columns of the layout with assets and venues.
const HOURS: &[&str] = &["hour_utc", "venue", "asset", "rate"];
/// Columns of the layout of one series.
const STAMPS: &[&str] = &["ts_ms", "funding_rate"];

/// The largest rate that is believed: once the notional per interval.
const RATE_MAX: i64 = 1_000_000_000_000;

/// Reads `clearsim-funding-hours/1`. Rows of other venues or assets are counted only.
///
/// # Errors
/// `funding.header`, the faults of rows, and those of [`Stored::text`].
pub fn read_hours(stored: &Stored, request: &Request<'_>) -> Result<FundingFile, FeedErrors> {
    let text = stored.text()?;
    let mut rows = lines(&text);
    check_header(stored, rows.next(), HOURS, "funding.header")?;
    let mut table = FundingTable::new(Sink::new(stored, request.mode));
    for (line, raw) in rows {
        let row = Row::cut(raw, line, HOURS);
        let (venue, asset) = (row.text(1), row.text(2));
        let read = row.check_width().and_then(|()| {
            let wanted = request.venue.is_none_or(|wanted| wanted == venue);
            if !wanted || !request.selects(asset) {
                return Ok(None);
            }
            let time = hour(&row, 0)?;
            if (request.bound)(asset).is_none() {
                let expected = "an asset of the rulebook";
                return Err(Fault::field("row.asset", 2, expected, quoted(asset)));
            }
            Ok(Some((asset, FundingRow { time, rate: rate(&row, 3)?, line })))
        });
        table.take(&row, read);
    }
    table.finish()
}

/// Reads `clearsim-funding/1`; `request.name` names its series.
///
/// # Errors
/// As [`read_hours`].
pub fn read_stamps(stored: &Stored, request: &Request<'_>) -> Result<FundingFile, FeedErrors> {
    let text = stored.text()?;
    let (name, _) = super::bars::one_series(stored, request)?;
    let mut rows = lines(&text);
    check_header(stored, rows.next(), STAMPS, "funding.header")?;
    let mut table = FundingTable::new(Sink::new(stored, request.mode));
    let mut times = UnixColumn::default();
    for (line, raw) in rows {
        let row = Row::cut(raw, line, STAMPS);
        let read = row.check_width().and_then(|()| {
            let time = times.read(&row, 0)?;
            Ok(Some((name, FundingRow { time, rate: rate(&row, 1)?, line })))
        });
        table.take(&row, read);
    }
    table.finish()
}

/// A rate at 1e-12, between minus one and one.
fn rate(row: &Row<'_>, field: usize) -> Result<i64, Fault> {
    let text = row.text(field);
    let rate = decimal::parse(text, RATE_DIGITS).map_err(|fault| Fault::number(field, &fault))?;
    if rate.abs() > RATE_MAX {
        let expected = "a fraction between -1 and 1";
        return Err(Fault::field("row.rate", field, expected, quoted(text)));
    }
    Ok(rate)
}

/// Rates being gathered.
struct FundingTable {
    sink: Sink,
    series: BTreeMap<String, Vec<FundingRow>>,
}

impl FundingTable {
    fn new(sink: Sink) -> FundingTable {
        FundingTable { sink, series: BTreeMap::new() }
    }

    fn take(&mut self, row: &Row<'_>, read: Result<Option<(&str, FundingRow)>, Fault>) {
        self.sink.report.rows += 1;
        match read {
            Ok(None) => self.sink.report.unselected += 1,
            Ok(Some((name, rate))) => self.keep(row, name, rate),
            Err(fault) => self.sink.refuse(row, fault),
        }
    }

    fn keep(&mut self, row: &Row<'_>, name: &str, rate: FundingRow) {
        let last = self.series.get(name).and_then(|rates| rates.last());
        let fault = last.and_then(|last| out_of_order((last.time, last.line), rate.time));
        if let Some(fault) = fault {
            return self.sink.refuse(row, fault);
        }
        self.sink.report.accepted += 1;
        self.series.entry(name.to_owned()).or_default().push(rate);
    }

    fn finish(mut self) -> Result<FundingFile, FeedErrors> {
        if self.sink.report.rows == 0 {
            let place = Place::file(&self.sink.report.file);
            self.sink.fail(FeedError::input("file.empty", place, "rows of funding rates", "none"));
        }
        for (name, rates) in &self.series {
            self.sink.report.gaps.extend(gaps(name, rates));
        }
        Ok(FundingFile { series: self.series, report: self.sink.finish()? })
    }
}

/// Steps of more than one and a half times the usual one, the median.
fn gaps(name: &str, rates: &[FundingRow]) -> Vec<Gap> {
    let step = |pair: &[FundingRow]| pair[1].time.since(pair[0].time).nanos();
    let mut steps: Vec<i64> = rates.windows(2).map(step).collect();
    steps.sort_unstable();
    let Some(usual) = steps.get(steps.len() / 2).copied() else { return Vec::new() };
    let due = |time: Timestamp| time.plus(Duration::from_nanos(usual));
    let holes = rates.windows(2).filter(|pair| step(pair) - usual > usual / 2);
    let hole = |pair: &[FundingRow]| Gap {
        name: name.to_owned(),
        from: due(pair[0].time),
        to: pair[1].time,
        line: pair[1].line,
    };
    holes.map(hole).collect()
}
