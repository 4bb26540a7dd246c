//! Decimals and fractions as documents write them: in quotes.
//!
//! A bare float would have passed through binary before anyone could look at it, so it is refused
//! in words that a document turns into a located fault. Law: what was written is kept exactly.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::{DecimalFault, SCALE_MAX, exact, in_unit};

/// The refusal of a bare number in TOML; documents recognise it to give it its code.
pub(crate) const QUOTES_EXPECTED: &str = "expected a decimal in quotes";

/// The refusal of a bare number where a fraction may stand.
pub(crate) const FRACTION_EXPECTED: &str = "expected a decimal or a fraction in quotes";

/// A decimal that a document must write in quotes: a bare float would have passed through
/// binary, and `0.1` would no longer be a tenth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct QuotedDecimal(pub Decimal);

impl QuotedDecimal {
    /// As an integer of a unit.
    ///
    /// # Errors
    /// Those of [`in_unit`].
    pub fn in_unit(self, digits: u32) -> Result<i64, DecimalFault> {
        in_unit(self.0, digits)
    }

    /// The nearest double, for the random draws of the generators, never for money.
    pub fn approximate(self) -> f64 {
        // The shortest text of a decimal is read back by the standard parser, which rounds
        // correctly on every machine.
        self.0.normalize().to_string().parse().unwrap_or(f64::NAN)
    }
}

impl FromStr for QuotedDecimal {
    type Err = DecimalFault;

    fn from_str(text: &str) -> Result<QuotedDecimal, DecimalFault> {
        exact(text).map(QuotedDecimal)
    }
}

impl fmt::Display for QuotedDecimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.normalize())
    }
}

impl Serialize for QuotedDecimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Takes strings only and names what else it met.
struct Quoted(&'static str);

impl Quoted {
    fn refuse<E: de::Error>(&self, found: &str) -> E {
        E::custom(format!("{}, found {found}", self.0))
    }
}

impl Visitor<'_> for Quoted {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.trim_start_matches("expected "))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<String, E> {
        Err(self.refuse("a float"))
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<String, E> {
        Err(self.refuse("a bare integer"))
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<String, E> {
        Err(self.refuse("a bare integer"))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<String, E> {
        Err(self.refuse("a boolean"))
    }
}

impl<'de> Deserialize<'de> for QuotedDecimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<QuotedDecimal, D::Error> {
        let text = deserializer.deserialize_any(Quoted(QUOTES_EXPECTED))?;
        exact(&text).map(QuotedDecimal).map_err(|fault| {
            de::Error::custom(format!("{QUOTES_EXPECTED}, found {}", fault.found()))
        })
    }
}

/// A requirement ratio: a decimal `"0.02"` or a fraction `"1/30"`, quoted; kept as written and
/// in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotedFraction {
    /// Above the line; never negative.
    pub numerator: i64,
    /// Below the line; above zero.
    pub denominator: i64,
}

impl QuotedFraction {
    /// In lowest terms.
    fn new(numerator: i64, denominator: i64) -> QuotedFraction {
        let (mut a, mut b) = (numerator, denominator);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let common = a.max(1);
        QuotedFraction { numerator: numerator / common, denominator: denominator / common }
    }

    /// The value as a decimal when it ends, else rounded to 28 digits; for display only.
    pub fn decimal(self) -> Decimal {
        Decimal::from(self.numerator) / Decimal::from(self.denominator)
    }
}

impl FromStr for QuotedFraction {
    type Err = DecimalFault;

    fn from_str(text: &str) -> Result<QuotedFraction, DecimalFault> {
        let wrong = || DecimalFault::Text(text.to_owned());
        if let Some((numerator, denominator)) = text.split_once('/') {
            let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
            if !digits(numerator) || !digits(denominator) {
                return Err(wrong());
            }
            let numerator = numerator.parse().map_err(|_| wrong())?;
            let denominator = denominator.parse().map_err(|_| wrong())?;
            return if denominator > 0 {
                Ok(QuotedFraction::new(numerator, denominator))
            } else {
                Err(wrong())
            };
        }
        let value = exact(text)?.normalize();
        let numerator = i64::try_from(value.mantissa()).map_err(|_| wrong())?;
        let denominator = 10i64.checked_pow(value.scale()).ok_or_else(wrong)?;
        if numerator >= 0 { Ok(QuotedFraction::new(numerator, denominator)) } else { Err(wrong()) }
    }
}

impl fmt::Display for QuotedFraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimal = self.decimal();
        if decimal * Decimal::from(self.denominator) == Decimal::from(self.numerator)
            && decimal.scale() < SCALE_MAX
        {
            write!(f, "{}", decimal.normalize())
        } else {
            write!(f, "{}/{}", self.numerator, self.denominator)
        }
    }
}

impl Serialize for QuotedFraction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for QuotedFraction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<QuotedFraction, D::Error> {
        let text = deserializer.deserialize_any(Quoted(FRACTION_EXPECTED))?;
        text.parse().map_err(|fault: DecimalFault| {
            de::Error::custom(format!("{FRACTION_EXPECTED}, found {}", fault.found()))
        })
    }
}

#[cfg(test)]
mod tests {
    //! Goal: fractions keep what was written. Method: a table.

    use super::*;

    #[test]
    fn fractions_are_kept_in_lowest_terms() {
        let table = [("0.02", 1, 50), ("1/30", 1, 30), ("2/60", 1, 30), ("0", 0, 1), ("1", 1, 1)];
        for (text, numerator, denominator) in table {
            let fraction = QuotedFraction { numerator, denominator };
            assert_eq!(text.parse(), Ok(fraction), "{text}");
        }
        for text in ["1/0", "-1/3", "1/3/3", "-0.1", "a/b", ""] {
            assert!(text.parse::<QuotedFraction>().is_err(), "{text:?}");
        }
        let printed = |text: &str| text.parse::<QuotedFraction>().map(|f| f.to_string());
        assert_eq!(printed("1/50"), Ok("0.02".to_owned()));
        assert_eq!(printed("1/30"), Ok("1/30".to_owned()));
    }
}
