//! Goal: the worked numbers of models 7.1, exact laws of splitting and decay, and routines good to
//! far more than they are rounded to. Method: tables; published figures to their last digit.

use super::book::{MarketBook, SideBook};
use super::curve::Curve;
use super::market::DepthMarket;
use super::real::{LN_2, LOG_PLACES, Real};
use super::*;
use alloc::vec;
use domain::rulebook::{DepthRules, ImpactModel, PriceMode, Routing, StressRules, VenueRules};
use domain::{InstrumentId, Price, Quantity, Quote, Ratio, Timestamp};
use std::string::String;

const MILLION: i128 = 1_000_000 * SHARE_ONE;

fn ratio(numerator: u64, denominator: u64) -> Ratio {
    Ratio::new(numerator, denominator).expect("a valid ratio")
}

fn venue(name: &str, millions: i128) -> VenueRules {
    let depth = Quote::new(millions * MILLION);
    VenueRules { name: String::from(name), depth, half_spread: Ratio::ZERO }
}

fn rules(model: ImpactModel) -> DepthRules {
    DepthRules {
        instrument: InstrumentId::new(0),
        model,
        venues: vec![venue("own", 20)],
        routing: Routing::First,
        arbitrage: Duration::from_seconds(0),
        mark_weight: Ratio::ONE,
        refill: Duration::from_seconds(25),
        permanent: ratio(33, 100),
        distance_max: ratio(1, 10),
        stress: None,
    }
}

fn depth() -> DepthRules {
    rules(ImpactModel::Depth { exponent: ratio(2, 5) })
}

/// Rounded to so many digits after the point of a percentage.
fn percent(share: i128, digits: u32) -> i128 {
    let unit = SHARE_ONE / 100 / 10i128.pow(digits);
    (share + unit / 2) / unit
}

#[test]
fn logarithms_and_exponentials_are_good_to_far_more_than_1e15() {
    // ln 10, e and the square root of e at 2^-110, from their decimal expansions.
    let table = [
        (Real::whole(10), "2.302585092994045684017991454684"),
        (Real::fraction(1, 3), "-1.098612288668109691395245236923"),
        (Real::whole(10i128.pow(29)), "66.774967696827324836521752185847"),
    ];
    for (number, expected) in table {
        let scaled = mul_div(number.ln(), 10i128.pow(24), 1 << LOG_PLACES, Rounding::Down);
        let digits: String = expected.chars().filter(|c| *c != '.').collect();
        let places = expected.len() - expected.find('.').expect("a point") - 1;
        let exact: i128 = digits.parse().expect("digits");
        let exact = exact / 10i128.pow(u32::try_from(places).expect("few") - 24);
        let found = scaled.expect("small");
        assert!((found - exact).abs() <= 1, "{expected}: {found}");
    }
    let e = Real::exp(1 << LOG_PLACES).expect("small").times(Real::whole(10i128.pow(27)));
    assert_eq!(e.round(Rounding::Down), Some(2_718_281_828_459_045_235_360_287_471));
    let back = Real::exp(Real::whole(7).ln()).expect("small");
    assert_eq!((back.round(Rounding::Down), back.round(Rounding::Up)), (Some(7), Some(7)));
    assert_eq!(Real::whole(8).ln(), 3 * LN_2);
}

#[test]
fn powers_round_once_and_exact_ones_stay_exact() {
    let power = |base: i128, n, d, rounding| {
        Real::whole(base).power(n, d).and_then(|power| power.round(rounding))
    };
    for rounding in [Rounding::Down, Rounding::Up] {
        assert_eq!(power(4, 5, 2, rounding), Some(32));
        assert_eq!(power(9, 5, 2, rounding), Some(243));
        assert_eq!(power(10i128.pow(24), 1, 2, rounding), Some(10i128.pow(12)));
        assert_eq!(power(7, 0, 1, rounding), Some(1));
        assert_eq!(Real::ZERO.round(rounding), Some(0));
    }
    // The cube of the square root of two hundred million: 2,828,427,124,746.19...
    assert_eq!(power(200_000_000, 3, 2, Rounding::Down), Some(2_828_427_124_746));
    assert_eq!(power(200_000_000, 3, 2, Rounding::Up), Some(2_828_427_124_747));
    assert_eq!(Real::fraction(1, 3).round(Rounding::Up), Some(1));
    assert_eq!(Real::whole(i128::MAX).round(Rounding::Down), None);
}

