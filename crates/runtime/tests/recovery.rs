//! Goal: what was released survives any crash, and a start believes nothing it cannot check.
//! Method: every operation of a short run fails in every way, power cuts by seed, journals with
//! planted seals, snapshots that hold and snapshots that lie.

mod common;

use std::ops::ControlFlow;
use std::sync::Arc;

use clearing::{ClearingHouse, SEMANTICS};
use common::{Workload, create, journal_options, open, run, shared};
use domain::{Effect, Event};
use runtime::observer::Observer;
use runtime::recovery::{self, Identity, Ready};
use runtime::verify::{Checkpoint, verify};
use runtime::{ExternalCommand, LoopOptions, Replay, RuntimeError, Unobserved};
use store::journal::control::{Control, Seal};
use store::journal::{Options, Reader, Record};
use store::snapshot::{KEEP, SnapshotOpen, SnapshotStore};
use store::storage::{RealStorage, Storage};
use store::testing::{Fault, FaultPlan, MemoryDisk, SectorChoice};
use store::{Category, codec};

fn options(batch_events: u32) -> LoopOptions {
    LoopOptions { batch_events, ..LoopOptions::default() }
}

/// The state digest after each sequence, from a run that nothing disturbed.
fn digests(seed: u64, commands: usize) -> Vec<[u8; 32]> {
    let disk = MemoryDisk::new();
    let _outcome = run(&disk, Workload::new(seed, 64), commands, options(4_096));
    let mut reader = Reader::open(shared(&disk), &journal_options()).expect("a journal");
    let mut house = ClearingHouse::new();
    let mut digests = vec![house.state_digest()];
    let mut effects = Vec::new();
    while let Some(batch) = reader.next_batch().expect("sound") {
        for record in batch.records() {
            if let Record::Event(raw) = record {
                house.apply(&codec::decode_event(&raw).expect("decodes"), &mut effects);
                digests.push(house.state_digest());
            }
        }
    }
    digests
}

/// The last sequence that was released.
struct Released(u64);

impl Observer for &mut Released {
    fn observe(&mut self, event: &Event, _effects: &[Effect]) {
        self.0 = event.sequence.number();
    }
}

/// Runs until the disk fails or the commands end; what was released is in `released`.
fn run_disturbed(
    disk: &MemoryDisk,
    seed: u64,
    commands: usize,
    released: &mut Released,
) -> Result<(), RuntimeError> {
    let mut workload = Workload::new(seed, 64);
    let ready = create(disk, workload.next().expect("endless"))?;
    let mut replay = Replay::start(ready, options(16), released)?;
    let rest = workload.take(commands - 1).map(Ok::<_, RuntimeError>);
    replay.run(rest, |_| ControlFlow::Continue(()))?;
    replay.finish().map(|_| ())
}

/// What was released is there, and the state is the one of that sequence.
fn check_reopened(disk: &MemoryDisk, released: u64, digests: &[[u8; 32]], what: &str) {
    match open(disk) {
        Ok(ready) => {
            let sequence = ready.house().sequence().number();
            assert!(sequence >= released, "{what}: released {released}, found {sequence}");
            let digest = ready.house().state_digest();
            assert_eq!(digest, digests[sequence as usize], "{what}: state at {sequence}");
        }
        Err(RuntimeError::GenesisMissing { .. }) => assert_eq!(released, 0, "{what}"),
        Err(RuntimeError::Store(error)) if error.category() == Category::Absent => {
            assert_eq!(released, 0, "{what}");
        }
        Err(error) => panic!("{what}: {error}"),
    }
}

