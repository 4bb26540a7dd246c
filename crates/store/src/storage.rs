//! The only way the journal reaches a disk: one directory, a handful of operations.
//!
//! Two traits, so that tests can put faults and power loss behind them: `Storage` is the
//! directory, `StorageFile` an open file. Names are plain file names inside the directory.
//! `pwrite` and `pread` may be short, as the system calls are; `write_all_at` and
//! `read_exact_at` loop and retry `EINTR`. A sync is never retried by anybody.

mod real;

use std::fmt;
use std::io;

pub use real::RealStorage;

/// One operation, as recorded for tests that assert the order of operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// A file was created, empty.
    Create(String),
    /// A file was opened.
    Open(String),
    /// Bytes were written: name, offset, length.
    Pwrite(String, u64, usize),
    /// Bytes were read: name, offset, length.
    Pread(String, u64, usize),
    /// Data of a file was synced.
    Fdatasync(String),
    /// Data and metadata of a file were synced.
    Fsync(String),
    /// A file was renamed: from, to.
    Rename(String, String),
    /// A file was removed.
    Remove(String),
    /// The directory was synced.
    SyncDir,
}

/// How a directory is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// By one writer.
    Exclusive,
    /// By readers.
    Shared,
}

/// A lock on the directory; released when dropped or when the process dies.
pub trait LockGuard: Send {}

/// A directory that holds a journal.
pub trait Storage: Send + Sync + fmt::Debug {
    /// Creates an empty file, replacing one of that name.
    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>>;
    /// Opens an existing file for reading and writing, or for reading alone.
    fn open(&self, name: &str, writable: bool) -> io::Result<Box<dyn StorageFile>>;
    /// Renames within the directory, replacing `to`.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Syncs the directory itself: names become durable.
    fn sync_dir(&self) -> io::Result<()>;
    /// The names of the plain files, sorted.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Bytes free for this process.
    fn free_space(&self) -> io::Result<u64>;
    /// Takes the lock; `None` if another holds it. `WouldBlock` is not an error here.
    fn lock(&self, name: &str, hold: Hold) -> io::Result<Option<Box<dyn LockGuard>>>;
}

/// An open file.
pub trait StorageFile: Send + Sync + fmt::Debug {
    /// Writes at `offset`; may write fewer bytes than given.
    fn pwrite(&self, offset: u64, bytes: &[u8]) -> io::Result<usize>;
    /// Reads at `offset`; may read fewer bytes than asked; 0 is the end of the file.
    fn pread(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
    /// Makes the data, and the length, durable.
    fn fdatasync(&self) -> io::Result<()>;
    /// Makes data and metadata durable.
    fn fsync(&self) -> io::Result<()>;
    /// The length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Whether the file has no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}

/// Writes all of `bytes` at `offset`: loops on short writes, retries `EINTR`.
pub fn write_all_at(file: &dyn StorageFile, offset: u64, bytes: &[u8]) -> io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        match file.pwrite(offset + done as u64, &bytes[done..]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => done += written,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads up to `buffer.len()` bytes at `offset`, fewer only at the end of the file.
pub fn read_up_to(file: &dyn StorageFile, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match file.pread(offset + done as u64, &mut buffer[done..]) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Fills `buffer` from `offset`, or fails with `UnexpectedEof`.
pub fn read_exact_at(file: &dyn StorageFile, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    if read_up_to(file, offset, buffer)? == buffer.len() {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// Writes `bytes` of zeros at `offset`, in pieces of at most 1 MiB.
pub fn write_zeros(file: &dyn StorageFile, offset: u64, bytes: u64) -> io::Result<()> {
    let piece = vec![0u8; bytes.min(1 << 20) as usize];
    let mut done = 0;
    while done < bytes {
        let now = (bytes - done).min(piece.len() as u64);
        write_all_at(file, offset + done, &piece[..now as usize])?;
        done += now;
    }
    Ok(())
}
