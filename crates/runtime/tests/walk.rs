//! Goal: a walk shows the state at any sequence, the same from genesis and from any snapshot.
//! Method: one seeded journal with snapshots; states on the way are compared with reruns that stop
//! there; every event is taken once, in order, whatever the start.

mod common;

use common::{Workload, journal_options, shared};
use domain::Sequence;
use runtime::recovery::{self, Identity};
use runtime::rerun::rerun;
use runtime::{LoopOptions, Replay, RuntimeError, Unobserved, Walk};
use store::journal::Reader;
use store::snapshot::{SnapshotOpen, SnapshotStore, open};
use store::testing::MemoryDisk;

fn cache(folder: &std::path::Path) -> SnapshotStore {
    match open(folder).expect("a writable folder") {
        SnapshotOpen::Ready(store) => store,
        SnapshotOpen::Without(reason) => panic!("{reason}"),
    }
}

/// A journal with snapshots; its last sequence.
fn journal(disk: &MemoryDisk, folder: &std::path::Path) -> u64 {
    let mut workload = Workload::new(13, 256);
    let genesis = workload.next().expect("endless");
    let (identity, options) = (Identity::Genesis, journal_options());
    let ready = recovery::create(shared(disk), genesis, identity, &options, Some(cache(folder)));
    let options =
        LoopOptions { batch_events: 64, snapshot_every: Some(500), ..LoopOptions::default() };
    let mut replay = Replay::start(ready.expect("new"), options, Unobserved).expect("starts");
    let commands = workload.take(2_000).map(Ok::<_, RuntimeError>);
    replay.run(commands, |_| std::ops::ControlFlow::Continue(())).expect("runs");
    replay.finish().expect("stops").house.sequence().number()
}

fn digest_at(disk: &MemoryDisk, sequence: u64) -> [u8; 32] {
    let mut house = clearing::ClearingHouse::new();
    let reader = Reader::open(shared(disk), &journal_options()).expect("a journal");
    rerun(&mut house, reader, Some(Sequence::new(sequence)), &mut Unobserved).expect("the same");
    house.state_digest()
}

#[test]
fn every_sequence_is_reached_from_genesis_and_from_snapshots() {
    let disk = MemoryDisk::new();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let last = journal(&disk, folder.path());
    let store = cache(folder.path());
    let anchors = store.list().expect("a list");
    assert!(anchors.len() > 1, "the journal has snapshots");
    let borders = anchors.iter().flat_map(|anchor| [anchor.sequence - 1, anchor.sequence]);
    for sequence in borders.chain([0, 1, 2, 256, 700, last - 1, last]) {
        let expected = digest_at(&disk, sequence);
        for snapshots in [None, Some(&store)] {
            let at = Sequence::new(sequence);
            let walk = Walk::begin(shared(&disk), &journal_options(), snapshots, at);
            let mut walk = walk.expect("it begins");
            assert!(walk.house().sequence() <= at);
            walk.advance_to(at).expect("sound");
            assert_eq!(walk.house().sequence(), at);
            assert_eq!(walk.house().state_digest(), expected, "{sequence}");
        }
    }
}

#[test]
fn every_event_is_taken_once_after_the_snapshot() {
    let disk = MemoryDisk::new();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let last = journal(&disk, folder.path());
    let store = cache(folder.path());
    let newest = store.list().expect("a list").first().expect("a snapshot").sequence;
    for (start, first) in [(0, 1), (newest, newest + 1)] {
        let at = Sequence::new(start);
        let walk = Walk::begin(shared(&disk), &journal_options(), Some(&store), at);
        let mut walk = walk.expect("it begins");
        let mut expected = first;
        while let Some(next) = walk.peek().expect("sound").map(|event| event.sequence) {
            let (event, effects) = walk.take().expect("sound").expect("it was seen");
            assert_eq!((event.sequence, next.number()), (next, expected));
            assert!(effects.len() < 10_000);
            expected += 1;
        }
        assert_eq!(expected, last + 1);
    }
}
