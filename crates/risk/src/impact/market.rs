//! A market's liquidity between events: what it gave, what it did to prices, how it comes back.
//!
//! What decays is kept as a value and the instant it held, and is brought forward only where a fill
//! changes it, so an event in between changes nothing.

use super::book::{MarketBook, SideBook};
use super::curve::Curve;
use super::{SHARE_ONE, decayed, moved};
use domain::rulebook::{DepthRules, ImpactModel, PriceMode, Routing, StressRules};
use domain::wide::{cmp_products, div, mul_div};
use domain::{Duration, InstrumentId, Price, Quote, Ratio, Rounding, Timestamp};
use serde::{Deserialize, Serialize};

/// How far back a return looks at most, and at least half of it once prices flow.
const WINDOW: Duration = Duration::from_seconds(300);

/// What forced trades did to an instrument's prices, at 1e-16; above zero pushes down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// Stays.
    pub permanent: i128,
    /// Decays with the half-life `refill`.
    pub transient: i128,
    /// What the first venue has beyond the others; decays with the half-life `arbitrage`.
    pub gap: i128,
    /// When these held.
    pub since: Timestamp,
}

impl Impact {
    /// None, ever.
    pub const NONE: Self = Self { permanent: 0, transient: 0, gap: 0, since: Timestamp::START };

    /// Nothing was done, or all of it decayed.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.permanent == 0 && self.transient == 0 && self.gap == 0
    }

    /// The same later: by time alone, magnitudes rounded down.
    #[must_use]
    pub fn at(&self, rules: &DepthRules, now: Timestamp) -> Self {
        let passed = now.since(self.since);
        let gap = if rules.arbitrage.nanos() == 0 {
            0
        } else {
            decayed(self.gap, passed, rules.arbitrage, Rounding::Down)
        };
        let transient = decayed(self.transient, passed, rules.refill, Rounding::Down);
        Self { permanent: self.permanent, transient, gap, since: now }
    }

    /// After an increment of the mids that trades were sent to: `first` of the first venue alone.
    fn pushed(self, rules: &DepthRules, increment: i128, shares: VenueShares) -> Self {
        let first = matches!(rules.routing, Routing::First);
        let mean = if first { shares.of_first(increment) } else { increment };
        let stays = rules.permanent.of(mean, Rounding::Down);
        Self {
            permanent: self.permanent + stays,
            transient: self.transient + mean - stays,
            gap: if first && rules.arbitrage.nanos() > 0 { self.gap + increment } else { self.gap },
            since: self.since,
        }
    }

    /// Of the mark: the mean of all venues by depth, and the first venue's own by `mark_weight`.
    fn of_mark(&self, rules: &DepthRules, shares: VenueShares) -> i128 {
        self.permanent + self.transient + rules.mark_weight.of(self.gap, Rounding::Down)
            - shares.of_first(self.gap)
    }
}

/// Depth of the first venue and of all.
#[derive(Clone, Copy, Debug)]
struct VenueShares {
    first: i128,
    all: i128,
}

impl VenueShares {
    fn of_first(self, value: i128) -> i128 {
        let part = mul_div(value, self.first, self.all, Rounding::Down);
        part.expect("a part is no larger than the whole")
    }
}

/// A venue's depth as published, in place of the rulebook's and its regime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedDepth {
    /// The venue's place in the rulebook's list.
    pub venue: u16,
    /// K, as the model reads it.
    pub depth: Quote,
    /// Paid on top by every fill.
    pub half_spread: Ratio,
    /// When it was observed.
    pub published_at: Timestamp,
}

/// Liquidity of an instrument as the market left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepthMarket {
    /// Whose.
    pub instrument: InstrumentId,
    /// Last published mark, before impact; zero before the first.
    pub recorded: Price,
    /// The first one: where returns are counted from.
    pub start: Price,
    /// What this run did; consumption held at the same instant.
    pub impact: Impact,
    /// What the baseline did, as told by price commands.
    pub baseline: Impact,
    /// Value consumed by sells and by buys.
    pub consumed: [Quote; 2],
    /// Share of the rulebook's depth that is there, at 1e-16.
    pub level: i128,
    /// When it held.
    pub level_since: Timestamp,
    /// Mark from which the present return is counted; zero before the first.
    pub window_mark: Price,
    /// Since when.
    pub window_since: Timestamp,
    /// Depths that were published, by venue.
    pub published: alloc::vec::Vec<PublishedDepth>,
}

