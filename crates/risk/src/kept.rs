//! Slack in few bits, to be kept beside a box and changed fill by fill.
//!
//! It is rounded down wherever it is rounded, so it only ever errs downwards.

use crate::envelope::Slack;
use domain::Weighted;

/// Bits of a weighted unit dropped: one unit here is 2^46 at 1e-22, some 7e-9 of the numeraire.
pub const DROPPED: u32 = 46;

/// A slack, or a change of one, in units of 2^46 at 1e-22.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Above maintenance margin.
    pub maintenance: i64,
    /// Above initial margin.
    pub initial: i64,
}

impl Kept {
    /// A slack rounded down; what would not fit below proves nothing, then or later.
    #[must_use]
    #[inline]
    pub fn floor(slack: Slack) -> Self {
        Self { maintenance: drop_bits(slack.maintenance), initial: drop_bits(slack.initial) }
    }

    /// After a change, less one unit for the terms of it that round. What was lost stays lost.
    ///
    /// Worked: 10 kept, a change of -3 leaves 6.
    #[must_use]
    #[inline]
    pub const fn after(self, change: Self) -> Self {
        Self {
            maintenance: added(self.maintenance, change.maintenance),
            initial: added(self.initial, change.initial),
        }
    }

    /// The account is not liquidatable inside its box.
    #[must_use]
    #[inline]
    pub const fn covers_maintenance(self) -> bool {
        self.maintenance >= 0
    }

    /// The account is above initial margin inside its box.
    #[must_use]
    #[inline]
    pub const fn covers_initial(self) -> bool {
        self.initial >= 0
    }

    /// Whether a slack from the whole account confirms it.
    #[must_use]
    pub fn is_at_most(self, slack: Slack) -> bool {
        let most = Self::floor(slack);
        self.maintenance <= most.maintenance && self.initial <= most.initial
    }
}

/// Too low to be kept: how low is not known, so nothing added to it proves anything.
const LOST: i64 = i64::MIN;

#[inline]
const fn added(kept: i64, change: i64) -> i64 {
    if kept == LOST || change == LOST {
        return LOST;
    }
    // Too much is kept as the most, which is less than there is; too little ends at `LOST`.
    kept.saturating_add(change).saturating_sub(1)
}

#[inline]
fn drop_bits(weighted: Weighted) -> i64 {
    let kept = weighted.units() >> DROPPED;
    let limit = if kept < 0 { LOST } else { i64::MAX };
    i64::try_from(kept).unwrap_or(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_never_covers() {
        let whole = |units: i128| Slack {
            maintenance: Weighted::new(units << DROPPED),
            initial: Weighted::new((units << DROPPED) - 1),
        };
        assert_eq!(Kept::floor(whole(3)), Kept { maintenance: 3, initial: 2 });
        let (most, least) = (Kept::floor(whole(1 << 70)), Kept::floor(whole(-(1 << 70))));
        assert_eq!((most.maintenance, least.maintenance), (i64::MAX, i64::MIN));
        assert!(!most.after(least).covers_maintenance() && !most.after(least).covers_initial());
        assert!(most.after(most).covers_initial() && !least.after(least).covers_maintenance());
        assert!(most.is_at_most(whole(1 << 70)) && !most.is_at_most(whole(5)));
    }

    /// Goal: whatever the changes and however large, what is kept is never above the true sum.
    /// Method: random walks at every magnitude beside exact sums.
    #[test]
    fn never_above_the_sum() {
        let mut state = 3u128;
        let mut next = || {
            state = state.wrapping_mul(0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645).wrapping_add(1);
            ((state ^ (state >> 61)) as i128) >> (58 + (state >> 100) % 60)
        };
        let (mut lost, mut kept_on) = (0, 0);
        for _ in 0..2_000 {
            let slack = |units: i128| {
                let units = Weighted::new(units << DROPPED);
                Slack { maintenance: units, initial: units }
            };
            let (mut sum, mut kept) = (0, Kept::default());
            for _ in 0..50 {
                let change = next();
                sum += change;
                kept = kept.after(Kept::floor(slack(change)));
                assert!(kept.maintenance == LOST || i128::from(kept.maintenance) <= sum);
            }
            lost += i32::from(kept.maintenance == LOST);
            kept_on += i32::from(kept.maintenance != LOST);
        }
        assert!(lost > 100 && kept_on > 100, "{lost} lost, {kept_on} kept");
    }
}
