//! Charts of two runs over each other: every series becomes a view with two lines, stacked ones
//! their total first.

use std::collections::BTreeMap;

use crate::report::chart::{Chart, Column, Kind, Series, Sheet, View};

/// Views of a chart at most.
const VIEWS_MAX: usize = 24;

/// Charts that either run has.
pub fn overlay(ours: Vec<Chart>, theirs: Vec<Chart>) -> Vec<Chart> {
    let mut ids: Vec<&'static str> = ours.iter().map(|chart| chart.id).collect();
    // A chart of theirs alone stands after the one it follows there.
    let mut after = 0;
    for chart in &theirs {
        match ids.iter().position(|id| *id == chart.id) {
            Some(place) => after = place + 1,
            None => {
                ids.insert(after, chart.id);
                after += 1;
            }
        }
    }
    let charts = ids.into_iter().filter_map(|id| {
        let find = |charts: &[Chart]| charts.iter().find(|chart| chart.id == id).cloned();
        both(find(&ours), find(&theirs))
    });
    charts.collect()
}

/// What is laid over the other run's.
#[derive(Debug, Clone)]
struct Strand {
    name: String,
    unit: String,
    stepped: bool,
    points: BTreeMap<i64, Vec<f64>>,
    rows: BTreeMap<i64, Option<i128>>,
    column: Option<Column>,
}

fn both(ours: Option<Chart>, theirs: Option<Chart>) -> Option<Chart> {
    let known = ours.as_ref().or(theirs.as_ref())?.clone();
    let [one, other] = [ours, theirs].map(|chart| chart.map_or_else(Vec::new, |one| strands(&one)));
    let mut names: Vec<String> = one.iter().map(|strand| strand.name.clone()).collect();
    for strand in &other {
        if !names.contains(&strand.name) {
            names.push(strand.name.clone());
        }
    }
    let views = names.iter().take(VIEWS_MAX).filter_map(|name| {
        let find = |strands: &[Strand]| strands.iter().find(|one| one.name == *name).cloned();
        lay(find(&one), find(&other))
    });
    Some(Chart { views: views.collect(), ..known })
}

/// Every line of a chart that can be compared: totals of stacks, then each series.
fn strands(chart: &Chart) -> Vec<Strand> {
    let mut strands = Vec::new();
    for view in &chart.views {
        let named = |name: &str| match chart.views.len() {
            1 => name.to_owned(),
            _ if view.series.len() == 1 || name == view.name => view.name.clone(),
            _ => format!("{}: {name}", view.name),
        };
        let stacked = view.kind != Kind::Lines && view.series.len() > 1;
        if stacked {
            strands.push(strand(view, named("total"), |_| true));
        }
        for (place, series) in view.series.iter().enumerate() {
            // Bars at the foot, loose and broken lines only go with others.
            if !series.foot && !series.loose && !series.dash {
                strands.push(strand(view, named(&series.name), |one| one == place));
            }
        }
    }
    strands
}

/// The sum of some series of a view.
fn strand(view: &View, name: String, member: impl Fn(usize) -> bool) -> Strand {
    let chosen: Vec<&Series> = view
        .series
        .iter()
        .enumerate()
        .filter(|(place, _)| member(*place))
        .map(|(_, series)| series)
        .collect();
    let mut points: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for (place, time) in view.times.iter().enumerate() {
        let values: Vec<f64> =
            chosen.iter().filter_map(|one| one.values.get(place).copied().flatten()).collect();
        if !values.is_empty() {
            points.entry(*time).or_default().push(values.iter().sum());
        }
    }
    let columns = view.sheet.columns.iter().enumerate().filter(|(place, _)| member(*place));
    let columns: Vec<&Column> = columns.map(|(_, column)| column).collect();
    let rows = view.sheet.starts.iter().enumerate().map(|(place, start)| {
        let cells = columns.iter().filter_map(|column| column.cells.get(place).copied().flatten());
        (*start, cells.reduce(|sum, cell| sum + cell))
    });
    Strand {
        name,
        unit: view.unit.clone(),
        stepped: view.stepped,
        points,
        rows: rows.collect(),
        column: columns.first().map(|column| (*column).clone()),
    }
}

/// Two strands as one view.
fn lay(ours: Option<Strand>, theirs: Option<Strand>) -> Option<View> {
    let known = ours.as_ref().or(theirs.as_ref())?.clone();
    let pair = [("a", "ours", ours), ("b", "theirs", theirs)];
    let mut times: Vec<i64> = pair
        .iter()
        .flat_map(|(_, _, strand)| strand.iter().flat_map(|one| one.points.keys().copied()))
        .collect();
    times.sort_unstable();
    times.dedup();
    let mut starts: Vec<i64> = pair
        .iter()
        .flat_map(|(_, _, strand)| strand.iter().flat_map(|one| one.rows.keys().copied()))
        .collect();
    starts.sort_unstable();
    starts.dedup();
    let series = pair.iter().map(|(name, tone, strand)| Series {
        name: (*name).to_owned(),
        tone: (*tone).to_owned(),
        dash: false,
        loose: false,
        foot: false,
        values: times
            .iter()
            .map(|time| strand.as_ref()?.points.get(time)?.last().copied())
            .collect(),
    });
    let column = known.column.clone()?;
    let columns = pair.iter().map(|(name, _, strand)| Column {
        name: (*name).to_owned(),
        scale: column.scale,
        cells: starts
            .iter()
            .map(|start| strand.as_ref()?.rows.get(start).copied().flatten())
            .collect(),
    });
    Some(View {
        name: known.name,
        unit: known.unit,
        kind: Kind::Lines,
        stepped: known.stepped,
        series: series.collect(),
        sheet: Sheet { columns: columns.collect(), starts: starts.clone(), flows: false },
        times,
        marks: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    //! Goal: a stack is compared by its total, a chart of one run only still stands. Method: two
    //! small charts.

    use super::*;
    use crate::report::chart::{Figures, Line};
    use crate::report::grid::Grid;

    fn chart(id: &'static str, sums: &[(i64, i128)]) -> Chart {
        let line = |name: &str| {
            let sums = sums.iter().copied().collect();
            Line::new(name, "c0", Figures::Sums(sums)).scaled(0, 0)
        };
        let grid = Grid { from: 0, to: 2, points: 4_000 };
        let view = View::of("all", "USD", Kind::Bars, grid, &[line("x"), line("y")]);
        Chart { id, title: id.to_owned(), look: String::new(), views: vec![view] }
    }

    #[test]
    fn stacks_are_compared_by_their_total() {
        let laid = overlay(
            vec![chart("one", &[(0, 1), (2, 4)])],
            vec![chart("one", &[(1, 2)]), chart("other", &[(1, 7)])],
        );
        assert_eq!(laid.iter().map(|chart| chart.id).collect::<Vec<_>>(), ["one", "other"]);
        let views: Vec<&str> = laid[0].views.iter().map(|view| view.name.as_str()).collect();
        assert_eq!(views, ["total", "x", "y"]);
        let total = &laid[0].views[0];
        assert_eq!(total.series[0].values, [Some(2.0), Some(0.0), Some(8.0)]);
        assert_eq!(total.series[1].values, [Some(0.0), Some(4.0), Some(0.0)]);
        assert_eq!(total.sheet.columns[0].cells, [Some(2), Some(0), Some(8)]);
        assert!(laid[1].views[0].series[0].values.iter().all(Option::is_none));
    }
}
