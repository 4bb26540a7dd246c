//! Each way to round, named. A division anywhere in the machine takes one of these.

/// Direction in which an inexact division is rounded.
///
/// Directions are on the signed number line, so a credit to an account rounded [`Rounding::Down`]
/// and a debit rounded [`Rounding::Up`] both favour the clearing house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Towards minus infinity: -7 / 2 = -4.
    Down,
    /// Towards plus infinity: -7 / 2 = -3.
    Up,
}

impl Rounding {
    /// The other direction; what one side loses by rounding the other must not gain.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Down => Self::Up,
            Self::Up => Self::Down,
        }
    }
}
