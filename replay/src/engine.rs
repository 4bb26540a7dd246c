//! Commands into a run directory: journal, snapshots, statistics, and where it stopped.
//!
//! A run that was interrupted left a closed journal; it is met again from genesis, for the
//! statistics, and then gone on with. Law: the machine hears the same commands either way.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clearing::ClearingHouse;
use domain::Timestamp;
use runtime::latency::{IntervalLog, LatencyTable};
use runtime::recovery::{self, Identity, Ready};
use runtime::rerun::rerun;
use runtime::{Clock, Ended, ExternalCommand, LoopOptions, Moment, Replay, RuntimeError};
use store::journal::{Options, Reader};
use store::storage::{RealStorage, Storage};

use crate::cli::Keep;
use crate::console::Console;
use crate::directory::{Directory, JOURNAL, LATENCY_FILE, LOG_FILE, open_storage};
use crate::failure::{Answer, FOUND, Failure, TRY_LATER};
use crate::listener::{FanOut, Listener};
use crate::live::Live;
use crate::machine::Interrupt;
use crate::runlog;
use crate::snapshots;
use crate::summary::Statistics;

/// The producer of every command that this program sequences.
pub const PRODUCER: u32 = 1;

/// What is needed to sequence a run.
pub struct Engine<'a> {
    /// Where the run is written.
    pub directory: &'a Directory,
    /// Batches, snapshots, checks.
    pub keep: &'a Keep,
    /// The run's own time, for the live view.
    pub window: Option<[Timestamp; 2]>,
    /// Pulses due up to here are stamped after the last command.
    pub end: Option<Timestamp>,
    /// Asked at each batch border.
    pub interrupt: &'a Interrupt,
}

/// A run that has been sequenced.
pub struct Sequenced {
    /// Digest of the state at the end.
    pub state_digest: [u8; 32],
    /// Figures of the whole run.
    pub statistics: Statistics,
    /// Time spent stamping, applying, journaling and reading commands, of this process.
    pub elapsed: Duration,
    /// Percentiles of the commands of this process, where they were timed.
    pub latencies: Option<LatencyTable>,
    /// Events of an earlier, interrupted process.
    pub resumed: u64,
    /// Whether SIGINT stopped it.
    pub stopped: bool,
}

/// Why the stream of commands ended early: the loop's own trouble, or the source's.
pub enum Fault {
    /// The loop.
    Runtime(RuntimeError),
    /// The source of commands.
    Source(Failure),
}

impl From<RuntimeError> for Fault {
    fn from(error: RuntimeError) -> Fault {
        Fault::Runtime(error)
    }
}

