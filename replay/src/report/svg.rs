//! A view as a picture: SVG with axes and legend, for readers without script and for other papers.
//!
//! Colours are the page's custom properties, so a picture inside the page follows its theme; one
//! that stands alone brings the light ones. Drawn from the same points as the page, thinned to the
//! width of the picture by keeping the lowest and highest of each column.

use std::fmt::Write;

use super::chart::{Kind, Series, View};
use super::page::THEME;
use crate::clockface::{day_and_minute, minute_start};

/// Size of a picture, and of the frame inside it.
const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 62.0;

/// Share of the height that bars at the foot may use.
const FOOT: f64 = 0.3;

/// Columns a series is thinned to.
const COLUMNS: usize = 340;

/// A picture that stands alone.
pub fn alone(title: &str, view: &View) -> String {
    let style = format!(
        ":root{{{THEME}}}text{{font:12px system-ui,sans-serif;fill:var(--ink)}}\
         svg{{background:var(--paper)}}"
    );
    let opening = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         width=\"{WIDTH}\" height=\"{HEIGHT}\"><title>{}</title><style>{style}</style>",
        escape(title)
    );
    format!("{opening}{}</svg>\n", body(view))
}

/// A picture inside the page.
pub fn inside(title: &str, view: &View) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">{}</svg>",
        escape(title),
        body(view)
    )
}

/// What XML and HTML would misread.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The frame: data to places in the picture.
struct Frame {
    times: (f64, f64),
    values: (f64, f64),
}

impl Frame {
    fn x(&self, time: f64) -> f64 {
        let (from, to) = self.times;
        LEFT + (time - from) / (to - from).max(1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let (low, high) = self.values;
        let inner = HEIGHT - TOP - BOTTOM;
        let place = HEIGHT - BOTTOM - (value - low) / (high - low) * inner;
        place.clamp(TOP, HEIGHT - BOTTOM)
    }
}

fn body(view: &View) -> String {
    let stacked = view.kind != Kind::Lines;
    let shown = if stacked { stack(&view.series) } else { view.series.clone() };
    let frame = Frame { times: times(view), values: range(&shown, stacked) };
    let mut text = String::new();
    axes(&mut text, &frame, &view.unit);
    // The topmost of a stack is drawn first, so that lower ones cover its foot.
    let order: Vec<usize> =
        if stacked { (0..shown.len()).rev().collect() } else { (0..shown.len()).collect() };
    for place in order {
        let Some(series) = shown.get(place) else { continue };
        if series.foot {
            foot(&mut text, &frame, view, series);
        } else {
            line(&mut text, &frame, view, series);
        }
    }
    for mark in &view.marks {
        let x = frame.x(mark.time as f64);
        let (foot, tone) = (HEIGHT - BOTTOM, &mark.tone);
        let _ = write!(
            text,
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{foot}\" \
             style=\"stroke:var(--{tone});stroke-dasharray:2 3\"><title>{}</title></line>",
            escape(&mark.text)
        );
    }
    legend(&mut text, &view.series);
    text
}

fn times(view: &View) -> (f64, f64) {
    let first = view.times.first().copied().unwrap_or(0) as f64;
    (first, view.times.last().copied().unwrap_or(0) as f64)
}

/// Each series on the sum of those before it.
fn stack(series: &[Series]) -> Vec<Series> {
    let mut so_far: Vec<f64> = Vec::new();
    let stacked = series.iter().map(|one| {
        so_far.resize(one.values.len(), 0.0);
        let values = one.values.iter().zip(&mut so_far).map(|(value, below)| {
            *below += value.unwrap_or(0.0);
            Some(*below)
        });
        Series { values: values.collect(), ..one.clone() }
    });
    stacked.collect()
}

/// Lowest and highest of what decides the axis, with some air.
fn range(series: &[Series], from_zero: bool) -> (f64, f64) {
    let deciding = series.iter().filter(|one| !one.loose && !one.foot);
    let values = deciding.flat_map(|one| one.values.iter().flatten().copied());
    let (mut low, mut high) = values
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), one| (low.min(one), high.max(one)));
    if !low.is_finite() || !high.is_finite() {
        return (0.0, 1.0);
    }
    if from_zero {
        (low, high) = (low.min(0.0), high.max(0.0));
    }
    let air = (high - low).abs() * 0.05;
    let air = if air > 0.0 { air } else { high.abs().max(1.0) * 0.05 };
    (if from_zero && low == 0.0 { 0.0 } else { low - air }, high + air)
}

