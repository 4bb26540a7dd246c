//! Finite depth in the state: what is published, waves that walk books, and why accounts fall.

use super::depth::{DepthState, ImpactState, VenueState};
use super::exact::{down, over, whole};
use super::state::{Account, State};
use domain::command::{BaselineImpact, PublishDepth};
use domain::rulebook::{InstrumentKind, PriceMode};
use domain::{AccountId, AssetId, Effect, InstrumentId, Position, Price, Refusal, Rounding, Value};

use super::checks::{Broken, require};

impl State {
    /// Markets of the rulebook now in force: known ones stay, new ones begin at today's mark.
    pub fn list_depth(&mut self) {
        let known = std::mem::take(&mut self.depth);
        for rules in &self.rulebook.sections.liquidity.markets {
            let instrument = rules.instrument;
            let mut market = known.get(&instrument).cloned().unwrap_or_else(|| {
                let mut fresh = DepthState::new(instrument);
                let price = self.price_moved_by(instrument);
                if price.is_positive() {
                    fresh.observe(rules, price, self.now);
                }
                fresh
            });
            market.published.retain(|one| usize::from(one.venue) < rules.venues.len());
            self.depth.insert(instrument, market);
        }
    }

    /// The asset whose index an instrument's book moves: a spot instrument's base.
    pub fn base_of(&self, instrument: InstrumentId) -> Option<AssetId> {
        match self.rules_of(instrument).kind {
            InstrumentKind::Spot { base } => Some(base),
            _ => None,
        }
    }

    /// The price that an instrument's book moves: its mark, or the index of its base.
    fn price_moved_by(&self, instrument: InstrumentId) -> Price {
        match self.base_of(instrument) {
            Some(asset) => self.asset(asset).price,
            None => self.instrument(instrument).mark,
        }
    }

    /// The spot instrument that has depth for an asset.
    pub fn spot_of(&self, asset: AssetId) -> Option<InstrumentId> {
        let markets = self.rulebook.sections.liquidity.markets.iter();
        let mut places = markets.map(|market| market.instrument);
        places.find(|instrument| self.base_of(*instrument) == Some(asset))
    }

    /// The index in force after a published one.
    pub fn observe_index(&mut self, asset: AssetId, recorded: Price) -> Price {
        let Some(instrument) = self.spot_of(asset) else { return recorded };
        let price = self.observe(instrument, recorded);
        if price != recorded {
            self.effects.push(Effect::IndexMoved { asset, wave: 0, recorded, price });
        }
        price
    }

    /// The mark in force after a published one.
    pub fn observe_mark(&mut self, instrument: InstrumentId, recorded: Price) -> Price {
        if self.base_of(instrument).is_some() || self.depth_rules(instrument).is_none() {
            return recorded;
        }
        let mark = self.observe(instrument, recorded);
        if mark != recorded {
            self.effects.push(Effect::MarkMoved { instrument, wave: 0, recorded, mark });
        }
        mark
    }

    fn observe(&mut self, instrument: InstrumentId, recorded: Price) -> Price {
        let Some(rules) = self.depth_rules(instrument).cloned() else { return recorded };
        let now = self.now;
        let market = self.depth.get_mut(&instrument).expect("listed with its rules");
        let since = market.level_since;
        market.observe(&rules, recorded, now);
        if market.level_since != since {
            let level = market.level;
            self.effects.push(Effect::DepthLevelFell { instrument, level });
        }
        self.mark_of(instrument)
    }

    fn mark_of(&self, instrument: InstrumentId) -> Price {
        let liquidity = &self.rulebook.sections.liquidity;
        let rules = liquidity.market(instrument).expect("asked of markets with depth");
        let most = match self.base_of(instrument) {
            Some(asset) => self.asset_rules(asset).price_max,
            None => self.rules_of(instrument).price_max,
        };
        self.depth[&instrument].mark(rules, liquidity.price_mode, most, self.now)
    }

    pub fn publish_depth(&mut self, publish: &PublishDepth) {
        let PublishDepth { instrument, venue, depth, half_spread, published_at, .. } = *publish;
        let market = self.depth.get_mut(&instrument).expect("checked before");
        market.published.retain(|one| one.venue != venue);
        market.published.push(VenueState { venue, depth, half_spread, published_at });
        market.published.sort_by_key(|one| one.venue);
        self.effects.push(Effect::DepthPublished { instrument, venue, depth });
    }

