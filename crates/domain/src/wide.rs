//! Products of two 128-bit numbers, held in 256 bits.
//!
//! A third factor (settlement in another asset, an index, a ratio that is no whole number of parts
//! per million) leaves i128 at ordinary values: 10,000 BTC settled in USDT and weighted sits at
//! 1e-30. Such terms go through [`mul_div`], comparisons of ratios through [`cmp_products`].

use crate::rounding::Rounding;
use core::cmp::Ordering;

pub(crate) const HALF: u128 = (1 << 64) - 1;

/// `a * b` as (high, low) halves of an unsigned 256-bit number.
#[must_use]
pub const fn widening_mul(a: u128, b: u128) -> (u128, u128) {
    let (a1, a0) = (a >> 64, a & HALF);
    let (b1, b0) = (b >> 64, b & HALF);
    let low = a0 * b0;
    let mid1 = a1 * b0;
    let mid2 = a0 * b1;
    let carry = (low >> 64) + (mid1 & HALF) + (mid2 & HALF);
    let high = a1 * b1 + (mid1 >> 64) + (mid2 >> 64) + (carry >> 64);
    (high, (low & HALF) | (carry << 64))
}

/// Quotient and remainder of a 256-bit number by `d`, for `high < d`.
///
/// Schoolbook division with two 64-bit digits (Knuth, The Art of Computer Programming, volume 2,
/// algorithm D).
#[must_use]
pub const fn div_wide(high: u128, low: u128, d: u128) -> (u128, u128) {
    let shift = d.leading_zeros();
    let d = d << shift;
    let top = if shift == 0 { high } else { (high << shift) | (low >> (128 - shift)) };
    let low = low << shift;
    let (q1, rest) = div_digit(top, low >> 64, d);
    let (q0, rest) = div_digit(rest, low & HALF, d);
    ((q1 << 64) | q0, rest >> shift)
}

/// One 64-bit quotient digit of `(top, digit) / d`, with the remainder; `d` is normalised.
const fn div_digit(top: u128, digit: u128, d: u128) -> (u128, u128) {
    let (d1, d0) = (d >> 64, d & HALF);
    let mut q = top / d1;
    let mut rest = top % d1;
    while q > HALF || q * d0 > ((rest << 64) | digit) {
        q -= 1;
        rest += d1;
        if rest > HALF {
            break;
        }
    }
    (q, (top << 64).wrapping_add(digit).wrapping_sub(q.wrapping_mul(d)))
}

/// `a / d`, rounded as named, for `d > 0`.
///
/// Worked: -7 / 2 is -4 down and -3 up.
#[must_use]
#[inline]
pub const fn div(a: i128, d: i128, rounding: Rounding) -> i128 {
    assert!(d > 0, "a divisor is positive");
    // Most divisions fit 64 bits, where the processor divides several times faster.
    let (negative, units, divisor) = (a < 0, a.unsigned_abs(), d.unsigned_abs());
    let (quotient, rest) = if units <= HALF && divisor <= HALF {
        let (units, divisor) = (units as u64, divisor as u64);
        ((units / divisor) as u128, (units % divisor) as u128)
    } else {
        let quotient = units / divisor;
        (quotient, units - quotient * divisor)
    };
    away(quotient, rest != 0, negative, rounding)
}

/// A magnitude with its sign, one further from zero where a rest is rounded that way.
#[inline]
const fn away(quotient: u128, rest: bool, negative: bool, rounding: Rounding) -> i128 {
    let magnitude =
        quotient as i128 + (rest && matches!(rounding, Rounding::Down) == negative) as i128;
    if negative { -magnitude } else { magnitude }
}

/// The sign, 0 or -1, and the number itself or -1 less it: neither is below zero. Dividing that and
/// folding the quotient back by the sign divides rounded down, without a branch on a sign that
/// nobody can predict.
#[inline]
pub(crate) const fn folded(a: i128) -> (i128, u128) {
    let sign = a >> 127;
    (sign, (a ^ sign) as u128)
}

/// Quotient and rest, by the processor's shorter division where the number has 64 bits.
#[inline]
pub(crate) const fn div_units(units: u128, d: u64) -> (u128, u64) {
    if units <= HALF {
        ((units as u64 / d) as u128, units as u64 % d)
    } else {
        let quotient = units / d as u128;
        (quotient, (units as u64).wrapping_sub((quotient as u64).wrapping_mul(d)))
    }
}

