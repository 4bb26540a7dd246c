//! The five days of the fixtures, read plainly for the tests of this folder.
//!
//! Prices are held at 1e-8. Roles follow the table of the day's data: index from `prices` (the
//! mark where `prices` itself only has the perpetual and a mark exists), mark from `mark` (the
//! perpetual where none exists), last from `perp`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::bridge::{Extreme, ExtremeAt, HourBar, HourSeries, Parameters, Role};

/// A day of the fixtures.
pub(super) struct Day {
    pub name: &'static str,
    /// First hour since 1970.
    pub first_hour: i64,
    pub hours: usize,
    /// Assets whose index is the mark.
    index_is_mark: &'static [&'static str],
    /// Documented lows, minutes from the start of the day.
    lows: &'static [i64],
}

pub(super) const DAYS: [Day; 5] = [
    Day {
        name: "2020-03-12",
        first_hour: 439_992,
        hours: 48,
        index_is_mark: &["BTC", "ADA", "LTC", "XRP"],
        lows: &[10 * 60 + 45, 26 * 60 + 15],
    },
    Day {
        name: "2021-05-19",
        first_hour: 450_384,
        hours: 24,
        index_is_mark: &["ADA"],
        lows: &[13 * 60 + 10],
    },
    Day {
        name: "2022-11-08",
        first_hour: 463_296,
        hours: 48,
        index_is_mark: &["ADA"],
        lows: &[19 * 60 + 30],
    },
    Day {
        name: "2024-08-05",
        first_hour: 478_560,
        hours: 24,
        index_is_mark: &["ADA"],
        lows: &[60 + 10, 6 * 60 + 24],
    },
    Day {
        name: "2025-10-10",
        first_hour: 488_904,
        hours: 24,
        index_is_mark: &["ETH", "ADA"],
        lows: &[21 * 60 + 20],
    },
];

impl Day {
    /// The bridge's defaults with the day's documented minutes.
    pub fn parameters(&self) -> Parameters {
        let low = |minute: &i64| ExtremeAt {
            minute: self.first_hour * 60 + minute,
            extreme: Extreme::Low,
        };
        Parameters { extreme_at: self.lows.iter().map(low).collect(), ..Parameters::default() }
    }

    /// Every series of the day: index for all assets, mark and last for those with a perpetual.
    pub fn series(&self) -> Vec<HourSeries> {
        let [prices, perp, mut mark] = ["prices", "perp", "mark"].map(|table| self.table(table));
        for (asset, bars) in &perp {
            mark.entry(asset.clone()).or_insert_with(|| bars.clone());
        }
        let mut all = Vec::new();
        for (asset, bars) in prices {
            let follows = self.index_is_mark.contains(&asset.as_str());
            let bars = if follows { mark[&asset].clone() } else { bars };
            all.push(HourSeries { asset, role: Role::Index, bars });
        }
        for (role, table) in [(Role::Mark, mark), (Role::Last, perp)] {
            all.extend(table.into_iter().map(|(asset, bars)| HourSeries { asset, role, bars }));
        }
        all
    }

    fn table(&self, table: &str) -> BTreeMap<String, Vec<HourBar>> {
        let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../fixtures/days", self.name]
            .iter()
            .collect::<PathBuf>()
            .join(format!("{}.{table}.csv", self.name));
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut bars: BTreeMap<String, Vec<HourBar>> = BTreeMap::new();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let price = |place: usize| crate::decimal::parse(fields[place], 8).expect(line);
            let [open, high, low, close] = [2, 3, 4, 5].map(price);
            bars.entry(fields[1].to_owned()).or_default().push(HourBar { open, high, low, close });
        }
        assert!(bars.values().all(|bars| bars.len() == self.hours), "{}", path.display());
        bars
    }
}
