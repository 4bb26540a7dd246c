//! Deleveraging: what had to be absorbed against what winners gave up.

use crate::report::Told;
use crate::report::chart::{Chart, Figures, Kind, Line, View};

/// Needed and taken, added up; and what was closed.
pub fn chart(told: &Told) -> Option<Chart> {
    let losses = &told.chronicle.losses;
    if losses.closed.is_empty() {
        return None;
    }
    let needed = losses.needed.by_minute(|_| true);
    let taken = losses.taken.by_minute(|_| true);
    let mut dashed = Line::new("needed", "c0", Figures::Running(needed));
    dashed.dash = true;
    let lines = [Line::new("taken from winners", "warn", Figures::Running(taken)), dashed];
    let closed = losses.closed.totals(|instrument| instrument);
    let closed = closed.keys().map(|instrument| {
        let sums = losses.closed.by_minute(|one| one == *instrument);
        Line::new(told.instrument(*instrument), told.tone(*instrument), Figures::Sums(sums))
    });
    let closed: Vec<Line<'_>> = closed.collect();
    let (unit, grid) = (told.numeraire(), told.grid());
    Some(Chart {
        id: "deleveraging",
        title: "Deleveraging: needed against taken".to_owned(),
        look: "Needed is the deficit left to this layer; taken is what closed winners gave up \
               against the mark of that moment. Where taken runs above needed, winners paid for \
               more than the loss."
            .to_owned(),
        views: vec![
            View::of("needed and taken", &unit, Kind::Lines, grid, &lines),
            View::of("closed notional", &unit, Kind::Bars, grid, &closed),
        ],
    })
}
