//! Laws of a liquidation step: at its planned prices the shortfall does not rise unless it is
//! toxic, the notional falls, and a fee never makes a solvent account bankrupt.

use super::CASES;
use super::book::{Book, Draw, rules};
use domain::{Amount, Quantity};
use risk::accrual::effective_amount;
use risk::liquidation::{Step, plan, solvency, target};
use risk::{assess, sale};

/// A book whose account is liquidatable, by taking cash from it; `None` where none can be made.
pub fn liquidatable(draw: &mut Draw, base: &domain::Rulebook) -> Option<Book> {
    let mut book = Book::new(base, draw, true);
    let scale = book.rules.assets[0].scale() * 1_000_000;
    let before = assess(&book.portfolio(), &book.prices());
    let needed = before.requirement.maintenance.units();
    let excess = before.excess().units();
    let missing = draw.within(1, (needed / 2).max(2));
    book.balances[0].amount -= Amount::new((excess + missing) / scale);
    let after = assess(&book.portfolio(), &book.prices());
    (after.excess().is_negative() && !book.positions.is_empty()).then_some(book)
}

#[test]
fn a_step_brings_no_account_further_from_release() {
    let base = rules();
    let (mut partial, mut whole, mut toxic, mut defaults) = (0, 0, 0, 0);
    for seed in 0..CASES {
        let mut draw = Draw::new(seed);
        let Some(book) = liquidatable(&mut draw, &base) else { continue };
        let (portfolio, prices) = (book.portfolio(), book.prices());
        let position = target(&portfolio, &prices).expect("every instrument can be sold");
        let before = assess(&portfolio, &prices);
        let covered = solvency(&portfolio, &prices).covers();
        match plan(&portfolio, &prices, &position) {
            Step::Close { closing, toxic: is_toxic } => {
                assert!(covered, "seed {seed}: a step that equity does not cover");
                let after = assess(&portfolio.with(closing.change), &prices);
                let rises = after.shortfall() > before.shortfall();
                assert_eq!(rises, is_toxic, "seed {seed}: {before:?}, {after:?}");
                let left = position.quantity + closing.quantity;
                let closes = left.magnitude() < position.quantity.magnitude()
                    && (left == Quantity::ZERO
                        || left.is_negative() == position.quantity.is_negative());
                assert!(closes, "seed {seed}: {:?} by {:?}", position, closing.quantity);
                let after_all = solvency(&portfolio.with(closing.change), &prices);
                // Rounding of postings may take a unit of the settlement asset and of the fee.
                let unit = prices.worth(
                    prices.instrument_rules(position.instrument).settles,
                    domain::Quote::new(2 * 100_000_000),
                    domain::Rounding::Up,
                );
                let room = after_all.realisable - after_all.cost + unit;
                assert!(!room.is_negative(), "seed {seed}: a step or its fee made it bankrupt");
                partial += u64::from(left != Quantity::ZERO);
                whole += u64::from(left == Quantity::ZERO);
                toxic += u64::from(is_toxic);
            }
            Step::DefaultOnBook { .. } | Step::Wait => {
                panic!("seed {seed}: without depth nothing walks a book");
            }
            Step::Default { lack } => {
                assert!(!covered && !lack.is_negative(), "seed {seed}: {lack:?}");
                defaults += 1;
            }
        }
    }
    println!("{partial} partial, {whole} whole ({toxic} toxic), {defaults} defaults");
    assert!(partial > 500 && whole > 500 && defaults > 500, "{partial}, {whole}, {defaults}");
}

#[test]
fn a_sale_repays_and_creates_nothing() {
    let base = rules();
    let mut sales = 0;
    for seed in 0..CASES {
        let mut draw = Draw::new(seed);
        let mut book = Book::new(&base, &mut draw, true);
        book.positions.clear();
        let (portfolio, prices) = (book.portfolio(), book.prices());
        let before = assess(&portfolio, &prices);
        if !before.excess().is_negative() {
            continue;
        }
        let Some(sale) = sale::plan(&portfolio, &prices) else { continue };
        let after = portfolio.with(sale.change);
        let held = after.balance(sale.asset).expect("what was sold has a row").amount;
        let owed = after.balance(sale.debt_asset).expect("a debt has a row").amount;
        assert!(sale.amount.is_positive() && sale.proceeds.is_positive(), "seed {seed}: {sale:?}");
        assert!(!held.is_negative(), "seed {seed}: more was sold than held: {sale:?}");
        let debt = portfolio.balance(sale.debt_asset).expect("a debt has a row");
        let debt = effective_amount(&debt, prices.asset(sale.debt_asset));
        assert_eq!(owed, debt + sale.proceeds, "seed {seed}: {sale:?}");
        let worth = |portfolio| assess(&portfolio, &prices).equity;
        assert!(worth(after) <= worth(portfolio), "seed {seed}: a sale created equity: {sale:?}");
        sales += 1;
    }
    println!("{sales} sales");
    assert!(sales > 500, "only {sales} sales");
}
