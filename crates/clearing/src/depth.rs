//! Finite depth: what markets remember of forced trades, and the books that a wave walks.
//!
//! A book is opened from its market when a wave first needs it and dropped when the wave ends; what
//! was filled then becomes impact and consumption. Law: between events there is no open book, and
//! there is one market for each instrument that the rulebook gives depth, in its order.

use crate::expiry;
use crate::house::Books;
use crate::watch::Watch;
use alloc::vec::Vec;
use domain::command::{BaselineImpact, PublishDepth};
use domain::rulebook::{DepthRules, PriceMode};
use domain::{AssetId, Effect, InstrumentId, Price, Quantity, Quote, Ratio, Refusal, Timestamp};
use risk::impact::book::MarketBook;
use risk::impact::market::{DepthMarket, Impact, PublishedDepth};

/// Largest depth that may be published, as in rulebooks.
const DEPTH_MAX: Quote = Quote::new(10i128.pow(29));

/// Largest half spread that may be published, as in rulebooks.
const HALF_SPREAD_MAX: Ratio = Ratio::from_parts(250_000);

/// Markets with depth.
#[derive(Clone, Debug, Default)]
pub(crate) struct Depth {
    markets: Vec<DepthMarket>,
    /// Books of the present wave; derived, empty between events.
    books: Vec<MarketBook>,
}

impl Depth {
    pub const fn new() -> Self {
        Self { markets: Vec::new(), books: Vec::new() }
    }

    pub const fn restore(markets: Vec<DepthMarket>) -> Self {
        Self { markets, books: Vec::new() }
    }

    /// Becomes a copy of another's markets; books are open within an event only.
    pub fn copy_from(&mut self, other: &Self) {
        self.markets.clone_from(&other.markets);
        self.books.clear();
    }

    pub fn markets(&self) -> &[DepthMarket] {
        &self.markets
    }

    pub fn books(&self) -> &[MarketBook] {
        &self.books
    }

    /// Whether depth is finite anywhere.
    pub const fn is_finite(&self) -> bool {
        !self.markets.is_empty()
    }

    fn market(&self, instrument: InstrumentId) -> Option<&DepthMarket> {
        let markets = &self.markets;
        let place = markets.binary_search_by_key(&instrument, |market| market.instrument).ok()?;
        markets.get(place)
    }

    fn market_mut(&mut self, instrument: InstrumentId) -> Option<&mut DepthMarket> {
        let places = self.markets.binary_search_by_key(&instrument, |one| one.instrument);
        places.ok().and_then(|place| self.markets.get_mut(place))
    }

    fn put(&mut self, market: DepthMarket) {
        if let Some(slot) = self.market_mut(market.instrument) {
            *slot = market;
        }
    }

    /// Takes what was just filled out of the open book, if there is one.
    pub fn consume(&mut self, instrument: InstrumentId, short: bool, size: Quantity) {
        let place = self.books.binary_search_by_key(&instrument, |book| book.instrument);
        if let Some(book) = place.ok().and_then(|place| self.books.get_mut(place)) {
            book.side_mut(short).consume(size);
        }
    }
}

/// Lists the markets of the rulebook in force: known ones as they are, new ones as of today's mark.
pub(crate) fn list(books: &mut Books) {
    let known = core::mem::take(&mut books.depth).markets;
    let now = books.now();
    let mut markets = Vec::with_capacity(books.rulebook.sections.liquidity.markets.len());
    for rules in &books.rulebook.sections.liquidity.markets {
        let kept = known.iter().find(|market| market.instrument == rules.instrument);
        let mut market = kept.cloned().unwrap_or_else(|| {
            let fresh = DepthMarket::new(rules.instrument);
            let mark = price(books, rules);
            if mark.is_positive() { fresh.observed(rules, mark, now) } else { fresh }
        });
        let venues = rules.venues.len();
        market.published.retain(|published| usize::from(published.venue) < venues);
        markets.push(market);
    }
    books.depth = Depth::restore(markets);
}

fn rules(books: &Books, instrument: InstrumentId) -> Option<&DepthRules> {
    books.rulebook.sections.liquidity.market(instrument)
}

/// The price in force that a market moves: an instrument's mark, or the index of a spot one's
/// base.
fn price(books: &Books, rules: &DepthRules) -> Price {
    match books.rulebook.spot_base(rules) {
        Some(asset) => books.prices().asset(asset).price,
        None => books.prices().instrument(rules.instrument).mark,
    }
}

