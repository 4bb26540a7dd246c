//! Vendors' files made into a day of prices: read, named, reported, and streamed as commands.
//!
//! A file names its asset and role in its own name as vendors do (`BTCUSDT-1m-2021-05.zip`,
//! `BTC_USDT-5m-futures.json.gz`), or the caller says so. Strict refuses a file with a faulty row
//! and nothing is left behind; lenient sets rows aside as `rejects.csv`.
//! Law: every row of every file is counted, and every count stands in the summary.

mod naming;
mod summary;

use std::path::PathBuf;

use domain::{Amount, Rulebook, Timestamp};

pub use naming::{Identity, identify};
pub use summary::{FileSummary, ImportSummary};

use crate::day::Day;
use crate::error::{FeedError, FeedErrors, Place};
use crate::generate::bridge;
use crate::manifest::{BarPath, Format, Manifest, Provenance, Role, Source, Stamp};
use crate::market::Market;
use crate::reader::Mode;
use crate::reader::compressed::Stored;
use crate::time;

/// What to import and how.
#[derive(Debug, Clone)]
pub struct Import<'a> {
    /// Layout of all files.
    pub format: Format,
    /// The files.
    pub files: &'a [PathBuf],
    /// The rules that name assets, instruments and units.
    pub rulebook: &'a Rulebook,
    /// Strict or lenient.
    pub mode: Mode,
    /// The role of all files, where their names do not tell.
    pub role: Option<Role>,
    /// The asset of all files, where their names do not tell.
    pub asset: Option<&'a str>,
    /// The venue to take from files with a venue column.
    pub venue: Option<&'a str>,
    /// Of the minutes invented between hourly figures.
    pub seed: u64,
}

/// A day of prices and what was met on the way.
#[derive(Debug)]
pub struct Imported {
    /// Prices without accounts; streams its commands as any day does.
    pub day: Day,
    /// Rows, gaps, repairs, rejects, hashes.
    pub summary: ImportSummary,
}

impl Import<'_> {
    /// Reads all files.
    ///
    /// # Errors
    /// `import.files` without files, `import.name` where asset and role are not known,
    /// `import.asset` where the caller names an asset that the rulebook lacks; those of
    /// the files, several at once.
    pub fn run(&self) -> Result<Imported, FeedErrors> {
        let mut manifest = self.manifest()?;
        let market = Market::import(&mut manifest, self.rulebook, self.mode)?;
        let summary = ImportSummary::new(&manifest, &market);
        let rulebook = self.rulebook.clone();
        let insurance_fund = Amount::ZERO;
        let day = Day { manifest, market, population: None, insurance_fund, rulebook };
        Ok(Imported { day, summary })
    }

    /// The manifest that these files would have; its window comes from their rows.
    fn manifest(&self) -> Result<Manifest, FeedErrors> {
        let mut errors = FeedErrors::default();
        let mut source = Vec::with_capacity(self.files.len());
        if self.files.is_empty() {
            let place = Place::default();
            errors.push(FeedError::input("import.files", place, "at least one file", "none"));
        }
        for path in self.files {
            match self.source(path) {
                Ok(one) => source.push(one),
                Err(fault) => errors.push(fault),
            }
        }
        errors.or(Manifest {
            window: [Timestamp::START, time::END],
            seed: self.seed,
            bar_path: BarPath::Nearest,
            rulebook: String::new(),
            bridge: bridge::Parameters::default(),
            source,
            population: None,
            known_gap: Vec::new(),
        })
    }

    fn source(&self, path: &std::path::Path) -> Result<Source, FeedError> {
        let file = path.display().to_string();
        let stored = Stored::open(path, &file)?;
        let identity = self.identity(&file)?;
        let index = identity.role == Role::Index;
        let (asset, instrument) = match identity.name {
            Some(name) if index => (Some(name), None),
            name => (None, name),
        };
        let funding_hours = self.format == Format::FundingHours;
        Ok(Source {
            sha256: stored.sha256,
            format: self.format,
            role: identity.role,
            asset,
            instrument,
            assets: None,
            venue: self.venue.filter(|_| funding_hours).map(str::to_owned),
            market: "imported".to_owned(),
            interval: None,
            ticks_per_bar: None,
            stamp: Stamp::Open,
            provenance: Provenance::Recorded,
            origin: file.clone(),
            licence: "not stated".to_owned(),
            file,
        })
    }

    /// What the caller said, else what the file's name says.
    fn identity(&self, file: &str) -> Result<Identity, FeedError> {
        let guessed = identify(file, self.format, self.rulebook);
        let role = self.role.or(guessed.as_ref().map(|known| known.role));
        let asset = self.asset.map(str::to_owned).or(guessed.and_then(|known| known.name));
        let role =
            role.unwrap_or(if self.format.is_funding() { Role::Funding } else { Role::Index });
        if self.format.has_assets() {
            return Ok(Identity { role, name: None });
        }
        let known = asset.filter(|asset| self.rulebook.asset_named(asset).is_some());
        known.map(|name| Identity { role, name: Some(name) }).ok_or_else(|| {
            if let Some(asset) = self.asset {
                let found = format!("{asset:?}");
                return FeedError::input(
                    "import.asset",
                    Place::file(file),
                    "an asset of the rulebook in --asset",
                    found,
                )
                .help("`clearsim rulebook show` lists the assets; --rulebook names another");
            }
            let expected = "a file name with an asset of the rulebook quoted in USD, USDT or USDC";
            FeedError::input("import.name", Place::file(file), expected, "none")
                .help("say which with --asset NAME and --role index|mark|last|funding")
        })
    }
}
