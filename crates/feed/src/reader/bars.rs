//! `clearsim-bars/1`: our own layout for bars of one series.
//!
//! Header `ts_ms,open,high,low,close,volume`; `ts_ms` is the start of the bar in Unix
//! milliseconds (other units by digits are taken too, one per file), volume in base coin, zero
//! where the series has none.

use super::compressed::Stored;
use super::rows::{Row, Sink, lines};
use super::table::{BarColumns, BarTable, UnixColumn, bar};
use super::{BarFile, Request};
use crate::error::{FeedError, FeedErrors, Place};

/// Columns of the layout.
const COLUMNS: &[&str] = &["ts_ms", "open", "high", "low", "close", "volume"];

/// Reads a file of bars; `request.name` names its series.
///
/// # Errors
/// `bars.header`, the faults of rows, and those of [`Stored::text`].
pub fn read(stored: &Stored, request: &Request<'_>) -> Result<BarFile, FeedErrors> {
    let text = stored.text()?;
    let (name, bound) = one_series(stored, request)?;
    let mut rows = lines(&text);
    check_header(stored, rows.next(), COLUMNS, "bars.header")?;
    let mut table = BarTable::new(Sink::new(stored, request.mode));
    let mut times = UnixColumn::default();
    let mut rounded = 0;
    for (line, raw) in rows {
        let row = Row::cut(raw, line, COLUMNS);
        let read = row.check_width().and_then(|()| {
            let time = times.read(&row, 0)?;
            let columns = BarColumns { open: 1, volume: Some(5) };
            Ok(Some((name, bar(&row, time, columns, bound, &mut rounded)?)))
        });
        table.take(row, read);
    }
    table.sink.report.volumes_rounded = rounded;
    table.finish(request)
}

/// The series of a file without an asset column, and its bound.
pub(super) fn one_series<'r>(
    stored: &Stored,
    request: &Request<'r>,
) -> Result<(&'r str, super::PriceBound), FeedError> {
    let place = || Place::file(&stored.file);
    let name = request.name.ok_or_else(|| {
        FeedError::input("source.name", place(), "the asset or instrument of the file", "none")
    })?;
    let bound = (request.bound)(name).ok_or_else(|| {
        let expected = "an asset or instrument of the rulebook";
        FeedError::input("source.name", place(), expected, format!("{name:?}"))
    })?;
    Ok((name, bound))
}

/// Refuses a file whose first line is not the header of its layout.
pub(super) fn check_header(
    stored: &Stored,
    first: Option<(u64, &str)>,
    columns: &[&str],
    code: &str,
) -> Result<(), FeedError> {
    let expected = columns.join(",");
    match first {
        Some((_, header)) if header.trim_end() == expected => Ok(()),
        Some((line, header)) => {
            let place = Place::line(&stored.file, line).excerpt(header);
            Err(FeedError::input(code, place, expected, "another first line"))
        }
        None => {
            let place = Place::file(&stored.file);
            Err(FeedError::input(code, place, expected, "an empty file"))
        }
    }
}
