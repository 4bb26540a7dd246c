//! Who bore the loss: layer by layer and asset by asset, then the accounts on both ends.

use std::cmp::Reverse;

use crate::chronicle::fate::Fate;
use crate::chronicle::loss::Layer;
use crate::report::Told;
use crate::report::table::{Block, Cell, Section, Table};
use crate::summary::numbers::{grouped, parts, rounded};

/// Accounts listed at each end.
const ACCOUNTS: usize = 10;

/// The section; absent where nothing was lost and nobody was forced.
pub fn section(told: &Told) -> Option<Section> {
    let mut blocks = Vec::new();
    if !told.chronicle.losses.layers.is_empty() {
        blocks.push(Block::Text(sentence(told)));
        blocks.push(Block::Table(layers(told)));
        blocks.push(Block::Folded(losers(told)));
    }
    if !told.chronicle.losses.winners.is_empty() {
        blocks.push(Block::Folded(winners(told)));
    }
    if told.chronicle.fates.fates.iter().any(|fate| *fate != Fate::Untouched) {
        blocks.push(Block::Table(fates(told)));
    }
    (!blocks.is_empty()).then(|| Section {
        id: "bearers",
        title: "Who bore the loss".to_owned(),
        blocks,
    })
}

fn sentence(told: &Told) -> String {
    let totals = told.chronicle.losses.layers.totals(|layer| layer);
    let deficit = totals.get(&Layer::Deficit).copied().unwrap_or(0);
    let terms = Layer::BEARING.into_iter().filter_map(|layer| {
        let borne = totals.get(&layer).copied().filter(|borne| *borne != 0)?;
        let share = parts(borne, deficit).map_or_else(String::new, |share| rounded(share, 4, 1));
        Some(format!("{} {share} %", layer.name()))
    });
    let terms: Vec<String> = terms.collect();
    format!(
        "Bankrupt accounts lacked {} {}; it was borne by: {}. Exact to the last unit: deficit = \
         fund + deleveraged + socialised + uncovered.",
        rounded(deficit, 16, 0),
        told.numeraire(),
        terms.join(", ")
    )
}

fn layers(told: &Told) -> Table {
    let losses = &told.chronicle.losses;
    let mut assets: Vec<_> = losses.assets.keys().map(|(_, asset)| *asset).collect();
    assets.sort_unstable();
    assets.dedup();
    let totals = losses.layers.totals(|layer| layer);
    let mut head = vec!["layer".to_owned(), format!("all, {}", told.numeraire())];
    if assets.len() > 1 {
        head.extend(assets.iter().map(|asset| format!("in {}", told.asset(*asset))));
    }
    let layers = [Layer::Deficit].into_iter().chain(Layer::BEARING);
    let rows = layers.map(|layer| {
        let pointer = match layer {
            Layer::Deficit => "/money/deficit",
            Layer::InsuranceFund => "/money/insurance_fund",
            Layer::Deleveraging => "/money/deleveraged",
            Layer::Socialised => "/money/socialised",
            Layer::Uncovered => "/money/uncovered",
        };
        let mut all = Cell::value(totals.get(&layer).copied().unwrap_or(0));
        all.summary = Some(pointer.to_owned());
        let mut row = vec![Cell::text(layer.name()), all];
        if assets.len() > 1 {
            row.extend(assets.iter().map(|asset| {
                Cell::value(losses.assets.get(&(layer, *asset)).copied().unwrap_or(0))
            }));
        }
        row
    });
    Table { caption: "The waterfall, layer by layer".to_owned(), head, rows: rows.collect() }
}

/// Accounts that others had to pay for.
fn losers(told: &Told) -> Table {
    let mut lost: Vec<(i128, i128, u64)> = Vec::new();
    for one in &told.chronicle.liquidations.deficits {
        let closed = told.chronicle.liquidations.by_account.get(one.0).copied().unwrap_or(0);
        lost.push((*one.1, closed, one.0.number()));
    }
    lost.sort_by_key(|(deficit, _, account)| (Reverse(*deficit), *account));
    let unit = told.numeraire();
    let rows = lost.iter().take(ACCOUNTS).map(|(deficit, closed, account)| {
        vec![Cell::text(grouped(u128::from(*account))), Cell::value(*deficit), Cell::value(*closed)]
    });
    Table {
        caption: format!("Largest deficits ({} accounts had one)", grouped(lost.len() as u128)),
        head: vec!["account".to_owned(), format!("deficit, {unit}"), format!("closed, {unit}")],
        rows: rows.collect(),
    }
}

fn winners(told: &Told) -> Table {
    let unit = told.numeraire();
    let winners = &told.chronicle.losses.winners;
    let mut sorted: Vec<_> = winners.iter().collect();
    sorted.sort_by_key(|(account, one)| (Reverse(one.given_up), **account));
    let rows = sorted.iter().take(ACCOUNTS).map(|(account, one)| {
        vec![
            Cell::text(grouped(u128::from(account.number()))),
            Cell::count(one.closings),
            Cell::value(one.notional),
            Cell::value(one.given_up),
        ]
    });
    let head = ["account", "closings", "closed", "given up against the mark"];
    let head = head.iter().enumerate().map(|(place, word)| {
        if place < 2 { (*word).to_owned() } else { format!("{word}, {unit}") }
    });
    Table {
        caption: format!("Deleveraged winners ({} accounts)", grouped(winners.len() as u128)),
        head: head.collect(),
        rows: rows.collect(),
    }
}

fn fates(told: &Told) -> Table {
    let counts = told.chronicle.fates.counts();
    let all: u64 = counts.iter().sum();
    let rows = Fate::ALL.iter().zip(counts).map(|(fate, count)| {
        let share = parts(i128::from(count), i128::from(all));
        let share = share.map_or_else(String::new, |share| rounded(share, 4, 1));
        vec![Cell::text(fate.name()), Cell::count(count), Cell::text(share)]
    });
    Table {
        caption: "What became of the accounts (the worst that happened to each)".to_owned(),
        head: ["fate", "accounts", "%"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}
