//! Opening the cache without letting it stop the clearing house.
//!
//! Leftovers on which sled's start stumbles are deleted. A marker file stands while sled opens:
//! found at the next start, it means that opening killed the process, and the cache is put aside
//! instead of opened again.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::error::{Category, Place, StoreError};

use super::{SnapshotStore, cache_path};

const MARKER: &str = "cache.opening";
/// Below this much free space sled is not opened: on a full disk it hangs.
const FREE_SPACE_LEAST: u64 = 16 << 20;
/// Bytes of pages sled keeps in memory.
const CACHE_CAPACITY: u64 = 16 << 20;

/// What came of opening the snapshots.
#[derive(Debug)]
pub enum SnapshotOpen {
    /// They can be used.
    Ready(SnapshotStore),
    /// They cannot, this time; the journal is enough. The text says why, and where the cache was
    /// put if it was put aside.
    Without(String),
}

/// Opens or creates the snapshots in `directory`, as `cache/`.
///
/// Errors: `Locked` if another process has them, `Io` if the directory cannot be used. Trouble
/// inside the cache is not an error: it is put aside as `cache-bad-<n>` and the answer is
/// `Without`.
pub fn open(directory: &Path) -> Result<SnapshotOpen, StoreError> {
    let io = |doing: &str| {
        let doing = doing.to_string();
        move |error| StoreError::io(&doing, Place::file("cache"), error)
    };
    let free = fs4::available_space(directory).map_err(io("ask for free space"))?;
    if free < FREE_SPACE_LEAST {
        let text = format!("{free} bytes are free, snapshots need {FREE_SPACE_LEAST}");
        return Ok(SnapshotOpen::Without(text));
    }
    let (path, marker) = (cache_path(directory), directory.join(MARKER));
    if marker.exists() {
        let aside = put_aside(directory).map_err(io("put the cache aside"))?;
        fs::remove_file(&marker).map_err(io("remove the marker"))?;
        let text = format!("the last start died while opening it; it is now {aside}");
        return Ok(SnapshotOpen::Without(text));
    }
    fs::create_dir_all(&path).map_err(io("create the cache"))?;
    remove_generating(&path).map_err(io("clean the cache"))?;
    fs::File::create(&marker).map_err(io("write the marker"))?;
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let options = sled::Config::new().path(&path).cache_capacity(CACHE_CAPACITY);
        options.flush_every_ms(None).open()
    }));
    let answer = match opened {
        Ok(Ok(sled)) => Ok(SnapshotOpen::Ready(SnapshotStore {
            sled: Some(sled),
            directory: directory.to_path_buf(),
            copy: None,
            spent: AtomicBool::new(false),
        })),
        Ok(Err(error)) if is_lock(&error) => {
            let expected = "the snapshots to itself";
            Err(StoreError::new(
                Category::Locked,
                Place::file("cache"),
                expected,
                error.to_string(),
            ))
        }
        Ok(Err(error)) => without(directory, &error.to_string()).map_err(io("put it aside")),
        Err(_) => without(directory, "sled panicked").map_err(io("put it aside")),
    };
    fs::remove_file(&marker).map_err(io("remove the marker"))?;
    answer
}

/// Opens a copy of the snapshots in `directory`, for who only reads: sled writes where it opens.
/// The copy lies in the folder for temporary files and goes with the store.
///
/// Errors: `Locked` if another process has the snapshots, `Io` if they cannot be read or copied.
pub fn open_copy(directory: &Path) -> Result<SnapshotOpen, StoreError> {
    let io = |error| StoreError::io("copy the snapshots", Place::file("cache"), error);
    let path = cache_path(directory);
    let copy = tempfile::Builder::new().prefix("clearsim-snapshots-").tempdir().map_err(io)?;
    if path.is_dir() {
        let (files, bytes) = files_of(&path).map_err(io)?;
        let free = fs4::available_space(copy.path()).map_err(io)?;
        let wanted = bytes + FREE_SPACE_LEAST;
        if free < wanted {
            let place = copy.path().display();
            let text = format!("{free} bytes are free for a copy in {place}, it takes {wanted}");
            return Ok(SnapshotOpen::Without(text));
        }
        let _held = hold(&path)?;
        for file in files {
            let to = cache_path(copy.path()).join(&file);
            fs::create_dir_all(to.parent().unwrap_or(copy.path())).map_err(io)?;
            fs::copy(path.join(&file), to).map_err(io)?;
        }
    }
    Ok(match open(copy.path())? {
        SnapshotOpen::Ready(mut store) => {
            store.copy = Some(copy);
            SnapshotOpen::Ready(store)
        }
        SnapshotOpen::Without(reason) => {
            SnapshotOpen::Without(format!("in a copy, the original is as it was: {reason}"))
        }
    })
}

/// sled's own lock, held while its files are copied.
fn hold(cache: &Path) -> Result<Option<fs::File>, StoreError> {
    let file = match fs::File::open(cache.join("db")) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(StoreError::io("open the snapshots", Place::file("cache"), error));
        }
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(_) => {
            let expected = "the snapshots to itself";
            let found = "another process has them";
            Err(StoreError::new(Category::Locked, Place::file("cache"), expected, found))
        }
    }
}

/// Names of all files below a folder, and their bytes.
fn files_of(folder: &Path) -> io::Result<(Vec<PathBuf>, u64)> {
    let (mut files, mut bytes) = (Vec::new(), 0);
    let mut folders = vec![PathBuf::new()];
    while let Some(inner) = folders.pop() {
        for found in fs::read_dir(folder.join(&inner))? {
            let found = found?;
            let name = inner.join(found.file_name());
            if found.file_type()?.is_dir() {
                folders.push(name);
            } else {
                bytes += found.metadata()?.len();
                files.push(name);
            }
        }
    }
    Ok((files, bytes))
}

/// sled tells a held lock from other trouble by its text alone.
fn is_lock(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}

fn without(directory: &Path, reason: &str) -> io::Result<SnapshotOpen> {
    let aside = put_aside(directory)?;
    Ok(SnapshotOpen::Without(format!("{reason}; it is now {aside}")))
}

/// Renames the cache to the first free `cache-bad-<n>`.
fn put_aside(directory: &Path) -> io::Result<String> {
    let free = (1u32..).map(|number| format!("cache-bad-{number}"));
    let mut names = free.filter(|name| !directory.join(name).exists());
    let name = names.next().expect("a directory holds fewer than 2^32 names");
    match fs::rename(cache_path(directory), directory.join(&name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(name),
    }
}

/// Unfinished `snap.*.generating` files stop sled from opening.
fn remove_generating(cache: &Path) -> io::Result<()> {
    for found in fs::read_dir(cache)? {
        let found = found?;
        let name = found.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(found.path())?;
        }
    }
    Ok(())
}
