//! How long commands took when the run was made: the one section that differs between two runs of
//! one input, so it is only there when it was asked for.

use runtime::latency::{LatencyTable, PERCENTILES, svg};

use crate::report::Told;
use crate::report::table::{Block, Cell, Section, Table};
use crate::summary::numbers::grouped;

/// The section; absent unless asked for.
pub fn section(told: &Told) -> Option<Section> {
    let table = told.latency.as_ref()?;
    let title = "Latency by stage, over percentiles";
    Some(Section {
        id: "latency",
        title: "Latency".to_owned(),
        blocks: vec![
            Block::Text(sentence(told)),
            Block::Picture(svg(title, &table.curves)),
            Block::Table(stages(table, true)),
            Block::Folded(stages(table, false)),
        ],
    })
}

fn sentence(told: &Told) -> String {
    let wall = |key: &str| told.record.pointer(&format!("/wall/{key}"));
    let seconds = wall("seconds").and_then(|value| value.as_str()).unwrap_or("?");
    let count = |key: &str| {
        let number = wall(key).and_then(serde_json::Value::as_u64);
        number.map_or_else(|| "?".to_owned(), |number| grouped(u128::from(number)))
    };
    let megabytes = wall("peak_memory_bytes").and_then(serde_json::Value::as_u64);
    let memory = megabytes.map_or_else(String::new, |bytes| {
        format!(", peak memory {} MB", grouped(u128::from(bytes / 1_000_000)))
    });
    format!(
        "Measured on the machine that made this run, which took {seconds} s for its events at {} a \
         second{memory}; another run of the same input measures something else. Look at the tail: \
         where apply is short and journal long, the disk decides; each further nine has the same \
         width. Queue, apply, journal and publish of a command add up to its total.",
        count("events_per_second"),
    )
}

/// Rows in microseconds: of all commands together, or of each kind.
fn stages(table: &LatencyTable, together: bool) -> Table {
    let micros = |nanos: u64| {
        let text = format!("{}.{}", grouped(u128::from(nanos / 1_000)), nanos % 1_000 / 100);
        Cell { text, exact: Some(format!("{nanos} ns")), ..Cell::default() }
    };
    let rows = table.rows.iter().filter(|row| row.kind.is_none() == together).map(|row| {
        let mut cells = vec![Cell::text(row.name().replace('_', " ")), Cell::count(row.count)];
        cells.extend(row.percentiles_ns.map(micros));
        cells.push(micros(row.max_ns));
        cells
    });
    let rows: Vec<Vec<Cell>> = rows.collect();
    let mut head = vec!["stage".to_owned(), "commands".to_owned()];
    head.extend(PERCENTILES.iter().map(|(name, _)| (*name).to_owned()));
    head.push("max".to_owned());
    let caption =
        if together { "Microseconds, by stage" } else { "Microseconds, by stage and command" };
    Table { caption: caption.to_owned(), head, rows }
}
