//! A chart as data: views to choose from, each with series over one time axis and a folded table.
//!
//! Figures come in as exact integers with their places; only what is drawn becomes a float, to
//! seven digits. The table of a view is written from the integers.

use std::collections::BTreeMap;

use serde::Serialize;

use super::grid::Grid;
use super::table::{Cell, Table};
use crate::chronicle::minutes::Levels;
use crate::clockface::{day_and_minute, minute_start};
use crate::summary::numbers::{VALUE_PLACES, rounded};

/// A chart.
#[derive(Debug, Clone, Serialize)]
pub struct Chart {
    /// Its name in links and files.
    pub id: &'static str,
    /// What it shows.
    pub title: String,
    /// What to look for.
    pub look: String,
    /// Views to choose from; at least one.
    pub views: Vec<View>,
}

/// How a view is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A line each.
    Lines,
    /// Sums of each bucket, stacked.
    Bars,
    /// Levels, stacked.
    Areas,
}

/// One picture.
#[derive(Debug, Clone, Serialize)]
pub struct View {
    /// What to choose it by.
    pub name: String,
    /// Unit of its axis.
    pub unit: String,
    /// How it is drawn.
    pub kind: Kind,
    /// Whether lines hold their value until the next point.
    pub stepped: bool,
    /// Times in seconds since 1970.
    #[serde(serialize_with = "compact")]
    pub times: Vec<i64>,
    /// What is drawn.
    pub series: Vec<Series>,
    /// Marks on the time axis.
    pub marks: Vec<Mark>,
    /// The figures, coarser and exact.
    #[serde(skip)]
    pub sheet: Sheet,
}

/// Times of equal distance as start, step and count; others as they are.
fn compact<S: serde::Serializer>(times: &[i64], to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Even {
        start: i64,
        step: i64,
        count: usize,
    }
    let even = times.windows(2).map(|pair| pair[1] - pair[0]);
    match (times, even.clone().min(), even.max()) {
        ([start, ..], Some(least), Some(most)) if least == most => {
            Even { start: *start, step: least, count: times.len() }.serialize(to)
        }
        _ => times.serialize(to),
    }
}

/// One series of a view.
#[derive(Debug, Clone, Serialize)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// Name of its colour.
    pub tone: String,
    /// Broken line.
    pub dash: bool,
    /// Does not decide the range of the axis: what lies outside is cut off.
    pub loose: bool,
    /// Drawn as bars on an axis of its own, at the foot.
    pub foot: bool,
    /// Its values.
    pub values: Vec<Option<f64>>,
}

/// A moment worth a mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// When, in seconds since 1970.
    pub time: i64,
    /// What it says.
    pub text: String,
    /// Name of its colour.
    pub tone: String,
}

/// Places of a figure: as kept, and as shown in a table.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Places after the point of one unit.
    pub places: u32,
    /// Places that a person reads.
    pub shown: u32,
}

impl Scale {
    /// Whole units of the numeraire.
    pub const VALUE: Scale = Scale { places: VALUE_PLACES, shown: 0 };
    /// Counts.
    pub const COUNT: Scale = Scale { places: 0, shown: 0 };

    /// As text.
    pub fn text(self, units: i128) -> String {
        rounded(units, self.places, self.shown)
    }

    /// As a number to draw, to seven digits.
    pub fn number(self, units: i128) -> f64 {
        let value = units as f64 / 10f64.powi(self.places as i32);
        if value == 0.0 {
            return 0.0;
        }
        let digits = 6 - value.abs().log10().floor() as i32;
        let factor = 10f64.powi(digits);
        let short = (value * factor).round() / factor;
        if short.is_finite() { short } else { value }
    }
}

/// What a series is made of.
#[derive(Debug, Clone)]
pub enum Figures<'a> {
    /// A level over time.
    Levels(&'a Levels),
    /// Sums by minute.
    Sums(BTreeMap<i64, i128>),
    /// Sums by minute, added up from the beginning.
    Running(BTreeMap<i64, i128>),
    /// Figures at moments, in minutes.
    Moments(Vec<(i64, i128)>),
}

/// A series before it is put on a grid.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    /// Its name.
    pub name: String,
    /// Name of its colour.
    pub tone: String,
    /// Broken line.
    pub dash: bool,
    /// Does not decide the range of the axis.
    pub loose: bool,
    /// Drawn at the foot.
    pub foot: bool,
    /// Places.
    pub scale: Scale,
    /// Its figures.
    pub figures: Figures<'a>,
}