fn axes(text: &mut String, frame: &Frame, unit: &str) {
    let step = nice((frame.values.1 - frame.values.0) / 5.0);
    let mut value = (frame.values.0 / step).ceil() * step;
    while value <= frame.values.1 {
        let y = frame.y(value);
        let _ = write!(
            text,
            "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\" \
             style=\"stroke:var(--grid)\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 6.0,
            y + 4.0,
            short(value, step)
        );
        value += step;
    }
    let (from, to) = frame.times;
    for part in 0..=4 {
        let time = from + (to - from) * f64::from(part) / 4.0;
        let anchor = ["start", "middle", "middle", "middle", "end"][part as usize];
        let at = day_and_minute(minute_start(time as i64 / 60));
        let _ = write!(
            text,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"{anchor}\">{at}</text>",
            frame.x(time),
            HEIGHT - BOTTOM + 16.0
        );
    }
    let middle = (HEIGHT - BOTTOM + TOP) / 2.0;
    let unit = escape(unit);
    let _ = write!(
        text,
        "<text x=\"12\" y=\"{middle}\" text-anchor=\"middle\" \
         transform=\"rotate(-90 12 {middle})\">{unit}</text>"
    );
}

/// 1, 2 or 5 times a power of ten, at least so much.
fn nice(step: f64) -> f64 {
    let power = 10f64.powf(step.max(f64::MIN_POSITIVE).log10().floor());
    let times = [1.0, 2.0, 5.0, 10.0].into_iter().find(|times| times * power >= step);
    times.unwrap_or(10.0) * power
}

/// `1.2M`, `350k`, `0.04`, with the digits that the step needs.
fn short(value: f64, step: f64) -> String {
    let (value, step, letter) = match step {
        step if step >= 1e8 => (value / 1e9, step / 1e9, "bn"),
        step if step >= 1e5 => (value / 1e6, step / 1e6, "M"),
        step if step >= 1e3 => (value / 1e3, step / 1e3, "k"),
        step => (value, step, ""),
    };
    let places = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
    // Rounding may leave a minus before nothing.
    let text = format!("{value:.places$}");
    let zero = text.trim_start_matches('-').chars().all(|letter| "0.".contains(letter));
    if zero { "0".to_owned() } else { format!("{text}{letter}") }
}

/// The points of a series, thinned: in each column of the picture its lowest and highest, in order.
fn thinned(view: &View, series: &Series) -> Vec<(f64, f64)> {
    let points: Vec<(f64, f64)> = view
        .times
        .iter()
        .zip(&series.values)
        .filter_map(|(time, value)| Some((*time as f64, (*value)?)))
        .collect();
    let size = points.len().div_ceil(COLUMNS).max(1);
    let thin = points.chunks(size).flat_map(|chunk| {
        let by_value = |one: &&(f64, f64), other: &&(f64, f64)| one.1.total_cmp(&other.1);
        let low = chunk.iter().min_by(by_value).copied();
        let high = chunk.iter().max_by(by_value).copied();
        match (low, high) {
            (Some(low), Some(high)) if low == high => vec![low],
            (Some(low), Some(high)) if low.0 <= high.0 => vec![low, high],
            (Some(low), Some(high)) => vec![high, low],
            _ => Vec::new(),
        }
    });
    thin.collect()
}

