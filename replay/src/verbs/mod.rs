//! One file a verb.

pub mod bench;
pub mod compare;
pub mod conformance;
pub mod day;
pub mod diff;
pub mod import;
pub mod inputs;
pub mod inspect;
pub mod log;
pub mod manual;
pub mod report;
pub mod rulebook;
pub mod run;
pub mod scenario;
pub mod snapshot;
pub mod verify;
