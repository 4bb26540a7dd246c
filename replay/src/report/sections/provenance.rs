//! Where everything comes from: series, files with hashes, gaps, rulebook, seed, digests.

use serde_json::Value;

use crate::report::Told;
use crate::report::table::{Block, Cell, Section, Table};

/// The section.
pub fn section(told: &Told) -> Option<Section> {
    let mut blocks = vec![Block::Text(sentence(told)), Block::Table(facts(told))];
    blocks.extend(table(told, "/provenance", "Series", &SERIES));
    blocks.extend(table(told, "/known_gaps", "Known gaps of the data", &GAPS));
    blocks.extend(table(told, "/inputs", "Files", &FILES));
    Some(Section { id: "provenance", title: "Provenance".to_owned(), blocks })
}

/// Columns: name, key.
type Columns = [(&'static str, &'static str)];

const SERIES: [(&str, &str); 8] = [
    ("series", "name"),
    ("role", "role"),
    ("provenance", "provenance"),
    ("bars", "bars"),
    ("stands in", "stands_in"),
    ("market", "market"),
    ("origin", "origin"),
    ("licence", "licence"),
];

const GAPS: [(&str, &str); 3] = [("source", "source"), ("from", "from"), ("to", "to")];

const FILES: [(&str, &str); 3] = [("file", "file"), ("sha256", "sha256"), ("blake3", "blake3")];

fn sentence(told: &Told) -> String {
    let synthetic = told.summary.get("note").is_some();
    let accounts = if synthetic {
        "Accounts, positions and order flow are synthetic, made from the seed: these totals are \
         not comparable with published ones."
    } else {
        "Accounts come from a file, or from the journal itself."
    };
    let title = told.told("/title");
    let prices = if title.contains("reconstructed") {
        "Prices are historical at the points of the source; the minutes between them are invented."
    } else if title.contains("recorded") {
        "Prices are recorded."
    } else {
        "Prices are as the run's commands gave them."
    };
    format!("{prices} {accounts}")
}

/// Equal runs have equal reports, so what a machine took is not in them.
fn latency(told: &Told) -> String {
    if told.latency.is_some() {
        return "measured, above: this page is not the same for every run of this input".to_owned();
    }
    let run = match told.told("/id") {
        "" => "RUN",
        id => id,
    };
    format!(
        "not in this page, which is the same for every run of this input: clearsim report \
         runs/{run} --latency adds what was measured when it was made"
    )
}

fn facts(told: &Told) -> Table {
    let told_or = |pointer: &str, none: &str| match told.record.pointer(pointer) {
        None | Some(Value::Null) => none.to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(list)) if list.is_empty() => none.to_owned(),
        Some(Value::Array(list)) if list.iter().all(Value::is_object) => {
            format!("{}, listed below", list.len())
        }
        Some(Value::Array(list)) => {
            let words = list.iter().map(|one| one.as_str().unwrap_or("").to_owned());
            words.collect::<Vec<_>>().join(", ")
        }
        Some(other) => other.to_string(),
    };
    let digest = Cell {
        text: told_or("/state_digest", "-"),
        exact: Some(told_or("/state_digest", "-")),
        summary: Some("/state_digest".to_owned()),
        words: true,
    };
    let row = |name: &str, pointer: &str, none: &str| {
        vec![Cell::text(name), Cell::words(told_or(pointer, none))]
    };
    let rows = vec![
        row("run", "/id", "-"),
        row("rulebook", "/rulebook", "-"),
        row("replaced in it", "/overrides", "nothing"),
        row("rulebook digest (BLAKE3)", "/rulebook_digest", "-"),
        row("accounts invented under", "/accounts_under/rulebook", "-"),
        row("price mode", "/price_mode", "-"),
        row("seed", "/seed", "none"),
        row("until", "/until", "the end"),
        row("semantics", "/semantics", "-"),
        row("events", "/last_sequence", "-"),
        vec![Cell::text("state digest (BLAKE3)"), digest],
        row("last seal digest", "/last_seal_digest", "none"),
        row("known gaps of the data", "/known_gaps", "none declared"),
        vec![Cell::text("latency"), Cell::words(latency(told))],
    ];
    Table { caption: String::new(), head: vec!["what".to_owned(), "value".to_owned()], rows }
}

/// A folded table of a list of the record; columns without any value are left out.
fn table(told: &Told, pointer: &str, caption: &str, columns: &Columns) -> Option<Block> {
    let rows = told.record.pointer(pointer)?.as_array().filter(|rows| !rows.is_empty())?;
    let text = |row: &Value, key: &str| match row.get(key) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let used: Vec<&(&str, &str)> = columns
        .iter()
        .filter(|(_, key)| rows.iter().any(|row| !text(row, key).is_empty()))
        .collect();
    let cells =
        |row: &Value| used.iter().map(|(_, key)| Cell::words(text(row, key))).collect::<Vec<_>>();
    Some(Block::Folded(Table {
        caption: format!("{caption} ({})", rows.len()),
        head: used.iter().map(|(name, _)| (*name).to_owned()).collect(),
        rows: rows.iter().map(cells).collect(),
    }))
}
