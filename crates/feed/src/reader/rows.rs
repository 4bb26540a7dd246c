//! Lines to fields with their places, and the two ways to meet a faulty row.
//!
//! Price files are lines of simple fields; a quote opens and closes on one line. Strict gathers
//! faults, lenient sets rows aside, and neither loses one.

use serde::Serialize;

use super::Report;
use super::compressed::Stored;
use crate::decimal::{self, DecimalFault};
use crate::error::{FeedError, FeedErrors, Place, shortened};

/// What happens to a faulty row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// The file is refused.
    #[default]
    Strict,
    /// The row is set aside and the rest is read.
    Lenient,
}

/// A row set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reject {
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1; 0 for the row as a whole.
    pub column: u64,
    /// Name of the field, empty for the row as a whole.
    pub field: String,
    /// Stable code of the fault.
    pub code: String,
    /// Expectation and finding.
    pub reason: String,
    /// The row as it stood, shortened.
    pub raw: String,
}

/// One line cut into fields.
pub(super) struct Row<'a> {
    /// Line, from 1.
    pub line: u64,
    /// The line itself.
    pub raw: &'a str,
    /// Text and column of each field.
    fields: Vec<(&'a str, u64)>,
    /// Names of the fields, in order.
    names: &'static [&'static str],
}

/// A fault of one field or, with no field, of the row.
pub(super) struct Fault {
    code: &'static str,
    field: Option<usize>,
    expected: String,
    found: String,
}

impl Fault {
    /// A fault of the row as a whole.
    pub fn row(code: &'static str, expected: impl Into<String>, found: impl Into<String>) -> Fault {
        Fault { code, field: None, expected: expected.into(), found: found.into() }
    }

    /// A fault of the field with this index.
    pub fn field(
        code: &'static str,
        field: usize,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Fault {
        Fault { code, field: Some(field), expected: expected.into(), found: found.into() }
    }

    /// A number that did not become an integer of its unit.
    pub fn number(field: usize, fault: &DecimalFault) -> Fault {
        Fault::field("row.number", field, fault.expected(), fault.found())
    }
}

impl<'a> Row<'a> {
    /// Cuts a line at commas. A field may stand in quotes.
    pub fn cut(raw: &'a str, line: u64, names: &'static [&'static str]) -> Row<'a> {
        let mut fields = Vec::with_capacity(names.len());
        let mut column = 1;
        for text in raw.split(',') {
            let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
            fields.push((bare.unwrap_or(text), column));
            column += text.chars().count() as u64 + 1;
        }
        Row { line, raw, fields, names }
    }

    /// A row whose fields were found by another parser.
    pub fn of(
        raw: &'a str,
        line: u64,
        names: &'static [&'static str],
        fields: Vec<(&'a str, u64)>,
    ) -> Row<'a> {
        Row { line, raw, fields, names }
    }

    /// The text of a field; empty beyond the last, which [`Row::check_width`] has refused.
    pub fn text(&self, field: usize) -> &'a str {
        self.fields.get(field).map_or("", |(text, _)| text)
    }

    /// Refuses missing and surplus columns.
    pub fn check_width(&self) -> Result<(), Fault> {
        let (found, expected) = (self.fields.len(), self.names.len());
        if found == expected {
            return Ok(());
        }
        let expected = format!("{expected} columns ({})", self.names.join(","));
        Err(Fault::row("row.columns", expected, format!("{found}")))
    }

    /// A price: exact in its unit, above zero, at most the bound.
    pub fn price(&self, field: usize, bound: super::PriceBound) -> Result<i64, Fault> {
        let text = self.text(field);
        let price =
            decimal::parse(text, bound.digits).map_err(|fault| Fault::number(field, &fault))?;
        if price <= 0 {
            return Err(Fault::field("row.price", field, "a price above zero", quoted(text)));
        }
        if price > bound.max {
            let largest = decimal::text(i128::from(bound.max), bound.digits);
            let expected = format!("a price of at most {largest}");
            return Err(Fault::field("row.price", field, expected, quoted(text)));
        }
        Ok(price)
    }
}

/// A field as it stands in a message.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

/// The lines of a text with their numbers, without blank ones and without a byte order mark.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (u64, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty())
}

/// Meets faulty rows in one of the two ways and keeps the count.
pub(super) struct Sink {
    mode: Mode,
    errors: FeedErrors,
    /// The report being written.
    pub report: Report,
}

impl Sink {
    /// For one file.
    pub fn new(stored: &Stored, mode: Mode) -> Sink {
        let report = Report {
            file: stored.file.clone(),
            sha256: stored.sha256.clone(),
            bytes: stored.size(),
            ..Report::default()
        };
        Sink { mode, errors: FeedErrors::default(), report }
    }

    /// A faulty row: a fault of the file when strict, a reject when lenient.
    pub fn refuse(&mut self, row: &Row<'_>, fault: Fault) {
        let named = fault.field.map(|field| {
            let column = row.fields.get(field).map_or(0, |(_, column)| *column);
            (row.names.get(field).copied().unwrap_or(""), column)
        });
        let (field, column) = named.unwrap_or(("", 0));
        let mut place = Place::line(&self.report.file, row.line).excerpt(row.raw);
        if column > 0 {
            place = place.at(field).column(column);
        }
        let error = FeedError::input(fault.code, place, fault.expected, fault.found);
        match self.mode {
            Mode::Strict => self.errors.push(error.help("correct the row, or read leniently")),
            Mode::Lenient => self.report.rejects.push(Reject {
                line: row.line,
                column,
                field: field.to_owned(),
                code: error.code.clone(),
                reason: error.sentence(),
                raw: shortened(row.raw),
            }),
        }
    }

    /// A row that was accepted and is taken back after all (it lies off the grid).
    pub fn take_back(&mut self, row: &Row<'_>, fault: Fault) {
        self.report.accepted -= 1;
        self.refuse(row, fault);
    }

    /// A fault of the file that no leniency repairs.
    pub fn fail(&mut self, error: FeedError) {
        self.errors.push(error);
    }

    /// The report, or the faults.
    pub fn finish(self) -> Result<Report, FeedErrors> {
        self.errors.or(self.report)
    }
}
