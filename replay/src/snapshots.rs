//! The snapshots beside a journal: a cache, so trouble with them is told and never fatal.

use std::fs;
use std::path::Path;

use store::snapshot::{SnapshotOpen, SnapshotStore, open as open_store};

use crate::console::Console;
use crate::directory::SNAPSHOTS;
use crate::failure::{Answer, Failure};

/// Opens or makes the snapshots of a run; `None`, said on stderr, where they cannot be used.
///
/// # Errors
/// Another process has them, or the folder cannot be made.
pub fn open(console: &Console, run: &Path) -> Answer<Option<SnapshotStore>> {
    let folder = run.join(SNAPSHOTS);
    fs::create_dir_all(&folder).map_err(|error| Failure::io("create", &folder, &error))?;
    open_at(console, &folder)
}

/// Opens the snapshots in a folder.
///
/// # Errors
/// Another process has them.
pub fn open_at(console: &Console, folder: &Path) -> Answer<Option<SnapshotStore>> {
    match open_store(folder).map_err(|error| Failure::store(folder, &error))? {
        SnapshotOpen::Ready(store) => Ok(Some(store)),
        SnapshotOpen::Without(reason) => {
            console.warn(&format!("no snapshots: {reason}"));
            Ok(None)
        }
    }
}
