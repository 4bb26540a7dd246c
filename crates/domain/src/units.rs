//! What every signed count of units has: sums, signs and zero, but no products.
//!
//! Types made here share a shape and nothing else: no sum can mix two of them.

/// Gives a tuple struct over a signed integer its constants, accessors and sums. Sums are plain:
/// the rulebook's caps keep them inside the integer, and overflow is a bug.
macro_rules! signed_units {
    ($name:ident, $integer:ty) => {
        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);

            /// So many units.
            #[must_use]
            #[inline]
            pub const fn new(units: $integer) -> Self {
                Self(units)
            }

            /// The number of units.
            #[must_use]
            #[inline]
            pub const fn units(self) -> $integer {
                self.0
            }

            /// Above zero.
            #[must_use]
            #[inline]
            pub const fn is_positive(self) -> bool {
                self.0 > 0
            }

            /// Below zero.
            #[must_use]
            #[inline]
            pub const fn is_negative(self) -> bool {
                self.0 < 0
            }
        }

        impl core::ops::Add for $name {
            type Output = Self;
            #[inline]
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl core::ops::AddAssign for $name {
            #[inline]
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }

        impl core::ops::Sub for $name {
            type Output = Self;
            #[inline]
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }

        impl core::ops::SubAssign for $name {
            #[inline]
            fn sub_assign(&mut self, other: Self) {
                self.0 -= other.0;
            }
        }

        impl core::ops::Neg for $name {
            type Output = Self;
            #[inline]
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }

        impl core::iter::Sum for $name {
            #[inline]
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
                items.fold(Self::ZERO, |total, item| total + item)
            }
        }
    };
}

pub(crate) use signed_units;
