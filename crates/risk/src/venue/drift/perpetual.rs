//! A perpetual is taken over bit by bit: orders first, then as much as time allows to be freed.
//!
//! The liquidator pays the oracle price less its fee; the insurance fee comes on top. Law: what one
//! liquidation frees, orders included, stays within its share of the shortfall, up to one step.

use super::margin::{AccountFigures, Perpetual, Purpose, account_figures};
use super::{money, quantity, ratio};
use crate::fee::{InsuranceRoom, insurance_fee};
use crate::number::{Number, Places};
use crate::sizing::{Cover, ShareInTime, bounded};
use domain::Rounding;

/// Parameters of a market and of the venue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerpetualRules<N> {
    /// Maintenance requirement ratio.
    pub requirement: N,
    /// Buffer above it at which a liquidation stops.
    pub buffer: N,
    /// The liquidator's fee.
    pub liquidator_fee: N,
    /// Largest insurance fee.
    pub insurance_most: N,
    /// Share that may be freed in time.
    pub share: ShareInTime<N>,
    /// Quantities are multiples of this.
    pub step: N,
}

/// An account with cash and one perpetual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerpetualAccount<N> {
    /// Cash, worth one each.
    pub cash: N,
    /// The position with its orders.
    pub perpetual: Perpetual<N>,
    /// What the liquidation has freed so far.
    pub freed: N,
    /// Whether a liquidation is under way.
    pub liquidating: bool,
}

/// What a step did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerpetualStep<N> {
    /// The account after it.
    pub account: PerpetualAccount<N>,
    /// Quantity taken over, not negative.
    pub taken: N,
    /// Paid to the insurance fund.
    pub insurance: N,
}

impl<N: Number> PerpetualAccount<N> {
    /// Requirement and adjusted equity with one buffer on the requirement, another on a loss.
    fn figures(&self, requirement: &N, loss: &N) -> AccountFigures<N> {
        let purpose =
            |buffer: &N| Purpose { strict: false, custom: N::zero(), buffer: buffer.clone() };
        let one = core::slice::from_ref(&self.perpetual);
        let with = |buffer: &N| account_figures(&[], one, &purpose(buffer));
        AccountFigures {
            requirement: with(requirement).requirement,
            adjusted_equity: with(loss).adjusted_equity.plus(&self.cash),
        }
    }

    /// Release margin less adjusted equity, a loss counted with the buffer on top.
    #[must_use]
    pub fn shortfall(&self, rules: &PerpetualRules<N>) -> N {
        self.figures(&rules.buffer, &rules.buffer).shortfall()
    }

    /// Whether a liquidation begins here, or goes on: below maintenance margin, or below release
    /// margin once it has begun, a loss counted plainly.
    #[must_use]
    pub fn is_due(&self, rules: &PerpetualRules<N>) -> bool {
        let buffer = if self.liquidating { rules.buffer.clone() } else { N::zero() };
        self.figures(&buffer, &N::zero()).shortfall().is_positive()
    }

    /// Share of the whole shortfall that is freed, a loss counted plainly, cut to 1e-6.
    #[must_use]
    pub fn share_freed(&self, rules: &PerpetualRules<N>) -> N {
        let left = self.figures(&rules.buffer, &N::zero()).shortfall();
        let share = self.freed.over(&left.plus(&self.freed), Rounding::Down);
        money().cut(share.unwrap_or_else(N::zero))
    }

    /// One call of a liquidator willing to take `most`, so long after the account was last active.
    ///
    /// Worked: 50 in cash, long 20 for 2,000 with a bid for 10, ratio 5 % and 2 %: cancelling frees
    /// 70.01; half way through the duration 5.2 may follow.
    #[must_use]
    pub fn step(&self, rules: &PerpetualRules<N>, elapsed: &N, most: &N) -> PerpetualStep<N> {
        let nothing = |account| PerpetualStep { account, taken: N::zero(), insurance: N::zero() };
        if !self.is_due(rules) {
            return nothing(self.clone().ended());
        }
        let whole = self.shortfall(rules);
        let mut after = self.clone();
        after.liquidating = true;
        after.perpetual.bids = N::zero();
        after.perpetual.asks = N::zero();
        after.perpetual.orders = 0;
        let left = after.shortfall(rules);
        after.freed = after.freed.plus(&whole.minus(&left).floored());
        if !after.is_due(rules) {
            return nothing(after.ended());
        }
        let fee = after.insurance_fee(rules, &left);
        let taken = after.quantity_allowed(rules, elapsed, &left, &fee).least(most);
        let taken = taken.least(&after.perpetual.quantity.magnitude());
        let insurance = after.take(rules, &taken, &fee);
        let rest = after.shortfall(rules);
        after.freed = after.freed.plus(&left.minus(&rest).floored());
        let account = if after.is_due(rules) { after } else { after.ended() };
        PerpetualStep { account, taken, insurance }
    }

