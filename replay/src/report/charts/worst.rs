//! The accounts that fared worst: equity against maintenance margin, with what was done to them.

use std::collections::BTreeSet;

use crate::chronicle::liquidation::outcome_name;
use crate::chronicle::worst::{Acts, Stand, Watched};
use crate::report::Told;
use crate::report::chart::{Chart, Figures, Kind, Line, Mark, Scale, View};
use crate::summary::numbers::grouped;

/// Seconds around the first and the last act that are drawn closely.
const BEFORE: i64 = 2 * 3_600;
const AFTER: i64 = 3_600;

/// Points near the acts, and of the whole run, at most.
const NEAR: usize = 160;
const FAR: i64 = 150;

/// A view an account.
pub fn chart(told: &Told) -> Option<Chart> {
    let views: Vec<View> =
        told.worst.accounts.iter().filter_map(|watched| view(told, watched)).collect();
    (!views.is_empty()).then(|| Chart {
        id: "worst",
        title: "Equity against maintenance margin of the worst accounts".to_owned(),
        look: "Those with the largest deficits, then those who gave up most. Liquidation begins \
               where adjusted equity crosses maintenance margin; did it come in time, with equity \
               left to pay for closing, or in one jump far below zero? Marks say what was done."
            .to_owned(),
        views,
    })
}

fn view(told: &Told, watched: &Watched) -> Option<View> {
    let points = chosen(watched);
    if points.len() < 2 {
        return None;
    }
    let margin = Scale { places: 22, shown: 0 };
    let [equity, adjusted, maintenance] = &watched.levels;
    let mut lines = [
        Line::new("adjusted equity", "c0", Figures::Levels(adjusted)),
        Line::new("equity", "good", Figures::Levels(equity)),
        Line::new("maintenance margin", "bad", Figures::Levels(maintenance)),
    ];
    (lines[0].scale, lines[2].scale) = (margin, margin);
    (lines[1].dash, lines[2].dash) = (true, true);
    let name = format!("account {}", grouped(u128::from(watched.account.number())));
    let mut view = View::of(&name, &told.numeraire(), Kind::Lines, told.grid(), &lines);
    view.times = points.iter().map(|point| point.time).collect();
    let figures: [fn(&Stand) -> i128; 3] =
        [|one| one.adjusted_equity, |one| one.equity, |one| one.maintenance];
    for ((series, line), figure) in view.series.iter_mut().zip(&lines).zip(figures) {
        let values = points.iter().map(|point| Some(line.scale.number(figure(point))));
        series.values = values.collect();
    }
    let marks = watched.acts.iter().map(|(minute, acts)| {
        let (text, tone) = words(acts);
        Mark { time: minute * 60, text, tone: tone.to_owned() }
    });
    view.marks = marks.collect();
    Some(view)
}

/// Moments drawn: closely around what was done, sparsely elsewhere.
fn chosen(watched: &Watched) -> Vec<Stand> {
    let stands = &watched.stands;
    let (Some(first), Some(last)) = (stands.first(), stands.last()) else { return Vec::new() };
    let acted = || stands.iter().filter(|stand| stand.acted).map(|stand| stand.time);
    let from = acted().min().unwrap_or(last.time) - BEFORE;
    let to = acted().max().unwrap_or(last.time) + AFTER;
    let near = stands.iter().filter(|stand| (from..=to).contains(&stand.time)).count();
    let every = near.div_ceil(NEAR).max(1);
    let width = ((last.time - first.time) / FAR).max(60);
    let mut met = BTreeSet::new();
    let keeps = |place: usize, stand: &Stand| {
        let fresh = met.insert(stand.time.div_euclid(width));
        let close =
            (from..=to).contains(&stand.time) && (stand.acted || place.is_multiple_of(every));
        fresh || close || place + 1 == stands.len()
    };
    let mut keeps = keeps;
    let points = stands.iter().enumerate().filter(|(place, stand)| keeps(*place, stand));
    let mut points: Vec<Stand> = points.map(|(_, stand)| *stand).collect();
    // A liquidation of thousands of steps still has a line that can be sent.
    while points.len() > 4 * NEAR {
        let mut place = 0;
        points.retain(|_| {
            place += 1;
            place % 2 == 1
        });
    }
    points
}

/// What was done in a minute, and how bad it was.
fn words(acts: &Acts) -> (String, &'static str) {
    let count = |number: u64, word: &str| {
        (number > 0).then(|| match number {
            1 => word.to_owned(),
            many => format!("{} x {word}", grouped(u128::from(many))),
        })
    };
    let parts = [
        acts.started.then(|| "liquidated".to_owned()),
        count(acts.closed, "closed"),
        count(acts.sold, "collateral sold"),
        count(acts.handed_over, "to the backstop"),
        acts.fund.then(|| "fund paid".to_owned()),
        count(acts.deleveraged, "against winners"),
        acts.ended.map(|outcome| outcome_name(outcome).to_owned()),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let tone = if acts.fund || acts.deleveraged > 0 { "bad" } else { "warn" };
    (parts.join(", "), tone)
}

#[cfg(test)]
mod tests {
    //! Goal: moments at which something was done are kept, the others thinned. Method: a list.

    use super::*;
    use domain::AccountId;

    #[test]
    fn what_was_done_is_drawn() {
        let stand = |time: i64| Stand {
            time,
            equity: 0,
            adjusted_equity: 0,
            maintenance: 0,
            acted: time == 90_001,
        };
        let times = (0..2_880).map(|minute| minute * 60).chain([90_001]);
        let mut stands: Vec<Stand> = times.map(stand).collect();
        stands.sort_by_key(|stand| stand.time);
        let watched = Watched {
            account: AccountId::new(1),
            stands,
            levels: Default::default(),
            acts: Default::default(),
        };
        let points = chosen(&watched);
        assert!(points.len() < 450, "{}", points.len());
        assert!(points.iter().any(|point| point.acted));
        assert_eq!(points.last().map(|point| point.time), Some(2_879 * 60));
        assert!(points.windows(2).all(|pair| pair[0].time < pair[1].time));
    }

    #[test]
    fn acts_are_words() {
        let acts = Acts { started: true, closed: 3, fund: true, ..Acts::default() };
        assert_eq!(words(&acts), ("liquidated, 3 x closed, fund paid".to_owned(), "bad"));
    }
}