/// `total * part / whole`, rounded once as named, for a part no larger than the whole.
///
/// Worked: a third of -100 is -34 down and -33 up.
#[must_use]
#[inline]
pub const fn part_of(total: i128, part: u64, whole: u64, rounding: Rounding) -> i128 {
    assert!(whole > 0 && part <= whole, "a part is no larger than its whole");
    let sign = total >> 127;
    let units = (total ^ sign).wrapping_sub(sign) as u128;
    // What makes the quotient of magnitudes one more for any rest.
    let away = matches!(rounding, Rounding::Down) == (total < 0);
    let bias = (whole - 1) & (away as u64).wrapping_neg();
    // Digits of 64 bits, whose products leave room for what is added.
    let low = ((units as u64 as u128) * part as u128).wrapping_add(bias as u128);
    let high = (((units >> 64) as u64 as u128) * part as u128).wrapping_add(low >> 64);
    let quotient = if high <= HALF {
        div_units(high << 64 | low & HALF, whole).0
    } else {
        let (first, carried) = div_units(high, whole);
        let (second, _) = div_units((carried as u128) << 64 | low & HALF, whole);
        first << 64 | second
    };
    (quotient as i128 ^ sign).wrapping_sub(sign)
}

/// `a * b` where the rulebook's bounds keep it inside i128: they are proved at load, so release
/// builds do not ask again at every product; builds with debug assertions do.
#[must_use]
#[inline]
pub const fn bounded_mul(a: i128, b: i128) -> i128 {
    debug_assert!(a.checked_mul(b).is_some(), "the rulebook bounds this product");
    a.wrapping_mul(b)
}

/// Whether a product stays inside i128 by the lengths of its factors: never true of one that leaves
/// it, false of some that are close.
#[must_use]
#[inline]
pub const fn fits(a: i64, b: i128) -> bool {
    let (a, b) = (a ^ (a >> 63), b ^ (b >> 127));
    // A factor of n bits lies within 2^n on both sides of zero, and 126 bits leave 2^127 out.
    a.leading_zeros() + b.leading_zeros() > 65
}

/// `a * b / d` with a 256-bit product, rounded once as named; `None` where the quotient leaves
/// i128.
///
/// Worked: 10^30 * 10^30 / 10^25 = 10^35 exactly; -1 * 1 / 3 is -1 down and 0 up.
///
/// # Panics
/// If `d` is not positive: divisors are units, totals or prices that are checked before.
#[must_use]
#[inline]
pub const fn mul_div(a: i128, b: i128, d: i128, rounding: Rounding) -> Option<i128> {
    assert!(d > 0, "a divisor is positive");
    // Two factors of 64 bits cannot leave 128.
    if a as i64 as i128 == a && b as i64 as i128 == b {
        return Some(div((a as i64 as i128) * (b as i64 as i128), d, rounding));
    }
    if let Some(product) = a.checked_mul(b) {
        return Some(div(product, d, rounding));
    }
    mul_div_wide(a, b, d, rounding)
}

const fn mul_div_wide(a: i128, b: i128, d: i128, rounding: Rounding) -> Option<i128> {
    let negative = (a < 0) != (b < 0);
    let (high, low) = widening_mul(a.unsigned_abs(), b.unsigned_abs());
    let divisor = d.unsigned_abs();
    if high >= divisor {
        return None;
    }
    let (quotient, rest) = div_wide(high, low, divisor);
    // Rounding away from zero happens down for negative and up for positive quotients.
    let away = rest != 0 && (matches!(rounding, Rounding::Down) == negative);
    let Some(magnitude) = quotient.checked_add(away as u128) else { return None };
    if magnitude > i128::MAX as u128 {
        return None;
    }
    Some(if negative { -(magnitude as i128) } else { magnitude as i128 })
}

