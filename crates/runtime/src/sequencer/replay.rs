//! The loop without a network: commands are pulled from an iterator, on the caller's thread, and
//! an observer sees each batch as soon as it is durable.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::Duration;

use clearing::{ClearingHouse, WARMED_TOGETHER};
use domain::{Effect, Event, Sequence, Timestamp};
use store::{Category, Place, StoreError};

use super::{LoopOptions, Offered, Release, Sequencer};
use crate::batch::Batch;
use crate::clock::Moment;
use crate::error::RuntimeError;
use crate::latency::{Background, IntervalLog, LatencyTable, LogError};
use crate::observer::{Observer, show};
use crate::recovery::Ready;
use crate::stamp::ExternalCommand;

/// Shows batches to an observer and reuses their memory.
struct Shown<O> {
    observer: O,
    latencies: Option<Background>,
}

impl<O: Observer> Release for Shown<O> {
    fn release(&mut self, mut batch: Batch) -> Batch {
        show(&batch, &mut self.observer);
        if let (Some(latencies), Some(durable)) = (&self.latencies, batch.durable_at) {
            latencies.take(&mut batch.timings, durable, Moment::now());
        }
        batch.clear();
        batch
    }

    fn applied(&mut self, event: &Event, effects: &[Effect], house: &ClearingHouse) {
        self.observer.applied(event, effects, house);
    }
}

/// How far a run has come; everything in it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// External commands taken from the iterator in this run.
    pub commands: u64,
    /// The last event's place in line.
    pub sequence: Sequence,
    /// The last event's time.
    pub timestamp: Timestamp,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The iterator had no more commands.
    Finished,
    /// The progress callback asked to stop; the journal can be continued.
    Stopped,
}

/// What a replay leaves after a clean stop.
#[derive(Debug)]
pub struct Outcome<O> {
    /// The final state.
    pub house: ClearingHouse,
    /// Its digest, which the journal's close record holds too.
    pub state_digest: [u8; 32],
    /// Whoever watched.
    pub observer: O,
    /// External commands taken, over all runs.
    pub commands: u64,
    /// Time spent in runs: stamping, applying, writing, syncing, observing, and whatever the
    /// iterators took.
    pub elapsed: Duration,
    /// Percentiles of its commands, where they were timed.
    pub latencies: Option<LatencyTable>,
}

/// A loop that is fed from iterators.
pub struct Replay<O: Observer> {
    sequencer: Sequencer<Shown<O>>,
    commands: u64,
    elapsed: Duration,
}

impl<O: Observer> Replay<O> {
    /// Takes over a journal. The genesis of a new one is durable, and was observed, when this
    /// returns.
    ///
    /// # Errors
    /// The disk.
    pub fn start(ready: Ready, options: LoopOptions, observer: O) -> Result<Self, RuntimeError> {
        Self::begin(ready, options, Shown { observer, latencies: None })
    }

    /// As [`Replay::start`], with every command timed into a log: from the moment the loop turned
    /// to it, as a recorded command has no planned send time of its own. Costs two readings of the
    /// clock a command; counting is another thread's work.
    ///
    /// # Errors
    /// As for [`Replay::start`].
    pub fn start_measured(
        ready: Ready,
        options: LoopOptions,
        observer: O,
        log: IntervalLog,
    ) -> Result<Self, RuntimeError> {
        let latencies = Some(Background::start(log).map_err(log_failed)?);
        Self::begin(ready, options, Shown { observer, latencies })
    }

    fn begin(ready: Ready, options: LoopOptions, shown: Shown<O>) -> Result<Self, RuntimeError> {
        let began = Moment::now();
        let measures = shown.latencies.is_some();
        let mut sequencer = Sequencer::start(ready, options, shown)?;
        sequencer.measures = measures;
        Ok(Self { sequencer, commands: 0, elapsed: Moment::now().since(began) })
    }

    /// The state, which may be ahead of what is durable while a run is on its way.
    #[must_use]
    pub fn house(&self) -> &ClearingHouse {
        self.sequencer.house()
    }

