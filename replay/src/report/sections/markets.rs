//! Per asset and instrument: the way of its price, and what was liquidated in it.

use domain::Feed;
use serde_json::Value;

use crate::chronicle::house::instruments;
use crate::clockface::{day_and_minute, minute_start};
use crate::report::Told;
use crate::report::sections::headline::moment;
use crate::report::table::{Block, Cell, Section, Table, shown_to};
use crate::summary::numbers::{parts, price, rounded};

/// The section.
pub fn section(told: &Told) -> Option<Section> {
    let mut blocks = Vec::new();
    let prices = prices(told);
    if !prices.rows.is_empty() {
        blocks.push(Block::Table(prices));
    }
    let moved = moved(told);
    if !moved.rows.is_empty() {
        blocks.push(Block::Table(moved));
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
        caption: "Prices as published (UTC)".to_owned(),
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

/// Marks that the run's own forced trades moved, beside the recorded ones.
fn moved(told: &Told) -> Table {
    let markets = &told.chronicle.markets;
    let rows = markets.recorded.iter().filter_map(|(instrument, recorded)| {
        let rulebook = told.chronicle.rulebook.as_ref()?;
        let places = u32::from(rulebook.instrument(*instrument)?.price_decimals);
        let mark = markets.prices.get(&Feed::mark(*instrument))?;
        let text =
            |units: i128| Cell::text(price(i64::try_from(units).unwrap_or(i64::MAX), places));
        let ((_, lowest), (at, low)) = (recorded.lowest()?, mark.lowest()?);
        let (last, end) = (recorded.last()?, mark.last()?);
        let share = parts((low - lowest).abs(), lowest).map_or(0, |share| share);
        let sign = if low < lowest { "-" } else { "+" };
        Some(vec![
            Cell::text(told.instrument(*instrument)),
            text(lowest),
            text(low),
            Cell::words(day_and_minute(minute_start(at))),
            Cell::text(format!("{sign}{} %", rounded(share, 4, 1))),
            text(last),
            text(end),
        ])
    });
    let head = [
        "instrument",
        "recorded low",
        "low in force",
        "at",
        "low against recorded",
        "recorded close",
        "close in force",
    ];
    Table {
        caption: "Marks in force, moved by the run's own forced trades".to_owned(),
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

fn forced(told: &Told) -> Table {
    let chronicle = &told.chronicle;
    let Some(rulebook) = &chronicle.rulebook else { return Table::default() };
    let unit = told.numeraire();
    let sides = chronicle.liquidations.notional.totals(|(which, _, long)| (which, long));
    let needed = chronicle.losses.needed.totals(|which| which);
    let closed = chronicle.losses.closed.totals(|which| which);
    let handed = chronicle.liquidations.taken_over.totals(|which| which);
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
                Cell::value(handed.get(&which).copied().unwrap_or(0)),
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
        "of it handed to the backstop",
        "deficit deleveraged",
    ];
    let mut table = Table {
        caption: format!("Open and forced, in {unit}"),
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    };
    if handed.is_empty() {
        // A rulebook without a backstop has no column for it.
        let place = 7;
        table.head.remove(place);
        table.rows.iter_mut().for_each(|row| drop(row.remove(place)));
    }
    table
}
