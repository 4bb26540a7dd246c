//! A finished run, heard again: its journal through a fresh machine, for whoever listens.
//!
//! Law: every seal is met on the way, and the state digest at the end is the one recorded; a run of
//! other semantics is refused before its first event.

use clearing::{ClearingHouse, SEMANTICS};
use domain::Sequence;
use runtime::rerun::{Rerun, rerun};

use crate::directory::RUN_FILE;
use crate::failure::{Answer, FOUND, Failure, UNFINISHED};
use crate::golden::hex;
use crate::listener::{FanOut, Listener};
use crate::opened::Run;
use crate::summary::Statistics;

/// What hearing a run again leaves.
pub struct Heard {
    /// The state it ended with.
    pub house: ClearingHouse,
    /// Its figures.
    pub statistics: Statistics,
    /// Events, seals and stops met.
    pub met: Rerun,
}

/// Hears a run up to and with `until`, or to its end.
///
/// # Errors
/// Exit 3 for semantics that this program does not have, damage, the disk; exit 1 where a seal or
/// the state digest differs from the recorded one; what a listener said.
pub fn rerun_with(
    run: &Run,
    until: Option<Sequence>,
    listeners: &mut [&mut dyn Listener],
) -> Answer<Heard> {
    if run.semantics != SEMANTICS {
        let sentence = format!(
            "the run was made with semantics {}, this program has {SEMANTICS}",
            run.semantics
        );
        let path = run.path.join(RUN_FILE);
        return Err(Failure::about(UNFINISHED, "journal.semantics", &path, sentence));
    }
    let reader = run.reader()?;
    let mut house = ClearingHouse::new();
    let mut fan = FanOut::new(listeners);
    fan.begin()?;
    let met = rerun(&mut house, reader, until, &mut fan);
    if let Some(failure) = fan.take_failure() {
        return Err(failure);
    }
    let met = met.map_err(|error| Failure::runtime(&run.journal(), &error))?;
    if until.is_none_or(|until| until.number() >= run.last_sequence) {
        meet_record(run, &mut house)?;
    }
    fan.finish(&house)?;
    Ok(Heard { house, statistics: fan.statistics, met })
}

/// The end is the recorded one.
fn meet_record(run: &Run, house: &mut ClearingHouse) -> Answer<()> {
    let (sequence, digest) = (house.sequence().number(), hex(&house.state_digest()));
    if sequence == run.last_sequence && digest == run.state_digest {
        return Ok(());
    }
    let sentence = format!(
        "the journal ends at event {sequence} with state digest {digest}, the run recorded {} \
         and {}",
        run.last_sequence, run.state_digest
    );
    Err(Failure::about(FOUND, "run.differs", &run.path, sentence))
}