/// Compares `a * b` with `c * d` without overflow.
///
/// Worked: 95 of 100 against 189 of 200: `cmp_products(95, 200, 189, 100)` is `Greater`, so the
/// second ratio is the lower one, though both round up to 95 %.
#[must_use]
pub fn cmp_products(a: i128, b: i128, c: i128, d: i128) -> Ordering {
    if let (Some(left), Some(right)) = (a.checked_mul(b), c.checked_mul(d)) {
        return left.cmp(&right);
    }
    let sign = |x: i128, y: i128| x.signum() * y.signum();
    let (left, right) = (sign(a, b), sign(c, d));
    if left != right {
        return left.cmp(&right);
    }
    let magnitudes = widening_mul(a.unsigned_abs(), b.unsigned_abs())
        .cmp(&widening_mul(c.unsigned_abs(), d.unsigned_abs()));
    if left < 0 { magnitudes.reverse() } else { magnitudes }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: both helpers agree with 256-bit schoolbook arithmetic. Method: a linear congruential
    /// stream of operands of all sizes; division is checked by multiplying back.
    fn stream(seed: u128) -> impl FnMut() -> i128 {
        let mut state = seed;
        move || {
            state = state.wrapping_mul(0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645).wrapping_add(1);
            let wide = (state ^ (state >> 61)) as i128;
            wide >> ((state >> 100) % 120)
        }
    }

    fn add_wide(a: (u128, u128), b: u128) -> (u128, u128) {
        let (low, carry) = a.1.overflowing_add(b);
        (a.0 + u128::from(carry), low)
    }

    #[test]
    fn quotient_times_divisor_plus_rest_is_the_product() {
        let mut next = stream(7);
        for _ in 0..200_000 {
            let (a, b, d) = (next(), next(), next().unsigned_abs().max(1) >> 1);
            let d = d.max(1);
            let (high, low) = widening_mul(a.unsigned_abs(), b.unsigned_abs());
            if high < d {
                let (q, r) = div_wide(high, low, d);
                assert!(r < d);
                assert_eq!(add_wide(widening_mul(q, d), r), (high, low), "{a} * {b} / {d}");
            }
        }
    }

    #[test]
    fn rounding_brackets_the_exact_quotient() {
        let mut next = stream(11);
        let mut wide = 0;
        for _ in 0..200_000 {
            let (a, b, d) = (next(), next(), (next().unsigned_abs() >> 1).max(1) as i128);
            let (down, up) = (mul_div(a, b, d, Rounding::Down), mul_div(a, b, d, Rounding::Up));
            let (Some(down), Some(up)) = (down, up) else { continue };
            assert!(up - down <= 1);
            assert!(cmp_products(down, d, a, b).is_le() && cmp_products(up, d, a, b).is_ge());
            assert_eq!(up == down, cmp_products(down, d, a, b).is_eq());
            wide += i32::from(a.checked_mul(b).is_none());
        }
        assert!(wide > 1_000, "the 256-bit path was exercised {wide} times");
    }

    #[test]
    fn parts() {
        let mut next = stream(17);
        let mut wide = 0;
        for _ in 0..200_000 {
            let (a, whole) = (next(), (next() as u64).max(1));
            let part = if next() > 0 { whole } else { next() as u64 % whole };
            for rounding in [Rounding::Down, Rounding::Up] {
                let expected = mul_div(a, i128::from(part), i128::from(whole), rounding);
                assert_eq!(Some(part_of(a, part, whole, rounding)), expected, "{a} {part} {whole}");
            }
            wide += i32::from(a.checked_mul(i128::from(part)).is_none());
        }
        assert!(wide > 1_000, "three digits were divided {wide} times");
    }

    #[test]
    fn products_that_fit() {
        assert!(fits(i64::MAX, i128::from(i64::MAX)) && !fits(i64::MIN, i128::MIN));
        assert!(!fits(i64::MIN, -(1 << 64)) && !fits(2, i128::MAX / 2 + 1));
        assert!(fits(-1, i128::MIN / 4));
        let mut next = stream(19);
        let mut fitting = 0;
        for _ in 0..200_000 {
            let (a, b) = ((next() >> 60) as i64, next());
            let inside = i128::from(a).checked_mul(b).is_some();
            assert!(inside || !fits(a, b), "{a} * {b}");
            fitting += i32::from(fits(a, b));
        }
        assert!(fitting > 1_000, "{fitting} products fit");
    }

    #[test]
    fn worked_numbers() {
        let ten = |n: u32| 10i128.pow(n);
        assert_eq!(mul_div(ten(30), ten(30), ten(25), Rounding::Down), Some(ten(35)));
        assert_eq!(mul_div(-1, 1, 3, Rounding::Down), Some(-1));
        assert_eq!(mul_div(-1, 1, 3, Rounding::Up), Some(0));
        assert_eq!(
            mul_div(-ten(30), ten(30) + 1, ten(25) * 3, Rounding::Down),
            Some(-(ten(35) / 3 + 33_334))
        );
        assert_eq!(mul_div(i128::MAX, i128::MAX, 1, Rounding::Down), None);
        assert_eq!(cmp_products(95, 200, 189, 100), Ordering::Greater);
        assert_eq!(cmp_products(-ten(30), ten(30), ten(30), ten(30)), Ordering::Less);
    }
}
