//! One error for the whole crate: a category, a place, what was expected and what was found.
//! The category decides the exit code and whether trying again can help; the place is for the
//! person who has to look at the file.

use std::fmt;
use std::io;

/// What kind of trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// Acknowledged bytes are damaged or missing. Nothing was changed.
    Corrupt,
    /// The bytes are intact but of a format, type, schema or flag this build does not know.
    Unsupported,
    /// Replay reached another state than the journal says it did.
    Diverged,
    /// No room for another event. Nothing was stamped; the caller may refuse and go on.
    StorageFull,
    /// Another process holds the journal. Temporary.
    Locked,
    /// The operating system refused an operation. After a failed write or sync nothing is
    /// acknowledged and nothing is retried.
    Io,
    /// There is no journal or snapshot where one was asked for.
    Absent,
    /// The caller broke the protocol of this crate, or asked for what is not allowed.
    Misuse,
}

impl Category {
    /// The word shown to people.
    pub fn word(self) -> &'static str {
        match self {
            Category::Corrupt => "CORRUPT",
            Category::Unsupported => "UNSUPPORTED",
            Category::Diverged => "DIVERGED",
            Category::StorageFull => "storage_full",
            Category::Locked => "locked",
            Category::Io => "I/O",
            Category::Absent => "absent",
            Category::Misuse => "misuse",
        }
    }
}

/// Where the trouble is. Parts that do not apply are `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// File name inside the journal directory.
    pub file: Option<String>,
    /// Segment number.
    pub segment: Option<u64>,
    /// Byte offset in that file.
    pub offset: Option<u64>,
    /// Sequence of the event concerned, or the next one expected.
    pub sequence: Option<u64>,
}

impl Place {
    /// A place that is a whole file.
    pub fn file(name: &str) -> Place {
        Place { file: Some(name.to_string()), ..Place::default() }
    }

    /// A place in a segment.
    pub fn at(segment: u64, offset: u64, sequence: u64) -> Place {
        Place { file: None, segment: Some(segment), offset: Some(offset), sequence: Some(sequence) }
    }

    /// A place that is a sequence only.
    pub fn sequence(sequence: u64) -> Place {
        Place { sequence: Some(sequence), ..Place::default() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut gap = "";
        if let Some(file) = &self.file {
            write!(f, "{file}")?;
            gap = " ";
        }
        let numbers =
            [("segment", self.segment), ("offset", self.offset), ("sequence", self.sequence)];
        for (name, number) in numbers {
            if let Some(number) = number {
                write!(f, "{gap}{name} {number}")?;
                gap = " ";
            }
        }
        if gap.is_empty() { write!(f, "journal") } else { Ok(()) }
    }
}

/// What is wrong with some bytes, before anybody said where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Defect {
    pub(crate) category: Category,
    pub(crate) expected: String,
    pub(crate) found: String,
}

impl Defect {
    /// Bytes that cannot have been written by a correct writer.
    pub(crate) fn corrupt(expected: impl Into<String>, found: impl Into<String>) -> Defect {
        let (expected, found) = (expected.into(), found.into());
        Defect { category: Category::Corrupt, expected, found }
    }

    /// Bytes that a later writer may have meant.
    pub(crate) fn unsupported(expected: impl Into<String>, found: impl Into<String>) -> Defect {
        let (expected, found) = (expected.into(), found.into());
        Defect { category: Category::Unsupported, expected, found }
    }

    /// The error at a place.
    pub(crate) fn at(self, place: Place) -> StoreError {
        StoreError::new(self.category, place, self.expected, self.found)
    }
}

/// The error of this crate. Boxed, so that the happy path moves one pointer.
#[derive(Debug)]
pub struct StoreError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    category: Category,
    place: Place,
    expected: String,
    found: String,
    source: Option<io::Error>,
}

impl StoreError {
    /// An error at a place, with what was expected there and what was found.
    pub fn new(
        category: Category,
        place: Place,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> StoreError {
        let (expected, found) = (expected.into(), found.into());
        StoreError(Box::new(Inner { category, place, expected, found, source: None }))
    }

    /// An error of the operating system: `doing` says what was attempted, as in "write batch".
    pub fn io(doing: &str, place: Place, source: io::Error) -> StoreError {
        let category = match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Category::StorageFull,
            _ => Category::Io,
        };
        let inner = Inner {
            category,
            place,
            expected: doing.to_string(),
            found: source.to_string(),
            source: Some(source),
        };
        StoreError(Box::new(inner))
    }

    /// Replay met a seal, a snapshot or a close record that names another digest.
    pub fn diverged(sequence: u64, recorded: &[u8], replayed: &[u8]) -> StoreError {
        StoreError::new(
            Category::Diverged,
            Place::sequence(sequence),
            format!("digest {} (recorded)", crate::bytes::hex(recorded)),
            format!("digest {} (replayed)", crate::bytes::hex(replayed)),
        )
    }

    /// What kind of trouble it is.
    pub fn category(&self) -> Category {
        self.0.category
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.0.place
    }

    /// What should have been there, or what was attempted.
    pub fn expected(&self) -> &str {
        &self.0.expected
    }

    /// What was there instead.
    pub fn found(&self) -> &str {
        &self.0.found
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { category, place, expected, found, source } = &*self.0;
        let word = category.word();
        match source {
            Some(_) => write!(f, "{word} at {place}: cannot {expected}: {found}"),
            None => write!(f, "{word} at {place}: expected {expected}, found {found}"),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| source as _)
    }
}
