//! The one error of this crate: where, what was expected, what was found, the next move.
//!
//! Bad input is data, never a panic. A file may hold many faults, so readers gather up to
//! [`ERRORS_MAX`] of them and count the rest. Codes are stable words joined by a dot
//! (`bars.price`); texts may change, codes may not.
//! Law: an error about a file names the file, and the line as soon as there is one.

use std::fmt;

use serde::Serialize;

/// How many faults of one file are kept; the rest are only counted.
pub const ERRORS_MAX: usize = 20;

/// The longest excerpt of a source line that an error carries, in characters.
const EXCERPT_MAX: usize = 160;

/// Which kind of trouble it is; the command line turns it into an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The input was read and not understood (exit code 2).
    Input,
    /// The input could not be read at all: missing file, failed read (exit code 3).
    Unavailable,
}

/// Where a fault stands. Everything is optional but what is known is filled in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Place {
    /// The file as the user named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Column in characters, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// Path inside the document (`assets.BTC.haircut`), or the name of the CSV column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The line itself, shortened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
}

impl Place {
    /// A whole file.
    pub fn file(file: impl Into<String>) -> Place {
        Place { file: Some(file.into()), ..Place::default() }
    }

    /// A line of a file.
    pub fn line(file: impl Into<String>, line: u64) -> Place {
        Place { line: Some(line), ..Place::file(file) }
    }

    /// The same place with a path or column name.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Place {
        self.path = Some(path.into());
        self
    }

    /// The same place with its column.
    #[must_use]
    pub fn column(mut self, column: u64) -> Place {
        self.column = Some(column);
        self
    }

    /// The same place with the source line, shortened to a readable length.
    #[must_use]
    pub fn excerpt(mut self, text: &str) -> Place {
        self.excerpt = Some(shortened(text));
        self
    }

    /// The place of a byte in a text: line, column in characters and the line itself.
    #[must_use]
    pub fn byte(mut self, text: &str, offset: usize) -> Place {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        self.line = Some(line as u64);
        self.column = Some(before[start..].chars().count() as u64 + 1);
        let end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        self.excerpt(&text[start..end])
    }
}

/// Cuts a text to the length an error line may have.
pub(crate) fn shortened(text: &str) -> String {
    let text = text.trim_end();
    if text.chars().count() <= EXCERPT_MAX {
        return text.to_owned();
    }
    let kept: String = text.chars().take(EXCERPT_MAX).collect();
    format!("{kept}...")
}

/// One fault: code, place, expectation, finding, next move.
///
/// Printed as
/// ```text
/// error[bars.price]: expected a price above zero, found "0"
///   --> day/prices.csv:7:19
///    at low
/// 7 | 1583971200000,7938.39,7969,0,7918.82,12
///    help: correct the row, or import with --lenient to set it aside
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct FeedError {
    /// Stable code, for example `bars.price`.
    pub code: String,
    /// Input that is wrong, or input that cannot be had.
    pub class: ErrorClass,
    /// Where; boxed, so that results stay small.
    #[serde(flatten)]
    pub place: Box<Place>,
    /// What should have stood there.
    pub expected: String,
    /// What stood there.
    pub found: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl FeedError {
    /// Input that was read and not understood.
    pub fn input(
        code: impl Into<String>,
        place: Place,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> FeedError {
        FeedError {
            code: code.into(),
            class: ErrorClass::Input,
            place: Box::new(place),
            expected: expected.into(),
            found: found.into(),
            help: None,
        }
    }

    /// Input that could not be read at all.
    pub fn unavailable(
        code: impl Into<String>,
        place: Place,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> FeedError {
        let mut error = FeedError::input(code, place, expected, found);
        error.class = ErrorClass::Unavailable;
        error
    }

    /// The same error with its next move.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> FeedError {
        self.help = Some(help.into());
        self
    }

    /// Input whose parts contradict each other: the sentence names both sides.
    pub fn rule(code: impl Into<String>, place: Place, sentence: impl Into<String>) -> FeedError {
        FeedError::input(code, place, sentence, "")
    }

    /// Expectation and finding in one sentence, without the place; a broken rule is its own.
    pub fn sentence(&self) -> String {
        if self.found.is_empty() {
            return self.expected.clone();
        }
        format!("expected {}, found {}", self.expected, self.found)
    }
}

impl fmt::Display for FeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.code, self.sentence())?;
        let place = &self.place;
        if let Some(file) = &place.file {
            write!(f, "\n  --> {file}")?;
            if let Some(line) = place.line {
                write!(f, ":{line}")?;
                if let Some(column) = place.column {
                    write!(f, ":{column}")?;
                }
            }
        }
        if let Some(path) = &place.path {
            write!(f, "\n   at {path}")?;
        }
        if let (Some(line), Some(excerpt)) = (place.line, &place.excerpt) {
            write!(f, "\n{line} | {excerpt}")?;
        }
        match &self.help {
            Some(help) => write!(f, "\n   help: {help}"),
            None => Ok(()),
        }
    }
}

