//! Columns of a table while they are filled: nulls up to the present row, then the value.

use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder as _, BooleanBuilder, Decimal128Builder, PrimitiveBuilder,
    TimestampNanosecondBuilder, UInt64Builder,
};
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, StringArray};
use arrow_schema::{DataType, TimeUnit};

use super::sheet::{BATCH_ROWS, PRECISION};

/// Places as the file's format counts them.
fn scale(places: u8) -> i8 {
    i8::try_from(places).expect("a scale is at most 38")
}

/// A builder with room for a batch.
fn decimals(places: u8) -> Decimal128Builder {
    let data_type = DataType::Decimal128(PRECISION, scale(places));
    Decimal128Builder::with_capacity(BATCH_ROWS).with_data_type(data_type)
}

/// Words as keys into a list that grows as they are met.
pub(super) struct Words {
    keys: PrimitiveBuilder<Int32Type>,
    list: Vec<String>,
    last: usize,
    /// The last word of the program, where the last row has one.
    fixed: Option<&'static str>,
    /// The list as an array, as long as no word was added.
    values: Option<Arc<StringArray>>,
}

impl Words {
    fn new() -> Words {
        let keys = PrimitiveBuilder::with_capacity(BATCH_ROWS);
        Words { keys, list: Vec::new(), last: 0, fixed: None, values: None }
    }

    /// Adds a row with a word of the program: one that lies where the last one lay is the last one.
    pub fn append_fixed(&mut self, word: &'static str) {
        if !self.fixed.is_some_and(|last| std::ptr::eq(last, word)) {
            self.key(word);
            self.fixed = Some(word);
        }
        self.append_last();
    }

    /// Adds a row with a name that a rulebook gives.
    pub fn append(&mut self, word: &str) {
        self.key(word);
        self.fixed = None;
        self.append_last();
    }

    fn append_last(&mut self) {
        let key = i32::try_from(self.last).expect("a list of words has far fewer than 2^31");
        self.keys.append_value(key);
    }

    /// Finds a word in the list, which it is added to if it is new.
    fn key(&mut self, word: &str) {
        if self.list.get(self.last).is_none_or(|last| last != word) {
            let known = self.list.iter().position(|known| known == word);
            self.last = known.unwrap_or_else(|| {
                self.list.push(word.to_owned());
                self.values = None;
                self.list.len() - 1
            });
        }
    }

    fn finish(&mut self) -> ArrayRef {
        let list = &self.list;
        let values = self.values.get_or_insert_with(|| Arc::new(list.iter().map(Some).collect()));
        let values = Arc::clone(values);
        let fresh = PrimitiveBuilder::with_capacity(BATCH_ROWS);
        let keys = std::mem::replace(&mut self.keys, fresh).finish();
        let words = DictionaryArray::try_new(keys, values);
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
        Column::Id(UInt64Builder::with_capacity(BATCH_ROWS))
    }

    /// Decimals with so many places.
    pub fn decimals(places: u8) -> Column {
        Column::Decimal(decimals(places), places)
    }

    /// Words.
    pub fn words() -> Column {
        Column::Word(Words::new())
    }

    /// Times.
    pub fn times() -> Column {
        Column::Time(TimestampNanosecondBuilder::with_capacity(BATCH_ROWS))
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

    /// Whether no row of the batch filled it in.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was filled in; the column is empty then, with room for the next batch.
    pub fn finish(&mut self) -> ArrayRef {
        match self {
            Column::Id(builder) => {
                let fresh = UInt64Builder::with_capacity(BATCH_ROWS);
                Arc::new(std::mem::replace(builder, fresh).finish())
            }
            Column::Decimal(builder, places) => {
                Arc::new(std::mem::replace(builder, decimals(*places)).finish())
            }
            Column::Word(words) => words.finish(),
            Column::Time(builder) => {
                let fresh = TimestampNanosecondBuilder::with_capacity(BATCH_ROWS);
                Arc::new(std::mem::replace(builder, fresh).finish())
            }
            Column::Flag(builder) => Arc::new(builder.finish()),
        }
    }
}
