//! A disk of limited size: files may be written where they have bytes, and grow only while the
//! quota lasts, as on a real full disk.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use store::storage::{Hold, LockGuard, Storage, StorageFile};
use store::testing::MemoryDisk;

#[derive(Clone, Debug)]
pub struct Quota {
    disk: MemoryDisk,
    left: Arc<AtomicU64>,
}

impl Quota {
    pub fn new(disk: &MemoryDisk, bytes: u64) -> Self {
        Self { disk: disk.clone(), left: Arc::new(AtomicU64::new(bytes)) }
    }

    pub fn raise(&self, bytes: u64) {
        self.left.fetch_add(bytes, Ordering::SeqCst);
    }

    fn file(&self, file: io::Result<Box<dyn StorageFile>>) -> io::Result<Box<dyn StorageFile>> {
        Ok(Box::new(QuotaFile { file: file?, left: Arc::clone(&self.left) }))
    }
}

impl Storage for Quota {
    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        self.file(self.disk.create(name))
    }
    fn open(&self, name: &str, writable: bool) -> io::Result<Box<dyn StorageFile>> {
        self.file(self.disk.open(name, writable))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }
    fn sync_dir(&self) -> io::Result<()> {
        self.disk.sync_dir()
    }
    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }
    fn free_space(&self) -> io::Result<u64> {
        Ok(self.left.load(Ordering::SeqCst))
    }
    fn lock(&self, name: &str, hold: Hold) -> io::Result<Option<Box<dyn LockGuard>>> {
        self.disk.lock(name, hold)
    }
}

#[derive(Debug)]
struct QuotaFile {
    file: Box<dyn StorageFile>,
    left: Arc<AtomicU64>,
}

impl StorageFile for QuotaFile {
    fn pwrite(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let grows = (offset + bytes.len() as u64).saturating_sub(self.file.len()?);
        let taken = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(grows));
        match taken {
            Ok(_) => self.file.pwrite(offset, bytes),
            Err(_) => Err(io::Error::from_raw_os_error(28)),
        }
    }
    fn pread(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.pread(offset, buffer)
    }
    fn fdatasync(&self) -> io::Result<()> {
        self.file.fdatasync()
    }
    fn fsync(&self) -> io::Result<()> {
        self.file.fsync()
    }
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
}
