//! Add-ons to a margin: size, time to sell, calm times; and how a combined margin nets.
//!
//! All round up by the house. Law: none is negative, and none falls when what it guards against
//! grows.

use crate::number::Number;
use alloc::vec::Vec;
use domain::Rounding;

/// A root for ratios of worth, at 1e-12, rounded down.
fn root<N: Number>(number: &N) -> N {
    number.root_down(&N::of(1, 1_000_000_000_000)).unwrap_or_else(N::zero)
}

/// Factor on a concentrated sensitivity: `max(1, sqrt(|s| / T))`; `None` without a threshold.
///
/// Worked: 400M over 250M: 1.264911.
#[must_use]
pub fn concentration<N: Number>(sensitivity: &N, threshold: &N) -> Option<N> {
    if !threshold.is_positive() {
        return None;
    }
    Some(root(&sensitivity.magnitude().over(threshold, Rounding::Up)?).most(&N::one()))
}

/// Cost of selling at once: `N * (half spread + Y * sigma * sqrt(Q / ADV))`, nothing at or below
/// the threshold of Q / ADV.
///
/// Worked: 5M, 5 bp, Y 1, 2 %, .36: 62,500.
#[must_use]
pub fn square_root_cost<N: Number>(
    notional: &N,
    half_spread: &N,
    (factor, sigma): (&N, &N),
    (share, threshold): (&N, &N),
) -> N {
    if share <= threshold {
        return N::zero();
    }
    let impact = factor.times(sigma, Rounding::Up).times(&root(share), Rounding::Up);
    notional.times(&half_spread.plus(&impact), Rounding::Up)
}

/// Days to sell and what they make of a day's volatility.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwind<N> {
    /// Days, D.
    pub days: N,
    /// Multiple of the variance of a day.
    pub multiple: N,
    /// Volatility over the unwind.
    pub sigma: N,
}

/// A linear unwind over `D = ceil(Q / (f ADV))` days: variance multiple (D + 1)(2D + 1) / (6D).
/// `None` where nothing can be sold.
///
/// Worked: 2,400 at a quarter of 1,000 a day: 10 days, 3.85, so 100 becomes 196.2142.
#[must_use]
pub fn unwind<N: Number>(size: &N, volume: &N, share: &N, sigma: &N) -> Option<Unwind<N>> {
    let a_day = volume.times(share, Rounding::Down);
    let days = size.magnitude().over(&a_day, Rounding::Up)?.to_multiple(&N::one(), Rounding::Up)?;
    let days = days.most(&N::one());
    let one_more = days.plus(&N::one());
    let twice = days.plus(&one_more);
    let six = days.times(&N::of(6, 1), Rounding::Down);
    let multiple = one_more.portion(&twice, &six, Rounding::Up)?;
    let sigma = sigma.times(&root(&multiple), Rounding::Up);
    Some(Unwind { days, multiple, sigma })
}

/// Margins with a buffer that is built in calm times and used up first: each charge is
/// `calculated * (1 + buffer)` before the day of stress, from then on
/// `max(calculated, min(calculated * (1 + buffer), last charge))`.
///
/// Worked: 80, 80, 90, 110, 130 with 25 % and stress from the third: 100, 100, 100, 110, 130.
#[must_use]
pub fn buffered<N: Number>(calculated: &[N], buffer: &N, stressed_from: usize) -> Vec<N> {
    let mut charges: Vec<N> = Vec::new();
    for (day, margin) in calculated.iter().enumerate() {
        let full = margin.times(&N::one().plus(buffer), Rounding::Up);
        let charge = match charges.last() {
            Some(last) if day >= stressed_from => margin.most(&full.least(last)),
            _ => full,
        };
        charges.push(charge);
    }
    charges
}

/// A margin that always holds a share of stress: `(1 - weight) * current + weight * stressed`.
///
/// Worked: 100 and 240 at a quarter: 135.
#[must_use]
pub fn stress_weighted<N: Number>(current: &N, stressed: &N, weight: &N) -> N {
    let calm = current.times(&N::one().minus(weight), Rounding::Up);
    calm.plus(&stressed.times(weight, Rounding::Up))
}

/// Collateral that counts: worth less haircut, nothing for what the member issued itself.
///
/// Worked: 1,000 at 5 % is 950; 500 of its own counts nothing.
#[must_use]
pub fn issued_value<N: Number>(worth: &N, haircut: &N, own: bool) -> N {
    if own { N::zero() } else { worth.minus(&worth.times(haircut, Rounding::Up)) }
}

/// A spread between two commodities: outright margins less a credit on both legs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread<N> {
    /// Outright margins of the legs.
    pub gross: N,
    /// Share of it that the spread saves.
    pub credit: N,
    /// What is left.
    pub requirement: N,
}

/// Credit of a spread: legs are (signed lots, outright margin of one), `rate` the share saved.
///
/// Worked: 2 at 1,750 against 1 at 2,500, 55 %: 6,000 - 3,300 = 2,700.
#[must_use]
pub fn spread<N: Number>(legs: &[(N, N)], rate: &N) -> Spread<N> {
    let gross = legs.iter().fold(N::zero(), |sum, (lots, outright)| {
        sum.plus(&lots.magnitude().times(outright, Rounding::Up))
    });
    let credit = gross.times(rate, Rounding::Down);
    Spread { requirement: gross.minus(&credit), credit, gross }
}

/// Parts of a combined commodity's margin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Combined<N> {
    /// Scan risk.
    pub scan: N,
    /// Charge for calendar spreads.
    pub intra: N,
    /// Charge for the delivery month.
    pub spot: N,
    /// Credit for spreads with others.
    pub inter: N,
    /// Minimum for short options.
    pub short_minimum: N,
    /// Long less short option value.
    pub option_value: N,
}

