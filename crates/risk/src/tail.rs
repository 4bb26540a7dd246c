//! Tails of a sample: the k-th worst, the mean of the k worst, and volatility that forgets.
//!
//! Samples are signed results, losses below zero; measures of loss are positive and round up by the
//! house. Law: k = ceil(alpha n) in exact numbers, so that no float decides which day counts.

use crate::number::{Number, total};
use alloc::vec::Vec;
use domain::Rounding;

/// Unit of a root of a variance.
fn fine<N: Number>() -> N {
    N::of(1, 10_000_000_000_000_000)
}

/// How many of `count` results lie in a tail of `share`, at least one and at most all.
///
/// Worked: .025 of 500 is 12.5, so 13.
#[must_use]
pub fn tail_count<N: Number>(share: &N, count: usize) -> usize {
    let counted = |number: usize| N::of(i64::try_from(number).unwrap_or(i64::MAX), 1);
    let exact = share.times(&counted(count), Rounding::Down);
    let (mut low, mut high) = (0, count);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if counted(middle) >= exact { high = middle } else { low = middle }
    }
    high.max(1).min(count)
}

/// The tail of a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tail<N> {
    /// The k-th smallest result.
    pub quantile: N,
    /// Mean of the k smallest, rounded down.
    pub mean: N,
}

/// The k-th smallest and the mean of the k smallest results for a share of the sample; `None` for
/// no results.
///
/// Worked: five worst of 500 at -406, -404, -385, -369, -368 bp: -.0368 and -.03864.
#[must_use]
pub fn tail<N: Number>(results: &[N], share: &N) -> Option<Tail<N>> {
    let mut sorted = results.to_vec();
    sorted.sort();
    let count = tail_count(share, sorted.len());
    let quantile = sorted.get(count.checked_sub(1)?)?.clone();
    sorted.truncate(count);
    let count = N::of(i64::try_from(count).ok()?, 1);
    Some(Tail { mean: total(&sorted).over(&count, Rounding::Down)?, quantile })
}

/// Expected shortfall as Rockafellar and Uryasev write it: `VaR + sum max(0, loss - VaR) / (alpha
/// n)`, equal to the mean of the k worst where alpha n is whole; a positive loss.
#[must_use]
pub fn shortfall_beyond<N: Number>(results: &[N], share: &N) -> Option<N> {
    let risk = tail(results, share)?.quantile.negated();
    let beyond: Vec<N> =
        results.iter().map(|result| result.negated().minus(&risk).floored()).collect();
    let count = N::of(i64::try_from(results.len()).ok()?, 1).times(share, Rounding::Down);
    Some(risk.plus(&total(&beyond).over(&count, Rounding::Up)?))
}

/// How many results the first variance is taken from.
const SEED: usize = 25;

/// Variances before each result and after the last: `s2[0]` the mean square of the first 25, then
/// `s2[t + 1] = keep * s2[t] + (1 - keep) * r[t]^2`; `None` for no results.
///
/// Worked: .94, a variance of .00034136242778 and a result of -83 bp: .000325014082.
#[must_use]
pub fn variances<N: Number>(results: &[N], keep: &N) -> Option<Vec<N>> {
    let square = |result: &N| result.times(result, Rounding::Up);
    let seed: Vec<N> = results.iter().take(SEED).map(square).collect();
    let count = N::of(i64::try_from(seed.len()).ok()?, 1);
    let mut now = total(&seed).over(&count, Rounding::Up)?;
    let fresh = N::one().minus(keep);
    let mut variances = Vec::new();
    for result in results {
        let next = keep.times(&now, Rounding::Up).plus(&fresh.times(&square(result), Rounding::Up));
        variances.push(core::mem::replace(&mut now, next));
    }
    variances.push(now);
    Some(variances)
}

/// A volatility from its variance, at 1e-16, rounded down.
#[must_use]
pub fn volatility<N: Number>(variance: &N) -> N {
    variance.root_down(&fine()).unwrap_or_else(N::zero)
}

/// Results rescaled to the last volatility: `r[i] * sT / s[i]`, or half way with `half`:
/// `r[i] * (sT + s[i]) / (2 s[i])`.
#[must_use]
pub fn rescaled<N: Number>(results: &[N], keep: &N, half: bool) -> Option<Vec<N>> {
    let vols: Vec<N> = variances(results, keep)?.iter().map(volatility).collect();
    let last = vols.last()?;
    let scaled = results.iter().zip(&vols).map(|(result, vol)| {
        let (over, under) =
            if half { (last.plus(vol), vol.plus(vol)) } else { (last.clone(), vol.clone()) };
        result.portion(&over, &under, Rounding::Down)
    });
    scaled.collect()
}

/// Sums over every run of `days` results, one after the other.
///
/// Worked: 1, 2, 3, 4 by two: 3, 5, 7.
#[must_use]
pub fn overlapping<N: Number>(results: &[N], days: usize) -> Vec<N> {
    if days == 0 {
        return Vec::new();
    }
    results.windows(days).map(total).collect()
}

/// A measure of one day over several: times the root of their number, rounded down at 1e-16.
#[must_use]
pub fn root_of_time<N: Number>(measure: &N, days: usize) -> N {
    let days = N::of(i64::try_from(days).unwrap_or(i64::MAX), 1);
    measure.times(&volatility(&days), Rounding::Up)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    fn points(results: &[i64]) -> Vec<Fixed> {
        results.iter().map(|result| Fixed::of(*result, 10_000)).collect()
    }

    #[test]
    fn tails() {
        for (parts, count, expected) in
            [(25, 500, 13), (10, 500, 5), (1, 3, 1), (1_000, 7, 7), (990, 715, 708), (0, 9, 1)]
        {
            assert_eq!(tail_count(&Fixed::of(parts, 1_000), count), expected, "{parts} {count}");
        }
        let results = points(&[50, -400, 30, -200, 10, -300, 0, 20, 40, 60]);
        let worst = tail(&results, &Fixed::of(2, 10)).expect("results");
        assert_eq!(
            (worst.quantile, worst.mean),
            (Fixed::of(-300, 10_000), Fixed::of(-350, 10_000))
        );
        let beyond = shortfall_beyond(&results, &Fixed::of(2, 10));
        assert_eq!(beyond, Some(Fixed::of(350, 10_000)));
        assert_eq!(tail::<Fixed>(&[], &Fixed::one()), None);
    }

    #[test]
    fn volatility_forgets() {
        let results = points(&[100; 30]);
        let vars = variances(&results, &Fixed::of(94, 100)).expect("results");
        assert_eq!((vars.len(), vars.last()), (31, Some(&Fixed::of(1, 10_000))));
        assert_eq!(vars.last().map(volatility), Some(Fixed::of(1, 100)));
        assert_eq!(rescaled(&results, &Fixed::of(94, 100), false), Some(results.clone()));
        let mut shocked = results.clone();
        shocked.push(Fixed::of(-300, 10_000));
        let full = rescaled(&shocked, &Fixed::of(94, 100), false).expect("results");
        let half = rescaled(&shocked, &Fixed::of(94, 100), true).expect("results");
        assert!(full.first() > half.first() && half.first() > shocked.first());
        assert_eq!(variances::<Fixed>(&[], &Fixed::one()), None);
    }

    #[test]
    fn several_days() {
        let sums = overlapping(&points(&[1, 2, 3, 4]), 2);
        assert_eq!(sums, points(&[3, 5, 7]));
        assert!(overlapping(&sums, 0).is_empty() && overlapping(&sums, 9).is_empty());
        assert_eq!(root_of_time(&Fixed::of(3, 1), 4), Fixed::of(6, 1));
    }
}
