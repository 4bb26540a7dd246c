//! Columns of a table while they are filled: nulls up to the present row, then the value.

use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder as _, BooleanBuilder, Decimal128Builder, PrimitiveBuilder,
    TimestampNanosecondBuilder, UInt64Builder,
};
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, StringArray};
use arrow_schema::{DataType, TimeUnit};

use super::sheet::PRECISION;

/// Places as the file's format counts them.
fn scale(places: u8) -> i8 {
    i8::try_from(places).expect("a scale is at most 38")
}

/// Words as keys into a list that grows as they are met.
pub(super) struct Words {
    keys: PrimitiveBuilder<Int32Type>,
    list: Vec<String>,
    last: usize,
}

impl Words {
    /// Adds a row.
    pub fn append(&mut self, word: &str) {
        let key = self.key(word);
        self.keys.append_value(key);
    }

    /// Key of a word, which is added to the list if it is new.
    fn key(&mut self, word: &str) -> i32 {
        if self.list.get(self.last).is_none_or(|last| last != word) {
            let known = self.list.iter().position(|known| known == word);
            self.last = known.unwrap_or_else(|| {
                self.list.push(word.to_owned());
                self.list.len() - 1
            });
        }
        i32::try_from(self.last).expect("a list of words has far fewer than 2^31")
    }

    fn finish(&mut self) -> ArrayRef {
        let values: StringArray = self.list.iter().map(Some).collect();
        let keys = self.keys.finish();
        let words = DictionaryArray::try_new(keys, Arc::new(values));
        Arc::new(words.expect("every key was made from a place in the list"))
    }
}

/// A column being filled.
pub(super) enum Column {
    Id(UInt64Builder),
    Decimal(Decimal128Builder, u8),
    Word(Words),
    Time(TimestampNanosecondBuilder),
    Flag(BooleanBuilder),
}

impl Column {
    /// Numbers or counts.
    pub fn ids() -> Column {
        Column::Id(UInt64Builder::new())
    }

    /// Decimals with so many places.
    pub fn decimals(places: u8) -> Column {
        let data_type = DataType::Decimal128(PRECISION, scale(places));
        Column::Decimal(Decimal128Builder::new().with_data_type(data_type), places)
    }

    /// Words.
    pub fn words() -> Column {
        Column::Word(Words { keys: PrimitiveBuilder::new(), list: Vec::new(), last: 0 })
    }

    /// Times.
    pub fn times() -> Column {
        Column::Time(TimestampNanosecondBuilder::new())
    }

    /// Yes and no.
    pub fn flags() -> Column {
        Column::Flag(BooleanBuilder::new())
    }

    /// Its type in the file.
    pub fn data_type(&self) -> DataType {
        match self {
            Column::Id(_) => DataType::UInt64,
            Column::Decimal(_, places) => DataType::Decimal128(PRECISION, scale(*places)),
            Column::Word(_) => {
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
            }
            Column::Time(_) => DataType::Timestamp(TimeUnit::Nanosecond, None),
            Column::Flag(_) => DataType::Boolean,
        }
    }

    /// Nulls up to a row.
    #[inline]
    pub fn pad(&mut self, rows: usize) {
        let missing = rows.saturating_sub(self.len());
        if missing > 0 {
            self.append_nulls(missing);
        }
    }

    #[inline]
    fn len(&self) -> usize {
        match self {
            Column::Id(builder) => builder.len(),
            Column::Decimal(builder, _) => builder.len(),
            Column::Word(words) => words.keys.len(),
            Column::Time(builder) => builder.len(),
            Column::Flag(builder) => builder.len(),
        }
    }

    fn append_nulls(&mut self, missing: usize) {
        match self {
            Column::Id(builder) => builder.append_nulls(missing),
            Column::Decimal(builder, _) => builder.append_nulls(missing),
            Column::Word(words) => words.keys.append_nulls(missing),
            Column::Time(builder) => builder.append_nulls(missing),
            Column::Flag(builder) => builder.append_nulls(missing),
        }
    }

    /// What was filled in; the column is empty then.
    pub fn finish(&mut self) -> ArrayRef {
        match self {
            Column::Id(builder) => Arc::new(builder.finish()),
            Column::Decimal(builder, _) => Arc::new(builder.finish()),
            Column::Word(words) => words.finish(),
            Column::Time(builder) => Arc::new(builder.finish()),
            Column::Flag(builder) => Arc::new(builder.finish()),
        }
    }
}
