//! The envelope of a record, 28 bytes, and the walk over the records of a payload.
//!
//! `len u32 | type u16 | schema u16 | producer u32 | producer_seq u64 | timestamp i64`, then
//! `len` bytes of body. Types below 0x8000 are commands, numbered by hand and never reused; an
//! event's sequence is the batch's first sequence plus its index among the events. Types from
//! 0x8000 are control records: no sequence, never applied.

use crate::bytes::{i64_at, u16_at, u32_at, u64_at};
use crate::error::Defect;

use super::control::Control;

/// Longest body of a record: 1 MiB.
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// Length of the envelope.
pub(crate) const ENVELOPE: usize = 28;
/// Control records have this bit in their type.
pub(crate) const CONTROL_BIT: u16 = 0x8000;

/// What the journal knows of a record besides its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    /// Type number: 0x0001 to 0x7FFF for commands.
    pub kind: u16,
    /// Version of the body's layout, from 1.
    pub schema: u16,
    /// Who sent it; 0 is the clearing house.
    pub producer: u32,
    /// The sender's own count.
    pub producer_seq: u64,
    /// Nanoseconds since 1970 UTC, stamped by the sequencer, never decreasing.
    pub timestamp: i64,
}

/// An event as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawEvent<'a> {
    /// Its place in line.
    pub sequence: u64,
    /// Type, schema, sender, time.
    pub envelope: Envelope,
    /// The encoded command.
    pub body: &'a [u8],
}

/// A record of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record<'a> {
    /// A command that was heard.
    Event(RawEvent<'a>),
    /// What the journal says about itself.
    Control(Control),
}

/// Appends the envelope. `body` is the length of the body that follows, at most 1 MiB.
pub(crate) fn put_envelope(buffer: &mut Vec<u8>, envelope: &Envelope, body: usize) {
    let mut bytes = [0u8; ENVELOPE];
    bytes[0..4].copy_from_slice(&(body as u32).to_le_bytes());
    bytes[4..6].copy_from_slice(&envelope.kind.to_le_bytes());
    bytes[6..8].copy_from_slice(&envelope.schema.to_le_bytes());
    bytes[8..12].copy_from_slice(&envelope.producer.to_le_bytes());
    bytes[12..20].copy_from_slice(&envelope.producer_seq.to_le_bytes());
    bytes[20..28].copy_from_slice(&envelope.timestamp.to_le_bytes());
    buffer.extend_from_slice(&bytes);
}

/// Splits the first record off a payload: envelope, body, rest.
pub(crate) fn split_record(payload: &[u8]) -> Result<(Envelope, &[u8], &[u8]), Defect> {
    if payload.len() < ENVELOPE {
        let found = format!("{} bytes", payload.len());
        return Err(Defect::corrupt("a record envelope of 28 bytes", found));
    }
    let body = u32_at(payload, 0) as usize;
    let rest = payload.len() - ENVELOPE;
    if body > BODY_BYTES_MAX || body > rest {
        let expected = format!("a record body of at most {} bytes", rest.min(BODY_BYTES_MAX));
        return Err(Defect::corrupt(expected, format!("length {body}")));
    }
    let envelope = Envelope {
        kind: u16_at(payload, 4),
        schema: u16_at(payload, 6),
        producer: u32_at(payload, 8),
        producer_seq: u64_at(payload, 12),
        timestamp: i64_at(payload, 20),
    };
    let (record, rest) = payload.split_at(ENVELOPE + body);
    Ok((envelope, &record[ENVELOPE..], rest))
}

/// The records of a payload, in order. Payloads handed out by the reader were checked whole, so
/// the walk ends where they end.
#[derive(Debug, Clone)]
pub(crate) struct Records<'a> {
    payload: &'a [u8],
    next_seq: u64,
}

impl<'a> Records<'a> {
    /// Over a payload whose first event has this sequence.
    pub(crate) fn new(payload: &'a [u8], first_seq: u64) -> Records<'a> {
        Records { payload, next_seq: first_seq }
    }

    /// The next record, or what is wrong with it.
    pub(crate) fn step(&mut self) -> Option<Result<Record<'a>, Defect>> {
        if self.payload.is_empty() {
            return None;
        }
        let (envelope, body, rest) = match split_record(self.payload) {
            Ok(split) => split,
            Err(defect) => return Some(Err(defect)),
        };
        self.payload = rest;
        if envelope.kind & CONTROL_BIT == 0 {
            let sequence = self.next_seq;
            self.next_seq += 1;
            Some(Ok(Record::Event(RawEvent { sequence, envelope, body })))
        } else {
            Some(Control::decode(&envelope, body).map(Record::Control))
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        self.step()?.ok()
    }
}
