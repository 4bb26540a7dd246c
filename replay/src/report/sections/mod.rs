//! The tables of a report, in the order they are read; one file each.
//!
//! `before` the charts stands what happened; `after` them who paid, why, and how sure one can be.

mod bearers;
mod committee;
mod headline;
mod invariants;
mod largest;
mod latency;
mod markets;
mod provenance;
mod published;
mod refusals;

use super::Told;
use super::table::Section;

/// A section of what is told; `None` where there is nothing to tell.
pub type Tell = fn(&Told) -> Option<Section>;

/// Before the charts.
pub const BEFORE: &[Tell] = &[headline::section];

/// After the charts.
pub const AFTER: &[Tell] = &[
    bearers::section,
    largest::section,
    markets::section,
    committee::section,
    latency::section,
    refusals::section,
    invariants::section,
    published::section,
    provenance::section,
];

/// The sections of a list.
pub fn sections(told: &Told, list: &[Tell]) -> Vec<Section> {
    list.iter().filter_map(|tell| tell(told)).collect()
}
