//! What happened, in eight figures of the summary.

use serde_json::Value;

use crate::report::Told;
use crate::report::table::{Block, Card, Cell, Section, shown};
use crate::summary::numbers::rounded;

/// The headline.
pub fn section(told: &Told) -> Option<Section> {
    let summary = &told.summary;
    let unit = told.numeraire();
    let text = |pointer: &str| summary.pointer(pointer).and_then(Value::as_str);
    let share = text("/liquidated/share_of_opening").and_then(per_cent);
    let share = share.map(|share| format!("{share} % of opening open notional"));
    let first = text("/liquidated/first").map(|at| format!("first {}", moment(at)));
    let worst = text("/liquidated/worst_minute/notional").zip(text("/liquidated/worst_minute/at"));
    let worst = worst
        .map(|(notional, at)| format!("worst minute {}: {} {unit}", moment(at), shown(notional)));
    let both: Vec<String> = share.into_iter().chain(worst).collect();
    let both = (!both.is_empty()).then(|| both.join("; "));
    let loser = summary.pointer("/lost/worst/account").map(Value::to_string);
    let loser = loser.zip(text("/lost/worst/equity"));
    let loser = loser.map(|(account, equity)| {
        format!("worst: account {}, {} {unit}", shown(&account), shown(equity))
    });
    let opening = text("/liquidated/opening_open_notional");
    let opening = opening.map(|opening| format!("opening open notional {} {unit}", shown(opening)));
    let card = |label: &str, pointer: &str, more: Option<String>| Card {
        label: label.to_owned(),
        cell: Cell::summary(summary, pointer),
        more: more.unwrap_or_default(),
    };
    let money = |label: &str| format!("{label}, {unit}");
    let deleveragings = summary.pointer("/liquidated/deleveragings").and_then(Value::as_u64);
    let deleveragings = deleveragings
        .filter(|count| *count > 0)
        .map(|count| format!("{} closings against winners", shown(&count.to_string())));
    let mut more = Vec::new();
    if summary.pointer("/liquidated/takeovers").is_some() {
        let count = summary.pointer("/liquidated/takeovers").and_then(Value::as_u64).unwrap_or(0);
        let positions = format!("{} positions, at mark", shown(&count.to_string()));
        let label = money("handed to the backstop");
        more.push(card(&label, "/liquidated/taken_over_notional", Some(positions)));
    }
    Some(Section {
        id: "headline",
        title: "What happened".to_owned(),
        blocks: vec![Block::Cards(
            [
                vec![
                    card("accounts", "/accounts", opening),
                    card("accounts liquidated", "/liquidated/accounts", first),
                    card(&money("notional liquidated"), "/liquidated/notional", both),
                    card("accounts below zero", "/lost/accounts", loser),
                    card(
                        &money("deficit"),
                        "/money/deficit",
                        Some("what bankrupt accounts lacked".to_owned()),
                    ),
                    card(&money("paid by the insurance fund"), "/money/insurance_fund", None),
                    card(&money("taken by deleveraging"), "/money/deleveraged", deleveragings),
                    card(&money("socialised"), "/money/socialised", None),
                    card(&money("uncovered"), "/money/uncovered", None),
                ],
                more,
            ]
            .concat(),
        )],
    })
}

/// A share as per cent, one place: `0.224123` to `22.4`.
fn per_cent(share: &str) -> Option<String> {
    let (whole, part) = share.split_once('.').unwrap_or((share, ""));
    let digits = format!("{whole}{part:0<6}").parse::<i128>().ok()?;
    Some(rounded(digits, 4, 1))
}

/// `2020-03-12T01:35:00Z` to `12th 01:35`.
pub fn moment(text: &str) -> String {
    feed::time::utc(text).map_or_else(|| text.to_owned(), crate::clockface::day_and_minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_read_as_per_cent() {
        for (share, text) in [("0.224123", "22.4"), ("1", "100.0"), ("0.0004", "0.0")] {
            assert_eq!(per_cent(share).as_deref(), Some(text), "{share}");
        }
    }
}
