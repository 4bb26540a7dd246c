//! The snapshots beside a journal: a cache, so trouble with them is told and never fatal.

use std::fs;
use std::path::Path;

use store::StoreError;
use store::snapshot::{self, SnapshotOpen, SnapshotStore};

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
    usable(console, &folder, snapshot::open(&folder))
}

/// Opens a copy of the snapshots in a folder: who only looks changes nothing.
///
/// # Errors
/// Another process has them.
pub fn read(console: &Console, folder: &Path) -> Answer<Option<SnapshotStore>> {
    usable(console, folder, snapshot::open_copy(folder))
}

fn usable(
    console: &Console,
    folder: &Path,
    opened: Result<SnapshotOpen, StoreError>,
) -> Answer<Option<SnapshotStore>> {
    match opened.map_err(|error| Failure::store(folder, &error))? {
        SnapshotOpen::Ready(store) => Ok(Some(store)),
        SnapshotOpen::Without(reason) => {
            console.warn(&format!("no snapshots: {reason}"));
            Ok(None)
        }
    }
}
