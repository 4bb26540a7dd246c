//! Goal: a snapshot is returned whole and right, or not at all, whatever happens to the cache.
//! Method: real sled in a temporary directory; damage by flipping and truncating its files;
//! a thread with planted delays and panics.

use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use store::Category;
use store::snapshot::{
    self, Request, SnapshotJob, SnapshotOpen, SnapshotReport, SnapshotStore, SnapshotThread,
};

fn ready(directory: &Path) -> SnapshotStore {
    match snapshot::open(directory).expect("opens") {
        SnapshotOpen::Ready(store) => store,
        SnapshotOpen::Without(reason) => panic!("without: {reason}"),
    }
}

fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(|_| next()).collect()
}

fn job(sequence: u64) -> SnapshotJob<Vec<u8>> {
    SnapshotJob { semantics: 1, sequence, chain: [1; 16], state: vec![1, 2, 3] }
}

#[test]
fn snapshots_read_back_at_every_length_and_the_newest_three_stay() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = ready(directory.path());
    let lengths = [0, 1, 65_535, 65_536, 65_537, 1_000_000];
    for (sequence, length) in (1u64..).zip(lengths) {
        let bytes = bytes(sequence, length);
        let anchor = store.put(4, sequence * 100, [sequence as u8; 16], &bytes).expect("stores");
        assert_eq!(anchor.state_digest, *blake3::hash(&bytes).as_bytes());
        let read = store.get(sequence * 100).expect("reads").expect("is there");
        assert_eq!((read.anchor, read.bytes), (anchor, bytes));
    }
    let listed: Vec<u64> = store.list().expect("lists").iter().map(|at| at.sequence).collect();
    assert_eq!(listed, [600, 500, 400]);
    assert_eq!(store.get(300).expect("reads"), None);
    let (found, passed) = store.latest(|anchor| anchor.sequence <= 500);
    assert_eq!(found.expect("one agrees").anchor.sequence, 500);
    assert_eq!(passed.len(), 1);
    drop(store);
    assert_eq!(ready(directory.path()).list().expect("lists").len(), 3);
}

#[test]
fn taking_a_snapshot_again_replaces_it_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = ready(directory.path());
    store.put(1, 7, [0; 16], &bytes(1, 300_000)).expect("stores");
    store.put(1, 7, [0; 16], &bytes(2, 70_000)).expect("stores");
    let read = store.get(7).expect("reads").expect("is there");
    assert_eq!(read.bytes, bytes(2, 70_000));
}

#[test]
fn damage_to_the_files_never_yields_wrong_bytes() {
    let mut outcomes = [0u32; 3];
    let directory = tempfile::tempdir().expect("a directory");
    let store = ready(directory.path());
    let right = [bytes(1, 100_000), bytes(2, 100_000)];
    for (sequence, bytes) in (1..).zip(&right) {
        store.put(1, sequence, [1; 16], bytes).expect("stores");
    }
    drop(store);
    let cache = directory.path().join("cache");
    let database = std::fs::read(cache.join("db")).expect("sled's file");
    let used = database.iter().rposition(|byte| *byte != 0).expect("bytes") + 1;
    let places = (0..60).map(|index| (index * 7_919 + 13) % used);
    for (round, place) in places.enumerate() {
        let copy = tempfile::tempdir().expect("a directory");
        let target = copy.path().join("cache");
        std::fs::create_dir(&target).expect("creates");
        for name in ["db", "conf"] {
            std::fs::copy(cache.join(name), target.join(name)).expect("copies");
        }
        let mut bad = database.clone();
        if round % 3 == 0 {
            bad.truncate(place);
        } else {
            bad[place] ^= 1 << (round % 8);
        }
        std::fs::write(target.join("db"), bad).expect("writes");
        let SnapshotOpen::Ready(store) = snapshot::open(copy.path()).expect("opens or not") else {
            outcomes[2] += 1;
            continue;
        };
        match store.latest(|_| true).0 {
            Some(found) => {
                assert_eq!(found.bytes, right[found.anchor.sequence as usize - 1], "at {place}");
                outcomes[0] += 1;
            }
            None => outcomes[1] += 1,
        }
    }
    println!("right, none, not opened: {outcomes:?}");
    assert_eq!(outcomes.iter().sum::<u32>(), 60);
    assert!(outcomes[0] < 60, "no damage was noticed");
}

#[test]
fn a_start_that_died_while_opening_puts_the_cache_aside() {
    let directory = tempfile::tempdir().expect("a directory");
    ready(directory.path()).put(1, 1, [0; 16], &[1, 2, 3]).expect("stores");
    std::fs::write(directory.path().join("cache.opening"), []).expect("writes");
    let SnapshotOpen::Without(reason) = snapshot::open(directory.path()).expect("goes on") else {
        panic!("opened in spite of the marker");
    };
    assert!(reason.contains("cache-bad-1"), "{reason}");
    assert!(directory.path().join("cache-bad-1").is_dir());
    let store = ready(directory.path());
    assert!(store.list().expect("lists").is_empty(), "a fresh cache");
}

#[test]
fn garbage_in_place_of_a_cache_is_put_aside() {
    let directory = tempfile::tempdir().expect("a directory");
    let cache = directory.path().join("cache");
    std::fs::create_dir(&cache).expect("creates");
    std::fs::write(cache.join("conf"), b"this is not sled").expect("writes");
    std::fs::write(cache.join("snap.0000.generating"), b"half").expect("writes");
    match snapshot::open(directory.path()).expect("goes on") {
        SnapshotOpen::Without(reason) => assert!(reason.contains("cache-bad-1"), "{reason}"),
        SnapshotOpen::Ready(store) => assert!(store.list().expect("lists").is_empty()),
    }
    assert!(!directory.path().join("cache.opening").exists());
}

