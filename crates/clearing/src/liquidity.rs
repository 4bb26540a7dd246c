//! The other side of forced trades: the outside world's positions.
//!
//! The liquidity account has no margin, is never deleveraged or socialised upon and may be
//! negative; it stands inside both zero sums, and its PnL is what the world earned on us.

use alloc::vec::Vec;
use domain::{InstrumentId, Position, Quantity, Quote};

/// One position an instrument, zero ones included.
#[derive(Clone, Debug)]
pub(crate) struct Liquidity {
    positions: Vec<Position>,
}

impl Liquidity {
    pub const fn new() -> Self {
        Self { positions: Vec::new() }
    }

    /// Makes room for newly listed instruments.
    pub fn list_instruments(&mut self, count: usize) {
        while self.positions.len() < count {
            let place = u32::try_from(self.positions.len()).expect("at most 10,000 instruments");
            self.positions.push(Position {
                instrument: InstrumentId::new(place),
                quantity: Quantity::ZERO,
                cost: Quote::ZERO,
                funding_index: 0,
            });
        }
    }

    pub fn restore(positions: Vec<Position>) -> Self {
        Self { positions }
    }

    pub fn copy_from(&mut self, other: &Self) {
        self.positions.clone_from(&other.positions);
    }

    pub fn positions(&self) -> &[Position] {
        &self.positions
    }

    pub fn position(&self, instrument: InstrumentId) -> Position {
        *self.positions.get(instrument.index()).expect("listed instruments have a position")
    }

    pub fn put(&mut self, position: Position) {
        if let Some(slot) = self.positions.get_mut(position.instrument.index()) {
            *slot = position;
        }
    }
}
