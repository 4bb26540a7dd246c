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

/// A state to store, durable in the journal up to `sequence`.
#[derive(Debug)]
pub struct SnapshotJob {
    /// Version of the behaviour that produced the state.
    pub semantics: u32,
    /// Last sequence that is part of it.
    pub sequence: u64,
    /// Chain of the journal there.
    pub chain: Chain,
    /// Its canonical bytes.
    pub bytes: Vec<u8>,
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

#[derive(Default)]
struct State {
    waiting: Option<SnapshotJob>,
    running: Option<(u64, Instant)>,
    reports: Vec<SnapshotReport>,
    buffer: Option<Vec<u8>>,
    ended: Option<String>,
    finishing: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The thread and its one place for a waiting job.
pub struct SnapshotThread {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    watchdog: Duration,
}

impl SnapshotThread {
    /// Starts a thread that writes to `store`.
    pub fn spawn(store: SnapshotStore) -> Result<SnapshotThread, StoreError> {
        SnapshotThread::spawn_with(WATCHDOG, move |job| {
            store.put(job.semantics, job.sequence, job.chain, &job.bytes)
        })
    }

    /// Starts a thread that does `work` for each job, with a watchdog of `watchdog`.
    pub fn spawn_with(
        watchdog: Duration,
        work: impl FnMut(&SnapshotJob) -> Result<Anchor, StoreError> + Send + 'static,
    ) -> Result<SnapshotThread, StoreError> {
        let shared = Arc::<Shared>::default();
        let theirs = shared.clone();
        let builder = std::thread::Builder::new().name("snapshot".to_string());
        match builder.spawn(move || run(&theirs, work)) {
            Ok(thread) => Ok(SnapshotThread { shared, thread: Some(thread), watchdog }),
            Err(error) => {
                Err(StoreError::io("start the snapshot thread", Default::default(), error))
            }
        }
    }

    /// Hands over a job without waiting for anything.
    pub fn request(&self, job: SnapshotJob) -> Request {
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

    /// The memory of a finished job, to be used again.
    pub fn take_buffer(&self) -> Option<Vec<u8>> {
        self.shared.locked().buffer.take()
    }

    /// Waits for what waits and runs, at most as long as the watchdog allows, and ends the
    /// thread. Returns the last reports.
    pub fn finish(mut self) -> Vec<SnapshotReport> {
        let mut state = self.shared.locked();
        state.finishing = true;
        self.shared.changed.notify_all();
        loop {
            watch(&mut state, self.watchdog);
            let idle = state.waiting.is_none() && state.running.is_none();
            if idle || state.ended.is_some() {
                break;
            }
            let pause = self.watchdog.min(Duration::from_millis(100));
            let waited = self.shared.changed.wait_timeout(state, pause);
            state = waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
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

impl Drop for SnapshotThread {
    fn drop(&mut self) {
        let mut state = self.shared.locked();
        state.finishing = true;
        state.waiting = None;
        drop(state);
        self.shared.changed.notify_all();
    }
}

/// Ends snapshotting when the running job has taken too long.
fn watch(state: &mut State, watchdog: Duration) {
    if let Some((sequence, since)) = state.running
        && since.elapsed() >= watchdog
        && state.ended.is_none()
    {
        let seconds = watchdog.as_secs_f64();
        state.ended = Some(format!("the snapshot at {sequence} took over {seconds} s"));
        state.waiting = None;
    }
}

fn run(shared: &Shared, mut work: impl FnMut(&SnapshotJob) -> Result<Anchor, StoreError>) {
    loop {
        let mut state = shared.locked();
        let job = loop {
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
        state.buffer = Some(job.bytes);
        state.reports.push(SnapshotReport { sequence, elapsed: started.elapsed(), outcome });
        drop(state);
        shared.changed.notify_all();
    }
}
