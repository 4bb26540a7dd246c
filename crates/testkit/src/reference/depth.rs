//! Finite depth, as defined: distance a (C / K)^p, cost its integral, impact its logarithm, all by
//! exact rationals rounded once where the definition rounds.

use super::analysis::{down_near, exp, ln, power, up_near};
use super::exact::{down, over, share, up, whole};
use super::state::State;
use dashu_ratio::RBig;
use domain::rulebook::{DepthRules, ImpactModel, PriceMode, Routing};
use domain::{Duration, InstrumentId, Price, Quote, Ratio, Timestamp};
use serde::Serialize;

/// One, on the scale of distances, impacts and levels.
pub(super) const ONE: i128 = 10_000_000_000_000_000;

/// Where a curve without an edge ends.
const ENDLESS: i128 = 10i128.pow(36);

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct ImpactState {
    pub permanent: i128,
    pub transient: i128,
    pub gap: i128,
    pub since: Timestamp,
}

impl ImpactState {
    pub const NONE: Self = Self { permanent: 0, transient: 0, gap: 0, since: Timestamp::START };
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct VenueState {
    pub venue: u16,
    pub depth: Quote,
    pub half_spread: Ratio,
    pub published_at: Timestamp,
}

/// A market with depth, in the order of its canonical bytes.
#[derive(Clone, Debug, Serialize)]
pub(super) struct DepthState {
    pub instrument: InstrumentId,
    pub recorded: Price,
    pub start: Price,
    pub impact: ImpactState,
    pub baseline: ImpactState,
    pub consumed: [i128; 2],
    pub level: i128,
    pub level_since: Timestamp,
    pub window_mark: Price,
    pub window_since: Timestamp,
    pub published: Vec<VenueState>,
}

/// One side of a book in one wave.
#[derive(Clone, Debug)]
pub(super) struct OpenSide {
    pub anchor: i128,
    pub measure: i128,
    pub opened: i128,
    pub consumed: i128,
}

/// A book in one wave: sells, buys.
#[derive(Clone, Debug)]
pub(super) struct OpenBook {
    pub curve: Curve,
    pub half_spread: i128,
    pub sides: [OpenSide; 2],
}

/// d = a (C / K)^p up to a largest distance.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    a: i128,
    k: i128,
    p: (u64, u64),
    most: i128,
    /// Consumed value at the largest distance.
    edge: i128,
    returns: bool,
}

/// A share of a number, as a whole number rounded up.
fn part_up(ratio: Ratio, number: i128) -> i128 {
    up(&(share(ratio) * whole(number)))
}

fn part_down(ratio: Ratio, number: i128) -> i128 {
    down(&(share(ratio) * whole(number)))
}

/// What is left after a time: nothing after 200 half-lives, all for a half-life of zero.
fn left(value: i128, passed: Duration, half_life: Duration, rounding: fn(&RBig) -> i128) -> i128 {
    let (passed, half_life) = (i128::from(passed.nanos()), i128::from(half_life.nanos()));
    if half_life == 0 || passed == 0 {
        return value;
    }
    if passed >= 200 * half_life {
        return 0;
    }
    let exact = whole(value.abs()) * exp(&(-ln(&whole(2)) * over(passed, half_life)));
    rounding(&exact) * value.signum()
}

impl Curve {
    fn new(rules: &DepthRules, k: i128, stressed: Ratio) -> Self {
        let average = |factor: Ratio, volatility: Ratio| {
            part_up(stressed, part_up(volatility, part_up(factor, ONE)))
        };
        let (a, p) = match rules.model {
            ImpactModel::Depth { exponent } => {
                (ONE / 100, (exponent.denominator(), exponent.numerator()))
            }
            ImpactModel::Linear | ImpactModel::LinearReturns => (ONE / 100, (1, 1)),
            ImpactModel::SquareRoot { factor, volatility } => {
                let average = average(factor, volatility);
                (average + up(&(whole(average) * over(1, 2))), (1, 2))
            }
            ImpactModel::Power { exponent, factor, volatility } => {
                let average = average(factor, volatility);
                let p = (exponent.numerator(), exponent.denominator());
                (average + part_up(exponent, average), p)
            }
            ImpactModel::Fixed { distance } => (part_up(distance, ONE), (0, 1)),
        };
        let returns = matches!(rules.model, ImpactModel::LinearReturns);
        let most = part_down(rules.distance_max, ONE);
        let edge = if p.0 == 0 || a == 0 {
            ENDLESS
        } else {
            down_near(&(whole(k) * power(&over(most, a), p.1, p.0))).min(ENDLESS)
        };
        Self { a, k, p, most, edge, returns }
    }

    fn growth(&self, consumed: i128) -> RBig {
        power(&over(consumed, self.k), self.p.0, self.p.1)
    }

