//! Per asset and instrument: the way of its price, and what was liquidated in it.

use domain::Feed;
use serde_json::Value;

use crate::chronicle::house::instruments;
use crate::report::Told;
use crate::report::sections::headline::moment;
use crate::report::table::{Block, Cell, Section, Table, shown_to};

/// The section.
pub fn section(told: &Told) -> Option<Section> {
    let mut blocks = Vec::new();
    let prices = prices(told);
    if !prices.rows.is_empty() {
        blocks.push(Block::Table(prices));
    }
    let forced = forced(told);
    if !forced.rows.is_empty() {
        blocks.push(Block::Table(forced));
    }
    (!blocks.is_empty()).then(|| Section {
        id: "markets",
        title: "Assets and instruments".to_owned(),
        blocks,
    })
}

fn prices(told: &Told) -> Table {
    let none = Vec::new();
    let rows = told.summary.pointer("/prices").and_then(Value::as_array).unwrap_or(&none);
    let rows = rows.iter().enumerate().map(|(place, row)| {
        let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
        let figure = |key: &str| {
            let mut cell = Cell::summary(&told.summary, &format!("/prices/{place}/{key}"));
            cell.text = price_text(&text(key));
            cell
        };
        vec![
            Cell::text(text("name")),
            Cell::words(text("role")),
            figure("open"),
            figure("low"),
            Cell::words(moment(&text("low_at"))),
            figure("high"),
            Cell::words(moment(&text("high_at"))),
            figure("close"),
            Cell::summary(&told.summary, &format!("/prices/{place}/published")),
        ]
    });
    let head = ["name", "role", "open", "low", "at", "high", "at", "close", "published"];
    Table {
        caption: "Prices (UTC)".to_owned(),
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

/// Two places from 10 on, four below, eight below a hundredth.
fn price_text(exact: &str) -> String {
    let whole = exact.split('.').next().unwrap_or("").trim_start_matches('-');
    let small = whole == "0" && exact.get(2..4).is_some_and(|digits| digits == "00");
    let kept = match whole.len() {
        _ if small => 8,
        1 => 4,
        _ => 2,
    };
    shown_to(exact, kept)
}

fn forced(told: &Told) -> Table {
    let chronicle = &told.chronicle;
    let Some(rulebook) = &chronicle.rulebook else { return Table::default() };
    let unit = told.numeraire();
    let sides = chronicle.liquidations.notional.totals(|(which, _, long)| (which, long));
    let needed = chronicle.losses.needed.totals(|which| which);
    let closed = chronicle.losses.closed.totals(|which| which);
    let samples = &chronicle.margins.samples;
    let open = |place: usize, sample: Option<&crate::chronicle::margin::Sample>| {
        sample.and_then(|sample| sample.open_notional.get(place)).copied().unwrap_or(0)
    };
    let rows = instruments(rulebook).filter_map(|which| {
        let known = chronicle.markets.prices.contains_key(&Feed::mark(which));
        let sum = |long: bool| sides.get(&(which, long)).copied().unwrap_or(0);
        known.then(|| {
            vec![
                Cell::text(told.instrument(which)),
                Cell::value(open(which.index(), samples.first())),
                Cell::value(open(which.index(), samples.last())),
                Cell::count(chronicle.liquidations.by_instrument.get(&which).copied().unwrap_or(0)),
                Cell::value(sum(true)),
                Cell::value(sum(false)),
                Cell::value(closed.get(&which).copied().unwrap_or(0)),
                Cell::value(needed.get(&which).copied().unwrap_or(0)),
            ]
        })
    });
    let head = [
        "instrument",
        "open notional, first",
        "open notional, last",
        "liquidations (mostly in it)",
        "longs liquidated",
        "shorts liquidated",
        "of it deleveraged",
        "deficit deleveraged",
    ];
    Table {
        caption: format!("Open and forced, in {unit}"),
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}
