//! What a fill makes of a position, and of the account that holds it.

use super::exact::{down, over, up, whole};
use super::state::{Account, State, empty_position};
use domain::{
    AccountId, Amount, Balance, Effect, Holder, HouseAccount, InstrumentId, Position, Quantity,
    Quote,
};

/// A signed quantity with the signed quote it costs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fill {
    pub quantity: i64,
    pub quote: i128,
}

impl Fill {
    /// The other side of it.
    pub fn opposite(self) -> Self {
        Self { quantity: -self.quantity, quote: -self.quote }
    }
}

/// The position after a fill and what it realised, in smallest units rounded down.
///
/// Closing a part takes its share of the cost, rounded up; the fraction of a unit that realised PnL
/// cannot post stays in the cost while something stays open. Crossing zero closes everything at its
/// share of the quote, rounded up, and opens the rest with the rest.
pub(super) fn fill(position: Position, filled: Fill, scale: i128) -> (Position, i128) {
    let (held, by) = (position.quantity.wide(), i128::from(filled.quantity));
    let after = |cost: i128| Position {
        quantity: Quantity::new((held + by) as i64),
        cost: Quote::new(cost),
        ..position
    };
    let cost = position.cost.units();
    if held == 0 || by == 0 || (held > 0) == (by > 0) {
        return (after(cost + filled.quote), 0);
    }
    if by.abs() > held.abs() {
        let closing = up(&(whole(filled.quote) * over(held.abs(), by.abs())));
        return (after(filled.quote - closing), down(&over(-closing - cost, scale)));
    }
    let closed_cost = up(&(whole(cost) * over(by.abs(), held.abs())));
    let realised = down(&over(-filled.quote - closed_cost, scale));
    let fraction = -filled.quote - closed_cost - realised * scale;
    let open = held + by != 0;
    (after(if open { cost - closed_cost - fraction } else { 0 }), realised)
}

impl State {
    /// The position held in an instrument, or none paid up to today's funding.
    pub fn position_or_empty(&self, account: &Account, instrument: InstrumentId) -> Position {
        let funding_index = self.instrument(instrument).funding_index;
        let held = account.positions.get(&instrument).copied();
        held.unwrap_or(empty_position(instrument, funding_index))
    }

    /// An account as it would stand after a fill, with the position's funding and the settlement
    /// asset's interest posted and a fee taken.
    pub fn after_fill(
        &self,
        account: &Account,
        instrument: InstrumentId,
        filled: Fill,
        fee: i128,
    ) -> Account {
        let settles = self.rules_of(instrument).settles;
        let held = self.position_or_empty(account, instrument);
        let funding = self.funding_credit(&held);
        let funding_index = self.instrument(instrument).funding_index;
        let (position, realised) =
            fill(Position { funding_index, ..held }, filled, self.scale(settles));
        let mut after = account.clone();
        if position.quantity.is_zero() {
            after.positions.remove(&instrument);
        } else {
            after.positions.insert(instrument, position);
        }
        let before = account.balances.get(&settles).map_or(0, |row| self.with_interest(row));
        let amount = before + funding + realised - fee;
        let index = self.index_for(settles, amount);
        let row = Balance { asset: settles, amount: Amount::new(amount), index };
        after.balances.insert(settles, row);
        after
    }

    /// Fills a client's position: first the interest of its settlement balance, then its funding.
    pub fn fill_client(&mut self, account: AccountId, instrument: InstrumentId, filled: Fill) {
        let settles = self.rules_of(instrument).settles;
        if !self.account(account).balances.contains_key(&settles) {
            self.put_balance(account, settles, 0);
        }
        self.post_balance(account, settles);
        let held = self.position_or_empty(self.account(account), instrument);
        let held = self.post_funding(Holder::Client(account), held);
        let position = self.realise(Holder::Client(account), held, filled);
        let positions = &mut self.account_mut(account).positions;
        if position.quantity.is_zero() {
            positions.remove(&instrument);
        } else {
            positions.insert(instrument, position);
        }
    }

    /// Fills the outside world's position, its funding first.
    pub fn fill_liquidity(&mut self, instrument: InstrumentId, filled: Fill) {
        let holder = Holder::House(HouseAccount::Liquidity);
        let held = self.post_funding(holder, self.liquidity[&instrument]);
        let position = self.realise(holder, held, filled);
        self.liquidity.insert(instrument, position);
    }

    fn realise(&mut self, holder: Holder, held: Position, filled: Fill) -> Position {
        let instrument = held.instrument;
        let settles = self.rules_of(instrument).settles;
        let (position, realised) = fill(held, filled, self.scale(settles));
        if realised != 0 {
            self.transfer((Holder::House(HouseAccount::Settlement), holder), settles, realised);
            let amount = Amount::new(realised);
            self.effects.push(Effect::PnlRealised { holder, instrument, amount });
        }
        position
    }
}
