//! The storage of production: files of a directory, `pread` and `pwrite`, flock.
//! It can record its operations, so that a test on real files asserts their order.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::{Hold, LockGuard, Operation, Storage, StorageFile};

type Recording = Option<Arc<Mutex<Vec<Operation>>>>;

/// A directory of real files.
#[derive(Debug)]
pub struct RealStorage {
    directory: PathBuf,
    recording: Recording,
}

impl RealStorage {
    /// The directory, which must exist.
    pub fn open(directory: &Path) -> io::Result<RealStorage> {
        if directory.is_dir() {
            Ok(RealStorage { directory: directory.to_path_buf(), recording: None })
        } else {
            let message = format!("{} is not a directory", directory.display());
            Err(io::Error::new(io::ErrorKind::NotFound, message))
        }
    }

    /// Creates the directory, its parents too, and makes its name durable.
    pub fn create(directory: &Path) -> io::Result<RealStorage> {
        std::fs::create_dir_all(directory)?;
        if let Some(parent) = directory.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            File::open(parent)?.sync_all()?;
        }
        RealStorage::open(directory)
    }

    /// As `open`, with every operation recorded.
    pub fn recording(directory: &Path) -> io::Result<RealStorage> {
        let mut storage = RealStorage::open(directory)?;
        storage.recording = Some(Arc::default());
        Ok(storage)
    }

    /// The operations so far; empty unless recording.
    pub fn operations(&self) -> Vec<Operation> {
        match &self.recording {
            Some(list) => list.lock().map(|list| list.clone()).unwrap_or_default(),
            None => Vec::new(),
        }
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn wrap(&self, name: &str, file: File) -> Box<dyn StorageFile> {
        let recording = self.recording.clone();
        Box::new(RealFile { name: name.to_string(), file, recording })
    }
}

fn record(recording: &Recording, operation: impl FnOnce() -> Operation) {
    if let Some(list) = recording
        && let Ok(mut list) = list.lock()
    {
        list.push(operation());
    }
}

impl Storage for RealStorage {
    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        record(&self.recording, || Operation::Create(name.to_string()));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        Ok(self.wrap(name, options.open(self.directory.join(name))?))
    }

    fn open(&self, name: &str, writable: bool) -> io::Result<Box<dyn StorageFile>> {
        record(&self.recording, || Operation::Open(name.to_string()));
        let path = self.directory.join(name);
        Ok(self.wrap(name, OpenOptions::new().read(true).write(writable).open(path)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        record(&self.recording, || Operation::Rename(from.to_string(), to.to_string()));
        std::fs::rename(self.directory.join(from), self.directory.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        record(&self.recording, || Operation::Remove(name.to_string()));
        std::fs::remove_file(self.directory.join(name))
    }

    fn sync_dir(&self) -> io::Result<()> {
        record(&self.recording, || Operation::SyncDir);
        File::open(&self.directory)?.sync_all()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for found in std::fs::read_dir(&self.directory)? {
            let found = found?;
            if found.file_type()?.is_file()
                && let Some(name) = found.file_name().to_str()
            {
                names.push(name.to_string());
            }
        }
        names.sort();
        Ok(names)
    }

    fn free_space(&self) -> io::Result<u64> {
        fs4::available_space(&self.directory)
    }

    fn lock(&self, name: &str, hold: Hold) -> io::Result<Option<Box<dyn LockGuard>>> {
        let path = self.directory.join(name);
        let mut options = OpenOptions::new();
        let file = match hold {
            Hold::Exclusive => {
                options.read(true).write(true).create(true).truncate(false).open(path)?
            }
            Hold::Shared => options.read(true).open(path)?,
        };
        let taken = match hold {
            Hold::Exclusive => fs4::FileExt::try_lock(&file),
            Hold::Shared => fs4::FileExt::try_lock_shared(&file),
        };
        match taken {
            Ok(()) => Ok(Some(Box::new(FlockGuard { _file: file }))),
            Err(fs4::TryLockError::WouldBlock) => Ok(None),
            Err(fs4::TryLockError::Error(error)) => Err(error),
        }
    }
}

/// The flock lives as long as the file is open.
struct FlockGuard {
    _file: File,
}

impl LockGuard for FlockGuard {}

#[derive(Debug)]
struct RealFile {
    name: String,
    file: File,
    recording: Recording,
}

impl StorageFile for RealFile {
    fn pwrite(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        record(&self.recording, || Operation::Pwrite(self.name.clone(), offset, bytes.len()));
        self.file.write_at(bytes, offset)
    }

    fn pread(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        record(&self.recording, || Operation::Pread(self.name.clone(), offset, buffer.len()));
        self.file.read_at(buffer, offset)
    }

    fn fdatasync(&self) -> io::Result<()> {
        record(&self.recording, || Operation::Fdatasync(self.name.clone()));
        self.file.sync_data()
    }

    fn fsync(&self) -> io::Result<()> {
        record(&self.recording, || Operation::Fsync(self.name.clone()));
        self.file.sync_all()
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }
}
