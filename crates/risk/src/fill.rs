//! What a fill makes of a position: novation, forced trades and expiry alike.
//!
//! A fill is a signed quantity with a signed quote (quantity times price; positive buys). Closing
//! realises in proportion; crossing zero closes, then opens with the rest. Realised PnL is posted
//! in whole asset units, rounded down; while part of the position stays open the fraction stays in
//! its cost, so nothing is lost until it closes.

use crate::accrual::{credit_of, effective_amount, side_index};
use crate::portfolio::{Change, Portfolio};
use crate::prices::{AssetMarket, InstrumentMarket, Prices};
use core::hint::select_unpredictable;
use domain::rulebook::{AssetRules, InstrumentRules};
use domain::wide::part_of;
use domain::{
    Amount, AssetId, Balance, Divisor, InstrumentId, Position, Quantity, Quote, Rounding,
};

/// A position after a fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filled {
    /// The position; quantity zero means closed, and its cost is then zero too.
    pub position: Position,
    /// What closing fixed, in smallest units of the settlement asset, rounded down.
    pub realised: Amount,
}

/// Fills a position. `scale` is the settlement asset's [`AssetRules::divisor`].
///
/// Worked: long 2 with cost 200; selling 1 for 110 leaves long 1 with cost 100 and realises 10.
///
/// # Panics
/// If the quantity leaves i64: position caps are checked before.
#[must_use]
#[inline(always)]
pub fn fill(position: Position, quantity: Quantity, quote: Quote, scale: &Divisor) -> Filled {
    let (held, filled) = (position.quantity, quantity);
    let total = held + filled;
    let opens = held.is_zero() || held.is_negative() == filled.is_negative();
    if opens {
        let position = Position { quantity: total, cost: position.cost + quote, ..position };
        return Filled { position, realised: Amount::ZERO };
    }
    close(position, (filled, total), quote, scale)
}

/// A fill against the position: closes part of it, all of it, or all of it and opens the rest the
/// other way. Which one is a matter of chance, so the same arithmetic serves all three: the larger
/// of the two sizes is the whole that a cost is shared over.
#[inline(always)]
fn close(
    position: Position,
    (filled, total): (Quantity, Quantity),
    quote: Quote,
    scale: &Divisor,
) -> Filled {
    let (held, cost) = (position.quantity.units().unsigned_abs(), position.cost);
    let filled = filled.units().unsigned_abs();
    let crosses = filled > held;
    let shared = select_unpredictable(crosses, quote, cost);
    let other = select_unpredictable(crosses, cost, quote);
    let (part, whole) = (held.min(filled), held.max(filled));
    let closed = Quote::new(part_of(shared.units(), part, whole, Rounding::Up));
    let (realised, fraction) = scale.div_rest((-other - closed).units());
    // What opens anew has the rest of the quote for its cost; what stays open keeps the fraction.
    let kept = select_unpredictable(crosses, 0, fraction);
    let left = shared - closed - Quote::new(i128::from(kept));
    let cost = if total.is_zero() { Quote::ZERO } else { left };
    let position = Position { quantity: total, cost, ..position };
    Filled { position, realised: Amount::new(realised) }
}

/// What every fill in one instrument meets: looked up once, for both sides of a trade.
#[derive(Clone, Copy, Debug)]
pub struct FillTerms<'a> {
    /// The instrument.
    pub instrument: InstrumentId,
    /// Its rules.
    pub rules: &'a InstrumentRules,
    /// Its market.
    pub market: &'a InstrumentMarket,
    /// The asset it settles in.
    pub settles: AssetId,
    /// That asset's rules.
    pub asset_rules: &'a AssetRules,
    /// That asset's market.
    pub asset: &'a AssetMarket,
    /// Units at 1e-16 in one smallest unit of that asset.
    pub scale: &'static Divisor,
    /// It settles in the numeraire.
    pub in_numeraire: bool,
}

impl<'a> FillTerms<'a> {
    /// The terms of a listed instrument.
    ///
    /// # Panics
    /// As [`Prices::asset_rules`].
    #[must_use]
    #[inline]
    pub fn of(instrument: InstrumentId, prices: &Prices<'a>) -> Self {
        let rules = prices.instrument_rules(instrument);
        let settles = rules.settles;
        let asset_rules = prices.asset_rules(settles);
        Self {
            instrument,
            rules,
            market: prices.instrument(instrument),
            settles,
            asset_rules,
            asset: prices.asset(settles),
            scale: asset_rules.divisor(),
            in_numeraire: settles == prices.rulebook.numeraire,
        }
    }
}

/// A fill of an account's position with the postings that go before it.
#[derive(Clone, Copy, Debug)]
pub struct AccountFill {
    /// The position after; quantity zero means closed.
    pub after: Position,
    /// The settlement balance before, with its interest.
    pub held: Amount,
    /// Interest to post on it; `None` where its index is today's or it is empty.
    pub interest: Option<Amount>,
    /// Funding to post.
    pub funding: Amount,
    /// What closing fixed.
    pub realised: Amount,
}

