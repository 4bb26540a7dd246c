//! Tiers: a value counted part by part, a requirement with a deduction that makes it continuous.
//!
//! Bounds ascend. Law: both grow without a jump where a bound is crossed.

use crate::number::Number;
use domain::Rounding;

/// A part of a size and its ratio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<N> {
    /// Upper end of the part; `None` for the last.
    pub up_to: Option<N>,
    /// Ratio inside it.
    pub ratio: N,
}

/// Sum over parts of what of a size lies inside them, times their ratio, rounded as named; what
/// lies above the last bounded part counts nothing.
///
/// Worked (Bybit): 60 over .98 to 10, .95 to 20, .9 to 30, .85 to 40, .8 to 50, 0 above: 44.8; the
/// charge of OKX on 10M at .75 % to 1M, 1.75 % to 5M, 2.5 % above: 202,500.
#[must_use]
pub fn marginal<N: Number>(parts: &[Part<N>], size: &N, rounding: Rounding) -> N {
    let (mut sum, mut below) = (N::zero(), N::zero());
    for part in parts {
        let top = part.up_to.as_ref().map_or_else(|| size.clone(), |bound| size.least(bound));
        if top > below {
            sum = sum.plus(&top.minus(&below).times(&part.ratio, rounding));
            below = top;
        }
    }
    sum
}

/// Where a tier of a requirement begins and its ratio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier<N> {
    /// Notional at which it begins.
    pub from: N,
    /// Maintenance ratio inside it.
    pub ratio: N,
}

/// A requirement by tier: ratio, deduction, margin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tiered<N> {
    /// Ratio of the tier.
    pub ratio: N,
    /// What is taken off so that nothing jumps.
    pub deduction: N,
    /// `notional * ratio - deduction`.
    pub margin: N,
}

/// Requirement of a notional: the deduction grows at each bound by `bound * rise of the ratio`. A
/// notional on a bound belongs to the upper tier; the margin is the same in either.
///
/// Worked (Hyperliquid BTC): 1.25 % from 0, 2.5 % from 150M: 200M asks 5,000,000 - 1,875,000.
#[must_use]
pub fn deducted<N: Number>(tiers: &[Tier<N>], notional: &N) -> Tiered<N> {
    let (mut ratio, mut deduction) = (N::zero(), N::zero());
    for tier in tiers.iter().filter(|tier| tier.from <= *notional) {
        let rise = tier.ratio.minus(&ratio);
        deduction = deduction.plus(&tier.from.times(&rise, Rounding::Down));
        ratio = tier.ratio.clone();
    }
    let margin = notional.times(&ratio, Rounding::Up).minus(&deduction);
    Tiered { ratio, deduction, margin }
}

/// Maintenance ratio of a highest leverage: half of the initial one, `1 / (2 leverage)`, up.
///
/// Worked: 40x is 1.25 %, 3x is 1/6.
#[must_use]
pub fn ratio_of_leverage<N: Number>(leverage: &N) -> Option<N> {
    N::one().over(&leverage.plus(leverage), Rounding::Up)
}

/// Where a bracket of a published table ends, with the deduction as the table gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bracket<N> {
    /// Highest notional of the bracket, which belongs to it; `None` for the last.
    pub up_to: Option<N>,
    /// Maintenance ratio inside it.
    pub ratio: N,
    /// Deduction.
    pub deduction: N,
}

/// Requirement of a notional from a table that gives its own deductions; `None` above the table.
///
/// Worked (Binance 2021): 5M in the bracket to 10M at 2.5 % less 16,300: 108,700.
#[must_use]
pub fn bracketed<N: Number>(brackets: &[Bracket<N>], notional: &N) -> Option<Tiered<N>> {
    let holds =
        |bracket: &&Bracket<N>| bracket.up_to.as_ref().is_none_or(|bound| notional <= bound);
    let bracket = brackets.iter().find(holds)?;
    Some(Tiered {
        ratio: bracket.ratio.clone(),
        deduction: bracket.deduction.clone(),
        margin: notional.times(&bracket.ratio, Rounding::Up).minus(&bracket.deduction),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;
    use alloc::vec::Vec;

    fn whole(n: i64) -> Fixed {
        Fixed::of(n, 1)
    }

    #[test]
    fn parts_of_a_value() {
        let ratios = [(10, 98), (20, 95), (30, 90), (40, 85), (50, 80)];
        let mut parts: Vec<Part<Fixed>> = ratios
            .map(|(up_to, ratio)| Part { up_to: Some(whole(up_to)), ratio: Fixed::of(ratio, 100) })
            .into();
        for (size, tenths) in [(0, 0), (5, 49), (60, 448), (50, 448)] {
            let value = marginal(&parts, &whole(size), Rounding::Down);
            assert_eq!(value, Fixed::of(tenths, 10), "{size}");
        }
        parts.push(Part { up_to: None, ratio: Fixed::of(1, 10) });
        assert_eq!(marginal(&parts, &whole(60), Rounding::Down), Fixed::of(458, 10));
    }

    #[test]
    fn deductions_keep_it_continuous() {
        let tiers = [(0, 10), (20_000, 5), (100_000, 3)].map(|(from, leverage)| {
            let ratio = ratio_of_leverage(&whole(leverage)).expect("a leverage above zero");
            Tier { from: whole(from), ratio }
        });
        for (notional, margin) in
            [(0, 0), (10_000, 500), (20_000, 1_000), (50_000, 4_000), (100_000, 9_000)]
        {
            let tiered = deducted(&tiers, &whole(notional));
            let off = tiered.margin.minus(&whole(margin)).magnitude();
            // The last ratio, 1/6, is held up to 1e-16.
            assert!(off <= Fixed::new(200_000), "{notional}: {tiered:?}");
        }
        assert_eq!(ratio_of_leverage(&whole(0)), None);
    }

    #[test]
    fn brackets_of_a_table() {
        let bracket = |up_to: Option<i64>, ratio, deduction| Bracket {
            up_to: up_to.map(whole),
            ratio: Fixed::of(ratio, 1_000),
            deduction: whole(deduction),
        };
        let table = [bracket(Some(50_000), 4, 0), bracket(Some(250_000), 5, 50)];
        for (notional, margin) in
            [(40_000, Some(160)), (50_000, Some(200)), (100_000, Some(450)), (250_001, None)]
        {
            let got = bracketed(&table, &whole(notional)).map(|tiered| tiered.margin);
            assert_eq!(got, margin.map(whole), "{notional}");
        }
    }
}