/// An asset's published index as the machine values: with what forced sales did to it.
pub(crate) fn observe_index(
    books: &mut Books,
    asset: AssetId,
    recorded: Price,
    effects: &mut Vec<Effect>,
) -> Price {
    if !books.depth.is_finite() {
        return recorded;
    }
    let spot = books.rulebook.spot_depth(asset).map(|rules| rules.instrument);
    let Some(instrument) = spot else { return recorded };
    let Some((price, fell)) = observed(books, instrument, recorded) else { return recorded };
    effects.extend(fell);
    if price != recorded {
        effects.push(Effect::IndexMoved { asset, wave: 0, recorded, price });
    }
    price
}

/// The instrument's published mark as the machine marks: with impact, where the mode says so.
pub(crate) fn observe(
    books: &mut Books,
    instrument: InstrumentId,
    recorded: Price,
    effects: &mut Vec<Effect>,
) -> Price {
    let spot = rules(books, instrument).and_then(|rules| books.rulebook.spot_base(rules));
    if spot.is_some() {
        // The book of a spot instrument moves its base's index; its mark is as published.
        return recorded;
    }
    let Some((mark, fell)) = observed(books, instrument, recorded) else { return recorded };
    effects.extend(fell);
    if mark != recorded {
        effects.push(Effect::MarkMoved { instrument, wave: 0, recorded, mark });
    }
    mark
}

/// Notes a published price in its market: the one in force then, and whether depth fell for it.
fn observed(
    books: &mut Books,
    instrument: InstrumentId,
    recorded: Price,
) -> Option<(Price, Option<Effect>)> {
    let now = books.now();
    let Books { rulebook, depth, .. } = &mut *books;
    let place = rulebook.sections.liquidity.place(instrument)?;
    let rules = rulebook.sections.liquidity.markets.get(place)?;
    // Markets lie as the rulebook lists them.
    let market = depth.markets.get_mut(place).filter(|market| market.instrument == instrument)?;
    let level_since = market.level_since;
    market.observe(rules, recorded, now);
    let fell = market.level_since != level_since;
    let fell = fell.then_some(Effect::DepthLevelFell { instrument, level: market.level });
    let price = if market.is_as_published(rulebook.sections.liquidity.price_mode) {
        recorded
    } else {
        let rules = books.rulebook.sections.liquidity.markets.get(place)?;
        mark(books, rules, books.depth.markets.get(place)?)
    };
    Some((price, fell))
}

fn mark(books: &Books, rules: &DepthRules, market: &DepthMarket) -> Price {
    let mode = books.rulebook.sections.liquidity.price_mode;
    let most = match books.rulebook.spot_base(rules) {
        Some(asset) => books.prices().asset_rules(asset).price_max,
        None => books.prices().instrument_rules(market.instrument).price_max,
    };
    market.mark(rules, mode, most, books.now())
}

/// Opens the book that collateral of an asset is sold into, where it has one.
pub(crate) fn open_spot(books: &mut Books, asset: AssetId) {
    if let Some(instrument) = books.rulebook.spot_depth(asset).map(|rules| rules.instrument) {
        open(books, instrument);
    }
}

/// Opens the book of an instrument for the present wave, where it has depth.
pub(crate) fn open(books: &mut Books, instrument: InstrumentId) {
    if !books.depth.is_finite() {
        return;
    }
    let Err(place) = books.depth.books.binary_search_by_key(&instrument, |book| book.instrument)
    else {
        return;
    };
    let Some((rules, market)) = rules(books, instrument).zip(books.depth.market(instrument)) else {
        return;
    };
    let mode = books.rulebook.sections.liquidity.price_mode;
    let mark = price(books, rules);
    if mark.is_positive() {
        let book = market.open(rules, mode, mark, books.now());
        books.depth.books.insert(place, book);
    }
}

/// Ends a wave: its fills become impact, and marks follow. A differential mark waits for a price
/// command, where the baseline is told as well.
pub(crate) fn end_wave(
    books: &mut Books,
    watch: &mut Watch,
    (wave, priced): (u16, bool),
    effects: &mut Vec<Effect>,
) {
    let mode = books.rulebook.sections.liquidity.price_mode;
    let moves = priced || mode != PriceMode::Differential;
    let opened = core::mem::take(&mut books.depth.books);
    for book in opened.iter().filter(|book| book.is_walked()) {
        let instrument = book.instrument;
        let Some((rules, market)) = rules(books, instrument).zip(books.depth.market(instrument))
        else {
            continue;
        };
        let (impact, consumed) = market.walked(rules, book, books.now());
        let market = DepthMarket { impact, consumed, ..market.clone() };
        let mark = mark(books, rules, &market);
        let spot = books.rulebook.spot_base(rules);
        let recorded = market.recorded;
        books.depth.put(market);
        let Impact { permanent, transient, gap, .. } = impact;
        let edges = book.edges();
        effects.push(Effect::ImpactMoved { instrument, wave, permanent, transient, gap, edges });
        if let Some(asset) = spot.filter(|_| moves) {
            move_index(books, watch, asset, mark, (wave, recorded), effects);
        } else if moves {
            move_mark(books, watch, instrument, mark, (wave, recorded), effects);
        }
    }
}

