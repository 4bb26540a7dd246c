//! The summaries of two runs side by side, with their differences.

use serde_json::Value;

use super::Pair;
use crate::report::table::{Block, Cell, Section, Table, shown};
use crate::summary::numbers::VALUE_PLACES;

/// Figures compared: name, place in `summary.json`.
const FIGURES: [(&str, &str); 15] = [
    ("accounts", "/accounts"),
    ("accounts liquidated", "/liquidated/accounts"),
    ("notional liquidated", "/liquidated/notional"),
    ("of it closed against liquidity", "/liquidated/reduced_notional"),
    ("of it deleveraged", "/liquidated/deleveraged_notional"),
    ("of it handed to the backstop", "/liquidated/taken_over_notional"),
    ("closings against winners", "/liquidated/deleveragings"),
    ("winners closed", "/liquidated/winners_closed"),
    ("accounts below zero", "/lost/accounts"),
    ("deficit", "/money/deficit"),
    ("paid by the insurance fund", "/money/insurance_fund"),
    ("taken by deleveraging", "/money/deleveraged"),
    ("socialised", "/money/socialised"),
    ("uncovered", "/money/uncovered"),
    ("effects", "/counts/effects"),
];

/// The section.
pub fn section(pair: &Pair<'_>) -> Section {
    let [one, other] = [pair.ours, pair.theirs].map(|told| &told.summary);
    let told =
        |pointer: &str| [one, other].iter().any(|summary| summary.pointer(pointer).is_some());
    let figures = FIGURES.iter().filter(|(_, pointer)| told(pointer));
    let rows = figures.map(|(name, pointer)| {
        let [a, b] = [one, other].map(|summary| exact(summary, pointer));
        let difference = match (units(&a), units(&b)) {
            (Some(a), Some(b)) => Cell::value(a - b),
            _ => Cell::text("-"),
        };
        let cell =
            |exact: String| Cell { text: shown(&exact), exact: Some(exact), ..Cell::default() };
        vec![Cell::text(*name), cell(a), cell(b), difference]
    });
    let rows: Vec<Vec<Cell>> = rows.collect();
    let head = ["figure", "a", "b", "a less b"];
    let names = [("a", pair.ours), ("b", pair.theirs)].map(|(letter, told)| {
        vec![
            Cell::text(letter),
            Cell::words(told.told("/id")),
            Cell::words(told.told("/rulebook")),
            Cell::words(told.told("/state_digest").get(..16).unwrap_or("").to_owned()),
        ]
    });
    let runs = Table {
        caption: "The runs".to_owned(),
        head: ["", "run", "rulebook", "state digest"].map(str::to_owned).to_vec(),
        rows: names.to_vec(),
    };
    let figures = Table {
        caption: format!("Values in {}", pair.ours.numeraire()),
        head: head.map(str::to_owned).to_vec(),
        rows,
    };
    Section {
        id: "difference",
        title: "What differs".to_owned(),
        blocks: vec![Block::Table(runs), Block::Table(figures)],
    }
}

fn exact(summary: &Value, pointer: &str) -> String {
    match summary.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => "-".to_owned(),
        Some(other) => other.to_string(),
    }
}

/// A decimal at 1e-16.
fn units(exact: &str) -> Option<i128> {
    let (whole, part) = exact.split_once('.').unwrap_or((exact, ""));
    let width = VALUE_PLACES as usize;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let number = whole.strip_prefix('-').unwrap_or(whole);
    if part.len() > width || number.is_empty() || !digits(number) || !digits(part) {
        return None;
    }
    format!("{whole}{part:0<width$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_to_the_last_place() {
        let table = [
            ("-1.5", Some(-15_000_000_000_000_000)),
            ("3667", Some(3_667 * 10i128.pow(16))),
            ("-", None),
            ("0.0000000000000001", Some(1)),
        ];
        for (text, expected) in table {
            assert_eq!(units(text), expected, "{text}");
        }
    }
}
