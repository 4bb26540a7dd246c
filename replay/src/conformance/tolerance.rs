//! How near is near enough, in the five modes of vector files.
//!
//! A double printed to twelve digits or more stands for all that is printed so: half a unit of its
//! last digit is no distance, or no figure could meet a tolerance below its own printing.

use domain::Rounding;
use risk::number::Number;
use serde_json::Value;

use super::exact::{Exact, Reads};
use super::fields::{Fields, Stop};

/// A tolerance of a vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tolerance {
    /// Equal as fractions.
    Exact,
    /// At most this far.
    Absolute(Exact),
    /// At most this share of the expected figure, or 1e-9 where that is more.
    Relative(Exact),
    /// At most this share of the larger of one and the expected figure.
    Scaled(Exact),
    /// Equal after rounding half away from zero to the decimals printed.
    Printed,
}

impl Tolerance {
    /// Reads `{"mode": ..., "value": ...}`; exact where nothing is said.
    ///
    /// # Errors
    /// An unknown mode, or one without the value that it needs.
    pub fn read(field: &Fields<'_>) -> Result<Tolerance, Stop> {
        if field.is_absent() {
            return Ok(Tolerance::Exact);
        }
        let mode = field.part("mode");
        let value = || {
            let value = field.part("value");
            let bound = value.figure::<Exact>()?;
            match bound.filter(|bound| !bound.is_negative()) {
                Some(bound) => Ok(bound),
                None => Err(value.malformed("a number that is not negative")),
            }
        };
        match mode.value().as_str() {
            Some("exact") => Ok(Tolerance::Exact),
            Some("absolute") => value().map(Tolerance::Absolute),
            Some("relative") => value().map(Tolerance::Relative),
            Some("scaled") => value().map(Tolerance::Scaled),
            Some("printed") => Ok(Tolerance::Printed),
            _ => Err(mode.malformed("one of exact, absolute, relative, scaled, printed")),
        }
    }

    /// Whether a figure meets an expectation; `written` is how the file writes it.
    pub fn met(&self, expected: &Exact, written: &Value, got: &Exact) -> bool {
        let distance = got.minus(expected).magnitude();
        let apart = distance.minus(&printing(written)).floored();
        let share = |of: &Exact, share: &Exact| of.times(share, Rounding::Down);
        match self {
            Tolerance::Exact => got == expected,
            Tolerance::Absolute(bound) => apart <= *bound,
            Tolerance::Relative(bound) => {
                apart <= share(&expected.magnitude(), bound).most(&Exact::of(1, 1_000_000_000))
            }
            Tolerance::Scaled(bound) => {
                apart <= share(&expected.magnitude().most(&Exact::one()), bound)
            }
            Tolerance::Printed => got.printed(decimals(written)) == *expected,
        }
    }
}

/// Half a unit of the last digit of a double that was cut to its digits; nothing for other figures.
fn printing(written: &Value) -> Exact {
    const DIGITS: usize = 12;
    let text = if written.is_number() { written.to_string() } else { String::new() };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    if digits.trim_start_matches('0').len() < DIGITS || decimals == 0 {
        return Exact::zero();
    }
    let half = format!("0.{}5e{exponent}", "0".repeat(decimals));
    Exact::decimal(&half).unwrap_or_else(Exact::zero)
}

/// Decimals that a figure was printed with.
fn decimals(written: &Value) -> usize {
    let text = match written {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
    let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let exponent: i64 = exponent.parse().unwrap_or(0);
    // 62500.0 is a float's way to write a whole number.
    if written.is_number() && mantissa.ends_with(".0") {
        return 0;
    }
    usize::try_from(i64::try_from(decimals).unwrap_or(0) - exponent).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(mode: Value, expected: Value, got: &str, met: bool) {
        let tolerance = Tolerance::read(&Fields::root("tolerance", &mode)).expect("a tolerance");
        let wanted = Fields::root("expected", &expected).figure().expect("a figure");
        let got = Exact::decimal(got).expect("a decimal");
        assert_eq!(
            tolerance.met(&wanted.expect("a figure"), &expected, &got),
            met,
            "{mode} {expected} {got}"
        );
    }

    #[test]
    fn five_modes() {
        let exact = json!({"mode": "exact"});
        check(exact.clone(), json!("1.50"), "1.5", true);
        check(exact.clone(), json!("1.5"), "1.5000000000000000000001", false);
        check(exact, json!({"ratio": "3/2", "approx": "9"}), "1.5", true);
        let absolute = json!({"mode": "absolute", "value": "0.1"});
        check(absolute.clone(), json!("1"), "1.1", true);
        check(absolute, json!("1"), "1.1000001", false);
        let relative = json!({"mode": "relative", "value": "1e-3"});
        check(relative.clone(), json!("-1000"), "-1001", true);
        check(relative.clone(), json!("-1000"), "-1001.01", false);
        check(relative.clone(), json!("0"), "1e-9", true);
        check(relative, json!("0"), "1.1e-9", false);
        let scaled = json!({"mode": "scaled", "value": 0.01});
        check(scaled.clone(), json!(0.001), "0.011", true);
        check(scaled.clone(), json!(0.001), "0.0111", false);
        check(scaled, json!(200), "202", true);
        let finer = json!({"mode": "scaled", "value": "1e-14"});
        check(finer.clone(), json!(0.0180281469406), "0.01802814694064", true);
        check(finer.clone(), json!(0.0180281469406), "0.01802814694068", false);
        check(finer.clone(), json!(1.80281469406e-9), "1.8028146940e-9", true);
        check(finer.clone(), json!("0.0180281469406"), "0.01802814694064", false);
        check(finer, json!(0.018028), "0.01802800000004", false);
        let printed = json!({"mode": "printed"});
        check(printed.clone(), json!("134.6"), "134.55", true);
        check(printed.clone(), json!("134.6"), "134.5499", false);
        check(printed.clone(), json!(62500.0), "62500.4", true);
        check(printed.clone(), json!(62500.0), "62500.5", false);
        check(printed, json!("10.00"), "10.004", true);
    }

    #[test]
    fn unknown_modes_are_malformed() {
        for mode in [json!({"mode": "close"}), json!({"mode": "absolute"}), json!(7), json!({})] {
            let read = Tolerance::read(&Fields::root("tolerance", &mode));
            assert!(matches!(read, Err(Stop::Malformed { .. })), "{mode}");
        }
    }
}
