//! Liquidated notional per minute: by instrument, by side, by wave.

use std::collections::BTreeSet;

use crate::chronicle::liquidation::Part;
use crate::report::Told;
use crate::report::chart::{Chart, Figures, Kind, Line, View, tone};

/// Views by instrument and side, and by wave where there was more than one.
pub fn chart(told: &Told) -> Option<Chart> {
    let notional = &told.chronicle.liquidations.notional;
    if notional.is_empty() {
        return None;
    }
    let parts: BTreeSet<Part> = notional.rows().map(|(_, part, _)| part).collect();
    let instruments: BTreeSet<_> = parts.iter().map(|part| part.0).collect();
    let waves: BTreeSet<u16> = parts.iter().map(|part| part.1).collect();
    let by_instrument = instruments.iter().map(|instrument| {
        let sums = notional.by_minute(|part| part.0 == *instrument);
        Line::new(told.instrument(*instrument), told.tone(*instrument), Figures::Sums(sums))
    });
    let by_instrument: Vec<Line<'_>> = by_instrument.collect();
    let sides = [("longs", "bad", true), ("shorts", "c6", false)].map(|(name, tone, long)| {
        Line::new(name, tone, Figures::Sums(notional.by_minute(|part| part.2 == long)))
    });
    let sides: Vec<Line<'_>> = sides.into_iter().filter(|line| !line.is_empty()).collect();
    let (unit, grid) = (told.numeraire(), told.grid());
    let view = |name: &str, lines: &[Line<'_>]| View::of(name, &unit, Kind::Bars, grid, lines);
    let mut views = vec![view("by instrument", &by_instrument), view("by side", &sides)];
    if waves.len() > 1 {
        let lines = waves.iter().map(|wave| {
            let sums = notional.by_minute(|part| part.1 == *wave);
            let name =
                if *wave == 0 { "first wave".to_owned() } else { format!("wave {}", wave + 1) };
            Line::new(name, tone(usize::from(*wave)), Figures::Sums(sums))
        });
        views.push(view("by wave", &lines.collect::<Vec<_>>()));
    }
    Some(Chart {
        id: "liquidated",
        title: format!("Liquidated notional per {}", told.bucket()),
        look: "Forced closings at mark, deleveraged positions included. A cascade shows as bars \
               that go on after the price has stopped; without price feedback they only follow it."
            .to_owned(),
        views,
    })
}
