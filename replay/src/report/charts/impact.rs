//! Price feedback: how far forced trades took marks, what of it was impact, what depth was left,
//! and which liquidations only happened because of it.

use std::collections::BTreeMap;

use domain::InstrumentId;

use crate::chronicle::impact::Origin;
use crate::chronicle::minutes::Levels;
use crate::report::Told;
use crate::report::chart::{Chart, Figures, Kind, Line, View};

/// Places of a share at 1e-16 read as per cent.
const PER_CENT: u32 = 14;

/// Amplification and induced liquidations; absent without price feedback.
pub fn amplification(told: &Told) -> Option<Chart> {
    let impacts = &told.chronicle.impacts;
    let mut views: Vec<View> = shares(told, "mark less recorded", &impacts.distance).collect();
    let origins =
        [("also without", "muted", Origin::Exogenous), ("induced", "bad", Origin::Induced)];
    let origins = origins.map(|(name, tone, origin)| {
        let sums = impacts.origins.by_minute(|one| one == origin);
        Line::new(name, tone, Figures::Sums(sums)).scaled(0, 0)
    });
    let origins: Vec<Line<'_>> = origins.into_iter().filter(|line| !line.is_empty()).collect();
    if !origins.is_empty() {
        let name = "induced liquidations";
        views.push(View::of(name, "accounts", Kind::Bars, told.grid(), &origins));
    }
    (!views.is_empty()).then(|| Chart {
        id: "amplification",
        title: "Amplification: marks moved by the run's own forced trades".to_owned(),
        look: format!(
            "How far the mark in force lies from the recorded one. Where it dips and stays, \
             liquidations fed on themselves; induced are those that recorded prices would have \
             spared. {} would have been spared by the index of what they held.",
            crate::summary::numbers::grouped(u128::from(impacts.wrongful))
        ),
        views,
    })
}

/// Depth and impact; absent where depth has no end.
pub fn impact(told: &Told) -> Option<Chart> {
    let impacts = &told.chronicle.impacts;
    let impact = shares(told, "impact", &impacts.impact);
    let views: Vec<View> = impact.chain(shares(told, "depth left", &impacts.depth)).collect();
    (!views.is_empty()).then(|| Chart {
        id: "impact",
        title: "Depth and impact".to_owned(),
        look: "Impact of forced trades on each price, what stays and what decays together; above \
               zero it pushes down. It counts as a logarithm: an impact of 25 % takes a price of \
               100 to 77.88. Depth left is the share of the rulebook's depth after a sudden move: \
               thin books make the next trade dearer."
            .to_owned(),
        views,
    })
}

/// A view with a line for each instrument, if there is any.
fn shares<'a>(
    told: &'a Told,
    name: &'a str,
    shares: &'a BTreeMap<InstrumentId, Levels>,
) -> impl Iterator<Item = View> + 'a {
    let lines: Vec<Line<'a>> = shares
        .iter()
        .map(|(instrument, levels)| {
            let figures = Figures::Levels(levels);
            let name = told.instrument(*instrument);
            Line::new(name, told.tone(*instrument), figures).scaled(PER_CENT, 3)
        })
        .filter(|line| !line.is_empty())
        .collect();
    let view = (!lines.is_empty()).then(|| View::of(name, "%", Kind::Lines, told.grid(), &lines));
    view.into_iter()
}
