//! Positive reals as a 128-bit mantissa and an exponent, with logarithm, exponential and power.
//!
//! Integers only, so every machine gives the same bits. One operation is off by at most 2^-126 of
//! its result; logarithms and exponents of e are held at 2^-110, so a power is good to some 1e-31
//! and is rounded once, by [`Real::round`], where it becomes a whole number.
//!
//! Law: within 2^-100 of a whole number it is that number, so exact powers (2^2.5 of 4 is 32) stay
//! exact whichever way they are rounded.

use domain::Rounding;
use domain::wide::{div_wide, widening_mul};

/// Places after the binary point of logarithms.
pub const LOG_PLACES: u32 = 110;

const LOG_ONE: i128 = 1 << LOG_PLACES;

/// ln 2 at 2^-110, nearest (OEIS A002162).
pub const LN_2: i128 = 899_756_482_030_919_243_385_101_862_961_405;

/// Square root of two over two, as a mantissa of 128 bits: where logarithms are taken around one.
const HALF_ROOT: u128 = 0xb504_f333_f9de_6484_597d_89b3_754a_be9f;

/// `mantissa * 2^exponent` with the mantissa's top bit set; zero is mantissa zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Real {
    mantissa: u128,
    exponent: i32,
}

impl Real {
    /// Nothing.
    pub const ZERO: Self = Self { mantissa: 0, exponent: 0 };
    /// One.
    pub const ONE: Self = Self { mantissa: 1 << 127, exponent: -127 };

    const fn normal(mantissa: u128, exponent: i32) -> Self {
        if mantissa == 0 {
            return Self::ZERO;
        }
        let shift = mantissa.leading_zeros();
        Self { mantissa: mantissa << shift, exponent: exponent - shift as i32 }
    }

    /// A whole number; negative ones count as zero.
    #[must_use]
    pub const fn whole(number: i128) -> Self {
        if number <= 0 { Self::ZERO } else { Self::normal(number.unsigned_abs(), 0) }
    }

    /// `numerator / denominator`, at most 2^-126 of it too small. A denominator of zero or below
    /// gives zero.
    #[must_use]
    pub fn fraction(numerator: i128, denominator: i128) -> Self {
        Self::whole(numerator).over(Self::whole(denominator))
    }

    /// Whether it is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// The product.
    #[must_use]
    pub const fn times(self, other: Self) -> Self {
        let (high, low) = widening_mul(self.mantissa, other.mantissa);
        if high == 0 {
            return Self::ZERO;
        }
        let exponent = self.exponent + other.exponent + 128;
        let shift = high.leading_zeros();
        if shift == 0 {
            return Self { mantissa: high, exponent };
        }
        let mantissa = (high << shift) | (low >> (128 - shift));
        Self { mantissa, exponent: exponent - shift as i32 }
    }

    /// The quotient; zero over anything and anything over zero is zero.
    #[must_use]
    pub const fn over(self, other: Self) -> Self {
        if self.mantissa == 0 || other.mantissa == 0 {
            return Self::ZERO;
        }
        // Halved, the dividend lies below the divisor, as the division asks.
        let half = self.mantissa >> 1;
        let lost = (self.mantissa & 1) << 127;
        let (quotient, _) = div_wide(half, lost, other.mantissa);
        Self::normal(quotient, self.exponent - other.exponent - 127)
    }

    /// Natural logarithm at 2^-110, for a number above zero.
    ///
    /// Worked: of 1 it is 0 exactly, of 8 three times [`LN_2`].
    #[must_use]
    pub fn ln(self) -> i128 {
        // m in [sqrt(1/2), sqrt 2), so that what is left to the series is small.
        let low = self.mantissa < HALF_ROOT;
        let halvings = self.exponent + 128 - i32::from(low);
        let mantissa = (self.mantissa >> (128 - LOG_PLACES)) as i128;
        let m = if low { mantissa << 1 } else { mantissa };
        i128::from(halvings) * LN_2 + ln_near_one(m)
    }