    pub fn distance(&self, consumed: i128) -> i128 {
        up_near(&(whole(self.a) * self.growth(consumed))).min(self.most)
    }

    /// The integral of the distance; beyond the edge at the edge's distance.
    pub fn cost(&self, consumed: i128) -> i128 {
        let inside = consumed.min(self.edge);
        let (n, d) = (i128::from(self.p.0), i128::from(self.p.1));
        let integral = whole(inside) * over(self.a, ONE) * self.growth(inside) * over(d, n + d);
        up_near(&integral) + up(&(whole(self.most) * over(consumed - inside, ONE)))
    }

    /// What a side that reached a consumption did to the mid.
    fn impact(&self, side: usize, consumed: i128) -> i128 {
        let distance = self.distance(consumed);
        match (self.returns, side) {
            (true, _) => distance,
            (false, 0) => down(&(-ln(&over(ONE - distance, ONE)) * whole(ONE))),
            _ => down(&(ln(&over(ONE + distance, ONE)) * whole(ONE))),
        }
    }
}

impl OpenBook {
    /// What a size concedes to its side's anchor.
    pub fn conceded(&self, side: usize, size: i64) -> i128 {
        let at = &self.sides[side];
        let after = at.consumed + i128::from(size) * at.measure;
        let spread = |consumed: i128| up(&(whole(consumed) * over(self.half_spread, ONE)));
        let walked = (self.curve.cost(after) - self.curve.cost(at.consumed)).max(0);
        walked + spread(after) - spread(at.consumed)
    }

    /// How much a side can still take.
    pub fn available(&self, side: usize) -> i64 {
        let at = &self.sides[side];
        let size = down(&over((self.curve.edge - at.consumed).max(0), at.measure));
        i64::try_from(size).unwrap_or(i64::MAX)
    }

    fn pushed(&self) -> i128 {
        let grew = |side: usize| {
            let at = &self.sides[side];
            self.curve.impact(side, at.consumed) - self.curve.impact(side, at.opened)
        };
        grew(0) - grew(1)
    }
}

impl DepthState {
    pub fn new(instrument: InstrumentId) -> Self {
        Self {
            instrument,
            recorded: Price::new(0),
            start: Price::new(0),
            impact: ImpactState::NONE,
            baseline: ImpactState::NONE,
            consumed: [0; 2],
            level: ONE,
            level_since: Timestamp::START,
            window_mark: Price::new(0),
            window_since: Timestamp::START,
            published: Vec::new(),
        }
    }

    fn level_at(&self, rules: &DepthRules, now: Timestamp) -> i128 {
        rules.stress.map_or(ONE, |stress| {
            ONE - left(ONE - self.level, now.since(self.level_since), stress.recovery, down_near)
        })
    }

    /// Notes a published mark: the first one, the window's, and the regime it calls for.
    pub fn observe(&mut self, rules: &DepthRules, mark: Price, now: Timestamp) {
        let before = self.recorded;
        self.recorded = mark;
        if self.start.units() == 0 {
            (self.start, self.window_mark, self.window_since) = (mark, mark, now);
        } else if now.since(self.window_since) >= Duration::from_seconds(300) {
            (self.window_mark, self.window_since) = (before, now);
        }
        let Some(stress) = rules.stress else { return };
        let moved = over((mark.wide() - self.window_mark.wide()).abs(), self.window_mark.wide());
        let called = if moved > share(stress.severe_at) {
            stress.severe_level
        } else if moved > share(stress.at) {
            stress.level
        } else {
            return;
        };
        self.level = part_down(called, ONE).min(self.level_at(rules, now));
        self.level_since = now;
    }

    fn impact_at(impact: &ImpactState, rules: &DepthRules, now: Timestamp) -> ImpactState {
        let passed = now.since(impact.since);
        let arbitrage = rules.arbitrage;
        ImpactState {
            permanent: impact.permanent,
            transient: left(impact.transient, passed, rules.refill, down_near),
            gap: if arbitrage.nanos() == 0 {
                0
            } else {
                left(impact.gap, passed, arbitrage, down_near)
            },
            since: now,
        }
    }

    /// Depth and half spread of each venue.
    fn venues(&self, rules: &DepthRules, level: i128) -> Vec<(i128, Ratio)> {
        let mut list = Vec::new();
        for (place, venue) in rules.venues.iter().enumerate() {
            let published = self.published.iter().find(|one| usize::from(one.venue) == place);
            list.push(published.map_or_else(
                || {
                    let depth = down(&(whole(venue.depth.units()) * over(level, ONE)));
                    (depth.max(1), venue.half_spread)
                },
                |published| (published.depth.units(), published.half_spread),
            ));
        }
        list
    }