/// Models 7.1: edge / average for D1 = 20M.
#[test]
fn edges_and_averages_of_the_depth_curve() {
    let check = |millions: i128, k: i128, edge: i128, average: i128| {
        let curve = Curve::new(&depth(), k, Ratio::ONE);
        let consumed = Quote::new(millions * MILLION);
        let cost = mul_div(curve.cost(consumed).units(), SHARE_ONE, consumed.units(), Rounding::Up);
        let found = (percent(curve.distance(consumed), 2), percent(cost.expect("small"), 3));
        assert_eq!(found, (edge, average), "{millions}M over {k}");
    };
    check(20, 20 * MILLION, 100, 286);
    check(40, 20 * MILLION, 566, 1_616);
    check(5, 2 * MILLION, 988, 2_823);
    let curve = Curve::new(&depth(), 20 * MILLION, Ratio::ONE);
    let [first, both] = [20, 40].map(|m| curve.cost(Quote::new(m * MILLION)).units());
    let second = mul_div(both - first, SHARE_ONE, 20 * MILLION, Rounding::Up);
    assert_eq!(percent(second.expect("small"), 3), 2_947);
    // 10 % is reached at 2.51 K, and nothing is filled beyond.
    assert_eq!(curve.edge().units() / (20 * MILLION / 1_000), 2_511);
    assert_eq!(curve.distance(Quote::new(900 * MILLION)), SHARE_ONE / 10);
}

/// 40M from nothing: impact .0582 and -.0550, however split (models 7.1).
#[test]
fn splitting_an_order_changes_nothing() {
    let market = DepthMarket::new(InstrumentId::new(0));
    let market = market.observed(&depth(), Price::new(10_000_000_000), Timestamp::START);
    let now = Timestamp::from_nanos(1);
    let book = || market.open(&depth(), PriceMode::Synthetic, market.recorded, now);
    // 40M at a price of 100: 400,000 units of 1e-8 each.
    let whole = 40_000_000_000_000;
    for parts in [1, 7, 10, 100] {
        for (short, impact) in [(false, 582), (true, -550)] {
            let mut opened = book();
            let mut quote = Quote::ZERO;
            let mut left = whole;
            for part in 0..parts {
                let size = if part + 1 == parts { left } else { whole / parts };
                quote += opened.closing(short, Quantity::new(size)).1;
                opened.side_mut(short).consume(Quantity::new(size));
                left -= size;
            }
            assert_eq!(quote, book().closing(short, Quantity::new(whole)).1, "{parts}");
            let mut at_once = book();
            at_once.side_mut(short).consume(Quantity::new(whole));
            assert_eq!(opened.impact(), at_once.impact());
            let rounded = opened.impact() / (SHARE_ONE / 100_000);
            let rounded = (rounded + 5 * rounded.signum()) / 10;
            assert_eq!(rounded, impact, "{parts} parts, short {short}");
        }
    }
}

/// After a wave the anchor is where it was: the second half continues the first.
#[test]
fn the_next_wave_walks_on() {
    let rules = depth();
    let now = Timestamp::from_nanos(1);
    let market = DepthMarket::new(InstrumentId::new(0));
    let mut market = market.observed(&rules, Price::new(10_000_000_000), now);
    let half = Quantity::new(20_000_000_000_000);
    let mut book = market.open(&rules, PriceMode::Synthetic, market.recorded, now);
    let mut quote = book.closing(false, half).1;
    book.sells.consume(half);
    let (impact, consumed) = market.walked(&rules, &book, now);
    (market.impact, market.consumed) = (impact, consumed);
    let most = Price::new(i64::MAX / 4);
    let mark = market.mark(&rules, PriceMode::Synthetic, most, now);
    // The mid lies at the edge, 1 % down, to the unit rounded down.
    assert!((9_899_999_999..=9_900_000_000).contains(&mark.units()), "{mark:?}");
    let book = market.open(&rules, PriceMode::Synthetic, mark, now);
    assert!((9_999_999_998..=10_000_000_000).contains(&book.sells.anchor.units()));
    quote += book.closing(false, half).1;
    let whole = Quantity::new(40_000_000_000_000);
    let at_once = DepthMarket::new(InstrumentId::new(0)).observed(&rules, market.recorded, now);
    let at_once = at_once.open(&rules, PriceMode::Synthetic, market.recorded, now);
    let difference = (quote - at_once.closing(false, whole).1).units();
    assert!((0..=SHARE_ONE).contains(&difference), "{difference}: cents by units of price");
}

