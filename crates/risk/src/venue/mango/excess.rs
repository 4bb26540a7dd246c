//! The excess of a whole account: balances, resting orders of spot markets, perpetuals.

use super::effective;
use crate::number::{Number, total};
use alloc::vec::Vec;
use domain::Rounding;

/// A balance with the prices and weights of the question that is asked. To open, prices are the
/// lower and the higher of oracle and stable price, and weights are scaled by what the venue holds;
/// elsewhere both prices are the oracle's and weights as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset<N> {
    /// Signed balance.
    pub balance: N,
    /// Price of what is held.
    pub asset_price: N,
    /// Price of what is owed.
    pub liability_price: N,
    /// Weight of what is held.
    pub asset_weight: N,
    /// Weight of what is owed.
    pub liability_weight: N,
}

/// Orders resting in one spot market, by places of its assets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpotOrders<N> {
    /// Place of the base asset.
    pub base: usize,
    /// Place of the quote asset.
    pub quote: usize,
    /// Base reserved in offers.
    pub reserved_base: N,
    /// Quote reserved in bids.
    pub reserved_quote: N,
    /// Price of the lowest offer; nothing where it is not known.
    pub lowest_ask: N,
    /// One over the price of the highest bid; nothing where it is not known.
    pub highest_bid_inverse: N,
}

/// A perpetual with its resting orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Perpetual<N> {
    /// Place of the asset it settles in.
    pub settles: usize,
    /// Price of a long's base.
    pub asset_price: N,
    /// Price of a short's base.
    pub liability_price: N,
    /// Weight of a long's base.
    pub asset_weight: N,
    /// Weight of a short's base.
    pub liability_weight: N,
    /// Weight of a profit.
    pub overall_weight: N,
    /// Signed base.
    pub base: N,
    /// Signed quote.
    pub quote: N,
    /// Base bid for.
    pub bids: N,
    /// Base offered.
    pub asks: N,
}

impl<N: Number> Perpetual<N> {
    /// PnL with weighted base, the worse of all bids and all offers filled.
    ///
    /// Worked: long 30 at 5 with quote -131, bids 70 and offers 110, weights .8 and 1.2: -81.
    #[must_use]
    pub fn unsettled(&self) -> N {
        let filled = |orders: &N, price: &N| {
            let base = self.base.plus(orders);
            let weighted = if base.is_negative() {
                base.times(&self.liability_weight, Rounding::Down)
                    .times(&self.liability_price, Rounding::Down)
            } else {
                base.times(&self.asset_weight, Rounding::Down)
                    .times(&self.asset_price, Rounding::Down)
            };
            weighted.minus(&orders.times(price, Rounding::Up))
        };
        let bids = filled(&self.bids, &self.liability_price);
        let asks = filled(&self.asks.negated(), &self.asset_price);
        self.quote.plus(&bids.least(&asks))
    }
}

/// What a market's orders come to if all of them end in one of its assets.
struct Reserved<N> {
    as_base: N,
    as_quote: N,
}

fn reserved<N: Number>(orders: &SpotOrders<N>, assets: &[Asset<N>]) -> Option<Reserved<N>> {
    let (base, quote) = (assets.get(orders.base)?, assets.get(orders.quote)?);
    let bounded = |at_oracle: N, at_limit: N| {
        if at_limit.is_zero() { at_oracle } else { at_oracle.least(&at_limit) }
    };
    let in_base =
        orders.reserved_quote.portion(&quote.asset_price, &base.liability_price, Rounding::Down)?;
    let at_bid = orders.reserved_quote.times(&orders.highest_bid_inverse, Rounding::Down);
    let in_quote =
        orders.reserved_base.portion(&base.asset_price, &quote.liability_price, Rounding::Down)?;
    let at_ask = orders.reserved_base.times(&orders.lowest_ask, Rounding::Down);
    Some(Reserved {
        as_base: orders.reserved_base.plus(&bounded(in_base, at_bid)),
        as_quote: orders.reserved_quote.plus(&bounded(in_quote, at_ask)),
    })
}

