//! What accounts hold against what they must hold, and what is open.

use domain::InstrumentId;

use crate::chronicle::margin::Sample;
use crate::clockface::minute_of;
use crate::report::Told;
use crate::report::chart::{Chart, Figures, Kind, Line, View};

/// Equity and requirement of exposed accounts; open notional by instrument.
pub fn chart(told: &Told) -> Option<Chart> {
    let samples = &told.chronicle.margins.samples;
    let rulebook = told.chronicle.rulebook.as_ref()?;
    if samples.len() < 2 {
        return None;
    }
    let moments = |figure: &dyn Fn(&Sample) -> i128| {
        let moments = samples.iter().map(|sample| (minute_of(sample.at), figure(sample)));
        Figures::Moments(moments.collect())
    };
    let held = [
        Line::new("equity", "good", moments(&|sample| sample.equity)),
        Line::new("adjusted equity", "c0", moments(&|sample| sample.adjusted_equity)).scaled(22, 0),
    ];
    let asked = [
        Line::new("initial margin", "warn", moments(&|sample| sample.initial)).scaled(22, 0),
        Line::new("maintenance margin", "bad", moments(&|sample| sample.maintenance)).scaled(22, 0),
    ];
    let open = rulebook.instruments.iter().enumerate().map(|(place, rules)| {
        let instrument = InstrumentId::new(place as u32);
        let figure = |sample: &Sample| sample.open_notional.get(place).copied().unwrap_or(0);
        Line::new(&rules.name, told.tone(instrument), moments(&figure))
    });
    let open: Vec<Line<'_>> = open.filter(|line| !line.is_empty()).collect();
    let (unit, grid) = (told.numeraire(), told.grid());
    // What is held dwarfs what is asked: on one axis the requirement would be a line at zero.
    let mut views = vec![
        View::of("required", &unit, Kind::Lines, grid, &asked),
        View::of("held", &unit, Kind::Lines, grid, &held),
    ];
    if !open.is_empty() {
        views.push(View::of("open notional", &unit, Kind::Areas, grid, &open));
    }
    Some(Chart {
        id: "requirement",
        title: "Equity, requirement and open notional".to_owned(),
        look: "All accounts with a position or a debt together. A requirement that rises while \
               equity (view held) falls is procyclical; one that falls in steps shows accounts \
               sold out. Adjusted equity less maintenance margin is what clients could still lose \
               without a liquidation, if it were spread evenly."
            .to_owned(),
        views,
    })
}
