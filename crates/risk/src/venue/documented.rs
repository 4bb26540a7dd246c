//! Rules of venues that are known from their documents alone; small enough to stand together.
//!
//! Parameters move; the arithmetic stays. Each function names its venue.

use crate::number::Number;
use core::cmp::Ordering;
use domain::Rounding;

/// What ranks a position for deleveraging at Hyperliquid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked<N> {
    /// Mark price.
    pub mark: N,
    /// Price it was opened at.
    pub opened: N,
    /// Notional.
    pub notional: N,
    /// Equity of the account.
    pub equity: N,
    /// Whether it is a short.
    pub short: bool,
}

impl<N: Number> Ranked<N> {
    /// `mark / opened * notional / equity`, the first factor turned over for a short; higher goes
    /// first. `None` without a price or equity.
    ///
    /// Worked: 120 over 100 with 120,000 on 20,000: 7.2.
    #[must_use]
    pub fn score(&self) -> Option<N> {
        let (over, under) =
            if self.short { (&self.opened, &self.mark) } else { (&self.mark, &self.opened) };
        self.notional.over(&self.equity, Rounding::Down)?.portion(over, under, Rounding::Down)
    }
}

/// Order of two scores for deleveraging: the higher first, none last.
#[must_use]
pub fn ranking<N: Number>(left: Option<&N>, right: Option<&N>) -> Ordering {
    right.cmp(&left)
}

/// Stage of a liquidation at Hyperliquid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Equity at or above maintenance margin.
    None,
    /// Orders on the book.
    Book,
    /// Below two thirds of maintenance margin: the backstop takes over.
    Backstop,
}

/// Where equity stands against maintenance margin; compared without a division.
///
/// Worked: 3,000: 2,000 is still on the book, 1,999 goes to the backstop.
#[must_use]
pub fn stage<N: Number>(equity: &N, maintenance: &N) -> Stage {
    let (three, two) = (N::of(3, 1), N::of(2, 1));
    if equity >= maintenance {
        Stage::None
    } else if equity.times(&three, Rounding::Down) < maintenance.times(&two, Rounding::Up) {
        Stage::Backstop
    } else {
        Stage::Book
    }
}

/// What may be borrowed on a balance: its worth at a share of it.
///
/// Worked: 10,000 at 40 and one half: 200,000.
#[must_use]
pub fn borrowable<N: Number>(balance: &N, price: &N, share: &N) -> N {
    balance.times(price, Rounding::Down).times(share, Rounding::Down)
}

/// Share at which a loan on collateral is liquidated: `.5 + .5 * share`.
///
/// Worked: one half is .75.
#[must_use]
pub fn liquidation_share<N: Number>(share: &N) -> N {
    let half = N::of(1, 2);
    half.plus(&half.times(share, Rounding::Down))
}

/// A portfolio-margin account at Hyperliquid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portfolio<N> {
    /// Added to every requirement.
    pub offset: N,
    /// Maintenance margin of the perpetuals.
    pub maintenance: N,
    /// Cash borrowed.
    pub borrowed: N,
    /// Cash held.
    pub cash: N,
    /// Collateral held.
    pub collateral: N,
    /// Its price.
    pub price: N,
    /// Share of it that may be borrowed.
    pub share: N,
    /// Most of the collateral that counts; nothing for no bound.
    pub supply_most: N,
    /// Most that may be borrowed on it; nothing for no bound.
    pub borrow_most: N,
    /// Ratio above which the account is liquidatable.
    pub limit: N,
}

/// What a portfolio-margin account comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortfolioFigures<N> {
    /// Share at which collateral counts.
    pub threshold: N,
    /// Offset, maintenance margin and debt.
    pub requirement: N,
    /// Cash and collateral as they count.
    pub value: N,
    /// Requirement over value; `None` without value.
    pub ratio: Option<N>,
    /// Above the limit.
    pub liquidatable: bool,
}

