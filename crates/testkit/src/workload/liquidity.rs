//! Finite depth out of a seed, and the commands that go with it.

use super::Workload;
use super::dice::Dice;
use super::rules::ratio;
use domain::command::{BaselineImpact, PublishDepth, PublishPrice, PublishPriceWithBaseline};
use domain::rulebook::{
    DepthRules, ImpactModel, InstrumentKind, InstrumentRules, LiquidityRules, PriceMode, Routing,
    SellingRules, StressRules, TakerRules, VenueRules,
};
use domain::{Command, Duration, InstrumentId, Quote, Ratio, Rulebook, Timestamp};

/// Some rulebooks have depth, in most of their instruments.
pub(super) fn vary(dice: &mut Dice, rulebook: &mut Rulebook) {
    rulebook.sections.liquidity = LiquidityRules::NONE;
    rulebook.sections.takers = TakerRules::NONE;
    // Ways to sell out meet every price mode: they have depth more often.
    let plain = rulebook.sections.selling == SellingRules::PLAIN;
    if dice.chance(if plain { 500 } else { 250 }) {
        return;
    }
    let (mut markets, mut bases) = (Vec::new(), Vec::new());
    for (place, instrument) in (0u32..).zip(&rulebook.instruments) {
        let at_index = match instrument.kind {
            InstrumentKind::Spot { base } => {
                let twice = bases.contains(&base);
                bases.push(base);
                Some(instrument.settles == rulebook.numeraire && !twice)
            }
            _ => None,
        };
        if at_index.unwrap_or(true) && dice.chance(800) {
            markets.push(market(dice, InstrumentId::new(place), instrument));
        }
    }
    let modes = [
        PriceMode::Exogenous,
        PriceMode::Exogenous,
        PriceMode::Baseline,
        PriceMode::Differential,
        PriceMode::Differential,
        PriceMode::Synthetic,
        PriceMode::Synthetic,
    ];
    let deep = !markets.is_empty();
    rulebook.sections.liquidity = LiquidityRules { price_mode: dice.pick(&modes), markets };
    let takers = rulebook.sections.selling.price.has_takers();
    rulebook.sections.takers.hedge = deep && takers && dice.chance(600);
}

/// Some part of what the largest position is worth.
fn depth_of(dice: &mut Dice, instrument: &InstrumentRules) -> Quote {
    let whole = instrument.position_max.wide() * (instrument.price_max.wide() / 10).max(1);
    Quote::new((whole / dice.pick(&[1, 7, 30, 200])).max(1))
}

fn market(dice: &mut Dice, instrument: InstrumentId, rules: &InstrumentRules) -> DepthRules {
    let volatility = ratio(1, 40);
    let models = [
        ImpactModel::Depth { exponent: ratio(2, 5) },
        ImpactModel::Depth { exponent: Ratio::ONE },
        ImpactModel::Depth { exponent: ratio(1, 3) },
        ImpactModel::Linear,
        ImpactModel::LinearReturns,
        ImpactModel::SquareRoot { factor: ratio(9, 10), volatility },
        ImpactModel::Power { exponent: ratio(3, 5), factor: Ratio::ONE, volatility },
        ImpactModel::Fixed { distance: ratio(1, 400) },
    ];
    let names = ["own", "other", "third"];
    let venues = (0..dice.between(1, 3) as usize).map(|place| VenueRules {
        name: names[place].to_string(),
        depth: depth_of(dice, rules),
        half_spread: dice.pick(&[Ratio::ZERO, ratio(1, 10_000), ratio(1, 3_000)]),
    });
    let venues = venues.collect();
    let seconds = |dice: &mut Dice, of: &[i64]| Duration::from_seconds(dice.pick(of));
    let stress = StressRules {
        at: ratio(1, 50),
        level: dice.pick(&[ratio(1, 10), ratio(1, 3)]),
        severe_at: dice.pick(&[ratio(1, 50), ratio(1, 10)]),
        severe_level: ratio(1, 100),
        volatility: dice.pick(&[Ratio::ONE, Ratio::from_parts(4_000_000)]),
        recovery: Duration::from_seconds(dice.pick(&[7, 3_600])),
    };
    DepthRules {
        instrument,
        model: dice.pick(&models),
        venues,
        routing: dice.pick(&[Routing::Combined, Routing::First]),
        arbitrage: seconds(dice, &[0, 3, 60]),
        mark_weight: dice.pick(&[Ratio::ONE, ratio(1, 2), ratio(1, 3), Ratio::ZERO]),
        refill: seconds(dice, &[0, 2, 25, 25]),
        permanent: dice.pick(&[Ratio::ZERO, ratio(33, 100), ratio(1, 3), Ratio::ONE]),
        distance_max: dice.pick(&[ratio(1, 10), ratio(1, 100), ratio(1, 7), ratio(1, 2)]),
        stress: dice.chance(500).then_some(stress),
    }
}

impl Workload {
    /// The depth of a venue that may be listed.
    pub(super) fn depth(&mut self, at: Timestamp) -> Command {
        let instrument = self.any_instrument();
        let depth = depth_of(&mut self.dice, &self.rulebook.instruments[instrument.index()]);
        PublishDepth {
            instrument,
            venue: self.dice.below(3) as u16,
            source: 0,
            depth,
            half_spread: self.dice.pick(&[Ratio::ZERO, ratio(1, 500)]),
            published_at: at,
        }
        .into()
    }

    /// A price, now and then with what a baseline had; seldom one that does not fit.
    pub(super) fn with_baseline(&mut self, price: PublishPrice, at: Timestamp) -> Command {
        let markets = &self.rulebook.sections.liquidity.markets;
        let instruments: Vec<_> = markets.iter().map(|market| market.instrument).collect();
        if !self.dice.chance(if instruments.is_empty() { 5 } else { 250 }) {
            return price.into();
        }
        let mut baseline = Vec::new();
        let unknown = [InstrumentId::new(77)];
        let among = if instruments.is_empty() { &unknown[..] } else { &instruments };
        for wave in 0..self.dice.below(4) as u16 {
            for instrument in among {
                if self.dice.chance(500) {
                    let mut part = || self.dice.between(-50, 200) * 100_000_000_000_000;
                    let (permanent, transient, gap) = (part(), part(), part());
                    let since = Timestamp::from_nanos(at.nanos() - 1_000_000_007);
                    baseline.push(BaselineImpact {
                        instrument: *instrument,
                        wave,
                        permanent,
                        transient,
                        gap,
                        since,
                    });
                }
            }
        }
        if self.dice.chance(50) {
            baseline.reverse();
        }
        PublishPriceWithBaseline { price, baseline }.into()
    }
}
