//! A price that follows slowly: hourly averages bound it, and it moves little a second.
//!
//! Law: whatever one observation says, the stable price moves by at most its growth limit, so a
//! spike that reverts leaves no trace.

use crate::number::Number;
use alloc::vec::Vec;
use domain::Rounding;

/// Number of hourly averages kept.
const HOURS: usize = 24;

/// Limits of a stable price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StableRules<N> {
    /// Length of an hour's slot.
    pub interval: N,
    /// Largest move of an average from one slot to the next, as a share.
    pub delay_growth: N,
    /// Largest move of the stable price per unit of time, as a share.
    pub growth: N,
    /// Shortest time between updates that counts.
    pub least: N,
    /// Longest time that counts.
    pub most: N,
    /// Smallest unit of prices kept.
    pub unit: N,
}

/// A stable price and what it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StablePrice<N> {
    /// The price.
    pub price: N,
    /// Averages of the last hours, one slot each.
    pub delays: Vec<N>,
    slot: usize,
    updated: N,
    sum: N,
    time: N,
}

impl<N: Number> StablePrice<N> {
    /// A price at rest.
    #[must_use]
    pub fn reset(price: &N, now: &N) -> Self {
        Self {
            price: price.clone(),
            delays: alloc::vec![price.clone(); HOURS],
            slot: 0,
            updated: now.clone(),
            sum: N::zero(),
            time: N::zero(),
        }
    }

    /// Takes an observation at a time that never goes back; one too early is ignored.
    ///
    /// Averages divide by the time that counted. Source: Mango v4 `StablePriceModel`. Worked: 1
    /// to 10: about 1.8 after an hour, 2.3 after two, 7.4 after 25.
    pub fn update(&mut self, rules: &StableRules<N>, observed: &N, now: &N) {
        let elapsed = now.minus(&self.updated);
        if elapsed < rules.least {
            return;
        }
        let counted = elapsed.least(&rules.most);
        self.updated = now.clone();
        self.sum = self.sum.plus(&observed.times(&counted, Rounding::Down));
        self.time = self.time.plus(&counted);
        self.turn(rules, now, &elapsed);
        self.follow(rules, observed, &counted);
    }

    /// Closes the average of the slot that ended; skipped slots take it too. A slot is read a day
    /// after it was written.
    fn turn(&mut self, rules: &StableRules<N>, now: &N, elapsed: &N) {
        let current = slot_at(now, &rules.interval);
        let day = rules.interval.times(&N::of(HOURS as i64, 1), Rounding::Down);
        let whole_day = *elapsed >= day;
        if current == self.slot && !whole_day {
            return;
        }
        let before = self.delays.get((self.slot + HOURS - 1) % HOURS).cloned();
        let before = before.unwrap_or_else(N::zero);
        let mean = self.sum.over(&self.time, Rounding::Down).unwrap_or_else(|| before.clone());
        let lowest = before.times(&N::one().minus(&rules.delay_growth), Rounding::Up);
        let highest = before.times(&N::one().plus(&rules.delay_growth), Rounding::Down);
        let delay = mean.within(&lowest, &highest).truncated(&rules.unit);
        let mut place = self.slot;
        for _ in 0..HOURS {
            if let Some(slot) = self.delays.get_mut(place) {
                *slot = delay.clone();
            }
            place = (place + 1) % HOURS;
            if place == current && !whole_day {
                break;
            }
        }
        self.slot = current;
        self.sum = N::zero();
        self.time = N::zero();
    }

    /// Moves the stable price, the slower the further it is from the average.
    fn follow(&mut self, rules: &StableRules<N>, observed: &N, counted: &N) {
        let Some(delay) = self.delays.get(self.slot) else { return };
        let (low, high) = (self.price.least(delay), self.price.most(delay));
        let near = low.over(&high, Rounding::Down).unwrap_or_else(N::one);
        let near = near.truncated(&rules.unit);
        let pace = rules.growth.times(&near, Rounding::Down).times(&near, Rounding::Down);
        let reach = pace.times(counted, Rounding::Down);
        let lowest = self.price.times(&N::one().minus(&reach), Rounding::Up);
        let highest = self.price.times(&N::one().plus(&reach), Rounding::Down);
        self.price = observed.within(&lowest, &highest).truncated(&rules.unit);
    }
}

/// The slot of a time, counted in intervals, around the clock of 24.
fn slot_at<N: Number>(now: &N, interval: &N) -> usize {
    let day = interval.times(&N::of(HOURS as i64, 1), Rounding::Down);
    let days = now.to_multiple(&day, Rounding::Down).unwrap_or_else(N::zero);
    let rest = now.minus(&days);
    let begun = |hour: &usize| {
        let start = interval.times(&N::of(i64::try_from(*hour).unwrap_or(0), 1), Rounding::Down);
        start <= rest
    };
    (0..HOURS).rev().find(begun).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    fn rules() -> StableRules<Fixed> {
        StableRules {
            interval: Fixed::of(3_600, 1),
            delay_growth: Fixed::of(6, 100),
            growth: Fixed::of(3, 10_000),
            least: Fixed::of(10, 1),
            most: Fixed::of(600, 1),
            unit: Fixed::new(1),
        }
    }

    #[test]
    fn a_jump_is_followed_slowly() {
        let mut stable = StablePrice::reset(&Fixed::one(), &Fixed::zero());
        let (mut now, mut seen) = (0, Vec::new());
        for (step, steps) in [(60, 60), (10, 360), (300, 276)] {
            for _ in 0..steps {
                now += step;
                stable.update(&rules(), &Fixed::of(10, 1), &Fixed::of(now, 1));
            }
            seen.push(stable.price.units() / 1_000_000_000_000);
        }
        assert_eq!(seen, [17_805, 23_089, 74_452]);
    }

    #[test]
    fn a_spike_leaves_little_and_haste_nothing() {
        let mut stable = StablePrice::reset(&Fixed::one(), &Fixed::zero());
        let at = |n| Fixed::of(n, 1);
        stable.update(&rules(), &at(1_000), &at(9));
        assert_eq!(stable.price, Fixed::one());
        stable.update(&rules(), &at(1_000), &at(10));
        assert_eq!(stable.price, Fixed::of(1_003, 1_000));
        let mut asleep = StablePrice::reset(&Fixed::one(), &Fixed::zero());
        asleep.update(&rules(), &at(2), &at(90_000));
        assert!(asleep.delays.iter().all(|delay| *delay == Fixed::of(106, 100)));
    }
}
