//! `binance-klines/1`: bars of the Binance archive.
//!
//! Twelve columns, with a header line in newer futures files and without in older spot files; the
//! header is told by its first field, which is no number. Times are milliseconds, in spot files of
//! 2025 and later microseconds; digits tell. A bar closes one unit before the next opens.

use super::bars::one_series;
use super::compressed::Stored;
use super::rows::{Fault, Row, Sink, lines, quoted};
use super::table::{BarColumns, BarTable, UnixColumn, bar};
use super::{BarFile, Request};
use crate::error::FeedErrors;

/// Columns of the layout.
const COLUMNS: &[&str] = &[
    "open_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "close_time",
    "quote_volume",
    "count",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "ignore",
];

/// Reads a kline file; `request.name` names its series.
///
/// # Errors
/// The faults of rows, and those of [`Stored::text`].
pub fn read(stored: &Stored, request: &Request<'_>) -> Result<BarFile, FeedErrors> {
    let text = stored.text()?;
    let (name, bound) = one_series(stored, request)?;
    let mut table = BarTable::new(Sink::new(stored, request.mode));
    let mut times = UnixColumn::default();
    let mut rounded = 0;
    for (place, (line, raw)) in lines(&text).enumerate() {
        let numeric = raw.starts_with(|first: char| first.is_ascii_digit() || first == '-');
        if place == 0 && !numeric {
            continue;
        }
        let row = Row::cut(raw, line, COLUMNS);
        let read = row.check_width().and_then(|()| {
            let time = times.read(&row, 0)?;
            let close_time = times.read(&row, 6)?;
            if close_time <= time {
                let expected = "a close time after the open time";
                return Err(Fault::field("row.time", 6, expected, quoted(row.text(6))));
            }
            let columns = BarColumns { open: 1, volume: Some(5) };
            Ok(Some((name, bar(&row, time, columns, bound, &mut rounded)?)))
        });
        table.take(row, read);
    }
    table.sink.report.volumes_rounded = rounded;
    table.finish(request)
}
