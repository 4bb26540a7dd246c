//! Frames between a client and the gateway, little-endian, each behind its length.
//!
//! A request has the layout of a journal record: `len u32 | type u16 | schema u16 | producer u32 |
//! producer_seq u64 | time i64`, then `len` bytes of body, at most 1 MiB. An answer: `len u32 |
//! code u16 | zero u16 | producer u32 | producer_seq u64 | number u64`, then `len` bytes of text:
//! the broken rule of a refusal, the reason of a closing. Lengths are checked before anything is
//! allocated for them.
//!
//! A connection for which the gateway has no place is told `Busy` once, as producer 0 and count 0,
//! which answer no command, then why it is closed.

use std::time::Duration;

use domain::{Event, Refusal, Sequence, Timestamp};
use store::codec;
use store::journal::BODY_BYTES_MAX;

use crate::batch::{Answer, Verdict};
use crate::stamp::ExternalCommand;

/// Bytes before the body of a request, and before the text of an answer.
pub const HEADER_BYTES: usize = 28;
/// Longest text of an answer.
pub const TEXT_BYTES_MAX: usize = 256;

const DONE: u16 = 1;
const REFUSED: u16 = 2;
const DUPLICATE: u16 = 3;
const GAP: u16 = 4;
const STORAGE_FULL: u16 = 5;
const BUSY: u16 = 6;
const CLOSING: u16 = 7;

/// Why a frame is none. The connection is closed with these words; nothing is logged of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Longer than any body.
    #[error("expected a body of at most {BODY_BYTES_MAX} bytes, found length {0}")]
    Oversized(usize),
    /// The bytes end inside a frame.
    #[error("expected a whole frame, found the first {0} bytes of one")]
    Half(usize),
    /// The rest of a frame did not come in time.
    #[error("expected a whole frame within {within:?}, found the first {found} bytes of one")]
    Slow {
        /// Bytes that came.
        found: usize,
        /// The time that a frame has.
        within: Duration,
    },
    /// Producer 0 is the clearing house.
    #[error("expected a producer from 1, found 0, which is the clearing house")]
    ProducerZero,
    /// The body is no command, or no answer.
    #[error("{0}")]
    Malformed(String),
}

/// Appends a request.
///
/// # Errors
/// The command's body exceeds 1 MiB.
pub fn put_request(bytes: &mut Vec<u8>, command: &ExternalCommand) -> Result<(), FrameError> {
    let start = bytes.len();
    let ExternalCommand { producer, producer_seq, wish, command } = command.clone();
    let event =
        Event { sequence: Sequence::START, timestamp: wish, producer, producer_seq, command };
    let envelope = codec::envelope_of(&event);
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&envelope.kind.to_le_bytes());
    bytes.extend_from_slice(&envelope.schema.to_le_bytes());
    bytes.extend_from_slice(&envelope.producer.to_le_bytes());
    bytes.extend_from_slice(&envelope.producer_seq.to_le_bytes());
    bytes.extend_from_slice(&envelope.timestamp.to_le_bytes());
    if let Err(error) = codec::encode_into(&event.command, bytes) {
        bytes.truncate(start);
        return Err(FrameError::Malformed(error.to_string()));
    }
    let body = (bytes.len() - start - HEADER_BYTES) as u32;
    bytes[start..start + 4].copy_from_slice(&body.to_le_bytes());
    Ok(())
}

