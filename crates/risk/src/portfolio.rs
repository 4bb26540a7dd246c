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
    pub fn positions(&self) -> impl Iterator<Item = Position> + use<'_> {
        let changed = self.change.position;
        let kept = self.positions.iter().map(move |position| match changed {
            Some(changed) if changed.instrument == position.instrument => changed,
            _ => *position,
        });
        let added = changed.filter(|changed| {
            self.positions.iter().all(|position| position.instrument != changed.instrument)
        });
        kept.chain(added).filter(|position| !position.quantity.is_zero())
    }

    /// Balances, zero ones included.
    #[inline]
    pub fn balances(&self) -> impl Iterator<Item = Balance> + use<'_> {
        let changes = self.change.balances;
        let kept = self.balances.iter().map(move |balance| {
            let change = changes.iter().flatten().find(|change| change.asset == balance.asset);
            change.copied().unwrap_or(*balance)
        });
        let added =
            self.change.balances.into_iter().flatten().filter(|changed| {
                self.balances.iter().all(|balance| balance.asset != changed.asset)
            });
        kept.chain(added)
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
