//! Figures as people and programs read them: exact text for files, grouped and rounded for screens.

use domain::wide::mul_div;
use domain::{Quote, Rounding, Rulebook};

/// Places after the point of values: 1e-16 of the numeraire.
pub const VALUE_PLACES: u32 = 16;

/// An exact decimal, for files.
pub fn exact(units: i128, places: u32) -> String {
    feed::decimal::text(units, places)
}

/// Rounded half away from zero to `kept` places, thousands grouped: `7,933.86`.
pub fn rounded(units: i128, places: u32, kept: u32) -> String {
    let factor = 10u128.pow(places.saturating_sub(kept));
    let scaled = (units.unsigned_abs() + factor / 2) / factor;
    let kept = kept.min(places);
    let (whole, part) = (scaled / 10u128.pow(kept), scaled % 10u128.pow(kept));
    let sign = if units < 0 && scaled > 0 { "-" } else { "" };
    let part =
        if kept == 0 { String::new() } else { format!(".{part:0>width$}", width = kept as usize) };
    format!("{sign}{}{part}", grouped(whole))
}

/// Thousands grouped: `1,234,567`.
pub fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A price with two decimals from 10 on, four below, eight below a hundredth.
pub fn price(units: i64, places: u32) -> String {
    let unit = 10i128.checked_pow(places).unwrap_or(i128::MAX);
    let units = i128::from(units);
    let kept = if units >= 10 * unit {
        2
    } else if units * 100 >= unit {
        4
    } else {
        8
    };
    rounded(units, places, kept)
}

/// `part` of `whole` in parts per million, rounded down; `None` of nothing.
pub fn parts(part: i128, whole: i128) -> Option<i128> {
    if whole > 0 { mul_div(part, 1_000_000, whole, Rounding::Down) } else { None }
}

/// A quote of an instrument's settlement asset as a value in the numeraire, at index prices.
pub fn in_numeraire(
    rulebook: &Rulebook,
    settles: domain::AssetId,
    quote: Quote,
    index: Option<i64>,
) -> Option<i128> {
    if settles == rulebook.numeraire {
        return Some(quote.units());
    }
    let decimals = rulebook.asset(settles)?.decimals;
    let one = 10i128.pow(VALUE_PLACES.saturating_sub(u32::from(decimals)));
    mul_div(quote.units(), i128::from(index?), one, Rounding::Down)
}

#[cfg(test)]
mod tests {
    //! Goal: rounding and grouping as a person would do them. Method: tables.

    use super::*;

    #[test]
    fn figures_are_rounded_and_grouped() {
        let table = [
            (793_386_311_580, 8, 2, "7,933.86"),
            (-213_000_000, 4, 0, "-21,300"),
            (-4, 1, 0, "0"),
            (-5, 1, 0, "-1"),
            (999_999, 3, 0, "1,000"),
            (0, 8, 2, "0.00"),
            (123, 0, 0, "123"),
            (5, 1, 2, "0.5"),
        ];
        for (units, places, kept, text) in table {
            assert_eq!(rounded(units, places, kept), text, "{units} {places} {kept}");
        }
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn prices_keep_the_digits_that_matter() {
        let table = [(380_183_000_000, "3,801.83"), (16_790_000, "0.1679"), (1_120, "0.00001120")];
        for (units, text) in table {
            assert_eq!(price(units, 8), text);
        }
    }

    #[test]
    fn shares_round_down() {
        assert_eq!(parts(1, 3), Some(333_333));
        assert_eq!(parts(1, 0), None);
    }
}
