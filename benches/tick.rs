//! Claim: a tick that crosses no bound costs at 1,000,000 accounts at most twice what it costs at
//! 1,000, at most a 10,000th of a full rescan, and at p99 at most 2 us; with finite depth and
//! feedback on at most twice what it costs without.
//!
//! Method: `benches::spread`, four positions an account, leverage 1 to 36. Calm ticks go around the
//! ten instruments within 0.05 % of the opening and wake nobody (checked); CPU time, medians of
//! alternating rounds, and wall time of each tick for the percentiles. The rescan is
//! `ClearingHouse::rescan` of the same book: one exact check of every account. Beside it, reported:
//! one instrument falls by a basis point a tick, one follows the marks of 12 March 2020 (the
//! fixture's: hourly figures of the market, minutes invented between), and one the minutes of an
//! invented day that loses half; one rescan a tick, which would only find and not liquidate, is
//! their baseline. An account may be liquidated in part many times on its way down; that is in the
//! cost, and counted. With depth (`benches::depth`), at 100,000 accounts: the same ticks, in turn,
//! with and without.

use std::hint::black_box;
use std::time::Instant;

use benches::book::{self, BTC, INSTRUMENTS, OPENING, Stream, USD};
use benches::clock::{median, timed};
use benches::figure::Figures;
use benches::{depth, following, recorded, spread};
use clearing::ClearingHouse;
use domain::command::{Feed, PayInCapital};
use domain::{Amount, Command, Effect, Event, InstrumentId};
use feed::generate::crash::{Crash, crash};
use feed::generate::millionths::Millionths;
use hdrhistogram::Histogram;

const SMALL: u64 = 1_000;
const LARGE: u64 = 1_000_000;
const DEEP: u64 = 100_000;
const ROUND: usize = 100_000;
const ROUNDS: usize = 9;

fn mark(instrument: u32, price: i64) -> Command {
    book::price(Feed::mark(InstrumentId::new(instrument)), price).into()
}

/// Ticks within 0.05 % of the opening, instrument after instrument.
fn calm(house: &ClearingHouse, seed: u64, count: usize) -> Vec<Event> {
    let mut stream = Stream::new(seed);
    let width = OPENING as u64 / 1_000;
    let commands = (0..count).map(|number| {
        let away = stream.below(width + 1) as i64 - width as i64 / 2;
        mark(number as u32 % INSTRUMENTS, OPENING + away)
    });
    following::events(house, commands)
}

fn apply(house: &mut ClearingHouse, events: &[Event], effects: &mut Vec<Effect>) {
    for event in events {
        house.apply(event, effects);
    }
}

/// CPU time of calm ticks in both books, and percentiles of single ones in the large one.
fn calm_ticks(figures: &mut Figures, small: &mut ClearingHouse, large: &mut ClearingHouse) -> f64 {
    let mut effects = Vec::new();
    let mut costs: [Vec<f64>; 2] = Default::default();
    let before = (small.wake_counts().woken, large.wake_counts().woken);
    for seed in 0..ROUNDS as u64 {
        for (house, costs) in [&mut *small, &mut *large].into_iter().zip(&mut costs) {
            let events = calm(house, seed, ROUND);
            let (nanos, ()) = timed(|| apply(house, &events, &mut effects));
            costs.push(nanos as f64 / ROUND as f64);
        }
    }
    let [few, many] = costs.map(median);
    let mut histogram = Histogram::<u64>::new_with_max(60_000_000_000, 3).expect("valid bounds");
    let events = calm(large, 99, 3 * ROUND);
    for event in &events {
        let begin = Instant::now();
        large.apply(event, &mut effects);
        histogram.saturating_record(begin.elapsed().as_nanos() as u64);
        let published = matches!(effects.as_slice(), [Effect::PricePublished { .. }]);
        assert!(published, "a calm tick is accepted and nothing follows: {effects:?}");
    }
    let after = (small.wake_counts().woken, large.wake_counts().woken);
    assert_eq!(before, after, "a calm tick wakes nobody");
    figures.report(&format!("calm tick, {SMALL} accounts"), few, "ns");
    figures.at_most(&format!("calm tick, {LARGE} accounts"), many, "ns", few, 2.0);
    for (name, quantile) in [("p50", 0.5), ("p90", 0.9), ("p99.9", 0.999)] {
        let value = histogram.value_at_quantile(quantile) as f64;
        figures.report(&format!("calm tick, {name}, clock included"), value, "ns");
    }
    figures.report("calm tick, max, clock included", histogram.max() as f64, "ns");
    let p99 = histogram.value_at_quantile(0.99) as f64;
    figures.at_most("calm tick, p99, clock included", p99, "ns", 2_000.0, 1.0);
    many
}