#[test]
fn every_operation_may_fail_in_every_way_and_nothing_released_is_lost() {
    const COMMANDS: usize = 700;
    let digests = digests(5, COMMANDS);
    let mut struck = 0;
    for fault in Fault::ALL.into_iter().chain([Fault::Halt]) {
        for step in 0.. {
            // Every operation of the beginning, then every third.
            let at = if step < 60 { step + 1 } else { 60 + (step - 60) * 3 };
            let disk = MemoryDisk::new();
            disk.arm(Some(FaultPlan { fault, at }));
            let mut released = Released(0);
            let ended = run_disturbed(&disk, 5, COMMANDS, &mut released);
            let fired = disk.fired();
            disk.arm(None);
            let what = format!("{fault:?} at {at}");
            if matches!(fault, Fault::ShortWrite | Fault::ShortRead | Fault::Interrupted) {
                assert!(ended.is_ok(), "{what}: {ended:?}");
            }
            check_reopened(&disk.after_kill(), released.0, &digests, &what);
            if !fired {
                break;
            }
            struck += 1;
        }
    }
    assert!(struck > 300, "only {struck} faults struck");
}

#[test]
fn a_power_cut_loses_nothing_released() {
    const COMMANDS: usize = 700;
    let digests = digests(9, COMMANDS);
    for seed in 0..60 {
        let disk = MemoryDisk::new();
        let mut draw = common::Draw(seed);
        let plan = FaultPlan { fault: Fault::Halt, at: 1 + draw.below(220) };
        disk.arm(Some(plan));
        let mut released = Released(0);
        let _ended = run_disturbed(&disk, 9, COMMANDS, &mut released);
        disk.arm(None);
        let cut = disk.after_power_loss(|choice| {
            let count = match choice {
                SectorChoice::Sector { writes, .. } => writes,
                SectorChoice::Names { changes } => changes,
            };
            draw.below(count as u64 + 1) as usize
        });
        let what = format!("power cut seed {seed}, operation {}", plan.at);
        check_reopened(&cut, released.0, &digests, &what);
    }
}

/// Copies the journal of `from`, with `change` applied to every seal.
fn forge(from: &MemoryDisk, change: impl Fn(&mut Seal)) -> MemoryDisk {
    let mut reader = Reader::open(shared(from), &journal_options()).expect("a journal");
    let disk = MemoryDisk::new();
    let with = Options { seal_interval: Some(64), ..journal_options() };
    let mut writer =
        store::journal::create(shared(&disk), reader.log_id(), reader.genesis_hash(), &with)
            .expect("new");
    while let Some(batch) = reader.next_batch().expect("sound") {
        let mut seal = None;
        for record in batch.records() {
            match record {
                Record::Event(raw) => {
                    let room = writer.reserve(raw.body.len()).expect("usable");
                    assert_eq!(room, store::journal::Room::Fits);
                    writer.append(&raw.envelope, raw.body).expect("room");
                }
                Record::Control(Control::Seal(found)) => seal = Some(found),
                Record::Control(_) => {}
            }
        }
        seal.iter_mut().for_each(&change);
        writer.commit(seal.as_ref()).expect("durable");
    }
    disk
}

#[test]
fn a_seal_that_differs_is_diverged_with_its_sequence_and_both_digests() {
    let disk = MemoryDisk::new();
    let _outcome = run(&disk, Workload::new(13, 64), 300, options(4_096));
    let unchanged = open(&forge(&disk, |_| {})).expect("the same journal");
    assert!(unchanged.report().tail.seals >= 4);
    type Change = fn(&mut Seal);
    let changes: [(u64, Change); 3] = [
        (64, |seal| seal.seal_digest[0] ^= 1),
        (128, |seal| seal.effect_digest[15] ^= 0x80),
        (192, |seal| seal.seal_digest = [0; 16]),
    ];
    for (at, change) in changes {
        let forged = forge(&disk, |seal| {
            if seal.at_seq == at {
                change(seal);
            }
        });
        let before = forged.files();
        let error = match open(&forged) {
            Err(RuntimeError::Store(error)) => error,
            other => panic!("seal at {at}: {:?}", other.map(|ready| ready.house().sequence())),
        };
        assert_eq!(error.category(), Category::Diverged);
        assert_eq!(error.place().sequence, Some(at));
        let text = error.to_string();
        assert!(text.contains("recorded") && text.contains("replayed"), "{text}");
        let segments = |files: &[(String, Vec<u8>)]| -> Vec<(String, Vec<u8>)> {
            files.iter().filter(|(name, _)| name.ends_with(".log")).cloned().collect()
        };
        assert!(segments(&before) == segments(&forged.files()), "a refusal changes no event");
    }
    let other = forge(&disk, |seal| seal.semantics = SEMANTICS + 1);
    assert!(matches!(open(&other), Err(RuntimeError::SemanticsUnsupported { .. })));
}

