//! The power cut: for every sector written since the last sync, some version of it survives.

use std::collections::{BTreeMap, BTreeSet};

use super::memory::{Inode, MemoryDisk, apply_write};

/// Bytes the device writes as one.
pub const SECTOR: u64 = 512;

/// A choice the power cut asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SectorChoice<'a> {
    /// How many of the writes to a sector reached the device, out of `writes`: file and sector
    /// number. Later writes can survive where earlier ones to other sectors did not.
    Sector {
        /// File name.
        file: &'a str,
        /// Sector number in the file.
        sector: u64,
        /// Unsynced writes that touch it.
        writes: usize,
    },
    /// How many unsynced changes of the directory survived, out of `changes`, in their order.
    Names {
        /// Changes since the last directory sync.
        changes: usize,
    },
}

impl MemoryDisk {
    /// The disk after a power cut. `choose` answers each choice with a number from 0 to the
    /// count given.
    pub fn after_power_loss(
        &self,
        mut choose: impl FnMut(SectorChoice<'_>) -> usize,
    ) -> MemoryDisk {
        let disk = self.locked();
        let changes = disk.names_durable.len() - 1;
        let kept = choose(SectorChoice::Names { changes }).min(changes);
        let names: &BTreeMap<String, usize> = &disk.names_durable[kept];
        let mut files = Vec::new();
        for (name, inode) in names {
            files.push((name.clone(), survive(name, &disk.inodes[*inode], &mut choose)));
        }
        MemoryDisk::from_files(files)
    }
}

fn survive(
    name: &str,
    inode: &Inode,
    choose: &mut impl FnMut(SectorChoice<'_>) -> usize,
) -> Vec<u8> {
    let mut touched = BTreeSet::new();
    for (offset, bytes) in &inode.pending {
        if !bytes.is_empty() {
            touched.extend(offset / SECTOR..=(offset + bytes.len() as u64 - 1) / SECTOR);
        }
    }
    let mut bytes = inode.durable.clone();
    for sector in touched {
        let (start, end) = (sector * SECTOR, (sector + 1) * SECTOR);
        let writes: Vec<(u64, &[u8])> = inode
            .pending
            .iter()
            .filter_map(|(offset, bytes)| clip(*offset, bytes, start, end))
            .collect();
        let choice = SectorChoice::Sector { file: name, sector, writes: writes.len() };
        let kept = choose(choice).min(writes.len());
        for (offset, piece) in &writes[..kept] {
            apply_write(&mut bytes, *offset, piece);
        }
    }
    bytes
}

/// The part of a write that falls into a range.
fn clip(offset: u64, bytes: &[u8], start: u64, end: u64) -> Option<(u64, &[u8])> {
    let from = offset.max(start);
    let to = (offset + bytes.len() as u64).min(end);
    (from < to).then(|| (from, &bytes[(from - offset) as usize..(to - offset) as usize]))
}
