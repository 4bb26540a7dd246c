//! How a verb fails: an exit code and what is said about it.
//!
//! Every fault is printed in one form, where, what was expected, what was found, the next move;
//! with `--json` the same fields stand on one line of stderr. A closed pipe is no fault: exit 0.

use std::io;
use std::path::Path;

use feed::error::{ErrorClass, FeedError, FeedErrors, Place};
use runtime::RuntimeError;
use store::{Category, StoreError};

/// Done, nothing found.
pub const DONE: u8 = 0;
/// Done, what was looked for was found: a difference, damage, a broken law.
pub const FOUND: u8 = 1;
/// Not understood: rulebook, manifest, input.
pub const NOT_UNDERSTOOD: u8 = 2;
/// Could not finish: missing file, disk, unreadable journal.
pub const UNFINISHED: u8 = 3;
/// The selection matched nothing.
pub const NOTHING_SELECTED: u8 = 4;
/// Held by another process: try again later.
pub const TRY_LATER: u8 = 75;
/// Stopped by SIGINT.
pub const INTERRUPTED: u8 = 130;

/// Why a verb did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// Whoever read our stdout went away.
    PipeClosed,
    /// Said on stderr, then this exit code.
    Said {
        /// The exit code.
        exit: u8,
        /// What is said.
        errors: Box<FeedErrors>,
    },
}

/// What a verb ends with: an exit code, or a failure.
pub type Answer<T = u8> = Result<T, Failure>;

/// What helps where a whole file of a journal is wrong, so that no sequence can be given up from.
pub const FILE_HELP: &str = "put the file back from a copy; one that was cut short can be filled \
    up with zeros to its length (truncate -s), and verify then names the first missing sequence";

impl Failure {
    /// One fault under an exit code.
    pub fn said(exit: u8, error: FeedError) -> Failure {
        Failure::Said { exit, errors: Box::new(error.into()) }
    }

    /// A fault about a path on disk.
    pub fn about(exit: u8, code: &str, path: &Path, sentence: impl Into<String>) -> Failure {
        let place = Place::file(path.display().to_string());
        Failure::said(exit, FeedError::rule(code, place, sentence))
    }

    /// An argument that was not understood.
    pub fn argument(flag: &str, expected: impl Into<String>, found: &str) -> Failure {
        let place = Place::default().at(flag);
        let error = FeedError::input("usage.value", place, expected, format!("{found:?}"));
        Failure::said(NOT_UNDERSTOOD, error)
    }

    /// What the operating system answered about a path.
    pub fn io(doing: &str, path: &Path, error: &io::Error) -> Failure {
        let code = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "io.storage_full",
            io::ErrorKind::NotFound => "io.missing",
            _ => "io.refused",
        };
        Failure::about(UNFINISHED, code, path, format!("cannot {doing}: {error}"))
    }

    /// What the journal said.
    pub fn store(directory: &Path, error: &StoreError) -> Failure {
        let (exit, code) = match error.category() {
            Category::Corrupt => (UNFINISHED, "journal.corrupt"),
            Category::Unsupported => (UNFINISHED, "journal.unsupported"),
            Category::Diverged => (FOUND, "journal.diverged"),
            Category::StorageFull => (UNFINISHED, "journal.storage_full"),
            Category::Locked => (TRY_LATER, "journal.locked"),
            Category::Io => (UNFINISHED, "journal.io"),
            Category::Absent => (UNFINISHED, "journal.absent"),
            Category::Misuse => (NOT_UNDERSTOOD, "journal.misuse"),
        };
        let help = match error.category() {
            Category::Corrupt if error.place().sequence.is_none() => FILE_HELP,
            Category::Corrupt => "clearsim verify names the first bad sequence",
            Category::Unsupported => "read it with the version that wrote it",
            Category::Diverged => "the journal was made by another machine, or the machine changed",
            Category::StorageFull => "make room and run again",
            Category::Locked => "another process works on it; try again when it has ended",
            Category::Absent => "name a run directory, or a journal inside one",
            Category::Io | Category::Misuse => "",
        };
        let place = Place::file(directory.display().to_string());
        let mut error = FeedError::rule(code, place, error.to_string());
        if !help.is_empty() {
            error = error.help(help);
        }
        Failure::said(exit, error)
    }

    /// What the loop said.
    pub fn runtime(directory: &Path, error: &RuntimeError) -> Failure {
        let (exit, code) = match error {
            RuntimeError::Store(error) => return Failure::store(directory, error),
            RuntimeError::GenesisMissing { .. } | RuntimeError::GenesisRefused(_) => {
                (NOT_UNDERSTOOD, "journal.genesis")
            }
            RuntimeError::SemanticsUnsupported { .. } => (UNFINISHED, "journal.semantics"),
            RuntimeError::InvariantBroken { .. } => (FOUND, "invariant.broken"),
            _ => (UNFINISHED, "run.failed"),
        };
        Failure::about(exit, code, directory, error.to_string())
    }
}

impl From<FeedErrors> for Failure {
    fn from(errors: FeedErrors) -> Failure {
        let exit = match errors.class() {
            ErrorClass::Input => NOT_UNDERSTOOD,
            ErrorClass::Unavailable => UNFINISHED,
        };
        Failure::Said { exit, errors: Box::new(errors) }
    }
}

impl From<FeedError> for Failure {
    fn from(error: FeedError) -> Failure {
        FeedErrors::from(error).into()
    }
}