fn snapshots(directory: &std::path::Path) -> SnapshotStore {
    match store::snapshot::open(directory).expect("a directory") {
        SnapshotOpen::Ready(store) => store,
        SnapshotOpen::Without(reason) => panic!("{reason}"),
    }
}

fn storage(directory: &std::path::Path) -> Arc<dyn Storage> {
    Arc::new(RealStorage::open(directory).expect("a directory"))
}

/// `commands` in three runs with snapshots on real files; the final state's digest. Each run takes
/// one at its clean stop; those on the way depend on how fast the disk is.
fn run_with_snapshots(directory: &std::path::Path, seed: u64, commands: usize) -> [u8; 32] {
    let mut workload = Workload::new(seed, 256);
    let genesis: ExternalCommand = workload.next().expect("endless");
    let ready = recovery::create(
        storage(directory),
        genesis,
        Identity::Genesis,
        &journal_options(),
        Some(snapshots(directory)),
    );
    let mut digest = run_on(ready.expect("new"), workload.by_ref().take(commands / 3));
    for _ in 1..RUNS {
        let cache = Some(snapshots(directory));
        let ready = recovery::open(storage(directory), &journal_options(), cache);
        digest = run_on(ready.expect("opens"), workload.by_ref().take(commands / 3));
    }
    digest
}

/// Runs, and so clean stops, of [`run_with_snapshots`].
const RUNS: u64 = 3;

/// One run to its clean stop; the digest it ends with.
fn run_on(ready: Ready, commands: impl Iterator<Item = ExternalCommand>) -> [u8; 32] {
    let options = LoopOptions { snapshot_every: Some(400), ..options(100) };
    let mut replay = Replay::start(ready, options, Unobserved).expect("starts");
    replay.run(commands.map(Ok::<_, RuntimeError>), |_| ControlFlow::Continue(())).expect("runs");
    replay.finish().expect("stops").state_digest
}

#[test]
fn snapshots_taken_while_the_loop_goes_on_hold_the_state_of_their_sequence() {
    for seed in [71, 73, 79] {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path();
        let mut workload = Workload::new(seed, 256);
        let genesis = workload.next().expect("endless");
        let cache = Some(snapshots(path));
        let options = journal_options();
        let ready = recovery::create(storage(path), genesis, Identity::Genesis, &options, cache);
        // Due at every batch: the shadow goes out as soon as it is back, and the loop never waits.
        let often =
            LoopOptions { snapshot_every: Some(1), batch_events: 64, ..LoopOptions::default() };
        let mut replay = Replay::start(ready.expect("new"), often, Unobserved).expect("starts");
        let commands = workload.take(20_000).map(Ok::<_, RuntimeError>);
        replay.run(commands, |_| ControlFlow::Continue(())).expect("runs");
        let digest = replay.finish().expect("stops").state_digest;
        let store = snapshots(path);
        let verified = verify(storage(path), &options, Some(&store), &mut |_| {}).expect("met");
        assert_eq!((verified.state_digest, verified.snapshots), (digest, KEEP as u64));
        let newest = store.list().expect("readable")[0];
        assert_eq!(newest.sequence, verified.sequence.number(), "a clean stop takes the last one");
        assert_eq!(newest.state_digest, digest);
        let bytes = store.get(newest.sequence).expect("readable").expect("there").bytes;
        assert_eq!(*blake3::hash(&bytes).as_bytes(), digest);
    }
}

