//! The charts of a report, in the order they are read.
//!
//! One file each: a function from what is told of a run to a chart, or `None` where the run has
//! nothing to show, so that no chart is ever empty. A model that comes later gathers its figures in
//! a part of the chronicle and adds its chart to [`CHARTS`]; page, tables, pictures and comparison
//! take it from there.

mod below;
mod deleveraging;
mod fund;
mod funding;
mod impact;
mod liquidated;
mod liquidity;
mod losses;
mod margins;
mod market;
mod prices;
mod requirement;
mod worst;

use super::Told;
use super::chart::Chart;

/// A chart of what is told.
pub type Draw = fn(&Told) -> Option<Chart>;

/// Every chart there is.
pub const CHARTS: &[Draw] = &[
    prices::chart,
    market::chart,
    liquidated::chart,
    impact::amplification,
    impact::impact,
    below::chart,
    margins::chart,
    worst::chart,
    fund::chart,
    losses::chart,
    deleveraging::chart,
    requirement::chart,
    liquidity::chart,
    funding::chart,
];

/// The charts of a run.
pub fn charts(told: &Told) -> Vec<Chart> {
    CHARTS.iter().filter_map(|draw| draw(told)).collect()
}
