//! Five steps that bring an account back with a perpetual: reduce, settle, reduce, settle, reduce.
//!
//! Base is reduced at the oracle price less a fee, in whole lots rounded up; a profit is settled
//! into the account for less a fee. Law: each step stops where the excess reaches zero.

use super::{WeightedPrices, effective};
use crate::number::Number;
use domain::Rounding;

/// A perpetual position, its market and the account around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerpetualTerms<N> {
    /// Weighted prices of the asset it settles in.
    pub settlement: WeightedPrices<N>,
    /// Balance of that asset.
    pub balance: N,
    /// What everything else adds to the excess.
    pub other: N,
    /// Signed lots.
    pub lots: N,
    /// Signed quote.
    pub quote: N,
    /// Worth of a lot at the oracle price, in the settlement asset.
    pub lot_price: N,
    /// Weight of a long's base.
    pub asset_weight: N,
    /// Weight of a short's base.
    pub liability_weight: N,
    /// Weight of a profit.
    pub overall_weight: N,
    /// Fee on reduced base.
    pub base_fee: N,
    /// Fee on a settled profit.
    pub settle_fee: N,
    /// Most lots the liquidator takes, signed as the position.
    pub lots_most: N,
    /// Most profit the liquidator settles.
    pub settle_most: N,
}

/// What the five steps made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reduced<N> {
    /// Excess before.
    pub before: N,
    /// Balance of the settlement asset.
    pub balance: N,
    /// Signed lots.
    pub lots: N,
    /// Signed quote.
    pub quote: N,
}

/// Where the steps stand.
struct Standing<'a, N> {
    terms: &'a PerpetualTerms<N>,
    /// What a lot closer to zero adds to the unsettled PnL.
    per_lot: N,
    /// Unsettled PnL with weighted base.
    unsettled: N,
    /// Settlement balance with perpetuals.
    balance: N,
    excess: N,
    reduced: N,
    settled: N,
}

impl<N: Number> PerpetualTerms<N> {
    fn unsettled(&self) -> N {
        let weight =
            if self.lots.is_negative() { &self.liability_weight } else { &self.asset_weight };
        let base = self.lots.times(&self.lot_price, Rounding::Down);
        self.quote.plus(&base.times(weight, Rounding::Down))
    }

    /// What one lot is bought or sold for.
    fn fee_price(&self) -> N {
        let fee = self.lot_price.times(&self.base_fee, Rounding::Up);
        if self.lots.is_positive() { self.lot_price.minus(&fee) } else { self.lot_price.plus(&fee) }
    }

    fn per_lot(&self) -> N {
        if self.lots.is_positive() {
            let lost = self.lot_price.times(&self.asset_weight, Rounding::Up);
            self.fee_price().minus(&lost)
        } else {
            let gained = self.lot_price.times(&self.liability_weight, Rounding::Down);
            gained.minus(&self.fee_price())
        }
    }
}

impl<N: Number> Standing<'_, N> {
    /// Changes the effective settlement balance and the excess with it.
    fn receive(&mut self, amount: &N) {
        let prices = &self.terms.settlement;
        let after = self.balance.plus(amount);
        let gained = prices.weigh(&after).minus(&prices.weigh(&self.balance));
        self.excess = self.excess.plus(&gained);
        self.balance = after;
    }

    fn lacking(&self) -> Option<N> {
        self.terms.settlement.given_to_zero(&self.excess, &self.balance)
    }

    /// Reduces base for at most `limit` of settlement asset, counting on `expected` of it a lot
    /// once all is settled, of which `actual` comes at once.
    fn reduce(&mut self, limit: Option<&N>, expected: &N, actual: &N) {
        let Some(wanted) = self.lacking() else { return };
        let wanted = limit.map_or_else(|| wanted.clone(), |limit| wanted.least(limit));
        let Some(lots) = wanted.over(expected, Rounding::Up) else { return };
        let lots = lots.to_multiple(&N::one(), Rounding::Up).unwrap_or(lots);
        let left = self.terms.lots.magnitude().minus(&self.reduced);
        let allowed = self.terms.lots_most.magnitude().minus(&self.reduced);
        let lots = lots.least(&left).least(&allowed).floored();
        self.unsettled = self.unsettled.plus(&self.per_lot.times(&lots, Rounding::Down));
        self.reduced = self.reduced.plus(&lots);
        self.receive(&actual.times(&lots, Rounding::Down));
    }

    /// Settles a profit as far as the account needs it.
    fn settle(&mut self) {
        let kept = N::one().minus(&self.terms.settle_fee);
        let gained = kept.minus(&self.terms.overall_weight);
        if self.unsettled.is_negative() || !gained.is_positive() {
            return;
        }
        let Some(wanted) = self.lacking() else { return };
        let Some(amount) = wanted.over(&gained, Rounding::Up) else { return };
        let allowed = self.terms.settle_most.minus(&self.settled);
        let amount = amount.least(&allowed).least(&self.unsettled).floored();
        self.unsettled = self.unsettled.minus(&amount);
        self.settled = self.settled.plus(&amount);
        self.receive(&amount.times(&gained, Rounding::Down));
    }
}

