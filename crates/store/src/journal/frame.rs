//! The frame of a batch: a 64-byte header, the records, zero padding to a multiple of 8.
//!
//! The checksum is crc32c over header, payload and padding except its own four bytes, seeded
//! with crc32c of the log's identity: nobody who does not know it can plant a well-formed batch
//! inside a command. `chain(k)` is the first 16 bytes of BLAKE3 over all bytes of batch k;
//! `chain(0)` is that of a fixed label followed by the identity. The whole hash of every batch also
//! goes into its segment's, so that each byte is hashed once.

use crate::bytes::{all_zero, array_at, put, u16_at, u32_at, u64_at};
use crate::error::Defect;

/// The chain value after a batch.
pub type Chain = [u8; 16];

/// Longest batch: the whole frame, header and padding included.
pub const BATCH_BYTES_MAX: usize = 4 << 20;
/// Most events in a batch; control records come on top.
pub const BATCH_EVENTS_MAX: u32 = 4_096;

/// Length of the frame's header.
pub(crate) const FRAME_HEADER: usize = 64;
/// Batches begin and end at multiples of this.
pub(crate) const FRAME_ALIGN: usize = 8;

const MAGIC: u32 = u32::from_le_bytes(*b"CLBT");
const VERSION: u16 = 1;
const CHAIN_LABEL: &[u8] = b"clearsim journal chain 1";
/// No batch of ours holds more control records than a seal and a repair.
const CONTROLS_MAX: u32 = 4;

/// The fields of a frame that vary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    /// Payload bytes, without header and padding.
    pub(crate) payload: u32,
    /// Sequence of the first event inside, or the next one expected if there is none.
    pub(crate) first_seq: u64,
    /// Events inside.
    pub(crate) events: u32,
    /// Events and control records inside.
    pub(crate) records: u32,
    /// Chain of the batch before.
    pub(crate) prev_chain: Chain,
    /// Last sequence that was durable before this batch was written.
    pub(crate) durable_seq: u64,
}

impl FrameHeader {
    /// Sequence of the last event at or before the end of this batch.
    pub(crate) fn last_seq(&self) -> u64 {
        self.first_seq + u64::from(self.events) - 1
    }
}

/// Seed of the checksums of one journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameSeed(u32);

impl FrameSeed {
    /// The seed that follows from the identity of the journal.
    pub(crate) fn of(log_id: &[u8; 16]) -> FrameSeed {
        FrameSeed(crc32c::crc32c(log_id))
    }

    /// Checksum of a whole frame.
    fn checksum(self, frame: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c_append(self.0, &frame[..8]), &frame[12..])
    }

    /// Whether the frame carries its checksum.
    pub(crate) fn holds(self, frame: &[u8]) -> bool {
        u32_at(frame, 8) == self.checksum(frame)
    }
}

/// Chain before the first batch.
pub(crate) fn chain_origin(log_id: &[u8; 16]) -> Chain {
    let mut hasher = blake3::Hasher::new();
    hasher.update(CHAIN_LABEL);
    hasher.update(log_id);
    array_at(hasher.finalize().as_bytes(), 0)
}

/// BLAKE3 of a batch.
pub(crate) fn hash_of(frame: &[u8]) -> [u8; 32] {
    *blake3::hash(frame).as_bytes()
}

/// Chain after a batch of a hash.
pub(crate) fn chain_of(hash: &[u8; 32]) -> Chain {
    array_at(hash, 0)
}

/// Length of the whole frame for a payload.
pub(crate) fn frame_bytes(payload: usize) -> usize {
    (FRAME_HEADER + payload).next_multiple_of(FRAME_ALIGN)
}

/// Completes a frame in place. `frame` begins with `FRAME_HEADER` bytes of room and then the
/// payload; padding is appended, the header and its checksum are filled in.
pub(crate) fn seal_frame(frame: &mut Vec<u8>, header: &FrameHeader, seed: FrameSeed) {
    frame.resize(frame_bytes(header.payload as usize), 0);
    put(frame, 0, &MAGIC.to_le_bytes());
    put(frame, 4, &header.payload.to_le_bytes());
    put(frame, 12, &VERSION.to_le_bytes());
    put(frame, 14, &0u16.to_le_bytes());
    put(frame, 16, &header.first_seq.to_le_bytes());
    put(frame, 24, &header.events.to_le_bytes());
    put(frame, 28, &header.records.to_le_bytes());
    put(frame, 32, &header.prev_chain);
    put(frame, 48, &header.durable_seq.to_le_bytes());
    put(frame, 56, &0u64.to_le_bytes());
    let crc = seed.checksum(frame);
    put(frame, 8, &crc.to_le_bytes());
}

/// Length of the frame that seems to begin with `header`, if magic and length allow one.
/// Checked before anything is allocated or read.
pub(crate) fn frame_length(header: &[u8]) -> Option<usize> {
    let payload = u32_at(header, 4) as usize;
    let shaped = u32_at(header, 0) == MAGIC && payload <= BATCH_BYTES_MAX - FRAME_HEADER;
    shaped.then(|| frame_bytes(payload))
}

/// Reads the header of a frame whose checksum holds. What is wrong now was written wrong.
pub(crate) fn read_header(frame: &[u8]) -> Result<FrameHeader, Defect> {
    let (version, flags) = (u16_at(frame, 12), u16_at(frame, 14));
    if version != VERSION {
        let expected = format!("batch version {VERSION}");
        return Err(Defect::unsupported(expected, format!("version {version}")));
    }
    if flags != 0 {
        return Err(Defect::unsupported("batch flags 0", format!("flags {flags:#06x}")));
    }
    let header = FrameHeader {
        payload: u32_at(frame, 4),
        first_seq: u64_at(frame, 16),
        events: u32_at(frame, 24),
        records: u32_at(frame, 28),
        prev_chain: array_at(frame, 32),
        durable_seq: u64_at(frame, 48),
    };
    if u64_at(frame, 56) != 0 || !all_zero(&frame[FRAME_HEADER + header.payload as usize..]) {
        return Err(Defect::corrupt("zeros in reserved bytes and padding", "other bytes"));
    }
    let controls = header.records.checked_sub(header.events);
    let counted = header.events <= BATCH_EVENTS_MAX
        && header.records > 0
        && controls.is_some_and(|controls| controls <= CONTROLS_MAX);
    let sequenced =
        header.first_seq >= 1 && header.first_seq <= u64::MAX - u64::from(BATCH_EVENTS_MAX);
    if counted && sequenced {
        Ok(header)
    } else {
        let FrameHeader { first_seq, events, records, .. } = header;
        let found = format!("first sequence {first_seq}, {events} events, {records} records");
        Err(Defect::corrupt("a batch of 1 to 4,096 events with its control records", found))
    }
}
