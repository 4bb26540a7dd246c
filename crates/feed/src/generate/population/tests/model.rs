//! Goal: the bridge and the accounts together make days of the size they were calibrated to.
//! Method: a simple model in floats, no more than the test needs: no impact, no partial closing, no
//! fund; an account below maintenance, 1 %, at a minute is closed whole at mark less slippage,
//! 0.5 %. Shares of long open notional liquidated were computed for the design by another program,
//! mean of eight seeds; deficits vary fourfold with the seed, so they are printed only.

use super::super::super::bridge::{MINUTES, bridge};
use super::super::super::fixture::{DAYS, Day};
use super::*;

const MAINTENANCE: f64 = 0.01;
const SLIPPAGE: f64 = 0.005;

/// Prices of a day in dollars, minute by minute: index and mark, by asset.
struct Prices {
    index: BTreeMap<String, Vec<f64>>,
    mark: BTreeMap<String, Vec<f64>>,
}

/// What one run of the model came to, as shares of the opening open notional.
#[derive(Clone, Copy, Debug, Default)]
struct Outcome {
    long_liquidated: f64,
    deficit: f64,
    accounts: f64,
}

fn prices(day: &Day, seed: u64) -> Prices {
    let all = day.series();
    let minutes = bridge(seed, day.first_hour, &day.parameters(), &all).expect(day.name);
    let mut prices = Prices { index: BTreeMap::new(), mark: BTreeMap::new() };
    for (series, found) in all.iter().zip(minutes) {
        let path: Vec<f64> = found.minutes.iter().map(|price| *price as f64 / 1e8).collect();
        match series.role {
            Role::Index => prices.index.insert(series.asset.clone(), path),
            Role::Mark => prices.mark.insert(series.asset.clone(), path),
            Role::Last => None,
        };
    }
    prices.index.insert("USD".to_owned(), vec![1.0; day.hours * MINUTES]);
    prices
}

/// An account as the model sees it: places of series beside numbers.
struct Held {
    /// Place, amount, weight.
    balances: Vec<(usize, f64, f64)>,
    /// Place, quantity.
    positions: Vec<(usize, f64)>,
}

fn held(account: &Account, opening: &Opening) -> Held {
    let balance = |(id, amount): &(AssetId, Amount)| {
        let place = opening.assets.iter().position(|known| known.id == *id).expect("known");
        let weight = 1.0 - ASSETS[id.index()].1 as f64 / 1e6;
        (place, amount.units() as f64 / 1e8, weight)
    };
    let position = |(id, quantity): &(InstrumentId, Quantity)| {
        let place = opening.instruments.iter().position(|known| known.id == *id).expect("known");
        (place, quantity.units() as f64 / 1e8)
    };
    Held {
        balances: account.deposits.iter().map(balance).collect(),
        positions: account.positions.iter().map(position).collect(),
    }
}

fn run(day: &Day, seed: u64) -> Outcome {
    let opening = opening(day);
    let parameters = Parameters::new(open_notional(day.name, &FIVE));
    let population = populate(seed, &parameters, &opening).expect(day.name);
    let prices = prices(day, seed);
    let index: Vec<&Vec<f64>> = opening.assets.iter().map(|a| &prices.index[&a.name]).collect();
    let mark: Vec<&Vec<f64>> = opening.instruments.iter().map(|i| &prices.mark[&i.asset]).collect();
    let total = dollars(population.open_notional(&opening));
    let mut outcome = Outcome::default();
    for account in &population.accounts {
        let held = held(account, &opening);
        for minute in 0..day.hours * MINUTES {
            let worth = |weighted: bool| -> f64 {
                let value = |(place, amount, weight): &(usize, f64, f64)| {
                    amount * index[*place][minute] * if weighted { *weight } else { 1.0 }
                };
                held.balances.iter().map(value).sum()
            };
            let (mut pnl, mut notional, mut long) = (0.0, 0.0, 0.0);
            for (place, quantity) in &held.positions {
                let price = mark[*place][minute];
                pnl += quantity * (price - mark[*place][0]);
                notional += quantity.abs() * price;
                long += quantity.max(0.0) * mark[*place][0];
            }
            if worth(true) + pnl < MAINTENANCE * notional {
                let left = worth(false) + pnl - SLIPPAGE * notional;
                outcome.long_liquidated += long / total;
                outcome.deficit += (-left).max(0.0) / total;
                outcome.accounts += 1.0 / population.accounts.len() as f64;
                break;
            }
        }
    }
    outcome
}

/// Runs some seeds of a day; the mean share of longs liquidated must be near the computed one.
fn check(day: &Day, seeds: std::ops::RangeInclusive<u64>, expected: f64, tolerance: f64) {
    let count = seeds.clone().count() as f64;
    let outcomes: Vec<Outcome> = seeds.clone().map(|seed| run(day, seed)).collect();
    let mean = |of: fn(&Outcome) -> f64| 100.0 * outcomes.iter().map(of).sum::<f64>() / count;
    let long = mean(|outcome| outcome.long_liquidated);
    println!(
        "{} seeds {seeds:?}: longs {long:.1} %, deficit {:.4} %, accounts {:.1} %",
        day.name,
        mean(|outcome| outcome.deficit),
        mean(|outcome| outcome.accounts)
    );
    assert!((long - expected).abs() < tolerance, "{}: {long} against {expected}", day.name);
}

#[test]
fn the_calibrated_days_liquidate_what_was_computed() {
    check(&DAYS[0], 1..=1, 33.9, 3.0);
    check(&DAYS[4], 1..=1, 8.6, 2.0);
}

#[test]
#[ignore = "eight seeds of five days take half a minute; run with --ignored --nocapture"]
fn eight_seeds_of_all_five_days() {
    for (day, expected) in DAYS.iter().zip([33.9, 20.0, 11.3, 4.5, 8.6]) {
        check(day, 1..=8, expected, 1.5);
    }
}
