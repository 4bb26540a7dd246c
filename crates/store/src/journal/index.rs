//! `NNNNNNNN.idx`: one (sequence, segment, offset) about every 256 KiB of a segment.
//!
//! A cache: written without a sync, checked by its CRC, never trusted beyond the batch it leads
//! to, and worth nothing if it is gone. `magic u32 | format u32 | log_id [16] | segment u64 |
//! count u32 | zero u32`, entries of 24 bytes, `crc32c u32`.

use crate::bytes::{array_at, u32_at, u64_at};
use crate::storage::{Storage, read_up_to, write_all_at};

use super::segment::{SEGMENT_BYTES_MAX, SegmentHeader};

const MAGIC: u32 = u32::from_le_bytes(*b"CLIX");
const FORMAT: u32 = 1;
const HEADER: usize = 40;
const ENTRY: usize = 24;
/// Bytes of segment between entries.
const STRIDE: u64 = 256 << 10;
const ENTRIES_MAX: usize = (SEGMENT_BYTES_MAX / STRIDE) as usize;

/// A batch border.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IndexEntry {
    /// First sequence of the batch that begins there.
    pub(crate) sequence: u64,
    pub(crate) segment: u64,
    pub(crate) offset: u64,
}

/// Collects the entries of the segment being written.
#[derive(Debug, Default)]
pub(crate) struct IndexBuilder {
    entries: Vec<IndexEntry>,
    due: u64,
}

impl IndexBuilder {
    /// Notes a batch with events.
    pub(crate) fn note(&mut self, sequence: u64, segment: u64, offset: u64) {
        if self.entries.first().is_some_and(|entry| entry.segment != segment) {
            *self = IndexBuilder::default();
        }
        if offset >= self.due && self.entries.len() < ENTRIES_MAX {
            self.entries.push(IndexEntry { sequence, segment, offset });
            self.due = offset + STRIDE;
        }
    }

    /// Writes the index of a segment and begins the next. A failure costs a slower search.
    pub(crate) fn save(&mut self, storage: &dyn Storage, header: &SegmentHeader) {
        let name = index_name(header.segment);
        let temporary = format!("{name}.tmp");
        let bytes = encode(header, &self.entries);
        let written = storage.create(&temporary).and_then(|file| {
            write_all_at(&*file, 0, &bytes)?;
            storage.rename(&temporary, &name)
        });
        if written.is_err() {
            // Whatever is left is a `.tmp`, which the next start removes.
            let _ = storage.remove(&temporary);
        }
        *self = IndexBuilder::default();
    }
}

fn index_name(segment: u64) -> String {
    format!("{segment:08}.idx")
}

fn encode(header: &SegmentHeader, entries: &[IndexEntry]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + entries.len() * ENTRY + 4);
    bytes.extend_from_slice(&MAGIC.to_le_bytes());
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&header.log_id);
    bytes.extend_from_slice(&header.segment.to_le_bytes());
    bytes.extend_from_slice(&(entries.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&0u32.to_le_bytes());
    for entry in entries {
        bytes.extend_from_slice(&entry.sequence.to_le_bytes());
        bytes.extend_from_slice(&entry.segment.to_le_bytes());
        bytes.extend_from_slice(&entry.offset.to_le_bytes());
    }
    let crc = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

/// The entries of a segment's index, if there is a sound one.
pub(crate) fn read_index(storage: &dyn Storage, header: &SegmentHeader) -> Option<Vec<IndexEntry>> {
    let file = storage.open(&index_name(header.segment), false).ok()?;
    let mut bytes = vec![0u8; HEADER + ENTRIES_MAX * ENTRY + 4];
    let length = read_up_to(&*file, 0, &mut bytes).ok()?;
    decode(&bytes[..length], header)
}

fn decode(bytes: &[u8], header: &SegmentHeader) -> Option<Vec<IndexEntry>> {
    let body = bytes.len().checked_sub(4).filter(|body| *body >= HEADER)?;
    let count = u32_at(bytes, 32) as usize;
    let sound = u32_at(bytes, body) == crc32c::crc32c(&bytes[..body])
        && u32_at(bytes, 0) == MAGIC
        && u32_at(bytes, 4) == FORMAT
        && array_at::<16>(bytes, 8) == header.log_id
        && u64_at(bytes, 24) == header.segment
        && body == HEADER + count.checked_mul(ENTRY)?;
    let entry = |index: usize| IndexEntry {
        sequence: u64_at(bytes, HEADER + index * ENTRY),
        segment: u64_at(bytes, HEADER + index * ENTRY + 8),
        offset: u64_at(bytes, HEADER + index * ENTRY + 16),
    };
    sound.then(|| (0..count).map(entry).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_reads_back_and_any_damage_makes_it_none() {
        let header = SegmentHeader {
            format: super::super::segment::FORMAT,
            log_id: [1; 16],
            segment: 2,
            base_seq: 10,
            prev_chain: [0; 16],
            genesis_hash: [0; 32],
            bytes: SEGMENT_BYTES_MAX,
        };
        let mut builder = IndexBuilder::default();
        for (sequence, offset) in [(10, 4_096), (11, 4_200), (900, 4_096 + STRIDE)] {
            builder.note(sequence, 2, offset);
        }
        let bytes = encode(&header, &builder.entries);
        let entries = decode(&bytes, &header).expect("sound");
        assert_eq!(entries.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), [10, 900]);
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&bad, &header), None, "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length], &header), None, "length {length}");
        }
    }
}
