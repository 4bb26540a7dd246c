//! Field types of a rulebook file: what is written in quotes and how it is read.
//!
//! Numbers are quoted decimals, requirement ratios may be fractions, durations carry their unit,
//! units of price and quantity are powers of ten. Law: a bare float never passes, and the order of
//! `[assets.*]` and `[instruments.*]` in the file is the order of their numbers in the machine.

use std::fmt;
use std::marker::PhantomData;

use domain::{Duration, Timestamp};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use crate::time;

/// Tables by name, in the order of the file.
#[derive(Debug, Clone)]
pub struct Entries<T>(pub Vec<(String, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

struct EntriesVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
    type Value = Entries<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tables by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<T>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry::<String, T>()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

/// Reads a quoted text with `read`; `expected` completes "expected ..." when it does not fit.
fn quoted<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    expected: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    read(&text).ok_or_else(|| de::Error::custom(format!("expected {expected}, found {text:?}")))
}

/// A span of time with its unit: `60s`, `8h`, `250ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

/// Units of spans, longest spelling first where one ends another.
const SPAN_UNITS: [(&str, i64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", time::SECOND),
    ("m", time::MINUTE),
    ("h", time::HOUR),
    ("d", 24 * time::HOUR),
];

/// Reads a span of time with its unit; `None` for anything else or beyond 292 years.
///
/// ```
/// use feed::rulebook::span;
/// assert_eq!(span("90s").unwrap().nanos(), 90_000_000_000);
/// assert!(span("90").is_none());
/// ```
#[must_use]
pub fn span(text: &str) -> Option<Duration> {
    let (digits, nanos) = SPAN_UNITS.iter().find_map(|(unit, nanos)| {
        let digits = text.strip_suffix(unit)?;
        let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        whole.then_some((digits, *nanos))
    })?;
    digits.parse::<i64>().ok()?.checked_mul(nanos).map(Duration::from_nanos)
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        quoted(deserializer, "a duration with its unit such as \"60s\"", |text| {
            span(text).map(Span)
        })
    }
}

/// An instant in UTC: `2024-09-27T08:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instant(pub Timestamp);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        quoted(deserializer, "a time in UTC such as \"2024-09-27T08:00:00Z\"", |text| {
            time::utc(text).map(Instant)
        })
    }
}

/// A unit `10^-decimals`, written `1e-8` or `1`; 0 to 16 decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// Places after the point.
    pub decimals: u8,
}

fn unit(text: &str) -> Option<Unit> {
    if text == "1" {
        return Some(Unit { decimals: 0 });
    }
    let digits = text.strip_prefix("1e-")?;
    let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    let decimals = digits.parse().ok().filter(|decimals| *decimals <= 16)?;
    plain.then_some(Unit { decimals })
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.decimals {
            0 => f.write_str("1"),
            decimals => write!(f, "1e-{decimals}"),
        }
    }
}

impl<'de> Deserialize<'de> for Unit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        quoted(deserializer, "a power of ten from \"1\" to \"1e-16\"", unit)
    }
}

#[cfg(test)]
mod tests {
    //! Goal: each spelling, and nothing else, is read. Method: tables.

    use super::*;

    #[test]
    fn spans_carry_their_unit() {
        let table = [
            ("60s", Some(60 * time::SECOND)),
            ("250ms", Some(250_000_000)),
            ("7us", Some(7_000)),
            ("7ns", Some(7)),
            ("15m", Some(15 * time::MINUTE)),
            ("1d", Some(24 * time::HOUR)),
            ("60", None),
            ("s", None),
            ("1.5s", None),
            ("-1s", None),
            ("999999999999d", None),
        ];
        for (text, nanos) in table {
            assert_eq!(span(text).map(Duration::nanos), nanos, "{text}");
        }
    }

    #[test]
    fn units_are_powers_of_ten() {
        for decimals in 0..=16 {
            let written = Unit { decimals }.to_string();
            assert_eq!(unit(&written), Some(Unit { decimals }), "{written}");
        }
        for text in ["1e-17", "2e-8", "0.01", "1e8", "1e-08", "1e-", ""] {
            assert_eq!(unit(text), None, "{text}");
        }
    }
}
