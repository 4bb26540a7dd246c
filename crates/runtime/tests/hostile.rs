//! Goal: who sends nonsense, sends halves, or does not read costs nobody else anything, also while
//! the disk is full: honest commands are taken once and in order or refused in so many words, what
//! was acknowledged is in the journal, and memory stays bounded.
//! Method: three honest producers in closed loops over sockets; beside them, without a pause,
//! connections that claim 4 GiB, break off, hold almost a whole frame of the greatest length, or
//! never read; a disk that is full from the middle on until it was refused often enough. Alone in
//! its process, so that its memory can be read.

mod common;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use common::quota::Quota;
use common::{PRODUCER, Workload, journal_options, open};
use domain::command::Deposit;
use domain::{AccountId, Amount, AssetId, Sequence, Timestamp};
use runtime::client::Client;
use runtime::gateway::{Gateway, GatewayOptions};
use runtime::outbox::Readers;
use runtime::recovery::{self, Identity};
use runtime::sequencer::OnFailure;
use runtime::wire::{Said, put_request};
use runtime::{Answer, Clock, ExternalCommand, Live, LiveOptions, LoopOptions, Moment, Verdict};
use store::journal::{Reader, Record};
use store::testing::MemoryDisk;

const PATIENCE: Duration = Duration::from_secs(20);
const PRODUCERS: u32 = 3;
const COMMANDS: u64 = 4_000;
/// Commands of one honest producer under way at a time.
const AHEAD: usize = 8;
/// Connections that hold almost a frame of 1 MiB each.
const HOLDERS: usize = 24;
/// Hostile connections at least, before it ends.
const ROUNDS: u64 = 15;
/// Refusals for a full disk before there is room again.
const REFUSALS: u64 = 50;

/// The most memory this process ever held, in bytes.
fn peak_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("a system that tells");
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    let kilobytes = line.trim().strip_suffix("kB").expect("in kB").trim();
    kilobytes.parse::<u64>().expect("a number") * 1_024
}

/// What an honest producer was told.
#[derive(Default)]
struct Told {
    /// Count and sequence of each command that was acknowledged.
    done: Vec<(u64, Sequence)>,
    busy: u64,
}

fn deposit(producer: u32, producer_seq: u64) -> ExternalCommand {
    let wish = Timestamp::from_nanos(1_584_000_100_000_000_000);
    let account = AccountId::new(u64::from(producer));
    let (asset, amount) = (AssetId::new(0), Amount::new(i128::from(producer_seq)));
    let command = Deposit { account, asset, amount }.into();
    ExternalCommand { producer, producer_seq, wish, command }
}

fn answer(client: &mut Client) -> Answer {
    match client.receive().expect("an answer in time") {
        Some(Said::Answer(answer)) => answer,
        other => panic!("expected an answer, found {other:?}"),
    }
}

/// Sends commands with these counts until each is acknowledged: what was refused for want of room
/// or time is sent again, and what came after it.
fn honest(
    address: SocketAddr,
    producer: u32,
    first: u64,
    full: Arc<AtomicU64>,
) -> JoinHandle<Told> {
    spawn(move || {
        let mut client = Client::connect(address).expect("connects");
        client.set_patience(PATIENCE).expect("a socket");
        let mut told = Told::default();
        let (mut next, end) = (first, first + COMMANDS);
        while next < end {
            let some: Vec<ExternalCommand> =
                (next..end).take(AHEAD).map(|count| deposit(producer, count)).collect();
            client.send(&some).expect("sends");
            for _ in &some {
                let Answer { producer_seq, verdict, .. } = answer(&mut client);
                match verdict {
                    Verdict::Done(sequence) => {
                        assert_eq!(producer_seq, next, "in order, each once");
                        told.done.push((producer_seq, sequence));
                        next += 1;
                    }
                    Verdict::Busy => told.busy += 1,
                    Verdict::StorageFull => {
                        full.fetch_add(1, Ordering::SeqCst);
                        sleep(Duration::from_millis(1));
                    }
                    Verdict::Gap(expected) => assert_eq!(expected, next),
                    other => panic!("{producer_seq}: {other:?}"),
                }
            }
        }
        told
    })
}

