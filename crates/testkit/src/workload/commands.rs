//! Commands of everyday and of bad days.

use super::rules::{LEVEL_ONE, contradicting, forbidden, vary};
use super::{Workload, absurd};
use domain::command::{
    Deposit, HaltInstrument, OpenAccount, PayInCapital, PublishFunding, PublishPrice,
    RegisterTrade, ResumeInstrument, SetRulebook, TransferAsset, Withdraw,
};
use domain::rulebook::InstrumentKind;
use domain::{
    AccountId, Amount, AssetId, Command, Duration, Feed, FeedRole, InstrumentId, Price, Rulebook,
};
use domain::{Quantity, Rate, Timestamp};

impl Workload {
    pub(super) fn draw_command(&mut self, at: Timestamp) -> Command {
        match self.dice.below(1_000) {
            0..=359 => self.trade(),
            360..=449 => self.reducing_trade(),
            450..=759 => self.price(at),
            760..=829 => self.deposit(),
            830..=889 => self.withdrawal(),
            890..=919 => self.transfer(),
            920..=944 => self.funding(),
            945..=949 => self.capital(),
            950..=951 => self.depth(at),
            952..=955 => self.rules_change(),
            956..=967 => self.halt_or_resume(),
            968..=970 => OpenAccount { account: AccountId::new(self.accounts) }.into(),
            _ => absurd::draw(self, at),
        }
    }

    pub(super) fn any_account(&mut self) -> AccountId {
        AccountId::new(self.dice.below(self.opening.max(self.accounts)))
    }

    fn other_account(&mut self, account: AccountId) -> AccountId {
        let count = self.opening.max(self.accounts);
        let off = 1 + self.dice.below((count - 1).max(1));
        AccountId::new((account.number() + off) % count)
    }

    /// Nearly always one that neither expired nor stopped.
    fn live_instrument(&mut self) -> InstrumentId {
        let mut instrument = self.any_instrument();
        for _ in 0..8 {
            let closed = self.halted.contains(&instrument) || self.expired.contains(&instrument);
            if closed && !self.dice.chance(60) {
                instrument = self.any_instrument();
            }
        }
        instrument
    }

    pub(super) fn any_asset(&mut self) -> AssetId {
        AssetId::new(self.dice.below(self.rulebook.assets.len() as u64) as u32)
    }

    pub(super) fn any_instrument(&mut self) -> InstrumentId {
        InstrumentId::new(self.dice.below(self.rulebook.instruments.len() as u64) as u32)
    }

    /// An amount of an asset worth so many of the numeraire; at least one unit.
    fn amount(&self, asset: AssetId, worth: i128) -> Amount {
        let decimals = u32::from(self.rulebook.assets[asset.index()].decimals);
        let level = self.levels[asset.index()].max(1);
        Amount::new((worth * LEVEL_ONE * 10i128.pow(decimals) / level).max(1))
    }

    /// Index price of an asset at its level.
    fn index_price(&self, asset: AssetId) -> Price {
        let rules = &self.rulebook.assets[asset.index()];
        let unit = 10i128.pow(u32::from(16 - rules.decimals));
        let price = self.levels[asset.index()] * unit / LEVEL_ONE;
        Price::new((price as i64).clamp(1, rules.price_max.units()))
    }

    pub(super) fn underlying(&self, instrument: InstrumentId) -> AssetId {
        match self.rulebook.instruments[instrument.index()].kind {
            InstrumentKind::Spot { base: asset }
            | InstrumentKind::Perpetual { underlying: asset }
            | InstrumentKind::Future { underlying: asset, .. } => asset,
        }
    }

    /// Price of an instrument at its underlying's level, some thousandths of a percent off.
    pub(super) fn instrument_price(&mut self, instrument: InstrumentId, off: i128) -> Price {
        let rules = &self.rulebook.instruments[instrument.index()];
        let unit = 10i128.pow(u32::from(rules.price_decimals));
        let level = self.levels[self.underlying(instrument).index()];
        let price = level * unit / self.levels[rules.settles.index()].max(1);
        let most = rules.price_max.units();
        let off = self.dice.between(-off, off);
        let price = price + price * off / 100_000;
        Price::new(i64::try_from(price).unwrap_or(most).clamp(1, most))
    }

