//! Funding rates as they were published.

use std::collections::BTreeMap;

use crate::clockface::minute_of;
use crate::report::Told;
use crate::report::chart::{Chart, Figures, Kind, Line, View};

/// A step line for each instrument.
pub fn chart(told: &Told) -> Option<Chart> {
    let mut rates: BTreeMap<_, Vec<(i64, i128)>> = BTreeMap::new();
    for (at, instrument, rate) in &told.chronicle.markets.funding {
        rates.entry(*instrument).or_default().push((minute_of(*at), rate.wide()));
    }
    let lines = rates.into_iter().map(|(instrument, moments)| {
        let name = told.instrument(instrument);
        // Rates at 1e-12 read as per cent lose two places.
        Line::new(name, told.tone(instrument), Figures::Moments(moments)).scaled(10, 4)
    });
    let lines: Vec<Line<'_>> = lines.collect();
    if lines.is_empty() {
        return None;
    }
    let mut view = View::of("rates", "% of notional", Kind::Lines, told.grid(), &lines);
    view.stepped = true;
    Some(Chart {
        id: "funding",
        title: "Funding rates".to_owned(),
        look: "Share of notional that longs paid to shorts at each stamp; below zero shorts paid. \
               A rate far below zero after a fall says that shorts crowd the market."
            .to_owned(),
        views: vec![view],
    })
}
