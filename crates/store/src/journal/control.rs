//! Control records: what the journal says about itself. No sequence, never applied.
//!
//! A seal closes the batch that ends at a multiple of the seal interval and lets replay check
//! that it arrived at the same state. A close ends a segment or a clean run. A repair says that
//! a person accepted a loss.

use crate::bytes::{array_at, hex, u32_at, u64_at};
use crate::error::Defect;

use super::frame::Chain;
use super::record::{Envelope, put_envelope};

/// Type number of a seal.
pub const SEAL: u16 = 0x8001;
/// Type number of a close.
pub const CLOSE: u16 = 0x8002;
/// Type number of a repair.
pub const REPAIR: u16 = 0x8003;

const SCHEMA: u16 = 1;
const SEAL_BYTES: usize = 44;
const CLOSE_BYTES: usize = 104;
const REPAIR_BYTES: usize = 48;
/// Longest reason of a repair, in bytes of UTF-8.
pub(crate) const REASON_BYTES_MAX: usize = 256;

/// The state at a multiple of the seal interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal {
    /// Sequence after which the digests hold.
    pub at_seq: u64,
    /// Wrapping 128-bit sum over the state's records.
    pub seal_digest: [u8; 16],
    /// Running digest of all effects.
    pub effect_digest: [u8; 16],
    /// Version of the behaviour that produced them.
    pub semantics: u32,
}

/// The end of a segment or of a clean run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Close {
    /// Last sequence before it.
    pub last_seq: u64,
    /// Chain before it.
    pub chain: Chain,
    /// BLAKE3 over the segment's first page and the BLAKE3 of each batch up to this one.
    /// In segments of format 1 it goes over the bytes of these batches themselves.
    pub segment_hash: [u8; 32],
    /// At a clean stop the state digest, else zero.
    pub state_digest: [u8; 32],
    /// At a clean stop the running effect digest, else zero.
    pub effect_digest: [u8; 16],
}

/// A loss that a person accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// First sequence given up.
    pub from_seq: u64,
    /// Last sequence known to have been lost; `from_seq - 1` if none is known.
    pub lost_seq: u64,
    /// BLAKE3 of the bytes set aside.
    pub quarantine_hash: [u8; 32],
    /// Why, in the words of the person.
    pub reason: String,
}

/// A control record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// See [`Seal`].
    Seal(Seal),
    /// See [`Close`].
    Close(Close),
    /// See [`Repair`].
    Repair(Repair),
}

impl Control {
    /// Appends the record, stamped with `timestamp`, to a batch.
    pub(crate) fn put(&self, buffer: &mut Vec<u8>, timestamp: i64) {
        let (kind, body) = match self {
            Control::Seal(seal) => (SEAL, seal.encode()),
            Control::Close(close) => (CLOSE, close.encode()),
            Control::Repair(repair) => (REPAIR, repair.encode()),
        };
        let envelope = Envelope { kind, schema: SCHEMA, producer: 0, producer_seq: 0, timestamp };
        put_envelope(buffer, &envelope, body.len());
        buffer.extend_from_slice(&body);
    }

    /// Reads a record whose type has the control bit.
    pub(crate) fn decode(envelope: &Envelope, body: &[u8]) -> Result<Control, Defect> {
        if !matches!(envelope.kind, SEAL | CLOSE | REPAIR) || envelope.schema != SCHEMA {
            let found = format!("type {:#06x} schema {}", envelope.kind, envelope.schema);
            return Err(Defect::unsupported("a known control record", found));
        }
        if envelope.producer != 0 || envelope.producer_seq != 0 {
            let found = format!("producer {} {}", envelope.producer, envelope.producer_seq);
            return Err(Defect::corrupt("a control record of producer 0", found));
        }
        match envelope.kind {
            SEAL => Seal::decode(body).map(Control::Seal),
            CLOSE => Close::decode(body).map(Control::Close),
            _ => Repair::decode(body).map(Control::Repair),
        }
    }
}

fn length_is(body: &[u8], expected: usize, name: &str) -> Result<(), Defect> {
    if body.len() == expected {
        Ok(())
    } else {
        let found = format!("{} bytes", body.len());
        Err(Defect::corrupt(format!("a {name} of {expected} bytes"), found))
    }
}

impl Seal {
    /// Bytes a seal takes in a batch, envelope included.
    pub(crate) const RECORD_BYTES: usize = super::record::ENVELOPE + SEAL_BYTES;

    fn encode(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(SEAL_BYTES);
        body.extend_from_slice(&self.at_seq.to_le_bytes());
        body.extend_from_slice(&self.seal_digest);
        body.extend_from_slice(&self.effect_digest);
        body.extend_from_slice(&self.semantics.to_le_bytes());
        body
    }

    fn decode(body: &[u8]) -> Result<Seal, Defect> {
        length_is(body, SEAL_BYTES, "seal")?;
        Ok(Seal {
            at_seq: u64_at(body, 0),
            seal_digest: array_at(body, 8),
            effect_digest: array_at(body, 24),
            semantics: u32_at(body, 40),
        })
    }
}

impl Close {
    /// Bytes a batch with nothing but a close takes.
    pub(crate) const BATCH_BYTES: u64 =
        (super::frame::FRAME_HEADER + super::record::ENVELOPE + CLOSE_BYTES)
            .next_multiple_of(super::frame::FRAME_ALIGN) as u64;

    /// Whether it ends a clean run rather than a full segment.
    pub fn is_clean_stop(&self) -> bool {
        self.state_digest != [0; 32]
    }

    fn encode(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(CLOSE_BYTES);
        body.extend_from_slice(&self.last_seq.to_le_bytes());
        body.extend_from_slice(&self.chain);
        body.extend_from_slice(&self.segment_hash);
        body.extend_from_slice(&self.state_digest);
        body.extend_from_slice(&self.effect_digest);
        body
    }

    fn decode(body: &[u8]) -> Result<Close, Defect> {
        length_is(body, CLOSE_BYTES, "close")?;
        Ok(Close {
            last_seq: u64_at(body, 0),
            chain: array_at(body, 8),
            segment_hash: array_at(body, 24),
            state_digest: array_at(body, 56),
            effect_digest: array_at(body, 88),
        })
    }
}

impl Repair {
    /// Bytes a batch with nothing but a repair takes at most.
    pub(crate) const BATCH_BYTES_MAX: u64 =
        (super::frame::FRAME_HEADER + super::record::ENVELOPE + REPAIR_BYTES + REASON_BYTES_MAX)
            .next_multiple_of(super::frame::FRAME_ALIGN) as u64;

    fn encode(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(REPAIR_BYTES + self.reason.len());
        body.extend_from_slice(&self.from_seq.to_le_bytes());
        body.extend_from_slice(&self.lost_seq.to_le_bytes());
        body.extend_from_slice(&self.quarantine_hash);
        body.extend_from_slice(self.reason.as_bytes());
        body
    }

    fn decode(body: &[u8]) -> Result<Repair, Defect> {
        let reason = body.get(REPAIR_BYTES..).and_then(|tail| std::str::from_utf8(tail).ok());
        match reason {
            Some(reason) if reason.len() <= REASON_BYTES_MAX => Ok(Repair {
                from_seq: u64_at(body, 0),
                lost_seq: u64_at(body, 8),
                quarantine_hash: array_at(body, 16),
                reason: reason.to_string(),
            }),
            _ => {
                let found = hex(&body[..body.len().min(64)]);
                Err(Defect::corrupt("a repair: 48 bytes and a reason in UTF-8", found))
            }
        }
    }
}
