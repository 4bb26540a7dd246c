//! `freqtrade-json/1`: bars as one JSON array of `[ts_ms, open, high, low, close, volume]`.
//!
//! Numbers are taken as the text that stands in the file, never through a float. The array often
//! fills a single line, so places are line and column of the row or of its field.

use serde_json::value::RawValue;

use super::bars::one_series;
use super::compressed::Stored;
use super::rows::{Fault, Row, Sink};
use super::table::{BarColumns, BarTable, UnixColumn, bar};
use super::{BarFile, Request};
use crate::error::{FeedError, FeedErrors, Place, shortened};

/// Fields of a row.
const COLUMNS: &[&str] = &["ts_ms", "open", "high", "low", "close", "volume"];

/// Reads a freqtrade bar file; `request.name` names its series.
///
/// # Errors
/// `freqtrade.json` where the array itself is broken, the faults of rows, and those of
/// [`Stored::text`].
pub fn read(stored: &Stored, request: &Request<'_>) -> Result<BarFile, FeedErrors> {
    let text = stored.text()?;
    let (name, bound) = one_series(stored, request)?;
    let rows: Vec<&RawValue> = serde_json::from_str(&text).map_err(|error| {
        let place = Place::line(&stored.file, error.line() as u64).column(error.column() as u64);
        let expected = "a JSON array of rows [ts_ms,open,high,low,close,volume]";
        let found = error.to_string();
        let found = found.split(" at line ").next().unwrap_or(&found);
        FeedError::input("freqtrade.json", place, expected, shortened(found))
    })?;
    let mut table = BarTable::new(Sink::new(stored, request.mode));
    let mut times = UnixColumn::default();
    let mut rounded = 0;
    let mut places = Places { text: &text, offset: 0, line: 1, line_start: 0 };
    for raw in rows {
        let raw = raw.get();
        let (line, column) = places.of(raw);
        let (row, shape) = cut(raw, line, column);
        let read = shape.and_then(|()| row.check_width()).and_then(|()| {
            let time = times.read(&row, 0)?;
            let columns = BarColumns { open: 1, volume: Some(5) };
            Ok(Some((name, bar(&row, time, columns, bound, &mut rounded)?)))
        });
        table.take(row, read);
    }
    table.sink.report.volumes_rounded = rounded;
    table.finish(request)
}

/// A row's numbers as text with their columns.
fn cut(raw: &str, line: u64, column: u64) -> (Row<'_>, Result<(), Fault>) {
    let numbers: Result<Vec<&RawValue>, _> = serde_json::from_str(raw);
    let shape = match &numbers {
        Ok(_) => Ok(()),
        Err(_) => Err(Fault::row("row.columns", "an array of six numbers", shortened(raw))),
    };
    let start = raw.as_ptr().addr();
    let fields = numbers.unwrap_or_default().into_iter().map(|number| {
        let text = number.get();
        (text, column + (text.as_ptr().addr() - start) as u64)
    });
    (Row::of(raw, line, COLUMNS, fields.collect()), shape)
}

/// Counts lines on the way from row to row.
struct Places<'a> {
    text: &'a str,
    offset: usize,
    line: u64,
    line_start: usize,
}

impl Places<'_> {
    /// Line and column of a part of the text that stands after the previous one.
    fn of(&mut self, part: &str) -> (u64, u64) {
        let offset = part.as_ptr().addr() - self.text.as_ptr().addr();
        for (index, byte) in self.text.bytes().enumerate().take(offset).skip(self.offset) {
            if byte == b'\n' {
                self.line += 1;
                self.line_start = index + 1;
            }
        }
        self.offset = offset;
        (self.line, (offset - self.line_start) as u64 + 1)
    }
}
