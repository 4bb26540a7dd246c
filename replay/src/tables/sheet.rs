//! One table's file: typed columns, rows from left to right, batches into Parquet.
//!
//! Decimals are rescaled exactly: what the column's 38 digits cannot hold is an error that names
//! table, column and row. A column that a row does not fill is null there. Law: the same rows give
//! the same bytes, whatever else the computer does.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, RecordBatch, new_null_array};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use super::Written;
use super::column::Column;
use crate::failure::{Answer, Failure, UNFINISHED};

/// Digits of every decimal column.
pub const PRECISION: u8 = 38;
/// Key of the metadata that holds a table's schema and its version.
pub const SCHEMA_KEY: &str = "clearsim.schema";
/// Who wrote the file; not the program's version, which would change the bytes.
const CREATED_BY: &str = "clearsim tables version 1";
/// Rows in a row group.
const GROUP_ROWS: usize = 131_072;
/// Rows that are handed over together.
pub const BATCH_ROWS: usize = 8_192;
/// The first number with a digit too many.
const TOO_LARGE: u128 = 10u128.pow(PRECISION as u32);

/// A column of numbers that name something, or counts.
#[derive(Debug, Clone, Copy)]
pub struct Id(usize);
/// A column of exact decimals.
#[derive(Debug, Clone, Copy)]
pub struct Decimal(usize);
/// A column of words out of a list.
#[derive(Debug, Clone, Copy)]
pub struct Word(usize);
/// A column of times.
#[derive(Debug, Clone, Copy)]
pub struct Time(usize);
/// A column of yes and no.
#[derive(Debug, Clone, Copy)]
pub struct Flag(usize);

/// The columns of a table before its file exists. Every table begins with `sequence`, `ordinal` and
/// `timestamp`, which order its rows.
pub struct Form {
    name: &'static str,
    version: u32,
    fields: Vec<Field>,
    columns: Vec<Column>,
}

impl Form {
    /// A table of this name and version of its schema.
    #[must_use]
    pub fn new(name: &'static str, version: u32) -> Form {
        let mut form = Form { name, version, fields: Vec::new(), columns: Vec::new() };
        form.add("sequence", false, Column::ids());
        form.add("ordinal", false, Column::ids());
        form.add("timestamp", false, Column::times());
        form
    }

    fn add(&mut self, name: &str, nullable: bool, column: Column) -> usize {
        self.fields.push(Field::new(name, column.data_type(), nullable));
        self.columns.push(column);
        self.columns.len() - 1
    }

    /// Adds a column of numbers or counts.
    pub fn id(&mut self, name: &str) -> Id {
        Id(self.add(name, true, Column::ids()))
    }

    /// Adds a column of decimals with so many places.
    pub fn decimal(&mut self, name: &str, places: u8) -> Decimal {
        Decimal(self.add(name, true, Column::decimals(places)))
    }

    /// Adds a column of words.
    pub fn word(&mut self, name: &str) -> Word {
        Word(self.add(name, true, Column::words()))
    }

    /// Adds a column of times.
    pub fn time(&mut self, name: &str) -> Time {
        Time(self.add(name, true, Column::times()))
    }

    /// Adds a column of yes and no.
    pub fn flag(&mut self, name: &str) -> Flag {
        Flag(self.add(name, true, Column::flags()))
    }

    /// Creates the file in a folder.
    ///
    /// # Errors
    /// The disk.
    pub fn create(self, folder: &Path) -> Answer<Sheet> {
        let path = folder.join(format!("{}.parquet", self.name));
        let file = File::create(&path).map_err(|error| Failure::io("create", &path, &error))?;
        self.into(path, Box::new(BufWriter::new(file)))
    }

    /// Writes the file to wherever bytes can go; `path` is what errors call it.
    ///
    /// # Errors
    /// Whatever it is written to.
    pub fn into(self, path: PathBuf, file: Box<dyn Write + Send>) -> Answer<Sheet> {
        let Form { name, version, fields, columns } = self;
        let target = Hashed { file, hasher: blake3::Hasher::new(), bytes: 0 };
        let schema = Arc::new(Schema::new(fields));
        let id = format!("clearsim.{name}/{version}");
        let properties = properties(&schema, &id);
        let writer = ArrowWriter::try_new(target, Arc::clone(&schema), Some(properties))
            .map_err(|error| failed(&path, error))?;
        let written = Written { name, schema: id, rows: 0, bytes: 0, blake3: String::new() };
        let (rows, sequence, nulls) = (0, 0, Vec::new());
        Ok(Sheet { path, schema, columns, rows, nulls, sequence, writer, written })
    }
}

