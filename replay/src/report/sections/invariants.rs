//! What was checked, so that a reader knows how sure the figures are.

use clearing::ClearingHouse;

use crate::report::Told;
use crate::report::table::{Block, Cell, Section, Table};
use crate::summary::numbers::grouped;

/// The laws, the identity of money, the seals.
pub fn section(told: &Told) -> Option<Section> {
    let mut rows: Vec<Vec<Cell>> = ClearingHouse::laws()
        .map(|law| vec![Cell::text(law.replace('_', " ")), Cell::words("holds at the end")])
        .collect();
    rows.push(vec![
        Cell::text("deficit = fund + deleveraged + socialised + uncovered"),
        Cell::words("holds for each account and in total, to the last unit"),
    ]);
    rows.push(vec![
        Cell::text("seals"),
        Cell::words(format!(
            "{} seal digests stand in the journal; hearing it again has to meet each",
            grouped(u128::from(told.chronicle.seals))
        )),
    ]);
    let text = "A run that breaks one of these ends with an error and has no report. To check it \
                on another machine: clearsim verify, with the run directory.";
    Some(Section {
        id: "invariants",
        title: "Invariants checked".to_owned(),
        blocks: vec![
            Block::Text(text.to_owned()),
            Block::Folded(Table {
                caption: "Laws".to_owned(),
                head: ["law", "result"].map(str::to_owned).to_vec(),
                rows,
            }),
        ],
    })
}
