//! Two runs in one page: charts over each other in two colours, differences, first divergence,
//! accounts that fared otherwise.
//!
//! `a` is the run asked about, `b` the one it is held against; a difference is `a` less `b`.
//! Accounts are matched by number, which says something only where both runs open the same
//! accounts; where their counts differ the page says so.

mod fates;
mod figures;
mod overlay;
mod parting;

use super::page::{Parts, digest, render, subtitle};
use super::{Told, charts};
use crate::difference::Difference;

/// Two runs and where they part.
pub struct Pair<'a> {
    /// The run asked about.
    pub ours: &'a Told,
    /// The run it is held against.
    pub theirs: &'a Told,
    /// What laying their journals side by side found.
    pub difference: &'a Difference,
}

/// The whole page.
///
/// # Errors
/// The template's own fault: a bug.
pub fn page(pair: &Pair<'_>) -> Result<String, minijinja::Error> {
    let (ours, theirs) = (pair.ours, pair.theirs);
    let charts = overlay::overlay(charts::charts(ours), charts::charts(theirs));
    let [one, other] = [ours, theirs].map(|told| told.told("/title").to_owned());
    let title = if one == other { one } else { format!("{one} against {other}") };
    let line = format!("a: {} | b: {}", subtitle(ours), subtitle(theirs));
    let before = vec![figures::section(pair)];
    let after = [parting::section(pair), fates::section(pair)].into_iter().flatten().collect();
    let digests = format!("a: {}\nb: {}", digest(ours), digest(theirs));
    render(ours, &Parts { charts, before, after, headings: Some([title, line, digests]) })
}