impl DepthMarket {
    /// A market that nobody touched.
    #[must_use]
    pub const fn new(instrument: InstrumentId) -> Self {
        Self {
            instrument,
            recorded: Price::new(0),
            start: Price::new(0),
            impact: Impact::NONE,
            baseline: Impact::NONE,
            consumed: [Quote::ZERO; 2],
            level: SHARE_ONE,
            level_since: Timestamp::START,
            window_mark: Price::new(0),
            window_since: Timestamp::START,
            published: alloc::vec::Vec::new(),
        }
    }

    /// Share of the rulebook's depth there now: what is missing to calm decays.
    ///
    /// Worked: a tenth, one half-life later: .55.
    #[must_use]
    pub fn level_at(&self, rules: &DepthRules, now: Timestamp) -> i128 {
        let Some(stress) = &rules.stress else { return SHARE_ONE };
        let missing = SHARE_ONE - self.level;
        let passed = now.since(self.level_since);
        SHARE_ONE - decayed(missing, passed, stress.recovery, Rounding::Down)
    }

    /// The market after a mark was published: where returns are counted from, and the regime.
    pub fn observe(&mut self, rules: &DepthRules, mark: Price, now: Timestamp) {
        let before = core::mem::replace(&mut self.recorded, mark);
        if !self.start.is_positive() {
            (self.start, self.window_mark, self.window_since) = (mark, mark, now);
        } else if now.since(self.window_since) >= WINDOW {
            (self.window_mark, self.window_since) = (before, now);
        }
        if let Some(stress) = &rules.stress
            && let Some(level) = fallen_to(stress, self.window_mark, mark)
        {
            (self.level, self.level_since) = (level.min(self.level_at(rules, now)), now);
        }
    }

    /// The same of a copy.
    #[must_use]
    pub fn observed(&self, rules: &DepthRules, mark: Price, now: Timestamp) -> Self {
        let mut after = self.clone();
        after.observe(rules, mark, now);
        after
    }

    /// Nothing that was done moves the mark away from the published one.
    #[must_use]
    pub const fn is_as_published(&self, mode: PriceMode) -> bool {
        let differs = matches!(mode, PriceMode::Differential) && !self.baseline.is_none();
        self.impact.is_none() && !differs
    }

    /// The mark in force: as published, or moved by this run's impact less the baseline's.
    #[must_use]
    pub fn mark(&self, rules: &DepthRules, mode: PriceMode, most: Price, now: Timestamp) -> Price {
        if self.is_as_published(mode) {
            return self.recorded;
        }
        let shares = self.shares(rules);
        let own = || self.impact.at(rules, now).of_mark(rules, shares);
        let impact = match mode {
            PriceMode::Exogenous | PriceMode::Baseline => return self.recorded,
            PriceMode::Synthetic => own(),
            PriceMode::Differential => own() - self.baseline.at(rules, now).of_mark(rules, shares),
        };
        let recorded = self.recorded.wide();
        let units = if matches!(rules.model, ImpactModel::LinearReturns) {
            recorded - scaled(self.start, impact, Rounding::Up)
        } else {
            moved(recorded, impact)
        };
        let units = units.clamp(1, most.wide().max(1));
        Price::new(i64::try_from(units).expect("clamped to a price"))
    }

