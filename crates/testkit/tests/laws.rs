//! Goal: what every margin model owes the rest of the house holds for random books, not for the
//! examples alone; and the envelope, on which the wake index rests, is never above the excess.
//!
//! Method: seeded books (debts, tiers, fractions that are no parts per million, two settlement
//! assets beside the numeraire, accrued funding and interest) are put to each law; a failure prints
//! its seed. Where a law has an exemption, its counterexample is a test.

#[path = "laws/book.rs"]
mod book;
#[path = "laws/depth.rs"]
mod depth;
#[path = "laws/envelope.rs"]
mod envelope;
#[path = "laws/margin.rs"]
mod margin;
#[path = "laws/selling.rs"]
mod selling;
#[path = "laws/steps.rs"]
mod steps;

/// Books put to each law.
const CASES: u64 = 20_000;