/// Takes the first request off `bytes`: the command and the frame's length; `None` if more bytes
/// are needed.
///
/// # Errors
/// No frame begins like this, however it goes on.
pub fn take_request(bytes: &[u8]) -> Result<Option<(ExternalCommand, usize)>, FrameError> {
    let Some((header, body)) = split(bytes, BODY_BYTES_MAX)? else {
        return Ok(None);
    };
    let producer = u32::from_le_bytes(array(header, 8));
    if producer == 0 {
        return Err(FrameError::ProducerZero);
    }
    let kind = u16::from_le_bytes(array(header, 4));
    let schema = u16::from_le_bytes(array(header, 6));
    let command = codec::decode(kind, schema, body)
        .map_err(|error| FrameError::Malformed(error.to_string()))?;
    let external = ExternalCommand {
        producer,
        producer_seq: u64::from_le_bytes(array(header, 12)),
        wish: Timestamp::from_nanos(i64::from_le_bytes(array(header, 20))),
        command,
    };
    Ok(Some((external, HEADER_BYTES + body.len())))
}

/// What the gateway says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// The answer to a command.
    Answer(Answer),
    /// The connection ends, for this reason. Answers to earlier commands may still follow.
    Closing(String),
}

/// Appends an answer.
pub fn put_answer(bytes: &mut Vec<u8>, answer: &Answer) {
    let Answer { producer, producer_seq, verdict } = *answer;
    let (code, number, text) = match verdict {
        Verdict::Done(sequence) => (DONE, sequence.number(), ""),
        Verdict::Refused(sequence, refusal) => (REFUSED, sequence.number(), refusal.word()),
        Verdict::Duplicate(last) => (DUPLICATE, last, ""),
        Verdict::Gap(expected) => (GAP, expected, ""),
        Verdict::StorageFull => (STORAGE_FULL, 0, ""),
        Verdict::Busy => (BUSY, 0, ""),
    };
    put(bytes, code, producer, producer_seq, number, text);
}

/// Appends the reason of a closing, cut at [`TEXT_BYTES_MAX`].
pub fn put_closing(bytes: &mut Vec<u8>, reason: &str) {
    let mut end = reason.len().min(TEXT_BYTES_MAX);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    put(bytes, CLOSING, 0, 0, 0, &reason[..end]);
}

fn put(bytes: &mut Vec<u8>, code: u16, producer: u32, producer_seq: u64, number: u64, text: &str) {
    bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&code.to_le_bytes());
    bytes.extend_from_slice(&[0; 2]);
    bytes.extend_from_slice(&producer.to_le_bytes());
    bytes.extend_from_slice(&producer_seq.to_le_bytes());
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

/// Takes the first answer off `bytes`: what was said and the frame's length; `None` if more bytes
/// are needed.
///
/// # Errors
/// No frame begins like this, however it goes on.
pub fn take_answer(bytes: &[u8]) -> Result<Option<(Said, usize)>, FrameError> {
    let Some((header, body)) = split(bytes, TEXT_BYTES_MAX)? else {
        return Ok(None);
    };
    let malformed = |what: String| FrameError::Malformed(what);
    let text = std::str::from_utf8(body).map_err(|error| malformed(error.to_string()))?;
    let number = u64::from_le_bytes(array(header, 20));
    let code = u16::from_le_bytes(array(header, 4));
    let verdict = match code {
        DONE => Verdict::Done(Sequence::new(number)),
        REFUSED => Verdict::Refused(Sequence::new(number), refusal(text)?),
        DUPLICATE => Verdict::Duplicate(number),
        GAP => Verdict::Gap(number),
        STORAGE_FULL => Verdict::StorageFull,
        BUSY => Verdict::Busy,
        CLOSING => {
            let said = Said::Closing(text.to_string());
            return Ok(Some((said, HEADER_BYTES + body.len())));
        }
        other => return Err(malformed(format!("expected an answer's code, found {other}"))),
    };
    let producer = u32::from_le_bytes(array(header, 8));
    let producer_seq = u64::from_le_bytes(array(header, 12));
    let said = Said::Answer(Answer { producer, producer_seq, verdict });
    Ok(Some((said, HEADER_BYTES + body.len())))
}

fn refusal(word: &str) -> Result<Refusal, FrameError> {
    let known = Refusal::ALL.iter().find(|refusal| refusal.word() == word);
    known.copied().ok_or_else(|| FrameError::Malformed(format!("no rule is named {word:?}")))
}