/// What reserved funds add if they end in one asset, counted last of all that may end there.
fn effect<N: Number>(asset: &Asset<N>, most: &N, reserved: &N) -> N {
    let held = most.within(&N::zero(), reserved);
    let owed = reserved.minus(&held);
    let held = held.times(&asset.asset_weight, Rounding::Down);
    let owed = owed.times(&asset.liability_weight, Rounding::Down);
    held.times(&asset.asset_price, Rounding::Down)
        .plus(&owed.times(&asset.liability_price, Rounding::Down))
}

/// The excess of an account; `None` where an order or a perpetual names no asset, or has no price.
///
/// Each spot market counts at the worse of all its orders ending in base or in quote. Source: Mango
/// v4 `HealthCache`. Worked: 100 of asset 1 (.8, 1), -10 of asset 2 (1.5, 5), 15 base and 20 quote
/// reserved between them, the perpetual of [`Perpetual::unsettled`]: 15.2 - 75 + 76 = 16.2.
#[must_use]
pub fn excess<N: Number>(
    assets: &[Asset<N>],
    orders: &[SpotOrders<N>],
    perpetuals: &[Perpetual<N>],
) -> Option<N> {
    let mut balances: Vec<N> = assets.iter().map(|asset| asset.balance.clone()).collect();
    for perpetual in perpetuals {
        let balance = balances.get_mut(perpetual.settles)?;
        *balance = effective(balance, &perpetual.unsettled(), &perpetual.overall_weight);
    }
    let own: Vec<N> = assets
        .iter()
        .zip(&balances)
        .map(|(asset, balance)| {
            let (weight, price) = if balance.is_negative() {
                (&asset.liability_weight, &asset.liability_price)
            } else {
                (&asset.asset_weight, &asset.asset_price)
            };
            balance.times(weight, Rounding::Down).times(price, Rounding::Down)
        })
        .collect();
    let markets: Option<Vec<Reserved<N>>> =
        orders.iter().map(|market| reserved(market, assets)).collect();
    let markets = markets?;
    let mut most = balances;
    for (market, reserved) in orders.iter().zip(&markets) {
        let base = most.get_mut(market.base)?;
        *base = base.plus(&reserved.as_base);
        let quote = most.get_mut(market.quote)?;
        *quote = quote.plus(&reserved.as_quote);
    }
    let mut sum = total(&own);
    for (market, reserved) in orders.iter().zip(&markets) {
        if reserved.as_base.is_zero() || reserved.as_quote.is_zero() {
            continue;
        }
        let base = effect(assets.get(market.base)?, most.get(market.base)?, &reserved.as_base);
        let quote = effect(assets.get(market.quote)?, most.get(market.quote)?, &reserved.as_quote);
        sum = sum.plus(&base.least(&quote));
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;
    use alloc::vec;

    fn tenths(n: i64) -> Fixed {
        Fixed::of(n, 10)
    }

    fn asset(balance: i64, price: i64, asset_weight: i64) -> Asset<Fixed> {
        Asset {
            balance: tenths(balance),
            asset_price: tenths(price),
            liability_price: tenths(price),
            asset_weight: tenths(asset_weight),
            liability_weight: tenths(20 - asset_weight),
        }
    }

    #[test]
    fn orders_and_perpetuals_count_at_their_worst() {
        let assets = vec![asset(1_000, 10, 8), asset(-100, 50, 5)];
        let orders = SpotOrders {
            base: 1,
            quote: 0,
            reserved_base: tenths(150),
            reserved_quote: tenths(200),
            lowest_ask: tenths(0),
            highest_bid_inverse: tenths(0),
        };
        let perpetual = Perpetual {
            settles: 0,
            asset_price: tenths(50),
            liability_price: tenths(50),
            asset_weight: tenths(8),
            liability_weight: tenths(12),
            overall_weight: tenths(9),
            base: tenths(300),
            quote: tenths(-1_310),
            bids: tenths(700),
            asks: tenths(1_100),
        };
        assert_eq!(perpetual.unsettled(), tenths(-810));
        let all =
            excess(&assets, core::slice::from_ref(&orders), core::slice::from_ref(&perpetual));
        assert_eq!(all, Some(tenths(162)));
        assert_eq!(excess(&assets, &[], &[]), Some(tenths(50)));
        let nowhere = SpotOrders { base: 9, ..orders };
        assert_eq!(excess(&assets, &[nowhere], &[]), None);
    }
}
