//! Laws of a step where depth is finite, under every price function and size: the shortfall does
//! not rise unless the step is toxic, no more is closed than the book holds, an order with a limit
//! is filled there or better on average too, a taker who hedges loses nothing, and what a wave's
//! closings of one side cost does not depend on how they are split.

use super::CASES;
use super::book::{Book, Draw, HELD, rules};
use super::steps::liquidatable;
use domain::rulebook::{
    DepthRules, ImpactModel, LiquidityRules, PriceFunction, PriceMode, Routing, Sizing, TakerRules,
    VenueRules,
};
use domain::{Duration, InstrumentId, Position, Quantity, Quote, Ratio, Timestamp};
use risk::impact::book::MarketBook;
use risk::impact::market::DepthMarket;
use risk::liquidation::{Step, forced_quote};
use risk::selling::{Ask, plan, target};
use risk::terms::{Concession, Offer, Terms, offer};
use risk::{Prices, assess};

fn pick<T: Copy>(draw: &mut Draw, from: &[T]) -> T {
    from[draw.narrow(0, from.len() as i64 - 1) as usize]
}

fn ratio(parts: u64) -> Ratio {
    Ratio::from_parts(parts)
}

/// Depth for every instrument that is held, some of it consumed already, and the wave's books.
fn opened(draw: &mut Draw, book: &mut Book) -> Vec<MarketBook> {
    let mut books = Vec::new();
    let mode = pick(draw, &[PriceMode::Exogenous, PriceMode::Synthetic]);
    let mut markets = Vec::new();
    for place in HELD {
        let instrument = InstrumentId::new(place);
        let models = [
            ImpactModel::Depth { exponent: ratio(400_000) },
            ImpactModel::Linear,
            ImpactModel::LinearReturns,
            ImpactModel::Fixed { distance: ratio(2_500) },
        ];
        let places = draw.narrow(16, 23) as u32;
        let depth = Quote::new(draw.within(1, 10i128.pow(places)));
        let half_spread = pick(draw, &[Ratio::ZERO, ratio(500)]);
        let rules = DepthRules {
            instrument,
            model: pick(draw, &models),
            venues: vec![VenueRules { name: "own".into(), depth, half_spread }],
            routing: Routing::First,
            arbitrage: Duration::from_seconds(0),
            mark_weight: Ratio::ONE,
            refill: Duration::from_seconds(0),
            permanent: Ratio::ONE,
            distance_max: pick(draw, &[ratio(100_000), ratio(20_000)]),
            stress: None,
        };
        let mark = book.instruments[instrument.index()].mark;
        let mut market = DepthMarket::new(instrument).observed(&rules, mark, Timestamp::START);
        if draw.once_in(2) {
            market.consumed[0] = Quote::new(depth.units() / 3);
        }
        books.push(market.open(&rules, mode, mark, Timestamp::START));
        markets.push(rules);
    }
    book.rules.sections.liquidity = LiquidityRules { price_mode: mode, markets };
    books
}

fn function(draw: &mut Draw) -> PriceFunction {
    let most = ratio(9_000);
    let fee = PriceFunction::OracleFee {
        base: ratio(1_000),
        most,
        grace: Duration::from_seconds(0),
        per_second: Ratio::ZERO,
    };
    pick(
        draw,
        &[
            PriceFunction::Slippage,
            fee,
            PriceFunction::Fillable { adjustment: Ratio::ONE, spread: ratio(500_000) },
            PriceFunction::FixedBonus { bonus: ratio(5_000) },
            PriceFunction::RatioDiscount { most: ratio(200_000) },
        ],
    )
}

/// What a trade of a size concedes against the mark through the book alone.
fn walked(prices: &Prices<'_>, position: &Position, size: Quantity) -> i128 {
    let plain = Prices { terms: None, ..*prices };
    let at_mark: Quote = size.quote(prices.instrument(position.instrument).mark);
    let (_, quote) = forced_quote(position, size, &plain);
    let sign = if position.quantity.is_negative() { -1 } else { 1 };
    quote.units() + sign * at_mark.units()
}