impl<N: Number> Portfolio<N> {
    /// Requirement, value and their ratio; collateral counts up to the supply cap, at the
    /// liquidation share, up to the borrow cap.
    ///
    /// Worked: 20 + 5,000 + 30,000 over 1,000 at 60 at .75: 35,020 / 45,000.
    #[must_use]
    pub fn figures(&self) -> PortfolioFigures<N> {
        let bounded =
            |most: &N, number: N| if most.is_positive() { number.least(most) } else { number };
        let threshold = liquidation_share(&self.share);
        let held = bounded(&self.supply_most, self.collateral.clone());
        let counted = borrowable(&held, &self.price, &threshold);
        let value = self.cash.plus(&bounded(&self.borrow_most, counted));
        let requirement = self.offset.plus(&self.maintenance).plus(&self.borrowed);
        let ratio = requirement.over(&value, Rounding::Up);
        let most = value.times(&self.limit, Rounding::Down);
        let liquidatable = requirement > most;
        PortfolioFigures { threshold, requirement, value, ratio, liquidatable }
    }
}

/// Funding rate of Hyperliquid: the premium pulled towards the interest rate by at most `most`.
///
/// Worked: premium .001, interest .0001, at most .0005: .0005.
#[must_use]
pub fn clamped_rate<N: Number>(premium: &N, interest: &N, most: &N) -> N {
    premium.plus(&interest.minus(premium).within(&most.negated(), most))
}

/// PnL of a linear position: `quantity * (mark - opened)`, signed quantity.
///
/// Worked: short .05 from 52,000 to 40,000: 600.
#[must_use]
pub fn linear_pnl<N: Number>(quantity: &N, opened: &N, mark: &N) -> N {
    quantity.times(&mark.minus(opened), Rounding::Down)
}

/// PnL of an inverse position of so much quote, paid in base: `quote * (1 / opened - 1 / mark)`.
///
/// Worked: long 10,000 from 50,000 to 40,000: -.05.
#[must_use]
pub fn inverse_pnl<N: Number>(quote: &N, opened: &N, mark: &N) -> Option<N> {
    let entered = quote.over(opened, Rounding::Down)?;
    Some(entered.minus(&quote.over(mark, Rounding::Up)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    fn whole(n: i64) -> Fixed {
        Fixed::of(n, 1)
    }

    #[test]
    fn ranks_and_stages() {
        let ranked = |mark, opened, notional, equity, short| {
            let (mark, opened) = (whole(mark), whole(opened));
            Ranked { mark, opened, notional: whole(notional), equity: whole(equity), short }.score()
        };
        assert_eq!(ranked(120, 100, 120_000, 20_000, false), Some(Fixed::of(72, 10)));
        assert_eq!(ranked(60, 120, 60_000, 30_000, true), Some(whole(4)));
        assert_eq!(ranked(120, 0, 1, 1, false), None);
        assert_eq!(ranking(Some(&whole(2)), Some(&whole(1))), Ordering::Less);
        assert_eq!(ranking(None, Some(&whole(1))), Ordering::Greater);
        for (equity, expected) in [
            (3_000, Stage::None),
            (2_999, Stage::Book),
            (2_000, Stage::Book),
            (1_999, Stage::Backstop),
        ] {
            assert_eq!(stage(&whole(equity), &whole(3_000)), expected, "{equity}");
        }
    }

    #[test]
    fn portfolios() {
        let portfolio = Portfolio {
            offset: whole(20),
            maintenance: whole(5_000),
            borrowed: whole(30_000),
            cash: whole(0),
            collateral: whole(1_000),
            price: whole(60),
            share: Fixed::of(1, 2),
            supply_most: whole(20_000),
            borrow_most: whole(1_000_000),
            limit: Fixed::of(95, 100),
        };
        let figures = portfolio.figures();
        assert_eq!((figures.requirement, figures.value), (whole(35_020), whole(45_000)));
        assert!(!figures.liquidatable);
        let capped = Portfolio { supply_most: whole(800), ..portfolio };
        assert!(capped.figures().liquidatable);
        assert_eq!(capped.figures().value, whole(36_000));
        assert_eq!(borrowable(&whole(10_000), &whole(40), &Fixed::of(1, 2)), whole(200_000));
    }

    #[test]
    fn rates_and_pnl() {
        let parts = |n| Fixed::of(n, 10_000);
        for (premium, rate) in [(10, 5), (3, 1), (-10, -5), (1, 1)] {
            assert_eq!(
                clamped_rate(&parts(premium), &parts(1), &parts(5)),
                parts(rate),
                "{premium}"
            );
        }
        let short = Fixed::of(-5, 100);
        assert_eq!(linear_pnl(&short, &whole(52_000), &whole(40_000)), whole(600));
        let long = inverse_pnl(&whole(10_000), &whole(50_000), &whole(40_000));
        assert_eq!(long, Some(Fixed::of(-5, 100)));
    }
}
