//! Parameters written as quoted decimals, held as whole numbers.
//!
//! A day file writes `hedged = "0.35"` in quotes, so that nothing passes through a binary float on
//! its way in. What does not fit the stated number of places is refused, never rounded.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use crate::decimal::{QuotedDecimal, in_unit, in_unit_wide, text};

/// Decimal places of a price times a quantity: one unit is 1e-16 of the numeraire.
pub const PRODUCT_PLACES: u32 = 16;

/// One whole in millionths.
pub const MILLION: i64 = 1_000_000;

/// Decimal places of a millionth.
const MILLIONTH_PLACES: u32 = 6;

/// A parameter without a unit (a share, a ratio, a sigma), at one millionth.
///
/// Written in quotes with at most six places, not negative, at most 1,000,000. Worked: "0.35" is
/// held as 350,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millionths(i64);

impl Millionths {
    /// From a number of millionths. `None` if negative or above one million wholes.
    pub const fn new(parts: i64) -> Option<Millionths> {
        if parts >= 0 && parts <= MILLION * MILLION { Some(Millionths(parts)) } else { None }
    }

    /// A figure of this crate itself, which lies in the range.
    pub(crate) const fn constant(parts: i64) -> Millionths {
        assert!(parts >= 0 && parts <= MILLION * MILLION);
        Millionths(parts)
    }

    /// The number of millionths.
    pub const fn parts(self) -> i64 {
        self.0
    }

    /// As a float, for drawing. The division is correctly rounded, hence equal everywhere.
    pub fn to_float(self) -> f64 {
        self.0 as f64 / MILLION as f64
    }
}

/// An open notional, at 1e-16 of the numeraire. Written in quotes, "186666667" or "1.5".
///
/// At most 1e15 of the numeraire: with that, every product of a notional and a ratio in millionths
/// stays inside 128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notional(i128);

impl Notional {
    /// The largest, 1e15 of the numeraire.
    pub const MAX: Notional = Notional(10i128.pow(15 + PRODUCT_PLACES));

    /// From units of 1e-16 of the numeraire. `None` if negative or above [`Notional::MAX`].
    pub fn new(units: i128) -> Option<Notional> {
        (0..=Notional::MAX.0).contains(&units).then_some(Notional(units))
    }

    /// From whole units of the numeraire, for instance dollars.
    pub fn from_whole(whole: u32) -> Notional {
        Notional(i128::from(whole) * 10i128.pow(PRODUCT_PLACES))
    }

    /// In units of 1e-16 of the numeraire.
    pub const fn units(self) -> i128 {
        self.0
    }
}

impl fmt::Display for Millionths {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&text(i128::from(self.0), MILLIONTH_PLACES))
    }
}

impl fmt::Display for Notional {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&text(self.0, PRODUCT_PLACES))
    }
}

/// The complaint about a decimal outside its range.
fn outside(value: QuotedDecimal, highest: impl fmt::Display) -> String {
    format!("expected a decimal from 0 to {highest}, found \"{value}\"")
}

impl TryFrom<QuotedDecimal> for Millionths {
    type Error = String;

    fn try_from(value: QuotedDecimal) -> Result<Millionths, String> {
        let parts = in_unit(value.0, MILLIONTH_PLACES).map_err(|fault| fault.to_string())?;
        Millionths::new(parts).ok_or_else(|| outside(value, MILLION))
    }
}

impl TryFrom<QuotedDecimal> for Notional {
    type Error = String;

    fn try_from(value: QuotedDecimal) -> Result<Notional, String> {
        let units = in_unit_wide(value.0, PRODUCT_PLACES).map_err(|fault| fault.to_string())?;
        Notional::new(units).ok_or_else(|| outside(value, Notional::MAX))
    }
}

impl<'de> Deserialize<'de> for Millionths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Millionths, D::Error> {
        QuotedDecimal::deserialize(deserializer)?.try_into().map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Notional {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Notional, D::Error> {
        QuotedDecimal::deserialize(deserializer)?.try_into().map_err(D::Error::custom)
    }
}

impl Serialize for Millionths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Notional {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Table {
        share: Millionths,
        worth: Notional,
    }

    fn read(share: &str, worth: &str) -> Result<Table, String> {
        toml::from_str(&format!("share = {share}\nworth = {worth}")).map_err(|e| e.to_string())
    }

    #[test]
    fn decimals_are_read_exactly_and_printed_shortest() {
        for (written, parts, printed) in [
            ("\"0.35\"", 350_000, "0.35"),
            ("\"1.6\"", 1_600_000, "1.6"),
            ("\"3\"", 3_000_000, "3"),
            ("\"0.000001\"", 1, "0.000001"),
            ("\"1000000.000000\"", 1_000_000_000_000, "1000000"),
        ] {
            let table = read(written, "\"186666667.5\"").expect(written);
            assert_eq!((table.share.parts(), table.share.to_string().as_str()), (parts, printed));
            assert_eq!(table.worth.units(), 1_866_666_675 * 10i128.pow(15));
            let back = toml::to_string(&table).expect("plain data serialises");
            assert_eq!(toml::from_str::<Table>(&back), Ok(table));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_text() {
        for (share, worth, message) in [
            ("\"\"", "\"1\"", "expected a decimal in quotes, found \"\""),
            ("0.35", "\"1\"", "expected a decimal in quotes, found a float"),
            ("\"-1\"", "\"1\"", "expected a decimal from 0 to 1000000, found \"-1\""),
            ("\"1000001\"", "\"1\"", "expected a decimal from 0 to 1000000, found"),
            ("\"0.0000001\"", "\"1\"", "expected a multiple of the unit 1e-6, found"),
            ("\"1\"", "\"1000000000000000.1\"", "from 0 to 1000000000000000, found"),
        ] {
            let error = read(share, worth).expect_err(share);
            assert!(error.contains(message), "{error}");
        }
    }
}