    /// Takes commands until the iterator ends, then commits. `progress` is asked at every batch
    /// border and may end the run there, or rather a few commands later: those that had been
    /// taken from the iterator already.
    ///
    /// # Errors
    /// What the iterator answered, after what came before it is durable; a full disk; damage.
    pub fn run<E: From<RuntimeError>>(
        &mut self,
        commands: impl IntoIterator<Item = Result<ExternalCommand, E>>,
        progress: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Ended, E> {
        let began = Moment::now();
        let ended = self.feed(commands, progress);
        self.elapsed += Moment::now().since(began);
        ended
    }

    fn feed<E: From<RuntimeError>>(
        &mut self,
        commands: impl IntoIterator<Item = Result<ExternalCommand, E>>,
        mut progress: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Ended, E> {
        let mut commands = commands.into_iter();
        let mut ahead = VecDeque::<ExternalCommand>::with_capacity(WARMED_TOGETHER);
        let mut source = Ok(true);
        loop {
            if ahead.is_empty() {
                while matches!(source, Ok(true)) && ahead.len() < WARMED_TOGETHER {
                    match commands.next() {
                        Some(Ok(command)) => ahead.push_back(command),
                        Some(Err(error)) => source = Err(error),
                        None => source = Ok(false),
                    }
                }
                std::hint::black_box(self.house().warm(ahead.iter().map(|one| &one.command)));
            }
            let Some(command) = ahead.pop_front() else { break };
            self.take(command)?;
            if self.sequencer.commit_if_complete()?
                && progress(&self.progress()) == ControlFlow::Break(())
            {
                // What was taken from the iterator is heard: nothing is lost between two runs.
                for command in ahead {
                    self.take(command)?;
                }
                self.sequencer.commit()?;
                return Ok(Ended::Stopped);
            }
        }
        self.sequencer.commit()?;
        source?;
        let _asked = progress(&self.progress());
        Ok(Ended::Finished)
    }

    fn take(&mut self, command: ExternalCommand) -> Result<(), RuntimeError> {
        match self.sequencer.offer(command)? {
            Offered::Stamped(_) => {
                self.commands += 1;
                Ok(())
            }
            Offered::StorageFull => self.storage_full(),
        }
    }

    /// Nothing else can be done with a day that does not fit the disk; what came before the
    /// command stays, durable.
    fn storage_full(&mut self) -> Result<(), RuntimeError> {
        self.sequencer.commit()?;
        let place = Place::sequence(self.house().sequence().next().number());
        let expected = "room for another segment of the journal";
        Err(StoreError::new(Category::StorageFull, place, expected, "a full disk").into())
    }

    fn progress(&self) -> Progress {
        let house = self.house();
        let (sequence, timestamp) = (house.sequence(), house.timestamp());
        Progress { commands: self.commands, sequence, timestamp }
    }

    /// Stamps the pulses that are due at or before `at` and commits: the end of a day's window
    /// may lie after its last command.
    ///
    /// # Errors
    /// As for [`Self::run`].
    pub fn advance(&mut self, at: Timestamp) -> Result<(), RuntimeError> {
        if self.sequencer.stamp_due_pulses(at)? {
            self.sequencer.commit()
        } else {
            self.storage_full()
        }
    }

    /// Stops cleanly: a last snapshot if snapshots are taken, the close record.
    ///
    /// # Errors
    /// The disk.
    pub fn finish(self) -> Result<Outcome<O>, RuntimeError> {
        let Self { sequencer, commands, elapsed } = self;
        let closed = sequencer.close()?;
        let Shown { observer, latencies } = closed.release;
        let latencies = latencies.map(Background::finish).transpose().map_err(log_failed)?;
        Ok(Outcome {
            house: closed.house,
            state_digest: closed.state_digest,
            observer,
            commands,
            elapsed,
            latencies,
        })
    }
}

fn log_failed(error: LogError) -> RuntimeError {
    let error = match error {
        LogError::Io(error) => error,
        other => std::io::Error::other(other.to_string()),
    };
    RuntimeError::Io { doing: "write the latency log", error }
}
