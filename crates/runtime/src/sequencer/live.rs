//! The loop behind a bounded channel: batches of commands come in from any thread, answers and
//! effects leave through the outbox.
//!
//! Whatever waits in the channel when a commit ends goes into the next one, so batches grow with
//! the load. A full channel pushes back and never drops: [`Inlet::try_send`] returns the batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use clearing::{ClearingHouse, WARMED_TOGETHER};
use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use domain::Sequence;

use super::{LoopOptions, Offered, Release, Sequencer};
use crate::batch::{Answer, Batch, Reply, Verdict};
use crate::clock::{Clock, Moment};
use crate::error::RuntimeError;
use crate::latency::Recorder;
use crate::outbox::{Outbox, Readers};
use crate::recovery::Ready;
use crate::stamp::ExternalCommand;

/// Commands of one sender, in order, and where the answers go.
pub struct Arriving {
    /// The commands.
    pub commands: Vec<ExternalCommand>,
    /// Takes the answers.
    pub reply: Arc<dyn Reply>,
}

enum Message {
    Arriving(Arriving),
    Stop,
}

/// What to do when the disk fails under the loop. Nothing is acknowledged either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// End the process at once, so that nothing reads a state that disk does not have.
    Abort,
    /// End the loop and let [`Live::stop`] return the error.
    Stop,
}

/// Choices about a live pipeline.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// The loop's own choices.
    pub loop_options: LoopOptions,
    /// Batches of commands that may wait for the loop.
    pub queue_batches: usize,
    /// Durable batches that may wait for their readers.
    pub outbox_batches: usize,
    /// What a failing disk does.
    pub on_failure: OnFailure,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self {
            loop_options: LoopOptions { clock: Clock::Live, ..LoopOptions::default() },
            queue_batches: 64,
            outbox_batches: 8,
            on_failure: OnFailure::Abort,
        }
    }
}

/// Why a batch of commands was not taken.
pub enum SendError {
    /// The channel is full; the batch comes back.
    Full(Arriving),
    /// The loop has ended.
    Closed,
}

/// The way in. Clones share one channel.
#[derive(Clone)]
pub struct Inlet(Sender<Message>);

impl Inlet {
    /// Takes a batch unless the channel is full.
    ///
    /// # Errors
    /// See [`SendError`].
    pub fn try_send(&self, arriving: Arriving) -> Result<(), SendError> {
        match self.0.try_send(Message::Arriving(arriving)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(Message::Arriving(arriving))) => Err(SendError::Full(arriving)),
            Err(TrySendError::Full(Message::Stop) | TrySendError::Disconnected(_)) => {
                Err(SendError::Closed)
            }
        }
    }

    /// Takes a batch, waiting while the channel is full; `false` if the loop has ended.
    #[must_use]
    pub fn send(&self, arriving: Arriving) -> bool {
        self.0.send(Message::Arriving(arriving)).is_ok()
    }
}

/// Sends durable batches on and notes how far they reach.
struct ToOutbox {
    outbox: Outbox,
    durable: Arc<AtomicU64>,
}

impl Release for ToOutbox {
    fn release(&mut self, batch: Batch) -> Batch {
        if let Some(last) = batch.last_sequence() {
            self.durable.store(last.number(), Ordering::Release);
        }
        self.outbox.send(batch)
    }
}

/// What a pipeline leaves after a clean stop.
#[derive(Debug)]
pub struct LiveReport {
    /// The final state.
    pub house: ClearingHouse,
    /// Its digest, which the journal's close record holds too.
    pub state_digest: [u8; 32],
    /// The latencies, if they were measured.
    pub recorder: Option<Recorder>,
}

/// A running pipeline.
pub struct Live {
    inlet: Inlet,
    durable: Arc<AtomicU64>,
    thread: JoinHandle<Result<LiveReport, RuntimeError>>,
}

impl Live {
    /// Starts the loop and its outbox. The genesis of a new journal is durable when this returns.
    ///
    /// # Errors
    /// The disk; a thread that cannot be started.
    pub fn start(
        ready: Ready,
        options: LiveOptions,
        readers: Readers,
    ) -> Result<Self, RuntimeError> {
        let measures = readers.measures();
        let outbox = Outbox::start(options.outbox_batches, readers)
            .map_err(RuntimeError::io("start the outbox"))?;
        let durable = Arc::new(AtomicU64::new(ready.house().sequence().number()));
        let release = ToOutbox { outbox, durable: Arc::clone(&durable) };
        let mut sequencer = Sequencer::start(ready, options.loop_options.clone(), release)?;
        sequencer.measures = measures;
        let (sender, queue) = bounded(options.queue_batches.max(1));
        let on_failure = options.on_failure;
        let thread = std::thread::Builder::new()
            .name(String::from("sequencer"))
            .spawn(move || run(sequencer, &queue, on_failure))
            .map_err(RuntimeError::io("start the sequencer"))?;
        Ok(Self { inlet: Inlet(sender), durable, thread })
    }