#[test]
fn decay_is_by_time_alone() {
    let half_life = Duration::from_seconds(25);
    let after = |seconds: i64| {
        let passed = Duration::from_seconds(seconds);
        decayed(1_000_000, passed, half_life, Rounding::Down)
    };
    assert_eq!([0, 25, 50, 250].map(after), [1_000_000, 500_000, 250_000, 976]);
    let half = Duration::from_nanos(12_500_000_000);
    assert_eq!(decayed(1_000_000, half, half_life, Rounding::Down), 707_106);
    assert_eq!(decayed(1_000_000, half, half_life, Rounding::Up), 707_107);
    assert_eq!(decayed(-1_000_000, half, half_life, Rounding::Down), -707_106);
    assert_eq!(decayed(5, half, Duration::from_seconds(0), Rounding::Down), 5);
    // 100 under an impact of .020 less a baseline of .015 (models 7.2).
    assert_eq!(moved(100_000, SHARE_ONE / 200), 99_501);
    assert_eq!(moved(100_000, 0), 100_000);
}

/// Alternatives: average cost of a size over its model's volume or depth.
#[test]
fn alternative_models() {
    let check = |model: ImpactModel, k: i128, millions: i128, stress: Ratio, average: i128| {
        let curve = Curve::new(&rules(model), k, stress);
        let consumed = Quote::new(millions * MILLION);
        let cost = mul_div(curve.cost(consumed).units(), SHARE_ONE, consumed.units(), Rounding::Up);
        assert_eq!(percent(cost.expect("small"), 2), average, "{model:?}");
    };
    let root = ImpactModel::SquareRoot { factor: Ratio::ONE, volatility: ratio(1, 40) };
    // 2bn on 50bn at 2.5 % a day: .5 %; at 10 % a day and a tenth of the volume: 6.3 %.
    check(root, 50_000 * MILLION, 2_000, Ratio::ONE, 50);
    check(root, 5_000 * MILLION, 2_000, ratio(4, 1), 632);
    let power =
        ImpactModel::Power { exponent: ratio(3, 5), factor: Ratio::ONE, volatility: ratio(1, 40) };
    check(power, 50_000 * MILLION, 2_000, Ratio::ONE, 36);
    check(ImpactModel::Fixed { distance: ratio(1, 400) }, MILLION, 3, Ratio::ONE, 25);
    check(ImpactModel::Linear, 20 * MILLION, 40, Ratio::ONE, 100);
}

#[test]
fn stress_drops_depth_and_recovers() {
    let mut rules = depth();
    rules.stress = Some(StressRules {
        at: ratio(1, 100),
        level: ratio(1, 10),
        severe_at: ratio(1, 20),
        severe_level: ratio(1, 100),
        volatility: Ratio::ONE,
        recovery: Duration::from_seconds(86_400),
    });
    let second = |s: i64| Timestamp::from_nanos(s * 1_000_000_000);
    let mut market = DepthMarket::new(InstrumentId::new(0));
    for (at, price, level) in [
        (1, 1_000, SHARE_ONE),
        (60, 992, SHARE_ONE),
        (120, 985, SHARE_ONE / 10),
        (180, 940, SHARE_ONE / 100),
    ] {
        market = market.observed(&rules, Price::new(price), second(at));
        assert_eq!(market.level_at(&rules, second(at)), level, "{at}");
    }
    assert_eq!(market.level_at(&rules, second(180 + 86_400)), SHARE_ONE / 1_000 * 505);
    // From 940 five minutes later only what happens from there counts.
    market = market.observed(&rules, Price::new(945), second(600));
    assert_eq!(market.level_since, second(180));
}