impl Engine<'_> {
    /// Sequences genesis and the commands after it, while the listeners listen.
    ///
    /// # Errors
    /// The disk, the source, a listener, a law that does not hold.
    pub fn run(
        &self,
        console: &Console,
        genesis: ExternalCommand,
        commands: impl Iterator<Item = Result<ExternalCommand, Failure>>,
        listeners: &mut [&mut dyn Listener],
    ) -> Answer<Sequenced> {
        let journal = self.directory.partial().join(JOURNAL);
        let said = |error: RuntimeError| Failure::runtime(&journal, &error);
        let mut live = Live::new(console, self.window);
        let mut everybody: Vec<&mut dyn Listener> = vec![&mut live];
        everybody.extend(listeners.iter_mut().map(|one| &mut **one as &mut dyn Listener));
        let mut fan = FanOut::new(&mut everybody);
        let ready = self.ready(console, &journal, genesis, &mut fan)?;
        let resumed = fan.statistics.events;
        let heard = ready.house().producer_seq(PRODUCER);
        let failed = fan.failed();
        let mut replay = self.start(ready, fan).map_err(said)?;
        let fresh = commands
            .filter(|command| command.as_ref().map_or(true, |known| known.producer_seq > heard))
            .map(|command| command.map_err(Fault::Source));
        let ended = replay.run(fresh, |_| {
            if self.interrupt.asked() || failed.get() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        let stopped = match ended {
            // A listener that failed stops the run as well, and is told below.
            Ok(ended) => ended == Ended::Stopped,
            Err(Fault::Runtime(error)) => return Err(said(error)),
            Err(Fault::Source(failure)) => return Err(failure),
        };
        if let (Some(end), false) = (self.end, stopped) {
            replay.advance(end).map_err(said)?;
        }
        let outcome = replay.finish().map_err(said)?;
        let mut fan = outcome.observer;
        if let Some(failure) = fan.take_failure() {
            return Err(failure);
        }
        if !stopped {
            self.assert_laws(&outcome.house, &mut fan.statistics)?;
            fan.finish(&outcome.house)?;
        }
        let statistics = fan.statistics;
        Ok(Sequenced {
            state_digest: outcome.state_digest,
            statistics,
            elapsed: outcome.elapsed,
            latencies: outcome.latencies,
            resumed,
            stopped,
        })
    }

    /// The loop, with its latencies logged unless told otherwise.
    fn start<'a, 'b>(
        &self,
        ready: Ready,
        fan: FanOut<'a, 'b>,
    ) -> Result<Replay<FanOut<'a, 'b>>, RuntimeError> {
        if self.keep.no_latencies {
            return Replay::start(ready, self.options(), fan);
        }
        let path = self.directory.partial().join(LATENCY_FILE);
        let log = IntervalLog::create(&path, Moment::now()).map_err(|error| {
            let error = std::io::Error::other(error.to_string());
            RuntimeError::Io { doing: "create the latency log", error }
        })?;
        Replay::start_measured(ready, self.options(), fan, log)
    }

    fn options(&self) -> LoopOptions {
        LoopOptions {
            clock: Clock::Historical,
            batch_events: self.keep.batch,
            check_invariants: self.keep.check,
            snapshot_every: Some(self.keep.snapshot_every),
        }
    }

    /// A fresh journal, or the one an interrupted run left.
    fn ready(
        &self,
        console: &Console,
        journal: &Path,
        genesis: ExternalCommand,
        fan: &mut FanOut<'_, '_>,
    ) -> Answer<Ready> {
        if self.directory.has_journal() {
            match self.resume(console, journal, fan) {
                Ok(ready) => {
                    let last = fan.statistics.last_sequence;
                    console.note(&format!("going on after event {last}"));
                    return Ok(ready);
                }
                Err(Failure::Said { exit: TRY_LATER, errors }) => {
                    return Err(Failure::Said { exit: TRY_LATER, errors });
                }
                Err(_) => console.note("the journal of an interrupted run is of no use: again"),
            }
        }
        self.directory.create()?;
        self.open_log()?;
        fan.begin()?;
        let storage =
            RealStorage::create(journal).map_err(|error| Failure::io("create", journal, &error))?;
        let storage: Arc<dyn Storage> = Arc::new(storage);
        let cache = snapshots::open(console, self.directory.partial())?;
        let identity = Identity::Genesis;
        recovery::create(storage, genesis, identity, &Options::default(), cache).map_err(|error| {
            // Without a journal there is nothing to go on with.
            self.directory.discard();
            Failure::runtime(journal, &error)
        })
    }

    fn resume(&self, console: &Console, journal: &Path, fan: &mut FanOut<'_, '_>) -> Answer<Ready> {
        let said = |error: RuntimeError| Failure::runtime(journal, &error);
        let storage = open_storage(journal)?;
        self.open_log()?;
        // Opening recovers; only then is the log certain to end where it will be gone on with.
        let cache = snapshots::open(console, self.directory.partial())?;
        let options = Options::default();
        drop(recovery::open(Arc::clone(&storage), &options, None).map_err(said)?);
        let reader = Reader::open(Arc::clone(&storage), &options)
            .map_err(|error| Failure::store(journal, &error))?;
        fan.begin()?;
        rerun(&mut ClearingHouse::new(), reader, None, fan).map_err(said)?;
        recovery::open(storage, &options, cache).map_err(said)
    }

    /// What is said from here on is kept with the run.
    fn open_log(&self) -> Answer<()> {
        runlog::open(&self.directory.partial().join(LOG_FILE))
    }

    fn assert_laws(&self, house: &ClearingHouse, statistics: &mut Statistics) -> Answer<()> {
        let place = self.directory.partial();
        if let Err(violation) = house.check_invariants() {
            return Err(Failure::about(FOUND, "invariant.broken", place, violation.to_string()));
        }
        statistics.finish().map_err(|sentence| {
            Failure::about(FOUND, "invariant.deficit_identity", place, sentence)
        })
    }
}

/// Gives each command its sender's count, from 1.
pub fn numbered(
    commands: impl Iterator<Item = (Timestamp, domain::Command)>,
) -> impl Iterator<Item = ExternalCommand> {
    (1..).zip(commands).map(|(producer_seq, (wish, command))| ExternalCommand {
        producer: PRODUCER,
        producer_seq,
        wish,
        command,
    })
}
