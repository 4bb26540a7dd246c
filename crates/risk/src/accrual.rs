//! What has accrued since the last posting. Read here, posted in `clearing`.
//!
//! An account's share is rounded to whole asset units against it, both where it is only looked at
//! and where it is posted, so that posting changes nothing but the books.

use crate::prices::{AssetMarket, FUNDING_ONE, INDEX_ONE, InstrumentMarket};
use core::hint::select_unpredictable;
use domain::rulebook::InterestCurve;
use domain::wide::{bounded_mul, div, fits, mul_div};
use domain::{
    Amount, Balance, Divisor, Duration, InterestIndex, Position, Quantity, Rate, Ratio, Rounding,
};

/// Where a borrow index stops: a debt grows tenfold and no further, so that whatever rates and times
/// a journal brings, debts inside the rulebook's caps can still be weighted in i128.
pub const BORROW_INDEX_MAX: i128 = 10 * INDEX_ONE;

/// Shares in one smallest unit at index one.
const SHARES: i128 = 1_000_000;

/// A balance with its interest: debts by the borrow index, deposits by the deposit index, both
/// rounded down (a debt grows, a deposit is cut).
///
/// Worked: a debt of 100 at borrow index 1.0000001 is 101 units.
///
/// # Panics
/// Never within the rulebook's bounds: indexes start at one and balances are capped.
#[must_use]
#[inline]
pub fn effective_amount(balance: &Balance, market: &AssetMarket) -> Amount {
    let index = side_index(balance.amount, market);
    if balance.index == index || balance.amount == Amount::ZERO {
        return balance.amount;
    }
    let (index, since) = (index.wide(), balance.index.wide());
    let grown = mul_div(balance.amount.units(), index, since, Rounding::Down);
    Amount::new(grown.expect("balances and indexes are bounded"))
}

/// The interest index that governs an amount of this sign.
#[must_use]
#[inline]
pub fn side_index(amount: Amount, market: &AssetMarket) -> InterestIndex {
    let owed = amount.is_negative();
    let index = select_unpredictable(owed, market.borrow_index, market.deposit_index);
    InterestIndex::new(index)
}

/// Funding accrued by a position, as a signed credit in smallest units of its settlement asset,
/// rounded down. `scale` is the asset's [`domain::rulebook::AssetRules::scale`].
///
/// Worked: a stamp of 0.0001 at 50,000 moves the index by 5; a long of 2 is credited -10.
///
/// # Panics
/// Never within the rulebook's bounds on rate, price and position.
#[must_use]
#[inline]
pub fn funding_credit(position: &Position, market: &InstrumentMarket, scale: &Divisor) -> Amount {
    let moved = market.funding_index - position.funding_index;
    credit_of(position.quantity, moved, scale)
}

/// The credit of a quantity over which the funding index moved so far.
#[inline]
pub(crate) fn credit_of(quantity: Quantity, moved: i128, scale: &Divisor) -> Amount {
    if moved == 0 {
        return Amount::ZERO;
    }
    // Rounding down by both divisors in turn is rounding down by their product, and cheaper.
    let quote = if fits(quantity.units(), moved) {
        Divisor::RATE.div_rest(-bounded_mul(quantity.wide(), moved)).0
    } else {
        mul_div(-quantity.wide(), moved, FUNDING_ONE, Rounding::Down)
            .expect("funding is bounded by rate and position")
    };
    Amount::new(scale.div_rest(quote).0)
}

/// An amount over its index, at 1e-6 of the smallest unit, rounded down: what sums over accounts
/// whose postings happened at different indexes.
///
/// # Panics
/// Never within the rulebook's bounds.
#[must_use]
#[inline]
pub fn shares(amount: Amount, index: i128) -> i128 {
    if index == INDEX_ONE {
        return bounded_mul(amount.units(), SHARES);
    }
    mul_div(amount.units(), SHARES * INDEX_ONE, index, Rounding::Down)
        .expect("balances and indexes are bounded")
}

/// The amount that so many shares stand for at an index, rounded down.
///
/// # Panics
/// Never within the rulebook's bounds.
#[must_use]
pub fn amount_of(shares: i128, index: i128) -> Amount {
    let units = mul_div(shares, index, SHARES * INDEX_ONE, Rounding::Down);
    Amount::new(units.expect("balances and indexes are bounded"))
}

