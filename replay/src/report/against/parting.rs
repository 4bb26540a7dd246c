//! Where the two runs part first, and how their rulebooks differ.

use serde_json::Value;

use super::Pair;
use crate::difference::Seen;
use crate::report::table::{Block, Cell, Section, Table};
use crate::summary::numbers::grouped;

/// Figures of rulebooks listed at most.
const FIGURES_MAX: usize = 60;

/// The section.
pub fn section(pair: &Pair<'_>) -> Option<Section> {
    let mut blocks = vec![Block::Text(sentence(pair))];
    if let Some(first) = &pair.difference.first {
        let event =
            |seen: &Option<Seen>| seen.as_ref().map_or_else(|| "(no event)".to_owned(), told);
        let value = |value: &Option<Value>| match value {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => "(absent)".to_owned(),
        };
        let row = |letter: &str, place: usize| {
            let seen = first.events.get(place).map(event).unwrap_or_default();
            let value = first.values.get(place).map(value).unwrap_or_default();
            vec![Cell::text(letter), Cell::words(seen), Cell::words(value)]
        };
        blocks.push(Block::Table(Table {
            caption: format!("First divergence: {}", first.path),
            head: ["run", "event", "value"].map(str::to_owned).to_vec(),
            rows: vec![row("a", 0), row("b", 1)],
        }));
    }
    let rules = &pair.difference.rulebook;
    if !rules.is_empty() {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "(absent)".to_owned());
        let rows = rules.iter().take(FIGURES_MAX).map(|(path, [a, b])| {
            vec![Cell::text(path), Cell::words(text(a)), Cell::words(text(b))]
        });
        blocks.push(Block::Table(Table {
            caption: format!("Rules that differ ({})", rules.len()),
            head: ["rule", "a", "b"].map(str::to_owned).to_vec(),
            rows: rows.collect(),
        }));
    }
    Some(Section { id: "parting", title: "Where they part".to_owned(), blocks })
}

fn sentence(pair: &Pair<'_>) -> String {
    let (seals, equal) = pair.difference.seals;
    let equal = equal.map_or_else(
        || "no seal".to_owned(),
        |at| format!("the seal at event {}", grouped(u128::from(at))),
    );
    let seals = grouped(seals as u128);
    let aligned = pair.difference.alignment.word();
    match pair.difference.first {
        None => format!("The runs are equal: no effect differs (aligned by {aligned})."),
        Some(_) => format!(
            "Aligned by {aligned}. Of {seals} seals at one place in both, the runs are equal up to \
             {equal}; after it the first difference is below. clearsim diff shows the events \
             around it."
        ),
    }
}

fn told(seen: &Seen) -> String {
    format!(
        "event {} ({}), {}",
        grouped(u128::from(seen.sequence)),
        seen.kind.replace('_', " "),
        feed::time::text(domain::Timestamp::from_nanos(seen.timestamp))
    )
}
