//! Bridge: from an hour's open, high, low and close to sixty minutes.
//!
//! One shape per hour drives every series and asset: bridged apart, series would invent basis,
//! false circuit breakers and broken hedges. The hub's mark decides whether lows or highs come
//! first; the minutes of the extremes are drawn once; each series then runs through its own four
//! prices with noise that is partly common, partly its asset's.
//! Law: minute 0 is the open, minute 59 the close, high and low are hit to the unit, and no minute
//! lies outside its bar.

mod parameters;
mod shape;

#[cfg(test)]
mod tests;

use super::knots::{Knot, leg};
use crate::error::{FeedError, Place};

pub use parameters::{Extreme, ExtremeAt, Parameters};
pub use shape::{MINUTES, Shape};

/// A last price this far from the mark, one quarter, is a bad print (chosen; the guard of the
/// house uses the same share).
const BAD_PRINT_PARTS: i128 = 4;

/// Four prices of one hour, in price units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HourBar {
    /// First price.
    pub open: i64,
    /// Highest price.
    pub high: i64,
    /// Lowest price, above zero.
    pub low: i64,
    /// Last price of the hour.
    pub close: i64,
}

/// What a series of prices is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Values collateral.
    Index,
    /// Values positions, triggers liquidation; also decides the hub's order of extremes.
    Mark,
    /// Display and the bad-print guard.
    Last,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Role::Index => "index",
            Role::Mark => "mark",
            Role::Last => "last",
        }
    }
}

/// The hours of one asset in one role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HourSeries {
    /// The asset whose noise it shares.
    pub asset: String,
    /// Its use. Mark and last of one asset must have the same price unit.
    pub role: Role,
    /// One bar for each hour, without holes.
    pub bars: Vec<HourBar>,
}

/// The minutes of one series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinuteSeries {
    /// One price for each minute, in the price unit of the bars.
    pub minutes: Vec<i64>,
    /// Minutes, counted from the start, whose price is a bad print: a last price beyond the guard.
    pub bad_prints: Vec<usize>,
}

/// Bridges all series of a window, in the order given.
///
/// `first_hour` is the first bar's hour since 1970-01-01T00:00Z; 2020-03-12T00:00Z is 439,992.
///
/// # Errors
/// No mark of the hub, series of unequal length, a bar whose prices contradict each other, an
/// `extreme_at` outside the window or without room; each with its place.
pub fn bridge(
    seed: u64,
    first_hour: i64,
    parameters: &Parameters,
    series: &[HourSeries],
) -> Result<Vec<MinuteSeries>, FeedError> {
    let hub = series
        .iter()
        .find(|known| known.asset == parameters.hub && known.role == Role::Mark)
        .ok_or_else(|| {
            wrong("bridge.hub", "an asset with a mark series", parameters.hub.clone())
        })?;
    let hours = hub.bars.len();
    parameters.validate(first_hour, hours)?;
    for known in series {
        check_bars(known, first_hour, hours)?;
    }
    let mut bridged: Vec<MinuteSeries> = series
        .iter()
        .map(|_| MinuteSeries {
            minutes: Vec::with_capacity(hours * MINUTES),
            bad_prints: Vec::new(),
        })
        .collect();
    for place in 0..hours {
        let hour = first_hour + place as i64;
        let low_first = hub.bars[place].close >= hub.bars[place].open;
        let shape = Shape::new(seed, hour, low_first, parameters)?;
        for (known, minutes) in series.iter().zip(&mut bridged) {
            let noise = shape.noise(seed, hour, &known.asset);
            let mark = mark_of(known, series).map(|mark| mark.bars[place]);
            let amplitude = parameters.amplitude.to_float();
            let (path, prints) = hour_path(&known.bars[place], mark, &shape, &noise, amplitude);
            minutes.minutes.extend(path);
            minutes.bad_prints.extend(prints.iter().map(|minute| place * MINUTES + minute));
        }
    }
    Ok(bridged)
}

fn wrong(path: &str, expected: impl Into<String>, found: impl Into<String>) -> FeedError {
    FeedError::input("bridge.parameter", Place::default().at(path), expected, found)
}

fn check_bars(series: &HourSeries, first_hour: i64, hours: usize) -> Result<(), FeedError> {
    let path = format!("{} {}", series.asset, series.role.name());
    if series.bars.len() != hours {
        let expected = format!("{hours} hours, as the hub's mark has");
        return Err(wrong(&path, expected, series.bars.len().to_string()));
    }
    for (bar, hour) in series.bars.iter().zip(first_hour..) {
        let (lower, upper) = (bar.open.min(bar.close), bar.open.max(bar.close));
        if bar.low < 1 || lower < bar.low || upper > bar.high {
            let path = format!("{path}, hour {}", parameters::minute_text(hour * 60));
            let expected = "0 < low <= open, close <= high, in price units";
            return Err(wrong(&path, expected, format!("{bar:?}")));
        }
    }
    Ok(())
}

/// The mark that guards a last-price series; none guards index and mark themselves.
fn mark_of<'a>(series: &HourSeries, all: &'a [HourSeries]) -> Option<&'a HourSeries> {
    let guarded = series.role == Role::Last;
    all.iter().find(|mark| guarded && mark.role == Role::Mark && mark.asset == series.asset)
}

/// One hour of one series: its minutes, and which of them are bad prints.
///
/// An extreme that the guard flags is one tick at its minute; the legs around it run to the mark's
/// extreme, or to open or close where those lie further out. Worked: the hour with high 323 against
/// a mark high of 119.47 has legs to 119.47 and the single tick 323.
fn hour_path(
    bar: &HourBar,
    mark: Option<HourBar>,
    shape: &Shape,
    noise: &[f64; MINUTES],
    amplitude: f64,
) -> ([i64; MINUTES], Vec<usize>) {
    let mark = mark.unwrap_or(*bar);
    let high_flagged = is_bad_print(bar.high, mark.high);
    let low_flagged = is_bad_print(bar.low, mark.low);
    let outer_high = bar.open.max(bar.close);
    let outer_low = bar.open.min(bar.close);
    let high = if high_flagged { mark.high.clamp(outer_high, bar.high) } else { bar.high };
    let low = if low_flagged { mark.low.clamp(bar.low, outer_low) } else { bar.low };
    let (high_minute, low_minute) = shape.extremes();
    let mut knots = [
        Knot { step: 0, price: bar.open },
        Knot { step: low_minute, price: low },
        Knot { step: high_minute, price: high },
        Knot { step: MINUTES - 1, price: bar.close },
    ];
    knots.sort_by_key(|knot| knot.step);
    let mut path = [0; MINUTES];
    for pair in knots.windows(2) {
        leg(&mut path, pair[0], pair[1], noise, amplitude);
    }
    path[high_minute] = bar.high;
    path[low_minute] = bar.low;
    let flagged = [(high_flagged, high_minute), (low_flagged, low_minute)];
    let mut prints: Vec<usize> =
        flagged.iter().filter(|(flagged, _)| *flagged).map(|(_, minute)| *minute).collect();
    prints.sort_unstable();
    (path, prints)
}

/// abs(last / mark - 1) > 25 %, without dividing.
fn is_bad_print(last: i64, mark: i64) -> bool {
    BAD_PRINT_PARTS * (i128::from(last) - i128::from(mark)).abs() > i128::from(mark)
}