fn line(text: &mut String, frame: &Frame, view: &View, series: &Series) {
    let points = thinned(view, series);
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return };
    let zero = frame.y(0f64.max(frame.values.0));
    let mut path = String::new();
    let mut before: Option<f64> = None;
    for (time, value) in &points {
        let (x, y) = (frame.x(*time), frame.y(*value));
        let letter = if path.is_empty() { 'M' } else { 'L' };
        if let Some(before) = before.filter(|_| view.stepped) {
            let _ = write!(path, "L{x:.1} {before:.1}");
        }
        let _ = write!(path, "{letter}{x:.1} {y:.1}");
        before = Some(y);
    }
    let tone = &series.tone;
    let dash = if series.dash { ";stroke-dasharray:6 4" } else { "" };
    if view.kind == Kind::Lines {
        let _ = write!(
            text,
            "<path d=\"{path}\" style=\"fill:none;stroke:var(--{tone});stroke-width:1.4{dash}\"/>"
        );
    } else {
        let (from, to) = (frame.x(first.0), frame.x(last.0));
        let _ = write!(
            text,
            "<path d=\"{path}L{to:.1} {zero:.1}L{from:.1} {zero:.1}Z\" \
             style=\"fill:var(--{tone})\"/>"
        );
    }
}

/// Bars at the foot, on an axis of their own.
fn foot(text: &mut String, frame: &Frame, view: &View, series: &Series) {
    let feet = view.series.iter().filter(|one| one.foot);
    let most = feet.flat_map(|one| one.values.iter().flatten().copied()).fold(0.0, f64::max);
    if most <= 0.0 {
        return;
    }
    let ground = HEIGHT - BOTTOM;
    let mut path = String::new();
    for (time, value) in thinned(view, series).into_iter().filter(|(_, value)| *value > 0.0) {
        let top = ground - value / most * (ground - TOP) * FOOT;
        let _ = write!(path, "M{:.1} {ground}V{top:.1}", frame.x(time));
    }
    let tone = &series.tone;
    let _ = write!(text, "<path d=\"{path}\" style=\"stroke:var(--{tone});opacity:.7\"/>");
}

fn legend(text: &mut String, series: &[Series]) {
    let (mut x, mut y) = (LEFT, HEIGHT - 26.0);
    for one in series {
        let width = 26.0 + one.name.chars().count() as f64 * 6.7;
        if x + width > WIDTH - RIGHT {
            (x, y) = (LEFT, y + 17.0);
        }
        let _ = write!(
            text,
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"12\" height=\"8\" style=\"fill:var(--{})\"/>\
             <text x=\"{:.1}\" y=\"{y:.1}\">{}</text>",
            y - 8.0,
            one.tone,
            x + 16.0,
            escape(&one.name)
        );
        x += width;
    }
}

#[cfg(test)]
mod tests {
    //! Goal: axes read well, and thinning keeps extremes. Method: tables.

    use super::*;

    #[test]
    fn ticks_are_short() {
        let table = [
            (1_200_000.0, 200_000.0, "1.2M"),
            (350_000.0, 50_000.0, "350k"),
            (0.04, 0.02, "0.04"),
            (-0.0, 5.0, "0"),
            (7_500.0, 500.0, "7500"),
        ];
        for (value, step, text) in table {
            assert_eq!(short(value, step), text);
        }
        for (step, expected) in [(0.3, 0.5), (7.0, 10.0), (1.0, 1.0), (130.0, 200.0)] {
            assert!((nice(step) - expected).abs() < 1e-9, "{step}");
        }
    }

    #[test]
    fn thinning_keeps_extremes() {
        let values: Vec<Option<f64>> =
            (0..5_000).map(|place| Some(if place == 3_333 { -9.0 } else { 1.0 })).collect();
        let series = Series {
            name: "a".to_owned(),
            tone: "c0".to_owned(),
            dash: false,
            loose: false,
            foot: false,
            values,
        };
        let view = View {
            name: String::new(),
            unit: String::new(),
            kind: Kind::Lines,
            stepped: false,
            times: (0..5_000).collect(),
            series: vec![series.clone()],
            marks: Vec::new(),
            sheet: Default::default(),
        };
        let thin = thinned(&view, &series);
        assert!(thin.len() <= 2 * COLUMNS);
        assert!(thin.contains(&(3_333.0, -9.0)));
        assert!(alone("a < b", &view).contains("a &lt; b"));
    }
}
