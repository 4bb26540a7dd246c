//! The rulebook of [`crate::book`] with finite depth on every instrument and feedback on.
//!
//! What `fixtures/rulebooks/depth.toml` says of BTC-PERP: depth within 1 % of the mid, exponent,
//! refill, stress regime; marks are moved by all that forced trades do (`synthetic`).

use std::path::Path;

use domain::rulebook::{DepthRules, PriceMode, Rulebook};
use domain::{InstrumentId, Quote};

use crate::book::{self, INSTRUMENTS};

/// The market of the fixture that is followed.
const LIKE: &str = "BTC-PERP";

/// The rules of a book of so much depth within 1 % of the mid, in units of 1e-16 USD; as the
/// fixture has it if `None`.
///
/// # Panics
/// If the fixture is not there.
#[must_use]
pub fn rulebook(depth: Option<i128>) -> Rulebook {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/rulebooks/depth.toml");
    let Ok(fixture) = feed::rulebook::load(&path) else { panic!("no {}", path.display()) };
    let like = fixture.instrument_named(LIKE).expect("the fixture lists it");
    let markets = &fixture.sections.liquidity.markets;
    let like = markets.iter().find(|market| market.instrument == like).expect("it has depth");
    let market = |number| {
        let mut market = DepthRules { instrument: InstrumentId::new(number), ..like.clone() };
        for venue in &mut market.venues {
            venue.depth = depth.map_or(venue.depth, Quote::new);
        }
        market
    };
    let mut rulebook = book::rulebook();
    rulebook.sections.liquidity.price_mode = PriceMode::Synthetic;
    rulebook.sections.liquidity.markets = (0..INSTRUMENTS).map(market).collect();
    rulebook
}