#[test]
fn no_step_into_a_book_raises_the_shortfall_unless_it_is_toxic() {
    let base = rules();
    let (mut closed, mut toxic, mut waits, mut hedged, mut limited) = (0, 0, 0, 0, 0);
    for seed in 0..CASES {
        let mut draw = Draw::new(seed);
        let Some(mut book) = liquidatable(&mut draw, &base) else { continue };
        let books = opened(&mut draw, &mut book);
        let selling = &mut book.rules.sections.selling;
        let clips = Sizing::Clips { notional: 100, interval: Duration::from_seconds(1) };
        selling.sizing = pick(&mut draw, &[Sizing::ToTarget, Sizing::Full, Sizing::Cover, clips]);
        selling.price = function(&mut draw);
        let (sizing, price) = (selling.sizing, selling.price);
        book.rules.sections.takers = TakerRules { hedge: price.has_takers() && draw.once_in(2) };
        let portfolio = book.portfolio();
        let before = assess(&portfolio, &book.prices());
        let nothing = Duration::from_seconds(0);
        let Offer::Open { terms, .. } = offer(&price, &before, nothing, nothing) else {
            panic!("no auction here")
        };
        let terms: Terms = terms;
        let prices = Prices { terms: Some(&terms), books: &books, ..book.prices() };
        let position = target(&portfolio, &prices, &[]).expect("every instrument can be sold");
        let ask = Ask { sizing, ..Ask::TO_RELEASE };
        let (closing, is_toxic) = match plan(&portfolio, &prices, &position, &ask) {
            Step::Close { closing, toxic } => (closing, toxic),
            Step::Wait => {
                waits += 1;
                continue;
            }
            Step::Default { .. } | Step::DefaultOnBook { .. } => continue,
        };
        let after = assess(&portfolio.with(closing.change), &prices);
        let rises = after.shortfall() > before.shortfall();
        assert!(!rises || is_toxic, "seed {seed}: {sizing:?} {price:?}");
        let size = closing.quantity.magnitude();
        assert!(!size.is_zero() && size <= position.quantity.magnitude(), "seed {seed}");
        let place = books.iter().find(|one| one.instrument == position.instrument);
        let side = place.expect("it has depth").side(position.quantity.is_negative());
        let taken = matches!(terms.position, Concession::Share(_));
        let spares = taken && !book.rules.sections.takers.hedge;
        assert!(spares || size <= side.available(), "seed {seed}: beyond the edge");
        let at_mark = size.quote(prices.instrument(position.instrument).mark).units();
        let through = walked(&prices, &position, size);
        if taken && !spares {
            let paid = prices.conceded(&position, at_mark);
            assert!(paid >= through, "seed {seed}: a taker loses {}", through - paid);
            hedged += 1;
        }
        if matches!(terms.position, Concession::OfMargin { .. }) {
            // Every unit is filled at the limit or better, so all of them are.
            let most = prices.conceded(&position, at_mark);
            assert!(through <= most + 2, "seed {seed}: {through} beyond the limit {most}");
            limited += 1;
        }
        closed += 1;
        toxic += u64::from(is_toxic);
    }
    println!("{closed} closed, {toxic} toxic, {waits} wait, {hedged} hedged, {limited} limited");
    let enough = closed > 1_000 && toxic > 50 && waits > 50 && hedged > 50 && limited > 50;
    assert!(enough, "{closed} {toxic} {waits} {hedged} {limited}");
}

#[test]
fn closings_cost_the_same_however_they_are_split() {
    let base = rules();
    let mut splits = 0;
    for seed in 0..CASES / 4 {
        let mut draw = Draw::new(seed);
        let Some(mut book) = liquidatable(&mut draw, &base) else { continue };
        let books = opened(&mut draw, &mut book);
        for one in books {
            for short in [false, true] {
                let available = one.side(short).available().units().min(1_000_000_000_000_000);
                if available < 2 {
                    continue;
                }
                let first = draw.narrow(1, available - 1);
                let whole = one.closing(short, Quantity::new(available)).1;
                let part = one.closing(short, Quantity::new(first)).1;
                let mut left = one;
                left.side_mut(short).consume(Quantity::new(first));
                let rest = left.closing(short, Quantity::new(available - first)).1;
                assert_eq!(part + rest, whole, "seed {seed}: {first} of {available}");
                splits += 1;
            }
        }
    }
    println!("{splits} splits");
    assert!(splits > 1_000, "{splits}");
}