    pub fn check_depth(&self, publish: &PublishDepth) -> Result<(), Refusal> {
        let instrument = publish.instrument;
        self.known_instrument(instrument)?;
        let published = self.depth.get(&instrument).map(|market| &market.published);
        let last = published.and_then(|list| list.iter().find(|one| one.venue == publish.venue));
        let mut broken = Broken::none();
        broken.unless(publish.published_at <= self.now, Refusal::PublishedInFuture);
        let forward = last.is_none_or(|last| publish.published_at >= last.published_at);
        let after_start = publish.published_at >= domain::Timestamp::START;
        broken.unless(forward && after_start, Refusal::PublishedBackwards);
        broken.unless(!self.instrument(instrument).expired, Refusal::InstrumentExpired);
        let venues = self.depth_rules(instrument).map_or(0, |rules| rules.venues.len());
        let listed = usize::from(publish.venue) < venues;
        let sized = (1..=10i128.pow(29)).contains(&publish.depth.units());
        let spread = publish.half_spread;
        let narrow = spread.is_canonical() && spread <= domain::Ratio::from_parts(250_000);
        broken.unless(listed && sized && narrow, Refusal::DepthUnfit);
        broken.first()
    }

    pub fn check_baseline(&self, baseline: &[BaselineImpact]) -> Result<(), Refusal> {
        let mut places: Vec<_> = baseline.iter().map(|one| (one.wave, one.instrument)).collect();
        let given = places.clone();
        places.sort();
        places.dedup();
        let modest = |number: i128| number.abs() <= 40 * super::depth::ONE;
        let known = baseline.iter().all(|one| {
            self.depth.contains_key(&one.instrument)
                && one.since <= self.now
                && modest(one.permanent)
                && modest(one.transient)
                && modest(one.gap)
        });
        require(known && places == given, Refusal::BaselineUnfit)
    }

    /// What the baseline had after waves up to one is in force.
    pub fn advance_baseline(&mut self, until: u16) {
        for one in self.baseline.clone() {
            if one.wave <= until
                && let Some(market) = self.depth.get_mut(&one.instrument)
            {
                let BaselineImpact { permanent, transient, gap, since, .. } = one;
                market.baseline = ImpactState { permanent, transient, gap, since };
            }
        }
    }

    /// Opens every book of a wave.
    pub fn open_books(&mut self) {
        let liquidity = &self.rulebook.sections.liquidity;
        for rules in &liquidity.markets {
            let mark = self.price_moved_by(rules.instrument);
            if mark.is_positive() {
                let market = &self.depth[&rules.instrument];
                let book = market.open(rules, liquidity.price_mode, mark, self.now);
                self.books.insert(rules.instrument, book);
            }
        }
    }

    /// Ends a wave: fills become impact, marks follow.
    pub fn end_wave(&mut self, wave: u16) {
        self.advance_baseline(wave);
        let now = self.now;
        let mode = self.rulebook.sections.liquidity.price_mode;
        let moves = self.priced || mode != PriceMode::Differential;
        for (instrument, book) in std::mem::take(&mut self.books) {
            if book.sides.iter().all(|side| side.consumed == side.opened) {
                continue;
            }
            let rules = self.depth_rules(instrument).cloned().expect("opened by its rules");
            let market = self.depth.get_mut(&instrument).expect("opened from its market");
            market.walk(&rules, &book, now);
            let ImpactState { permanent, transient, gap, .. } = market.impact;
            let recorded = market.recorded;
            let edges = [0, 1].map(|side| book.curve.distance(book.sides[side].consumed));
            let moved = Effect::ImpactMoved { instrument, wave, permanent, transient, gap, edges };
            self.effects.push(moved);
            let mark = self.mark_of(instrument);
            if let Some(asset) = self.base_of(instrument) {
                if moves && self.asset(asset).price != mark {
                    self.accumulate(asset);
                    self.asset_mut(asset).price = mark;
                    let price = mark;
                    self.effects.push(Effect::IndexMoved { asset, wave, recorded, price });
                }
                continue;
            }
            let market = self.instrument_mut(instrument);
            if moves && market.mark != mark && !market.expired {
                market.mark = mark;
                self.effects.push(Effect::MarkMoved { instrument, wave, recorded, mark });
            }
        }
    }