    /// The first venue's share of a number, by calm depths.
    fn of_first(&self, rules: &DepthRules, number: i128) -> i128 {
        let venues = self.venues(rules, ONE);
        let all: i128 = venues.iter().map(|(depth, _)| depth).sum();
        down(&(whole(number) * over(venues[0].0, all)))
    }

    fn of_mark(&self, impact: &ImpactState, rules: &DepthRules, now: Timestamp) -> i128 {
        let now = Self::impact_at(impact, rules, now);
        now.permanent + now.transient + part_down(rules.mark_weight, now.gap)
            - self.of_first(rules, now.gap)
    }

    pub fn mark(&self, rules: &DepthRules, mode: PriceMode, most: Price, now: Timestamp) -> Price {
        let impact = match mode {
            PriceMode::Exogenous | PriceMode::Baseline => return self.recorded,
            PriceMode::Synthetic => self.of_mark(&self.impact, rules, now),
            PriceMode::Differential => {
                self.of_mark(&self.impact, rules, now) - self.of_mark(&self.baseline, rules, now)
            }
        };
        let units = if matches!(rules.model, ImpactModel::LinearReturns) {
            self.recorded.wide() - up(&(whole(self.start.wide()) * over(impact, ONE)))
        } else {
            moved(self.recorded.wide(), impact)
        };
        Price::new(units.clamp(1, most.wide()) as i64)
    }

    /// The book of a wave at a mark.
    pub fn open(
        &self,
        rules: &DepthRules,
        mode: PriceMode,
        mark: Price,
        now: Timestamp,
    ) -> OpenBook {
        let level = self.level_at(rules, now);
        let venues = self.venues(rules, level);
        let (k, half_spread) = match rules.routing {
            Routing::First => (venues[0].0, part_up(venues[0].1, ONE)),
            Routing::Combined => {
                let all: i128 = venues.iter().map(|(depth, _)| depth).sum();
                let paid: i128 = venues.iter().map(|(depth, half)| part_up(*half, *depth)).sum();
                (all, up(&(whole(paid) * over(ONE, all))))
            }
        };
        let stressed = match rules.stress {
            Some(stress) if 2 * level < ONE => stress.volatility,
            _ => Ratio::ONE,
        };
        let curve = Curve::new(rules, k, stressed);
        let mid = self.mid(rules, mode, mark, now);
        let sides = [0, 1].map(|side| {
            let passed = now.since(self.impact.since);
            let consumed = left(self.consumed[side], passed, rules.refill, up_near);
            let distance = curve.distance(consumed);
            let signed = if side == 0 { distance } else { -distance };
            let untouched = if curve.returns {
                let part = down(&(whole(self.start.wide()) * over(distance, ONE)));
                mid + if side == 0 { part } else { -part }
            } else if side == 0 {
                down(&(whole(mid) * over(ONE, ONE - signed)))
            } else {
                up(&(whole(mid) * over(ONE, ONE - signed)))
            };
            let anchor = if matches!(mode, PriceMode::Exogenous) { mid } else { untouched.max(1) };
            let measure = if curve.returns { self.start.wide() } else { anchor };
            OpenSide { anchor, measure, opened: consumed, consumed }
        });
        OpenBook { curve, half_spread, sides }
    }

    fn mid(&self, rules: &DepthRules, mode: PriceMode, mark: Price, now: Timestamp) -> i128 {
        if matches!(mode, PriceMode::Exogenous | PriceMode::Baseline) {
            return mark.wide();
        }
        let gap = Self::impact_at(&self.impact, rules, now).gap;
        moved(mark.wide(), gap - part_down(rules.mark_weight, gap))
    }

    /// What a wave's fills leave.
    pub fn walk(&mut self, rules: &DepthRules, book: &OpenBook, now: Timestamp) {
        let increment = book.pushed();
        let before = Self::impact_at(&self.impact, rules, now);
        let first = matches!(rules.routing, Routing::First);
        let mean = if first { self.of_first(rules, increment) } else { increment };
        let stays = part_down(rules.permanent, mean);
        let parts = first && rules.arbitrage.nanos() > 0;
        self.impact = ImpactState {
            permanent: before.permanent + stays,
            transient: before.transient + mean - stays,
            gap: before.gap + if parts { increment } else { 0 },
            since: now,
        };
        self.consumed = [book.sides[0].consumed, book.sides[1].consumed];
    }
}

/// price * e^-impact, rounded down, at least one unit.
fn moved(price: i128, impact: i128) -> i128 {
    if impact == 0 {
        return price;
    }
    down_near(&(whole(price) * exp(&over(-impact, ONE)))).max(1)
}

impl State {
    pub fn depth_rules(&self, instrument: InstrumentId) -> Option<&DepthRules> {
        self.rulebook.sections.liquidity.market(instrument)
    }

    pub fn book(&self, instrument: InstrumentId) -> Option<&OpenBook> {
        self.books.get(&instrument)
    }
}
