//! Paths through fixed points: a leg from one price to the next, wandering between the two.
//!
//! On a leg from a to b in n steps, at step k with u = k / n:
//! s = clamp(u + amplitude z, 0, 1); price = clamp(a (b/a)^s, min(a, b), max(a, b)), rounded to
//! price units. z is a Brownian bridge, zero at both ends.
//! Law: a leg starts at a, ends at b, to the unit, and never leaves the range between them.

use super::normal::normal;
use super::stream::Stream;

/// A fixed point: at this step, this price in price units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knot {
    /// Step, counted from the start of the path.
    pub step: usize,
    /// Price in price units, above zero.
    pub price: i64,
}

/// Brownian bridge at steps 0 to n: (S_k - (k/n) S_n) / sqrt(n), S_k the sum of k standard normal
/// deviates. Zero at both ends, standard deviation 1/2 in the middle; n deviates are drawn.
pub fn brownian_bridge(stream: &mut Stream, steps: usize) -> Vec<f64> {
    let mut sums = vec![0.0];
    let mut sum = 0.0;
    for _ in 0..steps {
        sum += normal(stream);
        sums.push(sum);
    }
    let count = steps as f64;
    for (step, value) in sums.iter_mut().enumerate().take(steps) {
        *value = (*value - step as f64 / count * sum) / count.sqrt();
    }
    if let Some(last) = sums.last_mut() {
        *last = 0.0;
    }
    sums
}

/// Price at share `s` (0 to 1) of the way from `from` to `to` on a logarithmic scale, rounded to
/// price units and kept between the two.
///
/// Worked: half way from 100 to 400 is 200.
pub fn between(from: i64, to: i64, share: f64) -> i64 {
    let (start, end) = (from as f64, to as f64);
    let price = libm::round(start * libm::pow(end / start, share)) as i64;
    price.clamp(from.min(to), from.max(to))
}

/// Fills `path` with the leg from `from` to `to`; `noise` has as many entries.
pub fn leg(path: &mut [i64], from: Knot, to: Knot, noise: &[f64], amplitude: f64) {
    let steps = (to.step - from.step) as f64;
    for step in from.step + 1..to.step {
        let passed = (step - from.step) as f64 / steps;
        let share = (passed + amplitude * noise[step]).clamp(0.0, 1.0);
        path[step] = between(from.price, to.price, share);
    }
    path[from.step] = from.price;
    path[to.step] = to.price;
}

/// The path through all knots, one price a step, each leg with its own bridge from `stream`.
///
/// Knots stand in ascending order of step, the first at step 0; the path ends with the last.
pub(super) fn through(knots: &[Knot], stream: &mut Stream, amplitude: f64) -> Vec<i64> {
    let length = knots.last().map_or(0, |knot| knot.step + 1);
    let mut path = vec![0; length];
    let mut noise = vec![0.0; length];
    if let Some(first) = knots.first() {
        path[first.step] = first.price;
    }
    for pair in knots.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let bridge = brownian_bridge(stream, to.step - from.step);
        noise[from.step..=to.step].copy_from_slice(&bridge);
        leg(&mut path, from, to, &noise, amplitude);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::super::stream::Purpose;
    use super::*;

    #[test]
    fn between_is_geometric_and_exact_at_its_ends() {
        for (from, to, share, price) in [
            (100, 400, 0.5, 200),
            (400, 100, 0.5, 200),
            (100, 400, 0.0, 100),
            (100, 400, 1.0, 400),
            (7, 7, 0.3, 7),
            (1, 1_000_000, 0.5, 1_000),
        ] {
            assert_eq!(between(from, to, share), price, "{share} from {from} to {to}");
        }
    }

    #[test]
    fn a_bridge_is_zero_at_its_ends_and_half_wide_in_the_middle() {
        let mut stream = Stream::new(5, Purpose::Walk, "bridge", 0);
        let mut square = 0.0;
        for _ in 0..4_000 {
            let bridge = brownian_bridge(&mut stream, 20);
            assert_eq!((bridge.len(), bridge[0], bridge[20]), (21, 0.0, 0.0));
            square += bridge[10] * bridge[10] / 4_000.0;
        }
        // Variance u (1 - u) = 1/4; standard error 1/4 x sqrt(2/4,000) = 0.0056; five of them.
        assert!((square - 0.25).abs() < 0.028, "variance {square}");
    }
}
