//! Files to series of bars in the units of the rulebook, cut to the window.

use std::path::Path;

use domain::rulebook::{InstrumentKind, InstrumentRules};
use domain::{AssetId, Duration, Feed, FeedRole, InstrumentId, Rulebook, Timestamp};

use super::gaps::{Span, undeclared};
use crate::error::{FeedError, FeedErrors, Place};
use crate::manifest::{Format, Manifest, Role, Source, Stamp};
use crate::reader::compressed::Stored;
use crate::reader::{
    Bar, BarFile, BarSeries, FundingFile, FundingRow, Mode, PriceBound, Report, Request, bars,
    binance, freqtrade, funding, hours,
};

/// Bars of one feed as a file gave them.
pub(super) struct LoadedSeries {
    pub feed: Feed,
    pub name: String,
    pub asset: String,
    pub digits: u32,
    pub source: u32,
    pub interval: Duration,
    pub bars: Vec<Bar>,
}

/// Rates of one instrument as a file gave them.
pub(super) struct LoadedFunding {
    pub instrument: InstrumentId,
    pub name: String,
    pub source: u32,
    pub rates: Vec<FundingRow>,
}

/// All files of a manifest.
#[derive(Default)]
pub(super) struct Loaded {
    pub series: Vec<LoadedSeries>,
    pub funding: Vec<LoadedFunding>,
    pub reports: Vec<Report>,
}

/// What a name of a file means under a role.
pub(crate) struct Target {
    /// What it publishes.
    pub feed: Feed,
    /// Name of the asset or instrument.
    pub name: String,
    /// The asset it follows.
    pub asset: String,
    /// Unit and largest price.
    pub bound: PriceBound,
}

/// Finds what a name stands for: an asset under the role index, else the instrument of that name,
/// else the perpetual that follows the asset of that name. The latter is how files with an asset
/// column name instruments.
pub(crate) fn target(rulebook: &Rulebook, role: Role, name: &str) -> Option<Target> {
    if role == Role::Index {
        let id = rulebook.asset_named(name)?;
        let rules = rulebook.asset(id)?;
        let digits = 16u32.checked_sub(u32::from(rules.decimals))?;
        let bound = PriceBound { digits, max: rules.price_max.units() };
        let (name, asset) = (name.to_owned(), name.to_owned());
        return Some(Target { feed: Feed::index(id), name, asset, bound });
    }
    let id = rulebook.instrument_named(name).or_else(|| perpetual(rulebook, name))?;
    let rules = rulebook.instrument(id)?;
    let asset = rulebook.asset(underlying(rules)?)?.name.clone();
    let bound =
        PriceBound { digits: u32::from(rules.price_decimals), max: rules.price_max.units() };
    let feed = if role == Role::Mark { Feed::mark(id) } else { Feed::last(id) };
    Some(Target { feed, name: rules.name.clone(), asset, bound })
}

/// What an instrument's price follows; none for an exchange of two assets, which has no position.
pub(crate) fn underlying(rules: &InstrumentRules) -> Option<AssetId> {
    match rules.kind {
        InstrumentKind::Spot { .. } => None,
        InstrumentKind::Perpetual { underlying } | InstrumentKind::Future { underlying, .. } => {
            Some(underlying)
        }
    }
}

fn perpetual(rulebook: &Rulebook, asset: &str) -> Option<InstrumentId> {
    let id = rulebook.asset_named(asset)?;
    let follows = |rules: &InstrumentRules| match rules.kind {
        InstrumentKind::Perpetual { underlying } => underlying == id,
        _ => false,
    };
    let place = rulebook.instruments.iter().position(follows)?;
    u32::try_from(place).ok().map(InstrumentId::new)
}

/// What a hole in a series is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Gaps {
    /// A fault, unless the manifest declares it.
    Declared,
    /// A line of the report.
    Reported,
}

/// How the files of a manifest are read.
pub(super) struct Reading<'a> {
    pub folder: &'a Path,
    pub data: Option<&'a Path>,
    pub rulebook: &'a Rulebook,
    pub mode: Mode,
    pub gaps: Gaps,
}

impl Loaded {
    /// From the first bar or rate to the end of the last bar.
    pub fn window(&self) -> [Timestamp; 2] {
        let bars = || self.series.iter().flat_map(|series| &series.bars);
        let rates = || self.funding.iter().flat_map(|funding| &funding.rates);
        let starts = bars().map(|bar| bar.time).chain(rates().map(|rate| rate.time));
        let ends = self
            .series
            .iter()
            .filter_map(|series| series.bars.last().map(|bar| bar.time.plus(series.interval)));
        let from = starts.min().unwrap_or(Timestamp::START);
        [from, ends.chain(rates().map(|rate| rate.time)).max().unwrap_or(from)]
    }

    /// The usual hub where it has prices, else the first asset that has a mark, or any price.
    pub fn hub(&self, usual: &str) -> String {
        let rank = |series: &&LoadedSeries| {
            (series.asset != usual, series.feed.role != FeedRole::Mark, series.asset.clone())
        };
        self.series.iter().min_by_key(rank).map_or(usual, |series| &series.asset).to_owned()
    }
}

