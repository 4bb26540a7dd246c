//! Laws of requirements and adjusted equity.

use super::CASES;
use super::book::{Book, Draw, HELD, UNIT, rules};
use domain::rulebook::RequirementTier;
use domain::{InstrumentId, Position, Price, Quantity, Quote, Ratio, Value};
use risk::prices::INDEX_ONE;
use risk::{Portfolio, Requirement, assess, margin};

/// Puts a law to random books; the law says what went wrong.
fn check(law: &str, tiers: bool, holds: impl Fn(&mut Book, &mut Draw) -> Result<(), String>) {
    let base = rules();
    for seed in 0..CASES {
        let mut draw = Draw::new(seed);
        let mut book = Book::new(&base, &mut draw, tiers);
        if let Err(detail) = holds(&mut book, &mut draw) {
            panic!("{law}, seed {seed}: {detail}");
        }
    }
}

fn at_most(left: &Requirement, right: &Requirement) -> bool {
    left.maintenance <= right.maintenance
        && left.release <= right.release
        && left.initial <= right.initial
}

fn hold(holds: bool, detail: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(detail()) }
}

#[test]
fn a_flat_portfolio_needs_nothing() {
    check("flat", true, |book, _| {
        let flat = Portfolio::new(&book.balances, &[]);
        let asked = margin::requirement(&flat, &book.prices());
        hold(asked == Requirement::default(), || format!("{asked:?}"))
    });
}

#[test]
fn maintenance_is_at_most_release_and_release_at_most_initial() {
    check("order", true, |book, _| {
        let asked = margin::requirement(&book.portfolio(), &book.prices());
        let ordered = asked.maintenance <= asked.release && asked.release <= asked.initial;
        let some = book.positions.is_empty() || asked.maintenance.is_positive();
        hold(ordered && some, || format!("{asked:?}"))
    });
}

#[test]
fn reducing_a_lone_position_never_raises_its_requirement() {
    check("reduction", true, |book, draw| {
        let place = HELD[draw.narrow(0, 2) as usize];
        let whole = book.position(draw, place);
        let size = whole.quantity.units();
        let part = draw.narrow(0, size.abs()) * size.signum();
        let less = Position { quantity: Quantity::new(part), ..whole };
        let asked = |position: &Position| {
            let rows = std::slice::from_ref(position);
            margin::requirement(&Portfolio::new(&book.balances, rows), &book.prices())
        };
        let (after, before) = (asked(&less), asked(&whole));
        hold(at_most(&after, &before), || format!("{size} to {part}: {before:?}, {after:?}"))
    });
}

#[test]
fn scaling_a_portfolio_down_never_raises_its_requirement() {
    check("scaling", true, |book, draw| {
        let before = margin::requirement(&book.portfolio(), &book.prices());
        let share = draw.within(0, 1_000_000);
        for position in &mut book.positions {
            let scaled = position.quantity.wide() * share / 1_000_000;
            position.quantity = Quantity::new(scaled as i64);
        }
        let after = margin::requirement(&book.portfolio(), &book.prices());
        hold(at_most(&after, &before), || format!("{share}: {before:?}, {after:?}"))
    });
}

/// The same for a short and a better price; settled in any asset.
#[test]
fn a_worse_price_never_raises_a_longs_adjusted_equity() {
    check("price", true, |book, draw| {
        let place = HELD[draw.narrow(0, 2) as usize];
        book.positions = vec![book.position(draw, place)];
        let before = assess(&book.portfolio(), &book.prices());
        let long = book.positions[0].quantity.is_positive();
        let mark = book.instruments[place as usize].mark.units();
        let worse = if long { draw.narrow(1, mark) } else { draw.narrow(mark, mark * 4) };
        book.instruments[place as usize].mark = Price::new(worse);
        let after = assess(&book.portfolio(), &book.prices());
        let falls =
            after.adjusted_equity <= before.adjusted_equity && after.equity <= before.equity;
        hold(falls, || format!("{mark} to {worse}: {before:?}, {after:?}"))
    });
}

/// Two accounts merged into one, positions of one instrument netted.
fn union(left: &[Position], right: &[Position]) -> Vec<Position> {
    let mut merged = left.to_vec();
    for position in right {
        match merged.iter_mut().find(|held| held.instrument == position.instrument) {
            Some(held) => {
                held.quantity += position.quantity;
                held.cost += position.cost;
            }
            None => merged.push(*position),
        }
    }
    merged
}

fn sum_and_union(book: &Book, other: &[Position]) -> (Requirement, Requirement) {
    let asked = |positions: &[Position]| {
        margin::requirement(&Portfolio::new(&book.balances, positions), &book.prices())
    };
    let mut sum = asked(&book.positions);
    sum += asked(other);
    (sum, asked(&union(&book.positions, other)))
}

#[test]
fn a_union_never_needs_more_than_the_sum() {
    check("union", false, |book, draw| {
        let other: Vec<Position> = HELD.iter().map(|place| book.position(draw, *place)).collect();
        let (sum, union) = sum_and_union(book, &other);
        hold(at_most(&union, &sum), || format!("{union:?}, {sum:?}"))
    });
}

/// Tiers are exempt by design: two positions of 600,000 need 1 % each, one of 1.2M needs more.
#[test]
fn tiers_are_exempt_from_the_law_of_unions() {
    let mut book = Book::new(&rules(), &mut Draw::new(0), false);
    let tier = |up_to, parts| {
        let ratio = Ratio::from_parts(parts);
        RequirementTier { up_to, initial: ratio, release: ratio, maintenance: ratio }
    };
    let million = Value::new(1_000_000 * INDEX_ONE);
    book.rules.instruments[0].tiers = vec![tier(Some(million), 10_000), tier(None, 25_000)];
    book.instruments[0].mark = Price::new(100 * UNIT);
    let quantity = Quantity::new(6_000 * UNIT);
    let position = Position {
        instrument: InstrumentId::new(0),
        quantity,
        cost: Quote::ZERO,
        funding_index: 0,
    };
    book.positions = vec![position];
    let (sum, union) = sum_and_union(&book, &[position]);
    let worth = |numeraire: i128| Value::new(numeraire * INDEX_ONE).unweighted();
    assert_eq!((sum.maintenance, union.maintenance), (worth(12_000), worth(15_000)));
}
