//! One day under several rulebooks, side by side.

use serde_json::{Value, json};

use crate::summary::numbers::{VALUE_PLACES, grouped, parts, rounded};
use crate::summary::{Statistics, numeraire};
use crate::verbs::day::DayRun;

/// The runs' documents in one.
pub fn document(runs: &[DayRun]) -> Value {
    let documents: Vec<&Value> = runs.iter().map(|run| &run.document).collect();
    json!({ "schema": "clearsim.day-comparison/1", "runs": documents })
}

/// A table: a row a figure, a column a rulebook.
pub fn lines(runs: &[DayRun]) -> Vec<String> {
    let unit = numeraire(runs.first().and_then(|run| run.statistics.rulebook.as_ref()));
    let row = |label: &str, figure: &dyn Fn(&Statistics) -> String| {
        let cells: String =
            runs.iter().map(|run| format!("{:>20}", figure(&run.statistics))).collect();
        format!("{label:<24}{cells}")
    };
    let whole = |units: i128| rounded(units, VALUE_PLACES, 0);
    let names: String = runs.iter().map(|run| format!("{:>20}", run.facts.rulebook)).collect();
    vec![
        format!("{:<24}{names}", format!("rulebook ({unit})")),
        row("accounts liquidated", &|s| grouped(s.liquidated.len() as u128)),
        row("notional liquidated", &|s| whole(s.reduced + s.deleveraged)),
        row("share of opening, %", &|s| {
            let share = parts(s.reduced + s.deleveraged, s.opening_notional.unwrap_or(0));
            share.map_or_else(|| "-".to_owned(), |share| rounded(share, 4, 1))
        }),
        row("deficit", &|s| whole(s.deficit().deficit)),
        row("  insurance fund", &|s| whole(s.deficit().insurance_fund)),
        row("  deleveraged", &|s| whole(s.deficit().deleveraged)),
        row("  socialised", &|s| whole(s.deficit().socialised)),
        row("  uncovered", &|s| whole(s.deficit().uncovered)),
        row("liquidity account PnL", &|s| s.liquidity_pnl.map_or_else(|| "-".to_owned(), whole)),
        row("accounts below zero", &|s| {
            grouped(s.deficits.values().filter(|one| one.deficit > 0).count() as u128)
        }),
    ]
}
