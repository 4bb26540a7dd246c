//! One file of a day: its layout, what it is used for, where it comes from.

use domain::Duration;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::time;

/// What a series is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Values collateral.
    Index,
    /// Values positions, triggers liquidation.
    Mark,
    /// Display and the bad-print guard.
    Last,
    /// Periodic payments between longs and shorts.
    Funding,
}

impl Role {
    /// The word of the manifest.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Index => "index",
            Role::Mark => "mark",
            Role::Last => "last",
            Role::Funding => "funding",
        }
    }
}

/// Where a series comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// Vendor ticks or bars as they were.
    Recorded,
    /// Aggregated from recorded ones.
    Derived,
    /// A path invented between recorded points.
    Reconstructed,
    /// Nothing recorded.
    Synthetic,
}

impl Provenance {
    /// The word of the manifest.
    pub const fn word(self) -> &'static str {
        match self {
            Provenance::Recorded => "recorded",
            Provenance::Derived => "derived",
            Provenance::Reconstructed => "reconstructed",
            Provenance::Synthetic => "synthetic",
        }
    }
}

/// Layout of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// `hour_utc,asset,open,high,low,close`.
    #[serde(rename = "clearsim-hours/1")]
    Hours,
    /// `ts_ms,open,high,low,close,volume`.
    #[serde(rename = "clearsim-bars/1")]
    Bars,
    /// Binance archive klines.
    #[serde(rename = "binance-klines/1")]
    BinanceKlines,
    /// `[[ts_ms,open,high,low,close,volume]]`.
    #[serde(rename = "freqtrade-json/1")]
    FreqtradeJson,
    /// `hour_utc,venue,asset,rate`.
    #[serde(rename = "clearsim-funding-hours/1")]
    FundingHours,
    /// `ts_ms,funding_rate`.
    #[serde(rename = "clearsim-funding/1")]
    Funding,
}

impl Format {
    /// Every layout with its name and its columns, for messages and for the command line.
    pub const ALL: [(Format, &str, &str); 6] = [
        (Format::Hours, "clearsim-hours/1", "hour_utc,asset,open,high,low,close"),
        (Format::Bars, "clearsim-bars/1", "ts_ms,open,high,low,close,volume"),
        (Format::BinanceKlines, "binance-klines/1", "the 12 columns of the Binance archive"),
        (Format::FreqtradeJson, "freqtrade-json/1", "[[ts_ms,open,high,low,close,volume]]"),
        (Format::FundingHours, "clearsim-funding-hours/1", "hour_utc,venue,asset,rate"),
        (Format::Funding, "clearsim-funding/1", "ts_ms,funding_rate"),
    ];

    /// The layout of a name, with or without its version.
    pub fn named(name: &str) -> Option<Format> {
        let known = |(_, full, _): &&(Format, &str, &str)| {
            *full == name || full.trim_end_matches("/1") == name
        };
        Format::ALL.iter().find(known).map(|(format, _, _)| *format)
    }

    /// Its name in manifests.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Its columns.
    pub fn columns(self) -> &'static str {
        self.row().2
    }

    /// Whether one file holds several assets.
    pub const fn has_assets(self) -> bool {
        matches!(self, Format::Hours | Format::FundingHours)
    }

    /// Whether it holds funding rates.
    pub const fn is_funding(self) -> bool {
        matches!(self, Format::FundingHours | Format::Funding)
    }

    fn row(self) -> &'static (Format, &'static str, &'static str) {
        let place = Format::ALL.iter().position(|(format, _, _)| *format == self);
        &Format::ALL[place.expect("every layout stands in the table")]
    }
}

/// Which end of a bar its time names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stamp {
    /// Its start; the close is known only at its end.
    #[default]
    Open,
    /// Its end.
    Close,
}

/// One file of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Relative to the day's folder, else to the data folder.
    pub file: String,
    /// SHA-256 of the file as stored, 64 lowercase hexadecimal digits.
    pub sha256: String,
    /// Layout.
    pub format: Format,
    /// Use.
    pub role: Role,
    /// The asset of an index file without an asset column.
    #[serde(default)]
    pub asset: Option<String>,
    /// The instrument of a mark, last or funding file without an asset column.
    #[serde(default)]
    pub instrument: Option<String>,
    /// The assets to take from a file with an asset column; all when absent.
    #[serde(default)]
    pub assets: Option<Vec<String>>,
    /// The venue to take from a file with a venue column.
    #[serde(default)]
    pub venue: Option<String>,
    /// Venue and product in words, for the title: `Binance USD-margined perpetual`.
    pub market: String,
    /// Width of a bar, `1m`; told from the rows when absent.
    #[serde(default, deserialize_with = "interval")]
    pub interval: Option<Duration>,
    /// Ticks made of one bar; one a minute and the close when absent, at least four.
    #[serde(default)]
    pub ticks_per_bar: Option<u32>,
    /// Which end of a bar its time names.
    #[serde(default)]
    pub stamp: Stamp,
    /// Where it comes from, in one word.
    pub provenance: Provenance,
    /// Repository, commit, path.
    pub origin: String,
    /// As stated there, or `none stated`.
    pub licence: String,
}

fn interval<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    time::parse_span(&text).map(Some).ok_or_else(|| {
        de::Error::custom(format!("expected a width such as \"1m\" or \"1h\", found {text:?}"))
    })
}
