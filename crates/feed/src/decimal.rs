//! Text to exact decimal to an integer of a unit `10^-digits`, and back. The edge of the house.
//!
//! Files print binary doubles as shortest decimal text, many of them in scientific notation, so
//! both spellings are read: plain first, scientific second. Nothing here passes through a float.
//! Law: a price or a rate that does not fit its unit is refused by name; only volumes round,
//! half to even, and the caller counts how many did.

mod quoted;

use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};

pub(crate) use quoted::{FRACTION_EXPECTED, QUOTES_EXPECTED};
pub use quoted::{QuotedDecimal, QuotedFraction};

/// Digits after the point of a funding rate: its unit is `1e-12`.
pub const RATE_DIGITS: u32 = 12;

/// Digits after the point of a bar's volume: its unit is `1e-8`.
pub const VOLUME_DIGITS: u32 = 8;

/// The most digits after the point a decimal can hold.
const SCALE_MAX: u32 = 28;

/// Why a text did not become an integer of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecimalFault {
    /// Not a decimal number at all.
    Text(String),
    /// More digits than 96 bits or 28 places can hold.
    Digits(String),
    /// An exact decimal with more places than the unit has.
    Unit {
        /// The value as written.
        value: String,
        /// Places of the unit.
        digits: u32,
    },
    /// Too large for 64 bits at that unit.
    Large {
        /// The value as written.
        value: String,
        /// Places of the unit.
        digits: u32,
    },
}

impl DecimalFault {
    /// What should have stood there, for an error message.
    pub fn expected(&self) -> String {
        match self {
            DecimalFault::Text(_) => "a decimal number".to_owned(),
            DecimalFault::Digits(_) => "a number of at most 28 digits".to_owned(),
            DecimalFault::Unit { digits, .. } => format!("a multiple of the unit 1e-{digits}"),
            DecimalFault::Large { digits, .. } => {
                format!("a number of at most {} at the unit 1e-{digits}", largest(*digits))
            }
        }
    }

    /// What stood there, quoted.
    pub fn found(&self) -> String {
        match self {
            DecimalFault::Text(value)
            | DecimalFault::Digits(value)
            | DecimalFault::Unit { value, .. }
            | DecimalFault::Large { value, .. } => format!("{value:?}"),
        }
    }
}

impl fmt::Display for DecimalFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found {}", self.expected(), self.found())
    }
}

impl std::error::Error for DecimalFault {}

/// The largest number that 64 bits hold at a unit, for messages.
fn largest(digits: u32) -> String {
    Decimal::try_from_i128_with_scale(i128::from(i64::MAX), digits.min(SCALE_MAX))
        .map_or_else(|_| i64::MAX.to_string(), |largest| largest.trunc().to_string())
}

/// Whether a text is a decimal number: sign, digits, point, exponent and nothing else. The
/// decimal library would also take `1_000`, which no exchange writes.
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let unsigned = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        digits(unsigned) && unsigned.len() <= 3
    });
    digits(whole) && digits(part) && exponent_fits
}

/// Reads a decimal exactly, plain (`0.0001`) or scientific (`1e-4`).
///
/// # Errors
/// [`DecimalFault::Text`] when it is no number, [`DecimalFault::Digits`] when it has more digits
/// than a decimal holds; nothing is ever rounded.
///
/// ```
/// use feed::decimal::exact;
/// assert_eq!(exact("1.25e-05").unwrap().to_string(), "0.0000125");
/// assert!(exact("1,5").is_err());
/// ```
pub fn exact(text: &str) -> Result<Decimal, DecimalFault> {
    if !is_number(text) {
        return Err(DecimalFault::Text(text.to_owned()));
    }
    Decimal::from_str_exact(text)
        .or_else(|_| Decimal::from_scientific(text))
        .map_err(|_| DecimalFault::Digits(text.to_owned()))
}

/// A decimal as an integer number of `10^-digits`, exact or refused.
///
/// # Errors
/// [`DecimalFault::Unit`] when places are left over, [`DecimalFault::Large`] beyond 64 bits.
pub fn in_unit(value: Decimal, digits: u32) -> Result<i64, DecimalFault> {
    let wide = in_unit_wide(value, digits)?;
    let large = || DecimalFault::Large { value: value.to_string(), digits };
    i64::try_from(wide).map_err(|_| large())
}

/// As [`in_unit`], for amounts, which are 128 bits wide.
///
/// # Errors
/// As [`in_unit`].
pub fn in_unit_wide(value: Decimal, digits: u32) -> Result<i128, DecimalFault> {
    let normal = value.normalize();
    let missing = digits
        .checked_sub(normal.scale())
        .ok_or_else(|| DecimalFault::Unit { value: value.to_string(), digits })?;
    10i128
        .checked_pow(missing)
        .and_then(|factor| normal.mantissa().checked_mul(factor))
        .ok_or_else(|| DecimalFault::Large { value: value.to_string(), digits })
}

/// Text straight to an integer of a unit: [`exact`], then [`in_unit`].
///
/// # Errors
/// Those of both; the value is named as it was written.
///
/// ```
/// use feed::decimal::parse;
/// assert_eq!(parse("7938.39", 8).unwrap(), 793_839_000_000);
/// assert!(parse("0.123456789", 8).is_err());
/// ```
pub fn parse(text: &str, digits: u32) -> Result<i64, DecimalFault> {
    in_unit(exact(text)?, digits).map_err(|fault| match fault {
        DecimalFault::Unit { digits, .. } => DecimalFault::Unit { value: text.to_owned(), digits },
        DecimalFault::Large { digits, .. } => {
            DecimalFault::Large { value: text.to_owned(), digits }
        }
        other => other,
    })
}