    pub(super) fn all_prices(&mut self) -> Vec<Command> {
        let mut prices = Vec::new();
        let at = self.now;
        for place in 1..self.rulebook.assets.len() as u32 {
            let asset = AssetId::new(place);
            prices.push(publish(Feed::index(asset), self.index_price(asset), at));
        }
        for place in 0..self.rulebook.instruments.len() as u32 {
            let instrument = InstrumentId::new(place);
            // One in fifteen has no mark for a while.
            if !self.dice.chance(66) {
                let price = self.instrument_price(instrument, 0);
                prices.push(publish(Feed::mark(instrument), price, at));
            }
        }
        prices
    }

    pub(super) fn first_deposits(&mut self, account: AccountId) -> Vec<Command> {
        let mut deposits = Vec::new();
        for _ in 0..self.dice.between(1, 3) {
            let asset = self.any_asset();
            let worth = self.dice.doubling(300, 20_000);
            let amount = self.amount(asset, worth);
            deposits.push(Deposit { account, asset, amount }.into());
        }
        deposits
    }

    fn trade(&mut self) -> Command {
        let instrument = self.live_instrument();
        let worth = self.dice.doubling(30, 60_000);
        let buyer = self.any_account();
        let seller = self.other_account(buyer);
        let quantity = self.quantity(instrument, worth);
        self.trade_of(buyer, seller, instrument, quantity)
    }

    /// Whole lots of an instrument worth about so many of the numeraire.
    pub(super) fn quantity(&self, instrument: InstrumentId, worth: i128) -> i64 {
        let rules = &self.rulebook.instruments[instrument.index()];
        let unit = 10i128.pow(16 - u32::from(rules.price_decimals));
        let level = self.levels[self.underlying(instrument).index()].max(1);
        let lot = rules.lot.wide();
        let units = (worth * LEVEL_ONE * unit / level / lot).max(1) * lot;
        i64::try_from(units).unwrap_or(lot as i64)
    }

    pub(super) fn trade_of(
        &mut self,
        buyer: AccountId,
        seller: AccountId,
        instrument: InstrumentId,
        quantity: i64,
    ) -> Command {
        let off = self.dice.pick(&[0, 100, 500, 4_000, 20_000]);
        let price = self.instrument_price(instrument, off);
        let quantity = Quantity::new(quantity);
        let settles = &self.rulebook.instruments[instrument.index()].settles;
        let decimals = u32::from(self.rulebook.assets[settles.index()].decimals);
        let quote = quantity.quote(price).units() / 10i128.pow(16 - decimals);
        let mut fee = || Amount::new(quote / self.dice.pick(&[2_000, 500, i128::MAX]));
        let (buyer_fee, seller_fee) = (fee(), fee());
        RegisterTrade { buyer, seller, instrument, quantity, price, buyer_fee, seller_fee }.into()
    }

    /// Somebody closes a known position: whole, in part, or past zero.
    fn reducing_trade(&mut self) -> Command {
        let count = self.positions.len() as u64;
        let place = self.dice.below(count) as usize;
        let Some((&(account, instrument), &held)) = self.positions.iter().nth(place) else {
            return self.trade();
        };
        let lot = self.rulebook.instruments[instrument.index()].lot.units();
        let share = self.dice.pick(&[1, 1, 2, 3, 5]);
        let size = (held.abs() / share / lot * lot).max(lot);
        let size = if self.dice.chance(100) { size.saturating_mul(2) } else { size };
        let other = self.other_account(account);
        let (buyer, seller) = if held > 0 { (other, account) } else { (account, other) };
        self.trade_of(buyer, seller, instrument, size)
    }

    /// Moves an asset's level, seldom by a jump, and publishes what depends on it.
    fn price(&mut self, at: Timestamp) -> Command {
        if self.dice.chance(600) {
            self.move_level();
        }
        let instrument = self.live_instrument();
        let age = Duration::from_nanos(self.dice.pick(&[0, 0, 0, 1_000_000, 2_000_000_000]));
        let published_at = Timestamp::from_nanos(at.nanos() - age.nanos());
        match self.dice.below(100) {
            0..=44 => {
                let asset = AssetId::new(self.any_asset().number().max(1));
                publish(Feed::index(asset), self.index_price(asset), published_at)
            }
            45..=93 => {
                let price = self.instrument_price(instrument, 200);
                match publish(Feed::mark(instrument), price, published_at) {
                    Command::PublishPrice(price) => self.with_baseline(price, at),
                    other => other,
                }
            }
            _ => {
                let price = self.instrument_price(instrument, 8_000);
                publish(Feed::last(instrument), price, published_at)
            }
        }
    }