fn move_mark(
    books: &mut Books,
    watch: &mut Watch,
    instrument: InstrumentId,
    mark: Price,
    (wave, recorded): (u16, Price),
    effects: &mut Vec<Effect>,
) {
    let Some(market) = books.instruments.get_mut(instrument.index()) else { return };
    if market.mark == mark || market.expired {
        return;
    }
    market.mark = mark;
    watch.move_instrument(&mut books.accounts, instrument, market.funded_mark());
    effects.push(Effect::MarkMoved { instrument, wave, recorded, mark });
}

fn move_index(
    books: &mut Books,
    watch: &mut Watch,
    asset: AssetId,
    price: Price,
    (wave, recorded): (u16, Price),
    effects: &mut Vec<Effect>,
) {
    if books.prices().asset(asset).price == price {
        return;
    }
    expiry::accumulate(books, asset);
    books.asset_market(asset).price = price;
    watch.move_asset(&mut books.accounts, asset, price);
    effects.push(Effect::IndexMoved { asset, wave, recorded, price });
}

pub(crate) fn check_depth(books: &Books, publish: &PublishDepth) -> Result<(), Refusal> {
    let instrument = publish.instrument;
    crate::plan::require_instrument(books, instrument)?;
    let require = crate::plan::require;
    let market = books.depth.market(instrument);
    let last = market.and_then(|market| published(market, publish.venue));
    let last = last.map_or(Timestamp::START, |last| last.published_at);
    require(publish.published_at <= books.now(), Refusal::PublishedInFuture)?;
    require(publish.published_at >= last, Refusal::PublishedBackwards)?;
    require(!books.prices().instrument(instrument).expired, Refusal::InstrumentExpired)?;
    let venues = rules(books, instrument).map_or(0, |rules| rules.venues.len());
    let fits = usize::from(publish.venue) < venues
        && (Quote::new(1)..=DEPTH_MAX).contains(&publish.depth)
        && publish.half_spread.is_canonical()
        && publish.half_spread <= HALF_SPREAD_MAX;
    require(fits, Refusal::DepthUnfit)
}

fn published(market: &DepthMarket, venue: u16) -> Option<&PublishedDepth> {
    market.published.iter().find(|published| published.venue == venue)
}

pub(crate) fn publish(books: &mut Books, publish: &PublishDepth, effects: &mut Vec<Effect>) {
    let PublishDepth { instrument, venue, depth, half_spread, published_at, .. } = *publish;
    let Some(market) = books.depth.market(instrument) else { return };
    let mut market = market.clone();
    let row = PublishedDepth { venue, depth, half_spread, published_at };
    match market.published.binary_search_by_key(&venue, |published| published.venue) {
        Ok(place) => {
            if let Some(slot) = market.published.get_mut(place) {
                *slot = row;
            }
        }
        Err(place) => market.published.insert(place, row),
    }
    books.depth.put(market);
    effects.push(Effect::DepthPublished { instrument, venue, depth });
}

/// A baseline comes by wave, is of markets with depth and from the past.
pub(crate) fn check_baseline(books: &Books, baseline: &[BaselineImpact]) -> Result<(), Refusal> {
    // Any price that impact could not move past: e^-40 is below every price unit.
    let bound = 40 * risk::impact::SHARE_ONE;
    let fits = |item: &BaselineImpact| {
        books.depth.market(item.instrument).is_some()
            && item.since <= books.now()
            && [item.permanent, item.transient, item.gap].iter().all(|one| one.abs() <= bound)
    };
    let ordered = baseline.windows(2).all(|pair| match pair {
        [one, next] => (one.wave, one.instrument) < (next.wave, next.instrument),
        _ => true,
    });
    crate::plan::require(ordered && baseline.iter().all(fits), Refusal::BaselineUnfit)
}

/// What the baseline had after the waves before `until` comes into force; the rest is returned.
pub(crate) fn advance_baseline<'a>(
    books: &mut Books,
    baseline: &'a [BaselineImpact],
    until: Option<u16>,
) -> &'a [BaselineImpact] {
    let due = baseline.iter().take_while(|item| until.is_none_or(|wave| item.wave <= wave));
    let due = due.count();
    let (now, later) = baseline.split_at(due);
    for item in now {
        if let Some(market) = books.depth.market(item.instrument) {
            let BaselineImpact { permanent, transient, gap, since, .. } = *item;
            let baseline = Impact { permanent, transient, gap, since };
            let market = DepthMarket { baseline, ..market.clone() };
            books.depth.put(market);
        }
    }
    later
}
