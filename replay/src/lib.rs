//! The parts of `clearsim`, for its program, its tests and the benches.
//!
//! Commands become a run directory (`engine`, `record`, `directory`); a finished one is opened and
//! heard again (`opened`, `again`); who follows either is a `listener`. Vector files
//! of other houses are judged apart (`conformance`).

pub mod again;
pub mod baseline;
pub mod beside;
pub mod causes;
pub mod chronicle;
pub mod cli;
pub mod clockface;
pub mod conformance;
pub mod console;
pub mod difference;
pub mod directory;
pub mod engine;
pub mod explain;
pub mod failure;
pub mod golden;
pub mod listener;
pub mod live;
pub mod machine;
pub mod opened;
pub mod record;
pub mod report;
pub mod rows;
pub mod rulebooks;
pub mod runlog;
pub mod select;
pub mod snapshots;
pub mod summary;
pub mod tables;
pub mod travel;
pub mod verbs;
pub mod workload;
