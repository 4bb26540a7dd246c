//! What follows from a published figure and ours.
//!
//! Exact: ours, rounded to the places that were published, is the figure or lies in its range.
//! Order: ours is within ten times of the published range, and the ratio is said. Shape: a flag
//! agrees, a number lies where the shape needs it.

use domain::Rounding;
use domain::wide::mul_div;
use feed::published::{Class, Figure, PLACES, Value};

use super::measured::Measured;
use crate::summary::numbers::rounded;

/// What a comparison came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Equal to the last published digit, or within the published range.
    Matches,
    /// Not so; by how much.
    Differs(String),
    /// Within ten times of what was published; the ratio.
    SameOrder(String),
    /// Further away; the ratio.
    OtherOrder(String),
    /// The shape holds.
    ShapeHolds,
    /// It does not; what would be needed.
    ShapeDiffers(String),
    /// The run has none of it: what.
    Absent(String),
    /// Not comparable, for this reason.
    Cannot(String),
}

impl Verdict {
    /// The word of documents.
    pub const fn word(&self) -> &'static str {
        match self {
            Verdict::Matches => "matches",
            Verdict::Differs(_) => "differs",
            Verdict::SameOrder(_) => "same_order",
            Verdict::OtherOrder(_) => "other_order",
            Verdict::ShapeHolds => "shape_holds",
            Verdict::ShapeDiffers(_) => "shape_differs",
            Verdict::Absent(_) => "absent",
            Verdict::Cannot(_) => "cannot",
        }
    }

    /// As people read it.
    pub fn sentence(&self) -> String {
        match self {
            Verdict::Matches => "matches".to_owned(),
            Verdict::Differs(by) => format!("differs by {by}"),
            Verdict::SameOrder(ratio) => format!("same order, {ratio}"),
            Verdict::OtherOrder(ratio) => format!("other order, {ratio}"),
            Verdict::ShapeHolds => "shape holds".to_owned(),
            Verdict::ShapeDiffers(needed) => format!("shape differs: {needed}"),
            Verdict::Absent(what) => format!("absent: {what}"),
            Verdict::Cannot(reason) => format!("cannot: {reason}"),
        }
    }
}

/// Compares; the kinds of both sides agree, as the file was checked for it.
pub fn verdict(figure: &Figure, ours: &Measured) -> Verdict {
    match (&figure.value, ours) {
        (Value::Number(range, places), Measured::Number(ours)) => match figure.class {
            Class::Exact => exact(*range, *places, *ours),
            Class::Order => order(*range, *ours),
            Class::Shape => shape(figure.holds.unwrap_or(*range), *ours),
        },
        (Value::Time([from, to]), Measured::Time(ours)) => {
            let (from, to, ours) = (from.nanos(), to.nanos(), ours.nanos());
            if (from..to).contains(&ours) {
                Verdict::Matches
            } else {
                // A minute is the step of a day: the last one before the end is the nearest.
                let last = to - feed::time::MINUTE;
                let off = if ours < from { ours - from } else { ours - last.max(from) };
                Verdict::Differs(span(off))
            }
        }
        (Value::Flag(published), Measured::Flag(ours)) => match figure.class {
            _ if published == ours => {
                if figure.class == Class::Exact {
                    Verdict::Matches
                } else {
                    Verdict::ShapeHolds
                }
            }
            Class::Exact => Verdict::Differs("yes against no".to_owned()),
            _ => Verdict::ShapeDiffers(Measured::Flag(*published).exact() + " was published"),
        },
        _ => Verdict::Cannot("a figure of another kind".to_owned()),
    }
}

fn exact([low, high]: [i128; 2], places: u32, ours: i128) -> Verdict {
    let unit = 10i128.pow(PLACES.saturating_sub(places));
    let half = unit / 2;
    let sign = if ours < 0 { -1 } else { 1 };
    let rounded_ours = sign * ((ours.abs() + half) / unit) * unit;
    if (low..=high).contains(&rounded_ours) {
        return Verdict::Matches;
    }
    let nearest = if ours < low { low } else { high };
    let off = ours - nearest;
    let share = mul_div(off, 1_000_000, nearest.abs().max(1), Rounding::Down);
    let share = share.map_or_else(|| "-".to_owned(), |share| rounded(share, 4, 2));
    let plus = if off > 0 { "+" } else { "" };
    Verdict::Differs(format!("{plus}{} ({plus}{share} %)", shown(off)))
}

fn order([low, high]: [i128; 2], ours: i128) -> Verdict {
    let nearest = ours.clamp(low, high);
    let ratio = mul_div(ours, 10_000, nearest, Rounding::Down).unwrap_or(i128::MAX);
    let text = format!("{} x", rounded(ratio, 4, 2));
    if nearest == ours {
        Verdict::SameOrder("in range".to_owned())
    } else if (1_000..=100_000).contains(&ratio) {
        Verdict::SameOrder(text)
    } else {
        Verdict::OtherOrder(text)
    }
}

