//! What a day is called, and where each of its series comes from.
//!
//! Law: everything invented is called so: a path between hourly figures is reconstructed whatever
//! its files say, and accounts that no file holds are synthetic.

use serde::Serialize;

use super::Day;
use crate::manifest::{PopulationSource, Provenance, Role};
use crate::market::PriceSeries;
use crate::time::{self, HOUR};

/// Where one series comes from, for run directories and reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeriesProvenance {
    /// Asset or instrument.
    pub name: String,
    /// Its use.
    pub role: Role,
    /// The role its prices were recorded for, where they stand in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stands_in: Option<Role>,
    /// How much of it is history.
    pub provenance: Provenance,
    /// Width of the recorded bars; none for funding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bars: Option<String>,
    /// Venue and product.
    pub market: String,
    /// File.
    pub file: String,
    /// Its hash.
    pub sha256: String,
    /// Repository, commit, path.
    pub origin: String,
    /// As stated there.
    pub licence: String,
}

/// How much of a series is history, bridging included.
fn provenance(series: &PriceSeries) -> Provenance {
    if series.is_bridged() {
        series.provenance.max(Provenance::Reconstructed)
    } else {
        series.provenance
    }
}

/// Adds a word to a list unless it is there.
fn once(list: &mut Vec<String>, word: String) {
    if !list.contains(&word) {
        list.push(word);
    }
}

impl Day {
    /// The title, with its provenance:
    /// `2020-03-12 (reconstructed from hourly figures, Binance USD-margined perpetual; accounts
    /// synthetic)`.
    pub fn title(&self) -> String {
        let date = time::date(self.manifest.window[0]);
        let series = &self.market.series;
        if series.is_empty() {
            return format!("{date} ({}; {})", self.rates_alone(), self.accounts_word());
        }
        let word = series.iter().map(provenance).max().unwrap_or(Provenance::Synthetic).word();
        let marks = || series.iter().filter(|series| series.role() == Role::Mark);
        let named: Vec<&PriceSeries> =
            if marks().next().is_some() { marks().collect() } else { series.iter().collect() };
        let (mut markets, mut widths, mut marked_at_last) = (Vec::new(), Vec::new(), Vec::new());
        for series in named {
            let source = &self.manifest.source[series.source as usize];
            once(&mut markets, source.market.clone());
            once(&mut widths, width(series));
            if series.role() == Role::Mark && series.stands_in == Some(Role::Last) {
                marked_at_last.push(series.asset.clone());
            }
        }
        series.iter().for_each(|series| once(&mut widths, width(series)));
        let mut title =
            format!("{date} ({word} from {}, {}", widths.join(" and "), markets.join(" and "));
        if !marked_at_last.is_empty() {
            title += &format!("; {} marked at last price", marked_at_last.join(", "));
        }
        title + "; " + self.accounts_word() + ")"
    }

    /// What a day without prices holds: `recorded funding rates, imported`.
    fn rates_alone(&self) -> String {
        let sources = self.market.funding.iter();
        let sources = sources.map(|rates| &self.manifest.source[rates.source as usize]);
        let word = sources.clone().map(|source| source.provenance).max();
        let mut markets = Vec::new();
        sources.for_each(|source| once(&mut markets, source.market.clone()));
        match word {
            Some(word) => format!("{} funding rates, {}", word.word(), markets.join(" and ")),
            None => "no prices".to_owned(),
        }
    }

    /// Whether accounts were invented, and so totals of the run compare with nothing published.
    pub fn accounts_are_synthetic(&self) -> bool {
        matches!(self.manifest.population, Some(PopulationSource::Seeded(_)))
    }

    fn accounts_word(&self) -> &'static str {
        match self.manifest.population {
            None => "no accounts",
            Some(PopulationSource::Seeded(_)) => "accounts synthetic",
            Some(PopulationSource::File(_)) => "accounts from a file",
        }
    }

    /// Where each series comes from, in the order of publication.
    pub fn provenance(&self) -> Vec<SeriesProvenance> {
        let prices = self.market.series.iter().map(|series| {
            let role = series.role();
            let mut row = self.row(&series.name, role, series.source);
            row.stands_in = series.stands_in;
            row.provenance = provenance(series);
            row.bars = Some(time::span(series.interval));
            row
        });
        let rates = self.market.funding.iter();
        let funding = rates.map(|rates| self.row(&rates.name, Role::Funding, rates.source));
        prices.chain(funding).collect()
    }

    fn row(&self, name: &str, role: Role, source: u32) -> SeriesProvenance {
        let source = &self.manifest.source[source as usize];
        SeriesProvenance {
            name: name.to_owned(),
            role,
            stands_in: None,
            provenance: source.provenance,
            bars: None,
            market: source.market.clone(),
            file: source.file.clone(),
            sha256: source.sha256.clone(),
            origin: source.origin.clone(),
            licence: source.licence.clone(),
        }
    }
}

/// Bars in words.
fn width(series: &PriceSeries) -> String {
    if series.interval.nanos() == HOUR {
        "hourly figures".to_owned()
    } else {
        format!("{} bars", time::span(series.interval))
    }
}
