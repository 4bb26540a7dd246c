//! Logarithm, exponential and power of exact rationals, to 90 decimals.
//!
//! The definition they serve is "rounded once": so far beyond what is rounded to that only an exact
//! power could be told wrongly, and one within 1e-45 of a whole number counts as that number.

use super::exact::{down, up, whole};
use dashu_int::IBig;
use dashu_int::ops::SquareRoot;
use dashu_ratio::RBig;
use std::sync::LazyLock;

/// Units of the working numbers: 1e-90.
static ONE: LazyLock<IBig> = LazyLock::new(|| IBig::from(10).pow(90));

/// ln 2 = 2 artanh (1/3).
static LN_2: LazyLock<IBig> = LazyLock::new(|| artanh(&(&*ONE / IBig::from(3))) * IBig::from(2));

fn fixed(number: &RBig) -> IBig {
    (number * RBig::from(ONE.clone())).round()
}

fn rational(units: IBig) -> RBig {
    RBig::from(units) / RBig::from(ONE.clone())
}

fn times(a: &IBig, b: &IBig) -> IBig {
    a * b / &*ONE
}

/// z + z^3 / 3 + z^5 / 5 + ...
fn artanh(z: &IBig) -> IBig {
    let square = times(z, z);
    let (mut power, mut sum, mut place) = (z.clone(), z.clone(), 1);
    while power != IBig::ZERO {
        power = times(&power, &square);
        place += 2;
        sum += &power / IBig::from(place);
    }
    sum
}

/// Natural logarithm of a number above zero.
pub(super) fn ln(number: &RBig) -> RBig {
    let (two, mut halvings, mut m) = (whole(2), 0i64, number.clone());
    while m > super::exact::over(4, 3) {
        m /= &two;
        halvings += 1;
    }
    while m < super::exact::over(2, 3) {
        m *= &two;
        halvings -= 1;
    }
    let z = fixed(&((&m - whole(1)) / (&m + whole(1))));
    rational(artanh(&z) * IBig::from(2) + &*LN_2 * IBig::from(halvings))
}

/// e to a power.
pub(super) fn exp(power: &RBig) -> RBig {
    let units = fixed(power);
    let halves = (RBig::from(units.clone()) / RBig::from(LN_2.clone())).round();
    let rest = units - &halves * &*LN_2;
    let (mut term, mut sum, mut place) = (ONE.clone(), ONE.clone(), 1);
    while term != IBig::ZERO {
        term = times(&term, &rest) / IBig::from(place);
        sum += &term;
        place += 1;
    }
    let count = i64::try_from(halves).expect("powers of the machine are small");
    let factor = RBig::from(IBig::from(2).pow(count.unsigned_abs() as usize));
    if count < 0 { rational(sum) / factor } else { rational(sum) * factor }
}

/// A number of at least zero to the power `numerator / denominator`.
pub(super) fn power(number: &RBig, numerator: u64, denominator: u64) -> RBig {
    if numerator == 0 {
        return whole(1);
    }
    let divisor = divisor(numerator, denominator);
    let (numerator, denominator) = (numerator / divisor, denominator / divisor);
    let whole_power = |number: &RBig| {
        let (over, under) = (number.numerator(), number.denominator());
        let times = usize::try_from(numerator).expect("exponents are small");
        (over.pow(times), under.pow(times))
    };
    if *number == RBig::ZERO || denominator == 1 {
        let (over, under) = whole_power(number);
        return RBig::from_parts(over, under);
    }
    if denominator == 2 {
        let (over, under) = whole_power(number);
        let squared = over * (&*ONE * &*ONE) / IBig::from(under);
        let root = dashu_int::UBig::try_from(squared).expect("not negative").sqrt();
        return rational(IBig::from(root));
    }
    let exponent = whole(i128::from(numerator)) / whole(i128::from(denominator));
    exp(&(ln(number) * exponent))
}

fn divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

fn near() -> RBig {
    whole(1) / RBig::from(IBig::from(10).pow(45))
}

/// Rounded down, but for what is a whole number within 1e-45 of itself.
pub(super) fn down_near(number: &RBig) -> i128 {
    down(&(number * (whole(1) + near())))
}

/// Rounded up, but for what is a whole number within 1e-45 of itself.
pub(super) fn up_near(number: &RBig) -> i128 {
    up(&(number * (whole(1) - near())))
}
