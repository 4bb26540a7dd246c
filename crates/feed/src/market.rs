//! The prices of a day: files read, roles filled, minutes bridged; ready to be merged.
//!
//! Index, mark and last price stay separate series in the units of the rulebook. Where a role has
//! no file another stands in, and every such substitution is listed. Law: a bar of a file reaches
//! the machine with its open, high, low and close to the last digit, bad prints included.

mod gaps;
mod load;
mod paths;
mod roles;

use std::path::Path;

use domain::{Duration, Feed, FeedRole, InstrumentId, Rulebook, Timestamp};
use serde::Serialize;

use crate::error::FeedErrors;
use crate::generate::bridge::MINUTES;
use crate::manifest::{Manifest, Provenance, Role};
use crate::reader::{Bar, Mode, Report};
use crate::ticks::{Shapes, Tick, ticks};
use crate::time::MINUTE;

/// One series of prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceSeries {
    /// What it publishes.
    pub feed: Feed,
    /// Name of the asset (index) or instrument (mark, last).
    pub name: String,
    /// The asset it follows.
    pub asset: String,
    /// Places after the point of its price unit.
    pub digits: u32,
    /// Place of its file among the manifest's sources.
    pub source: u32,
    /// Of its file.
    pub provenance: Provenance,
    /// The role its prices were recorded for, where they stand in for a missing series.
    pub stands_in: Option<Role>,
    /// Width of a bar.
    pub interval: Duration,
    /// The bars inside the window.
    pub bars: Vec<Bar>,
    /// How bars become ticks.
    path: PricePath,
}

/// How bars become ticks.
#[derive(Debug, Clone, PartialEq, Eq)]
enum PricePath {
    /// So many ticks inside each bar; flagged extremes of a bar run to the prices here instead.
    Bars { ticks_per_bar: u32, legs: Vec<Option<Legs>> },
    /// Sixty prices for each bar, made by the bridge.
    Minutes(Vec<i64>),
}

/// Where the legs of a bar run when an extreme is a bad print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Legs {
    high: i64,
    low: i64,
}

impl PriceSeries {
    /// The role it is published under.
    pub fn role(&self) -> Role {
        match self.feed.role {
            FeedRole::Index => Role::Index,
            FeedRole::Mark => Role::Mark,
            FeedRole::Last => Role::Last,
        }
    }

    /// Whether its minutes were invented between hourly figures.
    pub fn is_bridged(&self) -> bool {
        matches!(self.path, PricePath::Minutes(_))
    }

    /// Its ticks in order of time, made as they are asked for.
    pub fn ticks<'a>(&'a self, shapes: &'a Shapes) -> Box<dyn Iterator<Item = Tick> + 'a> {
        match &self.path {
            PricePath::Bars { ticks_per_bar, legs } => {
                let bars = self.bars.iter().zip(legs);
                Box::new(bars.flat_map(move |(bar, legs)| {
                    let low_first = shapes.low_first(self.interval, bar);
                    let legs = legs.map(|legs| (legs.high, legs.low));
                    ticks(bar, self.interval, *ticks_per_bar, low_first, legs)
                }))
            }
            PricePath::Minutes(minutes) => {
                let hours = self.bars.iter().zip(minutes.chunks(MINUTES));
                Box::new(hours.flat_map(|(bar, minutes)| {
                    (0..).zip(minutes).map(|(minute, price)| Tick {
                        time: bar.time.plus(Duration::from_nanos(minute * MINUTE)),
                        price: *price,
                        line: bar.line,
                    })
                }))
            }
        }
    }
}

/// The funding rates of one instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FundingSeries {
    /// Whose positions pay.
    pub instrument: InstrumentId,
    /// Its name.
    pub name: String,
    /// Place of its file among the manifest's sources.
    pub source: u32,
    /// Time, rate at 1e-12 and line, in order of time.
    pub rates: Vec<crate::reader::FundingRow>,
}

/// A series that stands in for a missing one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Substitution {
    /// The asset.
    pub asset: String,
    /// The role that had no file.
    pub missing: Role,
    /// The role whose prices fill it.
    pub stands_in: Role,
}

/// A last price that the guard flags; it stays in its series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadPrint {
    /// The instrument.
    pub name: String,
    /// Start of the bar or minute.
    pub time: Timestamp,
    /// The printed price.
    pub price: String,
    /// Line of the file.
    pub line: u64,
}

/// Everything that is published during a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Market {
    /// First instant, and the first one after the day.
    pub window: [Timestamp; 2],
    /// By role, source, line of the first bar.
    pub series: Vec<PriceSeries>,
    /// By instrument.
    pub funding: Vec<FundingSeries>,
    /// Roles filled by another series.
    pub substitutions: Vec<Substitution>,
    /// Flagged prints.
    pub bad_prints: Vec<BadPrint>,
    /// What was met in each file, in the order of the manifest.
    pub reports: Vec<Report>,
    /// Which extreme comes first in short bars.
    pub shapes: Shapes,
}

impl Market {
    /// Reads every file of a manifest and fills every role.
    ///
    /// # Errors
    /// Those of the files, several at once; `market.*` where a role cannot be filled or a gap is
    /// not declared.
    pub fn load(
        manifest: &Manifest,
        folder: &Path,
        data: Option<&Path>,
        rulebook: &Rulebook,
        mode: Mode,
    ) -> Result<Market, FeedErrors> {
        let how = load::Reading { folder, data, rulebook, mode, gaps: load::Gaps::Declared };
        Market::assemble(manifest, load::load(manifest, &how)?, &how)
    }

    /// Reads files whose times nobody has stated: the window of the manifest becomes that of the
    /// files, gaps are reported only.
    ///
    /// # Errors
    /// Those of the files; `market.*` where a role cannot be filled.
    pub(crate) fn import(
        manifest: &mut Manifest,
        rulebook: &Rulebook,
        mode: Mode,
    ) -> Result<Market, FeedErrors> {
        let folder = Path::new("");
        let how = load::Reading { folder, data: None, rulebook, mode, gaps: load::Gaps::Reported };
        let loaded = load::load(manifest, &how)?;
        manifest.window = loaded.window();
        manifest.bridge.hub = loaded.hub(&manifest.bridge.hub);
        Market::assemble(manifest, loaded, &how)
    }

    fn assemble(
        manifest: &Manifest,
        loaded: load::Loaded,
        how: &load::Reading<'_>,
    ) -> Result<Market, FeedErrors> {
        let filled = roles::fill(loaded.series, manifest, how.rulebook)?;
        let (series, bad_prints) = paths::paths(filled.series, manifest)?;
        let shapes = Shapes::new(&series, &manifest.bridge.hub);
        // A day needs a price beside its rates; imported rates may stand alone.
        let priced = (how.gaps == load::Gaps::Declared).then_some(&series[..]);
        let funding = roles::funding(loaded.funding, priced, manifest)?;
        let substitutions = filled.substitutions;
        let (window, reports) = (manifest.window, loaded.reports);
        Ok(Market { window, series, funding, substitutions, bad_prints, reports, shapes })
    }

    /// The series of a feed.
    pub fn series_of(&self, feed: Feed) -> Option<&PriceSeries> {
        self.series.iter().find(|series| series.feed == feed)
    }

    /// The price of a feed at the first instant of the day.
    pub fn opening(&self, feed: Feed) -> Option<i64> {
        let first = self.series_of(feed)?.ticks(&self.shapes).next()?;
        (first.time == self.window[0]).then_some(first.price)
    }
}
