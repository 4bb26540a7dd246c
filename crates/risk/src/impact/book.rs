//! Both sides of an instrument's book as one wave sees them.
//!
//! The wave's one mark fixes where each side would stand untouched (its anchor); forced trades of
//! the wave then walk on from what was consumed before. Law: what a wave's fills of a side cost is
//! one difference of the cost curve, however they were split.

use super::curve::Curve;
use super::{SHARE_ONE, impact_of_buys, impact_of_sells};
use domain::wide::{div, mul_div};
use domain::{InstrumentId, Price, Quantity, Quote, Rounding};

/// One side: who sells walks down it, who buys walks up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SideBook {
    /// Its curve.
    pub curve: Curve,
    /// Price where nothing is consumed.
    pub anchor: Price,
    /// Price by which consumption is counted: the anchor, or the starting price where returns add.
    pub measure: Price,
    /// Consumed when the wave began.
    pub opened: Quote,
    /// Consumed now.
    pub consumed: Quote,
    /// Paid on top, as a share at 1e-16 of the value.
    pub half_spread: i128,
}

impl SideBook {
    /// The value by which a size is counted as consumed.
    #[must_use]
    pub fn value(&self, size: Quantity) -> Quote {
        size.quote(self.measure)
    }

    /// The size that can still be filled.
    #[must_use]
    pub fn available(&self) -> Quantity {
        let left = (self.curve.edge() - self.consumed).units().max(0);
        let size = div(left, self.measure.wide().max(1), Rounding::Down);
        Quantity::new(i64::try_from(size).unwrap_or(i64::MAX))
    }

    /// What a size concedes to the anchor, half spread included.
    #[must_use]
    pub fn conceded(&self, size: Quantity) -> Quote {
        let after = self.consumed + self.value(size);
        let walked = self.curve.cost(after) - self.curve.cost(self.consumed);
        // Where returns add, the curve is walked from the starting price, the spread paid on it.
        let spread = self.spread(after) - self.spread(self.consumed);
        Quote::new(walked.units().max(0)) + spread
    }

    fn spread(&self, consumed: Quote) -> Quote {
        if self.half_spread == 0 {
            return Quote::ZERO;
        }
        let paid = mul_div(consumed.units(), self.half_spread, SHARE_ONE, Rounding::Up);
        Quote::new(paid.expect("a half spread is below one"))
    }

    /// Takes a size out of the book.
    pub fn consume(&mut self, size: Quantity) {
        self.consumed += self.value(size);
    }
}

/// The book of one instrument in one wave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketBook {
    /// Whose.
    pub instrument: InstrumentId,
    /// Where sells go.
    pub sells: SideBook,
    /// Where buys go.
    pub buys: SideBook,
    /// Moves and impact add up as returns on the starting price.
    pub returns: bool,
}

impl MarketBook {
    /// The side that closes a position: a long sells, a short buys.
    #[must_use]
    pub const fn side(&self, short: bool) -> &SideBook {
        if short { &self.buys } else { &self.sells }
    }

    /// The same, to consume.
    pub const fn side_mut(&mut self, short: bool) -> &mut SideBook {
        if short { &mut self.buys } else { &mut self.sells }
    }

    /// Signed quantity and quote of closing a size: what the account pays (receives, negative).
    #[must_use]
    pub fn closing(&self, short: bool, size: Quantity) -> (Quantity, Quote) {
        let side = self.side(short);
        let (gross, conceded) = (size.quote(side.anchor), side.conceded(size));
        if short { (size, gross + conceded) } else { (-size, conceded - gross) }
    }

    /// The distances that sells and buys reached.
    #[must_use]
    pub fn edges(&self) -> [i128; 2] {
        [&self.sells, &self.buys].map(|side| side.curve.distance(side.consumed))
    }

    /// Whether anything was filled in the wave.
    #[must_use]
    pub fn is_walked(&self) -> bool {
        self.sells.consumed != self.sells.opened || self.buys.consumed != self.buys.opened
    }

    /// What the wave's fills did to the mid, at 1e-16: sells add, buys take away.
    ///
    /// Worked: 40M sold into 20M within 1 % (exponent .4) .0582, bought -.0550, however split.
    #[must_use]
    pub fn impact(&self) -> i128 {
        let grew = |side: &SideBook, log: fn(i128) -> i128| {
            let ends = [side.consumed, side.opened].map(|value| side.curve.distance(value));
            let [after, before] = if self.returns { ends } else { ends.map(log) };
            after - before
        };
        grew(&self.sells, impact_of_sells) - grew(&self.buys, impact_of_buys)
    }
}
