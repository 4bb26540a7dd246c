//! The disk itself: names, files, what is durable of them, a lock.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::storage::{Hold, LockGuard, Operation, Storage, StorageFile};

use super::faults::{Fate, FaultPlan, FaultState};

/// A file: what processes see, what the device holds, and the writes in between.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inode {
    pub(crate) current: Vec<u8>,
    pub(crate) durable: Vec<u8>,
    pub(crate) pending: Vec<(u64, Vec<u8>)>,
}

/// Everything behind the lock.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    pub(crate) inodes: Vec<Inode>,
    pub(crate) names: BTreeMap<String, usize>,
    /// Snapshots of `names` after each change since the last directory sync; the first is what
    /// is durable.
    pub(crate) names_durable: Vec<BTreeMap<String, usize>>,
    operations: Vec<Operation>,
    unrecorded: bool,
    faults: FaultState,
    writers: u32,
    readers: u32,
    free: Option<u64>,
    full: bool,
}

/// A directory in memory. Clones share it.
#[derive(Debug, Clone)]
pub struct MemoryDisk {
    pub(crate) disk: Arc<Mutex<Disk>>,
}

impl Default for MemoryDisk {
    fn default() -> MemoryDisk {
        MemoryDisk::new()
    }
}

impl MemoryDisk {
    /// An empty directory.
    pub fn new() -> MemoryDisk {
        MemoryDisk::from_files([])
    }

    /// A directory with these files, all durable.
    pub fn from_files(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> MemoryDisk {
        let mut disk = Disk::default();
        for (name, bytes) in files {
            disk.names.insert(name, disk.inodes.len());
            disk.inodes.push(Inode { current: bytes.clone(), durable: bytes, pending: Vec::new() });
        }
        disk.names_durable = vec![disk.names.clone()];
        MemoryDisk { disk: Arc::new(Mutex::new(disk)) }
    }

    pub(crate) fn locked(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The disk as a process finds it that starts after `kill -9` of this one: all written bytes
    /// are there, what was not synced still is not, locks are gone.
    pub fn after_kill(&self) -> MemoryDisk {
        let disk = self.locked();
        let left = Disk {
            inodes: disk.inodes.clone(),
            names: disk.names.clone(),
            names_durable: disk.names_durable.clone(),
            ..Disk::default()
        };
        MemoryDisk { disk: Arc::new(Mutex::new(left)) }
    }

    /// All files as processes see them.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let disk = self.locked();
        disk.names
            .iter()
            .map(|(name, inode)| (name.clone(), disk.inodes[*inode].current.clone()))
            .collect()
    }

    /// One file as processes see it.
    pub fn file(&self, name: &str) -> Option<Vec<u8>> {
        let disk = self.locked();
        disk.names.get(name).map(|inode| disk.inodes[*inode].current.clone())
    }

    /// Replaces or adds a file, durably and without recording: for planting damage.
    pub fn plant(&self, name: &str, bytes: Vec<u8>) {
        let mut disk = self.locked();
        let inode = disk.inodes.len();
        disk.inodes.push(Inode { current: bytes.clone(), durable: bytes, pending: Vec::new() });
        disk.names.insert(name.to_string(), inode);
        for names in &mut disk.names_durable {
            names.insert(name.to_string(), inode);
        }
    }

    /// Removes a file, durably and without recording.
    pub fn erase(&self, name: &str) {
        let mut disk = self.locked();
        disk.names.remove(name);
        for names in &mut disk.names_durable {
            names.remove(name);
        }
    }

    /// Flips one bit of a file in place, unrecorded; twice is never.
    pub fn flip(&self, name: &str, bit: usize) {
        let mut disk = self.locked();
        if let Some(inode) = disk.names.get(name).copied() {
            disk.inodes[inode].current[bit / 8] ^= 1 << (bit % 8);
        }
    }

    /// Fails an operation from now on; `None` ends all faults.
    pub fn arm(&self, plan: Option<FaultPlan>) {
        self.locked().faults.arm(plan);
    }

    /// Whether the armed fault has struck.
    pub fn fired(&self) -> bool {
        self.locked().faults.fired()
    }

    /// While full, no file grows: what is preallocated can still be written.
    pub fn set_full(&self, full: bool) {
        self.locked().full = full;
    }

    /// What `free_space` answers; unlimited until set.
    pub fn set_free_space(&self, bytes: u64) {
        self.locked().free = Some(bytes);
    }

    /// Stops recording, for tests of many thousand operations.
    pub fn stop_recording(&self) {
        self.locked().unrecorded = true;
    }

    /// Operations so far; the list is emptied.
    pub fn take_operations(&self) -> Vec<Operation> {
        std::mem::take(&mut self.locked().operations)
    }
}

impl Disk {
    /// Records an operation and decides its fate: whether it moves all its bytes.
    fn begin(&mut self, operation: Operation) -> io::Result<bool> {
        let fate = self.faults.decide(&operation);
        if !self.unrecorded {
            self.operations.push(operation);
        }
        match fate {
            Fate::Whole => Ok(true),
            Fate::Half => Ok(false),
            Fate::Fails(error) => Err(error),
        }
    }

