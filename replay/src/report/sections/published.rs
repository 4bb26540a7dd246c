//! The run beside what was published about its day, as `summary.json` holds it.

use serde_json::Value;

use crate::report::Told;
use crate::report::table::{Block, Cell, Section, Table, shown_to};

/// The section; absent where nothing published is known about the day.
pub fn section(told: &Told) -> Option<Section> {
    let rows = told.summary.get("published")?.as_array().filter(|rows| !rows.is_empty())?;
    let (cannot, compared): (Vec<&Value>, Vec<&Value>) =
        rows.iter().partition(|row| row["verdict"] == "cannot");
    let blocks = vec![
        Block::Text(SENTENCE.to_owned()),
        Block::Table(table(&compared)),
        Block::Folded(not_comparable(&cannot)),
    ];
    Some(Section { id: "published", title: "Beside published figures".to_owned(), blocks })
}

const SENTENCE: &str = "Prices are checked to the last published digit. Everything that follows \
    from accounts is comparable in order of magnitude at best: accounts are invented, published \
    totals are censored and differ from source to source; money is scaled from the house to the \
    market it is a part of. Of fund and deleveraging only the shape is compared.";

fn table(rows: &[&Value]) -> Table {
    let cells = |row: &&Value| {
        vec![
            Cell::text(named(row)),
            Cell::text(text(&row["class"])),
            Cell::text(published(&row["published"])),
            Cell::text(figure(&row["ours"])),
            Cell::words(text(&row["says"])),
            Cell::words(text(&row["source"])),
        ]
    };
    let head = ["figure", "class", "published", "ours", "verdict", "source"];
    Table {
        caption: String::new(),
        head: head.map(str::to_owned).to_vec(),
        rows: rows.iter().map(cells).collect(),
    }
}

fn not_comparable(rows: &[&Value]) -> Table {
    let cells = |row: &&Value| {
        let reason = text(&row["says"]);
        vec![
            Cell::text(named(row)),
            Cell::words(published(&row["published"])),
            Cell::words(reason.strip_prefix("cannot: ").unwrap_or(&reason)),
            Cell::words(text(&row["source"])),
        ]
    };
    let head = ["figure", "published", "why not", "source"];
    Table {
        caption: format!("Not comparable ({})", rows.len()),
        head: head.map(str::to_owned).to_vec(),
        rows: rows.iter().map(cells).collect(),
    }
}

fn named(row: &Value) -> String {
    let (name, unit) = (text(&row["name"]), text(&row["unit"]));
    if unit.is_empty() { name } else { format!("{name}, {unit}") }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("").to_owned()
}

/// One figure, or both ends of a range.
fn published(value: &Value) -> String {
    let ends = |low: &str, high: &str| Some((value.get(low)?, value.get(high)?));
    match ends("low", "high").or_else(|| ends("from", "to")) {
        Some((low, high)) => format!("{} to {}", figure(low), figure(high)),
        None => figure(value),
    }
}

/// A figure as people read it: small ones to the last digit, large ones to two places.
fn figure(value: &Value) -> String {
    let Some(text) = value.as_str() else { return "-".to_owned() };
    let whole = text.split('.').next().unwrap_or(text).trim_start_matches('-');
    let large = whole.len() > 3 && whole.bytes().all(|byte| byte.is_ascii_digit());
    if large { shown_to(text, 2) } else { shorter(text) }
}

/// At most six places of a small figure.
fn shorter(text: &str) -> String {
    match text.split_once('.') {
        Some((_, part)) if part.len() > 8 => shown_to(text, 6),
        _ => text.to_owned(),
    }
}
