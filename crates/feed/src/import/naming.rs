//! What a vendor's file name says: asset and role.

use std::path::Path;

use domain::Rulebook;

use crate::manifest::{Format, Role};

/// Quotes that count as the numeraire of the default rulebook.
const QUOTES: [&str; 4] = ["USDT", "USDC", "BUSD", "USD"];

/// Asset and role of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Use.
    pub role: Role,
    /// The asset; none for files with an asset column.
    pub name: Option<String>,
}

/// Reads a vendor's file name. `None` where it names no asset of the rulebook in a dollar quote;
/// `LTCBTC` is no price in dollars.
///
/// Worked: `binance_usdm.BTCUSDT.1h.mark.csv.gz` is the mark of BTC, `BTC_USDT-5m-futures.json.gz`
/// its last price, `ETHUSDT-1m-2021-05.zip` the index of ETH.
pub fn identify(file: &str, format: Format, rulebook: &Rulebook) -> Option<Identity> {
    let name = Path::new(file).file_name()?.to_str()?;
    let lower = name.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let role = if format.is_funding() {
        Role::Funding
    } else if says(&["mark"]) {
        Role::Mark
    } else if says(&["usdm", "perp", "future", "swap"]) {
        Role::Last
    } else {
        Role::Index
    };
    if format.has_assets() {
        return Some(Identity { role, name: None });
    }
    asset(name, rulebook).map(|name| Identity { role, name: Some(name) })
}

/// The asset of the first part of a name that reads as asset and quote.
fn asset(name: &str, rulebook: &Rulebook) -> Option<String> {
    let separators = |letter: char| !letter.is_ascii_alphanumeric();
    let parts: Vec<String> = name.split(separators).map(|part| part.to_ascii_uppercase()).collect();
    for (place, part) in parts.iter().enumerate() {
        for quote in QUOTES {
            let base = match part.strip_suffix(quote) {
                Some("") if place > 0 => &parts[place - 1],
                Some(base) => base,
                None => continue,
            };
            if rulebook.asset_named(base).is_some() {
                return Some(base.to_owned());
            }
        }
    }
    // Venues without quotes (`hyperliquid.BTC.funding`): one part that is an asset by itself, in
    // capitals as venues write it.
    let mut alone = name.split(separators).filter(|part| rulebook.asset_named(part).is_some());
    match (alone.next(), alone.next()) {
        (Some(asset), None) if name.split(separators).all(|part| !is_pair(part, rulebook)) => {
            Some(asset.to_owned())
        }
        _ => None,
    }
}

/// Whether a part reads as a pair of two assets, `LTCBTC`.
fn is_pair(part: &str, rulebook: &Rulebook) -> bool {
    let ends = |asset: &str| part.len() > asset.len() && part.ends_with(asset);
    rulebook.assets.iter().any(|asset| ends(&asset.name))
}
