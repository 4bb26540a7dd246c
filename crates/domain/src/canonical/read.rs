//! Bytes to value. Accepts what [`super::encode`] writes and nothing else.

use super::CanonicalError;
use serde::de::{self, Deserialize, DeserializeSeed, IntoDeserializer, Visitor};

/// The value with these canonical bytes.
///
/// # Errors
/// If the bytes end early, hold a tag no encoder writes, or continue after the value.
pub fn decode<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, CanonicalError> {
    let mut reader = Reader { bytes, at: 0 };
    let value = T::deserialize(&mut reader)?;
    match bytes.len() - reader.at {
        0 => Ok(value),
        rest => Err(CanonicalError::Trailing(rest)),
    }
}

/// The value whose canonical bytes these begin with, and the rest.
///
/// # Errors
/// If the bytes end early or hold a tag no encoder writes.
pub fn decode_prefix<'de, T: Deserialize<'de>>(
    bytes: &'de [u8],
) -> Result<(T, &'de [u8]), CanonicalError> {
    let mut reader = Reader { bytes, at: 0 };
    let value = T::deserialize(&mut reader)?;
    Ok((value, bytes.get(reader.at..).unwrap_or_default()))
}

struct Reader<'de> {
    bytes: &'de [u8],
    at: usize,
}

impl<'de> Reader<'de> {
    fn take(&mut self, count: usize) -> Result<&'de [u8], CanonicalError> {
        let end = self.at.checked_add(count);
        let slice = end.and_then(|end| self.bytes.get(self.at..end));
        let slice = slice.ok_or(CanonicalError::Ends(self.bytes.len()))?;
        self.at += count;
        Ok(slice)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CanonicalError> {
        let slice = self.take(N)?;
        slice.try_into().map_err(|_| CanonicalError::Ends(self.at))
    }

    /// A length, refused where even one byte an element would not fit what is left.
    fn length(&mut self) -> Result<usize, CanonicalError> {
        let length = u64::from_le_bytes(self.array()?);
        let left = (self.bytes.len() - self.at) as u64;
        if length <= left { Ok(length as usize) } else { Err(CanonicalError::Ends(self.at)) }
    }

    const fn malformed(&self, expected: &'static str) -> CanonicalError {
        CanonicalError::Malformed { at: self.at, expected }
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ty),*) => {
        $(#[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CanonicalError> {
            let bytes = self.array()?;
            visitor.$visit(<$type>::from_le_bytes(bytes))
        })*
    };
}

macro_rules! unsupported {
    ($($method:ident $what:literal),*) => {
        $(fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, CanonicalError> {
            Err(CanonicalError::Unsupported($what))
        })*
    };
}

impl<'de> de::Deserializer<'de> for &mut Reader<'de> {
    type Error = CanonicalError;

    integers!(deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64,
        deserialize_u128 visit_u128 u128, deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64, deserialize_i128 visit_i128 i128);
    unsupported!(deserialize_any "an untyped value", deserialize_f32 "a float",
        deserialize_f64 "a float", deserialize_char "a character", deserialize_map "a map",
        deserialize_identifier "a field name", deserialize_ignored_any "an ignored value",
        deserialize_bytes "a byte string", deserialize_byte_buf "a byte string");

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CanonicalError> {
        match self.array()? {
            [0] => visitor.visit_bool(false),
            [1] => visitor.visit_bool(true),
            _ => Err(self.malformed("0 or 1 for a bool")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CanonicalError> {
        let length = self.length()?;
        let bytes = self.take(length)?;
        let text = core::str::from_utf8(bytes).map_err(|_| self.malformed("UTF-8"))?;
        visitor.visit_borrowed_str(text)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CanonicalError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CanonicalError> {
        match self.array()? {
            [0] => visitor.visit_none(),
            [1] => visitor.visit_some(self),
            _ => Err(self.malformed("0 or 1 for an option")),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CanonicalError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, CanonicalError> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, CanonicalError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CanonicalError> {
        let left = self.length()?;
        visitor.visit_seq(Elements { reader: self, left })
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        left: usize,
        visitor: V,
    ) -> Result<V::Value, CanonicalError> {
        visitor.visit_seq(Elements { reader: self, left })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        left: usize,
        visitor: V,
    ) -> Result<V::Value, CanonicalError> {
        self.deserialize_tuple(left, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, CanonicalError> {
        self.deserialize_tuple(fields.len(), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, CanonicalError> {
        visitor.visit_enum(self)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

struct Elements<'a, 'de> {
    reader: &'a mut Reader<'de>,
    left: usize,
}

impl<'de> de::SeqAccess<'de> for Elements<'_, 'de> {
    type Error = CanonicalError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, CanonicalError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> de::EnumAccess<'de> for &mut Reader<'de> {
    type Error = CanonicalError;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<(T::Value, Self), CanonicalError> {
        let place = u32::from_le_bytes(self.array()?);
        let place: de::value::U32Deserializer<CanonicalError> = place.into_deserializer();
        Ok((seed.deserialize(place)?, self))
    }
}

impl<'de> de::VariantAccess<'de> for &mut Reader<'de> {
    type Error = CanonicalError;

    fn unit_variant(self) -> Result<(), CanonicalError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, CanonicalError> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, CanonicalError> {
        de::Deserializer::deserialize_tuple(self, length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, CanonicalError> {
        de::Deserializer::deserialize_tuple(self, fields.len(), visitor)
    }
}