    /// Depth K by venue, the regime applied where it is the rulebook's.
    fn depths<'a>(
        &'a self,
        rules: &'a DepthRules,
        level: i128,
    ) -> impl Iterator<Item = (i128, Ratio)> + 'a {
        (0u16..).zip(&rules.venues).map(move |(place, venue)| {
            match self.published.iter().find(|published| published.venue == place) {
                Some(published) => (published.depth.units(), published.half_spread),
                None => {
                    let depth = mul_div(venue.depth.units(), level, SHARE_ONE, Rounding::Down);
                    (depth.unwrap_or(1).max(1), venue.half_spread)
                }
            }
        })
    }

    /// Shares by the calm depths: a regime moves all venues alike.
    fn shares(&self, rules: &DepthRules) -> VenueShares {
        let first = self.depths(rules, SHARE_ONE).next().map_or(1, |(depth, _)| depth);
        let all = self.depths(rules, SHARE_ONE).map(|(depth, _)| depth).sum();
        VenueShares { first, all }
    }

    /// What a wave at this mark sees.
    #[must_use]
    pub fn open(
        &self,
        rules: &DepthRules,
        mode: PriceMode,
        mark: Price,
        now: Timestamp,
    ) -> MarketBook {
        let level = self.level_at(rules, now);
        let (depth, half_spread) = self.routed(rules, level);
        let curve = Curve::new(rules, depth, stressed(rules, level));
        let returns = matches!(rules.model, ImpactModel::LinearReturns);
        let mid = self.mid(rules, mode, mark, now);
        let side = |consumed: Quote, sells: bool| {
            let passed = now.since(self.impact.since);
            let left = decayed(consumed.units(), passed, rules.refill, Rounding::Up);
            let consumed = Quote::new(left);
            let distance = curve.distance(consumed);
            let anchor = match mode {
                PriceMode::Exogenous => mid,
                _ if returns => returned(mid, self.start, distance, sells),
                _ => anchored(mid, distance, sells),
            };
            let measure = if returns { self.start } else { anchor };
            SideBook { curve, anchor, measure, opened: consumed, consumed, half_spread }
        };
        MarketBook {
            instrument: self.instrument,
            sells: side(self.consumed[0], true),
            buys: side(self.consumed[1], false),
            returns,
        }
    }

    /// Depth and half spread of the venues that trades are sent to.
    fn routed(&self, rules: &DepthRules, level: i128) -> (i128, i128) {
        let spread = |ratio: Ratio| ratio.of(SHARE_ONE, Rounding::Up);
        match rules.routing {
            Routing::First => {
                let first = self.depths(rules, level).next();
                first.map_or((1, 0), |(depth, half)| (depth, spread(half)))
            }
            Routing::Combined => {
                let (mut all, mut paid) = (0, 0);
                for (depth, half) in self.depths(rules, level) {
                    all += depth;
                    paid += half.of(depth, Rounding::Up);
                }
                let mean = mul_div(paid, SHARE_ONE, all, Rounding::Up);
                (all, mean.expect("a mean of shares is a share"))
            }
        }
    }

    /// Mid of the venues that trades are sent to: the mark, less what the mark leaves out of the
    /// first venue's gap.
    fn mid(&self, rules: &DepthRules, mode: PriceMode, mark: Price, now: Timestamp) -> Price {
        if matches!(mode, PriceMode::Exogenous | PriceMode::Baseline) || self.impact.gap == 0 {
            return mark;
        }
        let gap = self.impact.at(rules, now).gap;
        let left_out = gap - rules.mark_weight.of(gap, Rounding::Down);
        Price::new(i64::try_from(moved(mark.wide(), left_out)).unwrap_or(i64::MAX))
    }

    /// Impact and consumption after a wave's fills.
    #[must_use]
    pub fn walked(
        &self,
        rules: &DepthRules,
        book: &MarketBook,
        now: Timestamp,
    ) -> (Impact, [Quote; 2]) {
        let impact = self.impact.at(rules, now);
        let impact = impact.pushed(rules, book.impact(), self.shares(rules));
        (impact, [book.sells.consumed, book.buys.consumed])
    }
}

/// The level that a return calls for, if any.
fn fallen_to(stress: &StressRules, from: Price, to: Price) -> Option<i128> {
    let distance = (to.wide() - from.wide()).abs();
    let beyond = |ratio: Ratio| {
        let (over, under) = (i128::from(ratio.numerator()), i128::from(ratio.denominator()));
        cmp_products(distance, under, from.wide(), over).is_gt()
    };
    let level = if beyond(stress.severe_at) {
        stress.severe_level
    } else if beyond(stress.at) {
        stress.level
    } else {
        return None;
    };
    Some(level.of(SHARE_ONE, Rounding::Down))
}

fn stressed(rules: &DepthRules, level: i128) -> Ratio {
    match &rules.stress {
        Some(stress) if 2 * level < SHARE_ONE => stress.volatility,
        _ => Ratio::ONE,
    }
}

/// A share at 1e-16 of a price.
fn scaled(price: Price, share: i128, rounding: Rounding) -> i128 {
    mul_div(price.wide(), share, SHARE_ONE, rounding).unwrap_or(i128::MAX / 4)
}

/// Where a side stands untouched whose mid gave way by a distance, against the account.
fn anchored(mid: Price, distance: i128, sells: bool) -> Price {
    let product = mid.wide() * SHARE_ONE;
    let units = if sells {
        div(product, SHARE_ONE - distance, Rounding::Down)
    } else {
        div(product, SHARE_ONE + distance, Rounding::Up)
    };
    Price::new(i64::try_from(units.max(1)).unwrap_or(i64::MAX))
}

/// The same where moves add as returns on the starting price.
fn returned(mid: Price, start: Price, distance: i128, sells: bool) -> Price {
    let moved = scaled(start, distance, Rounding::Down);
    let units = if sells { mid.wide() + moved } else { mid.wide() - moved };
    Price::new(i64::try_from(units.max(1)).unwrap_or(i64::MAX))
}
