//! What a day file may say about its invented accounts: the table `[population]`.
//!
//! Every default is chosen by this project, none is taken from a venue; meaning and unit stand at
//! each field. Decimals are quoted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::millionths::{MILLION, Millionths, Notional};
use crate::error::{FeedError, Place};

/// The most accounts one day may have.
pub const ACCOUNTS_MAX: u32 = 10_000_000;

/// Seeded accounts of a market day.
///
/// ```
/// let text = "accounts = 5000\nopen_notional = { BTC = \"400000000\" }";
/// let parameters: feed::generate::population::Parameters = toml::from_str(text).unwrap();
/// assert_eq!(parameters.hedged.parts(), 350_000);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// How many accounts, makers included. Default 20,000 (chosen).
    #[serde(default = "default_accounts")]
    pub accounts: u32,
    /// Target open notional at the opening of each perpetual, by its asset, in the numeraire.
    pub open_notional: BTreeMap<String, Notional>,
    /// Spread of account sizes: the standard deviation of the logarithm. Default 1.6 (chosen).
    #[serde(default = "default_notional_sigma")]
    pub notional_sigma: Millionths,
    /// How leverage is distributed. Default lognormal, median 1.2, sigma 0.9 (chosen).
    #[serde(default)]
    pub leverage: Leverage,
    /// Share of notional that is hedged, by another perpetual or by the asset itself. Default 0.35
    /// (chosen).
    #[serde(default = "default_hedged")]
    pub hedged: Millionths,
    /// Largest share of an instrument held against the hub. Default 0.15 (chosen).
    #[serde(default = "default_pair_max")]
    pub pair_max: Millionths,
    /// Largest share of an instrument's short side that is directional. Default 0.25 (chosen).
    #[serde(default = "default_short_directional")]
    pub short_directional: Millionths,
    /// Mix of collateral, shares of value after haircut; they add up to one. Default 70 % USD, 20 %
    /// BTC, 10 % ETH (chosen).
    #[serde(default = "default_collateral")]
    pub collateral: BTreeMap<String, Millionths>,
    /// Who holds the rest of the short side. Default 10 accounts at leverage 3 (chosen).
    #[serde(default)]
    pub makers: Makers,
}

/// Distribution of leverage, notional over value after haircut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leverage {
    /// Which law.
    pub kind: LeverageKind,
    /// Half of the accounts lie below. Default 1.2 (chosen).
    pub median: Millionths,
    /// Standard deviation of the logarithm. Default 0.9 (chosen).
    pub sigma: Millionths,
}

/// The laws of leverage that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeverageKind {
    /// Lognormal, cut at 0.9 / initial requirement ratio.
    Lognormal,
}

/// Market makers: a few large accounts that hold the short side nobody else wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Makers {
    /// How many. Default 10 (chosen).
    pub count: u32,
    /// Their notional over value after haircut, at most. Default 3 (chosen).
    pub leverage_max: Millionths,
}

impl Default for Leverage {
    fn default() -> Leverage {
        Leverage {
            kind: LeverageKind::Lognormal,
            median: Millionths::constant(1_200_000),
            sigma: Millionths::constant(900_000),
        }
    }
}

impl Default for Makers {
    fn default() -> Makers {
        Makers { count: 10, leverage_max: Millionths::constant(3_000_000) }
    }
}

fn default_accounts() -> u32 {
    20_000
}

fn default_notional_sigma() -> Millionths {
    Millionths::constant(1_600_000)
}

fn default_hedged() -> Millionths {
    Millionths::constant(350_000)
}

fn default_pair_max() -> Millionths {
    Millionths::constant(150_000)
}

fn default_short_directional() -> Millionths {
    Millionths::constant(250_000)
}

fn default_collateral() -> BTreeMap<String, Millionths> {
    [("USD", 700_000), ("BTC", 200_000), ("ETH", 100_000)]
        .map(|(asset, parts)| (asset.to_owned(), Millionths::constant(parts)))
        .into()
}

/// An error at a field of the table, named by its path in the day file.
pub(super) fn wrong(
    path: &str,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> FeedError {
    let place = Place::default().at(format!("population.{path}"));
    FeedError::input("population.parameter", place, expected, found)
}

impl Parameters {
    /// The defaults with the given open notionals.
    pub fn new(open_notional: BTreeMap<String, Notional>) -> Parameters {
        Parameters {
            accounts: default_accounts(),
            open_notional,
            notional_sigma: default_notional_sigma(),
            leverage: Leverage::default(),
            hedged: default_hedged(),
            pair_max: default_pair_max(),
            short_directional: default_short_directional(),
            collateral: default_collateral(),
            makers: Makers::default(),
        }
    }

    /// Checks what can be said without prices and rulebook.
    ///
    /// # Errors
    /// The first field out of its range, with its path and range.
    pub fn validate(&self) -> Result<(), FeedError> {
        self.validate_counts()?;
        for (path, value, low, high) in [
            ("notional_sigma", self.notional_sigma, 0, 5 * MILLION),
            ("leverage.median", self.leverage.median, 1_000, 1_000 * MILLION),
            ("leverage.sigma", self.leverage.sigma, 0, 5 * MILLION),
            ("hedged", self.hedged, 0, MILLION),
            ("pair_max", self.pair_max, 0, MILLION),
            ("short_directional", self.short_directional, 0, MILLION),
            ("makers.leverage_max", self.makers.leverage_max, 1_000, 1_000 * MILLION),
        ] {
            if !(low..=high).contains(&value.parts()) {
                let range =
                    format!("from {} to {}", Millionths::constant(low), Millionths::constant(high));
                return Err(wrong(path, range, value.to_string()));
            }
        }
        let sum: i64 = self.collateral.values().map(|share| share.parts()).sum();
        if sum != MILLION {
            let found = format!("{sum} millionths");
            return Err(wrong("collateral", "shares that add up to one", found));
        }
        Ok(())
    }

    fn validate_counts(&self) -> Result<(), FeedError> {
        if !(1..=ACCOUNTS_MAX).contains(&self.accounts) {
            let range = format!("from 1 to {ACCOUNTS_MAX}");
            return Err(wrong("accounts", range, self.accounts.to_string()));
        }
        if self.makers.count == 0 || self.makers.count >= self.accounts {
            let range = format!("from 1 to {}, one below accounts", self.accounts - 1);
            return Err(wrong("makers.count", range, self.makers.count.to_string()));
        }
        if self.open_notional.is_empty() {
            return Err(wrong("open_notional", "at least one asset", "none"));
        }
        for (asset, notional) in &self.open_notional {
            if notional.units() == 0 {
                return Err(wrong(&format!("open_notional.{asset}"), "above zero", "0"));
            }
        }
        let total: i128 = self.open_notional.values().map(|notional| notional.units()).sum();
        if Notional::new(total).is_none() {
            let range = format!("at most {} together", Notional::MAX);
            return Err(wrong("open_notional", range, format!("{total} at 1e-16")));
        }
        Ok(())
    }
}
