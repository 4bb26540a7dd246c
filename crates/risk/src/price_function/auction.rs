//! Auctions whose price moves with time: Dutch, stair, health discount, lot then bid.
//!
//! Each answers what holds after a time; when an auction begins and who bids is the machine's.

use crate::number::Number;
use domain::Rounding;

/// A solvent account's auction (Derive): its price as a share of the portfolio's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dutch<N> {
    /// Share at the start.
    pub start: N,
    /// Share at the end of the fast part.
    pub cutoff: N,
    /// Length of the fast part, from start to cutoff.
    pub fast: N,
    /// Length of the slow part, from cutoff to nothing.
    pub slow: N,
}

impl<N: Number> Dutch<N> {
    /// Share of value asked after so much time, in the unit of the lengths; rounded down.
    ///
    /// Worked: .95 to .70 in 900 s, then to 0 in 12 h: .825 at 450 s.
    #[must_use]
    pub fn share_at(&self, elapsed: &N) -> N {
        let elapsed = elapsed.floored();
        if elapsed < self.fast {
            let fallen = self.start.minus(&self.cutoff);
            let fallen = fallen.portion(&elapsed, &self.fast, Rounding::Up);
            return self.start.minus(&fallen.unwrap_or_else(N::zero));
        }
        let left = self.slow.minus(&elapsed.minus(&self.fast)).floored();
        self.cutoff.portion(&left, &self.slow, Rounding::Down).unwrap_or_else(N::zero)
    }
}

/// A bankrupt account's auction (Derive): what the bidder is paid for taking it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankruptAuction<N> {
    /// Value of the portfolio at mark; below zero.
    pub value: N,
    /// Its net maintenance figure; at most the value.
    pub maintenance: N,
    /// Time in which the payment grows from the one to the other.
    pub length: N,
}

impl<N: Number> BankruptAuction<N> {
    /// Payment for a share of the portfolio after so much time: from |value| to |maintenance|,
    /// linear, then flat; rounded up.
    ///
    /// Worked: value -100, maintenance -300, 12 s of 600, one half: (100 + 4) / 2 = 52.
    #[must_use]
    pub fn payment_at(&self, elapsed: &N, share: &N) -> N {
        let least = self.value.negated().floored();
        let most = self.maintenance.negated().most(&least);
        let grown = elapsed.within(&N::zero(), &self.length);
        let grown = most.minus(&least).portion(&grown, &self.length, Rounding::Up);
        let whole = least.plus(&grown.unwrap_or_else(|| most.minus(&least)));
        whole.times(share, Rounding::Up)
    }
}

/// A price that falls by a factor every interval (Maker's stairstep), and when it must restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stair<N> {
    /// Factor on the index price at the start; 1.3 at Maker.
    pub buffer: N,
    /// Factor of each stair; .99.
    pub step: N,
    /// Length of a stair; 90 s.
    pub interval: N,
    /// Time after which the auction must restart; 8,400 s.
    pub tail: N,
    /// Share of the starting price below which it must restart; .40.
    pub cusp: N,
}

impl<N: Number> Stair<N> {
    /// Price after so much time: `buffer * index * step^floor(elapsed / interval)`, rounded down;
    /// `None` where the auction is over and must restart.
    ///
    /// Worked: index 1, 900 s: 1.3 * .99^10 = 1.1757; 8,400 s: .5105.
    #[must_use]
    pub fn price_at(&self, index: &N, elapsed: &N) -> Option<N> {
        if *elapsed > self.tail {
            return None;
        }
        let stairs = whole(elapsed, &self.interval)?;
        let left = self.step.to_power(stairs, Rounding::Down);
        if left < self.cusp {
            return None;
        }
        let start = self.buffer.times(index, Rounding::Down);
        Some(start.times(&left, Rounding::Down))
    }
}

/// Discount of a lender's collateral that grows with distress (Euler): `min(most, 1 - ratio)`,
/// nothing above a margin ratio of one.
///
/// Worked: ratio .95 and at most .2: .05.
#[must_use]
pub fn ratio_discount<N: Number>(margin_ratio: &N, most: &N) -> N {
    N::one().minus(margin_ratio).within(&N::zero(), most)
}

