//! The same share of every position at once, and accounts changed more than once before a look.
//!
//! Law: the share is the smallest, in millionths, at which the account reaches what is asked; each
//! position closes its share rounded up to lots.

use crate::liquidation::{Closing, close, notional_of, solvency};
use crate::portfolio::{Change, Portfolio};
use crate::prices::Prices;
use crate::reach;
use crate::selling::{Ask, fewest, lots_up, tradable};
use crate::valuation::assess;
use alloc::vec::Vec;
use domain::wide::{div, mul_div};
use domain::{Balance, Position, Rounding, Value, Weighted};

/// Shares of a slice: millionths.
const PARTS: i64 = 1_000_000;

/// An account's rows, to be changed and looked at.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    balances: Vec<Balance>,
    positions: Vec<Position>,
}

impl Holdings {
    /// The rows of an account.
    #[must_use]
    pub fn of(portfolio: &Portfolio<'_>) -> Self {
        Self {
            balances: portfolio.balances().collect(),
            positions: portfolio.positions().collect(),
        }
    }

    /// The account as it stands.
    #[must_use]
    pub fn portfolio(&self) -> Portfolio<'_> {
        Portfolio::new(&self.balances, &self.positions)
    }

    /// Lays a change over the rows; they stay sorted, a closed position goes.
    pub fn apply(&mut self, change: &Change) {
        for balance in change.balances.iter().flatten() {
            match self.balances.binary_search_by_key(&balance.asset, |row| row.asset) {
                Ok(at) => {
                    if let Some(row) = self.balances.get_mut(at) {
                        *row = *balance;
                    }
                }
                Err(at) => self.balances.insert(at, *balance),
            }
        }
        if let Some(position) = change.position {
            self.positions.retain(|row| row.instrument != position.instrument);
            if !position.quantity.is_zero() {
                let at = self.positions.partition_point(|row| row.instrument < position.instrument);
                self.positions.insert(at, position);
            }
        }
    }
}

/// A slice as planned: forced trades in the order of instruments.
#[derive(Clone, Debug)]
pub struct Slice {
    /// Each position with what is closed of it.
    pub closings: Vec<(Position, Closing)>,
    /// True where it raises the shortfall.
    pub toxic: bool,
}

/// Plans a slice of every position that can be traded now; `None` where there is none, where books
/// take nothing, or where equity does not cover the cost of closing everything.
///
/// Worked: two positions of 10 and 5 lots of which .318 must go: 4 and 2 lots.
#[must_use]
pub fn plan(portfolio: &Portfolio<'_>, prices: &Prices<'_>, ask: &Ask) -> Option<Slice> {
    let solvency = solvency(portfolio, prices);
    let targets: Vec<Position> =
        portfolio.positions().filter(|position| tradable(position, prices)).collect();
    if targets.is_empty() || !solvency.covers() {
        return None;
    }
    let at = |parts: i64| -> (Vec<(Position, Closing)>, Weighted) {
        let mut holdings = Holdings::of(portfolio);
        let mut closings = Vec::new();
        for position in &targets {
            let lots = lots_at(position, parts, prices);
            let lots = reach::lots(prices, position).map_or(lots, |can| lots.min(can));
            if lots == 0 {
                continue;
            }
            let closing = close(&holdings.portfolio(), prices, position, lots, &solvency);
            holdings.apply(&closing.change);
            closings.push((*position, closing));
        }
        (closings, assess(&holdings.portfolio(), prices).shortfall())
    };
    let mut most = parts_most(&targets, prices, ask);
    if !prices.books.is_empty() {
        // What a book costs grows with the size: half of what is toxic may not be.
        while most > 1 && at(most).1 > solvency.shortfall {
            most /= 2;
        }
    }
    let parts = fewest(most, |parts| at(parts).1 <= ask.goal);
    let (closings, shortfall) = at(parts);
    if closings.is_empty() {
        return None;
    }
    Some(Slice { closings, toxic: shortfall > solvency.shortfall })
}

/// Lots of a position in so many millionths of it, rounded up.
fn lots_at(position: &Position, parts: i64, prices: &Prices<'_>) -> i64 {
    let whole = position.quantity.magnitude().wide();
    let size = div(whole * i128::from(parts), i128::from(PARTS), Rounding::Up);
    lots_up(size, prices.instrument_rules(position.instrument).lot.units())
}

/// The largest share that stays within the notional asked for, at least a millionth.
fn parts_most(targets: &[Position], prices: &Prices<'_>, ask: &Ask) -> i64 {
    let Some(most) = ask.most else { return PARTS };
    let whole: Value =
        targets.iter().map(|position| notional_of(position, position.quantity, prices)).sum();
    let whole = whole.units().max(1);
    let parts = mul_div(most.units(), i128::from(PARTS), whole, Rounding::Down);
    parts.and_then(|parts| i64::try_from(parts).ok()).unwrap_or(PARTS).clamp(1, PARTS)
}
