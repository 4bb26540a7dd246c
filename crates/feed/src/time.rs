//! UTC times as files write them, to nanoseconds since 1970 and back.
//!
//! Unix stamps name their unit by their number of digits: 10 seconds, 13 milliseconds,
//! 16 microseconds, 19 nanoseconds. Law: one file, one unit; a change is refused with its line.

use domain::{Duration, Timestamp};

/// Nanoseconds in a second.
pub const SECOND: i64 = 1_000_000_000;
/// Nanoseconds in a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Nanoseconds in an hour.
pub const HOUR: i64 = 60 * MINUTE;

/// The first instant that is no longer believed, 2200-01-01T00:00Z; the first that is, is 1970.
/// Sums of a time and a bar's width stay far inside 64 bits.
pub const END: Timestamp = Timestamp::from_nanos(7_258_118_400 * SECOND);

/// Whether a time lies from 1970 to 2199.
fn believed(time: Timestamp) -> bool {
    time >= Timestamp::START && time < END
}

/// The unit of a Unix stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// 10 digits.
    Seconds,
    /// 13 digits.
    Milliseconds,
    /// 16 digits.
    Microseconds,
    /// 19 digits.
    Nanoseconds,
}

impl TimeUnit {
    /// Name for messages.
    pub const fn name(self) -> &'static str {
        match self {
            TimeUnit::Seconds => "seconds",
            TimeUnit::Milliseconds => "milliseconds",
            TimeUnit::Microseconds => "microseconds",
            TimeUnit::Nanoseconds => "nanoseconds",
        }
    }

    const fn nanos(self) -> i64 {
        match self {
            TimeUnit::Seconds => SECOND,
            TimeUnit::Milliseconds => 1_000_000,
            TimeUnit::Microseconds => 1_000,
            TimeUnit::Nanoseconds => 1,
        }
    }
}

/// A Unix stamp and the unit its digits show. `None` when it is no whole number of 10, 13, 16 or
/// 19 digits, or lies beyond the year 2199.
///
/// ```
/// use feed::time::{TimeUnit, unix};
/// let (time, unit) = unix("1583971200000").unwrap();
/// assert_eq!((time.nanos(), unit), (1_583_971_200_000_000_000, TimeUnit::Milliseconds));
/// assert!(unix("20200312").is_none());
/// ```
pub fn unix(text: &str) -> Option<(Timestamp, TimeUnit)> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let unit = match text.len() {
        10 => TimeUnit::Seconds,
        13 => TimeUnit::Milliseconds,
        16 => TimeUnit::Microseconds,
        19 => TimeUnit::Nanoseconds,
        _ => return None,
    };
    let nanos = text.parse::<i64>().ok()?.checked_mul(unit.nanos())?;
    let time = Timestamp::from_nanos(nanos);
    believed(time).then_some((time, unit))
}

/// A UTC time such as `2020-03-12T00:00Z` or `2020-03-12T00:00:00.5Z`; the `Z` is required. `None` for
/// anything else, and outside 1970 to 2199.
///
/// ```
/// use feed::time::utc;
/// assert_eq!(utc("2020-03-12T00:00Z").unwrap().nanos(), 1_583_971_200_000_000_000);
/// assert!(utc("2020-03-12 00:00").is_none());
/// ```
pub fn utc(text: &str) -> Option<Timestamp> {
    if !text.ends_with('Z') || !text.contains('T') {
        return None;
    }
    let parsed: jiff::Timestamp = text.parse().ok()?;
    let time = i64::try_from(parsed.as_nanosecond()).ok().map(Timestamp::from_nanos);
    time.filter(|time| believed(*time))
}

/// A time as people read it: `2020-03-13T02:15:00Z`, with fractions of a second where there are.
pub fn text(time: Timestamp) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(time.nanos()))
        .map_or_else(|_| time.nanos().to_string(), |stamp| stamp.to_string())
}

/// The date of a time, `2020-03-13`.
pub fn date(time: Timestamp) -> String {
    text(time).chars().take_while(|letter| *letter != 'T').collect()
}

/// A span in the largest unit that divides it: `1h`, `15m`, `20s`.
pub fn span(span: Duration) -> String {
    let nanos = span.nanos();
    for (unit, letter) in [(HOUR, 'h'), (MINUTE, 'm'), (SECOND, 's')] {
        if nanos >= unit && nanos % unit == 0 {
            return format!("{}{letter}", nanos / unit);
        }
    }
    format!("{nanos}ns")
}

/// Reads a span such as `20s`, `1m`, `15m` or `1h`; `None` for anything else, zero included.
pub fn parse_span(text: &str) -> Option<Duration> {
    let unit = match text.bytes().last()? {
        b'h' => HOUR,
        b'm' => MINUTE,
        b's' => SECOND,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let count: i64 = if plain { digits.parse().ok()? } else { return None };
    count.checked_mul(unit).filter(|nanos| *nanos > 0).map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    //! Goal: stamps of every unit meet at one instant, and nothing else passes. Method: tables.

    use super::*;

    #[test]
    fn digits_name_the_unit() {
        let table = [
            ("1583971200", TimeUnit::Seconds),
            ("1583971200000", TimeUnit::Milliseconds),
            ("1583971200000000", TimeUnit::Microseconds),
            ("1583971200000000000", TimeUnit::Nanoseconds),
        ];
        let time = utc("2020-03-12T00:00Z").expect("a UTC time");
        for (stamp, unit) in table {
            assert_eq!(unix(stamp), Some((time, unit)), "{stamp}");
        }
        for stamp in ["", "0", "-1583971200", "15839712000", "1583971200.0", "9999999999999999999"]
        {
            assert_eq!(unix(stamp), None, "{stamp}");
        }
        assert_eq!(text(time), "2020-03-12T00:00:00Z");
        assert_eq!(date(time), "2020-03-12");
    }

    #[test]
    fn utc_wants_a_date_a_time_and_a_z() {
        for wrong in
            ["2020-03-12", "2020-03-12T00:00", "2020-03-12T00:00+01:00", "2020-13-12T00:00Z"]
        {
            assert_eq!(utc(wrong), None, "{wrong}");
        }
        assert_eq!(span(Duration::from_nanos(15 * MINUTE)), "15m");
        assert_eq!(span(Duration::from_nanos(HOUR)), "1h");
        assert_eq!(span(Duration::from_nanos(1)), "1ns");
        assert_eq!(parse_span("15m"), Some(Duration::from_nanos(15 * MINUTE)));
        for wrong in ["", "m", "0m", "-1m", "1d", "1.5h", "15"] {
            assert_eq!(parse_span(wrong), None, "{wrong}");
        }
    }
}