/// A volume in units of `1e-8`, rounded half to even, and whether rounding changed it. Doubles
/// print up to 20 places of noise in volumes, which carry no money here.
///
/// # Errors
/// [`DecimalFault::Text`] and [`DecimalFault::Large`].
///
/// ```
/// use feed::decimal::volume;
/// assert_eq!(volume("0.000000015").unwrap(), (2, true));
/// assert_eq!(volume("79.275838").unwrap(), (7_927_583_800, false));
/// ```
pub fn volume(text: &str) -> Result<(i64, bool), DecimalFault> {
    let value = match exact(text) {
        Ok(value) => value,
        Err(DecimalFault::Digits(_)) => beyond_28_places(text)?,
        Err(fault) => return Err(fault),
    };
    let rounded =
        value.round_dp_with_strategy(VOLUME_DIGITS, RoundingStrategy::MidpointNearestEven);
    let exactly = exact(text).is_ok_and(|exact| exact == rounded);
    Ok((in_unit(rounded, VOLUME_DIGITS)?, !exactly))
}

/// A number with more places than a decimal holds, cut there: twenty places below the unit of a
/// volume, so that the later rounding still sees on which side of the half it lies.
fn beyond_28_places(text: &str) -> Result<Decimal, DecimalFault> {
    let too_many = || DecimalFault::Digits(text.to_owned());
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().map_err(|_| too_many())?;
    let mantissa = Decimal::from_str(mantissa).map_err(|_| too_many())?;
    if mantissa.is_zero() {
        return Ok(Decimal::ZERO);
    }
    if exponent >= 0 {
        let factor = 10i128.checked_pow(exponent.unsigned_abs()).ok_or_else(too_many)?;
        let factor = Decimal::try_from_i128_with_scale(factor, 0).map_err(|_| too_many())?;
        return mantissa.checked_mul(factor).ok_or_else(too_many);
    }
    let places = exponent.unsigned_abs();
    if places > SCALE_MAX {
        return Ok(Decimal::new(mantissa.mantissa().signum() as i64, SCALE_MAX));
    }
    mantissa.checked_mul(Decimal::new(1, places)).ok_or_else(too_many)
}

/// An integer of a unit printed as a plain decimal without trailing zeros.
///
/// ```
/// assert_eq!(feed::decimal::text(793_839_000_000, 8), "7938.39");
/// ```
pub fn text(value: i128, digits: u32) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let plain = format!("{:0>width$}", value.unsigned_abs(), width = digits as usize + 1);
    let (whole, part) = plain.split_at(plain.len() - digits as usize);
    let part = part.trim_end_matches('0');
    if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
}

#[cfg(test)]
mod tests {
    //! Goal: every spelling that files hold, and every spelling they must not. Method: tables.

    use super::*;

    #[test]
    fn reads_both_spellings_exactly() {
        let table = [
            ("0", 8, 0),
            ("1", 8, 100_000_000),
            ("-0.003", 12, -3_000_000_000),
            ("1.25e-05", 12, 12_500_000),
            ("1E2", 2, 10_000),
            ("1e+2", 2, 10_000),
            ("0.00010572", 12, 105_720_000),
            ("7933.8631158", 8, 793_386_311_580),
            ("1.10", 2, 110),
            ("92233720368.54775807", 8, i64::MAX),
        ];
        for (text, digits, expected) in table {
            assert_eq!(parse(text, digits), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_number_or_does_not_fit() {
        let numbers =
            ["", " 1", "1 ", "1,5", "1_000", "nan", "inf", "0x10", ".5", "5.", "+1", "1e"];
        for text in numbers {
            assert_eq!(exact(text), Err(DecimalFault::Text(text.to_owned())), "{text:?}");
        }
        let unit = DecimalFault::Unit { value: "1e-9".to_owned(), digits: 8 };
        assert_eq!(parse("1e-9", 8), Err(unit));
        let text = "92233720368.54775808";
        let large = DecimalFault::Large { value: text.to_owned(), digits: 8 };
        assert_eq!(parse(text, 8), Err(large.clone()));
        assert!(large.to_string().contains("at most 92233720368 at the unit 1e-8"));
        assert!(matches!(exact("1e-30"), Err(DecimalFault::Digits(_))));
    }

    #[test]
    fn volumes_round_half_to_even() {
        let table = [
            ("0.000000005", 0, true),
            ("0.000000015", 2, true),
            ("0.0000000050000000000000001", 1, true),
            ("5.551115123125783e-17", 0, true),
            ("1.2345678901234567e-15", 0, true),
            ("5e-324", 0, true),
            ("1485.908", 148_590_800_000, false),
            ("0", 0, false),
        ];
        for (text, expected, rounded) in table {
            assert_eq!(volume(text), Ok((expected, rounded)), "{text}");
        }
    }

    #[test]
    fn prints_integers_of_a_unit() {
        let table = [(0, 8, "0"), (-5, 8, "-0.00000005"), (120, 2, "1.2"), (7, 0, "7")];
        for (value, digits, expected) in table {
            assert_eq!(text(value, digits), expected);
        }
    }
}