    fn inode(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn names_changed(&mut self) {
        let names = self.names.clone();
        self.names_durable.push(names);
    }
}

pub(crate) fn apply_write(target: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let (offset, end) = (offset as usize, offset as usize + bytes.len());
    if target.len() < end {
        target.resize(end, 0);
    }
    target[offset..end].copy_from_slice(bytes);
}

impl Storage for MemoryDisk {
    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        let mut disk = self.locked();
        disk.begin(Operation::Create(name.to_string()))?;
        let inode = disk.inodes.len();
        disk.inodes.push(Inode::default());
        disk.names.insert(name.to_string(), inode);
        disk.names_changed();
        Ok(Box::new(MemoryFile { disk: self.clone(), inode, name: name.to_string() }))
    }

    fn open(&self, name: &str, _writable: bool) -> io::Result<Box<dyn StorageFile>> {
        let mut disk = self.locked();
        disk.begin(Operation::Open(name.to_string()))?;
        let inode = disk.inode(name)?;
        Ok(Box::new(MemoryFile { disk: self.clone(), inode, name: name.to_string() }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut disk = self.locked();
        disk.begin(Operation::Rename(from.to_string(), to.to_string()))?;
        let inode = disk.inode(from)?;
        disk.names.remove(from);
        disk.names.insert(to.to_string(), inode);
        disk.names_changed();
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut disk = self.locked();
        disk.begin(Operation::Remove(name.to_string()))?;
        disk.inode(name)?;
        disk.names.remove(name);
        disk.names_changed();
        Ok(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        let mut disk = self.locked();
        disk.begin(Operation::SyncDir)?;
        disk.names_durable = vec![disk.names.clone()];
        Ok(())
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.locked().names.keys().cloned().collect())
    }

    fn free_space(&self) -> io::Result<u64> {
        Ok(self.locked().free.unwrap_or(u64::MAX))
    }

    fn lock(&self, name: &str, hold: Hold) -> io::Result<Option<Box<dyn LockGuard>>> {
        let mut disk = self.locked();
        match hold {
            Hold::Exclusive if !disk.names.contains_key(name) => {
                let inode = disk.inodes.len();
                disk.inodes.push(Inode::default());
                disk.names.insert(name.to_string(), inode);
                disk.names_changed();
            }
            _ => {
                disk.inode(name)?;
            }
        }
        let free = disk.writers == 0 && (hold == Hold::Shared || disk.readers == 0);
        if !free {
            return Ok(None);
        }
        match hold {
            Hold::Exclusive => disk.writers += 1,
            Hold::Shared => disk.readers += 1,
        }
        Ok(Some(Box::new(MemoryGuard { disk: self.clone(), hold })))
    }
}

struct MemoryGuard {
    disk: MemoryDisk,
    hold: Hold,
}

impl LockGuard for MemoryGuard {}

impl Drop for MemoryGuard {
    fn drop(&mut self) {
        let mut disk = self.disk.locked();
        match self.hold {
            Hold::Exclusive => disk.writers -= 1,
            Hold::Shared => disk.readers -= 1,
        }
    }
}

#[derive(Debug)]
struct MemoryFile {
    disk: MemoryDisk,
    inode: usize,
    name: String,
}

impl MemoryFile {
    fn sync(&self, operation: Operation) -> io::Result<()> {
        let mut disk = self.disk.locked();
        let begun = disk.begin(operation);
        if disk.faults.halted() {
            return begun.map(|_| ());
        }
        let inode = &mut disk.inodes[self.inode];
        // Whether it worked or not, the sectors count as clean from here on.
        let pending = std::mem::take(&mut inode.pending);
        begun?;
        for (offset, bytes) in pending {
            apply_write(&mut inode.durable, offset, &bytes);
        }
        Ok(())
    }
}

impl StorageFile for MemoryFile {
    fn pwrite(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut disk = self.disk.locked();
        let whole = disk.begin(Operation::Pwrite(self.name.clone(), offset, bytes.len()))?;
        let taken = if whole { bytes.len() } else { bytes.len() / 2 };
        let full = disk.full;
        let inode = &mut disk.inodes[self.inode];
        if full && offset as usize + taken > inode.current.len() {
            return Err(io::Error::from_raw_os_error(28));
        }
        apply_write(&mut inode.current, offset, &bytes[..taken]);
        inode.pending.push((offset, bytes[..taken].to_vec()));
        Ok(taken)
    }

    fn pread(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut disk = self.disk.locked();
        let whole = disk.begin(Operation::Pread(self.name.clone(), offset, buffer.len()))?;
        let asked = if whole { buffer.len() } else { buffer.len() / 2 };
        let current = &disk.inodes[self.inode].current;
        let start = (offset as usize).min(current.len());
        let taken = asked.min(current.len() - start);
        buffer[..taken].copy_from_slice(&current[start..start + taken]);
        Ok(taken)
    }

    fn fdatasync(&self) -> io::Result<()> {
        self.sync(Operation::Fdatasync(self.name.clone()))
    }

    fn fsync(&self) -> io::Result<()> {
        self.sync(Operation::Fsync(self.name.clone()))
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.locked().inodes[self.inode].current.len() as u64)
    }
}