fn shape([low, high]: [i128; 2], ours: i128) -> Verdict {
    if (low..=high).contains(&ours) {
        Verdict::ShapeHolds
    } else if low == high {
        Verdict::ShapeDiffers(format!("{} is needed", shown(low)))
    } else {
        Verdict::ShapeDiffers(format!("{} to {} is needed", shown(low), shown(high)))
    }
}

/// A number with the digits that matter: all of a small one, two places of a large one.
fn shown(units: i128) -> String {
    if units.abs() >= 10i128.pow(PLACES) {
        return rounded(units, PLACES, if units % 10i128.pow(PLACES) == 0 { 0 } else { 2 });
    }
    feed::decimal::text(units, PLACES)
}

/// A signed span of time: `-60 s`, `+2 h 5 min`.
fn span(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "+" };
    let seconds = nanos.unsigned_abs() / 1_000_000_000;
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{sign}{seconds} s"),
        (0, minutes, 0) => format!("{sign}{minutes} min"),
        (0, minutes, seconds) => format!("{sign}{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{sign}{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    //! Goal: each verdict is reached and says what it should. Method: figures as a file writes
    //! them, and ours, in a table.

    use domain::Timestamp;
    use feed::published::Published;

    use super::*;

    fn check(figure: &str, ours: Measured) -> String {
        let text = format!(
            "schema = \"clearsim.published/1\"\n[[figure]]\nname = \"a\"\nsource = \"b\"\n{figure}"
        );
        let published = Published::parse("a.toml", &text).unwrap_or_else(|e| panic!("{e}"));
        verdict(&published.figures[0], &ours).sentence()
    }

    fn number(text: &str) -> Measured {
        let value = feed::decimal::exact(text).expect("a number");
        Measured::Number(feed::decimal::in_unit_wide(value, PLACES).expect("it fits"))
    }

    #[test]
    fn numbers() {
        let exact = "class = \"exact\"\nours = \"mark BTC-PERP low\"\nvalue = ";
        let order = "class = \"order\"\nours = \"liquidated notional\"\nrange = ";
        let shape = "class = \"shape\"\nours = \"deleveraged share\"\nvalue = \"0.382\"\nholds = ";
        let table = [
            (exact, "\"101877.69\"", "101877.68981743", "matches"),
            (exact, "\"101877.69\"", "101877.684", "differs by -0.006 (0.00 %)"),
            (exact, "\"100\"", "101", "differs by +1 (+1.00 %)"),
            (exact, "\"-0.003\"", "-0.003", "matches"),
            (exact, "\"-0.003\"", "-0.0015", "differs by +0.0015 (+50.00 %)"),
            (order, "[\"100\", \"300\"]", "200", "same order, in range"),
            (order, "[\"100\", \"300\"]", "50", "same order, 0.50 x"),
            (order, "[\"100\", \"300\"]", "3000", "same order, 10.00 x"),
            (order, "[\"100\", \"300\"]", "3001", "other order, 10.00 x"),
            (order, "[\"100\", \"300\"]", "0", "other order, 0.00 x"),
            (shape, "[\"0.05\", \"0.9\"]", "0.05", "shape holds"),
            (shape, "[\"0.05\", \"0.9\"]", "0.01", "shape differs: 0.05 to 0.9 is needed"),
        ];
        for (head, published, ours, expected) in table {
            let found = check(&format!("{head}{published}\n"), number(ours));
            assert_eq!(found, expected, "{published} and {ours}");
        }
    }

    #[test]
    fn times_and_flags() {
        let at = |text: &str| Measured::Time(feed::time::utc(text).expect("a time"));
        let minute = "class = \"exact\"\nours = \"mark BTC-PERP low_at\"\n\
            value = \"2025-10-10T21:20:00Z\"\n";
        let bar = "class = \"exact\"\nours = \"mark BTC-PERP low_at\"\n\
            range = [\"2025-10-10T21:20:00Z\", \"2025-10-10T21:25:00Z\"]\n";
        let table = [
            (minute, "2025-10-10T21:20:00Z", "matches"),
            (minute, "2025-10-10T21:19:00Z", "differs by -1 min"),
            (bar, "2025-10-10T21:24:00Z", "matches"),
            (bar, "2025-10-10T21:25:00Z", "differs by +1 min"),
            (bar, "2025-10-10T23:30:00Z", "differs by +2 h 6 min"),
        ];
        for (figure, ours, expected) in table {
            assert_eq!(check(figure, at(ours)), expected, "{ours}");
        }
        let flag = "class = \"shape\"\nours = \"deleveraged started\"\nvalue = \"no\"\n";
        assert_eq!(check(flag, Measured::Flag(false)), "shape holds");
        assert_eq!(check(flag, Measured::Flag(true)), "shape differs: no was published");
        assert_eq!(span(Timestamp::START.nanos() + 61_000_000_000), "+1 min 1 s");
    }
}
