//! What can end a run. A refusal is none of it: refusals are data.

use clearing::{RestoreError, Violation};
use domain::{Refusal, Sequence};
use store::StoreError;

/// Why the runtime stopped, or did not start.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The journal or a snapshot: its own words say where, what was expected and what was found.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A journal begins with genesis.
    #[error("expected genesis as the first command of a journal, found {found}")]
    GenesisMissing {
        /// Word of the command found, or "nothing".
        found: &'static str,
    },
    /// Genesis does not fit this machine.
    #[error("genesis was refused: {}", .0.word())]
    GenesisRefused(Refusal),
    /// The journal was made for another version of the machine's behaviour.
    #[error("expected a journal of semantics {expected}, found semantics {found}")]
    SemanticsUnsupported {
        /// This machine's.
        expected: u32,
        /// The journal's.
        found: u32,
    },
    /// A named law does not hold. The batch is in the poison file and not in the journal.
    #[error("invariant broken at sequence {}: {violation}", .sequence.number())]
    InvariantBroken {
        /// The last event applied.
        sequence: Sequence,
        /// The law.
        violation: Violation,
    },
    /// Bytes whose hash holds are no state of this machine.
    #[error("snapshot at sequence {}: {error}", .sequence.number())]
    Restore {
        /// Where the snapshot stands.
        sequence: Sequence,
        /// What the machine said.
        error: RestoreError,
    },
    /// The operating system.
    #[error("cannot {doing}: {error}")]
    Io {
        /// What was attempted, as in "start a thread".
        doing: &'static str,
        /// What was answered.
        error: std::io::Error,
    },
    /// The code of an observer panicked.
    #[error(transparent)]
    ReaderPanicked(#[from] crate::outbox::ReaderPanicked),
    /// The latency log.
    #[error(transparent)]
    Latency(#[from] crate::latency::LogError),
}

impl RuntimeError {
    /// Names what was attempted when the operating system refused.
    pub(crate) fn io(doing: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |error| Self::Io { doing, error }
    }
}
