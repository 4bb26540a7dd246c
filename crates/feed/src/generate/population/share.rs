//! Dividing whole numbers in proportion, without losing or inventing one.

/// Divides `total` in proportion to `weights` by largest remainder; ties go to the lower index.
///
/// The parts add up to `total`, and each differs from its exact share by less than one. Weights
/// must add up to less than 2^63 (see [`reduce`]); if all are zero, so are the parts.
///
/// Worked: 10 over 1, 1, 1 yields 4, 3, 3.
pub(super) fn largest_remainder(total: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for (index, weight) in weights.iter().enumerate() {
        let product = u128::from(total) * u128::from(*weight);
        parts.push((product / sum) as u64);
        remainders.push((std::cmp::Reverse(product % sum), index));
    }
    let left = total - parts.iter().sum::<u64>();
    remainders.sort_unstable();
    for (_, index) in remainders.iter().take(left as usize) {
        parts[*index] += 1;
    }
    parts
}

/// Scales weights down by a power of two until they add up to less than 2^63.
///
/// `largest_remainder` then multiplies two 64-bit numbers, which 128 bits hold.
pub(super) fn reduce(weights: &[u128]) -> Vec<u64> {
    let mut shift = 0;
    loop {
        let sum = weights
            .iter()
            .try_fold(0u128, |sum, weight| sum.checked_add(weight >> shift))
            .filter(|sum| *sum < 1 << 63);
        if sum.is_some() {
            return weights.iter().map(|weight| (weight >> shift) as u64).collect();
        }
        shift += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::stream::{Purpose, Stream};
    use super::*;

    #[test]
    fn parts_by_hand() {
        for (total, weights, parts) in [
            (10, vec![1, 1, 1], vec![4, 3, 3]),
            (10, vec![1, 2, 3], vec![2, 3, 5]),
            (0, vec![5, 7], vec![0, 0]),
            (3, vec![0, 0], vec![0, 0]),
            (1, vec![0, 9, 9], vec![0, 1, 0]),
            (7, vec![], vec![]),
        ] {
            assert_eq!(largest_remainder(total, &weights), parts, "{total} over {weights:?}");
        }
    }

    #[test]
    fn parts_add_up_and_stay_within_one() {
        let mut stream = Stream::new(11, Purpose::Walk, "share", 0);
        for _ in 0..500 {
            let wide: Vec<u128> = (0..stream.within(1, 40))
                .map(|_| u128::from(stream.bits()) << stream.within(0, 60))
                .collect();
            let weights = reduce(&wide);
            let total = stream.bits() >> stream.within(1, 40);
            let parts = largest_remainder(total, &weights);
            assert_eq!(parts.iter().sum::<u64>(), total);
            let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
            for (part, weight) in parts.iter().zip(&weights) {
                let exact = u128::from(total) * u128::from(*weight);
                assert!((u128::from(*part) * sum).abs_diff(exact) < sum);
            }
        }
    }
}