/// Header and body.
type Frame<'a> = (&'a [u8], &'a [u8]);

/// The first frame; `None` if it is not whole yet.
fn split(bytes: &[u8], body_max: usize) -> Result<Option<Frame<'_>>, FrameError> {
    if bytes.len() < 4 {
        return Ok(None);
    }
    let body = u32::from_le_bytes(array(bytes, 0)) as usize;
    if body > body_max {
        return Err(FrameError::Oversized(body));
    }
    if bytes.len() < HEADER_BYTES + body {
        return Ok(None);
    }
    let (header, rest) = bytes.split_at(HEADER_BYTES);
    Ok(Some((header, &rest[..body])))
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("a range of N bytes has N bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::command::Deposit;
    use domain::{AccountId, Amount, AssetId};

    fn request() -> ExternalCommand {
        let (account, asset) = (AccountId::new(7), AssetId::new(2));
        ExternalCommand {
            producer: 3,
            producer_seq: 9,
            wish: Timestamp::from_nanos(-1),
            command: Deposit { account, asset, amount: Amount::new(5) }.into(),
        }
    }

    #[test]
    fn a_request_reads_back_and_every_prefix_waits_for_more() {
        let mut bytes = Vec::new();
        put_request(&mut bytes, &request()).expect("small");
        assert_eq!(bytes.len(), HEADER_BYTES + 28);
        for end in 0..bytes.len() {
            assert_eq!(take_request(&bytes[..end]), Ok(None), "{end}");
        }
        let whole = bytes.len();
        put_request(&mut bytes, &request()).expect("small");
        assert_eq!(take_request(&bytes), Ok(Some((request(), whole))));
    }

    #[test]
    fn lengths_are_judged_by_their_first_four_bytes() {
        for (length, oversized) in
            [(0, false), (1 << 20, false), ((1 << 20) + 1, true), (u32::MAX, true)]
        {
            let taken = take_request(&length.to_le_bytes());
            assert_eq!(taken == Err(FrameError::Oversized(length as usize)), oversized, "{length}");
            assert_eq!(taken == Ok(None), !oversized, "{length}");
        }
    }

    #[test]
    fn every_bit_flip_gives_another_command_or_an_error() {
        let mut bytes = Vec::new();
        put_request(&mut bytes, &request()).expect("small");
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            match take_request(&flipped) {
                Ok(Some((command, _))) => assert_ne!(command, request(), "bit {bit}"),
                Ok(None) => assert!(bit < 32, "bit {bit}"),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    }

    #[test]
    fn answers_read_back() {
        let sequence = Sequence::new(77);
        let mut verdicts: Vec<Verdict> =
            Refusal::ALL.iter().map(|refusal| Verdict::Refused(sequence, *refusal)).collect();
        verdicts.extend([
            Verdict::Done(sequence),
            Verdict::Duplicate(4),
            Verdict::Gap(5),
            Verdict::StorageFull,
            Verdict::Busy,
        ]);
        for verdict in verdicts {
            let answer = Answer { producer: 3, producer_seq: 9, verdict };
            let mut bytes = Vec::new();
            put_answer(&mut bytes, &answer);
            let length = bytes.len();
            assert_eq!(take_answer(&bytes), Ok(Some((Said::Answer(answer), length))));
            assert_eq!(take_answer(&bytes[..length - 1]), Ok(None));
        }
    }

    #[test]
    fn a_closing_is_cut_at_a_character() {
        let mut bytes = Vec::new();
        put_closing(&mut bytes, &"é".repeat(TEXT_BYTES_MAX));
        let (said, _) = take_answer(&bytes).expect("sound").expect("whole");
        assert_eq!(said, Said::Closing("é".repeat(TEXT_BYTES_MAX / 2)));
        bytes[4] = 99;
        assert!(take_answer(&bytes).is_err());
    }
}
