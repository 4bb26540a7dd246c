//! Value to bytes.

use super::CanonicalError;
use alloc::vec::Vec;
use serde::ser::{self, Serialize};

/// Canonical bytes of a value.
///
/// # Panics
/// If the value's type holds a float, map or platform-sized number: a bug found by its first test.
#[must_use]
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    append(&mut bytes, value);
    bytes
}

/// Adds the canonical bytes of a value to a buffer.
///
/// # Panics
/// As [`encode`].
pub fn append<T: Serialize + ?Sized>(bytes: &mut Vec<u8>, value: &T) {
    value.serialize(&mut Writer(bytes)).expect("types of the machine have canonical bytes");
}

/// Canonical bytes of whole words side by side; `BYTES` is eight times `WORDS`.
///
/// What is written word by word is read word by word without waiting, which hashing does at once.
/// Worked: the words 1 and 2 are `01` and `02` with seven zeros after each.
#[must_use]
#[inline]
pub fn words<const WORDS: usize, const BYTES: usize>(words: [u64; WORDS]) -> [u8; BYTES] {
    const { assert!(BYTES == WORDS * 8, "a word has eight bytes") };
    let mut bytes = [0; BYTES];
    for (slot, word) in bytes.chunks_exact_mut(8).zip(words) {
        slot.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

struct Writer<'a>(&'a mut Vec<u8>);

type Written = Result<(), CanonicalError>;

macro_rules! integers {
    ($($method:ident $type:ty),*) => {
        $(#[inline]
        fn $method(self, number: $type) -> Written {
            self.0.extend_from_slice(&number.to_le_bytes());
            Ok(())
        })*
    };
}

impl Writer<'_> {
    fn length(&mut self, length: Option<usize>) -> Written {
        let length = length.ok_or(CanonicalError::Unsupported("a sequence of unknown length"))?;
        self.0.extend_from_slice(&(length as u64).to_le_bytes());
        Ok(())
    }

    fn variant(&mut self, place: u32) {
        self.0.extend_from_slice(&place.to_le_bytes());
    }
}

impl<'a, 'b> ser::Serializer for &'a mut Writer<'b> {
    type Ok = ();
    type Error = CanonicalError;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = ser::Impossible<(), CanonicalError>;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    integers!(serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64,
        serialize_u128 u128, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32,
        serialize_i64 i64, serialize_i128 i128);

    fn serialize_bool(self, value: bool) -> Written {
        self.serialize_u8(u8::from(value))
    }

    #[allow(clippy::disallowed_types, reason = "the trait names the type; it is refused")]
    fn serialize_f32(self, _: f32) -> Written {
        Err(CanonicalError::Unsupported("a float"))
    }

    #[allow(clippy::disallowed_types, reason = "the trait names the type; it is refused")]
    fn serialize_f64(self, _: f64) -> Written {
        Err(CanonicalError::Unsupported("a float"))
    }

    fn serialize_char(self, _: char) -> Written {
        Err(CanonicalError::Unsupported("a character"))
    }

    fn serialize_str(self, text: &str) -> Written {
        self.serialize_bytes(text.as_bytes())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Written {
        self.length(Some(bytes.len()))?;
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn serialize_none(self) -> Written {
        self.serialize_u8(0)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        self.0.push(1);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Written {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Written {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, place: u32, _: &'static str) -> Written {
        self.variant(place);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Written {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        place: u32,
        _: &'static str,
        value: &T,
    ) -> Written {
        self.variant(place);
        value.serialize(self)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Self, CanonicalError> {
        self.length(length)?;
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, CanonicalError> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, CanonicalError> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        place: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, CanonicalError> {
        self.variant(place);
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, CanonicalError> {
        Err(CanonicalError::Unsupported("a map"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, CanonicalError> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        place: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, CanonicalError> {
        self.variant(place);
        Ok(self)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

macro_rules! elements {
    ($($trait:ident $method:ident),*) => {
        $(impl ser::$trait for &mut Writer<'_> {
            type Ok = ();
            type Error = CanonicalError;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
                value.serialize(&mut **self)
            }
            fn end(self) -> Written {
                Ok(())
            }
        })*
    };
}

macro_rules! fields {
    ($($trait:ident),*) => {
        $(impl ser::$trait for &mut Writer<'_> {
            type Ok = ();
            type Error = CanonicalError;
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                _: &'static str,
                value: &T,
            ) -> Written {
                value.serialize(&mut **self)
            }
            fn end(self) -> Written {
                Ok(())
            }
        })*
    };
}

elements!(SerializeSeq serialize_element, SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field, SerializeTupleVariant serialize_field);
fields!(SerializeStruct, SerializeStructVariant);
