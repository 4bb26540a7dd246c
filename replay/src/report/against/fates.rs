//! Accounts that fared otherwise: how many moved from one fate to another, and by how much.

use std::cmp::Reverse;

use super::Pair;
use crate::chronicle::fate::{Fate, Fates};
use crate::report::table::{Block, Cell, Section, Table};
use crate::summary::numbers::{VALUE_PLACES, grouped, rounded};

/// Accounts listed at most.
const ACCOUNTS: usize = 40;

/// The section; absent where neither run has accounts.
pub fn section(pair: &Pair<'_>) -> Option<Section> {
    let [a, b] = [pair.ours, pair.theirs].map(|told| &told.chronicle.fates);
    let count = a.fates.len().min(b.fates.len());
    if count == 0 {
        return None;
    }
    let changed = changed(a, b, count);
    let otherwise = changed.iter().filter(|one| one.fates[0] != one.fates[1]).count();
    let [better, worse] = [1, -1]
        .map(|sign: i128| changed.iter().filter(|one| one.difference().signum() == sign).count());
    let sum: i128 = changed.iter().map(Changed::difference).sum();
    let unit = pair.ours.numeraire();
    let mut sentence = format!(
        "Of {} accounts {} met another fate; {} ended with more equity under a, {} with less, all \
         together {} {unit}.",
        grouped(count as u128),
        grouped(otherwise as u128),
        grouped(better as u128),
        grouped(worse as u128),
        rounded(sum, VALUE_PLACES, 0),
    );
    if a.fates.len() != b.fates.len() {
        sentence += " The runs opened different numbers of accounts: an account of one may be \
                     somebody else in the other.";
    }
    let mut blocks = vec![Block::Text(sentence), Block::Table(moves(a, b, count))];
    if !changed.is_empty() {
        blocks.push(Block::Table(listed(&changed, &unit)));
    }
    Some(Section { id: "fates", title: "Accounts that fared otherwise".to_owned(), blocks })
}

/// An account whose fate or equity differs.
struct Changed {
    account: u64,
    fates: [Fate; 2],
    equity: [i128; 2],
}

impl Changed {
    fn difference(&self) -> i128 {
        self.equity[0] - self.equity[1]
    }
}

fn changed(a: &Fates, b: &Fates, count: usize) -> Vec<Changed> {
    let mut changed: Vec<Changed> = (0..count)
        .filter_map(|place| {
            let fates = [*a.fates.get(place)?, *b.fates.get(place)?];
            let equity = [*a.equity.get(place)?, *b.equity.get(place)?];
            let same = fates[0] == fates[1] && equity[0] == equity[1];
            (!same).then_some(Changed { account: place as u64, fates, equity })
        })
        .collect();
    changed.sort_by_key(|one| (Reverse(one.difference().abs()), one.account));
    changed
}

/// Accounts by fate under b (rows) and under a (columns).
fn moves(a: &Fates, b: &Fates, count: usize) -> Table {
    let pairs = || a.fates.iter().zip(&b.fates).take(count);
    let mut head = vec!["under b \\ under a".to_owned()];
    head.extend(Fate::ALL.iter().map(|fate| fate.name().to_owned()));
    let rows = Fate::ALL.iter().map(|row| {
        let mut cells = vec![Cell::text(row.name())];
        cells.extend(Fate::ALL.iter().map(|column| {
            let both = pairs().filter(|(ours, theirs)| *ours == column && *theirs == row);
            Cell::count(both.count() as u64)
        }));
        cells
    });
    Table { caption: "From fate to fate, accounts".to_owned(), head, rows: rows.collect() }
}

fn listed(changed: &[Changed], unit: &str) -> Table {
    let rows = changed.iter().take(ACCOUNTS).map(|one| {
        vec![
            Cell::text(grouped(u128::from(one.account))),
            Cell::words(one.fates[0].name()),
            Cell::words(one.fates[1].name()),
            Cell::value(one.equity[0]),
            Cell::value(one.equity[1]),
            Cell::value(one.difference()),
        ]
    });
    let head = ["account", "under a", "under b", "equity, a", "equity, b", "a less b"];
    Table {
        caption: format!(
            "Largest changes of equity at the end, in {unit} ({} of {} accounts that differ)",
            ACCOUNTS.min(changed.len()),
            grouped(changed.len() as u128)
        ),
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}
