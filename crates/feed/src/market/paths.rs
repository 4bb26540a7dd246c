//! How bars become ticks: hours through the bridge, short bars through their own path.
//!
//! The guard: a last price more than a quarter from the mark of the same bar is a bad print. It
//! stays, as one tick; the legs around it run to the mark's extreme.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use domain::{Duration, Feed, FeedRole, InstrumentId};

use super::roles::FilledSeries;
use super::{BadPrint, Legs, PricePath, PriceSeries};
use crate::decimal;
use crate::error::{FeedError, FeedErrors, Place};
use crate::generate::bridge::{self, HourBar, HourSeries, MINUTES};
use crate::manifest::Manifest;
use crate::reader::Bar;
use crate::ticks::aggregate;
use crate::time::{self, HOUR, MINUTE};

/// Widest bar that takes the bar path.
const SHORT_MAX: i64 = 15 * MINUTE;

/// Most hours that are bridged at once, eleven years: a single stray stamp must not ask for more
/// memory than a machine has.
const HOURS_MAX: i64 = 100_000;

/// Most ticks of one bar.
const TICKS_MAX: i64 = 60;

/// Gives every series its path, and lists the bad prints.
///
/// # Errors
/// `market.interval` for bars that are neither short nor hourly; those of the bridge.
pub(super) fn paths(
    filled: Vec<FilledSeries>,
    manifest: &Manifest,
) -> Result<(Vec<PriceSeries>, Vec<BadPrint>), FeedErrors> {
    let mut errors = FeedErrors::default();
    let mut series = Vec::with_capacity(filled.len());
    for FilledSeries { loaded, stands_in } in filled {
        let source = &manifest.source[loaded.source as usize];
        let width = loaded.interval.nanos();
        if width > SHORT_MAX && width != HOUR {
            let place = Place::file(&source.file).at(&loaded.name);
            let expected = "bars of 15 minutes or less, or of one hour";
            let found = time::span(loaded.interval);
            errors.push(FeedError::input("market.interval", place, expected, found));
        }
        // One tick a minute and the close keep every price younger than a minute.
        let usual = (width / MINUTE + 1).clamp(4, TICKS_MAX) as u32;
        let ticks_per_bar = source.ticks_per_bar.unwrap_or(usual);
        let legs = vec![None; loaded.bars.len()];
        series.push(PriceSeries {
            feed: loaded.feed,
            name: loaded.name,
            asset: loaded.asset,
            digits: loaded.digits,
            source: loaded.source,
            provenance: source.provenance,
            stands_in,
            interval: loaded.interval,
            bars: loaded.bars,
            path: PricePath::Bars { ticks_per_bar, legs },
        });
    }
    let series = errors.or(series)?;
    let (series, mut bad_prints) = guard(series);
    let series = bridge_hours(series, manifest, &mut bad_prints)?;
    bad_prints.sort_by(|a, b| (a.time, &a.name).cmp(&(b.time, &b.name)));
    Ok((series, bad_prints))
}

/// Flags bad prints of short bars against the mark's bar of the same time and width.
fn guard(mut series: Vec<PriceSeries>) -> (Vec<PriceSeries>, Vec<BadPrint>) {
    let mut bad_prints = Vec::new();
    for place in 0..series.len() {
        let last = &series[place];
        let mark = Feed::mark(InstrumentId::new(last.feed.target));
        let guarded = last.feed.role == FeedRole::Last && last.interval.nanos() != HOUR;
        let Some(mark) = series.iter().find(|series| guarded && series.feed == mark) else {
            continue;
        };
        if mark.interval != last.interval {
            continue;
        }
        let mut found = Vec::new();
        let legs = last.bars.iter().map(|bar| {
            let near = mark.bars.binary_search_by_key(&bar.time, |mark| mark.time).ok()?;
            let (legs, prints) = legs(bar, &mark.bars[near])?;
            found.extend(prints.into_iter().flatten().map(|price| print_of(last, bar, price)));
            Some(legs)
        });
        let new_legs: Vec<Option<Legs>> = legs.collect();
        bad_prints.extend(found);
        if let PricePath::Bars { legs, .. } = &mut series[place].path {
            *legs = new_legs;
        }
    }
    (series, bad_prints)
}

/// Where the legs of a bar with a bad print run, and its flagged extremes; `None` for a sound bar.
fn legs(bar: &Bar, mark: &Bar) -> Option<(Legs, [Option<i64>; 2])> {
    let high = beyond_guard(bar.high, mark.high);
    let low = beyond_guard(bar.low, mark.low);
    if !high && !low {
        return None;
    }
    let outer = (bar.open.max(bar.close), bar.open.min(bar.close));
    let legs = Legs {
        high: if high { mark.high.clamp(outer.0, bar.high) } else { bar.high },
        low: if low { mark.low.clamp(bar.low, outer.1) } else { bar.low },
    };
    Some((legs, [high.then_some(bar.high), low.then_some(bar.low)]))
}

