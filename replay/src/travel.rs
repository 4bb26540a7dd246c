//! Time travel: the state of a run at a sequence, from the nearest snapshot.

use std::path::Path;

use domain::Sequence;
use runtime::Walk;
use store::journal::Options;

use crate::console::Console;
use crate::directory::{find_journal, find_snapshots, open_storage};
use crate::failure::{Answer, Failure, TRY_LATER};
use crate::snapshots;

/// A walk through the journal of a run directory, or a journal, that stands at `sequence`, or at
/// the end where that lies beyond it.
///
/// # Errors
/// No journal, damage, another semantics.
pub fn to(console: &Console, place: &Path, sequence: Sequence) -> Answer<Walk> {
    let journal = find_journal(place);
    let storage = open_storage(&journal)?;
    let cache = match find_snapshots(place).filter(|_| sequence > Sequence::START) {
        None => None,
        Some(folder) => match snapshots::read(console, &folder) {
            Ok(cache) => cache,
            // Snapshots only save time: who finds them in use begins at genesis.
            Err(Failure::Said { exit: TRY_LATER, .. }) => None,
            Err(failure) => return Err(failure),
        },
    };
    let said = |error| Failure::runtime(&journal, &error);
    let walk = Walk::begin(storage, &Options::default(), cache.as_ref(), sequence);
    let mut walk = walk.map_err(said)?;
    walk.advance_to(sequence).map_err(said)?;
    Ok(walk)
}