/// The faults found together: at most [`ERRORS_MAX`] per file, the rest counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct FeedErrors {
    /// The kept faults, in the order they were met.
    pub errors: Vec<FeedError>,
    /// How many more there were.
    pub omitted: u64,
}

impl FeedErrors {
    /// Adds a fault; keeps it while its file has fewer than [`ERRORS_MAX`]. One that is kept
    /// already, as of a file that two sources name, is told once.
    pub fn push(&mut self, error: FeedError) {
        if self.errors.contains(&error) {
            return;
        }
        let same_file = |kept: &&FeedError| kept.place.file == error.place.file;
        if self.errors.iter().filter(same_file).count() < ERRORS_MAX {
            self.errors.push(error);
        } else {
            self.omitted += 1;
        }
    }

    /// Adds all faults of another gathering.
    pub fn append(&mut self, other: FeedErrors) {
        for error in other.errors {
            self.push(error);
        }
        self.omitted += other.omitted;
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// `Ok(value)` when nothing was found, else the faults.
    pub fn or<T>(self, value: T) -> Result<T, FeedErrors> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }

    /// The class that decides the exit code: unreadable input outranks wrong input.
    pub fn class(&self) -> ErrorClass {
        self.errors.iter().map(|error| error.class).max().unwrap_or(ErrorClass::Input)
    }
}

impl From<FeedError> for FeedErrors {
    fn from(error: FeedError) -> FeedErrors {
        FeedErrors { errors: vec![error], omitted: 0 }
    }
}

impl fmt::Display for FeedErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        if self.omitted > 0 {
            write!(f, "\n... and {} more", self.omitted)?;
        }
        Ok(())
    }
}

impl std::error::Error for FeedErrors {}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> FeedError {
        let place =
            Place::file("a.toml").byte("x = 1\nhaircut = 0.05\n", 16).at("assets.BTC.haircut");
        FeedError::input("rulebook.decimal", place, "a decimal in quotes", "a float")
            .help("write haircut = \"0.05\"")
    }

    #[test]
    fn prints_place_path_line_and_help() {
        let expected = "error[rulebook.decimal]: expected a decimal in quotes, found a float\n  \
            --> a.toml:2:11\n   at assets.BTC.haircut\n2 | haircut = 0.05\n   \
            help: write haircut = \"0.05\"";
        assert_eq!(sample().to_string(), expected);
    }

    #[test]
    fn keeps_twenty_a_file_and_counts_the_rest() {
        let mut errors = FeedErrors::default();
        for line in 1..=25 {
            errors.push(FeedError::input("t.t", Place::line("a", line), "x", "y"));
            errors.push(FeedError::input("t.t", Place::line("b", line), "x", "y"));
        }
        assert_eq!((errors.errors.len(), errors.omitted), (40, 10));
        assert!(errors.to_string().ends_with("... and 10 more"));
    }

    #[test]
    fn serialises_flat() {
        let json = serde_json::to_value(sample()).expect("plain data serialises");
        assert_eq!(json["line"], 2);
        assert_eq!(json["column"], 11);
        assert_eq!(json["class"], "input");
        assert_eq!(json["path"], "assets.BTC.haircut");
    }
}
