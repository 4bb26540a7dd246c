//! Which series fills which role, and what stands in where a file is missing.
//!
//! Mark: its file, else the last price of the instrument. Index: its file, else the mark, where
//! the only price of an asset is its perpetual. An instrument without either has no mark and is
//! not traded that day.

use std::collections::BTreeMap;

use domain::{AssetId, Feed, FeedRole, InstrumentId, Rulebook};

use super::load::{LoadedFunding, LoadedSeries};
use super::{FundingSeries, PriceSeries, Substitution};
use crate::error::{FeedError, FeedErrors, Place};
use crate::manifest::{Manifest, Role};
use crate::reader::{Bar, FundingRow};

/// A series with the role its prices were recorded for.
pub(super) struct FilledSeries {
    pub loaded: LoadedSeries,
    pub stands_in: Option<Role>,
}

/// All roles filled.
pub(super) struct Filled {
    pub series: Vec<FilledSeries>,
    pub substitutions: Vec<Substitution>,
}

/// Fills missing marks and indexes.
///
/// # Errors
/// `market.twice` where two files give one feed; `market.unit` where a mark does not fit the unit
/// of the asset it stands in for.
pub(super) fn fill(
    loaded: Vec<LoadedSeries>,
    manifest: &Manifest,
    rulebook: &Rulebook,
) -> Result<Filled, FeedErrors> {
    let mut by_feed: BTreeMap<Feed, FilledSeries> = BTreeMap::new();
    let mut errors = FeedErrors::default();
    for series in loaded {
        if let Some(other) = by_feed.get(&series.feed) {
            let place = Place::file(file(manifest, series.source)).at(&series.name);
            let role = manifest.source[series.source as usize].role.word();
            let expected = format!("one file for the {role} of {}", series.name);
            let found = format!("{} as well", file(manifest, other.loaded.source));
            errors.push(FeedError::input("market.twice", place, expected, found));
            continue;
        }
        by_feed.insert(series.feed, FilledSeries { loaded: series, stands_in: None });
    }
    let mut substitutions = Vec::new();
    fill_marks(&mut by_feed, &mut substitutions);
    if let Err(fault) = fill_indexes(&mut by_feed, &mut substitutions, rulebook) {
        errors.push(fault);
    }
    let mut series: Vec<FilledSeries> = by_feed.into_values().collect();
    series.sort_by_key(|filled| {
        let line = filled.loaded.bars.first().map_or(0, |bar| bar.line);
        (filled.loaded.feed.role, filled.loaded.source, line, filled.loaded.feed.target)
    });
    errors.or(Filled { series, substitutions })
}

fn fill_marks(by_feed: &mut BTreeMap<Feed, FilledSeries>, done: &mut Vec<Substitution>) {
    let lasts: Vec<Feed> =
        by_feed.keys().filter(|feed| feed.role == FeedRole::Last).copied().collect();
    for last in lasts {
        let mark = Feed::mark(InstrumentId::new(last.target));
        if by_feed.contains_key(&mark) {
            continue;
        }
        let loaded = by_feed[&last].loaded.with_feed(mark);
        let asset = loaded.asset.clone();
        by_feed.insert(mark, FilledSeries { loaded, stands_in: Some(Role::Last) });
        done.push(Substitution { asset, missing: Role::Mark, stands_in: Role::Last });
    }
}

