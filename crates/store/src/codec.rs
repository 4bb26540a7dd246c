//! Commands to bytes and back. The only file that names bincode.
//!
//! `bincode` 1.3.3 with `DefaultOptions`, fixed-width integers, little-endian, trailing bytes
//! refused, 1 MiB at most, from slices only; its free functions have other defaults and are
//! banned. Type and schema stand in the envelope; the body is one variant's struct, never the
//! enum. Law: what decodes encodes to the same bytes, or it is refused.

use std::io;

use bincode::Options as _;
use domain::command::{self, Command};
use domain::event::Event;
use domain::time::{Sequence, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Category, Defect, Place, StoreError};
use crate::journal::{BODY_BYTES_MAX, Envelope, RawEvent, Writer};
use crate::upcast::{self, UPCASTERS};

fn format() -> impl bincode::Options {
    bincode::DefaultOptions::new()
        .with_limit(BODY_BYTES_MAX as u64)
        .with_fixint_encoding()
        .with_little_endian()
        .reject_trailing_bytes()
}

macro_rules! bodies {
    ($($kind:literal $name:ident),* $(,)?) => {
        /// The numbers of the commands that have a body here, in order.
        pub const KINDS: &[u16] = &[$($kind),*];

        fn encoded_bytes(command: &Command) -> Result<u64, bincode::Error> {
            match command { $(Command::$name(body) => format().serialized_size(body),)* }
        }

        fn encode_body(command: &Command, buffer: &mut Vec<u8>) -> Result<(), bincode::Error> {
            match command { $(Command::$name(body) => format().serialize_into(buffer, body),)* }
        }

        fn decode_body(kind: u16, body: &[u8]) -> Result<Command, Defect> {
            match kind {
                // Numbers of fixed width leave no two ways to write a value (the mutations of the
                // tests try); what holds a rulebook is compared with what it encodes to.
                $($kind if $kind > 2 => decode_whole::<command::$name>(body).map(Command::from),
                $kind => decode_exact::<command::$name>(body).map(Command::from),)*
                _ => {
                    let found = format!("type {kind:#06x}");
                    Err(Defect::unsupported("a known type of command", found))
                }
            }
        }
    };
}

bodies! {
    1 Genesis,
    2 SetRulebook,
    3 OpenAccount,
    4 Deposit,
    5 Withdraw,
    6 TransferAsset,
    7 PayInCapital,
    8 RegisterTrade,
    9 PublishPrice,
    10 PublishFunding,
    11 Pulse,
    12 HaltInstrument,
    13 ResumeInstrument,
    14 PublishDepth,
    15 PublishPriceWithBaseline,
}

/// Bytes the body of a command takes: what `Writer::reserve` is asked for.
///
/// Errors: `Misuse` if it exceeds 1 MiB.
pub fn body_bytes(command: &Command) -> Result<usize, StoreError> {
    encoded_bytes(command).map(|bytes| bytes as usize).map_err(|error| too_long(command, error))
}

/// Appends the body of a command to a buffer. A `Deposit` takes 28 bytes: account 8, asset 4,
/// amount 16.
///
/// Errors: `Misuse` if it exceeds 1 MiB.
pub fn encode_into(command: &Command, buffer: &mut Vec<u8>) -> Result<(), StoreError> {
    encode_body(command, buffer).map_err(|error| too_long(command, error))
}

/// The command of a body, of any schema ever released.
///
/// Errors: `Unsupported` for an unknown type or schema, `Corrupt` for bytes that do not decode or
/// that decode and encode to other bytes.
pub fn decode(kind: u16, schema: u16, body: &[u8]) -> Result<Command, StoreError> {
    decode_defect(kind, schema, body).map_err(|defect| defect.at(Place::default()))
}

/// The event of a record.
///
/// Errors: as `decode`, with the sequence.
pub fn decode_event(raw: &RawEvent<'_>) -> Result<Event, StoreError> {
    let Envelope { kind, schema, producer, producer_seq, timestamp } = raw.envelope;
    let command = decode_defect(kind, schema, raw.body)
        .map_err(|defect| defect.at(Place::sequence(raw.sequence)))?;
    Ok(Event {
        sequence: Sequence::new(raw.sequence),
        timestamp: Timestamp::from_nanos(timestamp),
        producer,
        producer_seq,
        command,
    })
}

/// The envelope of an event under the present schemas.
pub fn envelope_of(event: &Event) -> Envelope {
    let kind = event.command.kind();
    Envelope {
        kind,
        schema: upcast::present_schema(kind),
        producer: event.producer,
        producer_seq: event.producer_seq,
        timestamp: event.timestamp.nanos(),
    }
}

/// Appends a stamped event to the batch, encoded straight into it.
///
/// Errors: `Misuse` if its sequence is not the writer's next, or as `Writer::append_with`.
pub fn append_event(writer: &mut Writer, event: &Event) -> Result<(), StoreError> {
    let (stamped, next) = (event.sequence.number(), writer.next_sequence());
    if stamped != next {
        let found = format!("{stamped}");
        let expected = format!("an event stamped {next}");
        return Err(StoreError::new(Category::Misuse, Place::sequence(next), expected, found));
    }
    writer.append_with(&envelope_of(event), |buffer| encode_into(&event.command, buffer))?;
    Ok(())
}

/// The canonical bytes of any value kept by this crate, for snapshots' manifests.
pub(crate) fn to_bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, Defect> {
    let bytes = format().serialize(value);
    bytes.map_err(|error| Defect::corrupt("a value of at most 1 MiB", error.to_string()))
}

/// The value of canonical bytes; refuses bytes that are not the ones it encodes to.
pub(crate) fn decode_exact<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, Defect> {
    let value: T = decode_whole(bytes)?;
    let mut rest = Comparison { rest: bytes };
    format().serialize_into(&mut rest, &value).map_err(|error| refused::<T>(bytes, &error))?;
    if rest.rest.is_empty() {
        Ok(value)
    } else {
        Err(Defect::corrupt("the bytes the value encodes to", "more bytes"))
    }
}

/// The value of bytes, all of them.
#[inline]
fn decode_whole<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Defect> {
    format().deserialize(bytes).map_err(|error| refused::<T>(bytes, &error))
}

#[cold]
fn refused<T>(bytes: &[u8], error: &bincode::Error) -> Defect {
    let name = std::any::type_name::<T>().rsplit("::").next().unwrap_or("value");
    Defect::corrupt(format!("a {name}"), format!("{} bytes: {error}", bytes.len()))
}

fn decode_defect(kind: u16, schema: u16, body: &[u8]) -> Result<Command, Defect> {
    if !KINDS.contains(&kind) {
        return decode_body(kind, body);
    }
    decode_body(kind, &upcast::raise(UPCASTERS, kind, schema, body)?)
}

fn too_long(command: &Command, error: bincode::Error) -> StoreError {
    let expected = format!("a {} of at most 1 MiB", command.word());
    StoreError::new(Category::Misuse, Place::default(), expected, error.to_string())
}

/// A sink that accepts exactly the bytes it was made for.
struct Comparison<'a> {
    rest: &'a [u8],
}

impl io::Write for Comparison<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.rest.strip_prefix(bytes) {
            Some(rest) => {
                self.rest = rest;
                Ok(bytes.len())
            }
            None => Err(io::Error::other("it encodes to other bytes")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
