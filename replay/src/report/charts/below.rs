//! Accounts that fell below maintenance margin, and those that had to wait.

use crate::report::Told;
use crate::report::chart::{Chart, Figures, Kind, Line, View};

/// Starts of liquidations per minute; a second view where accounts waited.
pub fn chart(told: &Told) -> Option<Chart> {
    let started = told.chronicle.liquidations.started.by_minute(|()| true);
    let fell = Line::new("fell below", "bad", Figures::Sums(started)).scaled(0, 0);
    if fell.is_empty() {
        return None;
    }
    let grid = told.grid();
    let mut views = vec![View::of("fell below", "accounts", Kind::Bars, grid, &[fell])];
    let waiting = Figures::Levels(&told.chronicle.house.waiting);
    let waiting = Line::new("waiting", "warn", waiting).scaled(0, 0);
    if !waiting.is_empty() {
        views.push(View::of("waiting", "accounts", Kind::Areas, grid, &[waiting]));
    }
    Some(Chart {
        id: "below",
        title: format!("Accounts below maintenance margin, per {}", told.bucket()),
        look: "Each is liquidated in the event that took it below, so none stays there unless a \
               limit of the rulebook or a halted market makes it wait; such accounts have a view \
               of their own."
            .to_owned(),
        views,
    })
}