#[test]
fn every_snapshot_and_genesis_lead_to_the_same_state() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path();
    let digest = run_with_snapshots(path, 17, 2_500);
    let store = snapshots(path);
    let anchors = store.list().expect("readable");
    assert_eq!(anchors.len(), KEEP);
    let from_genesis = recovery::open(storage(path), &journal_options(), None).expect("opens");
    assert_eq!(from_genesis.house().state_digest(), digest);
    drop(from_genesis);
    for anchor in &anchors {
        let options = journal_options();
        let mut house =
            runtime::snapshots::restore(&store, &storage(path), &options, anchor).expect("holds");
        assert_eq!(house.sequence().number(), anchor.sequence);
        let reader = Reader::open_at(storage(path), &options, anchor.sequence + 1).expect("reads");
        runtime::rerun::rerun(&mut house, reader, None, &mut Unobserved).expect("the same");
        assert_eq!(house.state_digest(), digest, "from {}", anchor.sequence);
    }
    let newest = anchors[0].sequence;
    let ready = recovery::open(storage(path), &journal_options(), Some(store)).expect("opens");
    assert_eq!(ready.report().loaded_at, newest);
    assert_eq!(ready.house().state_digest(), digest);
}

#[test]
fn snapshots_that_lie_are_passed_over() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path();
    let digest = run_with_snapshots(path, 19, 1_500);
    let store = snapshots(path);
    let honest = store.list().expect("readable")[0];
    let bytes = store.get(honest.sequence).expect("readable").expect("there").bytes;
    // Hashes of all of these hold: only the journal and the machine can tell.
    let strange_chain = [7; 16];
    store.put(SEMANTICS, honest.sequence - 1, honest.chain, &bytes).expect("room");
    store.put(SEMANTICS, honest.sequence + 1, strange_chain, &bytes).expect("room");
    store.put(SEMANTICS, honest.sequence, honest.chain, &bytes[..bytes.len() - 1]).expect("room");
    let ready = recovery::open(storage(path), &journal_options(), Some(store)).expect("opens");
    assert_eq!(ready.report().loaded_at, 0, "genesis");
    assert_eq!(ready.report().passed_over.len(), 3, "{:?}", ready.report().passed_over);
    assert_eq!(ready.house().state_digest(), digest);
}

#[test]
fn verify_meets_every_seal_and_snapshot_and_names_the_first_that_differs() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path();
    let digest = run_with_snapshots(path, 37, 2_000);
    let store = snapshots(path);
    let mut met = Vec::new();
    let verified = verify(storage(path), &journal_options(), Some(&store), &mut |met_here| {
        met.push(*met_here)
    })
    .expect("sound");
    assert_eq!(verified.state_digest, digest);
    assert_eq!(verified.snapshots, KEEP as u64);
    assert_eq!(verified.rerun.seals, verified.sequence.number() / 256);
    assert_eq!(verified.rerun.closes, RUNS);
    assert_eq!(met.len() as u64, verified.snapshots + verified.rerun.seals);
    let places: Vec<u64> = met
        .iter()
        .map(|checkpoint| match checkpoint {
            Checkpoint::Seal(seal) => seal.at_seq,
            Checkpoint::Snapshot(anchor) => anchor.sequence,
        })
        .collect();
    assert!(places.is_sorted(), "{places:?}");

    let anchor = store.list().expect("readable")[1];
    let mut bytes = store.get(anchor.sequence).expect("readable").expect("there").bytes;
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    store.put(SEMANTICS, anchor.sequence, anchor.chain, &bytes).expect("room");
    let error = verify(storage(path), &journal_options(), Some(&store), &mut |_| {});
    match error {
        Err(RuntimeError::Store(error)) => {
            assert_eq!(error.category(), Category::Diverged);
            assert_eq!(error.place().sequence, Some(anchor.sequence));
        }
        other => panic!("{other:?}"),
    }
}
