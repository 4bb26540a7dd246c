//! From a full segment to the next: close record, sync, HEAD synced, then the new segment.

use crate::error::StoreError;

use super::super::head::HEAD_NAME;
use super::super::segment::{FORMAT, SEGMENT_HEADER, SegmentHeader};
use super::super::segment_hash::SegmentHash;
use super::super::spare::Spare;
use super::Writer;

impl Writer {
    /// Moves to the next segment. The batch in memory is empty. `StorageFull` leaves everything
    /// as it was.
    pub(in super::super) fn rotate(&mut self) -> Result<(), StoreError> {
        let ready = self.spare.complete(&*self.storage);
        if let Err(error) = ready {
            self.failed |= error.category() != crate::Category::StorageFull;
            return Err(error);
        }
        if self.last_close.is_none() {
            self.write_close([0; 32], [0; 16])?;
        }
        let synced = self.head.sync();
        self.must(synced, "sync HEAD", HEAD_NAME)?;
        self.index.save(&*self.storage, &self.header);
        let next = SegmentHeader {
            format: FORMAT,
            segment: self.header.segment + 1,
            base_seq: self.next_seq,
            prev_chain: self.chain,
            bytes: self.options.segment_bytes,
            ..self.header
        };
        let file = self.spare.install(&*self.storage, &next);
        self.failed |= file.is_err();
        self.file = file?;
        self.offset = SEGMENT_HEADER;
        self.segment_hash = SegmentHash::after_header(&next);
        self.spare = Spare::new(next.segment + 1, next.bytes);
        self.last_close = None;
        self.header = next;
        self.measure_room();
        Ok(())
    }
}
