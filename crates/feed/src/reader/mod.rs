//! Readers: each layout of price and funding files into the same rows.
//!
//! A reader takes a stored file and a [`Request`] and gives series in integers of units, with a
//! [`Report`] of what it met. Strict refuses the file and names up to twenty faults; lenient sets
//! faulty rows aside as rejects and goes on.
//! Law: no row is dropped without a trace: `rows = accepted + unselected + rejects`.

pub mod bars;
pub mod binance;
pub mod compressed;
pub mod freqtrade;
pub mod funding;
pub mod holdings;
pub mod hours;
mod rows;
mod table;

use std::collections::BTreeMap;

use domain::{Duration, Timestamp};
use serde::Serialize;

pub use rows::{Mode, Reject};

/// What a price may be: places of its unit and the largest accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceBound {
    /// Places after the point of the unit.
    pub digits: u32,
    /// Largest accepted price, in that unit.
    pub max: i64,
}

/// How a file is to be read.
pub struct Request<'a> {
    /// Strict or lenient.
    pub mode: Mode,
    /// Name of the one series of a file without an asset column, `BTC-PERP` or `BTC`.
    pub name: Option<&'a str>,
    /// The assets to keep of a file with an asset column; all when absent.
    pub assets: Option<&'a [String]>,
    /// The venue to keep of a file with a venue column; all when absent.
    pub venue: Option<&'a str>,
    /// The bound of each name of a series; `None` for a name nobody knows.
    pub bound: &'a dyn Fn(&str) -> Option<PriceBound>,
    /// Width of a bar where the manifest states it, else the smallest usual step.
    pub interval: Option<Duration>,
}

impl Request<'_> {
    /// Whether rows of an asset are wanted.
    fn selects(&self, asset: &str) -> bool {
        self.assets.is_none_or(|assets| assets.iter().any(|wanted| wanted == asset))
    }
}

/// One bar: the price path of an interval in four values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// Start of the interval.
    pub time: Timestamp,
    /// First price, in units of its series.
    pub open: i64,
    /// Highest price.
    pub high: i64,
    /// Lowest price.
    pub low: i64,
    /// Last price; known at the end of the interval.
    pub close: i64,
    /// Traded volume at 1e-8; zero where the file has none.
    pub volume: i64,
    /// Line of the file.
    pub line: u64,
}

/// A hole in a series: the bars that should have started in `[from, to)` are missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Name of the series.
    pub name: String,
    /// Start of the first missing bar, nanoseconds.
    pub from: Timestamp,
    /// Start of the next bar that is there, nanoseconds.
    pub to: Timestamp,
    /// Line of the bar after the hole; the last line for a hole at the end.
    pub line: u64,
}

/// The bars of one name, in increasing time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BarSeries {
    /// Width of each bar.
    pub interval: Duration,
    /// The bars.
    pub bars: Vec<Bar>,
}

/// One funding rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FundingRow {
    /// When it was paid, as recorded.
    pub time: Timestamp,
    /// Fraction per interval at 1e-12; positive: longs pay shorts.
    pub rate: i64,
    /// Line of the file.
    pub line: u64,
}

/// What a reader met in a file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// The file as named.
    pub file: String,
    /// SHA-256 of the stored bytes.
    pub sha256: String,
    /// Bytes as stored.
    pub bytes: u64,
    /// Rows of data.
    pub rows: u64,
    /// Rows that became bars or rates.
    pub accepted: u64,
    /// Rows of assets or venues that were not asked for.
    pub unselected: u64,
    /// Volumes rounded to 1e-8.
    pub volumes_rounded: u64,
    /// Rows set aside (lenient only).
    pub rejects: Vec<Reject>,
    /// Holes between the first and the last row of each series.
    pub gaps: Vec<Gap>,
}

/// The bars of a file by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BarFile {
    /// Series by name, in the order of names.
    pub series: BTreeMap<String, BarSeries>,
    /// What was met.
    pub report: Report,
}

/// The funding rates of a file by asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FundingFile {
    /// Rates by name.
    pub series: BTreeMap<String, Vec<FundingRow>>,
    /// What was met.
    pub report: Report,
}
