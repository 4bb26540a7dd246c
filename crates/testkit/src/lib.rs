//! Proofs: tools that tests and benches of every crate share.
//!
//! What is here is slow, obvious and strict: scenarios in a language of tables, the laws they are
//! held to. It may import the pure crates and `feed`, never `store` or `runtime`.

pub mod reference;
pub mod scenario;
pub mod workload;