    /// The way in.
    #[must_use]
    pub fn inlet(&self) -> Inlet {
        self.inlet.clone()
    }

    /// The last durable event.
    #[must_use]
    pub fn durable(&self) -> Sequence {
        Sequence::new(self.durable.load(Ordering::Acquire))
    }

    /// Whether the loop goes on; it ends by itself only when the disk fails.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !self.thread.is_finished()
    }

    /// Stops cleanly: what was sent before is answered, the journal is closed.
    ///
    /// # Errors
    /// What ended the loop, if it ended by itself.
    pub fn stop(self) -> Result<LiveReport, RuntimeError> {
        // A loop that has ended says why when it is joined.
        let _ended = self.inlet.0.send(Message::Stop);
        match self.thread.join() {
            Ok(report) => report,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

fn run(
    mut sequencer: Sequencer<ToOutbox>,
    queue: &Receiver<Message>,
    on_failure: OnFailure,
) -> Result<LiveReport, RuntimeError> {
    let ended = take_until_stopped(&mut sequencer, queue).and_then(|()| {
        let closed = sequencer.close()?;
        let recorder = closed.release.outbox.stop()?;
        let (house, state_digest) = (closed.house, closed.state_digest);
        Ok(LiveReport { house, state_digest, recorder })
    });
    if let Err(error) = &ended {
        tracing::error!(%error, "the loop ended; nothing more is acknowledged");
        if on_failure == OnFailure::Abort {
            std::process::abort();
        }
    }
    ended
}

fn take_until_stopped(
    sequencer: &mut Sequencer<ToOutbox>,
    queue: &Receiver<Message>,
) -> Result<(), RuntimeError> {
    loop {
        match next_message(sequencer, queue) {
            Some(Message::Arriving(arriving)) => take_all(sequencer, arriving)?,
            Some(Message::Stop) => return Ok(()),
            None => sequencer.idle()?,
        }
        if queue.is_empty() {
            sequencer.commit()?;
        }
    }
}

/// The next message; `None` when it is time for a pulse, or when nothing came for a second. Under
/// the historical clock time comes with commands alone.
fn next_message(sequencer: &Sequencer<ToOutbox>, queue: &Receiver<Message>) -> Option<Message> {
    const IDLE: Duration = Duration::from_secs(1);
    let due = match sequencer.options.clock {
        Clock::Live => sequencer.house().next_pulse(),
        Clock::Historical => None,
    };
    // A pulse that the disk had no room for is tried again soon, not at once.
    let soon = |due| Moment::of(due).since(Moment::now()).max(Duration::from_micros(100));
    match queue.recv_timeout(due.map_or(IDLE, |due| soon(due).min(IDLE))) {
        Ok(message) => Some(message),
        Err(RecvTimeoutError::Timeout) => None,
        Err(RecvTimeoutError::Disconnected) => Some(Message::Stop),
    }
}

fn take_all(sequencer: &mut Sequencer<ToOutbox>, arriving: Arriving) -> Result<(), RuntimeError> {
    let Arriving { commands, reply } = arriving;
    let mut commands = commands.into_iter();
    let mut warmed = 0;
    loop {
        if warmed == 0 {
            let next = commands.as_slice().iter().take(WARMED_TOGETHER);
            warmed = next.len();
            std::hint::black_box(sequencer.house().warm(next.map(|one| &one.command)));
        }
        let Some(command) = commands.next() else { break };
        warmed -= 1;
        let (producer, producer_seq) = (command.producer, command.producer_seq);
        let expected = sequencer.house().producer_seq(producer) + 1;
        let verdict = if producer_seq < expected {
            Verdict::Duplicate(expected - 1)
        } else if producer_seq > expected {
            Verdict::Gap(expected)
        } else {
            match sequencer.offer(command)? {
                Offered::Stamped(verdict) => verdict,
                Offered::StorageFull => Verdict::StorageFull,
            }
        };
        let answer = Answer { producer, producer_seq, verdict };
        sequencer.batch_mut().answer(&reply, answer);
        let _committed = sequencer.commit_if_complete()?;
    }
    Ok(())
}
