//! The fields of a JSON object, taken one by one; each fault names its path.

use std::str::FromStr;

use domain::{AccountId, Timestamp};
use feed::decimal::{exact, in_unit, in_unit_wide};
use feed::error::{FeedError, Place};
use serde_json::{Map, Value};

/// An object being taken apart.
pub struct Fields {
    path: String,
    left: Map<String, Value>,
}

/// A fault at a path; the caller adds file and line.
pub fn fault(path: &str, expected: impl Into<String>, found: impl Into<String>) -> FeedError {
    FeedError::input("command.value", Place::default().at(path), expected, found)
}

impl Fields {
    /// Of a value that must be an object.
    ///
    /// # Errors
    /// It is none.
    pub fn of(path: &str, value: Value) -> Result<Fields, FeedError> {
        match value {
            Value::Object(left) => Ok(Fields { path: path.to_owned(), left }),
            other => Err(fault(path, "an object", other.to_string())),
        }
    }

    fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// A fault of one field.
    pub fn wrong(&self, name: &str, expected: impl Into<String>, found: &Value) -> FeedError {
        fault(&self.at(name), expected, found.to_string())
    }

    /// A field that may be absent.
    pub fn optional(&mut self, name: &str) -> Option<Value> {
        self.left.shift_remove(name)
    }

    /// A field that must be there.
    ///
    /// # Errors
    /// It is absent.
    pub fn required(&mut self, name: &str) -> Result<Value, FeedError> {
        self.optional(name).ok_or_else(|| fault(&self.at(name), name, "nothing there"))
    }

    /// The only field left, with its name.
    ///
    /// # Errors
    /// There are none or several.
    pub fn only(mut self) -> Result<(String, Value), FeedError> {
        let count = self.left.len();
        match std::mem::take(&mut self.left).into_iter().next() {
            Some(pair) if count == 1 => Ok(pair),
            _ => Err(fault(&self.path, "one command", format!("{count} fields"))),
        }
    }

    /// A whole number.
    ///
    /// # Errors
    /// It is none, or too large.
    pub fn number<T: TryFrom<u64>>(&mut self, name: &str) -> Result<T, FeedError> {
        let value = self.required(name)?;
        let number = value.as_u64().and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| self.wrong(name, "a whole number", &value))
    }

    /// As [`Fields::number`], or `default`.
    ///
    /// # Errors
    /// It is there and no whole number.
    pub fn number_or<T: TryFrom<u64>>(&mut self, name: &str, default: T) -> Result<T, FeedError> {
        if self.left.contains_key(name) { self.number(name) } else { Ok(default) }
    }

    /// An account's number.
    ///
    /// # Errors
    /// As for [`Fields::number`].
    pub fn account(&mut self, name: &str) -> Result<AccountId, FeedError> {
        self.number(name).map(AccountId::new)
    }

    /// A text.
    ///
    /// # Errors
    /// It is none.
    pub fn text(&mut self, name: &str) -> Result<String, FeedError> {
        match self.required(name)? {
            Value::String(text) => Ok(text),
            other => Err(self.wrong(name, "a text in quotes", &other)),
        }
    }

    /// A decimal in quotes as an integer of `10^-places`, 128 bits wide.
    ///
    /// # Errors
    /// It is no text, no decimal, or does not fit the unit.
    pub fn wide(&mut self, name: &str, places: u32) -> Result<i128, FeedError> {
        let text = self.text(name)?;
        let units = exact(&text).and_then(|value| in_unit_wide(value, places));
        units.map_err(|wrong| fault(&self.at(name), wrong.expected(), wrong.found()))
    }

    /// As [`Fields::wide`], 64 bits wide.
    ///
    /// # Errors
    /// As for [`Fields::wide`].
    pub fn narrow(&mut self, name: &str, places: u32) -> Result<i64, FeedError> {
        let text = self.text(name)?;
        let units = exact(&text).and_then(|value| in_unit(value, places));
        units.map_err(|wrong| fault(&self.at(name), wrong.expected(), wrong.found()))
    }

    /// Whether a field is there.
    pub fn has(&self, name: &str) -> bool {
        self.left.contains_key(name)
    }

    /// A time in nanoseconds, or written out in UTC.
    ///
    /// # Errors
    /// It is neither.
    pub fn time(&mut self, name: &str) -> Result<Timestamp, FeedError> {
        let value = self.required(name)?;
        let time = match &value {
            Value::Number(number) => number.as_i64().map(Timestamp::from_nanos),
            Value::String(text) => feed::time::utc(text),
            _ => None,
        };
        time.ok_or_else(|| {
            let expected = "nanoseconds since 1970, or a UTC time such as \"2020-03-12T00:00:00Z\"";
            self.wrong(name, expected, &value)
        })
    }

    /// A name that `find` knows, or a number.
    ///
    /// # Errors
    /// Neither.
    pub fn named(
        &mut self,
        name: &str,
        what: &str,
        find: impl Fn(&str) -> Option<u32>,
    ) -> Result<u32, FeedError> {
        let value = self.required(name)?;
        let number = match &value {
            Value::String(text) => find(text),
            Value::Number(number) => u32::from_str(&number.to_string()).ok(),
            _ => None,
        };
        number.ok_or_else(|| self.wrong(name, format!("a listed {what}, or a number"), &value))
    }

    /// Nothing may be left.
    ///
    /// # Errors
    /// An unknown field.
    pub fn end(self) -> Result<(), FeedError> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(name) => Err(fault(&self.at(name), "no such field", name)),
        }
    }
}