    fn ended(mut self) -> Self {
        self.freed = N::zero();
        self.liquidating = false;
        self
    }

    fn freed_ratio(&self, rules: &PerpetualRules<N>) -> N {
        self.perpetual.ratio(&N::zero()).plus(&rules.buffer)
    }

    fn insurance_fee(&self, rules: &PerpetualRules<N>, shortfall: &N) -> N {
        let room = InsuranceRoom {
            shortfall: shortfall.clone(),
            size: self.perpetual.quantity.magnitude(),
            price: self.perpetual.price.clone(),
            requirement: self.freed_ratio(rules),
            liquidator_fee: rules.liquidator_fee.clone(),
            most: rules.insurance_most.clone(),
        };
        insurance_fee(&room, &money())
    }

    fn quantity_allowed(
        &self,
        rules: &PerpetualRules<N>,
        elapsed: &N,
        shortfall: &N,
        insurance: &N,
    ) -> N {
        let cover = Cover {
            shortfall: shortfall.clone(),
            price: self.perpetual.price.clone(),
            quote: N::one(),
            requirement: self.freed_ratio(rules),
            liquidator_fee: rules.liquidator_fee.clone(),
            insurance_fee: insurance.clone(),
        };
        let position = self.perpetual.quantity.magnitude();
        let needed = cover.quantity(&money(), &quantity()).unwrap_or_else(|| position.clone());
        let places: (&Places<N>, &Places<N>) = (&ratio(), &money());
        let share = rules.share.allowed(elapsed, shortfall, &self.freed, places);
        let size = quantity().cut(needed.times(&share, Rounding::Down));
        bounded(&size, &position, &rules.step, &N::zero())
    }

    /// Takes over a quantity at the oracle price less fees; answers the insurance payment.
    fn take(&mut self, rules: &PerpetualRules<N>, size: &N, insurance: &N) -> N {
        let worth = money().cut(size.times(&self.perpetual.price, Rounding::Down));
        let fee = money().cut(worth.times(&rules.liquidator_fee, Rounding::Down));
        let paid = money().cut(worth.times(insurance, Rounding::Down));
        let position = &mut self.perpetual;
        if position.quantity.is_negative() {
            position.quantity = position.quantity.plus(size);
            position.quote = position.quote.minus(&worth).minus(&fee).minus(&paid);
        } else {
            position.quantity = position.quantity.minus(size);
            position.quote = position.quote.plus(&worth).minus(&fee).minus(&paid);
        }
        paid
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Fixed;

    fn of(n: i64) -> Fixed {
        Fixed::of(n, 10_000)
    }

    fn rules() -> PerpetualRules<Fixed> {
        PerpetualRules {
            requirement: of(500),
            buffer: of(200),
            liquidator_fee: of(100),
            insurance_most: of(100),
            share: ShareInTime {
                initial: of(1_000),
                duration: Fixed::of(150, 1),
                all_below: Fixed::of(50, 1),
            },
            step: of(100),
        }
    }

    fn account(quantity: i64, quote: i64) -> PerpetualAccount<Fixed> {
        let whole = |n| Fixed::of(n, 1);
        let perpetual = Perpetual {
            quantity: whole(quantity),
            quote: whole(quote),
            price: whole(100),
            quote_price: whole(1),
            quote_average: whole(1),
            requirement: of(500),
            factor: whole(0),
            bids: whole(10),
            asks: whole(0),
            orders: 1,
            profit_most: whole(0),
        };
        PerpetualAccount { cash: whole(50), perpetual, freed: whole(0), liquidating: false }
    }

    #[test]
    fn time_frees_a_share() {
        let rules = rules();
        let hundred = Fixed::of(100, 1);
        let mut now = account(20, -2_000);
        for (elapsed, freed, quantity) in [
            (0, 700_100, 200_000),
            (75, 958_020, 148_000),
            (75, 960_004, 147_600),
            (100, 1_224_868, 94_200),
            (135, 0, 19_100),
        ] {
            now = now.step(&rules, &Fixed::of(elapsed, 1), &hundred).account;
            assert_eq!((now.freed, now.perpetual.quantity), (of(freed), of(quantity)), "{elapsed}");
        }
        assert!(!now.liquidating && !now.is_due(&rules));
    }

    #[test]
    fn the_liquidator_takes_no_more_than_it_wants() {
        let now = account(20, -2_000).step(&rules(), &Fixed::of(150, 1), &Fixed::of(1, 1));
        assert_eq!((now.taken, now.insurance), (Fixed::of(1, 1), Fixed::of(1, 1)));
        let sound = account(5, -400);
        let step = sound.step(&rules(), &Fixed::of(150, 1), &Fixed::of(1, 1));
        assert_eq!((step.account, step.taken), (sound, Fixed::zero()));
    }
}
