//! Margin ratios of all exposed accounts over time.

use crate::chronicle::margin::{BANDS, BOUNDS, Sample};
use crate::clockface::minute_of;
use crate::report::Told;
use crate::report::chart::{Chart, Figures, Kind, Line, View};
use crate::summary::numbers::rounded;

/// Accounts by band of margin ratio, lowest band at the foot; and those near the line alone.
pub fn chart(told: &Told) -> Option<Chart> {
    let samples = &told.chronicle.margins.samples;
    if samples.len() < 2 {
        return None;
    }
    let lines: Vec<Line<'_>> = (0..BANDS).map(|band| line(samples, band)).collect();
    let grid = told.grid();
    // Most accounts are far from the line, and would hide those near it.
    let below = |bound: i128| {
        let bands = BOUNDS.iter().filter(|one| **one <= bound).count();
        let name = format!("below {}", bound / 100);
        View::of(&name, "accounts", Kind::Areas, grid, lines.get(..bands).unwrap_or(&lines))
    };
    let all = View::of("all", "accounts", Kind::Areas, grid, &lines);
    let views = vec![below(500), below(200), all];
    Some(Chart {
        id: "margins",
        title: "Margin ratios of accounts".to_owned(),
        look: "Adjusted equity over maintenance margin of every account with a position or a \
               debt, at moments some minutes apart. The red foot is what the next move takes: does \
               it empty into liquidations, or does it grow for hours before the fall?"
            .to_owned(),
        views,
    })
}

fn line(samples: &[Sample], band: usize) -> Line<'_> {
    let moments = samples.iter().map(|sample| {
        (minute_of(sample.at), i128::from(sample.bands.get(band).copied().unwrap_or(0)))
    });
    Line::new(name(band), format!("b{band}"), Figures::Moments(moments.collect())).scaled(0, 0)
}

/// `1.1 to 1.25`.
pub fn name(band: usize) -> String {
    let text =
        |bound: i128| rounded(bound, 2, 2).trim_end_matches('0').trim_end_matches('.').to_owned();
    let upper = BOUNDS.get(band).copied().map(text);
    let lower = band.checked_sub(1).and_then(|below| BOUNDS.get(below)).copied().map(text);
    match (lower, upper) {
        (Some(lower), Some(upper)) => format!("{lower} to {upper}"),
        (None, Some(upper)) => format!("below {upper}"),
        (Some(lower), None) => format!("{lower} and more"),
        (None, None) => String::new(),
    }
}
