//! The first 4,096 bytes of a segment.
//!
//! `magic u32 | format u16 | flags u16 | log_id [16] | segment u64 | base_seq u64 |
//! prev_chain [16] | genesis_hash [32] | crc32c u32`, the rest zero and checked.
//! The low five bits of `flags` are the base-2 logarithm of the segment's length; 0 stands for
//! 26, the 64 MiB of production. Other bits are refused.

use crate::bytes::{all_zero, array_at, put, u16_at, u32_at, u64_at};
use crate::error::Defect;

use super::frame::Chain;

/// Length of the header.
pub(crate) const SEGMENT_HEADER: u64 = 4_096;
/// Longest segment, and the usual one: 64 MiB.
pub const SEGMENT_BYTES_MAX: u64 = 1 << LENGTH_LOG2_MAX;
/// Shortest segment, for tests and very small journals: 8 KiB.
pub const SEGMENT_BYTES_MIN: u64 = 1 << LENGTH_LOG2_MIN;

const LENGTH_LOG2_MAX: u16 = 26;
const LENGTH_LOG2_MIN: u16 = 13;
const LENGTH_MASK: u16 = 0x1f;
const MAGIC: u32 = u32::from_le_bytes(*b"CLSG");
/// What is written: the hash of a segment is one over the hashes of its batches.
pub(crate) const FORMAT: u16 = 2;
/// What is read besides: it is one over their bytes.
pub(crate) const FORMAT_HASHES_BYTES: u16 = 1;
const USED: usize = 92;
const CRC_AT: usize = 88;

/// What a segment says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    /// [`FORMAT`], or an older one that can be read.
    pub(crate) format: u16,
    /// Identity of the journal.
    pub(crate) log_id: [u8; 16],
    /// Number of this segment, from 0.
    pub(crate) segment: u64,
    /// Sequence of the first event it may hold.
    pub(crate) base_seq: u64,
    /// Chain of the last batch before it.
    pub(crate) prev_chain: Chain,
    /// BLAKE3 of the genesis event, as the caller computed it at creation.
    pub(crate) genesis_hash: [u8; 32],
    /// Length of the segment in bytes.
    pub(crate) bytes: u64,
}

/// File name of a segment.
pub(crate) fn segment_name(segment: u64) -> String {
    format!("{segment:08}.log")
}

/// Name a segment has while it is being built.
pub(crate) fn segment_name_temporary(segment: u64) -> String {
    format!("{segment:08}.log.tmp")
}

/// The segment number in a file name of that form.
pub(crate) fn segment_number(name: &str, suffix: &str) -> Option<u64> {
    let digits = name.strip_suffix(suffix)?;
    if digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        digits.parse().ok()
    } else {
        None
    }
}

/// Whether a length can be a segment's: a power of two between the limits.
pub(crate) fn length_allowed(bytes: u64) -> bool {
    bytes.is_power_of_two() && (SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&bytes)
}

impl SegmentHeader {
    /// The header page.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut page = vec![0u8; SEGMENT_HEADER as usize];
        let log2 = self.bytes.trailing_zeros() as u16;
        let flags = if log2 == LENGTH_LOG2_MAX { 0 } else { log2 };
        put(&mut page, 0, &MAGIC.to_le_bytes());
        put(&mut page, 4, &self.format.to_le_bytes());
        put(&mut page, 6, &flags.to_le_bytes());
        put(&mut page, 8, &self.log_id);
        put(&mut page, 24, &self.segment.to_le_bytes());
        put(&mut page, 32, &self.base_seq.to_le_bytes());
        put(&mut page, 40, &self.prev_chain);
        put(&mut page, 56, &self.genesis_hash);
        let crc = crc32c::crc32c(&page[..CRC_AT]);
        put(&mut page, CRC_AT, &crc.to_le_bytes());
        page
    }

    /// Reads a header page of `SEGMENT_HEADER` bytes.
    pub(crate) fn decode(page: &[u8]) -> Result<SegmentHeader, Defect> {
        let magic = u32_at(page, 0);
        if magic != MAGIC {
            let found = format!("magic {magic:#010x}");
            return Err(Defect::corrupt("a segment header", found));
        }
        let (stored, computed) = (u32_at(page, CRC_AT), crc32c::crc32c(&page[..CRC_AT]));
        if stored != computed {
            let expected = format!("segment header checksum {stored:#010x}");
            return Err(Defect::corrupt(expected, format!("{computed:#010x}")));
        }
        if !all_zero(&page[USED..]) {
            return Err(Defect::corrupt("zeros after the segment header", "other bytes"));
        }
        let format = u16_at(page, 4);
        if format != FORMAT && format != FORMAT_HASHES_BYTES {
            let expected = format!("segment format {FORMAT_HASHES_BYTES} or {FORMAT}");
            return Err(Defect::unsupported(expected, format!("format {format}")));
        }
        Ok(SegmentHeader {
            format,
            log_id: array_at(page, 8),
            segment: u64_at(page, 24),
            base_seq: u64_at(page, 32),
            prev_chain: array_at(page, 40),
            genesis_hash: array_at(page, 56),
            bytes: length(u16_at(page, 6))?,
        })
    }
}

fn length(flags: u16) -> Result<u64, Defect> {
    let log2 = if flags == 0 { LENGTH_LOG2_MAX } else { flags & LENGTH_MASK };
    let known = flags & !LENGTH_MASK == 0 && (LENGTH_LOG2_MIN..=LENGTH_LOG2_MAX).contains(&log2);
    // 26 has one spelling only, so that equal headers are equal bytes.
    if known && flags != LENGTH_LOG2_MAX {
        Ok(1 << log2)
    } else {
        Err(Defect::unsupported("known segment flags", format!("flags {flags:#06x}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(bytes: u64) -> SegmentHeader {
        SegmentHeader {
            format: FORMAT,
            log_id: [7; 16],
            segment: 3,
            base_seq: 99,
            prev_chain: [8; 16],
            genesis_hash: [9; 32],
            bytes,
        }
    }

    #[test]
    fn a_header_reads_back_at_every_length() {
        for log2 in LENGTH_LOG2_MIN..=LENGTH_LOG2_MAX {
            let header = header(1 << log2);
            assert_eq!(SegmentHeader::decode(&header.encode()), Ok(header));
        }
    }

    #[test]
    fn every_flipped_bit_of_the_page_is_noticed() {
        let page = header(SEGMENT_BYTES_MIN).encode();
        for bit in 0..page.len() * 8 {
            let mut bad = page.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(SegmentHeader::decode(&bad).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn unknown_formats_and_flags_are_unsupported() {
        for (at, value) in [(4, 0u16), (4, 3), (6, 26), (6, 12), (6, 27), (6, 32 + 13), (6, 0x8000)]
        {
            let mut page = header(SEGMENT_BYTES_MIN).encode();
            put(&mut page, at, &value.to_le_bytes());
            let crc = crc32c::crc32c(&page[..CRC_AT]);
            put(&mut page, CRC_AT, &crc.to_le_bytes());
            let defect = SegmentHeader::decode(&page).expect_err("unknown value");
            assert_eq!(defect.category, crate::Category::Unsupported, "{at} {value}");
        }
    }

    #[test]
    fn only_eight_digits_name_a_segment() {
        assert_eq!(segment_number(&segment_name(12), ".log"), Some(12));
        for name in ["1.log", "0000000a.log", "+0000012.log", "00000012.idx"] {
            assert_eq!(segment_number(name, ".log"), None, "{name}");
        }
    }
}
