//! Who pays for a deficit: the fund, winners by deleveraging, depositors by a cut of their index.
//! What none of them absorbs is uncovered.

use super::deleveraging::Ranking;
use super::exact::{down, over, up, whole};
use super::state::{INDEX_ONE, State};
use domain::effect::Stage;
use domain::rulebook::Layer;
use domain::{AccountId, Amount, AssetId, Effect, Holder, HouseAccount, Position, Rounding, Value};

/// A position whose closing lacks `lack` at 1e-16 of the settlement asset; `open` is still open.
pub(super) struct Defaulted {
    pub account: AccountId,
    pub position: Position,
    pub lack: i128,
    pub open: i64,
    /// By walking a book: the equity that stands for what is open.
    pub allocated: Option<i128>,
}

impl Defaulted {
    /// The part of the lack that falls on a size, rounded up.
    pub fn part(&self, size: i64) -> i128 {
        let whole_size = self.position.quantity.magnitude().wide();
        up(&(whole(self.lack) * over(i128::from(size), whole_size)))
    }
}

impl State {
    /// Closes a position that the account's equity cannot pay for.
    pub fn close_by_waterfall(
        &mut self,
        account: AccountId,
        position: &Position,
        lack: i128,
        ranking: &mut Ranking,
    ) {
        let open = position.quantity.magnitude().units();
        let mut default = Defaulted { account, position: *position, lack, open, allocated: None };
        if lack > 0 {
            for layer in self.rulebook.waterfall.layers.clone() {
                match layer {
                    Layer::InsuranceFund => self.close_by_fund(&mut default),
                    Layer::Deleveraging(_) => self.deleverage(&mut default, ranking),
                    Layer::Socialised(_) => {}
                }
            }
        }
        if default.open > 0 {
            let filled = self.forced_fill(position, default.open);
            self.trade_forced(account, position, Stage::FullClose, filled);
        }
    }

    /// Sells whole lots while the fund can pay what they lack.
    fn close_by_fund(&mut self, default: &mut Defaulted) {
        let rules = self.rules_of(default.position.instrument);
        let (asset, lot) = (rules.settles, rules.lot.units());
        let scale = self.scale(asset);
        let capacity = self.capacity_for_account(asset);
        let size = default.position.quantity.magnitude().wide();
        let affordable = down(&(whole(capacity * scale) * over(size, default.lack)));
        let size = if affordable >= i128::from(default.open) {
            default.open
        } else {
            affordable as i64 / lot * lot
        };
        if size == 0 {
            return;
        }
        let lacking = default.part(size);
        let amount = up(&over(lacking, scale)).min(capacity);
        let value = self.worth(asset, lacking, Rounding::Up);
        self.recognise(default.account, asset, value);
        self.draw_fund(default.account, asset, amount, value);
        let filled = self.forced_fill(&default.position, size);
        self.trade_forced(default.account, &default.position, Stage::Waterfall, filled);
        default.open -= size;
    }

    pub fn recognise(&mut self, account: AccountId, asset: AssetId, value: i128) {
        let value = Value::new(value);
        self.effects.push(Effect::DeficitRecognised { account, asset, value });
    }

    /// What the fund has of an asset, and what its numeraire buys of it.
    pub fn fund_capacity(&self, asset: AssetId) -> i128 {
        let own = self.house_amount(HouseAccount::InsuranceFund, asset);
        let numeraire = self.rulebook.numeraire;
        if asset == numeraire {
            return own;
        }
        let cash = self.house_amount(HouseAccount::InsuranceFund, numeraire);
        own + self.exchange(numeraire, cash, asset).unwrap_or(0)
    }

