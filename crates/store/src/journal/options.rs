//! What the caller chooses about a journal. Nothing here changes the meaning of events.

use std::time::Duration;

use super::frame::Chain;
use super::segment::SEGMENT_BYTES_MAX;

/// How often HEAD is synced to the device. It is written after every batch regardless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadSync {
    /// At rotation, snapshot, clean stop, and when this long has passed since the last sync.
    Every(Duration),
    /// After each batch (`--strict-head`): closes the limit named in the recovery table, and
    /// about doubles the time of a commit.
    EachBatch,
}

/// Choices at creation and opening.
#[derive(Debug, Clone)]
pub struct Options {
    /// Length of a new segment in bytes: a power of two, 8 KiB to 64 MiB. Existing segments
    /// keep theirs.
    pub segment_bytes: u64,
    /// Events between seals. `None`: the writer uses 4,096, and reading takes the interval from
    /// the first seal it meets.
    pub seal_interval: Option<u64>,
    /// How often HEAD is synced.
    pub head_sync: HeadSync,
    /// Start reading at this anchor (sequence and chain at a batch border, from a snapshot)
    /// instead of scanning the whole journal (`--fast-start`).
    pub fast_start: Option<(u64, Chain)>,
}

/// Events between seals unless genesis says otherwise.
pub(crate) const SEAL_INTERVAL_DEFAULT: u64 = 4_096;

impl Default for Options {
    fn default() -> Options {
        Options {
            segment_bytes: SEGMENT_BYTES_MAX,
            seal_interval: None,
            head_sync: HeadSync::Every(Duration::from_secs(1)),
            fast_start: None,
        }
    }
}
