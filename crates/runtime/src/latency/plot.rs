//! The percentile plot of a run as one SVG: latency over percentile, both by powers of ten, a line
//! a stage. What matters of a latency is its tail, so each further nine gets the same width.

use std::fmt::Write as _;

use hdrhistogram::Histogram;

use super::Stage;

/// Points of a curve: point k stands at the quantile 1 - 10^(-k/4), so 0, 43.8 %, 68.4 %, 82.2 %,
/// 90 %, and so on to 99.999 %.
pub const POINTS: usize = 21;
/// Points from one nine to the next.
const POINTS_PER_NINE: usize = 4;

/// The latencies of one stage over percentiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Curve {
    /// Which stage.
    pub stage: Stage,
    /// Values in nanoseconds at the quantiles of [`POINTS`].
    pub values_ns: [u64; POINTS],
}

impl Curve {
    pub(super) fn new(stage: Stage, histogram: &Histogram<u64>) -> Self {
        let quantile = |point: usize| 1.0 - 10f64.powf(-(point as f64) / POINTS_PER_NINE as f64);
        let values_ns =
            std::array::from_fn(|point| histogram.value_at_quantile(quantile(point)).max(1));
        Self { stage, values_ns }
    }
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 90.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 52.0;
const NINES: [&str; 6] = ["0", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %"];
const UNITS: [&str; 11] = [
    "1 ns", "10 ns", "100 ns", "1 us", "10 us", "100 us", "1 ms", "10 ms", "100 ms", "1 s", "10 s",
];

/// One colour a stage, in the order of [`Stage::ALL`]; told apart by those who see no red.
const COLOURS: [&str; 5] = ["#0072b2", "#009e73", "#d55e00", "#cc79a7", "#222222"];

/// The decades that the values span: lowest and one above the highest.
fn decades(curves: &[Curve]) -> (u32, u32) {
    let values = || curves.iter().flat_map(|curve| curve.values_ns);
    let low = values().min().unwrap_or(1).max(1).ilog10();
    let high = values().max().unwrap_or(1).max(1).ilog10() + 1;
    (low, high)
}

/// The plot as a document that needs nothing else. `title` says what was measured.
#[must_use]
pub fn svg(title: &str, curves: &[Curve]) -> String {
    let (low, high) = decades(curves);
    let x = |point: usize| LEFT + (WIDTH - LEFT - RIGHT) * point as f64 / (POINTS - 1) as f64;
    let y = |nanos: u64| {
        let share = ((nanos.max(1) as f64).log10() - f64::from(low)) / f64::from(high - low);
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share
    };
    let mut out = open(title);
    for (nine, name) in NINES.iter().enumerate() {
        let at = x(nine * POINTS_PER_NINE);
        line(&mut out, (at, TOP), (at, HEIGHT - BOTTOM));
        text(&mut out, (at, HEIGHT - BOTTOM + 20.0), "middle", "#444", name);
    }
    text(&mut out, (WIDTH / 2.0, HEIGHT - 8.0), "middle", "#444", "percentile");
    for decade in low..=high {
        let at = y(10u64.pow(decade));
        line(&mut out, (LEFT, at), (WIDTH - RIGHT, at));
        let name = UNITS.get(decade as usize).copied().unwrap_or("longer");
        text(&mut out, (LEFT - 8.0, at + 4.0), "end", "#444", name);
    }
    let mut taken: Vec<f64> = Vec::new();
    for curve in curves {
        let colour = COLOURS[curve.stage as usize];
        let points: Vec<String> = (0..POINTS)
            .map(|point| format!("{:.1},{:.1}", x(point), y(curve.values_ns[point])))
            .collect();
        let points = points.join(" ");
        push(
            &mut out,
            format_args!(
                "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" \
                 points=\"{points}\"/>\n"
            ),
        );
        let at = free_height(&taken, y(curve.values_ns[POINTS - 1]) + 4.0);
        taken.push(at);
        text(&mut out, (WIDTH - RIGHT + 8.0, at), "start", colour, curve.stage.word());
    }
    out.push_str("</svg>\n");
    out
}

/// The nearest height at or above `wanted` where a label hides none of the others.
fn free_height(taken: &[f64], wanted: f64) -> f64 {
    const ROW: f64 = 14.0;
    let mut at = wanted;
    while let Some(other) = taken.iter().find(|other| (**other - at).abs() < ROW) {
        at = other - ROW;
    }
    at
}

fn open(title: &str) -> String {
    let title = title.replace('&', "&amp;").replace('<', "&lt;");
    let mut out = String::new();
    push(
        &mut out,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n<title>{title}</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n"
        ),
    );
    push(
        &mut out,
        format_args!("<text x=\"{LEFT}\" y=\"26\" font-size=\"15\" fill=\"#111\">{title}</text>\n"),
    );
    out
}

fn line(out: &mut String, from: (f64, f64), to: (f64, f64)) {
    push(
        out,
        format_args!(
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"#ddd\"/>\n",
            from.0, from.1, to.0, to.1
        ),
    );
}

fn text(out: &mut String, at: (f64, f64), anchor: &str, colour: &str, words: &str) {
    push(
        out,
        format_args!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" \
             fill=\"{colour}\">{words}</text>\n",
            at.0, at.1
        ),
    );
}

fn push(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    out.write_fmt(arguments).expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(stage: Stage, values: impl Iterator<Item = u64>) -> Curve {
        let mut histogram = Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("in range");
        values.for_each(|value| histogram.record(value).expect("in range"));
        Curve::new(stage, &histogram)
    }

    #[test]
    fn a_curve_rises_to_the_maximum_by_nines() {
        let curve = curve(Stage::Total, 1..=100_000);
        assert!(curve.values_ns.is_sorted());
        for (point, expected) in [(4, 90_000u64), (8, 99_000), (12, 99_900), (20, 99_999)] {
            let found = curve.values_ns[point];
            assert!(found.abs_diff(expected) <= expected / 500, "{point}: {found}");
        }
    }

    #[test]
    fn the_plot_holds_each_stage_inside_its_frame() {
        let curves = [curve(Stage::Apply, 900..2_000), curve(Stage::Total, 10_000..5_000_000)];
        let svg = svg("half of capacity & <more>", &curves);
        assert!(svg.contains("<title>half of capacity &amp; &lt;more></title>"));
        assert_eq!(svg.matches("<polyline").count(), 2);
        for words in ["apply", "total", "99.999 %", "100 ns", "10 ms"] {
            assert!(svg.contains(&format!(">{words}</text>")), "{words}");
        }
        let points = svg.split("points=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for pair in points.flat_map(|points| points.split(' ')) {
            let (x, y) = pair.split_once(',').expect("a pair");
            let (x, y): (f64, f64) = (x.parse().expect("x"), y.parse().expect("y"));
            assert!((LEFT..=WIDTH - RIGHT).contains(&x), "{pair}");
            assert!((TOP..=HEIGHT - BOTTOM).contains(&y), "{pair}");
        }
    }

    #[test]
    fn labels_of_curves_that_end_together_stand_above_each_other() {
        assert!((free_height(&[100.0, 86.0], 101.0) - 72.0).abs() < 1e-9);
        assert!((free_height(&[], 101.0) - 101.0).abs() < 1e-9);
    }
}
