//! By which of a rulebook's choices a forced trade has its size.

use domain::rulebook::Sizing;

use super::Line;
use super::figures::{Figures, ratio};
use super::step::Trade;
use crate::summary::numbers::grouped;

/// The choice that decided, with its figures; `full` where everything is closed.
pub fn line(figures: Figures<'_>, full: bool, trade: &Trade) -> Line {
    let selling = &figures.0.sections.selling;
    let size = figures.quantity(trade.instrument, trade.quantity.magnitude());
    let whole = |number: u64| grouped(u128::from(number));
    let words = match selling.sizing {
        _ if full => "last resort: everything is closed".to_owned(),
        Sizing::ToTarget => "the fewest lots that reach release".to_owned(),
        Sizing::Full => "whole positions, then a look at release".to_owned(),
        Sizing::AllAtOnce => "every position whole before any look".to_owned(),
        Sizing::Slice => "the smallest share of every position that reaches release".to_owned(),
        Sizing::Cover => "shortfall over what a lot frees less what it costs, lots up".to_owned(),
        Sizing::Share { initial, under, .. } => format!(
            "a share of the shortfall that grows with time from {}; all of one under {}",
            ratio(initial),
            whole(under)
        ),
        Sizing::Clips { notional, .. } => {
            format!("the fewest lots that reach release, at most {} a step", whole(notional))
        }
    };
    let mut bounds = Vec::new();
    if !full && selling.caps.notional_per_account > 0 {
        bounds.push(format!("at most {} an event", whole(selling.caps.notional_per_account)));
    }
    if let Some(most) = selling.keepers.notional_per_event.filter(|_| !full) {
        bounds.push(format!("keepers take on at most {} an event", whole(most)));
    }
    if let Some(first) = selling.caps.first.filter(|_| !full) {
        let (share, above) = (ratio(first.share), whole(first.above));
        bounds.push(format!("first {share} of a position above {above}"));
    }
    let bounds: String = bounds.iter().map(|bound| format!("; {bound}")).collect();
    Line::fact("why so many", format!("{size}: {words}{bounds}"))
}
