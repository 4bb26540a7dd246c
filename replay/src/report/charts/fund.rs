//! The insurance fund.

use crate::report::Told;
use crate::report::chart::{Chart, Figures, Kind, Line, View};

/// Its balance at index prices.
pub fn chart(told: &Told) -> Option<Chart> {
    let line = Line::new("insurance fund", "fund", Figures::Levels(&told.chronicle.house.fund));
    if line.is_empty() {
        return None;
    }
    Some(Chart {
        id: "fund",
        title: "Insurance fund".to_owned(),
        look: "Prefunded by the house, fed by liquidation fees. Each step down is a deficit that \
               it paid; from zero on, winners are deleveraged."
            .to_owned(),
        views: vec![View::of("balance", &told.numeraire(), Kind::Lines, told.grid(), &[line])],
    })
}
