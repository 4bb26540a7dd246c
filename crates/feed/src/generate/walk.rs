//! A geometric walk: the plainest invented path, for tests and demonstrations.

use super::normal::normal_cut;
use super::stream::{Purpose, Stream};

/// How a walk moves. Returns are logarithmic, in millionths a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walk {
    /// First price, in price units, above zero.
    pub start: i64,
    /// Mean return of a step in millionths, may be negative.
    pub drift: i64,
    /// Standard deviation of a step's return in millionths; deviates are cut at five of them.
    pub volatility: u32,
    /// Highest price, in price units: the rulebook's cap. The lowest is one unit.
    pub price_max: i64,
}

/// The endless prices of a walk; the first is the start. Take as many as needed.
///
/// Rounding to price units happens at every step, so the path is a function of the integers before
/// it. The stream is keyed by seed and asset.
pub fn walk(seed: u64, asset: &str, walk: Walk) -> impl Iterator<Item = i64> + use<> {
    let mut stream = Stream::new(seed, Purpose::Walk, asset, 0);
    let highest = walk.price_max.max(1);
    let mut price = walk.start.clamp(1, highest);
    std::iter::from_fn(move || {
        let present = price;
        let deviate = normal_cut(&mut stream, 5.0);
        let millionths = walk.drift as f64 + f64::from(walk.volatility) * deviate;
        let next = libm::round(present as f64 * libm::exp(millionths / 1e6));
        price = (next as i64).clamp(1, highest);
        Some(present)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Walk =
        Walk { start: 793_458_000_000, drift: 0, volatility: 1_000, price_max: 10_i64.pow(15) };

    #[test]
    fn a_walk_repeats_itself_and_keeps_its_volatility() {
        let path: Vec<i64> = walk(1, "BTC", PLAIN).take(20_001).collect();
        assert_eq!(path, walk(1, "BTC", PLAIN).take(20_001).collect::<Vec<i64>>());
        assert_ne!(path, walk(1, "ETH", PLAIN).take(20_001).collect::<Vec<i64>>());
        assert_eq!(path[0], PLAIN.start);
        let squares = path.windows(2).map(|pair| (pair[1] as f64 / pair[0] as f64).ln().powi(2));
        let volatility = (squares.sum::<f64>() / 20_000.0).sqrt();
        // Standard error 0.001 / sqrt(40,000) = 0.000005; six of them.
        assert!((volatility - 0.001).abs() < 0.00003, "{volatility}");
    }

    #[test]
    fn a_walk_stays_between_one_unit_and_the_cap() {
        let rising = Walk { start: 100, drift: 100_000, volatility: 0, price_max: 150 };
        assert_eq!(
            walk(1, "X", rising).take(6).collect::<Vec<_>>(),
            [100, 111, 123, 136, 150, 150]
        );
        let falling = Walk { start: 5, drift: -900_000, volatility: 0, price_max: 150 };
        assert_eq!(walk(1, "X", falling).take(5).collect::<Vec<_>>(), [5, 2, 1, 1, 1]);
    }
}
