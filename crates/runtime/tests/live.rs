//! Goal: the pipeline behind a channel answers everybody, in order, only when durable, in bounded
//! memory, and journals what the replay front end would.
//! Method: the seeded workload through the channel; blocked readers, full disks and disks that
//! fail; afterwards the journal is opened again and held against the answers.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::quota::Quota;
use common::{PRODUCER, Workload, create, journal_options, open, run, shared};
use crossbeam::channel::{Receiver, Sender, unbounded};
use domain::rulebook::InstrumentKind;
use domain::{Command, Sequence};
use runtime::outbox::{Readers, SlowReader};
use runtime::recovery::{self, Identity};
use runtime::sequencer::{Arriving, Inlet, OnFailure, SendError};
use runtime::{
    Answer, Clock, ExternalCommand, Live, LiveOptions, LoopOptions, Moment, Reply, RuntimeError,
    Verdict,
};
use store::Category;
use store::testing::{Fault, FaultPlan, MemoryDisk};

const PATIENCE: Duration = Duration::from_secs(20);

/// Puts answers into a channel.
struct Collect(Sender<Answer>);

impl Reply for Collect {
    fn answer(&self, answers: &[Answer]) {
        for answer in answers {
            self.0.send(*answer).expect("the test listens");
        }
    }
}

fn collect() -> (Arc<dyn Reply>, Receiver<Answer>) {
    let (sender, receiver) = unbounded();
    (Arc::new(Collect(sender)), receiver)
}

fn historical() -> LiveOptions {
    LiveOptions {
        loop_options: LoopOptions { clock: Clock::Historical, ..LoopOptions::default() },
        on_failure: OnFailure::Stop,
        ..LiveOptions::default()
    }
}

fn start(disk: &MemoryDisk, workload: &mut Workload, readers: Readers) -> Live {
    let ready = create(disk, workload.next().expect("endless")).expect("new");
    Live::start(ready, historical(), readers).expect("starts")
}

fn send(inlet: &Inlet, reply: &Arc<dyn Reply>, commands: Vec<ExternalCommand>) -> bool {
    inlet.send(Arriving { commands, reply: Arc::clone(reply) })
}

fn sequence(verdict: Verdict) -> Option<Sequence> {
    match verdict {
        Verdict::Done(sequence) | Verdict::Refused(sequence, _) => Some(sequence),
        _ => None,
    }
}

