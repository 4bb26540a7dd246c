//! What happens to a loss that the account cannot settle: insurance, then everybody.
//!
//! Law: what is settled, insured and socialised is no more than the loss, and nothing is socialised
//! while the fund has something left.

use super::WeightedPrices;
use crate::number::Number;
use domain::Rounding;

/// An account with a loss on a closed perpetual, and who may pay for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankruptcyTerms<N> {
    /// Weighted prices of the settlement asset.
    pub settlement: WeightedPrices<N>,
    /// Price of the settlement asset.
    pub price: N,
    /// Balance of it.
    pub balance: N,
    /// Unsettled PnL, below zero.
    pub pnl: N,
    /// What everything else adds to the excess.
    pub other: N,
    /// Most of the loss that may be settled against the balance now.
    pub settle_most: N,
    /// Whole units in the insurance fund.
    pub fund: N,
    /// Price of the fund's asset.
    pub fund_price: N,
    /// The liquidator's fee.
    pub fee: N,
    /// Most of the loss that the liquidator takes over.
    pub request: N,
}

/// Who paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bankruptcy<N> {
    /// Excess before.
    pub before: N,
    /// Settled against the account's balance.
    pub settled: N,
    /// Loss taken over for insurance.
    pub insured: N,
    /// Whole units the fund paid for that.
    pub fund_paid: N,
    /// Loss shared by all.
    pub socialised: N,
}

/// Settles, insures and socialises a loss. `None` where there is none.
///
/// Only what would bring the account back to zero is insured or socialised, and only once nothing
/// more can be settled. Source: Mango v4 `perp_liq_negative_pnl_or_bankruptcy`. Worked: 40 at 2 (.9
/// and 1.1), a loss of 50, -36 elsewhere, 6 at 3 in the fund: excess -58, 30 lacking, 9 insured for
/// 6, 21 socialised.
#[must_use]
pub fn resolve_bankruptcy<N: Number>(terms: &BankruptcyTerms<N>) -> Option<Bankruptcy<N>> {
    if !terms.pnl.is_negative() {
        return None;
    }
    let loss = terms.pnl.negated();
    let own = terms.settlement.weigh(&terms.balance).plus(&terms.other);
    let room = terms.settlement.taken_to_zero(&own, &terms.balance)?;
    let settleable = room.least(&loss).least(&terms.settle_most.floored()).floored();
    let settled = settleable.least(&terms.request.floored());
    let whole = terms.balance.plus(&terms.pnl);
    let before = terms.settlement.weigh(&whole).plus(&terms.other);
    let left = loss.minus(&settled);
    let none = N::zero;
    if settled < settleable || !left.is_positive() {
        let (insured, fund_paid, socialised) = (none(), none(), none());
        return Some(Bankruptcy { before, settled, insured, fund_paid, socialised });
    }
    let lacking = terms.settlement.given_to_zero(&before, &whole)?.least(&left).floored();
    let taken = lacking.least(&terms.request.minus(&settled)).floored();
    let price = terms.price.times(&N::one().plus(&terms.fee), Rounding::Up);
    let asked = taken.portion(&price, &terms.fund_price, Rounding::Up)?;
    let asked = asked.to_multiple(&N::one(), Rounding::Up).unwrap_or(asked);
    let fund_paid = asked.least(&terms.fund.floored());
    let insured = fund_paid.portion(&terms.fund_price, &price, Rounding::Down)?.least(&taken);
    let rest = lacking.minus(&insured).floored();
    let socialised = if fund_paid == terms.fund.floored() { rest } else { none() };
    Some(Bankruptcy { before, settled, insured, fund_paid, socialised })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    fn check(
        (balance, pnl, other): (i64, i64, i64),
        (fund, settle_most, request): (i64, i64, i64),
        (settled, insured, fund_paid, socialised): (i64, i64, i64, i64),
    ) {
        let tenths = |n| Fixed::of(n, 10);
        let whole = |n| Fixed::of(n, 1);
        let terms = BankruptcyTerms {
            settlement: WeightedPrices::new(&whole(2), &tenths(9), &tenths(11)),
            price: whole(2),
            balance: whole(balance),
            pnl: whole(pnl),
            other: whole(other),
            settle_most: whole(settle_most),
            fund: whole(fund),
            fund_price: whole(3),
            fee: whole(0),
            request: whole(request),
        };
        let done = resolve_bankruptcy(&terms)
            .map(|done| (done.settled, done.insured, done.fund_paid, done.socialised));
        let expected = (whole(settled), whole(insured), whole(fund_paid), whole(socialised));
        assert_eq!(done, Some(expected), "{terms:?}");
        let sound = BankruptcyTerms { pnl: whole(0), ..terms };
        assert_eq!(resolve_bankruptcy(&sound), None);
    }

    #[test]
    fn settled_then_insured_then_socialised() {
        let account = (40, -50, -36);
        check(account, (6, 0, 100), (0, 9, 6, 21));
        check(account, (6, 0, 3), (0, 3, 2, 0));
        check(account, (1_000, 0, 100), (0, 30, 20, 0));
        check(account, (6, 100, 10), (10, 0, 0, 0));
        check(account, (100, 100, 29), (20, 9, 6, 0));
        check(account, (6, 100, 40), (20, 9, 6, 21));
    }
}
