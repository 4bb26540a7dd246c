//! Accounts invented under one rulebook, told in the numbers of another.
//!
//! Both name assets and instruments by place, so a population is carried over by name. Law: an
//! account holds the same under both, to the last unit; where a rulebook does not list what an
//! account holds, or counts it in other units, that is an error and nothing is left out.

use domain::{AssetId, InstrumentId, Rulebook};

use crate::error::{FeedError, Place};
use crate::generate::population::Population;

/// Whether two rulebooks list the same things in the same order and units.
pub(super) fn same(one: &Rulebook, other: &Rulebook) -> bool {
    let assets = |rules: &Rulebook| -> Vec<(String, u8)> {
        rules.assets.iter().map(|asset| (asset.name.clone(), asset.decimals)).collect()
    };
    let instruments = |rules: &Rulebook| -> Vec<_> {
        let listed = rules.instruments.iter();
        listed.map(|one| (one.name.clone(), one.kind, one.settles, one.price_decimals)).collect()
    };
    one.numeraire == other.numeraire
        && assets(one) == assets(other)
        && instruments(one) == instruments(other)
}

/// Carries a population over from the rulebook it was invented under.
pub(super) fn carry(
    mut population: Population,
    from: &Rulebook,
    to: &Rulebook,
) -> Result<Population, FeedError> {
    for account in &mut population.accounts {
        for (instrument, _) in &mut account.positions {
            *instrument = instrument_in(*instrument, from, to)?;
        }
        for (asset, _) in &mut account.deposits {
            *asset = asset_in(*asset, from, to)?;
        }
    }
    for trade in &mut population.trades {
        trade.instrument = instrument_in(trade.instrument, from, to)?;
    }
    Ok(population)
}

fn asset_in(asset: AssetId, from: &Rulebook, to: &Rulebook) -> Result<AssetId, FeedError> {
    let rules = from.asset(asset);
    let found = rules.and_then(|rules| to.asset_named(&rules.name));
    let listed = found.and_then(|id| to.asset(id));
    let same = rules.zip(listed).is_some_and(|(one, other)| one.decimals == other.decimals);
    let name = rules.map_or("", |rules| rules.name.as_str());
    found.filter(|_| same).ok_or_else(|| unlisted("assets", name, listed.is_some()))
}

fn instrument_in(
    instrument: InstrumentId,
    from: &Rulebook,
    to: &Rulebook,
) -> Result<InstrumentId, FeedError> {
    let rules = from.instrument(instrument);
    let found = rules.and_then(|rules| to.instrument_named(&rules.name));
    let listed = found.and_then(|id| to.instrument(id));
    let places = rules.zip(listed);
    let same = places.is_some_and(|(one, other)| one.price_decimals == other.price_decimals);
    let name = rules.map_or("", |rules| rules.name.as_str());
    found.filter(|_| same).ok_or_else(|| unlisted("instruments", name, listed.is_some()))
}

fn unlisted(table: &str, name: &str, listed: bool) -> FeedError {
    let found = if listed { "other units" } else { "nothing of that name" };
    let place = Place::default().at(format!("{table}.{name}"));
    let expected = format!("{name} in its units, as the day's accounts hold it");
    FeedError::input("day.accounts", place, expected, found)
        .help("list it so, or invent accounts under this rulebook: --accounts-under NAME")
}

#[cfg(test)]
mod tests {
    //! Goal: accounts stay the same when a rulebook lists things in another order, and are refused
    //! where it lacks them. Method: the tiny day under the default rulebook and changed ones.

    use std::path::{Path, PathBuf};

    use domain::Rulebook;

    use crate::day::Day;

    fn fixtures() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
    }

    fn text() -> String {
        std::fs::read_to_string(fixtures().join("rulebooks/default.toml")).expect("a rulebook")
    }

    fn rules(text: &str) -> Rulebook {
        crate::rulebook::parse("rules.toml", text).unwrap_or_else(|errors| panic!("{errors}"))
    }

    /// What every account holds, by name.
    fn holdings(rules: &Rulebook, base: &Rulebook) -> Vec<Vec<(String, i128)>> {
        let folder = fixtures().join("days/tiny");
        let manifest = crate::manifest::Manifest::load(&folder).expect("a manifest");
        let day = Day::under(manifest, &folder, None, rules, base);
        let day = day.unwrap_or_else(|errors| panic!("{errors}"));
        let population = day.population.expect("accounts");
        let held = population.accounts.iter().map(|account| {
            let deposits = account.deposits.iter().map(|(asset, amount)| {
                (rules.asset(*asset).expect("listed").name.clone(), amount.units())
            });
            let positions = account.positions.iter().map(|(instrument, quantity)| {
                (rules.instrument(*instrument).expect("listed").name.clone(), quantity.wide())
            });
            let mut all: Vec<(String, i128)> = deposits.chain(positions).collect();
            all.sort();
            all
        });
        held.collect()
    }

    /// Cuts the table of a name, and its tables below, out of a rulebook; puts it at the end.
    fn moved(text: &str, head: &str, keep: bool) -> String {
        let from = text.find(&format!("[{head}]")).expect("a table");
        let rest = &text[from + 1..];
        let to = rest.find("\n[").map_or(text.len(), |next| from + 1 + next);
        let table = if keep { &text[from..to] } else { "" };
        format!("{}{}\n{table}\n", &text[..from], &text[to..])
    }

    #[test]
    fn other_rules_meet_the_same_accounts() {
        let base = rules(&text());
        let own = holdings(&base, &base);
        let changed = text().replace("initial = \"0.02\"", "initial = \"0.05\"");
        let changed = rules(&changed.replace("haircut = \"0.05\"", "haircut = \"0.15\""));
        assert_ne!(holdings(&changed, &changed), own, "accounts depend on the rules behind them");
        assert_eq!(holdings(&changed, &base), own, "and not on the rules they meet");
        let order = rules(&moved(&text(), "instruments.BTC-PERP", true));
        assert!(!super::same(&order, &base), "the order changed");
        assert_eq!(holdings(&order, &base), own, "whatever the order of the list");
    }

    #[test]
    fn what_is_not_listed_is_said() {
        let base = rules(&text());
        let folder = fixtures().join("days/tiny");
        let load = |rules: &Rulebook| {
            let manifest = crate::manifest::Manifest::load(&folder).expect("a manifest");
            Day::under(manifest, &folder, None, rules, &base).expect_err("not listed").to_string()
        };
        let without = rules(&moved(&text(), "instruments.ETH-PERP", false));
        let said = load(&without);
        assert!(said.contains("ETH-PERP") || said.contains("ETH"), "{said}");
        let carried = super::instrument_in(
            base.instrument_named("ETH-PERP").expect("listed"),
            &base,
            &without,
        );
        let said = carried.expect_err("not listed").to_string();
        assert!(
            said.contains("error[day.accounts]") && said.contains("--accounts-under"),
            "{said}"
        );
    }
}