/// Reduces and settles a perpetual until the account is back at zero. `None` where the liquidator
/// asks for the wrong side, or where reducing base costs more than it frees.
///
/// Source: Mango v4 `perp_liq_base_or_positive_pnl`; it stops above -.5. Worked: long 20 at 1 with
/// quote 10 and balance -25, weights .5 and .5: settle 20 and reduce 10: balance 0, quote -5.
#[must_use]
pub fn reduce_perpetual<N: Number>(terms: &PerpetualTerms<N>) -> Option<Reduced<N>> {
    let opposed = if terms.lots.is_positive() {
        terms.lots_most.is_negative()
    } else {
        terms.lots_most.is_positive()
    };
    let per_lot = terms.per_lot();
    if opposed || !per_lot.is_positive() {
        return None;
    }
    let unsettled = terms.unsettled();
    let balance = effective(&terms.balance, &unsettled, &terms.overall_weight);
    let excess = terms.settlement.weigh(&balance).plus(&terms.other);
    let before = excess.clone();
    let (reduced, settled) = (N::zero(), N::zero());
    let mut now = Standing { terms, per_lot, unsettled, balance, excess, reduced, settled };
    steps(&mut now);
    let traded = now.reduced.times(&terms.fee_price(), Rounding::Down);
    let (lots, quote) = if terms.lots.is_positive() {
        (terms.lots.minus(&now.reduced), terms.quote.plus(&traded))
    } else {
        (terms.lots.plus(&now.reduced), terms.quote.minus(&traded))
    };
    let kept = N::one().minus(&terms.settle_fee);
    let received = now.settled.times(&kept, Rounding::Down);
    Some(Reduced {
        before,
        balance: terms.balance.plus(&received),
        lots,
        quote: quote.minus(&now.settled),
    })
}

fn steps<N: Number>(now: &mut Standing<'_, N>) {
    let weighted = now.per_lot.times(&now.terms.overall_weight, Rounding::Down);
    let kept = N::one().minus(&now.terms.settle_fee);
    let per_lot = now.per_lot.clone();
    if now.unsettled.is_negative() {
        let limit = now.unsettled.negated();
        now.reduce(Some(&limit), &per_lot, &per_lot);
    }
    now.settle();
    if !now.unsettled.is_negative() && now.settled < now.terms.settle_most {
        let limit = now.terms.settle_most.minus(&now.settled);
        now.reduce(Some(&limit), &per_lot.times(&kept, Rounding::Down), &weighted);
    }
    now.settle();
    if now.excess < N::of(-1, 2) && now.terms.overall_weight.is_positive() {
        now.reduce(None, &weighted, &weighted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    fn halves(n: i64) -> Fixed {
        Fixed::of(n, 2)
    }

    /// Balance, lots, quote, other, weight of a profit in halves, most lots, most settled.
    fn check(
        account: (i64, i64, i64, i64),
        overall: i64,
        most: (i64, i64),
        after: (i64, i64, i64),
    ) {
        let whole = |n| Fixed::of(n, 1);
        let terms = PerpetualTerms {
            settlement: WeightedPrices { asset: whole(1), liability: whole(1) },
            balance: whole(account.0),
            other: whole(account.3),
            lots: whole(account.1),
            quote: whole(account.2),
            lot_price: whole(1),
            asset_weight: halves(1),
            liability_weight: halves(3),
            overall_weight: halves(overall),
            base_fee: whole(0),
            settle_fee: whole(0),
            lots_most: whole(most.0),
            settle_most: whole(most.1),
        };
        let done = reduce_perpetual(&terms).expect("a position that can be reduced");
        let got = (done.balance, done.lots, done.quote);
        assert_eq!(got, (halves(after.0), whole(after.1), halves(after.2)), "{terms:?}");
        let wrong = PerpetualTerms { lots_most: terms.lots_most.negated(), ..terms.clone() };
        assert_eq!(reduce_perpetual(&wrong), None);
        let costly = PerpetualTerms { base_fee: whole(1), ..terms };
        assert_eq!(reduce_perpetual(&costly), None);
    }

    #[test]
    fn five_steps() {
        check((5, -10, 0, 0), 1, (-1, 100), (10, -9, -2));
        check((-19, 20, 10, 0), 1, (100, 100), (-2, 20, -16));
        check((-25, 20, 10, 0), 1, (100, 100), (0, 10, -10));
        check((-20, 20, 10, 0), 1, (100, 0), (-40, 0, 60));
        check((-30, 20, 10, 0), 0, (5, 30), (-15, 15, -15));
        check((-7, 70, -40, -100), 1, (200, 10), (6, 0, 40));
        check((2, 60, -35, -2), 0, (200, 200), (4, 50, -50));
    }
}
