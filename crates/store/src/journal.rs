//! The append-only journal: a directory of segments, each a header and a row of batches.
//!
//! `LOCK`, `HEAD`, `NNNNNNNN.log`, `NNNNNNNN.idx`, `torn-<seq>-<n>.bin`, `poison-<seq>.bin`.
//! A batch is one group commit: a frame with checksum and chain around records. `HEAD` stands
//! outside the log and holds the last durable place, so a cut at a batch border is seen.
//!
//! Law: at most one batch is written but not synced. What recovery may call torn rests on it.

pub mod control;
mod create;
mod frame;
mod head;
mod index;
mod lock;
mod options;
mod reader;
mod record;
mod recovery;
mod repair;
mod rules;
mod scan;
mod segment;
mod segment_hash;
mod spare;
mod survey;
mod torn;
mod window;
mod writer;

pub use create::create;
pub use frame::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX, Chain};
pub use options::{HeadSync, Options};
pub use reader::{Batch, BatchBuffer, Position, Reader, read_poison};
pub use record::{BODY_BYTES_MAX, Envelope, RawEvent, Record};
pub use recovery::{Opened, RecoveryReport, Verdict, inspect, open, open_or_create};
pub use repair::{Repaired, repair_accept_loss_from};
pub use segment::{SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN};
pub use writer::{Room, Writer};
