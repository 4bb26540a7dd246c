//! `clearsim-hours/1`: hourly figures of several assets in one file.
//!
//! Header `hour_utc,asset,open,high,low,close`; `hour_utc` is the start of the hour
//! (`2020-03-12T00:00Z`). Rows of one asset increase in time; assets may follow one another or
//! mix. Law: every start lies on a full hour.

use domain::{Duration, Timestamp};

use super::bars::check_header;
use super::compressed::Stored;
use super::rows::{Fault, Row, Sink, lines, quoted};
use super::table::{BarColumns, BarTable, bar};
use super::{BarFile, Request};
use crate::error::FeedErrors;
use crate::time::{self, HOUR};

/// Columns of the layout.
const COLUMNS: &[&str] = &["hour_utc", "asset", "open", "high", "low", "close"];

/// Reads a file of hourly figures. Rows of assets that were not asked for are counted only.
///
/// # Errors
/// `hours.header`, the faults of rows, and those of [`Stored::text`].
pub fn read(stored: &Stored, request: &Request<'_>) -> Result<BarFile, FeedErrors> {
    let text = stored.text()?;
    let mut rows = lines(&text);
    check_header(stored, rows.next(), COLUMNS, "hours.header")?;
    let mut table = BarTable::new(Sink::new(stored, request.mode));
    for (line, raw) in rows {
        let row = Row::cut(raw, line, COLUMNS);
        let asset = row.text(1);
        let read = row.check_width().and_then(|()| {
            if !request.selects(asset) {
                return Ok(None);
            }
            let time = hour(&row, 0)?;
            let bound = (request.bound)(asset).ok_or_else(|| {
                Fault::field("row.asset", 1, "an asset of the rulebook", quoted(asset))
            })?;
            let columns = BarColumns { open: 2, volume: None };
            Ok(Some((asset, bar(&row, time, columns, bound, &mut 0)?)))
        });
        table.take(row, read);
    }
    let hourly = Request { interval: Some(Duration::from_nanos(HOUR)), ..*request };
    table.finish(&hourly)
}

/// A UTC time on a full hour.
pub(super) fn hour(row: &Row<'_>, field: usize) -> Result<Timestamp, Fault> {
    let text = row.text(field);
    time::utc(text).filter(|time| time.nanos() % HOUR == 0).ok_or_else(|| {
        let expected = "a full hour such as 2020-03-12T00:00Z";
        Fault::field("row.time", field, expected, quoted(text))
    })
}
