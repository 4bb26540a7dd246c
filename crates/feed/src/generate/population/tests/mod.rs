//! Goal: populations obey their laws on all five days, and have the shape that was computed for
//! them by hand. Method: openings as the first rulebook has them; laws over days and seeds, worked
//! figures on 2020-03-12, a simple model of liquidation over bridged minutes.

mod laws;
mod model;
mod refused;
mod rulebook;
mod worked;

use std::collections::BTreeMap;

use domain::rulebook::{HaircutTier, RequirementTier};
use domain::{Amount, AssetId, InstrumentId, Price, Quantity, Ratio};

use super::super::bridge::{HourSeries, Role};
use super::super::fixture::Day;
use super::super::millionths::Notional;
use super::*;

/// Assets in the rulebook's order: name, haircut in millionths, lot of the perpetual at 1e-8.
const ASSETS: [(&str, u64, i64); 9] = [
    ("USD", 0, 0),
    ("BTC", 50_000, 100_000),
    ("ETH", 100_000, 100_000),
    ("ADA", 200_000, 100_000_000),
    ("LTC", 200_000, 100_000),
    ("XRP", 200_000, 10_000_000),
    ("SOL", 200_000, 1_000_000),
    ("BNB", 200_000, 1_000_000),
    ("DOGE", 200_000, 100_000_000),
];

const FIVE: [&str; 5] = ["BTC", "ETH", "XRP", "LTC", "ADA"];

/// House's open notional of a day in dollars: BTC's alone, or that of all.
const HOUSE: [(&str, u64, bool); 5] = [
    ("2020-03-12", 400_000_000, true),
    ("2021-05-19", 2_500_000_000, true),
    ("2022-11-08", 850_000_000, true),
    ("2024-08-05", 3_690_000_000, true),
    ("2025-10-10", 1_380_000_000, false),
];

/// Open notionals of a day: 60, 28, 5, 4, 3 % with five assets, the last 12 % in equal parts with
/// more.
fn open_notional(day: &str, assets: &[&str]) -> BTreeMap<String, Notional> {
    let (_, house, only_hub) = HOUSE.iter().find(|(name, _, _)| *name == day).expect("a day");
    let share = |asset: &str| match asset {
        "BTC" => 6_000,
        "ETH" => 2_800,
        "XRP" if assets.len() == 5 => 500,
        "LTC" if assets.len() == 5 => 400,
        "ADA" if assets.len() == 5 => 300,
        _ => 1_200 / (assets.len() as u64 - 2),
    };
    let whole = if *only_hub { 6_000 } else { 10_000 };
    let dollars = |asset: &str| (house * share(asset) + whole / 2) / whole;
    assets
        .iter()
        .map(|asset| ((*asset).to_owned(), Notional::from_whole(dollars(asset) as u32)))
        .collect()
}

fn first(series: &[HourSeries], asset: &str, role: Role) -> Option<Price> {
    let found = series.iter().find(|series| series.asset == asset && series.role == role);
    found.map(|series| Price::new(series.bars[0].open))
}

/// The opening of a day, as the first rulebook has it: initial 2 %, USD with eight decimals.
fn opening(day: &Day) -> Opening {
    let series = day.series();
    let mut opening =
        Opening { hub: "BTC".to_owned(), instruments: Vec::new(), assets: Vec::new() };
    for ((name, haircut, lot), number) in ASSETS.into_iter().zip(0..) {
        let dollar = (name == "USD").then(|| Price::new(100_000_000));
        let Some(index) = dollar.or_else(|| first(&series, name, Role::Index)) else { continue };
        opening.assets.push(OpeningAsset {
            id: AssetId::new(number),
            name: name.to_owned(),
            decimals: 8,
            index,
            haircuts: vec![HaircutTier { up_to: None, haircut: Ratio::from_parts(haircut) }],
        });
        if let Some(mark) = first(&series, name, Role::Mark) {
            opening.instruments.push(OpeningInstrument {
                id: InstrumentId::new(number - 1),
                asset: name.to_owned(),
                mark,
                lot: Quantity::new(lot),
                quantity_places: 8,
                tiers: vec![tier(None, 20_000)],
            });
        }
    }
    opening
}

fn tier(up_to: Option<Value>, initial: u64) -> RequirementTier {
    RequirementTier {
        up_to,
        initial: Ratio::from_parts(initial),
        release: Ratio::from_parts(initial * 5 / 8),
        maintenance: Ratio::from_parts(initial / 2),
    }
}

/// All assets of a day that have a perpetual.
fn listed(opening: &Opening) -> Vec<&str> {
    opening.instruments.iter().map(|instrument| instrument.asset.as_str()).collect()
}

fn dollars(value: Value) -> f64 {
    value.units() as f64 / 1e16
}

/// Gross notional of an account.
fn gross(account: &Account, opening: &Opening) -> Value {
    let held = |id| opening.instruments.iter().find(|known| known.id == id).expect("known");
    account.positions.iter().map(|(id, quantity)| held(*id).notional(*quantity)).sum()
}

/// Worth of an account's deposits, after haircut or before.
fn worth(account: &Account, opening: &Opening, after_haircut: bool) -> f64 {
    let asset = |id| opening.assets.iter().find(|known| known.id == id).expect("known");
    let worth = |(id, amount): &(AssetId, Amount)| {
        if after_haircut {
            asset(*id).weighted(*amount).units() as f64 / 1e22
        } else {
            dollars(asset(*id).value(*amount))
        }
    };
    account.deposits.iter().map(worth).sum()
}