/// Two venues part when trades go to the first, and arbitrage pulls them together.
#[test]
fn venues_part_and_are_pulled_together() {
    let mut rules = depth();
    rules.venues = vec![venue("own", 20), venue("other", 60)];
    rules.arbitrage = Duration::from_seconds(10);
    (rules.refill, rules.permanent) = (Duration::from_seconds(0), Ratio::ONE);
    let now = Timestamp::from_nanos(1);
    let market = DepthMarket::new(InstrumentId::new(0));
    let mut market = market.observed(&rules, Price::new(10_000_000_000), now);
    let mut book = market.open(&rules, PriceMode::Synthetic, market.recorded, now);
    book.sells.consume(Quantity::new(20_000_000_000_000));
    (market.impact, market.consumed) = market.walked(&rules, &book, now);
    let most = Price::new(i64::MAX / 4);
    let mark = |weight: Ratio, seconds: i64| {
        let mut rules = rules.clone();
        rules.mark_weight = weight;
        let at = now.plus(Duration::from_seconds(seconds));
        market.mark(&rules, PriceMode::Synthetic, most, at).units()
    };
    // Own book 1 % down, the other untouched, the mean a quarter of it (in logarithms).
    assert_eq!(mark(Ratio::ONE, 0) / 1_000_000, 9_900);
    assert_eq!(mark(ratio(1, 4), 0) / 1_000_000, 9_974);
    assert_eq!(mark(Ratio::ZERO, 0) / 1_000_000, 10_000);
    // Ten seconds on half the gap is gone; in the end all stand at the mean.
    assert_eq!(mark(Ratio::ONE, 10) / 1_000_000, 9_937);
    assert_eq!(mark(Ratio::ZERO, 10) / 1_000_000, 9_987);
    assert_eq!(mark(Ratio::ONE, 1_000) / 1_000_000, 9_974);
    // Combined liquidity: a quarter of the depth is not alone with the whole size.
    rules.routing = Routing::Combined;
    let book = market.open(&rules, PriceMode::Synthetic, market.recorded, now);
    assert_eq!(book.sells.curve.distance(Quote::new(80 * MILLION)), SHARE_ONE / 100);
}

/// Linear depth with returns that add: what is sold moves the price in proportion, exactly.
#[test]
fn returns_add_on_the_starting_price() {
    let mut rules = rules(ImpactModel::LinearReturns);
    (rules.refill, rules.distance_max) = (Duration::from_seconds(0), ratio(1, 2));
    let now = Timestamp::from_nanos(1);
    let mut market = DepthMarket::new(InstrumentId::new(0));
    market = market.observed(&rules, Price::new(10_000_000_000), now);
    market = market.observed(&rules, Price::new(9_900_000_000), now);
    let most = Price::new(i64::MAX / 4);
    for wave in 1..=3 {
        let mark = market.mark(&rules, PriceMode::Synthetic, most, now);
        let mut book = market.open(&rules, PriceMode::Synthetic, mark, now);
        book.sells.consume(Quantity::new(20_000_000_000_000));
        (market.impact, market.consumed) = market.walked(&rules, &book, now);
        let mark = market.mark(&rules, PriceMode::Synthetic, most, now);
        assert_eq!(mark.units(), 9_900_000_000 - wave * 100_000_000);
    }
}

#[test]
fn books_have_two_sides() {
    let market = DepthMarket::new(InstrumentId::new(3));
    let market = market.observed(&depth(), Price::new(10_000), Timestamp::START);
    let book: MarketBook =
        market.open(&depth(), PriceMode::Exogenous, market.recorded, Timestamp::START);
    let sides: [&SideBook; 2] = [book.side(false), book.side(true)];
    assert_eq!(sides.map(|side| side.anchor), [Price::new(10_000); 2]);
    assert!(!book.is_walked());
}
