//! All markets in one scale: marks (or indexes) as a share of their first figure.

use domain::{FeedRole, Rulebook};

use crate::chronicle::minutes::Levels;
use crate::report::Told;
use crate::report::chart::{Chart, Figures, Kind, Line, View, tone};
use crate::summary::stream_name;

/// Marks of instruments, else indexes of assets.
pub fn chart(told: &Told) -> Option<Chart> {
    let rulebook = told.chronicle.rulebook.as_ref()?;
    let shares = shares(told, rulebook, FeedRole::Mark);
    let shares = if shares.is_empty() { shares_of_assets(told, rulebook) } else { shares };
    if shares.is_empty() {
        return None;
    }
    let lines = shares.iter().enumerate().map(|(place, (name, levels))| {
        Line::new(name, tone(place), Figures::Levels(levels)).scaled(4, 1)
    });
    let lines: Vec<Line<'_>> = lines.collect();
    let view = View::of("all", "% of opening", Kind::Lines, told.grid(), &lines);
    Some(Chart {
        id: "prices",
        title: "Prices, as a share of the opening".to_owned(),
        look: "Do all markets fall together, and is there a pause between two legs? A market that \
               falls alone hurts accounts whose collateral it is; a common fall leaves no hedge."
            .to_owned(),
        views: vec![view],
    })
}

fn shares(told: &Told, rulebook: &Rulebook, role: FeedRole) -> Vec<(String, Levels)> {
    let feeds = told.chronicle.markets.prices.iter().filter(|(feed, _)| feed.role == role);
    let named = feeds.filter_map(|(feed, levels)| {
        let (name, _) = stream_name(rulebook, *feed)?;
        Some((name, share(levels)?))
    });
    named.collect()
}

fn shares_of_assets(told: &Told, rulebook: &Rulebook) -> Vec<(String, Levels)> {
    let mut shares = shares(told, rulebook, FeedRole::Index);
    let numeraire = rulebook.asset(rulebook.numeraire).map(|rules| rules.name.clone());
    shares.retain(|(name, _)| Some(name) != numeraire.as_ref());
    shares
}

/// Each figure in ten-thousandths of a per cent of the first.
fn share(levels: &Levels) -> Option<Levels> {
    let first = levels.first().filter(|first| *first > 0)?;
    let mut shares = Levels::default();
    for row in levels.rows() {
        let (one, two) = if row.low_first { (row.low, row.high) } else { (row.high, row.low) };
        for value in [one, two, row.last] {
            shares.meet(row.minute, value * 1_000_000 / first);
        }
    }
    Some(shares)
}
