//! Commands that were refused, by reason, in the order rules are checked.

use serde_json::Value;

use crate::report::Told;
use crate::report::table::{Block, Cell, Section, Table};

/// Commands by kind, refusals by reason.
pub fn section(told: &Told) -> Option<Section> {
    let counts = |what: &str, caption: &str, head: &str| {
        let pointer = format!("/counts/{what}");
        let rows = told.summary.pointer(&pointer).and_then(Value::as_object)?;
        let rows = rows.iter().map(|(word, _)| {
            let cell = Cell::summary(&told.summary, &format!("{pointer}/{word}"));
            vec![Cell::text(word.replace('_', " ")), cell]
        });
        let rows: Vec<Vec<Cell>> = rows.collect();
        let head = [head, "events"].map(str::to_owned).to_vec();
        (!rows.is_empty()).then(|| Table { caption: caption.to_owned(), head, rows })
    };
    let mut blocks = Vec::new();
    match counts("refusals", "Refused, by the first rule that was broken", "rule") {
        Some(table) => blocks.push(Block::Table(table)),
        None => blocks.push(Block::Text("No command was refused.".to_owned())),
    }
    if let Some(table) = counts("commands", "Events, by kind of command", "command") {
        blocks.push(Block::Folded(table));
    }
    Some(Section { id: "refusals", title: "Refusals".to_owned(), blocks })
}
