//! Snapshots are written on a thread of their own, one at a time, and never hold up clearing.
//!
//! A newer request replaces one that still waits. A job that takes longer than the watchdog ends
//! snapshotting, and its thread is left to itself: sled can hang on a full disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::error::{Category, StoreError};
use crate::journal::Chain;

use super::{Anchor, SnapshotStore};

/// Longest time a snapshot may take.
pub const WATCHDOG: Duration = Duration::from_secs(30);

/// A state that is handed over as it is and encoded on the snapshot thread.
pub trait Encode: Send + 'static {
    /// Appends the canonical bytes.
    fn encode(&self, into: &mut Vec<u8>);

    /// Called on the snapshot thread after the job, before the memory can be used again.
    fn prepare(&mut self) {}
}

impl Encode for Vec<u8> {
    fn encode(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(self);
    }
}

/// A state to store, durable in the journal up to `sequence`.
#[derive(Debug)]
pub struct SnapshotJob<S> {
    /// Version of the behaviour that produced the state.
    pub semantics: u32,
    /// Last sequence that is part of it.
    pub sequence: u64,
    /// Chain of the journal there.
    pub chain: Chain,
    /// The state there.
    pub state: S,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// It is next.
    Accepted,
    /// It is next, in place of the waiting one at this sequence.
    Replaced(u64),
    /// Snapshotting has ended; the text says why. Clearing goes on.
    Ended(String),
}

/// What became of a job.
#[derive(Debug)]
pub struct SnapshotReport {
    /// Its sequence.
    pub sequence: u64,
    /// Time it took.
    pub elapsed: Duration,
    /// The anchor, or why there is none.
    pub outcome: Result<Anchor, StoreError>,
}

struct State<S> {
    waiting: Option<SnapshotJob<S>>,
    running: Option<(u64, Instant)>,
    reports: Vec<SnapshotReport>,
    spare: Option<S>,
    ended: Option<String>,
    finishing: bool,
}

struct Shared<S> {
    state: Mutex<State<S>>,
    changed: Condvar,
}

