//! Who holds what: an instrument's sides divided into cells of like accounts.
//!
//! | holders | long side | short side |
//! | --- | --- | --- |
//! | pair: the hub against another, both ways | q | q |
//! | spot hedge: the asset held, the perpetual short | - | c = 2 (h - q) |
//! | directional | 1 - q | d = min(short_directional, 1 - q - c) |
//! | makers | - | the rest |
//!
//! h is the hedged share; q = min(pair_max, h, h O_hub / sum of the other O) for the others, and
//! for the hub what their pairs come to. Law: (c + 2 q) / 2 = h for every instrument.
//! Shares are held at 1e-12, rounded down; lots are whole and both sides equal the target.

use super::parameters::{Parameters, wrong};
use super::share::{largest_remainder, reduce};
use crate::error::FeedError;

const WHOLE: u128 = 1_000_000_000_000;

/// What an account is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CellKind {
    /// Long one perpetual.
    Long,
    /// Short one perpetual.
    Short,
    /// Short one perpetual and holding its asset.
    SpotHedge,
    /// Long one perpetual and short another, one of them the hub.
    Pair,
    /// Short what the others leave.
    Maker,
}

/// An instrument with its target, as far as cells care. Places are those in the list of markets.
#[derive(Clone, Debug)]
pub(super) struct Market {
    pub asset: String,
    /// Target open notional, scaled so that all of them add up to less than 2^63.
    pub notional: u64,
    /// Target open interest in lots.
    pub lots: u64,
}

/// A cell and the lots it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CellPlan {
    pub kind: CellKind,
    /// `long BTC`, `pair BTC ETH`: enters the keys of its accounts' streams, so it is frozen.
    pub name: String,
    pub accounts: u32,
    /// Market and lots of the long leg.
    pub long: Option<(usize, u64)>,
    /// Market and lots of the short leg.
    pub short: Option<(usize, u64)>,
}

/// All cells but the makers', and what the makers must be short, by market.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub cells: Vec<CellPlan>,
    pub maker_lots: Vec<u64>,
}

/// The shares of one market at 1e-12.
struct Shares {
    /// Pairs with each other market; zero against itself and between two that are not the hub.
    pairs: Vec<u128>,
    long: u128,
    short: u128,
    hedge: u128,
}

/// Divides every market into cells and the accounts among them.
pub(super) fn plan(
    parameters: &Parameters,
    markets: &[Market],
    hub: usize,
) -> Result<Plan, FeedError> {
    let shares = (0..markets.len())
        .map(|place| market_shares(parameters, markets, hub, place))
        .collect::<Result<Vec<Shares>, FeedError>>()?;
    let mut cells = Vec::new();
    let mut gross = Vec::new();
    let mut add = |kind, name: String, long, short, weight: u128| {
        if weight > 0 {
            cells.push(CellPlan { kind, name, accounts: 0, long, short });
            gross.push(weight);
        }
    };
    let long_lots: Vec<Vec<u64>> =
        markets.iter().zip(&shares).map(|(market, share)| long_side(market, share)).collect();
    let mut maker_lots: Vec<u64> = markets.iter().map(|market| market.lots).collect();
    let mut short_of = |place: usize, share: u128| {
        let lots = (u128::from(markets[place].lots) * share / WHOLE) as u64;
        maker_lots[place] -= lots;
        Some((place, lots))
    };
    for (place, market) in markets.iter().enumerate() {
        let weight = shares[place].long * u128::from(market.notional);
        let lots = long_lots[place][markets.len()];
        add(CellKind::Long, format!("long {}", market.asset), Some((place, lots)), None, weight);
    }
    for (place, market) in markets.iter().enumerate() {
        let weight = shares[place].short * u128::from(market.notional);
        let lots = short_of(place, shares[place].short);
        add(CellKind::Short, format!("short {}", market.asset), None, lots, weight);
    }
    for (place, market) in markets.iter().enumerate() {
        let weight = shares[place].hedge * u128::from(market.notional);
        let lots = short_of(place, shares[place].hedge);
        add(CellKind::SpotHedge, format!("hedge {}", market.asset), None, lots, weight);
    }
    for (long, short) in pair_order(markets.len(), hub) {
        let other = if long == hub { short } else { long };
        let weight = 2 * shares[other].pairs[hub] * u128::from(markets[other].notional);
        let name = format!("pair {} {}", markets[long].asset, markets[short].asset);
        let long_leg = Some((long, long_lots[long][short]));
        let short_leg = short_of(short, shares[short].pairs[long]);
        add(CellKind::Pair, name, long_leg, short_leg, weight);
    }
    let clients = parameters.accounts - parameters.makers.count;
    count_accounts(clients, &gross, &mut cells)?;
    Ok(Plan { cells, maker_lots })
}