fn fill_indexes(
    by_feed: &mut BTreeMap<Feed, FilledSeries>,
    done: &mut Vec<Substitution>,
    rulebook: &Rulebook,
) -> Result<(), FeedError> {
    let marks: Vec<Feed> =
        by_feed.keys().filter(|feed| feed.role == FeedRole::Mark).copied().collect();
    for mark in marks {
        let filled = &by_feed[&mark];
        let Some(id) = rulebook.asset_named(&filled.loaded.asset) else { continue };
        let index = Feed::index(id);
        let settles =
            rulebook.instrument(InstrumentId::new(mark.target)).map(|rules| rules.settles);
        if by_feed.contains_key(&index) || settles != Some(rulebook.numeraire) {
            continue;
        }
        let loaded = filled.loaded.as_index(index, id, rulebook)?;
        // The index of an asset whose mark is itself a last price rests on the last price.
        let stands_in = filled.stands_in.unwrap_or(Role::Mark);
        let asset = loaded.asset.clone();
        by_feed.insert(index, FilledSeries { loaded, stands_in: Some(stands_in) });
        done.push(Substitution { asset, missing: Role::Index, stands_in });
    }
    Ok(())
}

impl LoadedSeries {
    fn with_feed(&self, feed: Feed) -> LoadedSeries {
        LoadedSeries {
            feed,
            name: self.name.clone(),
            asset: self.asset.clone(),
            bars: self.bars.clone(),
            ..*self
        }
    }

    /// The same prices as the index of the asset they follow, in the asset's unit.
    fn as_index(
        &self,
        feed: Feed,
        asset: AssetId,
        rulebook: &Rulebook,
    ) -> Result<LoadedSeries, FeedError> {
        let digits = rulebook.asset(asset).map_or(0, |rules| 16 - u32::from(rules.decimals));
        let mut series = self.with_feed(feed);
        series.name.clone_from(&self.asset);
        series.digits = digits;
        for bar in &mut series.bars {
            *bar = in_digits(bar, self.digits, digits).ok_or_else(|| {
                let place = Place::default().at(&self.asset);
                let expected = format!("prices of {} that fit 1e-{digits}", self.name);
                FeedError::input("market.unit", place, expected, format!("line {}", bar.line))
            })?;
        }
        Ok(series)
    }
}

/// A bar in another unit, exact or not at all.
fn in_digits(bar: &Bar, from: u32, to: u32) -> Option<Bar> {
    let price = |price: i64| {
        if to >= from {
            price.checked_mul(10i64.checked_pow(to - from)?)
        } else {
            let factor = 10i64.checked_pow(from - to)?;
            (price % factor == 0).then_some(price / factor)
        }
    };
    Some(Bar {
        open: price(bar.open)?,
        high: price(bar.high)?,
        low: price(bar.low)?,
        close: price(bar.close)?,
        ..*bar
    })
}

/// Rates by instrument; `priced` are the series that must hold its mark.
///
/// # Errors
/// `market.twice` where two files give rates of one instrument; `market.funding` for an instrument
/// that has no price that day.
pub(super) fn funding(
    loaded: Vec<LoadedFunding>,
    priced: Option<&[PriceSeries]>,
    manifest: &Manifest,
) -> Result<Vec<FundingSeries>, FeedErrors> {
    let mut by_instrument: BTreeMap<InstrumentId, FundingSeries> = BTreeMap::new();
    let mut errors = FeedErrors::default();
    for LoadedFunding { instrument, name, source, rates } in loaded {
        let place = Place::file(file(manifest, source)).at(&name);
        let marked = |series: &PriceSeries| series.feed == Feed::mark(instrument);
        if priced.is_some_and(|series| !series.iter().any(marked)) {
            let expected = format!("a mark or last price of {name} beside its funding");
            let help = "name the assets to take in the source's field assets";
            errors.push(FeedError::input("market.funding", place, expected, "none").help(help));
        } else if let Some(other) = by_instrument.get(&instrument) {
            let expected = format!("one file for the funding of {name}");
            let found = format!("{} as well", file(manifest, other.source));
            errors.push(FeedError::input("market.twice", place, expected, found));
        } else {
            let rates: Vec<FundingRow> = rates;
            by_instrument.insert(instrument, FundingSeries { instrument, name, source, rates });
        }
    }
    errors.or(by_instrument.into_values().collect())
}

fn file(manifest: &Manifest, source: u32) -> &str {
    manifest.source.get(source as usize).map_or("", |source| &source.file)
}