/// How a file is written: chosen once, as the bytes depend on it.
fn properties(schema: &Schema, id: &str) -> WriterProperties {
    let level = ZstdLevel::try_new(1).expect("zstd has a level 1");
    let order = [0, 1].map(|column_idx| SortingColumn {
        column_idx,
        descending: false,
        nulls_first: false,
    });
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_created_by(CREATED_BY.to_owned())
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_sorting_columns(Some(order.to_vec()))
        .set_key_value_metadata(Some(vec![KeyValue::new(SCHEMA_KEY.to_owned(), id.to_owned())]));
    for field in schema.fields() {
        builder = encoded(builder, field);
    }
    builder.build()
}

/// Ascending numbers as differences; only words get a dictionary, since decimals seldom repeat, and
/// only what rows are picked by gets least and greatest values.
fn encoded(builder: WriterPropertiesBuilder, field: &Field) -> WriterPropertiesBuilder {
    let column = || ColumnPath::new(vec![field.name().clone()]);
    match field.data_type() {
        DataType::UInt64 | DataType::Timestamp(..) => builder
            .set_column_dictionary_enabled(column(), false)
            .set_column_encoding(column(), Encoding::DELTA_BINARY_PACKED),
        DataType::Decimal128(..) => builder
            .set_column_dictionary_enabled(column(), false)
            .set_column_statistics_enabled(column(), EnabledStatistics::None),
        _ => builder,
    }
}

/// A table being written.
pub struct Sheet {
    path: PathBuf,
    schema: Arc<Schema>,
    columns: Vec<Column>,
    /// Rows begun in the present batch.
    rows: usize,
    /// A batch of nulls of each type that had one.
    nulls: Vec<ArrayRef>,
    sequence: u64,
    writer: ArrowWriter<Hashed>,
    written: Written,
}

impl Sheet {
    /// Begins a row; what the last one left out is null.
    ///
    /// # Errors
    /// The disk.
    pub fn row(&mut self, sequence: u64, ordinal: u64, at: i64) -> Answer<()> {
        if self.rows == BATCH_ROWS {
            self.flush()?;
        }
        self.rows += 1;
        self.written.rows += 1;
        self.sequence = sequence;
        self.id(Id(0), sequence);
        self.id(Id(1), ordinal);
        self.time(Time(2), at);
        Ok(())
    }

    /// The column, filled up to the present row.
    fn at(&mut self, place: usize) -> Option<&mut Column> {
        let before = self.rows - 1;
        let column = self.columns.get_mut(place)?;
        column.pad(before);
        Some(column)
    }

    /// Fills a number in.
    pub fn id(&mut self, column: Id, number: u64) {
        if let Some(Column::Id(builder)) = self.at(column.0) {
            builder.append_value(number);
        }
    }

    /// Fills a word of the program in.
    pub fn word(&mut self, column: Word, word: &'static str) {
        if let Some(Column::Word(words)) = self.at(column.0) {
            words.append_fixed(word);
        }
    }

    /// Fills a name in that a rulebook gives.
    pub fn name(&mut self, column: Word, name: &str) {
        if let Some(Column::Word(words)) = self.at(column.0) {
            words.append(name);
        }
    }

    /// Fills a time in, nanoseconds since 1970.
    pub fn time(&mut self, column: Time, nanos: i64) {
        if let Some(Column::Time(builder)) = self.at(column.0) {
            builder.append_value(nanos);
        }
    }

    /// Fills yes or no in.
    pub fn flag(&mut self, column: Flag, flag: bool) {
        if let Some(Column::Flag(builder)) = self.at(column.0) {
            builder.append_value(flag);
        }
    }

    /// Fills a decimal in: so many units of 10^-places, rescaled to the column's places.
    ///
    /// # Errors
    /// It has more places than the column, or more than 38 digits there.
    pub fn decimal(&mut self, column: Decimal, units: i128, places: u32) -> Answer<()> {
        if let Some(Column::Decimal(builder, scale)) = self.at(column.0)
            && let Some(scaled) = rescaled(units, places, u32::from(*scale))
        {
            builder.append_value(scaled);
            return Ok(());
        }
        let name = self.schema.fields().get(column.0).map_or("", |field| field.name());
        let sentence = format!(
            "{units} units of 1e-{places} do not fit column {name} at event {}: expected at most \
             {PRECISION} digits at its scale",
            self.sequence
        );
        Err(Failure::about(UNFINISHED, "table.overflow", &self.path, sentence))
    }