/// Risk before and requirement after option value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CombinedMargin<N> {
    /// Risk.
    pub risk: N,
    /// Requirement, at least nothing.
    pub requirement: N,
}

impl<N: Number> Combined<N> {
    fn charged(&self) -> N {
        self.scan.plus(&self.intra).plus(&self.spot)
    }

    fn less_value(&self, risk: N) -> CombinedMargin<N> {
        let requirement = risk.minus(&self.option_value).floored();
        CombinedMargin { risk, requirement }
    }

    /// The minimum after the credit: `max(SOM, scan + intra + spot - inter)`, as CME orders it.
    ///
    /// Worked: 1,200 + 300 + 100 - 400 against 1,500, value -250: 1,500 and 1,750.
    #[must_use]
    pub fn minimum_last(&self) -> CombinedMargin<N> {
        self.less_value(self.charged().minus(&self.inter).most(&self.short_minimum))
    }

    /// The minimum before the credit: `max(SOM, scan + intra + spot) - inter`, as KDPW orders it.
    ///
    /// Worked: the same parts: 1,200 and 1,450.
    #[must_use]
    pub fn minimum_first(&self) -> CombinedMargin<N> {
        self.less_value(self.charged().most(&self.short_minimum).minus(&self.inter))
    }
}

/// Largest rise of a series over exactly `lag` steps, or over any number of steps up to it, as a
/// share; `None` where the series is too short or not positive.
#[must_use]
pub fn largest_rise<N: Number>(series: &[N], lag: usize, up_to: bool) -> Option<N> {
    let mut best: Option<N> = None;
    for (place, after) in series.iter().enumerate() {
        let nearest = if up_to { 1 } else { lag };
        for distance in nearest..=lag {
            let before = place.checked_sub(distance).and_then(|place| series.get(place));
            let Some(before) = before.filter(|before| before.is_positive()) else { continue };
            let rise = after.over(before, Rounding::Up)?.minus(&N::one());
            best = Some(best.map_or_else(|| rise.clone(), |best| best.most(&rise)));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    fn whole(n: i64) -> Fixed {
        Fixed::of(n, 1)
    }

    fn series(numbers: &[i64]) -> Vec<Fixed> {
        numbers.iter().map(|number| whole(*number)).collect()
    }

    #[test]
    fn sizes_and_days() {
        let factor = concentration(&whole(-400), &whole(250)).map(|factor| factor.units() / 10_000);
        assert_eq!(factor, Some(1_264_911_064_067));
        assert_eq!(concentration(&whole(1), &whole(250)), Some(Fixed::one()));
        assert_eq!(concentration(&whole(1), &whole(0)), None);
        let cost = |threshold| {
            square_root_cost(
                &whole(5_000_000),
                &Fixed::of(5, 10_000),
                (&whole(1), &Fixed::of(2, 100)),
                (&Fixed::of(36, 100), &threshold),
            )
        };
        assert_eq!((cost(whole(0)), cost(whole(1))), (whole(62_500), whole(0)));
        let sold = unwind(&whole(2_400), &whole(1_000), &Fixed::of(1, 4), &whole(100));
        let sold = sold.expect("something can be sold");
        assert_eq!((sold.days, sold.multiple), (whole(10), Fixed::of(385, 100)));
        assert_eq!(sold.sigma.units() / 1_000_000_000_000, 1_962_141);
        assert_eq!(unwind(&whole(1), &whole(0), &whole(1), &whole(1)), None);
    }

    #[test]
    fn calm_and_stress() {
        let calculated = series(&[80, 80, 90, 110, 130]);
        let quarter = Fixed::of(1, 4);
        assert_eq!(buffered(&calculated, &quarter, 2), series(&[100, 100, 100, 110, 130]));
        let never = buffered(&calculated, &quarter, 9);
        assert_eq!(never.last(), Some(&Fixed::of(1_625, 10)));
        assert_eq!(stress_weighted(&whole(100), &whole(240), &quarter), whole(135));
        assert_eq!(issued_value(&whole(1_000), &Fixed::of(5, 100), false), whole(950));
        assert_eq!(issued_value(&whole(500), &Fixed::of(5, 100), true), whole(0));
        let margins = series(&[100, 80, 100, 150]);
        assert_eq!(largest_rise(&margins, 1, false), Some(Fixed::of(5, 10)));
        assert_eq!(largest_rise(&margins, 2, true), Some(Fixed::of(875, 1_000)));
        assert_eq!(largest_rise(&margins, 9, false), None);
    }

    #[test]
    fn combined() {
        let saved =
            spread(&[(whole(2), whole(1_750)), (whole(-1), whole(2_500))], &Fixed::of(55, 100));
        assert_eq!(
            (saved.gross, saved.credit, saved.requirement),
            (whole(6_000), whole(3_300), whole(2_700))
        );
        let parts = Combined {
            scan: whole(1_200),
            intra: whole(300),
            spot: whole(100),
            inter: whole(400),
            short_minimum: whole(1_500),
            option_value: whole(-250),
        };
        let margin = |risk, requirement| CombinedMargin {
            risk: whole(risk),
            requirement: whole(requirement),
        };
        assert_eq!(parts.minimum_last(), margin(1_500, 1_750));
        assert_eq!(parts.minimum_first(), margin(1_200, 1_450));
        let covered = Combined { option_value: whole(9_999), ..parts };
        assert_eq!(covered.minimum_last().requirement, whole(0));
    }
}
