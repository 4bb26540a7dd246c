//! The liquidator's fee, which may grow while nobody comes.

use crate::number::Number;
use domain::Rounding;

/// A fee that stays at its base for a while, then grows with the time since the account was last
/// active, up to a bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeRamp<N> {
    /// Fee as a share of notional.
    pub base: N,
    /// Largest fee; Drift v2 takes the smaller of three times the base and the maintenance ratio.
    pub most: N,
    /// Time of grace; 1,500 slots there.
    pub grace: N,
    /// Growth per unit of time, counted from the beginning once grace is over; 1e-6 there.
    pub increase: N,
}

impl<N: Number> FeeRamp<N> {
    /// Fee after so much time, rounded up.
    ///
    /// Source: Drift v2 `get_liquidation_fee`. Worked: base 2 %, at most 5 %, 1e-6 a slot after
    /// 1,500: 2 % at slot 10, 2.2 % at 2,000, 5 % at 100,000.
    #[must_use]
    pub fn at(&self, elapsed: &N) -> N {
        if *elapsed < self.grace {
            return self.base.clone();
        }
        let grown = self.base.plus(&self.increase.times(elapsed, Rounding::Up));
        grown.least(&self.most)
    }

    /// The bound Drift v2 sets: three times the base, at most the maintenance ratio.
    #[must_use]
    pub fn bound(base: &N, maintenance_ratio: &N) -> N {
        base.times(&N::of(3, 1), Rounding::Up).least(maintenance_ratio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    #[test]
    fn a_fee_grows_after_its_grace() {
        let ramp = FeeRamp {
            base: Fixed::of(2, 100),
            most: Fixed::of(5, 100),
            grace: Fixed::of(1_500, 1),
            increase: Fixed::of(1, 1_000_000),
        };
        for (slots, fee) in
            [(0, 20_000), (1_499, 20_000), (1_500, 21_500), (2_000, 22_000), (100_000, 50_000)]
        {
            assert_eq!(ramp.at(&Fixed::of(slots, 1)), Fixed::of(fee, 1_000_000), "{slots}");
        }
        assert_eq!(FeeRamp::bound(&ramp.base, &Fixed::of(5, 100)), Fixed::of(5, 100));
        assert_eq!(FeeRamp::bound(&ramp.base, &Fixed::of(9, 100)), Fixed::of(6, 100));
    }
}
