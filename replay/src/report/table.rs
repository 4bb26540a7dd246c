//! Tables, cards and lists of a report, before they are HTML.
//!
//! A cell that shows a figure of `summary.json` carries the exact figure and where it stands there,
//! so that a test can hold the page to the document.

use serde::Serialize;
use serde_json::Value;

use crate::summary::numbers::{VALUE_PLACES, rounded};

/// A table.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Table {
    /// What it shows; may be empty.
    pub caption: String,
    /// Names of its columns.
    pub head: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// What is read.
    pub text: String,
    /// The exact figure, where the text is rounded.
    pub exact: Option<String>,
    /// Where the figure stands in `summary.json`, as a JSON pointer.
    pub summary: Option<String>,
    /// Set left although its column is one of figures.
    pub words: bool,
}

impl Cell {
    /// Text as it is.
    pub fn text(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), ..Cell::default() }
    }

    /// Words, set left.
    pub fn words(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), words: true, ..Cell::default() }
    }

    /// A value in whole units of the numeraire.
    pub fn value(units: i128) -> Cell {
        let exact = feed::decimal::text(units, VALUE_PLACES);
        Cell { text: rounded(units, VALUE_PLACES, 0), exact: Some(exact), ..Cell::default() }
    }

    /// A count.
    pub fn count(count: u64) -> Cell {
        Cell::text(crate::summary::numbers::grouped(u128::from(count)))
    }

    /// A figure of `summary.json`, money and counts in whole units; a dash where it has none.
    pub fn summary(summary: &Value, pointer: &str) -> Cell {
        let value = summary.pointer(pointer).unwrap_or(&Value::Null);
        let exact = match value {
            Value::String(text) => text.clone(),
            Value::Null => "-".to_owned(),
            other => other.to_string(),
        };
        let text = shown(&exact);
        Cell { text, exact: Some(exact), summary: Some(pointer.to_owned()), words: false }
    }
}

/// A figure of the summary as people read it: decimals to whole units, counts grouped.
pub fn shown(exact: &str) -> String {
    shown_to(exact, 0)
}

/// As [`shown`], to so many places.
pub fn shown_to(exact: &str, kept: u32) -> String {
    let (whole, part) = exact.split_once('.').unwrap_or((exact, ""));
    let places = part.len() as u32;
    match format!("{whole}{part}").parse::<i128>() {
        Ok(units) => rounded(units, places, kept),
        Err(_) => exact.to_owned(),
    }
}

/// A figure that stands out.
#[derive(Debug, Clone, Serialize)]
pub struct Card {
    /// What it is.
    pub label: String,
    /// The figure.
    pub cell: Cell,
    /// What to add in small.
    pub more: String,
}

/// An entry of a list: a line that stands out, and a paragraph.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// The line.
    pub head: String,
    /// The paragraph.
    pub text: String,
}

/// A part of a section.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// Figures that stand out.
    Cards(Vec<Card>),
    /// A table.
    Table(Table),
    /// A table, folded.
    Folded(Table),
    /// A numbered list.
    List(Vec<Entry>),
    /// A paragraph.
    Text(String),
    /// SVG, made here.
    Picture(String),
}

/// A section of the page.
#[derive(Debug, Clone, Serialize)]
pub struct Section {
    /// Its name in links.
    pub id: &'static str,
    /// Its title.
    pub title: String,
    /// Its parts; at least one.
    pub blocks: Vec<Block>,
}

#[cfg(test)]
mod tests {
    //! Goal: what is read is the exact figure, rounded. Method: a table.

    use super::*;

    #[test]
    fn exact_figures_are_shown_rounded() {
        let table = [
            ("94603.7689442719635008", "94,604"),
            ("-7592.5", "-7,593"),
            ("0", "0"),
            ("3667", "3,667"),
            ("2020-03-12T01:35:00Z", "2020-03-12T01:35:00Z"),
            ("-", "-"),
        ];
        for (exact, text) in table {
            assert_eq!(shown(exact), text);
        }
    }
}