    /// Why an account is being sold out, where depth is finite.
    pub fn trace(&mut self, account: AccountId) {
        if self.depth.is_empty() {
            return;
        }
        let mut recorded = self.clone();
        for (instrument, market) in &self.depth {
            match self.base_of(*instrument) {
                Some(asset) => recorded.asset_mut(asset).price = market.recorded,
                None => recorded.instrument_mut(*instrument).mark = market.recorded,
            }
        }
        let mut reference = recorded.clone();
        for place in 0..self.rulebook.instruments.len() as u32 {
            let instrument = InstrumentId::new(place);
            if let Some(price) = self.index_of(instrument) {
                reference.instrument_mut(instrument).mark = price;
            }
        }
        let held = self.account(account).clone();
        let healthy = |state: &Self| {
            let assessment = state.assess(&held);
            assessment.adjusted >= assessment.maintenance
        };
        let (induced, wrongful) = (healthy(&recorded), healthy(&reference));
        let cause = if induced { self.cause(&held) } else { None };
        let least = self.target(&held).map_or(0, |position| self.least(&held, &position));
        let least = Value::new(least);
        self.effects.push(Effect::LiquidationTraced { account, induced, wrongful, cause, least });
    }

    /// The instrument in which impact cost the account most.
    fn cause(&self, account: &Account) -> Option<InstrumentId> {
        let mut worst = (0, None);
        let positions = account.positions.values();
        for position in positions {
            let instrument = position.instrument;
            let market = self.instrument(instrument);
            let recorded =
                self.depth.get(&instrument).map_or(market.mark, |market| market.recorded);
            let lost = position.quantity.wide() * (recorded.wide() - market.mark.wide());
            let lost = self.worth(self.rules_of(instrument).settles, lost, Rounding::Down);
            if lost > worst.0 {
                worst = (lost, Some(instrument));
            }
        }
        // Of balances the first of those that lost most, if that is more than any position did.
        let mut most: Option<(i128, InstrumentId)> = None;
        for (instrument, market) in &self.depth {
            let Some(asset) = self.base_of(*instrument) else { continue };
            let Some(balance) = account.balances.get(&asset) else { continue };
            let fallen = market.recorded.wide() - self.asset(asset).price.wide();
            let lost = balance.amount.units() * fallen;
            if most.is_none_or(|(more, _)| lost > more) {
                most = Some((lost, *instrument));
            }
        }
        match most {
            Some((lost, instrument)) if lost > worst.0 => Some(instrument),
            _ => worst.1,
        }
    }

    /// Notional of the fewest lots that reach release at the mark for nothing, or all of it.
    fn least(&self, account: &Account, position: &Position) -> i128 {
        let lot = self.rules_of(position.instrument).lot.units().unsigned_abs();
        let size = position.quantity.units().unsigned_abs();
        let mark = self.instrument(position.instrument).mark.wide();
        let closed = |lots: u64| lots.saturating_mul(lot).min(size) as i64;
        let short = |lots: u64| {
            let size = closed(lots);
            let quantity = if position.quantity.is_negative() { size } else { -size };
            let quote = i128::from(quantity) * mark;
            let fill = super::fill::Fill { quantity, quote };
            self.assess(&self.after_fill(account, position.instrument, fill, 0)).shortfall() > 0
        };
        let (mut too_few, mut enough) = (0, size.div_ceil(lot));
        if !short(enough) {
            while enough - too_few > 1 {
                let middle = too_few + (enough - too_few) / 2;
                if short(middle) {
                    too_few = middle;
                } else {
                    enough = middle;
                }
            }
        }
        self.notional(position, closed(enough))
    }

    /// The index of what an instrument follows, in its own price unit.
    fn index_of(&self, instrument: InstrumentId) -> Option<Price> {
        let rules = self.rules_of(instrument);
        let (InstrumentKind::Perpetual { underlying } | InstrumentKind::Future { underlying, .. }) =
            rules.kind
        else {
            return None;
        };
        let (index, settles) = (self.index_price(underlying), self.index_price(rules.settles));
        if index <= 0 || settles <= 0 {
            return None;
        }
        let quoted = over(index, self.scale(underlying)) * over(self.scale(rules.settles), settles);
        let unit = whole(10i128.pow(u32::from(rules.price_decimals)));
        let price = i64::try_from(down(&(quoted * unit))).ok()?;
        (price > 0).then(|| Price::new(price).min(rules.price_max))
    }
}
