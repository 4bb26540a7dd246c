//! Rules of one asset: units, caps, weights, interest.

use crate::amount::Amount;
use crate::divisor::Divisor;
use crate::price::Price;
use crate::ratio::{Rate, Ratio};
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Rules of an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetRules {
    /// Its name in files and tables.
    pub name: String,
    /// Decimals d of its smallest unit, 0 to 10; fixed once listed.
    pub decimals: u8,
    /// Highest index price accepted, in units of 10^-(16 - d) of the numeraire.
    pub price_max: Price,
    /// Largest balance, either sign, of one account.
    pub balance_max: Amount,
    /// Largest sum of all accounts' positive balances after a deposit.
    pub deposit_cap: Amount,
    /// Share of value not counted, by size; the last tier is open-ended.
    pub haircuts: Vec<HaircutTier>,
    /// Factor on a negative balance, at least one.
    pub liability_weight: Ratio,
    /// Price conceded when this asset is sold for a debt or bought by the fund.
    pub slippage: Ratio,
    /// What borrowers pay and depositors earn.
    pub interest: InterestCurve,
    /// Largest share of deposits that may be lent after a withdrawal.
    pub utilisation_max: Ratio,
    /// Share of a debt's value added to initial margin.
    pub debt_initial: Ratio,
    /// Share of a debt's value added to the release margin, so that a borrower whose collateral was
    /// sold does not fall below maintenance with the next tick; at most `debt_initial`.
    pub debt_release: Ratio,
}

/// Haircut on the part of a balance up to a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HaircutTier {
    /// Upper end of the part, which belongs to this tier; `None` for the last.
    pub up_to: Option<Amount>,
    /// Share of market value not counted, 0 to 1.
    pub haircut: Ratio,
}

/// Borrow rate by utilisation, linear between points.
///
/// Utilisation is borrows over deposits within 0 and 1. Rates are per year of 31,536,000 s. Worked:
/// points (0, 0), (0.7, 0.10), (0.85, 0.20), (1, 2.0): at 0.775 the rate is 0.15 (the curve of
/// Mango v4's register instructions).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterestCurve {
    /// At least two points, utilisation strictly rising from 0 to 1; empty for no interest.
    pub points: Vec<InterestPoint>,
    /// Share of borrowers' interest that goes to the fees account.
    pub fee_share: Ratio,
}

/// One corner of an interest curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterestPoint {
    /// Borrows over deposits.
    pub utilisation: Ratio,
    /// Rate a year; not negative.
    pub rate: Rate,
}

impl AssetRules {
    /// Units at 1e-16 in one smallest unit of the asset: 10^(16 - decimals). It is also the price of
    /// the numeraire in its own price unit.
    ///
    /// Worked: 8 decimals give 10^8.
    #[must_use]
    #[inline]
    pub fn scale(&self) -> i128 {
        i128::from(self.divisor().number())
    }

    /// The same to divide by.
    #[must_use]
    #[inline]
    pub fn divisor(&self) -> &'static Divisor {
        Divisor::of_decimals(self.decimals)
    }
}
