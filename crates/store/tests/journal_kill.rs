//! Goal: an acknowledged event survives `kill -9` at any instant, rotation, recovery and
//! snapshotting included, and a snapshot is right or not there.
//! Method: this test starts itself as a writer over a real directory; the writer prints each
//! durable sequence and is killed after a random time; then everything is read and compared, and
//! the next writer goes on where that one stopped. CLEARSIM_KILLS sets the number of kills, 40
//! by default; 200 take about 25 s.

mod support;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use store::journal::{self, Reader, Verdict};
use store::snapshot::{self, SnapshotJob, SnapshotOpen, SnapshotThread};
use store::storage::RealStorage;
use support::{GENESIS, LOG_ID, Random, options, read_all, write_to};

const DIRECTORY: &str = "CLEARSIM_KILL_DIRECTORY";
const SEGMENT: u64 = 64 << 10;

/// The writer: runs only when this file starts itself.
fn write_until_killed(directory: &str) {
    let storage = Arc::new(RealStorage::create(Path::new(directory)).expect("a directory"));
    let opened = journal::open_or_create(storage, LOG_ID, GENESIS, &options(SEGMENT));
    let mut writer = opened.expect("starts").writer;
    let snapshots = match snapshot::open(Path::new(directory)).expect("opens or goes without") {
        SnapshotOpen::Ready(store) => Some(SnapshotThread::spawn(store).expect("starts")),
        SnapshotOpen::Without(_) => None,
    };
    let mut random = Random::new(writer.next_sequence());
    let mut out = std::io::stdout();
    for _ in 0..10_000 {
        let last = writer.next_sequence() + random.below(60);
        let mut acked = 0;
        write_to(&mut writer, last, 1 + random.below(16) as u32, &mut acked).expect("writes");
        if let Some(thread) = &snapshots {
            let (sequence, chain) = (acked, writer.chain());
            let state = state_bytes(sequence);
            thread.request(SnapshotJob { semantics: 1, sequence, chain, state });
        }
        writeln!(out, "acked {acked}").and_then(|()| out.flush()).expect("the parent listens");
    }
}

/// What stands for the state at a sequence: a few chunks.
fn state_bytes(sequence: u64) -> Vec<u8> {
    (0..150_000 + sequence % 1_000).map(|index| (index ^ sequence) as u8).collect()
}

/// Whether the newest snapshot that the journal agrees with is right, if there is one.
fn check_snapshots(directory: &Path, storage: &Arc<RealStorage>) -> u32 {
    let SnapshotOpen::Ready(store) = snapshot::open(directory).expect("opens or goes without")
    else {
        return 0;
    };
    let (found, _) = store.latest(|anchor| {
        let all = options(SEGMENT);
        Reader::has_border(storage.clone(), &all, anchor.sequence, anchor.chain).expect("reads")
    });
    let Some(found) = found else {
        return 0;
    };
    assert_eq!(found.bytes, state_bytes(found.anchor.sequence));
    1
}

/// The last sequence a writer said was durable.
fn last_acked(output: &str) -> u64 {
    // A line cut short by the kill has no end and does not count.
    let whole = output.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let acked = whole.lines().filter_map(|line| line.strip_prefix("acked "));
    acked.filter_map(|number| number.parse().ok()).next_back().unwrap_or(0)
}

#[test]
fn acknowledged_events_survive_kill_9() {
    if let Ok(directory) = std::env::var(DIRECTORY) {
        write_until_killed(&directory);
        return;
    }
    let kills: u32 =
        std::env::var("CLEARSIM_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(40);
    let mut random = Random::new(7);
    let (mut acked, mut torn, mut journals, mut snapshots) = (0, 0, 0, 0);
    let mut directory = tempfile::tempdir().expect("a directory");
    for kill in 0..kills {
        // A fresh journal now and then, so that creation is killed too.
        if kill % 16 == 0 {
            directory = tempfile::tempdir().expect("a directory");
            acked = 0;
            journals += 1;
        }
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "acknowledged_events_survive_kill_9", "--nocapture"])
            .env(DIRECTORY, directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts itself");
        std::thread::sleep(Duration::from_micros(2_000 + random.below(60_000)));
        child.kill().expect("kills");
        let mut output = String::new();
        child.stdout.take().expect("piped").read_to_string(&mut output).expect("reads");
        child.wait().expect("ends");
        acked = acked.max(last_acked(&output));

        let storage = Arc::new(RealStorage::open(directory.path()).expect("opens"));
        let all = options(SEGMENT);
        let opened = journal::open_or_create(storage.clone(), LOG_ID, GENESIS, &all);
        let report = opened.unwrap_or_else(|error| panic!("kill {kill}: {error}")).report;
        assert!(report.last_seq >= acked, "kill {kill}: {} of {acked}", report.last_seq);
        torn += u32::from(report.verdict != Verdict::Clean);
        snapshots += check_snapshots(directory.path(), &storage);
        let counts = read_all(storage, &all).unwrap_or_else(|error| panic!("{kill}: {error}"));
        assert_eq!(counts.last, report.last_seq, "kill {kill}");
        acked = report.last_seq;
    }
    println!("{kills} kills, {journals} journals, {torn} torn, {snapshots} snapshots found right");
    println!("the last journal ends at sequence {acked}");
    assert!(acked > 0, "no writer came as far as its first batch");
}
