//! Words of one line with their columns, and the faults that name them.

use crate::decimal;
use crate::error::{FeedError, Place};

/// A line being read word by word.
#[derive(Debug, Clone)]
pub struct Words<'a> {
    file: &'a str,
    line: u64,
    /// The whole line, for the excerpt of a fault.
    whole: &'a str,
    rest: &'a str,
}

impl<'a> Words<'a> {
    /// The words of `part`, which is a slice of the line `whole`.
    pub fn new(file: &'a str, line: u64, whole: &'a str, part: &'a str) -> Self {
        Self { file, line, whole, rest: part }
    }

    /// The next word without taking it.
    pub fn peek(&self) -> Option<&'a str> {
        self.rest.split_whitespace().next()
    }

    /// Takes the next word; `what` completes the fault "expected ..." where none is left.
    pub fn word(&mut self, what: &str) -> Result<&'a str, FeedError> {
        let start = self.rest.trim_start();
        match start.split_whitespace().next() {
            Some(word) => {
                self.rest = &start[word.len()..];
                Ok(word)
            }
            None => Err(self.fault("scenario.word", self.rest, what, "the end of the line")),
        }
    }

    /// Takes the next word if it is this one.
    pub fn take(&mut self, word: &str) -> bool {
        let found = self.peek() == Some(word);
        if found {
            self.rest = &self.rest.trim_start()[word.len()..];
        }
        found
    }

    /// Takes everything left, trimmed.
    pub fn remainder(&mut self) -> &'a str {
        let rest = self.rest.trim();
        self.rest = "";
        rest
    }

    /// The line ends here.
    pub fn end(&self) -> Result<(), FeedError> {
        match self.peek() {
            None => Ok(()),
            Some(word) => Err(self.wrong(word, "the end of the line")),
        }
    }

    /// A whole number.
    pub fn whole_number(&mut self, what: &str) -> Result<u64, FeedError> {
        let word = self.word(what)?;
        word.parse().map_err(|_| self.wrong(word, what))
    }

    /// A decimal as an integer number of `10^-digits`; underscores may group its digits.
    pub fn number(&mut self, what: &str, digits: u32) -> Result<i128, FeedError> {
        let word = self.word(what)?;
        self.number_in(word, digits)
    }

    /// As [`Words::number`], of a word taken before. An integer followed by `u` counts smallest
    /// units, however large: absurd figures have to be writable.
    pub fn number_in(&self, word: &'a str, digits: u32) -> Result<i128, FeedError> {
        let plain = word.replace('_', "");
        if let Some(units) = plain.strip_suffix('u') {
            let expected = "a whole number of smallest units before u";
            return units.parse().map_err(|_| self.wrong(word, expected));
        }
        let read = decimal::exact(&plain).and_then(|value| decimal::in_unit_wide(value, digits));
        read.map_err(|fault| self.fault("scenario.number", word, &fault.expected(), &fault.found()))
    }

    /// As [`Words::number`], for what 64 bits hold.
    pub fn narrow(&mut self, what: &str, digits: u32) -> Result<i64, FeedError> {
        let word = self.word(what)?;
        let wide = self.number_in(word, digits)?;
        i64::try_from(wide).map_err(|_| {
            self.fault("scenario.number", word, "a number that 64 bits hold at its unit", word)
        })
    }

    /// The fault that a word is not what was expected.
    pub fn wrong(&self, word: &'a str, expected: &str) -> FeedError {
        self.fault("scenario.word", word, expected, &format!("{word:?}"))
    }

    /// A fault at a word of this line.
    pub fn fault(&self, code: &str, word: &str, expected: &str, found: &str) -> FeedError {
        let column = (word.as_ptr() as usize).checked_sub(self.whole.as_ptr() as usize);
        let column = column.filter(|column| *column <= self.whole.len());
        let mut place = Place::line(self.file, self.line).excerpt(self.whole);
        if let Some(before) = column.and_then(|column| self.whole.get(..column)) {
            place = place.column(before.chars().count() as u64 + 1);
        }
        FeedError::input(code, place, expected, found)
    }
}
