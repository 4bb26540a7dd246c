//! The shape of an hour: which extreme comes first, at which minutes, and the noise around it.
//!
//! Drawn minutes: the first extreme from 5 to 27, the second from 32 to 54 (chosen). A documented
//! minute m fixes its extreme: as the first, the second follows from m + 1 + (58 - m)/4 to 57; as
//! the second, the first lies from 1 to m - 1. Where that leaves no room, the order flips. Two
//! documented minutes in one hour fix both and the order.

use super::super::knots::brownian_bridge;
use super::super::stream::{Purpose, Stream};
use super::parameters::{Extreme, ExtremeAt, Parameters, minute_text};
use super::wrong;
use crate::error::FeedError;

/// Minutes of an hour.
pub const MINUTES: usize = 60;

/// The shape that all series of an hour share.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    first: Extreme,
    first_minute: usize,
    second_minute: usize,
    common: [f64; MINUTES],
    common_weight: f64,
    own_weight: f64,
}

impl Shape {
    /// Draws the shape of an hour. `low_first` is the order the hub asks for.
    pub(super) fn new(
        seed: u64,
        hour: i64,
        low_first: bool,
        parameters: &Parameters,
    ) -> Result<Shape, FeedError> {
        let asked = if low_first { Extreme::Low } else { Extreme::High };
        let named: Vec<ExtremeAt> = parameters
            .extreme_at
            .iter()
            .filter(|entry| entry.minute.div_euclid(60) == hour)
            .copied()
            .collect();
        let mut stream = Stream::new(seed, Purpose::BridgeMinutes, "", hour);
        let (first, first_minute, second_minute) = match named.as_slice() {
            [] => (asked, draw(&mut stream, 5, 27), draw(&mut stream, 32, 54)),
            [entry] => one_named(&mut stream, asked, *entry),
            [one, other] if one.extreme != other.extreme && one.minute != other.minute => {
                let (first, second) =
                    if one.minute < other.minute { (one, other) } else { (other, one) };
                (first.extreme, minute_of(first), minute_of(second))
            }
            _ => {
                let place = format!("bridge.extreme_at in {}", minute_text(hour * 60));
                let expected = "one low and one high at different minutes";
                return Err(wrong(&place, expected, format!("{} entries", named.len())));
            }
        };
        let correlation = parameters.correlation.to_float();
        let mut shape = Shape {
            first,
            first_minute,
            second_minute,
            common: [0.0; MINUTES],
            common_weight: correlation.sqrt(),
            own_weight: (1.0 - correlation).sqrt(),
        };
        shape.common = shape.bridges(Stream::new(seed, Purpose::BridgeCommon, "", hour));
        Ok(shape)
    }

    /// Minutes of high and low.
    pub fn extremes(&self) -> (usize, usize) {
        match self.first {
            Extreme::High => (self.first_minute, self.second_minute),
            Extreme::Low => (self.second_minute, self.first_minute),
        }
    }

    /// Noise of one asset: sqrt(rho) common + sqrt(1 - rho) own, zero at the four fixed minutes.
    pub(super) fn noise(&self, seed: u64, hour: i64, asset: &str) -> [f64; MINUTES] {
        let mut noise = self.bridges(Stream::new(seed, Purpose::BridgeOwn, asset, hour));
        for (own, common) in noise.iter_mut().zip(&self.common) {
            *own = self.common_weight * common + self.own_weight * *own;
        }
        noise
    }

    /// Three Brownian bridges end to end, between the four fixed minutes.
    fn bridges(&self, mut stream: Stream) -> [f64; MINUTES] {
        let mut noise = [0.0; MINUTES];
        let fixed = [0, self.first_minute, self.second_minute, MINUTES - 1];
        for pair in fixed.windows(2) {
            let bridge = brownian_bridge(&mut stream, pair[1] - pair[0]);
            noise[pair[0]..=pair[1]].copy_from_slice(&bridge);
        }
        noise
    }
}

fn draw(stream: &mut Stream, low: usize, high: usize) -> usize {
    stream.within(low as u64, high as u64) as usize
}

fn minute_of(entry: &ExtremeAt) -> usize {
    entry.minute.rem_euclid(60) as usize
}

/// Order and minutes with one documented minute, which lies from 1 to 58.
fn one_named(stream: &mut Stream, asked: Extreme, entry: ExtremeAt) -> (Extreme, usize, usize) {
    let minute = minute_of(&entry);
    let earliest_second = minute + 1 + (MINUTES - 2 - minute) / 4;
    let room_after = earliest_second <= 57;
    let room_before = minute > 1;
    // Minute 1 has room after it, minutes 57 and 58 have room before, so one of the two holds.
    if (entry.extreme == asked && room_after) || !room_before {
        (entry.extreme, minute, draw(stream, earliest_second, 57))
    } else {
        (entry.extreme.opposite(), draw(stream, 1, minute - 1), minute)
    }
}