/// `abs(last / mark - 1) > 25 %`, without dividing.
fn beyond_guard(last: i64, mark: i64) -> bool {
    4 * (i128::from(last) - i128::from(mark)).abs() > i128::from(mark)
}

fn print_of(series: &PriceSeries, bar: &Bar, price: i64) -> BadPrint {
    let price = decimal::text(i128::from(price), series.digits);
    BadPrint { name: series.name.clone(), time: bar.time, price, line: bar.line }
}

/// Sends all hourly series through the bridge together.
///
/// The bridge wants every hour of every series. A declared hole is filled with a flat hour for it
/// and taken out again; hours are drawn one by one, so the others do not feel it.
fn bridge_hours(
    mut series: Vec<PriceSeries>,
    manifest: &Manifest,
    bad_prints: &mut Vec<BadPrint>,
) -> Result<Vec<PriceSeries>, FeedErrors> {
    let hourly: Vec<usize> =
        (0..series.len()).filter(|place| series[*place].interval.nanos() == HOUR).collect();
    let all = || hourly.iter().flat_map(|place| &series[*place].bars);
    let number = |bar: &Bar| bar.time.nanos().div_euclid(HOUR);
    let (Some(first), Some(last)) = (all().map(number).min(), all().map(number).max()) else {
        return Ok(series);
    };
    if last - first >= HOURS_MAX {
        let expected = format!("at most {HOURS_MAX} hours from the first to the last");
        let found = (last - first + 1).to_string();
        return Err(FeedError::input("market.hours", Place::default(), expected, found).into());
    }
    let hub = hub_hours(&series, &manifest.bridge.hub, first..=last);
    let places = hourly.iter().map(|place| hours_of(&series[*place], first..=last));
    let hours: Vec<HourSeries> = places.chain(hub).collect();
    let bridged = bridge::bridge(manifest.seed, first, &manifest.bridge, &hours)?;
    for (place, minutes) in hourly.into_iter().zip(bridged) {
        let series = &mut series[place];
        let mut kept = Vec::with_capacity(series.bars.len() * MINUTES);
        for bar in &series.bars {
            let from = (number(bar) - first) as usize * MINUTES;
            let hour = from..from + MINUTES;
            for minute in minutes.bad_prints.iter().filter(|minute| hour.contains(minute)) {
                let offset = Duration::from_nanos((minute - from) as i64 * MINUTE);
                let at = Bar { time: bar.time.plus(offset), ..*bar };
                bad_prints.push(print_of(series, &at, minutes.minutes[*minute]));
            }
            kept.extend_from_slice(&minutes.minutes[hour]);
        }
        series.path = PricePath::Minutes(kept);
    }
    Ok(series)
}

fn hours_of(series: &PriceSeries, range: RangeInclusive<i64>) -> HourSeries {
    let role = match series.feed.role {
        FeedRole::Index => bridge::Role::Index,
        FeedRole::Mark => bridge::Role::Mark,
        FeedRole::Last => bridge::Role::Last,
    };
    let by_hour = aggregate(&series.bars, HOUR);
    HourSeries { asset: series.asset.clone(), role, bars: every_hour(&by_hour, range) }
}

/// The bars of a range of hours, flat at the price before where there is none.
fn every_hour(by_hour: &BTreeMap<i64, Bar>, range: RangeInclusive<i64>) -> Vec<HourBar> {
    let mut before = by_hour.values().next().map_or(1, |bar| bar.open);
    let hour = |hour: i64| {
        let bar = by_hour.get(&(hour * HOUR)).map(|bar| HourBar {
            open: bar.open,
            high: bar.high,
            low: bar.low,
            close: bar.close,
        });
        let flat = HourBar { open: before, high: before, low: before, close: before };
        let bar = bar.unwrap_or(flat);
        before = bar.close;
        bar
    };
    range.map(hour).collect()
}

/// The hub's hours where it has no hourly mark: put together from its shorter bars, or from its
/// index or last price. They order the hours of the others and are not published.
fn hub_hours(series: &[PriceSeries], hub: &str, range: RangeInclusive<i64>) -> Option<HourSeries> {
    let rank = |series: &&PriceSeries| match series.feed.role {
        FeedRole::Mark => 0,
        FeedRole::Index => 1,
        FeedRole::Last => 2,
    };
    let reference = series.iter().filter(|series| series.asset == hub).min_by_key(rank)?;
    if reference.feed.role == FeedRole::Mark && reference.interval.nanos() == HOUR {
        return None;
    }
    let hours = hours_of(reference, range);
    Some(HourSeries { role: bridge::Role::Mark, ..hours })
}