/// Reads to the end of a connection; what was said last.
fn last_words(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let mut bytes = Vec::new();
    // Closed while bytes were still under way is an end as well.
    let _ended = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Hostile rounds until told to stop, counted.
fn hostile(address: SocketAddr, stop: Arc<AtomicBool>, count: Arc<AtomicU64>) -> JoinHandle<()> {
    spawn(move || {
        for round in 0.. {
            if stop.load(Ordering::SeqCst) {
                return;
            }
            let Ok(mut stream) = TcpStream::connect(address) else { continue };
            let mut frame = Vec::new();
            put_request(&mut frame, &deposit(PRODUCER, 1)).expect("small");
            match round % 3 {
                0 => {
                    let _sent = stream.write_all(&[0xff; 32]);
                    let words = last_words(&mut stream);
                    assert!(words.contains("at most 1048576 bytes"), "{words}");
                }
                1 => {
                    let _sent = stream.write_all(&frame[..frame.len() / 2]);
                    let _half = stream.shutdown(Shutdown::Write);
                    let words = last_words(&mut stream);
                    assert!(words.contains("first "), "{words}");
                }
                _ => {
                    // Old commands over and over, and no answer taken.
                    let frames = frame.repeat(512);
                    stream.set_write_timeout(Some(Duration::from_millis(50))).expect("a socket");
                    while !stop.load(Ordering::SeqCst) && stream.write_all(&frames).is_ok() {}
                }
            }
            count.fetch_add(1, Ordering::SeqCst);
        }
    })
}

/// Connections that each hold all but the last byte of a frame of the greatest length.
fn holders(address: SocketAddr) -> Vec<TcpStream> {
    let mut frame = vec![0; 28 + (1 << 20)];
    frame[..4].copy_from_slice(&(1u32 << 20).to_le_bytes());
    (frame[4], frame[6], frame[8]) = (4, 1, 1);
    let connect = |_| {
        let mut stream = TcpStream::connect(address).expect("connects");
        stream.write_all(&frame[..frame.len() - 1]).expect("is taken");
        stream
    };
    (0..HOLDERS).map(connect).collect()
}

/// The sequence of each command of a producer in the journal, by its count.
fn journaled(disk: &MemoryDisk, producer: u32) -> Vec<(u64, Sequence)> {
    let mut reader = Reader::open(common::shared(disk), &journal_options()).expect("a journal");
    let mut found = Vec::new();
    while let Some(batch) = reader.next_batch().expect("sound") {
        for record in batch.records() {
            if let Record::Event(raw) = record {
                let event = store::codec::decode_event(&raw).expect("decodes");
                if event.producer == producer {
                    found.push((event.producer_seq, event.sequence));
                }
            }
        }
    }
    found
}

/// The pipeline behind its gateway, over a disk with room for two segments.
struct Served {
    disk: MemoryDisk,
    quota: Quota,
    room: u64,
    live: Live,
    gateway: Gateway,
}

/// Starts, and opens the accounts of the workload as the first producer.
fn serve() -> Served {
    let disk = MemoryDisk::new();
    let segment = journal_options().segment_bytes;
    let room = 2 * segment + 32 * 1_024;
    let quota = Quota::new(&disk, room);
    let mut workload = Workload::new(131, 300);
    let genesis = workload.next().expect("endless");
    let storage = Arc::new(quota.clone());
    let ready = recovery::create(storage, genesis, Identity::Genesis, &journal_options(), None);
    let loop_options = LoopOptions { clock: Clock::Historical, ..LoopOptions::default() };
    let live = LiveOptions {
        loop_options,
        queue_batches: 4,
        outbox_batches: 2,
        on_failure: OnFailure::Stop,
    };
    let live = Live::start(ready.expect("new"), live, Readers::new()).expect("starts");
    let patience = Duration::from_millis(200);
    let gateway = GatewayOptions { window: 1_024, patience, ..GatewayOptions::default() };
    let gateway = Gateway::start(live.inlet(), gateway).expect("listens");
    let opening: Vec<ExternalCommand> = workload.take(80).collect();
    let mut client = Client::connect(gateway.address()).expect("connects");
    client.set_patience(PATIENCE).expect("a socket");
    client.send(&opening).expect("sends");
    for _ in &opening {
        assert!(matches!(answer(&mut client).verdict, Verdict::Done(_)));
    }
    Served { disk, quota, room, live, gateway }
}

#[test]
fn nonsense_halves_deaf_readers_and_a_full_disk_cost_the_honest_nothing() {
    let Served { disk, quota, room, live, gateway } = serve();
    let address = gateway.address();
    let before = peak_memory();
    let (full, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let rounds = Arc::new(AtomicU64::new(0));
    let enemies: Vec<_> =
        (0..3).map(|_| hostile(address, Arc::clone(&stop), Arc::clone(&rounds))).collect();
    let held = holders(address);
    let first = |producer| if producer == PRODUCER { 82 } else { 1 };
    let friends: Vec<_> = (1..=PRODUCERS)
        .map(|producer| honest(address, producer, first(producer), Arc::clone(&full)))
        .collect();
    while full.load(Ordering::SeqCst) < REFUSALS {
        assert!(!friends.iter().all(JoinHandle::is_finished), "the disk was never full");
        sleep(Duration::from_millis(2));
    }
    // What was acknowledged so far is there for whoever starts now, on the full disk.
    let durable = live.durable();
    assert!(open(&disk.after_kill()).expect("opens").house().sequence() >= durable);
    let more = 64 * journal_options().segment_bytes;
    quota.raise(more);
    let told: Vec<Told> =
        friends.into_iter().map(|friend| friend.join().expect("served")).collect();
    let began = Moment::now();
    while rounds.load(Ordering::SeqCst) < ROUNDS {
        assert!(Moment::now().since(began) < PATIENCE, "the gateway keeps hostile connections");
        sleep(Duration::from_millis(2));
    }
    stop.store(true, Ordering::SeqCst);
    enemies.into_iter().for_each(|enemy| enemy.join().expect("ends"));
    let grown = peak_memory() - before;
    drop(held);

    let killed = disk.after_kill();
    for (producer, told) in (1..).zip(&told) {
        let mut found = journaled(&killed, producer);
        found.retain(|(count, _)| *count >= first(producer));
        assert_eq!(found, told.done, "producer {producer}: as acknowledged, and nothing else");
    }
    let report = live.stop().expect("a clean stop");
    gateway.stop();
    assert_eq!(open(&disk).expect("opens").house().state_digest(), report.state_digest);
    let busy: u64 = told.iter().map(|told| told.busy).sum();
    let refused = full.load(Ordering::SeqCst);
    let rounds = rounds.load(Ordering::SeqCst);
    println!("{rounds} hostile rounds, {busy} busy, {refused} refused, {grown} B more memory");
    // The journal is in memory here; a connection holds a frame, and as much while it grows.
    let bound = 2 * (room + more) + 2 * (HOLDERS as u64) * (1 << 20) + (32 << 20);
    assert!(grown < bound, "{grown} B more, at most {bound} expected");
}
