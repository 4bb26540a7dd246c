//! The liquidity account: the other side of every forced trade.

use crate::report::Told;
use crate::report::chart::{Chart, Figures, Kind, Line, View};

/// Its profit and loss.
pub fn chart(told: &Told) -> Option<Chart> {
    let figures = Figures::Levels(&told.chronicle.house.liquidity);
    let line = Line::new("profit and loss", "c0", figures);
    if line.is_empty() {
        return None;
    }
    Some(Chart {
        id: "liquidity",
        title: "Profit and loss of the liquidity account".to_owned(),
        look:
            "It buys what liquidated accounts must sell, at a discount. A steady rise means that \
               forced prices were too cheap; a fall after a wave means that it caught the knife."
                .to_owned(),
        views: vec![View::of(
            "profit and loss",
            &told.numeraire(),
            Kind::Lines,
            told.grid(),
            &[line],
        )],
    })
}
