//! `log --format parquet`: what was picked, as the table `effects` of a run directory.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use clearing::ClearingHouse;
use domain::{Effect, Event};
use runtime::rerun::{Witness, rerun};
use runtime::{Observer, RuntimeError};
use store::journal::Chain;
use store::storage::Storage;

use super::{Pick, Stop, open};
use crate::causes::{Cause, Causes};
use crate::console::Console;
use crate::failure::{Answer, DONE, FOUND, Failure};
use crate::tables::effects::Effects;
use crate::tables::market::Market;
use crate::tables::{Moment, adopted};

/// Writes the table to stdout.
pub fn log(console: &mut Console, pick: Pick, journal: &Path, storage: Arc<dyn Storage>) -> Answer {
    if io::stdout().is_terminal() {
        let expected = "ndjson or csv on a terminal; parquet into a file or a pipe";
        return Err(Failure::argument("--format", expected, "parquet"));
    }
    let buffer = Buffer::default();
    let mut picked = Picked {
        pick,
        market: Market::default(),
        causes: Causes::default(),
        found: Vec::new(),
        table: Effects::into(Box::new(buffer.clone()))?,
        stop: None,
    };
    let answer = rerun(&mut ClearingHouse::new(), open(journal, storage)?, None, &mut picked);
    match (picked.stop, answer) {
        (Some(Stop::Failed(failure)), _) => return Err(failure),
        (Some(Stop::Passed), _) | (None, Ok(_)) => {}
        (None, Err(error)) => return Err(Failure::runtime(journal, &error)),
    }
    let written = picked.table.finish()?;
    if written.rows == 0 {
        return Ok(FOUND);
    }
    console.bytes(&buffer.0.lock().unwrap_or_else(PoisonError::into_inner))?;
    Ok(DONE)
}

/// Bytes in memory, as a writer takes its target away.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Picks effects out of a journal that is applied again.
struct Picked {
    pick: Pick,
    market: Market,
    causes: Causes,
    found: Vec<Cause>,
    table: Effects,
    stop: Option<Stop>,
}

impl Picked {
    fn take(&mut self, event: &Event, effects: &[Effect]) -> Answer<()> {
        if let Some(rulebook) = adopted(event, effects) {
            self.market.adopt(rulebook);
        }
        self.causes.of(event.sequence.number(), effects, &mut self.found);
        let wanted = self.pick.wants(event, Some(effects));
        let (sequence, at) = (event.sequence.number(), event.timestamp.nanos());
        let moment = Moment { sequence, at, command: event.command.word() };
        for ((ordinal, effect), cause) in (0..).zip(effects).zip(&self.found) {
            self.market.see(effect);
            if wanted && self.pick.wants_effect(effect) {
                self.table.take(&self.market, &moment, ordinal, effect, cause)?;
            }
        }
        Ok(())
    }
}

impl Observer for Picked {
    fn observe(&mut self, event: &Event, effects: &[Effect]) {
        if self.stop.is_some() {
            return;
        }
        if self.pick.to.is_some_and(|to| to.is_passed_by(event)) {
            self.stop = Some(Stop::Passed);
            return;
        }
        self.stop = self.take(event, effects).err().map(Stop::Failed);
    }
}

impl Witness for Picked {
    fn border(&mut self, _house: &ClearingHouse, _chain: Chain) -> Result<(), RuntimeError> {
        match self.stop {
            None => Ok(()),
            Some(_) => {
                let error = io::ErrorKind::Interrupted.into();
                Err(RuntimeError::Io { doing: "go on", error })
            }
        }
    }
}
