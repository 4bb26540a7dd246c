//! Requirement and adjusted equity of an account: assets with resting orders, perpetuals, a buffer.

use super::{money, order_margin};
use crate::number::Number;
use crate::weight::{RootPlaces, sqrt_premium};
use domain::Rounding;

/// How prices and ratios are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose<N> {
    /// Whether assets count at the lower and liabilities at the higher of price and average.
    pub strict: bool,
    /// The account's own requirement ratio; nothing where it has none.
    pub custom: N,
    /// Buffer on liability values and on negative PnL, where a liquidation stops.
    pub buffer: N,
}

/// A balance with its resting orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset<N> {
    /// Signed amount.
    pub amount: N,
    /// Price.
    pub price: N,
    /// Its five minute average; the price where there is none.
    pub average: N,
    /// Weight of a holding.
    pub asset_weight: N,
    /// Weight of a debt.
    pub liability_weight: N,
    /// Amount bid for.
    pub bids: N,
    /// Amount offered.
    pub asks: N,
    /// Number of resting orders.
    pub orders: u32,
}

/// A perpetual position with its resting orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Perpetual<N> {
    /// Signed quantity.
    pub quantity: N,
    /// Signed quote of the position, negative of what it cost.
    pub quote: N,
    /// Price.
    pub price: N,
    /// Price of the quote asset.
    pub quote_price: N,
    /// Average of the quote asset.
    pub quote_average: N,
    /// Requirement ratio.
    pub requirement: N,
    /// Factor of the size premium.
    pub factor: N,
    /// Quantity bid for.
    pub bids: N,
    /// Quantity offered.
    pub asks: N,
    /// Number of resting orders.
    pub orders: u32,
    /// Most of a profit that counts; nothing for no bound.
    pub profit_most: N,
}

/// Requirement and adjusted equity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountFigures<N> {
    /// What the account must hold.
    pub requirement: N,
    /// What it holds, as weighted.
    pub adjusted_equity: N,
}

impl<N: Number> AccountFigures<N> {
    /// Requirement less adjusted equity, at least nothing.
    #[must_use]
    pub fn shortfall(&self) -> N {
        self.requirement.minus(&self.adjusted_equity).floored()
    }
}

impl<N: Number> Asset<N> {
    fn price_of(&self, amount: &N, purpose: &Purpose<N>) -> N {
        match (purpose.strict, amount.is_negative()) {
            (false, _) => self.price.clone(),
            (true, false) => self.price.least(&self.average),
            (true, true) => self.price.most(&self.average),
        }
    }

    fn weight_of(&self, amount: &N, purpose: &Purpose<N>) -> N {
        if amount.is_negative() {
            self.liability_weight.most(&N::one().plus(&purpose.custom))
        } else {
            self.asset_weight.clone()
        }
    }

    /// The amount after the worse of all bids and all offers filled, and the quote that moved.
    fn filled(&self, purpose: &Purpose<N>) -> (N, N) {
        let after = |change: &N| {
            let amount = self.amount.plus(change);
            let moved = change.times(&self.price, Rounding::Up).negated();
            let worth = amount.times(&self.price_of(&amount, purpose), Rounding::Down);
            let weighted = worth.times(&self.weight_of(&amount, purpose), Rounding::Down);
            (weighted.plus(&moved), (amount, moved))
        };
        let (bid, bids) = after(&self.bids);
        let (ask, asks) = after(&self.asks.negated());
        if ask < bid { asks } else { bids }
    }

    fn add_to(&self, figures: &mut AccountFigures<N>, purpose: &Purpose<N>) {
        let (amount, moved) = self.filled(purpose);
        let cut = |number: N| money::<N>().cut(number);
        let worth = cut(amount.times(&self.price_of(&amount, purpose), Rounding::Down));
        let weighted = cut(worth.times(&self.weight_of(&amount, purpose), Rounding::Down));
        if amount.is_negative() {
            let buffer = cut(worth.magnitude().times(&purpose.buffer, Rounding::Up));
            figures.requirement = figures.requirement.plus(&weighted.magnitude()).plus(&buffer);
        } else {
            figures.adjusted_equity = figures.adjusted_equity.plus(&weighted);
        }
        if moved.is_negative() {
            figures.requirement = figures.requirement.plus(&moved.magnitude());
        } else {
            figures.adjusted_equity = figures.adjusted_equity.plus(&moved);
        }
        figures.requirement = figures.requirement.plus(&order_margins(self.orders));
    }
}

fn order_margins<N: Number>(orders: u32) -> N {
    order_margin::<N>().times(&N::of(i64::from(orders), 1), Rounding::Up)
}

impl<N: Number> Perpetual<N> {
    /// The size after the worse of all bids and all offers filled.
    #[must_use]
    pub fn worst_size(&self) -> N {
        let long = self.quantity.plus(&self.bids).magnitude();
        long.most(&self.quantity.minus(&self.asks).magnitude())
    }

    /// Requirement ratio with the size premium and the account's own ratio.
    ///
    /// Worked: .05, factor .01, 10,001 units: .04 + 1 = 1.04.
    #[must_use]
    pub fn ratio(&self, custom: &N) -> N {
        let places = RootPlaces::drift();
        sqrt_premium(&self.requirement, &self.factor, &self.worst_size(), &places).most(custom)
    }

    fn quote_price_of(&self, strict: bool, against: bool) -> N {
        match (strict, against) {
            (false, _) => self.quote_price.clone(),
            (true, false) => self.quote_price.least(&self.quote_average),
            (true, true) => self.quote_price.most(&self.quote_average),
        }
    }
}

