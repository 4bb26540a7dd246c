//! A broken peg: a wrapped asset leaves its reference, bottoms, and returns part of the way.
//!
//! Only the ratio is invented here; the price is ratio x reference, so the wrapped asset still
//! follows every move of what it is pegged to.

use super::knots::{Knot, through};
use super::millionths::{MILLION, Millionths};
use super::stream::{Purpose, Stream};
use crate::error::{FeedError, Place};

/// How a peg breaks. Steps are counted from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depeg {
    /// Promised ratio to the reference, above zero.
    pub peg: Millionths,
    /// Ratio at the bottom, above zero and at most the peg.
    pub bottom: Millionths,
    /// Ratio at the end, from the bottom to the peg.
    pub settled: Millionths,
    /// Last step at the peg.
    pub breaks_from: usize,
    /// Step of the bottom.
    pub bottom_at: usize,
    /// Noise as a share of each leg, see [`super::knots`].
    pub amplitude: Millionths,
}

/// Prices of the wrapped asset, one for each of the reference's, in the same price unit:
/// ratio x reference, rounded down, at least one unit.
///
/// Worked: peg 1, bottom 0.87, reference 100,000,000 throughout: 87,000,000 at the bottom.
///
/// # Errors
/// Steps out of order or beyond the reference, ratios out of order.
pub fn depeg(
    seed: u64,
    asset: &str,
    depeg: Depeg,
    reference: &[i64],
) -> Result<Vec<i64>, FeedError> {
    let wrong = |path: &str, expected: &str, found: String| {
        FeedError::input("depeg.parameter", Place::default().at(path), expected, found)
    };
    let last = reference.len().saturating_sub(1);
    if !(depeg.breaks_from < depeg.bottom_at && depeg.bottom_at < last) {
        let found = format!("{}, {}, {last}", depeg.breaks_from, depeg.bottom_at);
        let expected = "breaks_from < bottom_at < last step of the reference";
        return Err(wrong("depeg", expected, found));
    }
    let [peg, bottom, settled] = [depeg.peg, depeg.bottom, depeg.settled].map(Millionths::parts);
    if !(0 < bottom && bottom <= settled && settled <= peg) {
        let found = format!("{}, {}, {}", depeg.bottom, depeg.settled, depeg.peg);
        return Err(wrong("depeg", "0 < bottom <= settled <= peg", found));
    }
    if let Some(step) = reference.iter().position(|price| *price < 1) {
        let found = format!("{} at step {step}", reference[step]);
        return Err(wrong("depeg.reference", "prices above zero", found));
    }
    let mut knots = vec![Knot { step: 0, price: peg }];
    if depeg.breaks_from > 0 {
        knots.push(Knot { step: depeg.breaks_from, price: peg });
    }
    knots.push(Knot { step: depeg.bottom_at, price: bottom });
    knots.push(Knot { step: last, price: settled });
    let mut stream = Stream::new(seed, Purpose::Depeg, asset, 0);
    let ratios = through(&knots, &mut stream, depeg.amplitude.to_float());
    let prices = ratios.iter().zip(reference).map(|(ratio, price)| {
        let product = i128::from(*ratio) * i128::from(*price) / i128::from(MILLION);
        i64::try_from(product.max(1))
            .map_err(|_| wrong("depeg.reference", "ratio x price of 64 bits", product.to_string()))
    });
    prices.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROKEN: Depeg = Depeg {
        peg: Millionths::constant(1_000_000),
        bottom: Millionths::constant(870_000),
        settled: Millionths::constant(990_000),
        breaks_from: 10,
        bottom_at: 40,
        amplitude: Millionths::constant(200_000),
    };

    #[test]
    fn a_peg_holds_breaks_and_settles() {
        let reference = vec![100_000_000; 101];
        for seed in 0..50 {
            let path = depeg(seed, "USDC", BROKEN, &reference).expect("valid");
            assert_eq!(path[..=10], reference[..=10], "seed {seed}");
            assert_eq!((path[40], path[100]), (87_000_000, 99_000_000), "seed {seed}");
            assert_eq!(path.iter().min(), Some(&87_000_000), "seed {seed}");
            assert!(path.iter().all(|price| *price <= 100_000_000), "seed {seed}");
        }
    }

    #[test]
    fn a_wrapped_asset_follows_its_reference() {
        let flat = depeg(3, "stETH", BROKEN, &vec![1_000_000; 101]).expect("valid");
        let doubled = depeg(3, "stETH", BROKEN, &vec![2_000_000; 101]).expect("valid");
        assert!(flat.iter().zip(&doubled).all(|(one, two)| 2 * one == *two));
    }

    #[test]
    fn impossible_pegs_are_refused() {
        let reference = vec![100; 50];
        for broken in [
            Depeg { bottom_at: 10, ..BROKEN },
            Depeg { bottom_at: 49, ..BROKEN },
            Depeg { bottom: Millionths::constant(0), ..BROKEN },
            Depeg { settled: Millionths::constant(860_000), ..BROKEN },
            Depeg { settled: Millionths::constant(1_000_001), ..BROKEN },
        ] {
            let error = depeg(1, "USDC", broken, &reference).expect_err("impossible");
            assert_eq!(error.place.path.as_deref(), Some("depeg"));
        }
        let error = depeg(1, "USDC", BROKEN, &[0; 50]).expect_err("no price");
        assert_eq!(error.place.path.as_deref(), Some("depeg.reference"));
    }
}
