//! The report: one HTML file that tells a run to a person who was not there.
//!
//! What is told comes from three documents: `run.json`, `summary.json` and the chronicle, gathered
//! while the run is heard. Charts and sections are lists, one file each; the page is a template in
//! which nothing is computed. Law: equal runs give equal bytes; the page asks nothing of a network.

pub mod against;
pub mod chart;
pub mod charts;
pub mod grid;
pub mod page;
pub mod sections;
pub mod svg;
pub mod table;

use std::path::Path;

use domain::{AccountId, AssetId, FeedRole, InstrumentId};
use runtime::latency::LatencyTable;
use serde_json::Value;

use crate::again::rerun_with;
use crate::chronicle::Chronicle;
use crate::chronicle::worst::Worst;
use crate::clockface::minute_of;
use crate::failure::{Answer, Failure, UNFINISHED};
use crate::opened::Run;
use crate::summary::numeraire;
use grid::{Grid, POINTS_MAX};

/// Name of the report in a run directory.
pub const REPORT_FILE: &str = "report.html";

/// Bytes of a report at most.
pub const BYTES_MAX: usize = 2 << 20;

/// Points that a series keeps however large the page is.
const POINTS_LEAST: i64 = 250;

/// Writes the report of a run that has ended, into its folder.
///
/// # Errors
/// The disk; damage.
pub fn write(folder: &Path, chronicle: Chronicle) -> Answer<()> {
    let run = Run::open(folder)?;
    let mut told = Told::of(&run, chronicle)?;
    watch(&run, &mut told, &[])?;
    let path = folder.join(REPORT_FILE);
    put(&path, &single(&path, &mut told)?)
}

/// The page of one run.
///
/// # Errors
/// The template's fault: a bug.
pub fn single(path: &Path, told: &mut Told) -> Answer<String> {
    text_of(
        path,
        fitted(|points| {
            told.points = points;
            page::page(told)
        }),
    )
}

/// A page of at most [`BYTES_MAX`]: where it would be larger, its charts have fewer points.
///
/// # Errors
/// What making the page says.
pub fn fitted<E>(mut make: impl FnMut(i64) -> Result<String, E>) -> Result<String, E> {
    let mut points = POINTS_MAX;
    loop {
        let page = make(points)?;
        if page.len() <= BYTES_MAX || points <= POINTS_LEAST {
            return Ok(page);
        }
        points /= 2;
    }
}

/// Hears a finished run again and tells of it.
///
/// # Errors
/// Damage, another semantics, the disk.
pub fn told(run: &Run) -> Answer<Told> {
    let mut chronicle = Chronicle::default();
    rerun_with(run, None, &mut [&mut chronicle])?;
    Told::of(run, chronicle)
}

/// Hears a run once more, for the accounts that it shows to have fared worst and for others named;
/// not where there is nobody to watch.
///
/// # Errors
/// Damage, another semantics, the disk.
pub fn watch(run: &Run, told: &mut Told, others: &[AccountId]) -> Answer<()> {
    let mut accounts = Worst::of(&told.chronicle.liquidations);
    accounts
        .extend(others.iter().filter(|one| !accounts.contains(one)).copied().collect::<Vec<_>>());
    if accounts.is_empty() {
        return Ok(());
    }
    let mut worst = Worst::watching(&accounts);
    rerun_with(run, None, &mut [&mut worst])?;
    told.worst = worst;
    Ok(())
}

/// Writes a file.
///
/// # Errors
/// The disk.
pub fn put(path: &Path, text: &str) -> Answer<()> {
    std::fs::write(path, text).map_err(|error| Failure::io("write", path, &error))
}

/// The page, or the template's fault about the file that could not be made.
///
/// # Errors
/// The template's fault: a bug.
pub fn text_of(path: &Path, page: Result<String, minijinja::Error>) -> Answer<String> {
    page.map_err(|error| Failure::about(UNFINISHED, "report.template", path, format!("{error:#}")))
}

/// Everything that is told of a run.
#[derive(Debug, Clone)]
pub struct Told {
    /// The document of `run.json`.
    pub record: Value,
    /// The document of `summary.json`.
    pub summary: Value,
    /// What was gathered.
    pub chronicle: Chronicle,
    /// The accounts that fared worst.
    pub worst: Worst,
    /// What the machine that made the run measured, where that was asked for.
    pub latency: Option<LatencyTable>,
    /// Points of a series at most.
    pub points: i64,
}

impl Told {
    fn of(run: &Run, chronicle: Chronicle) -> Answer<Told> {
        Ok(Told {
            record: run.record.clone(),
            summary: run.summary()?,
            chronicle,
            worst: Worst::default(),
            latency: None,
            points: POINTS_MAX,
        })
    }

    /// The minutes of the run.
    pub fn grid(&self) -> Grid {
        let (from, to) = self.chronicle.span.unwrap_or_default();
        Grid { from: minute_of(from), to: minute_of(to), points: self.points }
    }

    /// Name of the numeraire.
    pub fn numeraire(&self) -> String {
        numeraire(self.chronicle.rulebook.as_ref())
    }

    /// Name of an instrument.
    pub fn instrument(&self, instrument: InstrumentId) -> String {
        let rulebook = self.chronicle.rulebook.as_ref();
        let rules = rulebook.and_then(|rulebook| rulebook.instrument(instrument));
        rules.map_or_else(|| format!("instrument {}", instrument.number()), |one| one.name.clone())
    }

    /// Name of an instrument's colour: its place among those that have a mark.
    pub fn tone(&self, instrument: InstrumentId) -> String {
        let marks = self.chronicle.markets.prices.keys();
        let mut marks = marks.filter(|feed| feed.role == FeedRole::Mark);
        let place = marks.position(|feed| feed.target == instrument.number());
        chart::tone(place.unwrap_or(instrument.index()))
    }

    /// Name of an asset.
    pub fn asset(&self, asset: AssetId) -> String {
        let rulebook = self.chronicle.rulebook.as_ref();
        let rules = rulebook.and_then(|rulebook| rulebook.asset(asset));
        rules.map_or_else(|| format!("asset {}", asset.number()), |one| one.name.clone())
    }

    /// The span that one bar covers, in words.
    pub fn bucket(&self) -> String {
        match self.grid().width(self.points) {
            1 => "minute".to_owned(),
            width if width % 60 == 0 => format!("{} h", width / 60),
            width => format!("{width} minutes"),
        }
    }

    /// A string of the record; empty where it has none.
    pub fn told(&self, pointer: &str) -> &str {
        self.record.pointer(pointer).and_then(Value::as_str).unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a page that would be too large gets fewer points, and no fewer than it needs to.
    //! Method: pages of a known size.

    use super::*;

    #[test]
    fn a_page_fits() {
        for (bytes_per_point, expected) in [(700, 2_000), (500, 4_000), (100_000, 250)] {
            let page = fitted(|points| {
                Ok::<_, ()>("x".repeat(usize::try_from(points).unwrap_or(0) * bytes_per_point))
            });
            assert_eq!(page.map(|page| page.len()), Ok(expected * bytes_per_point));
        }
    }
}