/// Requirement of a perpetual with its orders, buffer included.
///
/// Worked: short 6.147540983 at 22,050, ratio .1: 13,555.327867.
#[must_use]
pub fn perpetual_requirement<N: Number>(perpetual: &Perpetual<N>, purpose: &Purpose<N>) -> N {
    let cut = |number: N| money::<N>().cut(number);
    let notional = cut(perpetual.worst_size().times(&perpetual.price, Rounding::Down));
    let quote = perpetual.quote_price_of(purpose.strict, true);
    let worth = cut(notional.times(&quote, Rounding::Down));
    let margin = cut(worth.times(&perpetual.ratio(&purpose.custom), Rounding::Down));
    let buffer = cut(worth.times(&purpose.buffer, Rounding::Down));
    margin.plus(&buffer).plus(&order_margins(perpetual.orders))
}

/// Unrealised PnL as it counts: a profit up to its bound, a loss in full with the buffer on top.
///
/// Worked: a profit of 18,135 with a bound of 100 counts 100; a loss of 10.40 at 2 %: -10.608.
#[must_use]
pub fn unrealised<N: Number>(perpetual: &Perpetual<N>, purpose: &Purpose<N>) -> N {
    let cut = |number: N| money::<N>().cut(number);
    let worth = cut(perpetual.quantity.times(&perpetual.price, Rounding::Down));
    let pnl = perpetual.quote.plus(&worth);
    let against = pnl.is_negative();
    let pnl = cut(pnl.times(&perpetual.quote_price_of(purpose.strict, against), Rounding::Down));
    if against {
        return pnl.plus(&cut(pnl.times(&purpose.buffer, Rounding::Down)));
    }
    if perpetual.profit_most.is_positive() { pnl.least(&perpetual.profit_most) } else { pnl }
}

/// Requirement and adjusted equity over all that an account has.
///
/// Worked: 10,000 in cash and an offer of 500 at 100, weight 1.2: requirement 60,000.01, adjusted
/// equity 60,000.
#[must_use]
pub fn account_figures<N: Number>(
    assets: &[Asset<N>],
    perpetuals: &[Perpetual<N>],
    purpose: &Purpose<N>,
) -> AccountFigures<N> {
    let mut figures = AccountFigures { requirement: N::zero(), adjusted_equity: N::zero() };
    for asset in assets {
        asset.add_to(&mut figures, purpose);
    }
    for perpetual in perpetuals {
        let requirement = perpetual_requirement(perpetual, purpose);
        figures.requirement = figures.requirement.plus(&requirement);
        let pnl = unrealised(perpetual, purpose);
        figures.adjusted_equity = figures.adjusted_equity.plus(&pnl);
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    fn tenths(n: i64) -> Fixed {
        Fixed::of(n, 10)
    }

    fn purpose() -> Purpose<Fixed> {
        Purpose { strict: false, custom: tenths(0), buffer: tenths(0) }
    }

    fn asset(amount: i64, price: i64) -> Asset<Fixed> {
        Asset {
            amount: tenths(amount * 10),
            price: tenths(price * 10),
            average: tenths(price * 10),
            asset_weight: tenths(8),
            liability_weight: tenths(12),
            bids: tenths(0),
            asks: tenths(0),
            orders: 0,
        }
    }

    #[test]
    fn the_worse_side_of_the_orders_counts() {
        for (bids, asks, requirement, equity) in
            [(500, 0, 50_000, 40_000), (0, 500, 60_000, 50_000), (500, 500, 50_000, 40_000)]
        {
            let orders =
                Asset { bids: tenths(bids * 10), asks: tenths(asks * 10), ..asset(0, 100) };
            let figures = account_figures(&[orders], &[], &purpose());
            let expected = AccountFigures {
                requirement: tenths(requirement * 10),
                adjusted_equity: tenths(equity * 10),
            };
            assert_eq!(figures, expected, "{bids} {asks}");
        }
    }

    #[test]
    fn strict_prices_and_custom_ratios() {
        let debt = Asset { average: tenths(1_100), ..asset(-100, 100) };
        for (strict, custom, requirement) in
            [(false, 0, 12_000), (true, 0, 13_200), (false, 5, 15_000), (true, 20, 33_000)]
        {
            let purpose = Purpose { strict, custom: tenths(custom), ..purpose() };
            let figures = account_figures(core::slice::from_ref(&debt), &[], &purpose);
            assert_eq!(figures.requirement, tenths(requirement * 10), "{strict} {custom}");
            assert_eq!(figures.shortfall(), figures.requirement);
        }
    }

    #[test]
    fn losses_carry_the_buffer() {
        let perpetual = Perpetual {
            quantity: tenths(148),
            quote: tenths(-14_904),
            price: tenths(1_000),
            quote_price: tenths(10),
            quote_average: tenths(10),
            requirement: Fixed::of(5, 100),
            factor: tenths(0),
            bids: tenths(0),
            asks: tenths(0),
            orders: 1,
            profit_most: tenths(1),
        };
        let purpose = Purpose { buffer: Fixed::of(2, 100), ..purpose() };
        assert_eq!(unrealised(&perpetual, &purpose), Fixed::of(-10_608, 1_000));
        assert_eq!(perpetual_requirement(&perpetual, &purpose), Fixed::of(10_361, 100));
        let winner = Perpetual { quote: tenths(-14_000), ..perpetual };
        assert_eq!(unrealised(&winner, &purpose), tenths(1));
    }
}
