//! Short bars to ticks, and one shape for all bars of the same time and width.
//!
//! A bar of n ticks publishes its open at its start, its extremes at about one and two thirds and
//! its close at 59/60, as the bridge does with an hour; ticks between lie on straight legs. Which
//! extreme comes first is asked of one reference series, the hub's mark where it is fine enough:
//! the nearer to the open. Law: every bar yields its four prices to the unit and nothing outside.

use std::collections::BTreeMap;

use domain::{Duration, FeedRole, Timestamp};

use crate::market::PriceSeries;
use crate::reader::Bar;
use crate::time::HOUR;

/// One price at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    /// When.
    pub time: Timestamp,
    /// In units of its series.
    pub price: i64,
    /// Line of the bar it comes from.
    pub line: u64,
}

/// The ticks of one bar. `legs` names the high and the low that the straight legs run to, where
/// those of the bar are bad prints.
///
/// # Panics
/// With fewer than four ticks, which manifests refuse.
pub fn ticks(
    bar: &Bar,
    interval: Duration,
    count: u32,
    low_first: bool,
    legs: Option<(i64, i64)>,
) -> impl Iterator<Item = Tick> + use<> {
    assert!(count >= 4, "a bar has four prices");
    let (bar, last) = (*bar, i64::from(count) - 1);
    let thirds = [last / 3, last - last / 3];
    let (high, low) = legs.unwrap_or((bar.high, bar.low));
    let path = if low_first { [low, high] } else { [high, low] };
    let exact = if low_first { [bar.low, bar.high] } else { [bar.high, bar.low] };
    let knots = [(0, bar.open), (thirds[0], path[0]), (thirds[1], path[1]), (last, bar.close)];
    (0..count).map(move |number| {
        let step = i64::from(number);
        let price = match thirds.iter().position(|third| *third == step) {
            Some(extreme) => exact[extreme],
            None => on_legs(&knots, step),
        };
        let offset =
            if step == last { interval.nanos() / 60 * 59 } else { interval.nanos() * step / last };
        Tick { time: bar.time.plus(Duration::from_nanos(offset)), price, line: bar.line }
    })
}

/// The price of a step between knots, rounded down to the unit.
fn on_legs(knots: &[(i64, i64); 4], step: i64) -> i64 {
    for pair in knots.windows(2) {
        let ((from, a), (to, b)) = (pair[0], pair[1]);
        if step >= from && step <= to {
            let rise = i128::from(b) - i128::from(a);
            let moved = (rise * i128::from(step - from)).div_euclid(i128::from(to - from));
            // Between a and b, hence within 64 bits.
            return a + moved as i64;
        }
    }
    knots[3].1
}

/// Bars put together into wider ones by the grid of the width, keyed by start.
pub fn aggregate(bars: &[Bar], width: i64) -> BTreeMap<i64, Bar> {
    let mut wide: BTreeMap<i64, Bar> = BTreeMap::new();
    for bar in bars {
        let start = bar.time.nanos().div_euclid(width) * width;
        wide.entry(start)
            .and_modify(|wide| {
                wide.high = wide.high.max(bar.high);
                wide.low = wide.low.min(bar.low);
                wide.close = bar.close;
            })
            .or_insert(Bar { time: Timestamp::from_nanos(start), ..*bar });
    }
    wide
}

/// For each width the order of the extremes of each bar.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shapes {
    by_width: BTreeMap<i64, BTreeMap<i64, bool>>,
}

impl Shapes {
    /// Asks the reference series of every width: the hub's mark, index or last price, else the
    /// first series, whichever is fine enough to be put together to that width.
    pub fn new(series: &[PriceSeries], hub: &str) -> Shapes {
        let mut shapes = Shapes::default();
        let rank = |series: &&PriceSeries| {
            let role = match series.feed.role {
                FeedRole::Mark => 0,
                FeedRole::Index => 1,
                FeedRole::Last => 2,
            };
            (series.asset != hub, role)
        };
        for width in series.iter().map(|series| series.interval.nanos()) {
            if width == HOUR || shapes.by_width.contains_key(&width) {
                continue;
            }
            let fine = |series: &&PriceSeries| width % series.interval.nanos() == 0;
            let Some(reference) = series.iter().filter(fine).min_by_key(rank) else { continue };
            let bars = aggregate(&reference.bars, width);
            let orders = bars.iter().map(|(start, bar)| (*start, nearest_is_low(bar))).collect();
            shapes.by_width.insert(width, orders);
        }
        shapes
    }

    /// Whether the low comes before the high. Where the reference has a hole the bar's own prices
    /// decide.
    pub fn low_first(&self, width: Duration, bar: &Bar) -> bool {
        let orders = self.by_width.get(&width.nanos());
        let start = bar.time.nanos();
        orders.and_then(|orders| orders.get(&start)).copied().unwrap_or_else(|| nearest_is_low(bar))
    }
}

/// The extreme nearer to the open is the low; it is on a tie.
fn nearest_is_low(bar: &Bar) -> bool {
    bar.open - bar.low <= bar.high - bar.open
}

#[cfg(test)]
mod tests {
    //! Goal: four prices of every bar, in order and in time. Method: a table of counts.

    use super::*;

    const BAR: Bar = Bar {
        time: Timestamp::from_nanos(0),
        open: 100,
        high: 130,
        low: 90,
        close: 110,
        volume: 0,
        line: 7,
    };
    const MINUTE: Duration = Duration::from_seconds(60);

    fn prices(count: u32, low_first: bool) -> Vec<i64> {
        ticks(&BAR, MINUTE, count, low_first, None).map(|tick| tick.price).collect()
    }

    #[test]
    fn every_count_hits_the_four_prices() {
        assert_eq!(prices(4, true), [100, 90, 130, 110]);
        assert_eq!(prices(4, false), [100, 130, 90, 110]);
        assert_eq!(prices(6, true), [100, 90, 103, 116, 130, 110]);
        for count in 4..=60 {
            let prices = prices(count, true);
            assert_eq!((prices[0], prices[prices.len() - 1]), (100, 110));
            assert_eq!(prices.iter().max(), Some(&130));
            assert_eq!(prices.iter().min(), Some(&90));
            let times: Vec<i64> =
                ticks(&BAR, MINUTE, count, true, None).map(|tick| tick.time.nanos()).collect();
            assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{count}");
            assert_eq!(times.last(), Some(&59_000_000_000));
        }
    }

    #[test]
    fn a_bad_print_is_one_tick() {
        let ticks = ticks(&BAR, MINUTE, 10, true, Some((112, 90)));
        let prices: Vec<i64> = ticks.map(|tick| tick.price).collect();
        assert_eq!(prices, [100, 96, 93, 90, 97, 104, 130, 111, 110, 110]);
    }

    #[test]
    fn bars_aggregate_on_the_grid() {
        let at = |minute: i64, low: i64| Bar {
            time: Timestamp::from_nanos(minute * MINUTE.nanos()),
            low,
            ..BAR
        };
        let wide = aggregate(&[at(3, 80), at(4, 95), at(5, 99)], 5 * MINUTE.nanos());
        let lows: Vec<(i64, i64)> = wide.iter().map(|(start, bar)| (*start, bar.low)).collect();
        assert_eq!(lows, [(0, 80), (5 * MINUTE.nanos(), 99)]);
    }
}
