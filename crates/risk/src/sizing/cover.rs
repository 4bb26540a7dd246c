//! Sizes that cover a shortfall, as Drift v2 asks liquidators for them.

use crate::number::{Number, Places};
use domain::Rounding;

/// A price times the price of its quote asset.
///
/// Worked: 100 at a quote of .99 is 99.
#[must_use]
pub fn quoted_price<N: Number>(price: &N, quote: &N, places: &Places<N>) -> N {
    places.cut(price.times(quote, Rounding::Down))
}

/// A perpetual position that is closed with a liquidator's fee and an insurance fee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover<N> {
    /// Release margin less adjusted equity.
    pub shortfall: N,
    /// Price of the instrument in its quote asset.
    pub price: N,
    /// Price of the quote asset.
    pub quote: N,
    /// Requirement ratio, the share of notional that closing frees.
    pub requirement: N,
    /// The liquidator's fee, as a share of notional.
    pub liquidator_fee: N,
    /// The insurance fee, as a share of notional.
    pub insurance_fee: N,
}

impl<N: Number> Cover<N> {
    /// Quantity that covers the shortfall: `shortfall / (p q (r - fee) - p iff)`; `money` are the
    /// places of its terms, `size` those of the answer. `None` where closing never covers it: all
    /// of the position is due.
    ///
    /// Source: Drift v2 `calculate_base_asset_amount_to_cover_margin_shortage`. Worked: 10 short, r
    /// .1, p 100, fee .01: 1.1111.
    #[must_use]
    pub fn quantity(&self, money: &Places<N>, size: &Places<N>) -> Option<N> {
        if !self.price.is_positive() || self.requirement <= self.liquidator_fee {
            return None;
        }
        let price = quoted_price(&self.price, &self.quote, money);
        let freed = self.requirement.minus(&self.liquidator_fee);
        let freed = money.cut(price.times(&freed, Rounding::Down));
        let paid = money.cut(self.price.times(&self.insurance_fee, Rounding::Up));
        let gained = freed.minus(&paid);
        if !gained.is_positive() {
            return None;
        }
        Some(size.cut(self.shortfall.floored().over(&gained, Rounding::Up)?))
    }
}

/// A debt that is repaid with collateral, each side with a multiplier that holds its fee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LendingCover<N> {
    /// Release margin less adjusted equity.
    pub shortfall: N,
    /// Weight of the collateral.
    pub asset_weight: N,
    /// One plus the collateral's fee.
    pub asset_multiplier: N,
    /// Weight of the debt.
    pub liability_weight: N,
    /// One less the debt's fee.
    pub liability_multiplier: N,
    /// Price of the debt's asset.
    pub liability_price: N,
    /// The insurance fee, as a share of the debt.
    pub insurance_fee: N,
}

impl<N: Number> LendingCover<N> {
    /// Debt to repay: `shortfall / (p (w_L - w_A m_A / m_L) - p iff w_L)`; `weights`, `money` and
    /// `size` are the places of weights, prices and the answer. `None` where repaying never covers
    /// it.
    ///
    /// Source: Drift v2 `calculate_liability_transfer_to_cover_margin_shortage`. Worked: 10 short,
    /// weights .8 and 1.2, price 100: .25.
    #[must_use]
    pub fn debt(&self, weights: &Places<N>, money: &Places<N>, size: &Places<N>) -> Option<N> {
        if self.asset_weight >= self.liability_weight {
            return None;
        }
        let taken = self.asset_weight.portion(
            &self.asset_multiplier,
            &self.liability_multiplier,
            Rounding::Up,
        )?;
        let freed = self.liability_weight.minus(&weights.cut(taken));
        let freed = self.liability_price.times(&freed, Rounding::Down);
        let paid = money.cut(self.liability_price.times(&self.insurance_fee, Rounding::Up));
        let paid = paid.times(&self.liability_weight, Rounding::Up);
        let gained = freed.minus(&paid);
        if !gained.is_positive() {
            return None;
        }
        Some(size.cut(self.shortfall.floored().over(&gained, Rounding::Up)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    fn of(n: i64) -> Fixed {
        Fixed::of(n, 1_000_000)
    }

    #[test]
    fn perpetuals() {
        let cover = Cover {
            shortfall: of(10_000_000),
            price: of(100_000_000),
            quote: of(1_000_000),
            requirement: of(100_000),
            liquidator_fee: of(10_000),
            insurance_fee: of(0),
        };
        let (money, size) = (Places::Source(of(1)), Places::Source(Fixed::of(1, 1_000_000_000)));
        let quantity = |cover: &Cover<Fixed>| cover.quantity(&money, &size).map(Fixed::units);
        assert_eq!(quantity(&cover), Some(11_111_111_110_000_000));
        let house = cover.quantity(&Places::House, &Places::House).map(Fixed::units);
        assert_eq!(house, Some(11_111_111_111_111_112));
        let cheap = Cover { quote: of(990_000), liquidator_fee: of(0), ..cover.clone() };
        assert_eq!(quantity(&cheap), Some(10_101_010_100_000_000));
        for never in [
            Cover { liquidator_fee: of(100_000), ..cover.clone() },
            Cover { insurance_fee: of(90_000), ..cover.clone() },
            Cover { price: of(0), ..cover },
        ] {
            assert_eq!(quantity(&never), None, "{never:?}");
        }
    }

    #[test]
    fn debts() {
        let cover = LendingCover {
            shortfall: of(10_000_000),
            asset_weight: of(800_000),
            asset_multiplier: of(1_000_000),
            liability_weight: of(1_200_000),
            liability_multiplier: of(1_000_000),
            liability_price: of(100_000_000),
            insurance_fee: of(0),
        };
        let house = |cover: &LendingCover<Fixed>| {
            cover.debt(&Places::House, &Places::House, &Places::House)
        };
        assert_eq!(house(&cover), Some(of(250_000)));
        assert_eq!(house(&LendingCover { asset_weight: of(1_200_000), ..cover.clone() }), None);
        assert_eq!(house(&LendingCover { asset_multiplier: of(1_600_000), ..cover }), None);
    }
}