/// Borrows over deposits, clamped to 0 and 1, in parts per million rounded down; 0 without
/// deposits.
#[must_use]
pub fn utilisation(market: &AssetMarket) -> Ratio {
    let deposits = amount_of(market.deposit_shares, market.deposit_index).units();
    let borrows = amount_of(market.borrow_shares, market.borrow_index).units();
    if deposits <= 0 || borrows <= 0 {
        return Ratio::ZERO;
    }
    let parts = mul_div(borrows.min(deposits), 1_000_000, deposits, Rounding::Down).unwrap_or(0);
    Ratio::from_parts(u64::try_from(parts).unwrap_or(0))
}

/// Rate a year of a curve at a utilisation, linear between its points, rounded up.
///
/// Worked: points (0, 0), (0.7, 0.10), (0.85, 0.20), (1, 2.0) at 0.775 give 0.15.
#[must_use]
pub fn borrow_rate(curve: &InterestCurve, utilisation: Ratio) -> Rate {
    for pair in curve.points.windows(2) {
        let [low, high] = pair else { continue };
        if utilisation <= high.utilisation {
            let parts = |ratio: Ratio| ratio.of(1_000_000, Rounding::Down);
            let width = (parts(high.utilisation) - parts(low.utilisation)).max(1);
            let along = (parts(utilisation) - parts(low.utilisation)).clamp(0, width);
            let rise = high.rate.wide() - low.rate.wide();
            let rate = low.rate.wide() + div(rise * along, width, Rounding::Up);
            return Rate::new(i64::try_from(rate).unwrap_or(i64::MAX));
        }
    }
    curve.points.last().map_or(Rate::new(0), |point| point.rate)
}

/// One step of an asset's interest indexes along the time grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterestStep {
    /// Borrow index after the step, rounded up.
    pub borrow_index: i128,
    /// Deposit index after the step, rounded down.
    pub deposit_index: i128,
    /// What the fees account earns, rounded down.
    pub fee: Amount,
}

