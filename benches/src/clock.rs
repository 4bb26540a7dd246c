//! Time as this thread spent it.

use rustix::time::{ClockId, clock_gettime};

/// CPU time of this thread in nanoseconds: what other processes take does not count.
#[must_use]
pub fn thread_nanos() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// CPU time of all threads of this process in nanoseconds.
#[must_use]
pub fn process_nanos() -> u64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Nanoseconds of CPU time that `work` takes, with its result.
pub fn timed<T>(work: impl FnOnce() -> T) -> (u64, T) {
    let start = thread_nanos();
    let result = work();
    (thread_nanos() - start, result)
}

/// Median of figures.
///
/// # Panics
/// Of none.
#[must_use]
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