/// What a bidder takes and pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LotThenBid<N> {
    /// Share of the collateral that is handed over.
    pub lot: N,
    /// Share of the debt that is repaid for it.
    pub bid: N,
}

/// First the lot grows by `step` a step to all of it, then the bid falls by `step` to nothing
/// (Blend: .5 % and 200 steps each).
///
/// Worked: step 100 hands over half for the whole debt; step 300 all of it for half the debt.
#[must_use]
pub fn lot_then_bid<N: Number>(steps: u32, step: &N) -> LotThenBid<N> {
    let travelled = step.times(&N::of(i64::from(steps), 1), Rounding::Down);
    let lot = travelled.within(&N::zero(), &N::one());
    let bid = N::one().minus(&travelled.minus(&N::one())).within(&N::zero(), &N::one());
    LotThenBid { lot, bid }
}

/// Whole intervals in a time; `None` for an interval of nothing, at most a million.
fn whole<N: Number>(elapsed: &N, interval: &N) -> Option<u32> {
    const MOST: u32 = 1 << 20;
    let elapsed = elapsed.floored();
    if !interval.is_positive() {
        return None;
    }
    let (mut low, mut high) = (0, MOST);
    let reached =
        |count: u32| interval.times(&N::of(i64::from(count), 1), Rounding::Down) <= elapsed;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if reached(middle) { low = middle } else { high = middle }
    }
    Some(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    const fn seconds(n: i64) -> Fixed {
        Fixed::new(n as i128 * 10_000_000_000_000_000)
    }

    #[test]
    fn dutch_shares() {
        let of = |n| Fixed::of(n, 1_000);
        let auction =
            Dutch { start: of(950), cutoff: of(700), fast: seconds(900), slow: seconds(43_200) };
        for (elapsed, share) in
            [(0, 950), (450, 825), (900, 700), (22_500, 350), (44_100, 0), (99_999, 0), (-5, 950)]
        {
            assert_eq!(auction.share_at(&seconds(elapsed)), of(share), "{elapsed}");
        }
        let sudden = Dutch { fast: seconds(0), slow: seconds(0), ..auction };
        assert_eq!(sudden.share_at(&seconds(0)), Fixed::zero());
    }

    #[test]
    fn bankrupt_payments() {
        let whole = |n| Fixed::of(n, 1);
        let auction =
            BankruptAuction { value: whole(-100), maintenance: whole(-300), length: seconds(600) };
        for (elapsed, share, payment) in [(12, (1, 2), 52), (300, (1, 1), 200), (900, (1, 1), 300)]
        {
            let share = Fixed::of(share.0, share.1);
            assert_eq!(auction.payment_at(&seconds(elapsed), &share), whole(payment), "{elapsed}");
        }
    }

    #[test]
    fn stairs() {
        let stair = Stair {
            buffer: Fixed::of(13, 10),
            step: Fixed::of(99, 100),
            interval: seconds(90),
            tail: seconds(8_400),
            cusp: Fixed::of(39, 100),
        };
        let price = |elapsed| {
            let price = stair.price_at(&Fixed::one(), &seconds(elapsed));
            price.map(|price| price.units() / 1_000_000_000_000)
        };
        assert_eq!(price(0), Some(13_000));
        assert_eq!(price(89), Some(13_000));
        assert_eq!(price(900), Some(11_756));
        assert_eq!(price(8_400), Some(5_105));
        assert_eq!(price(8_401), None);
        let early = Stair { cusp: Fixed::of(40, 100), ..stair };
        assert_eq!(early.price_at(&Fixed::one(), &seconds(8_400)), None);
    }

    #[test]
    fn discounts_lots_and_bids() {
        let of = |n| Fixed::of(n, 1_000);
        for (ratio, discount) in [(950, 50), (500, 200), (1_000, 0), (1_200, 0)] {
            assert_eq!(ratio_discount(&of(ratio), &of(200)), of(discount), "{ratio}");
        }
        for (steps, lot, bid) in [
            (0, 0, 1_000),
            (100, 500, 1_000),
            (200, 1_000, 1_000),
            (300, 1_000, 500),
            (900, 1_000, 0),
        ] {
            let expected = LotThenBid { lot: of(lot), bid: of(bid) };
            assert_eq!(lot_then_bid(steps, &of(5)), expected, "{steps}");
        }
    }
}
