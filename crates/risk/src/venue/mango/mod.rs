//! Mango v4: one figure for an account, and three ways to bring it back to zero.
//!
//! The figure is called the excess here: weighted assets less weighted liabilities, PnL of
//! perpetuals joined to the asset they settle in before weighting. An account is liquidatable below
//! zero with maintenance weights, and let go at zero with initial weights. Whole assets, prices in
//! one numeraire, quantities of perpetuals in whole lots.

mod bankruptcy;
mod excess;
mod perpetual;
mod swap;

pub use bankruptcy::{Bankruptcy, BankruptcyTerms, resolve_bankruptcy};
pub use excess::{Asset, Perpetual, SpotOrders, excess};
pub use perpetual::{PerpetualTerms, Reduced, reduce_perpetual};
pub use swap::{SwapAccount, Swapped, fee_factor, swap_assets};

use crate::number::Number;
use domain::Rounding;

/// Weighted prices of one asset: what a unit held adds, what a unit owed takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightedPrices<N> {
    /// Price times asset weight.
    pub asset: N,
    /// Price times liability weight.
    pub liability: N,
}

impl<N: Number> WeightedPrices<N> {
    /// From a price and two weights.
    #[must_use]
    pub fn new(price: &N, asset_weight: &N, liability_weight: &N) -> Self {
        Self {
            asset: price.times(asset_weight, Rounding::Down),
            liability: price.times(liability_weight, Rounding::Up),
        }
    }

    /// What a balance adds to the excess.
    #[must_use]
    pub fn weigh(&self, balance: &N) -> N {
        let price = if balance.is_negative() { &self.liability } else { &self.asset };
        balance.times(price, Rounding::Down)
    }

    /// How much of the asset brings an excess below zero back to it: first against a negative
    /// balance at the liability's price, then at the asset's. Nothing at or above zero; `None`
    /// where no amount is enough.
    ///
    /// Worked: excess -58, balance -10, prices 1.8 and 2.2: 10 + 36 / 1.8 = 30.
    #[must_use]
    pub fn given_to_zero(&self, excess: &N, balance: &N) -> Option<N> {
        let lacking = excess.negated();
        if !lacking.is_positive() {
            return Some(N::zero());
        }
        let owed = balance.negated().floored();
        let repaid = owed.times(&self.liability, Rounding::Down);
        if lacking <= repaid {
            return lacking.over(&self.liability, Rounding::Up);
        }
        Some(owed.plus(&lacking.minus(&repaid).over(&self.asset, Rounding::Up)?))
    }

    /// How much of the asset can be taken until an excess above zero is spent: first of a positive
    /// balance at the asset's price, then at the liability's.
    ///
    /// Worked: excess 39, balance 5, prices 1.8 and 2.2: 5 + 30 / 2.2 = 18.636.
    #[must_use]
    pub fn taken_to_zero(&self, excess: &N, balance: &N) -> Option<N> {
        if !excess.is_positive() {
            return Some(N::zero());
        }
        let held = balance.floored();
        let spent = held.times(&self.asset, Rounding::Up);
        if *excess <= spent {
            return excess.over(&self.asset, Rounding::Down);
        }
        Some(held.plus(&excess.minus(&spent).over(&self.liability, Rounding::Down)?))
    }
}

/// The balance that counts: a profit of perpetuals at its overall weight, a loss in full.
#[must_use]
pub fn effective<N: Number>(balance: &N, unsettled: &N, overall_weight: &N) -> N {
    if unsettled.is_negative() {
        balance.plus(unsettled)
    } else {
        balance.plus(&unsettled.times(overall_weight, Rounding::Down))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    #[test]
    fn amounts_to_zero() {
        let tenths = |n| Fixed::of(n, 10);
        let prices = WeightedPrices::new(&tenths(20), &tenths(9), &tenths(11));
        for (excess, balance, given) in
            [(-580, -100, 300), (-220, -100, 100), (-110, -100, 50), (-18, 5, 10), (5, -9, 0)]
        {
            let got = prices.given_to_zero(&tenths(excess), &tenths(balance));
            assert_eq!(got, Some(tenths(given)), "{excess} {balance}");
        }
        for (excess, balance, taken) in [(360, 400, 200), (112, 50, 60), (-1, 50, 0), (22, -5, 10)]
        {
            let got = prices.taken_to_zero(&tenths(excess), &tenths(balance));
            assert_eq!(got, Some(tenths(taken)), "{excess} {balance}");
        }
        assert_eq!(effective(&tenths(50), &tenths(140), &tenths(5)), tenths(120));
        assert_eq!(effective(&tenths(50), &tenths(-140), &tenths(5)), tenths(-90));
    }
}
