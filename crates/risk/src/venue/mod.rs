//! Whole-account rules of single venues, over the general formulas.
//!
//! Each file holds one venue's account as the rules of that venue see it, without its machinery:
//! what the figures are, what a step moves. Conventions are those of `number`; what a venue cuts to
//! the units of its registers is cut here as well.

pub mod documented;
pub mod drift;
pub mod dydx;
pub mod mango;