    /// e to a power at 2^-110; below e^-20,000 nothing is left, above e^20,000 is refused.
    #[must_use]
    pub fn exp(power: i128) -> Option<Self> {
        let bound = 20_000 * LOG_ONE;
        if power <= -bound {
            return Some(Self::ZERO);
        }
        if power >= bound {
            return None;
        }
        let halves = (2 * power + LN_2).div_euclid(2 * LN_2);
        let rest = power - halves * LN_2;
        let mantissa = exp_near_zero(rest).unsigned_abs();
        let exponent = i32::try_from(halves).ok()? - LOG_PLACES as i32;
        Some(Self::normal(mantissa, exponent))
    }

    /// To the power `numerator / denominator`; `None` out of range.
    ///
    /// Worked: 4 to the power 5/2 is 32 exactly.
    #[must_use]
    pub fn power(self, numerator: u64, denominator: u64) -> Option<Self> {
        if numerator == denominator || self.is_zero() {
            return Some(if numerator == 0 { Self::ONE } else { self });
        }
        let (over, under) = (i128::from(numerator), i128::from(denominator));
        Self::exp(domain::wide::mul_div(self.ln(), over, under, Rounding::Down)?)
    }

    /// The whole number it rounds to as named; `None` above 2^126. What lies within 2^-100 of
    /// itself from a whole number counts as that number: logarithms are no finer.
    #[must_use]
    pub fn round(self, rounding: Rounding) -> Option<i128> {
        self.round_within(rounding, 100)
    }

    /// The same of a number that no logarithm went into: within 2^-118 of itself.
    #[must_use]
    pub fn round_quotient(self, rounding: Rounding) -> Option<i128> {
        self.round_within(rounding, 118)
    }

    fn round_within(self, rounding: Rounding, good: i32) -> Option<i128> {
        if self.mantissa == 0 {
            return Some(0);
        }
        if self.exponent > -2 {
            return None;
        }
        let places = (-self.exponent) as u32;
        if places >= 256 {
            return Some(matches!(rounding, Rounding::Up) as i128);
        }
        let (whole, rest) = if places >= 128 {
            (0, if places == 128 { self.mantissa } else { self.mantissa >> (places - 128) })
        } else {
            (self.mantissa >> places, self.mantissa << (128 - places))
        };
        // What a computation may be off by, in units of 2^-128 of one.
        let bits = 256 - good - places as i32;
        let slack = if bits > 0 { 1u128 << bits.min(120) } else { 1 };
        let near_above = rest >= u128::MAX - slack;
        let near_below = rest <= slack;
        let up = match rounding {
            Rounding::Down => near_above,
            Rounding::Up => !near_below || (whole == 0 && places > 160),
        };
        Some(whole as i128 + up as i128)
    }
}

/// `a * b` at 2^-110, towards zero.
const fn product(a: i128, b: i128) -> i128 {
    let (high, low) = widening_mul(a.unsigned_abs(), b.unsigned_abs());
    let magnitude = ((high << (128 - LOG_PLACES)) | (low >> LOG_PLACES)) as i128;
    if (a < 0) == (b < 0) { magnitude } else { -magnitude }
}

/// ln m for m at 2^-110 in [sqrt(1/2), sqrt 2): 2 artanh z, z = (m - 1) / (m + 1), whose square is
/// below 0.0295, so 23 terms reach 2^-115.
fn ln_near_one(m: i128) -> i128 {
    let (above, sum) = (m - LOG_ONE, m + LOG_ONE);
    if above == 0 {
        return 0;
    }
    let magnitude = Real::fraction(above.abs(), sum);
    let z = magnitude.fixed();
    let square = product(z, z);
    let mut total = 0;
    let mut term = 45;
    while term >= 1 {
        total = product(total, square) + LOG_ONE / term;
        term -= 2;
    }
    let log = 2 * product(total, z);
    if above < 0 { -log } else { log }
}

impl Real {
    /// Below two, at 2^-110, rounded down.
    const fn fixed(self) -> i128 {
        let places = -(self.exponent + LOG_PLACES as i32);
        if places >= 128 { 0 } else { (self.mantissa >> places as u32) as i128 }
    }
}

/// e^r for |r| at most half of ln 2, at 2^-110: 26 terms of Taylor's series reach 2^-120.
fn exp_near_zero(r: i128) -> i128 {
    let mut total = LOG_ONE;
    let mut term = 26;
    while term >= 1 {
        total = LOG_ONE + product(total, r) / term;
        term -= 1;
    }
    total
}
