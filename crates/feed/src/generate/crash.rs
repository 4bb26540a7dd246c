//! A crash: quiet, a fall to a stated depth at a stated step, and a partial recovery.

use super::knots::{Knot, through};
use super::millionths::{MILLION, Millionths};
use super::stream::{Purpose, Stream};
use crate::error::{FeedError, Place};

/// How a crash runs. Steps are counted from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    /// Price before, in price units.
    pub start: i64,
    /// How much of the start is lost at the bottom, below one.
    pub depth: Millionths,
    /// Share of the loss that is regained by the end, at most one.
    pub recovered: Millionths,
    /// Last step of the quiet stretch, at which the price is the start.
    pub falls_from: usize,
    /// Step of the bottom.
    pub bottom_at: usize,
    /// Last step.
    pub ends_at: usize,
    /// Noise as a share of each leg, see [`super::knots`].
    pub amplitude: Millionths,
}

/// The path of a crash, `ends_at + 1` prices in price units. The bottom is
/// start x (1 - depth), rounded down, and no step is lower.
///
/// Worked: start 10,000, depth 0.5, recovered 0.4: bottom 5,000, end 7,000.
///
/// # Errors
/// Steps out of order, or a depth that leaves less than one price unit.
pub fn crash(seed: u64, asset: &str, crash: Crash) -> Result<Vec<i64>, FeedError> {
    let wrong = |path: &str, expected: &str, found: String| {
        FeedError::input("crash.parameter", Place::default().at(path), expected, found)
    };
    if !(crash.falls_from < crash.bottom_at && crash.bottom_at < crash.ends_at) {
        let found = format!("{}, {}, {}", crash.falls_from, crash.bottom_at, crash.ends_at);
        return Err(wrong("crash", "falls_from < bottom_at < ends_at", found));
    }
    if crash.recovered.parts() > MILLION {
        return Err(wrong("crash.recovered", "at most 1", crash.recovered.to_string()));
    }
    let million = i128::from(MILLION);
    let start = i128::from(crash.start);
    let bottom = start * (million - i128::from(crash.depth.parts())).max(0) / million;
    if bottom < 1 {
        let expected = "a depth below one that leaves at least one price unit of a positive start";
        return Err(wrong("crash.depth", expected, crash.depth.to_string()));
    }
    let end = bottom + (start - bottom) * i128::from(crash.recovered.parts()) / million;
    let mut knots = vec![Knot { step: 0, price: crash.start }];
    if crash.falls_from > 0 {
        knots.push(Knot { step: crash.falls_from, price: crash.start });
    }
    // Both lie between zero and the start, which has 64 bits.
    knots.push(Knot { step: crash.bottom_at, price: bottom as i64 });
    knots.push(Knot { step: crash.ends_at, price: end as i64 });
    let mut stream = Stream::new(seed, Purpose::Crash, asset, 0);
    Ok(through(&knots, &mut stream, crash.amplitude.to_float()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALVED: Crash = Crash {
        start: 10_000,
        depth: Millionths::constant(500_000),
        recovered: Millionths::constant(400_000),
        falls_from: 60,
        bottom_at: 90,
        ends_at: 240,
        amplitude: Millionths::constant(200_000),
    };

    #[test]
    fn a_crash_is_quiet_then_hits_its_bottom_once_deepest() {
        for seed in 0..50 {
            let path = crash(seed, "BTC", HALVED).expect("valid");
            assert_eq!(path.len(), 241, "seed {seed}");
            assert!(path[..=60].iter().all(|price| *price == 10_000), "seed {seed}");
            assert_eq!((path[90], path[240]), (5_000, 7_000), "seed {seed}");
            assert_eq!(path.iter().min(), Some(&5_000), "seed {seed}");
            assert_eq!(path.iter().max(), Some(&10_000), "seed {seed}");
        }
        assert_ne!(crash(1, "BTC", HALVED), crash(2, "BTC", HALVED));
    }

    #[test]
    fn impossible_crashes_are_refused_by_name() {
        for (broken, place) in [
            (Crash { bottom_at: 60, ..HALVED }, "crash"),
            (Crash { ends_at: 90, ..HALVED }, "crash"),
            (Crash { depth: Millionths::constant(1_000_000), ..HALVED }, "crash.depth"),
            (Crash { depth: Millionths::constant(3_000_000), ..HALVED }, "crash.depth"),
            (Crash { start: 1, ..HALVED }, "crash.depth"),
            (Crash { start: -5, ..HALVED }, "crash.depth"),
            (Crash { recovered: Millionths::constant(1_000_001), ..HALVED }, "crash.recovered"),
        ] {
            let error = crash(1, "BTC", broken).expect_err(place);
            assert_eq!(error.place.path.as_deref(), Some(place));
        }
    }
}
