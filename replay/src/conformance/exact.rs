//! Numbers that vectors are read into: exact fractions, and the machine's own.
//!
//! A decimal stands for itself: nothing is rounded on the way in, and [`Exact`] loses nothing in
//! between, so that `exact` in a vector file means equal.

use std::fmt::{self, Display};

use dashu_int::{IBig, UBig};
use dashu_ratio::RBig;
use domain::Rounding;
use risk::number::{Fixed, Number};

/// A decimal further from one than this is refused: no figure of a market needs it.
const EXPONENT_MAX: i64 = 400;

/// An exact fraction.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exact(pub RBig);

/// A number that can be read from a vector file.
pub trait Reads: Number {
    /// A decimal such as -12.5e-3; `None` for what is none or does not fit.
    fn decimal(text: &str) -> Option<Self>;
    /// `numerator / denominator`.
    fn fraction(numerator: &Self, denominator: &Self) -> Option<Self> {
        numerator.over(denominator, Rounding::Down)
    }
    /// As an exact fraction.
    fn exact(&self) -> Exact;
}

fn big(numerator: impl Into<IBig>, denominator: impl Into<IBig>) -> RBig {
    RBig::from_parts_signed(numerator.into(), denominator.into())
}

/// 10 to a power of either sign.
fn power_of_ten(exponent: i64) -> RBig {
    let power = IBig::from(10).pow(usize::try_from(exponent.abs()).unwrap_or(0));
    if exponent < 0 { big(1, power) } else { big(power, 1) }
}

/// Digits with their sign and the place of the last one.
fn parts(text: &str) -> Option<(String, i64)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (sign, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let digits = format!("{whole}{decimals}");
    let sound = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let length = i64::try_from(decimals.len()).ok()?;
    let near = exponent.abs() <= EXPONENT_MAX && digits.len() <= 1_000;
    (sound && near).then(|| (format!("{sign}{digits}"), exponent - length))
}

impl Exact {
    /// Rounded half away from zero to so many decimals.
    pub fn printed(&self, decimals: usize) -> Exact {
        let unit = power_of_ten(-i64::try_from(decimals).unwrap_or(EXPONENT_MAX));
        let half = big(1, 2);
        let scaled = &self.0 / &unit;
        let rounded =
            if self.is_negative() { (scaled - half).ceil() } else { (scaled + half).floor() };
        Exact(RBig::from(rounded) * unit)
    }

    /// As a decimal of at most so many places, cut, for people; fractions keep their form.
    fn shown(&self) -> String {
        const PLACES: usize = 18;
        let scaled = &self.0 * power_of_ten(PLACES as i64);
        let ends = scaled.is_int();
        let digits = scaled.trunc().to_string();
        let (sign, digits) = match digits.strip_prefix('-') {
            Some(digits) => ("-", digits.to_owned()),
            None => ("", digits),
        };
        let digits = format!("{digits:0>width$}", width = PLACES + 1);
        let (whole, decimals) = digits.split_at(digits.len() - PLACES);
        let decimals = decimals.trim_end_matches('0');
        let point = if decimals.is_empty() { "" } else { "." };
        let more = if ends { "" } else { "..." };
        format!("{sign}{whole}{point}{decimals}{more}")
    }
}

impl Display for Exact {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.shown())
    }
}

impl fmt::Debug for Exact {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.shown())
    }
}

impl Number for Exact {
    fn of(units: i64, per_one: i64) -> Self {
        Exact(big(units, per_one))
    }

    fn plus(&self, other: &Self) -> Self {
        Exact(&self.0 + &other.0)
    }

    fn minus(&self, other: &Self) -> Self {
        Exact(&self.0 - &other.0)
    }

    fn times(&self, other: &Self, _: Rounding) -> Self {
        Exact(&self.0 * &other.0)
    }

    fn portion(&self, part: &Self, whole: &Self, _: Rounding) -> Option<Self> {
        (!whole.0.is_zero()).then(|| Exact(&self.0 * &part.0 / &whole.0))
    }

    fn to_multiple(&self, unit: &Self, rounding: Rounding) -> Option<Self> {
        if !unit.is_positive() {
            return None;
        }
        let count = &self.0 / &unit.0;
        let count = match rounding {
            Rounding::Down => count.floor(),
            Rounding::Up => count.ceil(),
        };
        Some(Exact(RBig::from(count) * &unit.0))
    }

    fn to_power(&self, exponent: u32, _: Rounding) -> Self {
        Exact(self.0.pow(isize::try_from(exponent).unwrap_or(isize::MAX)))
    }

    fn root_down(&self, unit: &Self) -> Option<Self> {
        if self.is_negative() || !unit.is_positive() {
            return None;
        }
        let squares = (&self.0 / (&unit.0 * &unit.0)).floor();
        let root = UBig::try_from(squares).ok()?.nth_root(2);
        Some(Exact(RBig::from(IBig::from(root)) * &unit.0))
    }
}

impl Reads for Exact {
    fn decimal(text: &str) -> Option<Self> {
        let (digits, exponent) = parts(text)?;
        let digits: IBig = digits.parse().ok()?;
        Some(Exact(RBig::from(digits) * power_of_ten(exponent)))
    }

    fn exact(&self) -> Exact {
        self.clone()
    }
}

impl Reads for Fixed {
    fn decimal(text: &str) -> Option<Self> {
        let unit = Exact(power_of_ten(-16));
        let units = Exact::decimal(text)?.0 / unit.0;
        i128::try_from(units.floor()).ok().map(Fixed::new)
    }

    fn exact(&self) -> Exact {
        Exact(big(self.units(), 1) * power_of_ten(-16))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_stand_for_themselves() {
        for (text, shown) in [
            ("12.50", "12.5"),
            ("-0.125", "-0.125"),
            ("+7", "7"),
            ("1e-08", "0.00000001"),
            ("2.5E3", "2500"),
            (".5", "0.5"),
            ("5.", "5"),
            ("0", "0"),
        ] {
            assert_eq!(
                Exact::decimal(text).map(|number| number.to_string()).as_deref(),
                Some(shown)
            );
            assert_eq!(Fixed::decimal(text).map(|number| number.exact()), Exact::decimal(text));
        }
        for text in ["", "-", "1,5", "abc", "1e", "1e99999", "1.2.3", "--1", ".", "NaN"] {
            assert_eq!(Exact::decimal(text), None, "{text}");
        }
        let third = Exact::of(1, 3);
        assert_eq!(third.to_string(), "0.333333333333333333...");
        assert_eq!(third.times(&Exact::of(3, 1), Rounding::Down), Exact::one());
    }

    #[test]
    fn halves_go_away_from_zero() {
        let decimal = |text| Exact::decimal(text).expect("a decimal");
        for (number, decimals, printed) in [
            ("2.5", 0, "3"),
            ("-2.5", 0, "-3"),
            ("2.449", 1, "2.4"),
            ("0.125", 2, "0.13"),
            ("7", 3, "7"),
        ] {
            assert_eq!(decimal(number).printed(decimals), decimal(printed), "{number}");
        }
    }

    #[test]
    fn roots_are_cut() {
        let root = Exact::of(2, 1).root_down(&Exact::of(1, 1_000));
        assert_eq!(root, Some(Exact::of(1_414, 1_000)));
        assert_eq!(Exact::of(-2, 1).root_down(&Exact::one()), None);
    }
}
