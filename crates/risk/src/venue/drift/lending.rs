//! A debt is repaid with collateral until the buffer is met, with fees on both sides.

use super::money;
use crate::fee::{LendingRoom, lending_insurance_fee};
use crate::number::{Number, Places};
use crate::sizing::LendingCover;
use domain::Rounding;

/// Cash against one debt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LendingAccount<N> {
    /// Cash, worth one each, weighted in full.
    pub cash: N,
    /// The debt, not negative.
    pub debt: N,
    /// Its price.
    pub price: N,
    /// Its maintenance weight.
    pub liability_weight: N,
    /// Buffer on its value.
    pub buffer: N,
    /// Fee that the debt is discounted by.
    pub liquidator_fee: N,
    /// Largest insurance fee.
    pub insurance_most: N,
    /// Smallest unit of the debt's asset.
    pub unit: N,
}

/// What a liquidation moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LendingLiquidated<N> {
    /// The account after it.
    pub account: LendingAccount<N>,
    /// Cash handed to the liquidator.
    pub cash_taken: N,
    /// Debt the liquidator paid.
    pub debt_paid: N,
    /// Part of that which went to the insurance fund.
    pub insurance: N,
}

impl<N: Number> LendingAccount<N> {
    /// Maintenance margin, and the same with the buffer.
    #[must_use]
    pub fn requirement(&self) -> (N, N) {
        let worth = money().cut(self.debt.times(&self.price, Rounding::Up));
        let margin = money().cut(worth.times(&self.liability_weight, Rounding::Up));
        let buffer = money().cut(worth.times(&self.buffer, Rounding::Up));
        (margin.clone(), margin.plus(&buffer))
    }
}

/// Repays as much debt as covers the shortfall; nothing where cash meets maintenance margin.
///
/// The insurance fee is taken from what the liquidator pays. Source: Drift v2 `liquidate_spot`.
/// Worked: 105 against a debt of 1 at 100, weight 1.1, buffer 2 %, fees .1 %: 59.441841 for
/// .593824, of which .000593 to the fund.
#[must_use]
pub fn liquidate_lending<N: Number>(account: &LendingAccount<N>) -> LendingLiquidated<N> {
    let unit = Places::Source(account.unit.clone());
    let (margin, release) = account.requirement();
    let none = || LendingLiquidated {
        account: account.clone(),
        cash_taken: N::zero(),
        debt_paid: N::zero(),
        insurance: N::zero(),
    };
    if account.cash >= margin {
        return none();
    }
    let shortfall = release.minus(&account.cash);
    let weight = account.liability_weight.plus(&account.buffer);
    let multiplier = N::one().minus(&account.liquidator_fee);
    let fee = lending_insurance_fee(
        &LendingRoom {
            shortfall: shortfall.clone(),
            debt: account.debt.clone(),
            price: account.price.clone(),
            asset_weight: N::one(),
            asset_multiplier: N::one(),
            liability_weight: weight.clone(),
            liability_multiplier: multiplier.clone(),
            most: account.insurance_most.clone(),
        },
        &money(),
    );
    let cover = LendingCover {
        shortfall,
        asset_weight: N::one(),
        asset_multiplier: N::one(),
        liability_weight: weight,
        liability_multiplier: multiplier.clone(),
        liability_price: account.price.clone(),
        insurance_fee: fee.clone(),
    };
    let weights = Places::Source(N::of(1, 100_000));
    let needed = cover.debt(&weights, &money(), &unit).unwrap_or_else(|| account.debt.clone());
    let possible = account.cash.portion(&multiplier, &account.price, Rounding::Down);
    let possible = unit.cut(possible.unwrap_or_else(N::zero));
    let paid = needed.least(&account.debt).least(&possible);
    let taken = paid.portion(&account.price, &multiplier, Rounding::Down);
    let taken = whole_if_near(&money().cut(taken.unwrap_or_else(N::zero)), &account.cash);
    let insurance = unit.cut(paid.times(&fee, Rounding::Down));
    let mut after = account.clone();
    after.cash = after.cash.minus(&taken);
    after.debt = after.debt.minus(&paid.minus(&insurance));
    LendingLiquidated { account: after, cash_taken: taken, debt_paid: paid, insurance }
}

/// All of the cash where less than one would remain: no dust stays behind.
fn whole_if_near<N: Number>(taken: &N, held: &N) -> N {
    if held.minus(taken).magnitude() < N::one() { held.clone() } else { taken.least(held) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    fn parts(n: i64) -> Fixed {
        Fixed::of(n, 1_000_000)
    }

    fn account(cash: i64) -> LendingAccount<Fixed> {
        LendingAccount {
            cash: parts(cash),
            debt: parts(1_000_000),
            price: parts(100_000_000),
            liability_weight: parts(1_100_000),
            buffer: parts(20_000),
            liquidator_fee: parts(1_000),
            insurance_most: parts(1_000),
            unit: parts(1),
        }
    }

    #[test]
    fn debts_are_repaid_to_the_buffer() {
        let done = liquidate_lending(&account(105_000_000));
        assert_eq!(done.cash_taken, parts(59_441_841));
        assert_eq!((done.debt_paid, done.insurance), (parts(593_824), parts(593)));
        assert_eq!(done.account.debt, parts(406_769));
        assert_eq!(done.account.requirement(), (parts(44_744_590), parts(45_558_128)));
        let sound = liquidate_lending(&account(110_000_000));
        assert_eq!((sound.debt_paid, sound.account), (parts(0), account(110_000_000)));
    }

    #[test]
    fn no_dust_stays_behind() {
        let done = liquidate_lending(&account(10_000_000));
        assert_eq!(done.account.cash, parts(0));
        assert!(done.account.debt.is_positive());
    }
}