    /// Pays an account out of the fund, which first buys what it has too little of.
    pub fn draw_fund(&mut self, account: AccountId, asset: AssetId, amount: i128, value: i128) {
        let fund = Holder::House(HouseAccount::InsuranceFund);
        let world = Holder::House(HouseAccount::Liquidity);
        let missing = amount - self.house_amount(HouseAccount::InsuranceFund, asset);
        if missing > 0 {
            let numeraire = self.rulebook.numeraire;
            let cash = self.house_amount(HouseAccount::InsuranceFund, numeraire);
            let cost = self.cost_of(numeraire, asset, missing).map_or(cash, |cost| cost.min(cash));
            self.transfer((fund, world), numeraire, cost);
            self.transfer((world, fund), asset, missing);
        }
        self.transfer((fund, Holder::Client(account)), asset, amount);
        self.meter.insured += value;
        let (amount, value) = (Amount::new(amount), Value::new(value));
        self.effects.push(Effect::InsuranceDrawn { account, asset, amount, value });
    }

    /// What the fund can and may pay for the account being sold out by this event.
    pub fn capacity_for_account(&self, asset: AssetId) -> i128 {
        let capacity = self.fund_capacity(asset);
        let Some(most) = self.rulebook.sections.selling.caps.insurance_per_account else {
            return capacity;
        };
        let left = (i128::from(most) * INDEX_ONE - self.meter.insured).max(0);
        let quote = self.quote_of(asset, left, Rounding::Down).unwrap_or(0);
        capacity.min(down(&over(quote, self.scale(asset))))
    }

    /// Absorbs every debt of an account with nothing left to close or sell.
    pub fn absorb_debts(&mut self, account: AccountId) {
        let balances = self.account(account).balances.clone();
        for (asset, balance) in balances {
            if balance.amount.is_negative() {
                self.absorb_debt(account, asset, -balance.amount.units());
            }
        }
    }

    /// Layer by layer; the last payer's value is what remains, so that values sum to the deficit.
    fn absorb_debt(&mut self, account: AccountId, asset: AssetId, debt: i128) {
        let scale = self.scale(asset);
        let (mut left, mut value) = (debt, self.worth(asset, debt * scale, Rounding::Up));
        self.recognise(account, asset, value);
        for layer in self.rulebook.waterfall.layers.clone() {
            let paid = match layer {
                Layer::InsuranceFund => self.capacity_for_account(asset).min(left),
                Layer::Deleveraging(_) => 0,
                Layer::Socialised(_) => self.socialising_capacity(asset).min(left),
            };
            if paid <= 0 {
                continue;
            }
            let worth = self.worth(asset, paid * scale, Rounding::Down).min(value);
            let part = if paid == left { value } else { worth };
            match layer {
                Layer::Socialised(_) => self.socialise(account, asset, paid, part),
                _ => self.draw_fund(account, asset, paid, part),
            }
            (left, value) = (left - paid, value - part);
        }
        if left > 0 {
            let sides = (Holder::House(HouseAccount::Uncovered), Holder::Client(account));
            self.transfer(sides, asset, left);
            let (amount, value) = (Amount::new(left), Value::new(value));
            self.effects.push(Effect::LossUncovered { account, asset, amount, value });
        }
    }

    /// 99 % of deposits by one loss; nothing once the index is down to a ten-thousandth.
    fn socialising_capacity(&self, asset: AssetId) -> i128 {
        if self.asset(asset).deposit_index <= INDEX_ONE / 10_000 {
            return 0;
        }
        down(&(whole(self.deposits(asset)) * over(99, 100)))
    }

    /// Every deposit of the asset loses its share, rounded up, through the index.
    fn socialise(&mut self, account: AccountId, asset: AssetId, amount: i128, value: i128) {
        let index = self.asset(asset).deposit_index;
        let cut = up(&(whole(index) * over(amount, self.deposits(asset))));
        self.asset_mut(asset).deposit_index = index - cut;
        let sides = (Holder::House(HouseAccount::Interest), Holder::Client(account));
        self.transfer(sides, asset, amount);
        let (amount, value) = (Amount::new(amount), Value::new(value));
        self.effects.push(Effect::LossSocialised { account, asset, amount, value });
    }
}