#[test]
fn a_second_opening_is_locked_out() {
    let directory = tempfile::tempdir().expect("a directory");
    let _first = ready(directory.path());
    let refused = snapshot::open(directory.path()).expect_err("is held");
    assert_eq!(refused.category(), Category::Locked, "{refused}");
    assert!(directory.path().join("cache").is_dir(), "it was not put aside");
}

#[test]
fn a_copy_is_read_and_the_original_left_as_it_was() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = ready(directory.path());
    for sequence in [10, 20] {
        store.put(1, sequence, [1; 16], &bytes(sequence, 100_000)).expect("stores");
    }
    let held = snapshot::open_copy(directory.path()).expect_err("is held");
    assert_eq!(held.category(), Category::Locked, "{held}");
    drop(store);
    let files = || -> Vec<(String, Vec<u8>)> {
        let entries = std::fs::read_dir(directory.path().join("cache")).expect("a cache");
        let files = entries.flatten().filter(|entry| entry.path().is_file());
        let read = |path| std::fs::read(path).expect("readable");
        let named = files
            .map(|entry| (entry.file_name().to_string_lossy().into_owned(), read(entry.path())));
        let mut files: Vec<_> = named.collect();
        files.sort();
        files
    };
    let before = files();
    let copy = || match snapshot::open_copy(directory.path()).expect("opens") {
        SnapshotOpen::Ready(store) => store,
        SnapshotOpen::Without(reason) => panic!("without: {reason}"),
    };
    let (one, other) = (copy(), copy());
    for store in [&one, &other] {
        let read = store.get(20).expect("reads").expect("is there");
        assert_eq!(read.bytes, bytes(20, 100_000));
    }
    one.put(1, 30, [1; 16], &[7]).expect("a copy takes what it is given");
    drop((one, other));
    assert!(files() == before, "the original changed");
    let nothing = tempfile::tempdir().expect("a directory");
    let SnapshotOpen::Ready(empty) = snapshot::open_copy(nothing.path()).expect("opens") else {
        panic!("nothing to read is no trouble");
    };
    assert!(empty.list().expect("lists").is_empty());
    assert_eq!(std::fs::read_dir(nothing.path()).expect("a folder").count(), 0);
}

#[test]
fn the_thread_writes_and_a_newer_request_replaces_a_waiting_one() {
    let (release, gate) = mpsc::channel::<()>();
    let (begun, started) = mpsc::channel::<u64>();
    let thread = SnapshotThread::spawn_with(Duration::from_secs(20), move |job| {
        begun.send(job.sequence).expect("the test listens");
        gate.recv().expect("the test releases");
        Err(store::StoreError::new(Category::StorageFull, Default::default(), "room", "none"))
    })
    .expect("starts");
    assert_eq!(thread.request(job(1)), Request::Accepted);
    assert_eq!(started.recv().expect("begins"), 1);
    assert_eq!(thread.request(job(2)), Request::Accepted);
    assert_eq!(thread.request(job(3)), Request::Replaced(2));
    assert!(thread.busy());
    release.send(()).expect("releases");
    assert_eq!(started.recv().expect("goes on after a full disk"), 3);
    release.send(()).expect("releases");
    let sequences: Vec<u64> = thread.finish().iter().map(|report| report.sequence).collect();
    assert_eq!(sequences, [1, 3]);
}

#[test]
fn a_job_that_hangs_or_panics_ends_snapshotting_and_nothing_else() {
    let (_hold, gate) = mpsc::channel::<()>();
    let (begun, started) = mpsc::channel::<()>();
    let hanging = SnapshotThread::spawn_with(Duration::from_millis(50), move |_| {
        begun.send(()).expect("the test listens");
        let _ = gate.recv();
        unreachable!("the test holds the gate until it ends");
    })
    .expect("starts");
    hanging.request(job(1));
    started.recv().expect("begins");
    std::thread::sleep(Duration::from_millis(60));
    assert!(matches!(hanging.request(job(2)), Request::Ended(_)));
    let asked = Instant::now();
    assert!(hanging.finish().is_empty());
    assert!(asked.elapsed() < Duration::from_secs(5));

    let panicking =
        SnapshotThread::spawn_with(Duration::from_secs(20), |_| panic!("planted")).expect("starts");
    panicking.request(job(1));
    while panicking.busy() {
        std::thread::yield_now();
    }
    assert!(panicking.ended().expect("a reason").contains("panicked"));
    let reports: Vec<SnapshotReport> = panicking.finish();
    assert!(reports[0].outcome.is_err());
}

#[test]
fn a_thread_over_a_real_store_leaves_readable_snapshots() {
    let directory = tempfile::tempdir().expect("a directory");
    let thread = SnapshotThread::spawn(ready(directory.path())).expect("starts");
    thread.request(SnapshotJob { state: bytes(5, 150_000), ..job(9) });
    thread.wait();
    assert_eq!(thread.take_spare(), Some(bytes(5, 150_000)), "the state comes back");
    let reports = thread.finish();
    assert!(reports[0].outcome.is_ok(), "{reports:?}");
    let read = ready(directory.path()).get(9).expect("reads").expect("is there");
    assert_eq!(read.bytes, bytes(5, 150_000));
}
