//! The immutable picture of one account, as it is or as it would be after a change.

use domain::{AssetId, Balance, InstrumentId, Position};

/// What an account would hold otherwise, laid over what it holds.
///
/// A trade changes one position and at most two balances, a sale two balances. Replaced rows keep
/// their place, new ones come last.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change {
    /// Replaces (or adds) the position in its instrument; quantity zero removes it.
    pub position: Option<Position>,
    /// Replace (or add) balances of different assets.
    pub balances: [Option<Balance>; 2],
}

/// One account: balances sorted by asset, positions by instrument.
#[derive(Clone, Copy, Debug)]
pub struct Portfolio<'a> {
    positions: &'a [Position],
    balances: &'a [Balance],
    change: Change,
}

impl<'a> Portfolio<'a> {
    /// The account as it is.
    #[must_use]
    pub fn new(balances: &'a [Balance], positions: &'a [Position]) -> Self {
        Self { positions, balances, change: Change::default() }
    }

    /// The account as it would be.
    #[must_use]
    pub const fn with(self, change: Change) -> Self {
        Self { change, ..self }
    }

    /// Open positions.
    #[inline]
    #[must_use]
    pub fn positions(&self) -> Positions<'a> {
        Positions { rows: self.positions.iter(), change: self.change.position }
    }

    /// Balances, zero ones included.
    #[inline]
    #[must_use]
    pub fn balances(&self) -> Balances<'a> {
        Balances { rows: self.balances.iter(), changes: self.change.balances }
    }

    /// The position in an instrument, if one is open.
    #[must_use]
    pub fn position(&self, instrument: InstrumentId) -> Option<Position> {
        self.positions().find(|position| position.instrument == instrument)
    }

    /// The balance of an asset, if the account ever had one.
    #[must_use]
    pub fn balance(&self, asset: AssetId) -> Option<Balance> {
        self.balances().find(|balance| balance.asset == asset)
    }

    /// True where something can go wrong: a position is open or a balance is negative.
    ///
    /// Only such accounts can be liquidatable.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        self.positions().next().is_some()
            || self.balances().any(|balance| balance.amount.is_negative())
    }
}

/// Open positions of a portfolio: rows as changed, then what the change adds.
#[derive(Clone, Debug)]
pub struct Positions<'a> {
    rows: core::slice::Iter<'a, Position>,
    change: Option<Position>,
}

impl Iterator for Positions<'_> {
    type Item = Position;

    #[inline]
    fn next(&mut self) -> Option<Position> {
        loop {
            let position = match self.rows.next() {
                Some(row) => match self.change {
                    Some(change) if change.instrument == row.instrument => {
                        self.change = None;
                        change
                    }
                    _ => *row,
                },
                None => self.change.take()?,
            };
            if !position.quantity.is_zero() {
                return Some(position);
            }
        }
    }
}

/// Balances of a portfolio: rows as changed, then what the change adds.
#[derive(Clone, Debug)]
pub struct Balances<'a> {
    rows: core::slice::Iter<'a, Balance>,
    changes: [Option<Balance>; 2],
}

impl Iterator for Balances<'_> {
    type Item = Balance;

    #[inline]
    fn next(&mut self) -> Option<Balance> {
        if let Some(row) = self.rows.next() {
            for change in &mut self.changes {
                if change.is_some_and(|change| change.asset == row.asset) {
                    return change.take();
                }
            }
            return Some(*row);
        }
        let [first, second] = &mut self.changes;
        first.take().or_else(|| second.take())
    }
}
