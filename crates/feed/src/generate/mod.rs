//! What a day needs and no file has: minutes inside hours, accounts behind prices, whole paths.
//!
//! Everything is drawn from a seed through [`stream`], one independent stream for each purpose, so
//! a day is the same on every machine and one more asset or account redraws nobody else. Floats
//! appear between a draw and its rounding only: what leaves is in price units, lots or asset units.
//!
//! Law: all that is made here is invented (`reconstructed` or `synthetic`), and whoever prints it
//! says so.

pub mod bridge;
pub mod crash;
pub mod depeg;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod frozen;
pub mod knots;
pub mod millionths;
pub mod normal;
pub mod population;
pub mod stream;
pub mod walk;