/// Reads all files; faults of several files are gathered.
pub(super) fn load(manifest: &Manifest, how: &Reading<'_>) -> Result<Loaded, FeedErrors> {
    let mut loaded = Loaded::default();
    let mut errors = FeedErrors::default();
    for (source, number) in manifest.source.iter().zip(0..) {
        let layout = format!("of layout {} ({})", source.format.name(), source.format.columns());
        let stored = Manifest::open(how.folder, how.data, &source.file, &source.sha256, &layout);
        let read = stored.map_err(FeedErrors::from).and_then(|stored| {
            let one = OneFile { manifest, source, number, how, stored: &stored };
            one.load(&mut loaded)
        });
        if let Err(faults) = read {
            errors.append(faults);
        }
    }
    errors.or(loaded)
}

/// One file being loaded.
struct OneFile<'a> {
    manifest: &'a Manifest,
    source: &'a Source,
    number: u32,
    how: &'a Reading<'a>,
    stored: &'a Stored,
}

impl OneFile<'_> {
    fn load(&self, loaded: &mut Loaded) -> Result<(), FeedErrors> {
        let role = self.source.role;
        let bound = |name: &str| target(self.how.rulebook, role, name).map(|target| target.bound);
        let name = self.source.asset.as_deref().or(self.source.instrument.as_deref());
        let request = Request {
            mode: self.how.mode,
            name,
            assets: self.source.assets.as_deref(),
            venue: self.source.venue.as_deref(),
            bound: &bound,
            interval: self.source.interval,
        };
        if let Some(file) = read_bars(self.source.format, self.stored, &request) {
            let file = file?;
            self.check_selection(file.series.keys())?;
            self.take_bars(file, loaded)
        } else {
            let file = read_funding(self.source.format, self.stored, &request)?;
            self.check_selection(file.series.keys())?;
            self.take_funding(file, loaded);
            Ok(())
        }
    }

    /// Every asset that the manifest asks for must be in the file, and something must be.
    fn check_selection<'k>(
        &self,
        found: impl Iterator<Item = &'k String> + Clone,
    ) -> Result<(), FeedErrors> {
        let mut errors = FeedErrors::default();
        let place = || Place::file(&self.stored.file);
        if found.clone().next().is_none() {
            let venue = self.source.venue.as_ref();
            let rows =
                venue.map_or("rows".to_owned(), |venue| format!("rows of the venue {venue}"));
            errors.push(FeedError::input("market.empty", place(), rows, "none"));
            return Err(errors);
        }
        for asset in self.source.assets.iter().flatten() {
            if !found.clone().any(|name| name == asset) {
                let expected = format!("rows of {asset}, as the manifest asks");
                errors.push(FeedError::input("market.asset", place(), expected, "none"));
            }
        }
        errors.or(())
    }

    fn take_bars(&self, file: BarFile, loaded: &mut Loaded) -> Result<(), FeedErrors> {
        let [from, to] = self.manifest.window;
        let mut errors = FeedErrors::default();
        for (name, series) in file.series {
            let target = target(self.how.rulebook, self.source.role, &name)
                .expect("the reader asked for the bound of this name");
            let bars = self.in_window(&series);
            let span = Span { name: &name, bars: &bars, interval: series.interval, from, to };
            if self.how.gaps == Gaps::Declared {
                errors.append(undeclared(&span, self.source, &self.manifest.known_gap));
            }
            loaded.series.push(LoadedSeries {
                feed: target.feed,
                name: target.name,
                asset: target.asset,
                digits: target.bound.digits,
                source: self.number,
                interval: series.interval,
                bars,
            });
        }
        loaded.reports.push(file.report);
        errors.or(())
    }

    /// The bars that start inside the window, their times at their starts.
    fn in_window(&self, series: &BarSeries) -> Vec<Bar> {
        let [from, to] = self.manifest.window;
        let shift = match self.source.stamp {
            Stamp::Open => 0,
            Stamp::Close => series.interval.nanos(),
        };
        let starts = series
            .bars
            .iter()
            .map(|bar| Bar { time: Timestamp::from_nanos(bar.time.nanos() - shift), ..*bar });
        starts.filter(|bar| bar.time >= from && bar.time < to).collect()
    }

    /// A rate is paid for the interval that ends at its stamp: the stamp at the opening belongs to
    /// positions that are gone, the one that closes the window to those of the day.
    fn take_funding(&self, file: FundingFile, loaded: &mut Loaded) {
        let [from, to] = self.manifest.window;
        for (name, rates) in file.series {
            let target = target(self.how.rulebook, Role::Funding, &name)
                .expect("the reader asked for the bound of this name");
            let inside = rates.into_iter().filter(|rate| rate.time > from && rate.time <= to);
            loaded.funding.push(LoadedFunding {
                instrument: InstrumentId::new(target.feed.target),
                name: target.name,
                source: self.number,
                rates: inside.collect(),
            });
        }
        loaded.reports.push(file.report);
    }
}

/// Reads a layout of bars; `None` for layouts of funding rates.
pub(crate) fn read_bars(
    format: Format,
    stored: &Stored,
    request: &Request<'_>,
) -> Option<Result<BarFile, FeedErrors>> {
    match format {
        Format::Hours => Some(hours::read(stored, request)),
        Format::Bars => Some(bars::read(stored, request)),
        Format::BinanceKlines => Some(binance::read(stored, request)),
        Format::FreqtradeJson => Some(freqtrade::read(stored, request)),
        Format::FundingHours | Format::Funding => None,
    }
}

/// Reads a layout of funding rates.
pub(crate) fn read_funding(
    format: Format,
    stored: &Stored,
    request: &Request<'_>,
) -> Result<FundingFile, FeedErrors> {
    match format {
        Format::FundingHours => funding::read_hours(stored, request),
        _ => funding::read_stamps(stored, request),
    }
}
