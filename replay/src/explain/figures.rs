//! Numbers of a rulebook as exact decimals, and the sums they stand in.

use domain::rulebook::{AssetRules, InstrumentRules};
use domain::{
    Amount, AssetId, InstrumentId, Price, Quantity, Quote, Ratio, Rulebook, Value, Weighted,
};

use crate::rows::names::Names;
use crate::summary::numbers::{VALUE_PLACES, exact};

/// Places of a weighted value.
pub const WEIGHTED_PLACES: u32 = 22;

/// A rulebook asked for names and exact decimals.
#[derive(Clone, Copy)]
pub struct Figures<'a>(pub &'a Rulebook);

fn word(value: serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl<'a> Figures<'a> {
    fn names(self) -> Names<'a> {
        Names(Some(self.0))
    }

    pub fn asset_rules(self, asset: AssetId) -> Option<&'a AssetRules> {
        self.0.asset(asset)
    }

    pub fn instrument_rules(self, instrument: InstrumentId) -> Option<&'a InstrumentRules> {
        self.0.instrument(instrument)
    }

    pub fn asset(self, asset: AssetId) -> String {
        word(self.names().asset(asset))
    }

    pub fn instrument(self, instrument: InstrumentId) -> String {
        word(self.names().instrument(instrument))
    }

    pub fn decimals(self, asset: AssetId) -> u32 {
        self.names().decimals(asset)
    }

    /// The asset in which an instrument is paid.
    pub fn settles(self, instrument: InstrumentId) -> AssetId {
        self.0.instrument(instrument).map_or(self.0.numeraire, |rules| rules.settles)
    }

    pub fn is_numeraire(self, asset: AssetId) -> bool {
        asset == self.0.numeraire
    }

    pub fn amount(self, asset: AssetId, amount: Amount) -> String {
        exact(amount.units(), self.decimals(asset))
    }

    pub fn price(self, instrument: InstrumentId, price: Price) -> String {
        exact(price.wide(), self.names().price_places(instrument))
    }

    /// An index price in units of 10^-(16 - decimals).
    pub fn index(self, asset: AssetId, price: i128) -> String {
        exact(price, self.index_places(asset))
    }

    pub fn index_places(self, asset: AssetId) -> u32 {
        VALUE_PLACES.saturating_sub(self.decimals(asset))
    }

    pub fn quantity(self, instrument: InstrumentId, quantity: Quantity) -> String {
        exact(quantity.wide(), self.names().quantity_places(instrument))
    }

    /// A funding index: price units at 1e-12.
    pub fn funding_index(self, instrument: InstrumentId, index: i128) -> String {
        exact(index, 12 + self.names().price_places(instrument))
    }

    /// Name of the numeraire.
    pub fn numeraire(self) -> String {
        self.asset(self.0.numeraire)
    }
}

pub fn quote(quote: Quote) -> String {
    exact(quote.units(), VALUE_PLACES)
}

pub fn value(value: Value) -> String {
    exact(value.units(), VALUE_PLACES)
}

pub fn weighted(weighted: Weighted) -> String {
    exact(weighted.units(), WEIGHTED_PLACES)
}

/// A ratio as a decimal, or in parentheses as the fraction that it is.
pub fn ratio(ratio: Ratio) -> String {
    if ratio.denominator() == 1_000_000 {
        exact(i128::from(ratio.numerator()), 6)
    } else {
        format!("({}/{})", ratio.numerator(), ratio.denominator())
    }
}

/// Whether a product with this ratio is exact on the weighted scale.
pub fn is_exact(ratio: Ratio) -> bool {
    ratio.denominator() == 1_000_000
}

/// Signed numbers joined by their signs: `2 - 3 + 4`. Nothing at all is `0`.
pub fn joined(terms: &[String]) -> String {
    let mut text = String::new();
    for term in terms {
        match (text.is_empty(), term.strip_prefix('-')) {
            (true, _) => text.push_str(term),
            (false, Some(rest)) => {
                text.push_str(" - ");
                text.push_str(rest);
            }
            (false, None) => {
                text.push_str(" + ");
                text.push_str(term);
            }
        }
    }
    if text.is_empty() { "0".to_owned() } else { text }
}

/// One signed number less another.
pub fn less(left: &str, right: &str) -> String {
    match right.strip_prefix('-') {
        Some(rest) => format!("{left} + {rest}"),
        None => format!("{left} - {right}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_join_numbers() {
        let join = |terms: &[&str]| {
            joined(&terms.iter().map(|term| (*term).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(join(&["2", "-3", "4.5"]), "2 - 3 + 4.5");
        assert_eq!(join(&["-2"]), "-2");
        assert_eq!(join(&[]), "0");
        assert_eq!((less("1", "2"), less("1", "-2")), ("1 - 2".to_owned(), "1 + 2".to_owned()));
    }

    #[test]
    fn ratios_that_are_no_decimals_stay_fractions() {
        assert_eq!(ratio(Ratio::from_parts(12_500)), "0.0125");
        assert_eq!(ratio(Ratio::new(1, 30).expect("a ratio")), "(1/30)");
    }
}
