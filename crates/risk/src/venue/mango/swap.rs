//! A liability is repaid with an asset of the same account, up to what both really come to.
//!
//! Law: spot and spot with perpetuals both limit a balance, so that unsettled PnL cannot leak.

use super::{WeightedPrices, effective};
use crate::number::Number;
use crate::sizing::SwapTerms;
use domain::Rounding;

/// The two sides of an account that swaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwapAccount<N> {
    /// Balance of the asset that is handed over.
    pub asset: N,
    /// Unsettled PnL that settles in it.
    pub asset_unsettled: N,
    /// Its price.
    pub asset_price: N,
    /// Its weight while it is held.
    pub asset_weight: N,
    /// Its weight while it is owed.
    pub asset_liability_weight: N,
    /// Balance of the liability, below zero.
    pub liability: N,
    /// Unsettled PnL that settles in it.
    pub liability_unsettled: N,
    /// Its price.
    pub liability_price: N,
    /// Its weight while it is owed.
    pub liability_weight: N,
    /// Its weight while it is held.
    pub liability_asset_weight: N,
    /// Weight of a profit of perpetuals.
    pub overall_weight: N,
    /// What everything else of the account adds to its excess.
    pub other: N,
    /// Fee factor, the product of one plus each side's fee.
    pub factor: N,
}

/// What a swap moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swapped<N> {
    /// Excess before.
    pub before: N,
    /// Excess after.
    pub after: N,
    /// Liability repaid.
    pub repaid: N,
    /// Asset handed over.
    pub taken: N,
}

impl<N: Number> SwapAccount<N> {
    fn effective_asset(&self) -> N {
        effective(&self.asset, &self.asset_unsettled, &self.overall_weight)
    }

    fn effective_liability(&self) -> N {
        effective(&self.liability, &self.liability_unsettled, &self.overall_weight)
    }

    /// Release figure of the account: initial weights, oracle prices, nothing scaled.
    #[must_use]
    pub fn excess(&self) -> N {
        let asset = WeightedPrices::new(
            &self.asset_price,
            &self.asset_weight,
            &self.asset_liability_weight,
        );
        let liability = WeightedPrices::new(
            &self.liability_price,
            &self.liability_asset_weight,
            &self.liability_weight,
        );
        let both = asset.weigh(&self.effective_asset());
        both.plus(&liability.weigh(&self.effective_liability())).plus(&self.other)
    }
}

/// Swaps at most `request` of the liability. `None` where there is no asset or no liability, with
/// or without perpetuals, or where no swap helps.
///
/// Source: Mango v4 `token_liq_with_token`. Worked: 10 at 1 (weight .8) against -9 at 1 (1.2) and
/// -.4 elsewhere: excess -3.2, 8 for 8.
#[must_use]
pub fn swap_assets<N: Number>(account: &SwapAccount<N>, request: &N) -> Option<Swapped<N>> {
    let asset_most = account.asset.least(&account.effective_asset());
    let owed = account.liability.most(&account.effective_liability()).negated();
    if !asset_most.is_positive() || !owed.is_positive() {
        return None;
    }
    let before = account.excess();
    let swap = SwapTerms {
        excess: before.clone(),
        liability_price: account.liability_price.clone(),
        liability_weight: account.liability_weight.clone(),
        asset_price: account.asset_price.clone(),
        asset_weight: account.asset_weight.clone(),
        factor: account.factor.clone(),
        liability_most: owed.least(&request.floored()),
        asset_most,
    };
    let swap = swap.swap()?;
    let after = SwapAccount {
        asset: account.asset.minus(&swap.taken),
        liability: account.liability.plus(&swap.repaid),
        ..account.clone()
    };
    Some(Swapped { before, after: after.excess(), repaid: swap.repaid, taken: swap.taken })
}

/// Fee factor of both sides: (1 + fee of the asset) (1 + fee of the liability).
#[must_use]
pub fn fee_factor<N: Number>(asset_fee: &N, liability_fee: &N) -> N {
    let one = N::one();
    one.plus(asset_fee).times(&one.plus(liability_fee), Rounding::Up)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    fn tenths(n: i64) -> Fixed {
        Fixed::of(n, 10)
    }

    fn account(asset: (i64, i64), liability: (i64, i64), other: i64) -> SwapAccount<Fixed> {
        SwapAccount {
            asset: tenths(asset.0),
            asset_unsettled: tenths(asset.1),
            asset_price: tenths(10),
            asset_weight: tenths(8),
            asset_liability_weight: tenths(12),
            liability: tenths(liability.0),
            liability_unsettled: tenths(liability.1),
            liability_price: tenths(10),
            liability_weight: tenths(12),
            liability_asset_weight: tenths(8),
            overall_weight: tenths(5),
            other: tenths(other),
            factor: fee_factor(&tenths(0), &tenths(0)),
        }
    }

    #[test]
    fn swaps_are_limited_by_both_balances() {
        for (asset, liability, other, request, repaid) in [
            ((100, 0), (-90, 0), -4, 1_000, Some(80)),
            ((100, 0), (-90, 0), -4, 20, Some(20)),
            ((50, 140), (-90, 0), 0, 1_000, Some(30)),
            ((100, 0), (-80, -10), 0, 1_000, Some(70)),
            ((100, -60), (-90, 0), 0, 1_000, Some(40)),
            ((100, 0), (-90, 120), -60, 1_000, Some(30)),
            ((0, 140), (-90, 0), 0, 1_000, None),
            ((10, 0), (10, -10), 0, 1_000, None),
            ((100, 0), (-10, 0), 0, 1_000, Some(0)),
        ] {
            let account = account(asset, liability, other);
            let swapped = swap_assets(&account, &tenths(request));
            assert_eq!(swapped.map(|swapped| swapped.repaid), repaid.map(tenths), "{account:?}");
        }
    }
}
