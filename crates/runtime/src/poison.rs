//! What happens when the machine panics: the batch that was never written goes to
//! `poison-<seq>.bin`, the offending event last, and the process aborts.
//!
//! Nobody has heard of any event in it. The next start reports the file and never replays it by
//! itself; `bisect` reads it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use store::journal::Writer;

/// Runs code of the machine. If it panics, writes the poison file and aborts the process: the
/// state is half changed and nothing may be read from it.
pub(crate) fn guard<T>(writer: &mut Writer, machine: impl FnOnce() -> T) -> T {
    match catch_unwind(AssertUnwindSafe(machine)) {
        Ok(done) => done,
        Err(_) => {
            // The panic hook has printed the message already.
            write(writer);
            std::process::abort()
        }
    }
}

/// Writes the batch in memory to its poison file and says so.
pub(crate) fn write(writer: &mut Writer) {
    match writer.write_poison() {
        Ok(Some(name)) => tracing::error!(file = name, "the unwritten batch was set aside"),
        Ok(None) => tracing::error!("the batch was empty: nothing was set aside"),
        // Aborting comes first: a disk that fails as well must not stop that.
        Err(error) => tracing::error!(%error, "the unwritten batch could not be set aside"),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    //! Goal: a panic in the machine leaves the whole unwritten batch in a file, an aborted process
    //! and a journal that starts as if the batch had never been.
    //! Method: this test program runs itself with a planted panic and is looked at afterwards.

    use std::ops::ControlFlow;
    use std::os::unix::process::ExitStatusExt as _;
    use std::path::Path;
    use std::process::Command;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use domain::Sequence;
    use store::journal::{Record, read_poison};
    use store::storage::RealStorage;

    use crate::common::{Workload, journal_options};
    use crate::recovery::{Identity, create, open};
    use crate::{LoopOptions, Replay, RuntimeError, Unobserved};

    static PLANTED: AtomicU64 = AtomicU64::new(0);
    const DIRECTORY: &str = "CLEARSIM_TEST_POISON_DIRECTORY";
    const PANIC_AT: u64 = 150;
    const BATCH: u64 = 64;

    pub(crate) fn strike_if_planted(sequence: Sequence) {
        assert!(PLANTED.load(Ordering::Relaxed) != sequence.number(), "planted panic");
    }

    fn storage(directory: &Path) -> Arc<RealStorage> {
        Arc::new(RealStorage::open(directory).expect("a directory"))
    }

    #[test]
    fn child_with_a_planted_panic() {
        let Some(directory) = std::env::var_os(DIRECTORY) else {
            // Only as a child of the other test is there something to do.
            return;
        };
        let mut workload = Workload::new(5, 4_096);
        let genesis = workload.next().expect("endless");
        let directory = storage(Path::new(&directory));
        let ready = create(directory, genesis, Identity::Genesis, &journal_options(), None)
            .expect("a new journal");
        let options = LoopOptions { batch_events: BATCH as u32, ..LoopOptions::default() };
        let mut replay = Replay::start(ready, options, Unobserved).expect("starts");
        PLANTED.store(PANIC_AT, Ordering::Relaxed);
        let rest = workload.take(1_000).map(Ok::<_, RuntimeError>);
        let ended = replay.run(rest, |_| ControlFlow::Continue(()));
        panic!("the process should have ended: {ended:?}");
    }

    #[test]
    fn a_panic_in_the_machine_leaves_a_poison_file_and_a_clean_start() {
        let directory = tempfile::tempdir().expect("a directory");
        let child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "poison::tests::child_with_a_planted_panic", "--nocapture"])
            .env(DIRECTORY, directory.path())
            .output()
            .expect("runs");
        assert_eq!(child.status.signal(), Some(6), "SIGABRT, exit code 134 in a shell");
        let said = String::from_utf8_lossy(&child.stderr);
        assert!(said.contains("planted panic"), "{said}");

        // Genesis has a batch of its own; then come batches of 64.
        let first = 2 + (PANIC_AT - 2) / BATCH * BATCH;
        let name = format!("poison-{first}.bin");
        let poison = read_poison(&*storage(directory.path()), &name).expect("whole");
        let sequences: Vec<u64> = poison
            .batch()
            .records()
            .filter_map(|record| match record {
                Record::Event(raw) => Some(raw.sequence),
                Record::Control(_) => None,
            })
            .collect();
        assert_eq!(sequences, (first..=PANIC_AT).collect::<Vec<u64>>(), "the offender is last");

        let ready =
            open(storage(directory.path()), &journal_options(), None).expect("a clean start");
        assert_eq!(ready.house().sequence().number(), first - 1);
        let report = ready.report().journal.as_ref().expect("an old journal");
        assert_eq!(report.poison_files, [name]);
    }
}
