//! `day.toml`: what a market day is made of.
//!
//! Names the window, the seed, every file with its hash, role and provenance, and how accounts
//! come about. Law: nothing is read that the manifest does not name, and a file whose hash differs
//! is not read at all; unknown fields, absolute paths and `..` are refused.

mod source;
mod validate;

pub use source::{Format, Provenance, Role, Source, Stamp};
pub(crate) use validate::names;

use std::fs;
use std::path::{Path, PathBuf};

use domain::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::document::Document;
use crate::error::{FeedError, FeedErrors, Place};
use crate::generate::bridge;
use crate::generate::population;
use crate::reader::compressed::Stored;
use crate::time;

/// The schema this version reads.
pub const SCHEMA: &str = "clearsim.market-day/1";

/// The manifest's file name in its folder.
pub const FILE: &str = "day.toml";

/// The path inside a bar of fifteen minutes or less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BarPath {
    /// Open, the extreme nearer to it, the other, close.
    #[default]
    Nearest,
}

/// A hole that is known and accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownGap {
    /// The source's file, or the last part of its path.
    pub source: String,
    /// First missing bar.
    #[serde(deserialize_with = "utc")]
    pub from: Timestamp,
    /// The next bar that is there; the end of the window when absent.
    #[serde(default, deserialize_with = "utc_option")]
    pub to: Option<Timestamp>,
}

/// How accounts come about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PopulationSource {
    /// Invented from the seed.
    Seeded(Box<population::Parameters>),
    /// Read from a file of holdings.
    File(AccountsFile),
}

/// A file of holdings: `account,name,amount`, see [`crate::accounts`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountsFile {
    /// Relative to the day's folder, else to the data folder.
    pub file: String,
    /// SHA-256 of the file as stored.
    pub sha256: String,
}

/// The fields of a manifest, with accounts in one of the two ways.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields<P> {
    schema: String,
    #[serde(deserialize_with = "window")]
    window: [Timestamp; 2],
    seed: u64,
    #[serde(default)]
    bar_path: BarPath,
    #[serde(default = "default_rulebook")]
    rulebook: String,
    #[serde(default)]
    bridge: Option<bridge::Parameters>,
    source: Vec<Source>,
    population: Option<P>,
    #[serde(default)]
    known_gap: Vec<KnownGap>,
}

/// A market day as its manifest describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// First instant, and the first one after the day.
    pub window: [Timestamp; 2],
    /// Of everything that is invented.
    pub seed: u64,
    /// Path inside short bars.
    pub bar_path: BarPath,
    /// The rulebook's name or path; the caller resolves it.
    pub rulebook: String,
    /// How hours become minutes.
    pub bridge: bridge::Parameters,
    /// The files, in the order that merging uses.
    pub source: Vec<Source>,
    /// The accounts; none for a day of prices alone.
    pub population: Option<PopulationSource>,
    /// Holes that are known.
    pub known_gap: Vec<KnownGap>,
}

impl Manifest {
    /// Reads `day.toml` of a folder.
    ///
    /// # Errors
    /// `manifest.missing`, and those of [`Manifest::parse`].
    pub fn load(folder: &Path) -> Result<Manifest, FeedErrors> {
        let path = folder.join(FILE);
        let name = path.display().to_string();
        let text = fs::read_to_string(&path).map_err(|error| {
            let place = Place::file(&name);
            FeedError::unavailable("manifest.missing", place, "a market day", error.to_string())
                .help("name a folder that holds a day.toml")
        })?;
        Manifest::parse(&name, &text)
    }

    /// Reads a manifest from its text.
    ///
    /// # Errors
    /// `manifest.*` with path and line, several where rules between fields break.
    pub fn parse(file: &str, text: &str) -> Result<Manifest, FeedErrors> {
        let document = Document::parse(file, text, "manifest")?;
        let manifest = if document.has("population.file") {
            let wrap = |file| PopulationSource::File(file);
            Manifest::of(&document, document.decode::<Fields<AccountsFile>>()?, wrap)?
        } else {
            let wrap = |parameters| PopulationSource::Seeded(Box::new(parameters));
            Manifest::of(&document, document.decode::<Fields<population::Parameters>>()?, wrap)?
        };
        validate::validate(&document, &manifest).or(manifest)
    }

    fn of<P>(
        document: &Document,
        fields: Fields<P>,
        wrap: impl Fn(P) -> PopulationSource,
    ) -> Result<Manifest, FeedError> {
        if fields.schema != SCHEMA {
            return Err(document.invalid("schema", format!("{SCHEMA:?}"), fields.schema));
        }
        Ok(Manifest {
            window: fields.window,
            seed: fields.seed,
            bar_path: fields.bar_path,
            rulebook: fields.rulebook,
            bridge: fields.bridge.unwrap_or_default(),
            source: fields.source,
            population: fields.population.map(wrap),
            known_gap: fields.known_gap,
        })
    }

    /// Opens a named file: in the day's folder, else in the data folder; checks its hash.
    ///
    /// # Errors
    /// `source.missing` with name, layout, hash and where it was looked for; `source.hash`.
    pub fn open(
        folder: &Path,
        data: Option<&Path>,
        file: &str,
        sha256: &str,
        layout: &str,
    ) -> Result<Stored, FeedError> {
        let candidates: Vec<PathBuf> =
            [Some(folder), data].into_iter().flatten().map(|root| root.join(file)).collect();
        let Some(path) = candidates.iter().find(|path| path.is_file()) else {
            let searched: Vec<String> =
                candidates.iter().map(|path| path.display().to_string()).collect();
            let expected = format!("a file {layout} with sha256 {sha256}");
            let found = format!("none at {}", searched.join(" nor at "));
            return Err(FeedError::unavailable(
                "source.missing",
                Place::file(file),
                expected,
                found,
            )
            .help("get the file and name its folder with --data DIR or CLEARSIM_DATA"));
        };
        let stored = Stored::open(path, file)?;
        if stored.sha256 != sha256 {
            let place = Place::file(path.display().to_string());
            let expected = format!("the sha256 {sha256}");
            return Err(FeedError::input("source.hash", place, expected, stored.sha256)
                .help("get the file that the manifest names, or correct the manifest"));
        }
        Ok(stored)
    }
}

fn default_rulebook() -> String {
    "default".to_owned()
}

fn utc<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    time::utc(&text).ok_or_else(|| {
        let expected = "expected a UTC time such as \"2020-03-12T00:00:00Z\"";
        de::Error::custom(format!("{expected}, found {text:?}"))
    })
}

fn utc_option<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    utc(deserializer).map(Some)
}

fn window<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[Timestamp; 2], D::Error> {
    let [from, to] = <[String; 2]>::deserialize(deserializer)?;
    let read = |text: &str| {
        time::utc(text).ok_or_else(|| {
            let expected = "expected a UTC time such as \"2020-03-12T00:00:00Z\"";
            de::Error::custom(format!("{expected}, found {text:?}"))
        })
    };
    Ok([read(&from)?, read(&to)?])
}