/// Lets one instrument follow a path and says what waking cost.
fn follow(figures: &mut Figures, what: &str, house: &mut ClearingHouse, path: &[i64], rescan: f64) {
    let commands = path.iter().map(|price| mark(0, *price));
    let events = following::events(house, commands);
    let mut effects = Vec::new();
    let (mut liquidations, mut total, mut worst, mut woken) = (0u64, 0, 0, 0);
    // Of ticks that wake somebody and liquidate nobody: what a wake alone costs.
    let (mut quiet, mut quietly_woken) = (0, 0);
    for event in &events {
        let before = house.wake_counts().woken;
        let (nanos, ()) = timed(|| house.apply(event, &mut effects));
        let woken_now = house.wake_counts().woken - before;
        let started = |effect: &&Effect| matches!(effect, Effect::LiquidationStarted { .. });
        let started = effects.iter().filter(started).count() as u64;
        (total, worst) = (total + nanos, worst.max(nanos));
        (woken, liquidations) = (woken + woken_now, liquidations + started);
        if started == 0 && woken_now > 0 {
            (quiet, quietly_woken) = (quiet + nanos, quietly_woken + woken_now);
        }
    }
    assert_eq!(house.rescan(), 0, "nobody below the line was missed");
    let (total, ticks) = (total as f64, path.len() as f64);
    figures.report(&format!("{what}, ticks"), ticks, "ticks");
    figures.report(&format!("{what}, woken a tick"), woken as f64 / ticks, "accounts");
    figures.report(&format!("{what}, liquidations a tick"), liquidations as f64 / ticks, "starts");
    if quietly_woken > 0 {
        let each = quiet as f64 / quietly_woken as f64;
        figures.report(&format!("{what}, a wake where nobody is liquidated"), each, "ns");
    }
    let figure = format!("{what}, a woken account, liquidations in it");
    figures.report(&figure, total / woken as f64, "ns");
    figures.report(&format!("{what}, worst tick"), worst as f64 / 1e6, "ms");
    let (value, baseline) = (total / ticks / 1e3, rescan / 1e3);
    figures.beside(&format!("{what}, a tick beside a rescan"), value, "us", baseline);
}

/// Minutes of a day that is quiet, loses half and regains a third of the loss.
fn day() -> Vec<i64> {
    let parts = |parts| Millionths::new(parts).expect("below a million wholes");
    let shape = Crash {
        start: OPENING,
        depth: parts(500_000),
        recovered: parts(333_333),
        falls_from: 600,
        bottom_at: 960,
        ends_at: 1_439,
        amplitude: parts(50_000),
    };
    crash(1, "BTC", shape).expect("steps in order")
}

/// Calm ticks where every instrument has finite depth and forced trades move marks, beside the same
/// book without: both of the smaller size, whose rows stay near.
fn calm_with_depth(figures: &mut Figures, plain: &mut ClearingHouse) {
    let mut deep = spread::under(depth::rulebook(None), DEEP, 65_536).house;
    let mut effects = Vec::new();
    let mut costs: [Vec<f64>; 2] = Default::default();
    let before = deep.wake_counts().woken;
    for seed in 0..ROUNDS as u64 {
        for (house, costs) in [&mut *plain, &mut deep].into_iter().zip(&mut costs) {
            let events = calm(house, seed, ROUND);
            let (nanos, ()) = timed(|| apply(house, &events, &mut effects));
            costs.push(nanos as f64 / ROUND as f64);
        }
    }
    for event in calm(&deep, 99, ROUND) {
        deep.apply(&event, &mut effects);
        let published = matches!(effects.as_slice(), [Effect::PricePublished { .. }]);
        assert!(published, "a calm tick is accepted and moves nothing: {effects:?}");
    }
    assert_eq!(before, deep.wake_counts().woken, "a calm tick wakes nobody with depth either");
    let [without, with] = costs.map(median);
    figures.report(&format!("calm tick, {DEEP} accounts, no depth"), without, "ns");
    let figure = format!("calm tick, {DEEP} accounts, feedback on");
    figures.at_most(&figure, with, "ns", without, 2.0);
}

fn main() {
    let claim = "a tick that crosses no bound: flat in accounts, a 10,000th of a rescan, p99 2 us";
    let mut figures = Figures::open("tick", claim);
    let mut small = spread::build(SMALL, 65_536).house;
    let mut driver = spread::build(LARGE, 65_536);
    // Losses are paid, so that the paths meet no deleveraging: that is `cascade`.
    for asset in [USD, BTC] {
        driver.send(PayInCapital { asset, amount: Amount::new(900_000_000_000_000) });
    }
    let mut house = driver.house;
    let tick = calm_ticks(&mut figures, &mut small, &mut house);
    calm_with_depth(&mut figures, &mut spread::build(DEEP, 65_536).house);
    let rescans = (0..3).map(|_| timed(|| black_box(house.rescan())).0 as f64).collect();
    let rescan = median(rescans);
    figures.at_least("full rescan of the same book", rescan, "ns", tick, 10_000.0);
    let fall: Vec<i64> = std::iter::successors(Some(OPENING), |price| Some(price * 9_999 / 10_000))
        .skip(1)
        .take(1_000)
        .collect();
    follow(&mut figures, "straight fall", &mut house.clone(), &fall, rescan);
    let recorded = recorded::marks("2020-03-12", "BTC-PERP", OPENING);
    follow(&mut figures, "12 March 2020", &mut house.clone(), &recorded, rescan);
    follow(&mut figures, "day of a crash", &mut house, &day(), rescan);
    figures.close();
}
