//! What the benchmark targets share: clocks, figures, a book of accounts and the bare loop.
//!
//! A target claims something about speed as a ratio to a baseline measured in the same run. Only
//! such ratios can fail; absolute figures are printed for the reader.

pub mod bare;
pub mod book;
pub mod clock;
pub mod depth;
pub mod figure;
pub mod following;
pub mod recorded;
pub mod spread;
pub mod stream;
