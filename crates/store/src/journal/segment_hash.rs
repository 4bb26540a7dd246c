//! The hash of a segment so far, which a close record carries.
//!
//! BLAKE3 over the segment's first page and, for every batch, the BLAKE3 of its bytes: what the
//! chain needs anyway, so that each byte is hashed once. In segments of format 1 it goes over the
//! bytes of the batches themselves.

use super::segment::{FORMAT_HASHES_BYTES, SegmentHeader};

/// The hash in the making.
#[derive(Debug, Clone)]
pub(crate) struct SegmentHash {
    hasher: blake3::Hasher,
    of_bytes: bool,
}

impl SegmentHash {
    /// After a segment's first page.
    pub(crate) fn after_header(header: &SegmentHeader) -> SegmentHash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&header.encode());
        SegmentHash { hasher, of_bytes: header.format == FORMAT_HASHES_BYTES }
    }

    /// Adds a batch with its hash.
    pub(crate) fn add(&mut self, frame: &[u8], hash: &[u8; 32]) {
        self.hasher.update(if self.of_bytes { frame } else { hash });
    }

    /// The hash up to the last batch added.
    pub(crate) fn value(&self) -> [u8; 32] {
        *self.hasher.finalize().as_bytes()
    }
}