    fn move_level(&mut self) {
        let place = AssetId::new(self.any_asset().number().max(1)).index();
        let thousandths = match self.dice.below(100) {
            0..=69 => self.dice.between(-5, 5),
            70..=89 => self.dice.between(-40, 40),
            90..=97 => self.dice.between(-150, 150),
            _ => self.dice.between(-450, 450),
        };
        let level = self.levels[place];
        let base = self.bases[place];
        let moved = level + level * thousandths / 1_000 + self.dice.between(-9, 9);
        // Back towards where it began, so that caps and lots keep their meaning.
        let back = (base - moved) / 400;
        self.levels[place] = (moved + back).clamp(base / 8, base * 8).max(1);
    }

    fn deposit(&mut self) -> Command {
        let (account, asset) = (self.any_account(), self.any_asset());
        let worth = self.dice.doubling(10, 30_000);
        Deposit { account, asset, amount: self.amount(asset, worth) }.into()
    }

    fn withdrawal(&mut self) -> Command {
        let (account, asset) = (self.any_account(), self.any_asset());
        let worth = self.dice.doubling(5, 20_000);
        Withdraw { account, asset, amount: self.amount(asset, worth) }.into()
    }

    fn transfer(&mut self) -> Command {
        let (from, to, asset) = (self.any_account(), self.any_account(), self.any_asset());
        let worth = self.dice.doubling(5, 20_000);
        TransferAsset { from, to, asset, amount: self.amount(asset, worth) }.into()
    }

    fn funding(&mut self) -> Command {
        let instrument = self.any_instrument();
        let reach = self.dice.pick(&[100_000_000, 3_000_000_000, 12_000_000_000]);
        // Each instrument's longs (or shorts) pay most of the time, so that indexes go far.
        let sign = if instrument.number().is_multiple_of(2) { 1 } else { -1 };
        let rate = Rate::new((sign * self.dice.between(-reach / 4, reach)) as i64);
        if self.dice.chance(80) {
            // Stamp after stamp while prices stand still.
            let rate = Rate::new((sign * 9_000_000_000) as i64);
            self.script.extend((0..9).map(|_| PublishFunding { instrument, rate }.into()));
        }
        PublishFunding { instrument, rate }.into()
    }

    fn capital(&mut self) -> Command {
        let asset = if self.dice.chance(600) { AssetId::new(0) } else { self.any_asset() };
        let worth = self.dice.doubling(50, 5_000);
        PayInCapital { asset, amount: self.amount(asset, worth) }.into()
    }

    fn rules_change(&mut self) -> Command {
        let rulebook = match self.dice.below(6) {
            0 => contradicting(&mut self.dice, &self.rulebook),
            1 => forbidden(&mut self.dice, &self.rulebook),
            choice => {
                let mut changed = self.rulebook.clone();
                if choice == 2 {
                    self.list_more(&mut changed);
                }
                vary(&mut self.dice, &mut changed);
                self.rulebook = changed.clone();
                changed
            }
        };
        SetRulebook { rulebook }.into()
    }

    /// Lists one asset and one instrument more, like ones that are there; a future ends soon.
    fn list_more(&mut self, rulebook: &mut Rulebook) {
        if rulebook.assets.len() >= 6 || rulebook.instruments.len() >= 9 {
            return;
        }
        let like = AssetId::new(self.any_asset().number().max(1)).index();
        let mut asset = rulebook.assets[like].clone();
        asset.name = format!("A{}", rulebook.assets.len());
        rulebook.assets.push(asset);
        let (level, base) = (self.levels[like], self.bases[like]);
        self.levels.push(level);
        self.bases.push(base);
        let mut instrument = self.dice.pick(&rulebook.instruments);
        instrument.name = format!("I{}", rulebook.instruments.len());
        if let InstrumentKind::Future { expires_at, .. } = &mut instrument.kind {
            *expires_at = self.now.plus(Duration::from_seconds(300));
        }
        rulebook.instruments.push(instrument);
    }

    fn halt_or_resume(&mut self) -> Command {
        let instrument = self.any_instrument();
        if self.dice.chance(250) {
            HaltInstrument { instrument }.into()
        } else {
            ResumeInstrument { instrument }.into()
        }
    }
}

pub(super) fn publish(feed: Feed, price: Price, published_at: Timestamp) -> Command {
    let source = u32::from(feed.role == FeedRole::Last);
    PublishPrice { feed, source, price, confidence: Price::new(0), published_at }.into()
}
