//! Where the two runs part first, and how their rulebooks differ.

use serde_json::Value;

use super::Pair;
use crate::difference::Seen;
use crate::report::table::{Block, Cell, Section, Table};
use crate::summary::numbers::grouped;

/// Rows of rules that are not folded away.
const ROWS_OPEN: usize = 12;

/// Rows of rules at most.
const ROWS_MAX: usize = 60;

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
        let table = Table {
            caption: format!("Rules that differ ({} figures)", rules.len()),
            head: ["rule", "a", "b"].map(str::to_owned).to_vec(),
            rows: rule_rows(rules),
        };
        let few = table.rows.len() <= ROWS_OPEN;
        blocks.push(if few { Block::Table(table) } else { Block::Folded(table) });
    }
    Some(Section { id: "parting", title: "Where they part".to_owned(), blocks })
}

/// A row a figure; figures of one section that only one side has share a row.
fn rule_rows(rules: &[(String, [Option<String>; 2])]) -> Vec<Vec<Cell>> {
    let section = |path: &str| path.rsplit_once('.').map_or("", |(section, _)| section).to_owned();
    let lone = |values: &[Option<String>; 2]| values.iter().position(Option::is_none);
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut place = 0;
    while let Some((path, values)) = rules.get(place) {
        let same = |(other, them): &&(String, [Option<String>; 2])| {
            section(other) == section(path) && lone(them) == lone(values)
        };
        let together = rules.iter().skip(place).take_while(same).count();
        let absent = || "(absent)".to_owned();
        let (name, cells) = match lone(values) {
            Some(side) if together > 1 && !section(path).is_empty() => {
                let parts = rules.iter().skip(place).take(together).map(|(path, values)| {
                    let key = path.rsplit('.').next().unwrap_or(path);
                    let value = values.iter().flatten().next().map_or("", String::as_str);
                    format!("{key} {value}")
                });
                let all = parts.collect::<Vec<_>>().join("; ");
                place += together;
                (section(path), if side == 0 { [absent(), all] } else { [all, absent()] })
            }
            _ => {
                place += 1;
                (path.clone(), values.clone().map(|value| value.unwrap_or_else(absent)))
            }
        };
        let [a, b] = cells.map(Cell::words);
        rows.push(vec![Cell::text(name), a, b]);
    }
    let more = rows.len().saturating_sub(ROWS_MAX);
    if more > 0 {
        rows.truncate(ROWS_MAX);
        let text = format!("and {} more: clearsim diff names them", grouped(more as u128));
        rows.push(vec![Cell::text(text), Cell::words(""), Cell::words("")]);
    }
    rows
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

#[cfg(test)]
mod tests {
    //! Goal: a section that one side lacks is one row, a figure that both have its own. Method: a
    //! list.

    use super::*;

    #[test]
    fn sections_of_one_side_share_a_row() {
        let figure = |path: &str, a: Option<&str>, b: Option<&str>| {
            (path.to_owned(), [a, b].map(|value| value.map(str::to_owned)))
        };
        let rules = [
            figure("instruments.X.initial", Some("0.1"), Some("0.2")),
            figure("instruments.X.liquidity.model", None, Some("depth")),
            figure("instruments.X.liquidity.refill", None, Some("25s")),
            figure("instruments.Y.liquidity.model", Some("depth"), None),
            figure("limits.accounts_max", Some("1"), Some("2")),
        ];
        let rows = rule_rows(&rules);
        let texts = rows.iter().map(|row| row.iter().map(|cell| cell.text.as_str()).collect());
        let texts: Vec<Vec<&str>> = texts.collect();
        let expected = [
            ["instruments.X.initial", "0.1", "0.2"],
            ["instruments.X.liquidity", "(absent)", "model depth; refill 25s"],
            ["instruments.Y.liquidity.model", "depth", "(absent)"],
            ["limits.accounts_max", "1", "2"],
        ];
        assert_eq!(texts, expected);
    }
}
