//! Laws of a step under every way to sell an account out: whatever sized it and whatever price
//! function spoke, the shortfall does not rise unless the step is toxic, the position shrinks, and
//! an account that could pay for closing everything still can.

use super::CASES;
use super::book::{Draw, rules};
use super::steps::liquidatable;
use domain::rulebook::{InsuranceFee, PriceFunction, Sizing, TargetOrder};
use domain::{Duration, Quantity, Ratio, Rounding};
use risk::liquidation::{Step, solvency};
use risk::selling::{Ask, goal_in_time, plan, target};
use risk::terms::{Offer, Terms, offer};
use risk::{Prices, assess, slice};

fn pick<T: Copy>(draw: &mut Draw, from: &[T]) -> T {
    from[draw.narrow(0, from.len() as i64 - 1) as usize]
}

fn ratio(parts: u64) -> Ratio {
    Ratio::from_parts(parts)
}

fn seconds(count: i64) -> Duration {
    Duration::from_seconds(count)
}

fn sizing(draw: &mut Draw) -> Sizing {
    pick(
        draw,
        &[
            Sizing::ToTarget,
            Sizing::Full,
            Sizing::Cover,
            Sizing::Share { initial: ratio(100_000), over: seconds(60), under: 5 },
            Sizing::Clips { notional: 100, interval: seconds(1) },
        ],
    )
}

fn price(draw: &mut Draw) -> PriceFunction {
    let (base, most) = (ratio(1_000), ratio(9_000));
    pick(
        draw,
        &[
            PriceFunction::Slippage,
            PriceFunction::OracleFee { base, most, grace: seconds(5), per_second: ratio(100) },
            PriceFunction::Fillable { adjustment: Ratio::ONE, spread: ratio(100_000) },
            PriceFunction::FixedBonus { bonus: base },
            PriceFunction::RatioDiscount { most: ratio(200_000) },
            PriceFunction::Dutch {
                start: ratio(990_000),
                cutoff: ratio(700_000),
                fast: seconds(60),
                slow: seconds(600),
            },
        ],
    )
}

#[test]
fn no_step_raises_the_shortfall_unless_it_is_toxic() {
    let base = rules();
    let (mut closed, mut toxic, mut defaults, mut fees) = (0, 0, 0, 0);
    for seed in 0..CASES {
        let mut draw = Draw::new(seed);
        let Some(mut book) = liquidatable(&mut draw, &base) else { continue };
        let selling = &mut book.rules.sections.selling;
        (selling.sizing, selling.price) = (sizing(&mut draw), price(&mut draw));
        selling.targets =
            if draw.once_in(2) { TargetOrder::RiskiestFirst } else { TargetOrder::LargestNotional };
        selling.insurance_fee = pick(
            &mut draw,
            &[InsuranceFee::HouseShare, InsuranceFee::RequirementRoom, InsuranceFee::FillDelta],
        );
        let (asked, function) = (selling.sizing, selling.price);
        let waited = seconds(draw.narrow(0, 90));
        let portfolio = book.portfolio();
        let before = assess(&portfolio, &book.prices());
        let terms = match offer(&function, &before, waited, waited) {
            Offer::Open { terms, .. } => terms,
            Offer::Over => Terms::default(),
        };
        let prices = Prices { terms: Some(&terms), ..book.prices() };
        let position = target(&portfolio, &prices, &[]).expect("every instrument can be sold");
        let goal = goal_in_time(&asked, before.shortfall(), domain::Weighted::ZERO, waited);
        let ask = Ask { goal, sizing: asked, ..Ask::TO_RELEASE };
        let covered = solvency(&portfolio, &prices).covers();
        match plan(&portfolio, &prices, &position, &ask) {
            Step::DefaultOnBook { .. } | Step::Wait => {
                panic!("without depth nothing walks a book");
            }
            Step::Close { closing, toxic: is_toxic } => {
                assert!(covered, "seed {seed}: a step that equity does not cover");
                let after = assess(&portfolio.with(closing.change), &prices);
                let rises = after.shortfall() > before.shortfall();
                assert!(!rises || is_toxic, "seed {seed}: {asked:?} {function:?}");
                let left = position.quantity + closing.quantity;
                let shrinks = left.magnitude() < position.quantity.magnitude()
                    && (left == Quantity::ZERO
                        || left.is_negative() == position.quantity.is_negative());
                assert!(shrinks, "seed {seed}: {position:?} by {:?}", closing.quantity);
                let room = solvency(&portfolio.with(closing.change), &prices);
                // Rounding of postings may take a unit of the settlement asset and of the fee.
                let unit = prices.worth(
                    prices.instrument_rules(position.instrument).settles,
                    domain::Quote::new(2 * 100_000_000),
                    Rounding::Up,
                );
                // A rating is fixed before the step: what is left concedes at most the same share.
                let rest = room.realisable - room.cost + unit;
                let flat = !matches!(function, PriceFunction::Fillable { .. });
                assert!(!flat || !rest.is_negative(), "seed {seed}: {asked:?} {function:?}");
                closed += 1;
                toxic += u64::from(is_toxic);
                fees += u64::from(closing.fee.is_positive());
            }
            Step::Default { lack } => {
                assert!(!covered && !lack.is_negative(), "seed {seed}: {lack:?}");
                defaults += 1;
            }
        }
    }
    println!("{closed} closed ({toxic} toxic, {fees} with a fee), {defaults} defaults");
    assert!(closed > 2_000 && toxic > 50 && defaults > 500, "{closed}, {toxic}, {defaults}");
}

#[test]
fn a_slice_shrinks_every_position() {
    let base = rules();
    let mut slices = 0;
    for seed in 0..CASES / 4 {
        let mut draw = Draw::new(seed);
        let Some(book) = liquidatable(&mut draw, &base) else { continue };
        let (portfolio, prices) = (book.portfolio(), book.prices());
        let before = assess(&portfolio, &prices);
        let Some(slice) = slice::plan(&portfolio, &prices, &Ask::TO_RELEASE) else {
            assert!(!solvency(&portfolio, &prices).covers(), "seed {seed}");
            continue;
        };
        let mut holdings = slice::Holdings::of(&portfolio);
        for (position, closing) in &slice.closings {
            let left = position.quantity + closing.quantity;
            assert!(left.magnitude() < position.quantity.magnitude(), "seed {seed}");
            holdings.apply(&closing.change);
        }
        let after = assess(&holdings.portfolio(), &prices);
        let rises = after.shortfall() > before.shortfall();
        assert_eq!(rises, slice.toxic, "seed {seed}: {before:?}, {after:?}");
        slices += 1;
    }
    println!("{slices} slices");
    assert!(slices > 500, "{slices}");
}