#[test]
fn live_and_replay_journal_the_same() {
    let straight = run(&MemoryDisk::new(), Workload::new(41, 300), 4_000, LoopOptions::default());
    let disk = MemoryDisk::new();
    let mut workload = Workload::new(41, 300);
    let mut readers = Readers::new();
    let batches = readers.subscribe(4_096, SlowReader::Wait);
    let live = start(&disk, &mut workload, readers);
    let (reply, answers) = collect();
    let mut rest: Vec<ExternalCommand> = workload.take(3_999).collect();
    let mut size = 1;
    while !rest.is_empty() {
        let some = rest.drain(..size.min(rest.len())).collect();
        assert!(send(&live.inlet(), &reply, some));
        size = size % 97 + 5;
    }
    let report = live.stop().expect("a clean stop");
    assert_eq!(report.state_digest, straight.state_digest);
    drop(reply);
    let answers: Vec<Answer> = answers.iter().collect();
    let counts: Vec<u64> = answers.iter().map(|answer| answer.producer_seq).collect();
    assert_eq!(counts, (2..=4_000).collect::<Vec<u64>>());
    let sequences: Vec<Sequence> =
        answers.iter().filter_map(|answer| sequence(answer.verdict)).collect();
    assert_eq!(sequences.len(), 3_999, "every command became an event");
    assert!(sequences.is_sorted());
    assert!(answers.iter().any(|answer| matches!(answer.verdict, Verdict::Refused(..))));
    let seen: Vec<u64> = batches
        .iter()
        .flat_map(|batch| {
            batch.iter().map(|(event, _)| event.sequence.number()).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(seen, (1..=report.house.sequence().number()).collect::<Vec<u64>>());
}

#[test]
fn duplicates_and_gaps_are_answered_and_leave_no_trace() {
    let disk = MemoryDisk::new();
    let mut workload = Workload::new(43, 300);
    let live = start(&disk, &mut workload, Readers::new());
    let (reply, answers) = collect();
    let commands: Vec<ExternalCommand> = workload.take(4).collect();
    let pick = |counts: &[u64]| -> Vec<ExternalCommand> {
        counts.iter().map(|count| commands[*count as usize - 2].clone()).collect()
    };
    assert!(send(&live.inlet(), &reply, pick(&[2, 2, 4, 3, 5, 4, 3])));
    let verdicts: Vec<Verdict> =
        (0..7).map(|_| answers.recv_timeout(PATIENCE).expect("answered").verdict).collect();
    let at = |number| Verdict::Done(Sequence::new(number));
    let expected = [
        at(2),
        Verdict::Duplicate(2),
        Verdict::Gap(3),
        at(3),
        Verdict::Gap(4),
        at(4),
        Verdict::Duplicate(4),
    ];
    assert_eq!(verdicts, expected);
    assert_eq!(live.durable(), Sequence::new(4));
    let report = live.stop().expect("a clean stop");
    assert_eq!(report.house.sequence(), Sequence::new(4));
}

#[test]
fn a_blocked_reader_pushes_back_to_the_sender_and_nothing_is_dropped() {
    let disk = MemoryDisk::new();
    let mut workload = Workload::new(47, 300);
    let mut readers = Readers::new();
    let blocked = readers.subscribe(1, SlowReader::Wait);
    let ready = create(&disk, workload.next().expect("endless")).expect("new");
    let options = LiveOptions { queue_batches: 4, outbox_batches: 2, ..historical() };
    let live = Live::start(ready, options, readers).expect("starts");
    let (reply, answers) = collect();
    let (inlet, mut accepted) = (live.inlet(), 0);
    // One command a batch and a full stop between them: every stage fills up and stays full.
    let full = loop {
        let commands = vec![workload.next().expect("endless")];
        match inlet.try_send(Arriving { commands, reply: Arc::clone(&reply) }) {
            Ok(()) => accepted += 1,
            Err(SendError::Full(back)) => break back,
            Err(SendError::Closed) => panic!("the loop ended"),
        }
        std::thread::sleep(Duration::from_millis(2));
        assert!(accepted < 100, "nothing pushes back");
    };
    // Queue 4, loop, outbox 2, its hand, the reader's 1; a commit may take several from the queue.
    assert!(accepted >= 8, "only {accepted} accepted");
    let reading = std::thread::spawn(move || blocked.iter().count());
    assert!(inlet.send(full));
    let report = live.stop().expect("a clean stop");
    drop(reply);
    assert_eq!(answers.iter().filter_map(|one| sequence(one.verdict)).count(), accepted + 1);
    assert_eq!(report.house.producer_seq(PRODUCER), accepted as u64 + 2);
    assert!(reading.join().expect("the reader ends") > 1);
}

#[test]
fn nothing_acknowledged_is_lost_when_the_disk_fails_under_load() {
    let mut ended = 0;
    for at in [9, 12, 20, 35, 60, 100, 161] {
        for fault in [Fault::Halt, Fault::IoOnce] {
            let disk = MemoryDisk::new();
            let mut workload = Workload::new(53, 64);
            let live = start(&disk, &mut workload, Readers::new());
            let (reply, answers) = collect();
            disk.arm(Some(FaultPlan { fault, at }));
            let inlet = live.inlet();
            // Group commits need few operations: send until the loop ends.
            for _ in 0..20_000 {
                if !send(&inlet, &reply, workload.by_ref().take(7).collect()) {
                    break;
                }
            }
            drop(inlet);
            let what = format!("{fault:?} at {at}");
            match live.stop().map(|report| report.house.sequence()) {
                Err(RuntimeError::Store(error)) => {
                    assert!(disk.fired() && error.category() == Category::Io, "{what}: {error}");
                    ended += 1;
                }
                // It struck an index, which is a cache and may fail.
                Ok(_) if fault == Fault::IoOnce && disk.fired() => {}
                other => panic!("{what}: {other:?}"),
            }
            drop(reply);
            disk.arm(None);
            let acknowledged: Vec<Answer> = answers.iter().collect();
            let house_after = open(&disk.after_kill()).expect("opens");
            let last = acknowledged.iter().filter_map(|one| sequence(one.verdict)).max();
            let found = house_after.house().sequence();
            assert!(found >= last.unwrap_or(Sequence::new(1)), "{what}: {last:?}, found {found:?}");
            let count = acknowledged.last().map_or(1, |one| one.producer_seq);
            assert!(house_after.house().producer_seq(PRODUCER) >= count, "{what}");
        }
    }
    assert!(ended >= 7, "only {ended} of 14 runs ended by the fault");
}

#[test]
fn a_full_disk_refuses_and_goes_on_when_there_is_room_again() {
    let disk = MemoryDisk::new();
    let segment = journal_options().segment_bytes;
    // Two segments, HEAD and indexes; not a third.
    let quota = Quota::new(&disk, 2 * segment + 32 * 1_024);
    let mut workload = Workload::new(59, 300);
    let ready = recovery::create(
        Arc::new(quota.clone()),
        workload.next().expect("endless"),
        Identity::Genesis,
        &journal_options(),
        None,
    )
    .expect("new");
    let live = Live::start(ready, historical(), Readers::new()).expect("starts");
    let (reply, answers) = collect();
    let mut refused = None;
    let mut last = Sequence::START;
    for _ in 0..20_000 {
        let command = workload.next().expect("endless");
        assert!(send(&live.inlet(), &reply, vec![command.clone()]));
        let answer = answers.recv_timeout(PATIENCE).expect("answered");
        match answer.verdict {
            Verdict::StorageFull => {
                refused = Some(command);
                break;
            }
            other => last = sequence(other).expect("an event"),
        }
    }
    let refused = refused.expect("the disk fills up");
    assert_eq!(live.durable(), last);
    let killed = open(&disk.after_kill()).expect("a full disk is no damage");
    assert_eq!(killed.house().sequence(), last);

    quota.raise(4 * segment);
    assert!(send(&live.inlet(), &reply, vec![refused.clone()]));
    let answer = answers.recv_timeout(PATIENCE).expect("answered");
    assert!(sequence(answer.verdict) > Some(last), "{answer:?}");
    let report = live.stop().expect("a clean stop");
    assert_eq!(report.house.producer_seq(PRODUCER), refused.producer_seq);
    let ready = recovery::open(shared(&disk), &journal_options(), None).expect("opens");
    assert_eq!(ready.house().state_digest(), report.state_digest);
}

#[test]
fn effects_are_released_to_observers_only_when_durable() {
    let disk = MemoryDisk::new();
    let mut workload = Workload::new(61, 300);
    let mut readers = Readers::new();
    let batches = readers.subscribe(1_024, SlowReader::Wait);
    let live = start(&disk, &mut workload, readers);
    let (reply, _answers) = collect();
    for _ in 0..50 {
        assert!(send(&live.inlet(), &reply, workload.by_ref().take(3).collect()));
        let batch = batches.recv_timeout(PATIENCE).expect("released");
        let last = batch.last_sequence().expect("events");
        assert!(live.durable() >= last);
    }
    // Whatever was handed out is on the disk of a process that starts now.
    let seen = batches.try_iter().last().and_then(|batch| batch.last_sequence());
    let found = open(&disk.after_kill()).expect("opens").house().sequence();
    assert!(found >= seen.unwrap_or(Sequence::START));
    let _report = live.stop().expect("a clean stop");
}

#[test]
fn a_timer_stamps_the_pulse_when_no_command_comes() {
    let mut genesis = Workload::new(67, 300).next().expect("endless");
    let Command::Genesis(opening) = &mut genesis.command else { panic!("genesis first") };
    let expires_at = Moment::now().timestamp().plus(domain::Duration::from_nanos(150_000_000));
    opening.rulebook.instruments[0].kind = InstrumentKind::Future {
        underlying: domain::AssetId::new(1),
        expires_at,
        settle_window: domain::Duration::from_seconds(1),
    };
    let mut readers = Readers::new();
    let batches = readers.subscribe(64, SlowReader::Wait);
    let ready = create(&MemoryDisk::new(), genesis).expect("new");
    let options = LiveOptions { on_failure: OnFailure::Stop, ..LiveOptions::default() };
    let live = Live::start(ready, options, readers).expect("starts");
    let genesis = batches.recv_timeout(PATIENCE).expect("released");
    assert_eq!(genesis.last_sequence(), Some(Sequence::new(1)));
    let pulse = batches.recv_timeout(PATIENCE).expect("released");
    let (event, _) = pulse.iter().next().expect("an event");
    assert!(matches!(event.command, Command::Pulse(_)), "{event:?}");
    assert_eq!((event.producer, event.timestamp), (0, expires_at));
    assert!(Moment::now().timestamp() >= expires_at);
    let _report = live.stop().expect("a clean stop");
}

#[test]
fn accounts_of_the_workload_are_there() {
    // Guards the other tests: a workload whose commands were all refused would prove little.
    let outcome = run(&MemoryDisk::new(), Workload::new(67, 300), 1_000, LoopOptions::default());
    assert_eq!(outcome.house.accounts(), 40);
}
