//! `diff`: the first place where two runs part.

use serde_json::{Value, json};

use crate::cli::DiffArgs;
use crate::console::Console;
use crate::difference::{Difference, Divergence, Seen, compare};
use crate::failure::{Answer, DONE, FOUND};
use crate::summary::numbers::grouped;

/// Figures of a rulebook shown; the rest stand in the document.
const FIGURES_MAX: usize = 12;

/// Compares two finished runs.
///
/// # Errors
/// No journal, damage, another semantics. Exit 1 when they differ.
pub fn diff(console: &mut Console, args: &DiffArgs) -> Answer {
    let found = compare(console, [&args.run_a, &args.run_b], args.context)?;
    if console.json {
        console.document(&document(args, &found))?;
    } else {
        for line in lines(args, &found) {
            console.line(line)?;
        }
    }
    Ok(if found.first.is_some() { FOUND } else { DONE })
}

fn lines(args: &DiffArgs, found: &Difference) -> Vec<String> {
    let mut lines = vec![
        format!("a            {}", args.run_a.display()),
        format!("b            {}", args.run_b.display()),
        format!("aligned by   {}", found.alignment.word()),
    ];
    for (place, (path, values)) in found.rulebook.iter().take(FIGURES_MAX).enumerate() {
        let label = if place == 0 { "rulebook" } else { "" };
        let [one, two] = values.each_ref().map(|value| value.as_deref().unwrap_or("(absent)"));
        lines.push(format!("{label:<13}{path}: {one} | {two}"));
    }
    if found.rulebook.len() > FIGURES_MAX {
        let more = found.rulebook.len() - FIGURES_MAX;
        lines.push(format!("{:13}and {more} more, with --json", ""));
    }
    let (seals, equal) = found.seals;
    let equal = equal.map_or_else(|| "genesis".to_owned(), |at| format!("the seal at {at}"));
    lines.push(format!("equal up to  {equal}, of {seals} seals compared"));
    match &found.first {
        None => {
            let [a, b] = found.events.map(|count| grouped(u128::from(count)));
            let same = if a == b { format!("{a} events") } else { format!("{a} | {b} events") };
            lines.push(format!("difference   none, in {same}"));
        }
        Some(first) => divergence(&mut lines, first),
    }
    lines
}

fn divergence(lines: &mut Vec<String>, first: &Divergence) {
    let [a, b] = &first.events;
    lines.push(format!("differs at   a {}", event(a.as_ref())));
    lines.push(format!("             b {}", event(b.as_ref())));
    lines.push(format!("field        {}", first.path));
    let [one, two] = first.values.each_ref().map(|value| match value {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => "(absent)".to_owned(),
    });
    lines.push(format!("             a {one}"));
    lines.push(format!("             b {two}"));
    for (name, before) in ["a", "b"].iter().zip(&first.before) {
        for (place, seen) in before.iter().enumerate() {
            let label = if place == 0 { format!("before {name}") } else { String::new() };
            lines.push(format!("{label:<13}{}", event(Some(seen))));
        }
    }
}

fn event(seen: Option<&Seen>) -> String {
    let Some(seen) = seen else { return "(no event)".to_owned() };
    let at = feed::time::text(domain::Timestamp::from_nanos(seen.timestamp));
    let effects = if seen.effects == 1 { "effect" } else { "effects" };
    format!(
        "event {} {at} {} of producer {} ({}), {} {effects}",
        seen.sequence, seen.kind, seen.producer, seen.producer_seq, seen.effects
    )
}

fn document(args: &DiffArgs, found: &Difference) -> Value {
    let rulebook =
        found.rulebook.iter().map(|(path, [a, b])| json!({ "path": path, "a": a, "b": b }));
    json!({
        "schema": "clearsim.diff/1",
        "a": args.run_a.display().to_string(),
        "b": args.run_b.display().to_string(),
        "equal": found.first.is_none(),
        "aligned_by": found.alignment.word(),
        "rulebook": rulebook.collect::<Vec<_>>(),
        "seals_compared": found.seals.0,
        "equal_up_to": found.seals.1,
        "events": found.events,
        "divergence": found.first.as_ref().map(first_document),
    })
}

/// A divergence as JSON.
pub fn first_document(first: &Divergence) -> Value {
    let side = |place: usize| {
        json!({
            "event": first.events[place].as_ref().map(seen_document),
            "value": first.values[place],
            "before": first.before[place].iter().map(seen_document).collect::<Vec<_>>(),
        })
    };
    json!({ "ordinal": first.ordinal, "path": first.path, "a": side(0), "b": side(1) })
}

fn seen_document(seen: &Seen) -> Value {
    json!({
        "sequence": seen.sequence,
        "timestamp": seen.timestamp,
        "producer": seen.producer,
        "producer_seq": seen.producer_seq,
        "kind": seen.kind,
        "effects": seen.effects,
    })
}
