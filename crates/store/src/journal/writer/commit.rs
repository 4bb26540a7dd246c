//! From memory to the disk: write, sync, HEAD, and only then durable.

use std::io;
use std::time::Instant;

use crate::error::StoreError;
use crate::storage::write_all_at;

use super::super::control::{Close, Control, Repair, Seal};
use super::super::frame::{FRAME_HEADER, chain_of, hash_of, seal_frame};
use super::super::head::{HEAD_NAME, Head};
use super::super::options::HeadSync;
use super::super::segment::segment_name;
use super::super::spare::fatal;
use super::{Writer, next_multiple};

/// Zeros written to the next segment per byte committed in the second half of this one. Two
/// would just do; four leaves room for batches that end a segment early.
const SPARE_PER_BYTE: u64 = 4;
const SPARE_LEAST: u64 = 256 << 10;

impl Writer {
    /// Commits the batch in memory and returns the last durable sequence. An empty batch costs
    /// nothing. `seal` is given exactly when `seal_due`.
    ///
    /// Errors: `Misuse` for a missing, wrong or superfluous seal (the batch stays), `Io` is
    /// fatal: the caller acknowledges nothing and stops.
    pub fn commit(&mut self, seal: Option<&Seal>) -> Result<u64, StoreError> {
        self.usable()?;
        let last_seq = self.next_seq - 1;
        let fitting = seal.is_none_or(|seal| seal.at_seq == last_seq);
        if seal.is_some() != self.seal_due() || !fitting {
            let expected = format!("a seal exactly at multiples of {}", self.seal_interval);
            let found = format!("{:?} at {last_seq}", seal.map(|seal| seal.at_seq));
            return Err(self.misuse(&expected, found));
        }
        if self.events == 0 {
            return Ok(self.durable_seq);
        }
        let mut records = self.events;
        if let Some(seal) = seal {
            Control::Seal(*seal).put(&mut self.batch, self.timestamp);
            records += 1;
        }
        let (first_seq, offset) = (last_seq + 1 - u64::from(self.events), self.offset);
        self.write_batch(records)?;
        self.index.note(first_seq, self.header.segment, offset);
        self.last_close = None;
        self.tick()?;
        self.build_spare(self.offset - offset)?;
        Ok(self.durable_seq)
    }

    /// Makes HEAD durable now: the runtime asks for it before it relies on a snapshot.
    pub fn sync_head(&mut self) -> Result<(), StoreError> {
        self.usable()?;
        self.head_synced = Instant::now();
        self.head_dirty = false;
        let synced = self.head.sync();
        self.must(synced, "sync HEAD", HEAD_NAME)
    }

    /// Syncs HEAD if it was written and the interval has passed. `commit` does so by itself; call
    /// this when no commands come, so that HEAD is not left behind by more than the interval.
    pub fn tick(&mut self) -> Result<(), StoreError> {
        match self.options.head_sync {
            HeadSync::Every(interval)
                if self.head_dirty && self.head_synced.elapsed() >= interval =>
            {
                self.sync_head()
            }
            _ => Ok(()),
        }
    }

    /// Stops cleanly: whatever is in memory must have been committed. Appends a close record with
    /// the digests of the state, unless the log ends with that very record already.
    pub fn close(
        mut self,
        state_digest: [u8; 32],
        effect_digest: [u8; 16],
    ) -> Result<(), StoreError> {
        self.usable()?;
        if self.events > 0 {
            return Err(self.misuse("a committed batch", format!("{} events", self.events)));
        }
        let known = |close: Close| {
            (close.state_digest, close.effect_digest) == (state_digest, effect_digest)
        };
        if !self.last_close.is_some_and(known) {
            if self.header.bytes - self.offset < Close::BATCH_BYTES {
                self.rotate()?;
            }
            self.write_close(state_digest, effect_digest)?;
        }
        self.index.save(&*self.storage, &self.header);
        self.sync_head()
    }

    /// A repair record in a batch of its own, anchored durably.
    pub(in super::super) fn write_repair(&mut self, repair: &Repair) -> Result<(), StoreError> {
        let need = Repair::BATCH_BYTES_MAX + Close::BATCH_BYTES;
        if self.header.bytes - self.offset < need {
            self.rotate()?;
        }
        self.write_control(&Control::Repair(repair.clone()))?;
        self.sync_head()
    }

    /// A close in a batch of its own.
    pub(super) fn write_close(
        &mut self,
        state_digest: [u8; 32],
        effect_digest: [u8; 16],
    ) -> Result<(), StoreError> {
        let close = Close {
            last_seq: self.durable_seq,
            chain: self.chain,
            segment_hash: self.segment_hash.value(),
            state_digest,
            effect_digest,
        };
        self.write_control(&Control::Close(close))?;
        self.last_close = Some(close);
        Ok(())
    }

    /// A control record in a batch of its own, durable.
    pub(super) fn write_control(&mut self, control: &Control) -> Result<(), StoreError> {
        let timestamp = if self.timestamp == i64::MIN { 0 } else { self.timestamp };
        control.put(&mut self.batch, timestamp);
        self.last_close = None;
        self.write_batch(1)
    }

    /// The order of operations that everything rests on: write, sync, HEAD, durable.
    fn write_batch(&mut self, records: u32) -> Result<(), StoreError> {
        let header = self.frame_header(records);
        seal_frame(&mut self.batch, &header, self.seed);
        let name = segment_name(self.header.segment);
        let written = write_all_at(&*self.file, self.offset, &self.batch);
        self.must(written, "write batch", &name)?;
        let synced = self.file.fdatasync();
        self.must(synced, "sync batch", &name)?;
        let hash = hash_of(&self.batch);
        self.chain = chain_of(&hash);
        self.segment_hash.add(&self.batch, &hash);
        self.offset += self.batch.len() as u64;
        let head = Head {
            generation: 0,
            log_id: self.header.log_id,
            seq: header.last_seq(),
            chain: self.chain,
            segment: self.header.segment,
            end_offset: self.offset,
        };
        let anchored = self.head.write(head);
        self.must(anchored, "write HEAD", HEAD_NAME)?;
        self.head_dirty = true;
        if self.options.head_sync == HeadSync::EachBatch {
            let synced = self.head.sync();
            self.must(synced, "sync HEAD", HEAD_NAME)?;
            self.head_dirty = false;
        }
        self.durable_seq = header.last_seq();
        if self.durable_seq >= self.seal_at {
            self.seal_at = next_multiple(self.durable_seq, self.seal_interval);
        }
        self.batch.clear();
        self.batch.resize(FRAME_HEADER, 0);
        self.batch_sound = FRAME_HEADER;
        self.events = 0;
        self.measure_room();
        Ok(())
    }

    fn build_spare(&mut self, committed: u64) -> Result<(), StoreError> {
        if self.offset < self.header.bytes / 2 {
            return Ok(());
        }
        let bytes = (committed * SPARE_PER_BYTE).max(SPARE_LEAST);
        let built = self.spare.advance(&*self.storage, bytes);
        self.failed |= built.is_err();
        built
    }

    /// Passes a success; a failure spends the writer.
    pub(super) fn must(
        &mut self,
        answer: io::Result<()>,
        doing: &str,
        name: &str,
    ) -> Result<(), StoreError> {
        answer.map_err(|error| {
            self.failed = true;
            fatal(doing, name, error)
        })
    }
}
