//! From a directory to a clearing house that may take the next command.
//!
//! A new journal: genesis is checked against a fresh machine before anything is created. An old
//! one: recover the log, load the newest snapshot that can be verified, apply the tail, meet
//! every seal. Anything that differs is a refusal to start, and changes nothing.

use std::sync::Arc;

use clearing::{ClearingHouse, SEMANTICS};
use domain::{Command, Effect, Sequence};
use store::codec;
use store::journal::{self, Opened, Options, Reader, RecoveryReport, Writer};
use store::snapshot::SnapshotStore;
use store::storage::Storage;

use crate::error::RuntimeError;
use crate::observer::Unobserved;
use crate::rerun::{Rerun, rerun};
use crate::snapshots::restore_newest;
use crate::stamp::{ExternalCommand, stamp};

/// Where a new journal's identity comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Drawn at random: journals of production.
    Random,
    /// The start of the hash of genesis: equal commands make equal bytes. For days and fixtures.
    Genesis,
}

/// A clearing house with its journal, ready for the next command.
#[derive(Debug)]
pub struct Ready {
    pub(crate) house: ClearingHouse,
    pub(crate) writer: Writer,
    /// To be stamped first, if the journal is new.
    pub(crate) genesis: Option<ExternalCommand>,
    pub(crate) snapshots: Option<SnapshotStore>,
    report: StartReport,
}

/// What a start found and did.
#[derive(Clone, Debug, Default)]
pub struct StartReport {
    /// What the journal's recovery found; `None` for a new journal.
    pub journal: Option<RecoveryReport>,
    /// Sequence of the snapshot the state was loaded from; 0 is genesis.
    pub loaded_at: u64,
    /// Snapshots that could not be used, each with the reason.
    pub passed_over: Vec<String>,
    /// What was applied after that.
    pub tail: Rerun,
}

impl Ready {
    /// What the start found and did.
    #[must_use]
    pub fn report(&self) -> &StartReport {
        &self.report
    }

    /// The state so far.
    #[must_use]
    pub fn house(&self) -> &ClearingHouse {
        &self.house
    }
}

/// Creates a journal for this genesis. Genesis itself is stamped when the loop starts.
///
/// # Errors
/// The command is no genesis or this machine refuses it; a journal exists; the disk.
pub fn create(
    storage: Arc<dyn Storage>,
    genesis: ExternalCommand,
    identity: Identity,
    options: &Options,
    snapshots: Option<SnapshotStore>,
) -> Result<Ready, RuntimeError> {
    let options = fitting(&genesis, options)?;
    let mut body = Vec::new();
    codec::encode_into(&genesis.command, &mut body)?;
    let genesis_hash = *blake3::hash(&body).as_bytes();
    let log_id = match identity {
        Identity::Random => random(),
        Identity::Genesis => genesis_hash[..16].try_into().expect("16 of 32 bytes are 16 bytes"),
    };
    let writer = journal::create(storage, log_id, genesis_hash, &options)?;
    let house = ClearingHouse::new();
    let report = StartReport::default();
    Ok(Ready { house, writer, genesis: Some(genesis), snapshots, report })
}

/// Asks a machine that is thrown away whether genesis would do; returns the options with the seal
/// interval that genesis names.
fn fitting(genesis: &ExternalCommand, options: &Options) -> Result<Options, RuntimeError> {
    let Command::Genesis(asked) = &genesis.command else {
        return Err(RuntimeError::GenesisMissing { found: genesis.command.word() });
    };
    if asked.semantics != SEMANTICS {
        let (expected, found) = (SEMANTICS, asked.semantics);
        return Err(RuntimeError::SemanticsUnsupported { expected, found });
    }
    let mut trial = ClearingHouse::new();
    let mut effects = Vec::new();
    trial.apply(&stamp(&trial, genesis.clone(), genesis.wish), &mut effects);
    match effects.first() {
        Some(Effect::Refused { refusal }) => Err(RuntimeError::GenesisRefused(*refusal)),
        _ => Ok(Options { seal_interval: Some(trial.seal_interval()), ..options.clone() }),
    }
}

/// 16 bytes that no other journal has. They keep journals apart and keep no secret.
fn random() -> [u8; 16] {
    use std::hash::{BuildHasher as _, RandomState};
    let mut bytes = [0; 16];
    for half in bytes.chunks_exact_mut(8) {
        // Each state is seeded by the operating system or follows from one that was.
        let drawn = RandomState::new().hash_one(std::process::id());
        half.copy_from_slice(&drawn.to_le_bytes());
    }
    bytes
}

/// Opens a journal for the next command.
///
/// # Errors
/// Damage, another process, another semantics, a digest that differs; an empty journal, which
/// only [`create`] can begin after its files are removed.
pub fn open(
    storage: Arc<dyn Storage>,
    options: &Options,
    snapshots: Option<SnapshotStore>,
) -> Result<Ready, RuntimeError> {
    let Opened { mut writer, report } = journal::open(Arc::clone(&storage), options)?;
    if report.last_seq == 0 {
        return Err(RuntimeError::GenesisMissing { found: "nothing" });
    }
    let mut start = StartReport { journal: Some(report), ..StartReport::default() };
    let mut house = match &snapshots {
        Some(store) => restore_newest(store, &storage, options, &mut start.passed_over),
        None => ClearingHouse::new(),
    };
    start.loaded_at = house.sequence().number();
    let reader = reader_after(storage, options, house.sequence())?;
    start.tail = rerun(&mut house, reader, None, &mut Unobserved)?;
    writer.set_seal_interval(house.seal_interval())?;
    tracing::info!(
        sequence = house.sequence().number(),
        loaded_at = start.loaded_at,
        events = start.tail.events,
        seals = start.tail.seals,
        "recovered"
    );
    Ok(Ready { house, writer, genesis: None, snapshots, report: start })
}

/// A reader that begins at or before the event after `sequence`.
pub(crate) fn reader_after(
    storage: Arc<dyn Storage>,
    options: &Options,
    sequence: Sequence,
) -> Result<Reader, RuntimeError> {
    Ok(if sequence == Sequence::START {
        Reader::open(storage, options)?
    } else {
        Reader::open_at(storage, options, sequence.next().number())?
    })
}
