//! dYdX v4: cash and perpetuals of one account in whole quote quanta.
//!
//! Notional is cut towards zero to a quantum, margins round up to one, per position; equity is cash
//! plus signed notionals. Law: neither side of a deleveraging becomes more bankrupt by it.

use crate::number::Number;
use crate::price_function::{Slice, bankruptcy_quote};
use alloc::vec::Vec;
use domain::Rounding;

/// A market as margin sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Market<N> {
    /// Quote quanta that one quantum of quantity is worth at the oracle price.
    pub price: N,
    /// Initial requirement ratio, before open interest scales it.
    pub initial: N,
    /// Maintenance requirement ratio.
    pub maintenance: N,
}

/// A position: the place of its market and its signed quantity in quanta.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding<N> {
    /// Place of the market in the list of markets.
    pub market: usize,
    /// Signed quanta.
    pub quantity: N,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account<N> {
    /// Signed quote quanta.
    pub cash: N,
    /// Its positions, none of quantity zero.
    pub holdings: Vec<Holding<N>>,
}

/// What margin says of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures<N> {
    /// Cash and signed notionals, NC.
    pub equity: N,
    /// Maintenance margin, MMR.
    pub maintenance: N,
}

impl<N: Number> Market<N> {
    /// Signed notional in whole quote quanta, cut towards zero.
    #[must_use]
    pub fn notional(&self, quantity: &N) -> N {
        quantity.times(&self.price, Rounding::Down).truncated(&N::one())
    }

    /// Maintenance margin: initial margin rounded up, its maintenance share rounded up again.
    ///
    /// Worked: 5,000,000,000 quanta at 20 % and 10 %: 500,000,000.
    #[must_use]
    pub fn maintenance_margin(&self, quantity: &N) -> N {
        let initial = initial_margin(&self.notional(quantity), &self.initial);
        let share = self.maintenance.over(&self.initial, Rounding::Up);
        share.map_or_else(N::zero, |share| initial_margin(&initial, &share))
    }
}

impl<N: Number> Account<N> {
    /// Equity and maintenance margin; `None` for a position in a market that is not listed.
    #[must_use]
    pub fn figures(&self, markets: &[Market<N>]) -> Option<Figures<N>> {
        let (mut equity, mut maintenance) = (self.cash.clone(), N::zero());
        for holding in &self.holdings {
            let market = markets.get(holding.market)?;
            equity = equity.plus(&market.notional(&holding.quantity));
            maintenance = maintenance.plus(&market.maintenance_margin(&holding.quantity));
        }
        Some(Figures { equity, maintenance })
    }

    /// Signed quanta held in a market.
    #[must_use]
    pub fn quantity(&self, market: usize) -> N {
        let holding = self.holdings.iter().find(|holding| holding.market == market);
        holding.map_or_else(N::zero, |holding| holding.quantity.clone())
    }

    /// Whether a change reduces the position in a market without crossing zero.
    #[must_use]
    pub fn reduces(&self, market: usize, change: &N) -> bool {
        let held = self.quantity(market);
        let opposed = (held.is_positive() && change.is_negative())
            || (held.is_negative() && change.is_positive());
        opposed && change.magnitude() <= held.magnitude()
    }

    /// The slice that closing so much of one position is; `None` where it is no reduction.
    #[must_use]
    pub fn slice(&self, markets: &[Market<N>], place: usize, change: &N) -> Option<Slice<N>> {
        if !self.reduces(place, change) {
            return None;
        }
        let market = markets.get(place)?;
        let figures = self.figures(markets)?;
        let (held, left) = (self.quantity(place), self.quantity(place).plus(change));
        let before = market.maintenance_margin(&held);
        Some(Slice {
            notional_change: market.notional(&left).minus(&market.notional(&held)),
            maintenance_change: market.maintenance_margin(&left).minus(&before),
            equity: figures.equity,
            maintenance: figures.maintenance,
        })
    }

    /// Quote received for a slice at the bankruptcy price, in whole quanta rounded up; `None` where
    /// it is no reduction.
    #[must_use]
    pub fn bankruptcy_quote(&self, markets: &[Market<N>], place: usize, change: &N) -> Option<N> {
        bankruptcy_quote(&self.slice(markets, place, change)?, &N::one())
    }

    /// After a fill: quantity changes, cash receives the quote; a position of nothing is gone.
    #[must_use]
    pub fn after(&self, market: usize, change: &N, quote: &N) -> Self {
        let mut holdings = self.holdings.clone();
        for holding in &mut holdings {
            if holding.market == market {
                holding.quantity = holding.quantity.plus(change);
            }
        }
        holdings.retain(|holding| !holding.quantity.is_zero());
        Self { cash: self.cash.plus(quote), holdings }
    }
}

/// Both accounts after a deleveraging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleveraged<N> {
    /// Quote that the liquidated account received; negative where it paid.
    pub quote: N,
    /// The account that was to be liquidated.
    pub liquidated: Account<N>,
    /// Its counterparty.
    pub offsetting: Account<N>,
}

/// Closes `change` of the liquidated account's position against an opposite one at the liquidated
/// account's bankruptcy price. `None` where either does not reduce, or where the prices do not
/// overlap: the counterparty would have to give more than its own bankruptcy price.
///
/// Worked: short 1 with 54,999 of cash at 50,000 has equity 4,999 and buys back for all of it; a
/// long with -50,001 of cash asks 50,001 and gets no offer from a short that has 50,000.
#[must_use]
pub fn deleverage<N: Number>(
    markets: &[Market<N>],
    liquidated: &Account<N>,
    offsetting: &Account<N>,
    market: usize,
    change: &N,
) -> Option<Deleveraged<N>> {
    let quote = liquidated.bankruptcy_quote(markets, market, change)?;
    let asked = offsetting.bankruptcy_quote(markets, market, &change.negated())?;
    if quote.plus(&asked).is_positive() {
        return None;
    }
    Some(Deleveraged {
        liquidated: liquidated.after(market, change, &quote),
        offsetting: offsetting.after(market, &change.negated(), &quote.negated()),
        quote,
    })
}