impl AccountFill {
    /// Works out a fill of a position, if one is open, beside the settlement balance, if there is
    /// one.
    #[must_use]
    #[inline(always)]
    pub fn new(
        held: Option<&Position>,
        balance: Option<&Balance>,
        (quantity, quote): (Quantity, Quote),
        terms: &FillTerms<'_>,
    ) -> Self {
        let funding_index = terms.market.funding_index;
        let empty = Position { funding_index, ..Position::empty(terms.instrument) };
        let before = held.unwrap_or(&empty);
        let moved = funding_index - before.funding_index;
        let funding = credit_of(before.quantity, moved, terms.scale);
        let posted = Position { funding_index, ..*before };
        let Filled { position: after, realised } = fill(posted, quantity, quote, terms.scale);
        let (held, interest) = match balance {
            None => (Amount::ZERO, None),
            Some(balance) => accrued(balance, terms.asset),
        };
        Self { after, held, interest, funding, realised }
    }

    /// The settlement balance after.
    #[must_use]
    #[inline]
    pub fn amount(&self) -> Amount {
        self.held + self.funding + self.realised
    }

    /// The account's rows after the fill and a fee.
    #[must_use]
    pub fn change(&self, terms: &FillTerms<'_>, fee: Amount) -> Change {
        let amount = self.amount() - fee;
        let index = side_index(amount, terms.asset);
        let balance = Balance { asset: terms.settles, amount, index };
        Change { position: Some(self.after), balances: [Some(balance), None] }
    }
}

/// A balance with its interest, and the interest to post: none where its index is today's.
#[inline(always)]
fn accrued(balance: &Balance, market: &AssetMarket) -> (Amount, Option<Amount>) {
    let index = side_index(balance.amount, market);
    if (balance.index == index) | (balance.amount == Amount::ZERO) {
        return (balance.amount, None);
    }
    let held = effective_amount(balance, market);
    (held, Some(held - balance.amount))
}

/// Position and settlement balance after a fill with accruals posted and a fee taken.
#[must_use]
pub fn after_fill(
    portfolio: &Portfolio<'_>,
    prices: &Prices<'_>,
    position: &Position,
    quantity: Quantity,
    quote: Quote,
    fee: Amount,
) -> Change {
    let terms = FillTerms::of(position.instrument, prices);
    let balance = portfolio.balance(terms.settles);
    let fill = AccountFill::new(Some(position), balance.as_ref(), (quantity, quote), &terms);
    fill.change(&terms, fee)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::InstrumentId;

    const SCALE: i128 = 100_000_000;

    fn divisor() -> &'static Divisor {
        Divisor::of_decimals(8)
    }

    fn position(quantity: i64, cost: i128) -> Position {
        Position {
            instrument: InstrumentId::new(0),
            quantity: Quantity::new(quantity),
            cost: Quote::new(cost),
            funding_index: 0,
        }
    }

    fn check(held: (i64, i128), filled: (i64, i128), after: (i64, i128), realised: i128) {
        let result = fill(
            position(held.0, held.1),
            Quantity::new(filled.0),
            Quote::new(filled.1),
            divisor(),
        );
        let got = (result.position.quantity.units(), result.position.cost.units());
        assert_eq!((got, result.realised.units()), (after, realised), "{held:?} {filled:?}");
    }

    #[test]
    fn fills() {
        let units = |n: i128| n * SCALE;
        check((0, 0), (5, units(500)), (5, units(500)), 0);
        check((5, units(500)), (1, units(110)), (6, units(610)), 0);
        check((2, units(200)), (-1, -units(110)), (1, units(100)), 10);
        check((-2, -units(200)), (1, units(110)), (-1, -units(100)), -10);
        check((2, units(200)), (-2, -units(180)), (0, 0), -20);
        // Crossing zero: close 2 at 110 each, open short 1 at 110.
        check((2, units(200)), (-3, -units(330)), (-1, -units(110)), 20);
        // A third of a unit stays in the cost while something stays open, and is given up at the end.
        check((3, 100), (-1, -units(1)), (2, 100 - units(1)), 0);
        check((3, 100), (-3, -units(3)), (0, 0), 2);
    }

    /// Whatever the fills, what is realised plus what is open never exceeds what came in.
    #[test]
    fn nothing_is_created() {
        let mut state = 9u64;
        let mut next = |bound: i64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as i64 % bound
        };
        let mut held = position(0, 0);
        let (mut paid, mut realised) = (0i128, 0i128);
        let mut closings = 0;
        for _ in 0..100_000 {
            let quantity = next(21) - 10;
            let quote = i128::from(quantity) * i128::from(next(1_000_000_007));
            let before = held.quantity;
            let result = fill(held, Quantity::new(quantity), Quote::new(quote), divisor());
            closings += i128::from(
                result.position.quantity.is_zero()
                    || result.position.quantity.is_negative() != before.is_negative(),
            );
            held = result.position;
            paid += quote;
            realised += result.realised.units();
            let lost = held.cost.units() - paid - realised * SCALE;
            assert!((0..=closings * SCALE).contains(&lost), "{lost}");
        }
    }
}
