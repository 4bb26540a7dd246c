//! A Parquet file read whole: columns by name, sums of decimals at their own scale.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs::File;
use std::path::Path;

use arrow_array::types::Int32Type;
use arrow_array::{Array, Decimal128Array, DictionaryArray, RecordBatch, StringArray, UInt64Array};
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use replay::tables::sheet::SCHEMA_KEY;

/// A table in memory.
pub struct Table {
    schema_id: String,
    batches: Vec<RecordBatch>,
}

impl Table {
    /// Reads a file.
    pub fn read(path: &Path) -> Table {
        let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).expect("a Parquet file");
        let metadata = builder.metadata().file_metadata();
        let pairs = metadata.key_value_metadata().expect("metadata");
        let schema = pairs.iter().find(|pair| pair.key == SCHEMA_KEY).expect("a schema");
        let schema_id = schema.value.clone().expect("a schema");
        let reader = builder.build().expect("a readable file");
        Table { schema_id, batches: reader.map(|batch| batch.expect("rows")).collect() }
    }

    pub fn schema_id(&self) -> &str {
        &self.schema_id
    }

    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    pub fn first_columns(&self) -> Vec<String> {
        let schema = self.batches[0].schema();
        schema.fields().iter().take(3).map(|field| field.name().clone()).collect()
    }

    /// Names of the decimal columns with their scales.
    pub fn decimals(&self) -> Vec<(String, u8)> {
        let schema = self.batches[0].schema();
        let scale = |data_type: &DataType| match data_type {
            DataType::Decimal128(38, scale) => u8::try_from(*scale).ok(),
            _ => None,
        };
        let fields = schema.fields().iter();
        fields.filter_map(|field| Some((field.name().clone(), scale(field.data_type())?))).collect()
    }

    fn column<T: Clone + 'static>(&self, name: &str) -> Vec<T> {
        let find = |batch: &RecordBatch| {
            let column = batch.column_by_name(name).unwrap_or_else(|| panic!("no column {name}"));
            column.as_any().downcast_ref::<T>().expect("a column of this type").clone()
        };
        self.batches.iter().map(find).collect()
    }

    pub fn optional_ids(&self, name: &str) -> Vec<Option<u64>> {
        let arrays = self.column::<UInt64Array>(name);
        arrays.iter().flat_map(|array| array.iter().collect::<Vec<_>>()).collect()
    }

    pub fn ids(&self, name: &str) -> Vec<u64> {
        self.optional_ids(name).into_iter().map(|id| id.expect("no null here")).collect()
    }

    pub fn ids_at(&self, name: &str, rows: &[usize]) -> Vec<u64> {
        let all = self.optional_ids(name);
        rows.iter().map(|row| all[*row].expect("no null here")).collect()
    }

    pub fn ids_total(&self, name: &str) -> u64 {
        self.optional_ids(name).into_iter().flatten().sum()
    }

    pub fn words(&self, name: &str) -> Vec<Option<String>> {
        let mut words = Vec::new();
        for array in self.column::<DictionaryArray<Int32Type>>(name) {
            let values = array.values().as_any().downcast_ref::<StringArray>().expect("words");
            let word = |key: usize| values.value(key).to_owned();
            words.extend((0..array.len()).map(|row| array.key(row).map(word)));
        }
        words
    }

    pub fn rows_where(&self, name: &str, word: &str) -> Vec<usize> {
        let words = self.words(name).into_iter().enumerate();
        words.filter(|(_, found)| found.as_deref() == Some(word)).map(|(row, _)| row).collect()
    }

    /// Sum over rows, in units of the column's scale.
    pub fn sum(&self, name: &str, rows: &[usize]) -> i128 {
        let arrays = self.column::<Decimal128Array>(name);
        let all: Vec<Option<i128>> =
            arrays.iter().flat_map(|array| array.iter().collect::<Vec<_>>()).collect();
        rows.iter().filter_map(|row| all[*row]).sum()
    }

    /// Rows in which a decimal column is filled.
    pub fn count(&self, name: &str) -> usize {
        self.count_at(name, &(0..self.rows()).collect::<Vec<_>>())
    }

    /// As [`Table::count`], of these rows.
    pub fn count_at(&self, name: &str, rows: &[usize]) -> usize {
        let arrays = self.column::<Decimal128Array>(name);
        let all: Vec<bool> = arrays
            .iter()
            .flat_map(|array| (0..array.len()).map(|row| array.is_valid(row)).collect::<Vec<_>>())
            .collect();
        rows.iter().filter(|row| all[**row]).count()
    }

    pub fn total(&self, name: &str) -> i128 {
        self.sum(name, &(0..self.rows()).collect::<Vec<_>>())
    }
}