impl<S> Shared<S> {
    fn new() -> Self {
        let state = State {
            waiting: None,
            running: None,
            reports: Vec::new(),
            spare: None,
            ended: None,
            finishing: false,
        };
        Shared { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn locked(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The thread and its one place for a waiting job.
pub struct SnapshotThread<S> {
    shared: Arc<Shared<S>>,
    thread: Option<JoinHandle<()>>,
    watchdog: Duration,
}

impl<S: Encode> SnapshotThread<S> {
    /// Starts a thread that encodes states and writes them to `store`.
    pub fn spawn(store: SnapshotStore) -> Result<Self, StoreError> {
        let mut length = 0;
        Self::spawn_with(WATCHDOG, move |job| {
            // The bytes are not kept between snapshots: they are as large as the state.
            let mut bytes = Vec::with_capacity(length + length / 8);
            job.state.encode(&mut bytes);
            length = bytes.len();
            store.put(job.semantics, job.sequence, job.chain, &bytes)
        })
    }

    /// Starts a thread that does `work` for each job, with a watchdog of `watchdog`.
    pub fn spawn_with(
        watchdog: Duration,
        work: impl FnMut(&SnapshotJob<S>) -> Result<Anchor, StoreError> + Send + 'static,
    ) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared::new());
        let theirs = shared.clone();
        let builder = std::thread::Builder::new().name("snapshot".to_string());
        match builder.spawn(move || run(&theirs, work)) {
            Ok(thread) => Ok(Self { shared, thread: Some(thread), watchdog }),
            Err(error) => {
                Err(StoreError::io("start the snapshot thread", Default::default(), error))
            }
        }
    }

    /// Hands over a job without waiting for anything.
    pub fn request(&self, job: SnapshotJob<S>) -> Request {
        let mut state = self.shared.locked();
        watch(&mut state, self.watchdog);
        if let Some(reason) = &state.ended {
            return Request::Ended(reason.clone());
        }
        let replaced = state.waiting.replace(job);
        drop(state);
        self.shared.changed.notify_all();
        match replaced {
            Some(job) => Request::Replaced(job.sequence),
            None => Request::Accepted,
        }
    }

    /// Whether a job waits or runs.
    pub fn busy(&self) -> bool {
        let mut state = self.shared.locked();
        watch(&mut state, self.watchdog);
        state.ended.is_none() && (state.waiting.is_some() || state.running.is_some())
    }

    /// Why snapshotting has ended, if it has.
    pub fn ended(&self) -> Option<String> {
        let mut state = self.shared.locked();
        watch(&mut state, self.watchdog);
        state.ended.clone()
    }

    /// What has been done since the last call.
    pub fn take_reports(&self) -> Vec<SnapshotReport> {
        std::mem::take(&mut self.shared.locked().reports)
    }

    /// The state of a finished job, whose memory can be used again.
    pub fn take_spare(&self) -> Option<S> {
        self.shared.locked().spare.take()
    }

    /// Waits until nothing waits or runs, at most as long as the watchdog allows.
    pub fn wait(&self) {
        let _idle = self.idle(self.shared.locked());
    }

    fn idle<'a>(&self, mut state: MutexGuard<'a, State<S>>) -> MutexGuard<'a, State<S>>
    where
        Self: 'a,
    {
        loop {
            watch(&mut state, self.watchdog);
            let idle = state.waiting.is_none() && state.running.is_none();
            if idle || state.ended.is_some() {
                return state;
            }
            let pause = self.watchdog.min(Duration::from_millis(100));
            let waited = self.shared.changed.wait_timeout(state, pause);
            state = waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
    }

    /// Waits for what waits and runs, at most as long as the watchdog allows, and ends the
    /// thread. Returns the last reports.
    pub fn finish(mut self) -> Vec<SnapshotReport> {
        let mut state = self.shared.locked();
        state.finishing = true;
        self.shared.changed.notify_all();
        let mut state = self.idle(state);
        let hangs = state.running.is_some();
        let reports = std::mem::take(&mut state.reports);
        drop(state);
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take().filter(|_| !hangs) {
            let _ = thread.join();
        }
        reports
    }
}

impl<S> Drop for SnapshotThread<S> {
    fn drop(&mut self) {
        let mut state = self.shared.locked();
        state.finishing = true;
        state.waiting = None;
        drop(state);
        self.shared.changed.notify_all();
    }
}

/// Ends snapshotting when the running job has taken too long.
fn watch<S>(state: &mut State<S>, watchdog: Duration) {
    if let Some((sequence, since)) = state.running
        && since.elapsed() >= watchdog
        && state.ended.is_none()
    {
        let seconds = watchdog.as_secs_f64();
        state.ended = Some(format!("the snapshot at {sequence} took over {seconds} s"));
        state.waiting = None;
    }
}

fn run<S: Encode>(
    shared: &Shared<S>,
    mut work: impl FnMut(&SnapshotJob<S>) -> Result<Anchor, StoreError>,
) {
    loop {
        let mut state = shared.locked();
        let mut job = loop {
            match state.waiting.take() {
                Some(job) => break job,
                None if state.finishing => return,
                None => {
                    let waited = shared.changed.wait(state);
                    state = waited.unwrap_or_else(|poisoned| poisoned.into_inner());
                }
            }
        };
        let (sequence, started) = (job.sequence, Instant::now());
        state.running = Some((sequence, started));
        drop(state);
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&job))).unwrap_or_else(|_| {
            let error = std::io::Error::other("the snapshot thread panicked");
            Err(StoreError::io("write snapshot", crate::Place::sequence(sequence), error))
        });
        let elapsed = started.elapsed();
        job.state.prepare();
        let mut state = shared.locked();
        state.running = None;
        // A full disk may get room again; anything else will not mend by itself.
        if let Err(error) = &outcome
            && error.category() != Category::StorageFull
            && state.ended.is_none()
        {
            state.ended = Some(error.to_string());
            state.waiting = None;
        }
        state.spare = Some(job.state);
        state.reports.push(SnapshotReport { sequence, elapsed, outcome });
        drop(state);
        shared.changed.notify_all();
    }
}