impl<'a> Line<'a> {
    /// A plain series.
    pub fn new(name: impl Into<String>, tone: impl Into<String>, figures: Figures<'a>) -> Line<'a> {
        Line {
            name: name.into(),
            tone: tone.into(),
            dash: false,
            loose: false,
            foot: false,
            scale: Scale::VALUE,
            figures,
        }
    }

    /// With other places.
    #[must_use]
    pub fn scaled(mut self, places: u32, shown: u32) -> Line<'a> {
        self.scale = Scale { places, shown };
        self
    }

    /// Whether nothing but zero would be drawn.
    pub fn is_empty(&self) -> bool {
        match &self.figures {
            Figures::Levels(levels) => {
                levels.rows().iter().all(|row| row.low == 0 && row.high == 0)
            }
            Figures::Sums(sums) | Figures::Running(sums) => sums.values().all(|sum| *sum == 0),
            Figures::Moments(rows) => rows.iter().all(|(_, value)| *value == 0),
        }
    }

    /// Its figure in a row of the table that spans a bucket.
    fn cell(&self, start: i64, width: i64) -> Option<i128> {
        match &self.figures {
            Figures::Levels(levels) => levels.at(start + width - 1),
            Figures::Sums(sums) => Some(sums.range(start..start + width).map(|(_, sum)| sum).sum()),
            Figures::Running(sums) => Some(sums.range(..start + width).map(|(_, sum)| sum).sum()),
            Figures::Moments(rows) => {
                let after = rows.partition_point(|(minute, _)| *minute < start + width);
                rows.get(after.checked_sub(1)?).map(|(_, value)| *value)
            }
        }
    }
}

/// Name of the n-th colour for things that have no colour of their own.
pub fn tone(number: usize) -> String {
    format!("c{}", number % 10)
}