/// Hub long against each other market, then each other market long against the hub.
fn pair_order(markets: usize, hub: usize) -> impl Iterator<Item = (usize, usize)> {
    let others = move || (0..markets).filter(move |place| *place != hub);
    others().map(move |other| (hub, other)).chain(others().map(move |other| (other, hub)))
}

fn market_shares(
    parameters: &Parameters,
    markets: &[Market],
    hub: usize,
    place: usize,
) -> Result<Shares, FeedError> {
    let [hedged, pair_max, short_max] =
        [parameters.hedged, parameters.pair_max, parameters.short_directional]
            .map(|share| share.parts() as u128 * (WHOLE / 1_000_000));
    let hub_notional = u128::from(markets[hub].notional);
    let all: u128 = markets.iter().map(|market| u128::from(market.notional)).sum();
    let hub_bound = (hedged * hub_notional).checked_div(all - hub_notional).unwrap_or(0);
    let pair = pair_max.min(hedged).min(hub_bound);
    let pairs: Vec<u128> = (0..markets.len())
        .map(|other| match (place == hub, other == hub) {
            (true, false) => pair * u128::from(markets[other].notional) / hub_notional,
            (false, true) => pair,
            _ => 0,
        })
        .collect();
    let paired: u128 = pairs.iter().sum();
    let hedge = 2 * (hedged - paired);
    let Some(rest) = WHOLE.checked_sub(paired + hedge) else {
        let asset = &markets[place].asset;
        let expected = format!(
            "a share that fits the short side of {asset}: spot hedges, 2 x (hedged - pairs), and \
             pairs ({} millionths) take at most all of it",
            paired / (WHOLE / 1_000_000)
        );
        return Err(wrong("hedged", expected, parameters.hedged.to_string()));
    };
    Ok(Shares { pairs, long: WHOLE - paired, short: short_max.min(rest), hedge })
}

/// Lots of the long side: one part for each pair partner, the last for directional longs.
fn long_side(market: &Market, shares: &Shares) -> Vec<u64> {
    let weights: Vec<u128> = std::iter::once(shares.long).chain(shares.pairs.clone()).collect();
    let mut parts = largest_remainder(market.lots, &reduce(&weights));
    parts.rotate_left(1);
    parts
}

/// Accounts by largest remainder of gross notional, at least one in each cell.
fn count_accounts(clients: u32, gross: &[u128], cells: &mut [CellPlan]) -> Result<(), FeedError> {
    if (clients as usize) < cells.len() {
        let expected = format!("at least one account for each of {} cells", cells.len());
        return Err(wrong("accounts", expected, format!("{clients} beside the makers")));
    }
    let mut counts = largest_remainder(u64::from(clients), &reduce(gross));
    while let Some(empty) = counts.iter().position(|count| *count == 0) {
        let largest = (0..counts.len())
            .max_by_key(|place| (counts[*place], std::cmp::Reverse(*place)))
            .expect("a cell is empty, so there are cells");
        counts[largest] -= 1;
        counts[empty] += 1;
    }
    for (cell, count) in cells.iter_mut().zip(counts) {
        cell.accounts = u32::try_from(count).expect("a part of a number of 32 bits");
    }
    Ok(())
}