/// The indexes after one step of the grid; `None` where nothing is lent.
///
/// Debts grow by rate times step (simple within a step, compound over steps); depositors share what
/// borrowers pay less the fee, but a deposit never grows faster than a debt. Borrowers' total is
/// taken low and depositors' high, so that what is promised never exceeds what is owed.
///
/// # Panics
/// Never within the rulebook's bounds.
#[must_use]
pub fn interest_step(
    market: &AssetMarket,
    curve: &InterestCurve,
    step: Duration,
    accounts: u64,
) -> Option<InterestStep> {
    let rate = borrow_rate(curve, utilisation(market));
    if curve.points.is_empty() || market.borrow_shares <= 0 || rate.units() == 0 {
        return None;
    }
    let bounded = "indexes and totals are bounded";
    let year = Rate::ONE * i128::from(Duration::YEAR.nanos());
    let growth = rate.wide() * i128::from(step.nanos());
    let room = BORROW_INDEX_MAX - market.borrow_index;
    let rise = mul_div(market.borrow_index, growth, year, Rounding::Up).unwrap_or(room).min(room);
    if rise <= 0 {
        return None;
    }
    let owed = amount_of(market.borrow_shares, market.borrow_index).units();
    let paid = mul_div(owed, rise, market.borrow_index, Rounding::Down).expect(bounded);
    let fee = curve.fee_share.of(paid, Rounding::Down);
    // Shares round down, a millionth of a unit an account at most: two units more cover that.
    let deposits = amount_of(market.deposit_shares, market.deposit_index).units();
    let deposits = deposits + 2 + i128::from(accounts) / SHARES;
    let earned = mul_div(market.deposit_index, paid - fee, deposits, Rounding::Down);
    // Losses can make debts that no deposit backs. A deposit never grows faster than a debt, and the
    // rest stays in the pool; else the last unit deposited would earn it all, beyond every bound.
    let most = mul_div(market.deposit_index, rise, market.borrow_index, Rounding::Down);
    let earned = earned.unwrap_or(i128::MAX).min(most.expect(bounded));
    Some(InterestStep {
        borrow_index: market.borrow_index + rise,
        deposit_index: market.deposit_index + earned,
        fee: Amount::new(fee),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use domain::rulebook::InterestPoint;
    use domain::{AssetId, InstrumentId, Price, Quantity, Quote};

    fn curve() -> InterestCurve {
        let point = |parts, rate| InterestPoint {
            utilisation: Ratio::from_parts(parts),
            rate: Rate::new(rate),
        };
        let tenth = 100_000_000_000;
        let points = vec![
            point(0, 0),
            point(700_000, tenth),
            point(850_000, 2 * tenth),
            point(1_000_000, 20 * tenth),
        ];
        InterestCurve { points, fee_share: Ratio::ZERO }
    }

    #[test]
    fn the_curve_is_linear_between_its_points() {
        let hundredth = 10_000_000_000;
        for (parts, percent) in
            [(0, 0), (350_000, 5), (700_000, 10), (775_000, 15), (1_000_000, 200)]
        {
            let rate = borrow_rate(&curve(), Ratio::from_parts(parts));
            assert_eq!(rate.units(), percent * hundredth, "{parts}");
        }
    }

    #[test]
    fn a_stamp_charges_the_long_and_pays_the_short_less() {
        let market = InstrumentMarket {
            mark: Price::new(5_000_000_000_000),
            // 0.0001 at 50,000.00000001: a hair above 5.
            funding_index: 5_000_000_000_001 * 100_000_000,
            ..InstrumentMarket::new()
        };
        let position = |quantity| Position {
            instrument: InstrumentId::new(0),
            quantity: Quantity::new(quantity),
            cost: Quote::ZERO,
            funding_index: 0,
        };
        let scale = Divisor::of_decimals(8);
        let long = funding_credit(&position(200_000_000), &market, scale).units();
        let short = funding_credit(&position(-200_000_000), &market, scale).units();
        assert_eq!((long, short), (-1_000_000_001, 1_000_000_000));
    }

    /// Debts of 1,000,000 against a deposit of 1, and against none: a deposit never grows faster
    /// than a debt.
    #[test]
    fn a_deposit_earns_on_no_more_than_itself() {
        for deposit in [0, 1] {
            let mut market = AssetMarket::new();
            market.deposit_shares = shares(Amount::new(deposit), INDEX_ONE);
            market.borrow_shares = shares(Amount::new(1_000_000), INDEX_ONE);
            let mut curve = curve();
            for point in &mut curve.points {
                point.rate = Rate::new(point.rate.units() + 1_000_000_000_000);
            }
            for _ in 0..1_000 {
                let step = interest_step(&market, &curve, Duration::from_seconds(3_600), 2)
                    .expect("something is lent");
                market.borrow_index = step.borrow_index;
                market.deposit_index = step.deposit_index;
                assert!(market.deposit_index <= market.borrow_index, "{market:?}");
            }
            assert!(market.borrow_index > INDEX_ONE + INDEX_ONE / 10);
        }
    }

    /// The highest rate there is, for a century: the index stops and nothing overflows.
    #[test]
    fn a_debt_grows_tenfold_at_most() {
        let mut market = AssetMarket::new();
        market.deposit_shares = shares(Amount::new(1_000), INDEX_ONE);
        market.borrow_shares = shares(Amount::new(900), INDEX_ONE);
        let mut curve = curve();
        for point in &mut curve.points {
            point.rate = Rate::new(100_000_000_000_000);
        }
        let mut steps = 0;
        while let Some(step) = interest_step(&market, &curve, Duration::YEAR, 2) {
            market.borrow_index = step.borrow_index;
            market.deposit_index = step.deposit_index;
            steps += 1;
            assert!(steps < 100, "{market:?}");
        }
        assert_eq!(market.borrow_index, BORROW_INDEX_MAX);
        assert!(market.deposit_index <= market.borrow_index);
    }

    #[test]
    fn depositors_are_promised_no_more_than_borrowers_owe() {
        let mut market = AssetMarket::new();
        market.deposit_shares = shares(Amount::new(1_000_000_007), INDEX_ONE);
        market.borrow_shares = shares(Amount::new(775_000_003), INDEX_ONE);
        let index = InterestIndex::new(INDEX_ONE);
        let debt = Balance { asset: AssetId::new(0), amount: Amount::new(-775_000_003), index };
        let deposit = Balance { amount: Amount::new(1_000_000_007), ..debt };
        for _ in 0..1_000 {
            let step = interest_step(&market, &curve(), Duration::from_seconds(3_600), 2)
                .expect("something is lent");
            market.borrow_index = step.borrow_index;
            market.deposit_index = step.deposit_index;
            let owed = effective_amount(&debt, &market) - debt.amount;
            let promised = effective_amount(&deposit, &market) - deposit.amount;
            assert!(owed.units() + promised.units() <= 0, "{owed:?} {promised:?}");
        }
        // 41.7 days at about 15 to 16 % a year.
        let growth = market.borrow_index - INDEX_ONE;
        assert!((170_000_000_000_000..190_000_000_000_000).contains(&growth), "{growth}");
    }
}
