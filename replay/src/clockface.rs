//! Times as the summary writes them: minutes since 1970, `13th 02:15`, UTC throughout.

use domain::Timestamp;

const MINUTE: i64 = 60_000_000_000;

/// Whole minutes since 1970.
pub fn minute_of(time: Timestamp) -> i64 {
    time.nanos().div_euclid(MINUTE)
}

/// The start of a minute.
pub fn minute_start(minute: i64) -> Timestamp {
    Timestamp::from_nanos(minute.saturating_mul(MINUTE))
}

/// Day of the month and minute: `13th 02:15`.
pub fn day_and_minute(time: Timestamp) -> String {
    let text = feed::time::text(minute_start(minute_of(time)));
    let (date, clock) = text.split_once('T').unwrap_or((&text, ""));
    let day: u32 = date.rsplit('-').next().and_then(|day| day.parse().ok()).unwrap_or(0);
    format!("{day}{} {}", ordinal(day), clock.get(..5).unwrap_or(clock))
}

fn ordinal(day: u32) -> &'static str {
    match (day % 10, day % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_in_words() {
        let table = [
            ("2020-03-13T02:15:59Z", "13th 02:15"),
            ("2020-03-01T00:00:00Z", "1st 00:00"),
            ("2020-03-22T23:59:59.9Z", "22nd 23:59"),
            ("2020-03-03T10:00:00Z", "3rd 10:00"),
            ("2020-03-11T10:00:00Z", "11th 10:00"),
        ];
        for (time, text) in table {
            let time = feed::time::utc(time).expect("a UTC time");
            assert_eq!(day_and_minute(time), text);
        }
    }
}
