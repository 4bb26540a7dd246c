//! Liquidated notional per minute: by instrument, by side, by wave.

use std::collections::{BTreeMap, BTreeSet};

use crate::chronicle::liquidation::Part;
use crate::report::Told;
use crate::report::chart::{Chart, Figures, Kind, Line, View, tone};

/// Waves from this one on share a colour.
const WAVES: u16 = 9;

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
    let handed = &notional_handed_over(told);
    if !handed.is_empty() {
        let taken = Line::new("to the backstop", "c3", Figures::Sums(handed.clone()));
        let mut rest = notional.by_minute(|_| true);
        for (minute, sum) in handed {
            *rest.entry(*minute).or_default() -= sum;
        }
        let rest = Line::new("into the market or to winners", "c0", Figures::Sums(rest));
        views.push(view("by taker", &[rest, taken]));
    }
    if waves.len() > 1 {
        let named = waves.iter().filter(|wave| **wave < WAVES).map(|wave| {
            let sums = notional.by_minute(|part| part.1 == *wave);
            Line::new(format!("wave {wave}"), tone(usize::from(*wave)), Figures::Sums(sums))
        });
        let mut lines: Vec<Line<'_>> = named.collect();
        if waves.iter().any(|wave| *wave >= WAVES) {
            let sums = notional.by_minute(|part| part.1 >= WAVES);
            let name = format!("wave {WAVES} and later");
            lines.push(Line::new(name, tone(usize::from(WAVES)), Figures::Sums(sums)));
        }
        views.push(view("by wave", &lines));
    }
    Some(Chart {
        id: "liquidated",
        title: format!("Liquidated notional per {}", told.bucket()),
        look: "Forced closings at mark, positions deleveraged or handed over included. A cascade \
               shows as bars that go on after the price has stopped; without price feedback they \
               only follow it. Wave 1 is what the price itself took, each later wave what the one \
               before woke."
            .to_owned(),
        views,
    })
}

/// What the backstop account took over, by minute.
fn notional_handed_over(told: &Told) -> BTreeMap<i64, i128> {
    told.chronicle.liquidations.taken_over.by_minute(|_| true)
}