/// Initial requirement ratio that grows with open interest, cut to multiples of `unit`:
/// `m + (1 - m) * clamp((OI - lower) / (upper - lower), 0, 1)`; an upper cap of nothing switches it
/// off.
///
/// Worked: m .2, caps 25M and 60M, OI 28,123,456.789123: .271393.
#[must_use]
pub fn open_interest_scaled<N: Number>(
    initial: &N,
    (lower, upper): (&N, &N),
    open_interest: &N,
    unit: &N,
) -> N {
    if !upper.is_positive() || open_interest <= lower {
        return initial.clone();
    }
    if open_interest >= upper {
        return N::one();
    }
    let rest = N::one().minus(initial);
    let above = open_interest.minus(lower);
    let grown = rest.portion(&above, &upper.minus(lower), Rounding::Down);
    let ratio = initial.plus(&grown.unwrap_or(rest));
    ratio.to_multiple(unit, Rounding::Down).unwrap_or(ratio).least(&N::one())
}

/// Initial margin of a notional in whole quanta, rounded up.
///
/// Worked: 500,000 at .271393 is 135,697.
#[must_use]
pub fn initial_margin<N: Number>(notional: &N, ratio: &N) -> N {
    let margin = notional.magnitude().times(ratio, Rounding::Up);
    margin.to_multiple(&N::one(), Rounding::Up).unwrap_or(margin)
}

/// Maintenance requirement ratio: a share of the initial one, cut to multiples of `unit`.
///
/// Worked: .637239 * .289284 at 1e-6 is .184343.
#[must_use]
pub fn maintenance_ratio<N: Number>(initial: &N, share: &N, unit: &N) -> N {
    initial.times(share, Rounding::Down).truncated(unit)
}

/// Largest funding rate, either sign: `factor * (initial - maintenance)`, cut to multiples of
/// `unit`.
///
/// Worked: factor 6, 15 % and 12 %: 18 %.
#[must_use]
pub fn funding_most<N: Number>(factor: &N, initial: &N, maintenance: &N, unit: &N) -> N {
    factor.times(&initial.minus(maintenance).floored(), Rounding::Down).truncated(unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;
    use alloc::vec;

    fn whole(n: i64) -> Fixed {
        Fixed::of(n, 1)
    }

    fn markets() -> Vec<Market<Fixed>> {
        let market =
            |price| Market { price, initial: Fixed::of(1, 5), maintenance: Fixed::of(1, 10) };
        vec![market(whole(700)), market(whole(4))]
    }

    fn account(cash: i64, holdings: &[(usize, i64)]) -> Account<Fixed> {
        let holding = |(market, quantity): &(usize, i64)| Holding {
            market: *market,
            quantity: whole(*quantity),
        };
        Account { cash: whole(cash), holdings: holdings.iter().map(holding).collect() }
    }

    #[test]
    fn figures_round_against_the_account() {
        let figures = account(-650_000, &[(0, 1_000), (1, -30)]).figures(&markets());
        let expected = Figures { equity: whole(49_880), maintenance: whole(70_012) };
        assert_eq!(figures, Some(expected));
        let odd = Market {
            price: Fixed::of(7, 10),
            initial: Fixed::of(1, 5),
            maintenance: Fixed::of(1, 10),
        };
        // 2.1 cut to 2, .4 up to 1, .5 up to 1.
        assert_eq!(odd.notional(&whole(-3)), whole(-2));
        assert_eq!(odd.maintenance_margin(&whole(-3)), whole(1));
    }

    #[test]
    fn deleveraging_needs_prices_that_overlap() {
        let short = account(700_000, &[(0, -1_000)]);
        for (cash, after) in [(-630_000, Some(70_000)), (-693_000, Some(7_000)), (-701_000, None)] {
            let long = account(cash, &[(0, 1_000)]);
            let done = deleverage(&markets(), &short, &long, 0, &whole(1_000));
            assert_eq!(done.map(|done| done.offsetting.cash), after.map(whole), "{cash}");
        }
        let long = account(0, &[(0, 1_000)]);
        for wrong in [0, -1, 1_001] {
            assert_eq!(deleverage(&markets(), &short, &long, 0, &whole(wrong)), None);
        }
    }

    #[test]
    fn ratios_are_cut() {
        let parts = |n| Fixed::of(n, 1_000_000);
        for (open, ratio) in
            [(0, 200_000), (25, 200_000), (30, 314_285), (60, 1_000_000), (80, 1_000_000)]
        {
            let caps = (&whole(25), &whole(60));
            let got = open_interest_scaled(&parts(200_000), caps, &whole(open), &parts(1));
            assert_eq!(got, parts(ratio), "{open}");
        }
        let none = (&whole(0), &whole(0));
        assert_eq!(open_interest_scaled(&parts(1), none, &whole(9), &parts(1)), parts(1));
        assert_eq!(maintenance_ratio(&parts(637_239), &parts(289_284), &parts(1)), parts(184_343));
        let most = funding_most(&whole(6), &parts(150_000), &parts(120_000), &parts(1));
        assert_eq!(most, parts(180_000));
    }
}