    fn flush(&mut self) -> Answer<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let rows = self.rows;
        let nulls = &mut self.nulls;
        let columns = self.columns.iter_mut().map(|column| {
            if column.is_empty() {
                // Most columns of most batches: one array of nulls serves them all.
                return null_array(nulls, &column.data_type()).slice(0, rows);
            }
            column.pad(rows);
            column.finish()
        });
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns.collect());
        let batch = batch.expect("the columns were padded to one length");
        self.rows = 0;
        self.writer.write(&batch).map_err(|error| failed(&self.path, error))
    }

    /// Completes the file.
    ///
    /// # Errors
    /// The disk.
    pub fn finish(mut self) -> Answer<Written> {
        self.flush()?;
        let Sheet { path, writer, mut written, .. } = self;
        let mut target = writer.into_inner().map_err(|error| failed(&path, error))?;
        target.flush().map_err(|error| Failure::io("write", &path, &error))?;
        written.bytes = target.bytes;
        written.blake3 = target.hasher.finalize().to_hex().to_string();
        Ok(written)
    }
}

/// A batch of nulls of a type, made when it is first asked for.
fn null_array(known: &mut Vec<ArrayRef>, data_type: &DataType) -> ArrayRef {
    if let Some(array) = known.iter().find(|array| array.data_type() == data_type) {
        return Arc::clone(array);
    }
    let array = new_null_array(data_type, BATCH_ROWS);
    known.push(Arc::clone(&array));
    array
}

/// Units of 10^-places as units of 10^-scale; `None` if they do not fit.
fn rescaled(units: i128, places: u32, scale: u32) -> Option<i128> {
    let scaled = match scale.checked_sub(places)? {
        0 => units,
        more => units.checked_mul(*POWERS.get(more as usize)?)?,
    };
    Some(scaled).filter(|scaled| scaled.unsigned_abs() < TOO_LARGE)
}

/// Powers of ten that an i128 holds.
const POWERS: [i128; 39] = {
    let mut powers = [1; 39];
    let mut place = 1;
    while place < powers.len() {
        powers[place] = powers[place - 1] * 10;
        place += 1;
    }
    powers
};

/// What the file's writer said.
fn failed(path: &Path, error: ParquetError) -> Failure {
    if let ParquetError::External(source) = &error
        && let Some(source) = source.downcast_ref::<io::Error>()
    {
        return Failure::io("write", path, source);
    }
    Failure::about(UNFINISHED, "table.failed", path, format!("cannot write: {error}"))
}

/// A file that is hashed while it is written.
struct Hashed {
    file: Box<dyn Write + Send>,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..taken).unwrap_or_default());
        self.bytes += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    //! Goal: decimals fit or are refused. Method: a table at the borders of 38 digits.

    use super::*;

    #[test]
    fn decimals_are_rescaled_exactly_or_refused() {
        let most = 10i128.pow(38) - 1;
        let table = [
            (15, 1, 16, Some(15 * 10i128.pow(15))),
            (-1, 16, 16, Some(-1)),
            (1, 17, 16, None),
            (most, 16, 16, Some(most)),
            (-most, 16, 16, Some(-most)),
            (most + 1, 16, 16, None),
            (most / 10 + 1, 15, 16, None),
            (i128::MAX, 0, 16, None),
            (i128::MIN, 16, 16, None),
        ];
        for (units, places, scale, expected) in table {
            assert_eq!(rescaled(units, places, scale), expected, "{units} {places} {scale}");
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error_that_names_its_column() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut form = Form::new("odd", 1);
        let amount = form.decimal("amount", 16);
        let mut sheet = form.create(folder.path()).expect("a writable folder");
        sheet.row(7, 0, 0).expect("room for a row");
        let failure = sheet.decimal(amount, i128::MAX, 0).expect_err("too many digits");
        let Failure::Said { exit, errors } = failure else { panic!("it is said") };
        let text = errors.errors[0].to_string();
        assert_eq!(exit, UNFINISHED);
        assert!(text.contains("column amount at event 7") && text.contains("table.overflow"));
    }
}