impl View {
    /// A view of lines on the grid of a run.
    pub fn of(name: &str, unit: &str, kind: Kind, grid: Grid, lines: &[Line<'_>]) -> View {
        let moments = lines.iter().all(|line| matches!(line.figures, Figures::Moments(_)));
        let (times, values) = if moments { at_moments(lines) } else { on_grid(grid, lines) };
        let series = lines.iter().zip(values).map(|(line, values)| Series {
            name: line.name.clone(),
            tone: line.tone.clone(),
            dash: line.dash,
            loose: line.loose,
            foot: line.foot,
            values,
        });
        View {
            name: name.to_owned(),
            unit: unit.to_owned(),
            kind,
            stepped: false,
            times,
            series: series.collect(),
            marks: Vec::new(),
            sheet: sheet(grid, lines),
        }
    }
}

type Drawn = (Vec<i64>, Vec<Vec<Option<f64>>>);

/// Every minute in which any line has a figure.
fn at_moments(lines: &[Line<'_>]) -> Drawn {
    let mut rows: BTreeMap<i64, Vec<Option<f64>>> = BTreeMap::new();
    for (place, line) in lines.iter().enumerate() {
        let Figures::Moments(moments) = &line.figures else { continue };
        for (minute, value) in moments {
            let row = rows.entry(*minute).or_insert_with(|| vec![None; lines.len()]);
            if let Some(cell) = row.get_mut(place) {
                *cell = Some(line.scale.number(*value));
            }
        }
    }
    let times = rows.keys().map(|minute| minute * 60).collect();
    let column =
        |place: usize| rows.values().map(|row| row.get(place).copied().flatten()).collect();
    (times, (0..lines.len()).map(column).collect())
}

/// Buckets of the run: two points where a level moves inside them, else one.
fn on_grid(grid: Grid, lines: &[Line<'_>]) -> Drawn {
    let moves = |width: i64| {
        lines.iter().any(|line| match &line.figures {
            Figures::Levels(levels) => {
                grid.pairs(width, levels).iter().flatten().any(|(first, second)| first != second)
            }
            _ => false,
        })
    };
    let whole = grid.width(grid.points);
    let paired = moves(whole);
    let width = if paired { grid.width(grid.points / 2) } else { whole };
    let points = if paired { 2 } else { 1 };
    let starts = grid.starts(width);
    let times = starts.flat_map(|start| {
        let half = width * 30;
        (0..points).map(move |place| start * 60 + place * half)
    });
    let values = lines.iter().map(|line| {
        let twice = |values: Vec<Option<f64>>| -> Vec<Option<f64>> {
            let points = points as usize;
            values.into_iter().flat_map(|value| std::iter::repeat_n(value, points)).collect()
        };
        match &line.figures {
            Figures::Levels(levels) => {
                let pairs = grid.pairs(width, levels);
                let both = pairs.into_iter().flat_map(|pair| {
                    let pair = pair.map(|(a, b)| [line.scale.number(a), line.scale.number(b)]);
                    (0..points as usize).map(move |place| pair.map(|pair| pair[place]))
                });
                both.collect()
            }
            Figures::Sums(sums) => {
                let sums = grid.sums(width, sums);
                twice(sums.into_iter().map(|sum| Some(line.scale.number(sum))).collect())
            }
            Figures::Running(sums) => {
                let mut so_far = 0;
                let running = grid.sums(width, sums).into_iter().map(|sum| {
                    so_far += sum;
                    Some(line.scale.number(so_far))
                });
                twice(running.collect())
            }
            Figures::Moments(_) => {
                let held = grid.starts(width).map(|start| line.cell(start, width));
                twice(held.map(|value| value.map(|value| line.scale.number(value))).collect())
            }
        }
    });
    (times.collect(), values.collect())
}

/// The figures by rows of an hour or so.
fn sheet(grid: Grid, lines: &[Line<'_>]) -> Sheet {
    let width = grid.row_width();
    let starts: Vec<i64> = grid.starts(width).collect();
    let columns = lines.iter().map(|line| Column {
        name: line.name.clone(),
        scale: line.scale,
        cells: starts.iter().map(|start| line.cell(*start, width)).collect(),
    });
    let columns = columns.collect();
    let flows = lines.iter().all(|line| matches!(line.figures, Figures::Sums(_)));
    Sheet { starts: starts.into_iter().map(|start| start.max(grid.from)).collect(), columns, flows }
}

/// Exact figures of a view, by the rows of its folded table.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// First minute of each row.
    pub starts: Vec<i64>,
    /// A column for each series.
    pub columns: Vec<Column>,
    /// Whether every figure is a sum, so that a row of zeros says nothing.
    pub flows: bool,
}

/// One series of a sheet.
#[derive(Debug, Clone)]
pub struct Column {
    /// Name of the series.
    pub name: String,
    /// Places of its figures.
    pub scale: Scale,
    /// A figure for each row.
    pub cells: Vec<Option<i128>>,
}

impl Sheet {
    /// As people read it; rows without anything are left out.
    pub fn table(&self) -> Table {
        let mut head = vec!["from (UTC)".to_owned()];
        head.extend(self.columns.iter().map(|column| column.name.clone()));
        let rows = self.starts.iter().enumerate().filter_map(|(place, start)| {
            let cells = || self.columns.iter().map(|column| column.cells.get(place).copied());
            let nothing = cells().flatten().all(|cell| match cell {
                None => true,
                Some(cell) => self.flows && cell == 0,
            });
            let mut row = vec![Cell::text(day_and_minute(minute_start(*start)))];
            row.extend(self.columns.iter().zip(cells()).map(|(column, cell)| {
                let text = cell.flatten().map(|cell| column.scale.text(cell));
                Cell::text(text.unwrap_or_default())
            }));
            (!nothing).then_some(row)
        });
        Table { caption: String::new(), head, rows: rows.collect() }
    }
}

#[cfg(test)]
mod tests {
    //! Goal: what is drawn is the figure, to seven digits. Method: tables.

    use super::*;

    #[test]
    fn numbers_to_draw_are_short() {
        let table = [
            (0, 16, 0.0),
            (793_386_311_580, 8, 7_933.863),
            (-17_723_510, 16, -1.772351e-9),
            (123_456_789, 0, 123_456_800.0),
        ];
        for (units, places, expected) in table {
            assert_eq!(Scale { places, shown: 0 }.number(units), expected);
        }
    }

    #[test]
    fn a_level_that_moves_inside_a_bucket_gives_both_extremes() {
        let mut levels = Levels::default();
        [(0, 4), (0, 8), (1, 6)].iter().for_each(|(minute, value)| levels.meet(*minute, *value));
        let sums = BTreeMap::from([(1, 5)]);
        let lines = [
            Line::new("level", "c0", Figures::Levels(&levels)).scaled(0, 0),
            Line::new("sum", "c1", Figures::Sums(sums)).scaled(0, 0),
        ];
        let view = View::of("", "", Kind::Lines, Grid { from: 0, to: 1, points: 4_000 }, &lines);
        assert_eq!(view.times, [0, 30, 60, 90]);
        assert_eq!(view.series[0].values, [Some(4.0), Some(8.0), Some(6.0), Some(6.0)]);
        assert_eq!(view.series[1].values, [Some(0.0), Some(0.0), Some(5.0), Some(5.0)]);
        assert_eq!(view.sheet.table().rows.len(), 2);
    }
}
