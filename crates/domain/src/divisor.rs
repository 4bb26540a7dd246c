//! Powers of ten to divide by: products in place of divisions.
//!
//! A processor takes ten times as long to divide as to multiply, and every posting is rounded to
//! whole units of an asset. Granlund and Montgomery, Division by Invariant Integers using
//! Multiplication (1994): below 2^63 the quotient by d is the upper part of a product with a number
//! of 64 bits.

use crate::wide::{HALF, div_units, folded};

/// Ten to some power, from 10 to 10^16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Divisor {
    by: u64,
    /// Its factors of two: shifted out first.
    twos: u32,
    /// What is left of it.
    odd: u64,
    /// The upper 64 bits of a product with this, shifted, are the quotient by `odd`.
    multiplier: u64,
    shift: u32,
}

/// Odd parts below this leave room for a digit of 32 bits beside a rest.
const ODD_MAX: u64 = 1 << 31;

impl Divisor {
    /// Ten to a power from 1 to 16.
    const fn ten_to(power: u32) -> Self {
        let odd = 5u64.pow(power);
        // Of the smallest power of two that is not below it.
        let length = u64::BITS - (odd - 1).leading_zeros();
        let multiplier = (1u128 << (63 + length)) / odd as u128 + 1;
        assert!(multiplier <= HALF, "a multiplier has 64 bits");
        let multiplier = multiplier as u64;
        Self { by: 10u64.pow(power), twos: power, odd, multiplier, shift: length - 1 }
    }

    /// Units at 1e-16 in one smallest unit of an asset of so many decimals, from 0 to 10.
    ///
    /// # Panics
    /// For more decimals.
    #[must_use]
    #[inline]
    pub fn of_decimals(decimals: u8) -> &'static Self {
        static TENS: [Divisor; 11] = {
            let mut tens = [Divisor::ten_to(16); 11];
            let mut decimals = 0;
            while decimals < tens.len() {
                #[allow(clippy::indexing_slicing, reason = "const loop inside the array's length")]
                {
                    tens[decimals] = Divisor::ten_to(16 - decimals as u32);
                }
                decimals += 1;
            }
            tens
        };
        TENS.get(usize::from(decimals)).expect("decimals are 0 to 10: checked at load")
    }

    /// 10^12, the scale of rates.
    pub const RATE: Self = Self::ten_to(12);

    /// The number itself.
    #[must_use]
    #[inline]
    pub const fn number(&self) -> u64 {
        self.by
    }

    /// The quotient of a number below 2^63 by the odd part.
    #[inline]
    const fn short(&self, units: u64) -> u64 {
        ((units as u128 * self.multiplier as u128) >> 64) as u64 >> self.shift
    }

    /// The quotient of any number by the odd part.
    #[inline]
    const fn long(&self, units: u128) -> u128 {
        if units >> 95 != 0 || self.odd >= ODD_MAX {
            return div_units(units, self.odd).0;
        }
        // Two digits in base 2^32, the first of 63 bits.
        let (top, digit) = ((units >> 32) as u64, units as u64 & 0xFFFF_FFFF);
        let first = self.short(top);
        let carried = top.wrapping_sub(first.wrapping_mul(self.odd)) << 32 | digit;
        ((first as u128) << 32) | self.short(carried) as u128
    }

    /// `a / 10^n` rounded down, and what is left: from 0 to below the divisor.
    ///
    /// Worked: -7 / 10 is -1 and leaves 3.
    #[must_use]
    #[inline(always)]
    pub const fn div_rest(&self, a: i128) -> (i128, u64) {
        let (sign, units) = folded(a);
        let shifted = units >> self.twos;
        let quotient = if shifted >> 63 == 0 {
            self.short(shifted as u64) as u128
        } else {
            self.long(shifted)
        };
        let rest = (units as u64).wrapping_sub((quotient as u64).wrapping_mul(self.by));
        // From the other end where it was folded: the divisor less one, less the rest.
        (quotient as i128 ^ sign, (rest ^ sign as u64).wrapping_add(self.by & sign as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every divisor agrees with the operator, near its multiples and at both ends.
    #[test]
    fn quotients_and_rests() {
        let mut state = 5u128;
        let mut next = || {
            state = state.wrapping_mul(0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645).wrapping_add(1);
            ((state ^ (state >> 61)) as i128) >> ((state >> 100) % 120)
        };
        let decimals: [u8; 11] = core::array::from_fn(|decimals| decimals as u8);
        let divisors = decimals.map(|decimals| *Divisor::of_decimals(decimals));
        for divisor in divisors.into_iter().chain([Divisor::RATE, Divisor::ten_to(1)]) {
            let by = i128::from(divisor.number());
            let edges = [0, 1, -1, i128::MAX, i128::MIN, 1 << 95, (1 << 95) - 1, -(1 << 107)];
            for a in edges.into_iter().chain((0..20_000).map(|_| next())) {
                for near in [a, a / by * by, (a / by * by).saturating_sub(1)] {
                    let (quotient, rest) = divisor.div_rest(near);
                    let expected = (near.div_euclid(by), near.rem_euclid(by));
                    assert_eq!((quotient, i128::from(rest)), expected, "{near} / {by}");
                }
            }
        }
    }
}
