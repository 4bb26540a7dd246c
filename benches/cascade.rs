//! Claim: N accounts that fall in one tick cost per account within 2 x of each other from N = 100
//! to N = 100,000, with deleveraging against as many opponents and without, and with finite depth
//! and feedback on.
//!
//! Method: a book of 200,000 accounts with one position of 10 each, half of them long, half short.
//! N of the longs have 500 USD, all others 20,000. One tick takes the mark from 1,000 to 900: N
//! accounts go bankrupt (checked), nobody else comes near the line. A large fund pays every
//! deficit, or an empty one leaves all to deleveraging against the shorts. That ranks opponents, a
//! pass over the whole book once a wave: the claim holds of a book of 2 N accounts, and what the
//! pass makes of few that fall in a book of 200,000 is reported beside it, without a limit
//! (`crates/DECISIONS.md` says why it stays). With depth (`benches::depth`) the fund pays, and
//! within 1 % the book holds a hundred times what N accounts sell, so that each N walks as far.
//! Each round works on a copy of the machine; CPU time of the thread, medians. The baseline of a
//! claim is the cheapest N, its value the dearest.

use benches::book::{self, Driver, OPENING, USD};
use benches::clock::{median, timed};
use benches::figure::Figures;
use benches::{depth, following};
use clearing::ClearingHouse;
use domain::command::{Deposit, Feed, OpenAccount, PayInCapital};
use domain::{AccountId, Amount, Command, Effect, InstrumentId, Rulebook};

const LONGS: u64 = 100_000;
const FALLS: [u64; 6] = [1, 10, 100, 1_000, 10_000, 100_000];
const INSTRUMENT: InstrumentId = InstrumentId::new(0);
const QUANTITY: i64 = 1_000_000_000;
/// The row that only reports.
const RANKED_WHOLE: &str = "deleveraged in a book of 200,000";

fn mark(price: i64) -> Command {
    book::price(Feed::mark(INSTRUMENT), price).into()
}

/// A book of so many longs and as many shorts, in which the first `falling` longs are thin.
fn build(longs: u64, falling: u64) -> Driver {
    under(book::rulebook(), longs, falling)
}

/// The same under other rules.
fn under(rulebook: Rulebook, longs: u64, falling: u64) -> Driver {
    let mut driver = Driver::new(rulebook, 65_536);
    driver.send(mark(OPENING));
    for number in 0..2 * longs {
        let account = AccountId::new(number);
        driver.send(OpenAccount { account });
        let units = if number < falling { 50_000_000_000 } else { 2_000_000_000_000 };
        driver.send(Deposit { account, asset: USD, amount: Amount::new(units) });
    }
    for buyer in 0..longs {
        driver.send(book::trade(buyer, longs + buyer, INSTRUMENT, QUANTITY, OPENING));
    }
    driver
}

/// Median nanoseconds of the tick, after a round that does not count.
fn measure(house: &ClearingHouse, falling: u64, deleveraging: bool) -> f64 {
    let rounds = if falling > 1_000 { 3 } else { 7 };
    let event = following::event(house, 0, mark(OPENING / 10 * 9));
    let mut effects = Vec::new();
    let mut costs = Vec::new();
    for round in 0..=rounds {
        let mut copy = house.clone();
        let (nanos, ()) = timed(|| copy.apply(&event, &mut effects));
        if round > 0 {
            costs.push(nanos as f64);
        }
    }
    let count =
        |wanted: fn(&Effect) -> bool| effects.iter().filter(|effect| wanted(effect)).count() as u64;
    let started = count(|effect| matches!(effect, Effect::LiquidationStarted { .. }));
    let drawn = count(|effect| matches!(effect, Effect::InsuranceDrawn { .. }));
    let deleveraged = count(|effect| matches!(effect, Effect::DeficitDeleveraged { .. }));
    let limited = count(|effect| matches!(effect, Effect::CascadeLimited { .. }));
    let walked = count(|effect| matches!(effect, Effect::ImpactMoved { .. }));
    let deep = !house.depth_markets().is_empty();
    assert_eq!(walked > 0, deep, "forced trades walk a book where there is one");
    let expected = if deleveraging { (falling, 0, falling) } else { (falling, falling, 0) };
    assert_eq!((started, drawn, deleveraged), expected, "the accounts that fall are bankrupt");
    assert_eq!(limited, 0, "no limit of the rulebook is met");
    median(costs)
}

/// The book with depth for what falls, and a fund that pays.
fn with_depth(falling: u64) -> ClearingHouse {
    // Notional of a position: 10 at 1,000 USD, at 1e-16.
    let notional = 10_000 * 10i128.pow(16);
    let depth = 100 * notional * i128::from(falling);
    let mut driver = under(depth::rulebook(Some(depth)), LONGS, falling);
    driver.send(PayInCapital { asset: USD, amount: Amount::new(900_000_000_000_000_000) });
    driver.house
}

fn main() {
    let claim = "an account that falls costs within 2 x from N = 100 to N = 100,000";
    let mut figures = Figures::open("cascade", claim);
    let mut costs: [Vec<f64>; 4] = Default::default();
    for falling in FALLS {
        let mut driver = build(LONGS, falling);
        let funded = {
            let empty = driver.house.clone();
            driver.send(PayInCapital { asset: USD, amount: Amount::new(900_000_000_000_000_000) });
            std::mem::replace(&mut driver.house, empty)
        };
        for (deleveraging, house) in [(false, &funded), (true, &driver.house)] {
            let each = measure(house, falling, deleveraging) / falling as f64;
            let word = if deleveraging { "deleveraged" } else { "paid by the fund" };
            figures.report(&format!("{falling} fall, {word}, each"), each / 1e3, "us");
            if falling >= 100 {
                costs[usize::from(deleveraging)].push(each);
            }
        }
        if falling >= 100 {
            let each = measure(&build(falling, falling).house, falling, true) / falling as f64;
            let figure = format!("{falling} fall of {}, deleveraged, each", 2 * falling);
            figures.report(&figure, each / 1e3, "us");
            costs[2].push(each);
        }
        let each = measure(&with_depth(falling), falling, false) / falling as f64;
        figures.report(&format!("{falling} fall, into a book, each"), each / 1e3, "us");
        if falling >= 100 {
            costs[3].push(each);
        }
    }
    let words = [
        "paid by the fund",
        RANKED_WHOLE,
        "deleveraged in a book of 2 N",
        "into a book, feedback on",
    ];
    for (word, costs) in words.into_iter().zip(costs) {
        let cheapest = costs.iter().copied().fold(f64::INFINITY, f64::min) / 1e3;
        let dearest = costs.iter().copied().fold(0.0, f64::max) / 1e3;
        let figure = format!("{word}, dearest N against cheapest");
        if word == RANKED_WHOLE {
            figures.beside(&figure, dearest, "us", cheapest);
        } else {
            figures.at_most(&figure, dearest, "us", cheapest, 2.0);
        }
    }
    figures.close();
}
