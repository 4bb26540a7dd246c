//! Goal: the socket passes on what is well formed, names what is not, and never holds more than
//! its bounds.
//! Method: frames whole, split, cut, oversized, flipped and never completed; readers that do not
//! read; connections beyond the limit; an overloaded loop; each time the state is compared with
//! what it should have heard.

mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use common::{PRODUCER, Workload, create, run};
use domain::command::Pulse;
use domain::{Command, Sequence, Timestamp};
use runtime::client::Client;
use runtime::gateway::{Gateway, GatewayOptions};
use runtime::latency::{OpenLoop, Recorder, drive_loopback};
use runtime::outbox::{Readers, SlowReader};
use runtime::sequencer::OnFailure;
use runtime::wire::{Said, put_request};
use runtime::{Answer, Clock, ExternalCommand, Live, LiveOptions, LoopOptions, Moment, Verdict};
use store::testing::MemoryDisk;

const PATIENCE: Duration = Duration::from_secs(20);

struct Served {
    workload: Workload,
    live: Live,
    gateway: Gateway,
}

fn serve(seed: u64, readers: Readers, live: LiveOptions, gateway: GatewayOptions) -> Served {
    let mut workload = Workload::new(seed, 300);
    let ready = create(&MemoryDisk::new(), workload.next().expect("endless")).expect("new");
    let loop_options = LoopOptions { clock: Clock::Historical, ..LoopOptions::default() };
    let live = LiveOptions { loop_options, on_failure: OnFailure::Stop, ..live };
    let live = Live::start(ready, live, readers).expect("starts");
    let gateway = Gateway::start(live.inlet(), gateway).expect("listens");
    Served { workload, live, gateway }
}

fn serve_plainly(seed: u64) -> Served {
    serve(seed, Readers::new(), LiveOptions::default(), GatewayOptions::default())
}

impl Served {
    fn connect(&self) -> Client {
        let client = Client::connect(self.gateway.address()).expect("connects");
        client.set_patience(PATIENCE).expect("a socket");
        client
    }

    /// Stops everything; how far the state came.
    fn stop(self) -> (Sequence, u64, [u8; 32]) {
        let report = self.live.stop().expect("a clean stop");
        self.gateway.stop();
        let house = report.house;
        (house.sequence(), house.producer_seq(PRODUCER), report.state_digest)
    }
}

fn answer(client: &mut Client) -> Answer {
    match client.receive().expect("an answer in time") {
        Some(Said::Answer(answer)) => answer,
        other => panic!("expected an answer, found {other:?}"),
    }
}

fn bytes_of(commands: &[ExternalCommand]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for command in commands {
        put_request(&mut bytes, command).expect("small");
    }
    bytes
}

#[test]
fn commands_over_a_socket_give_the_digest_of_a_replay() {
    let straight = run(&MemoryDisk::new(), Workload::new(71, 300), 3_000, LoopOptions::default());
    let mut served = serve_plainly(71);
    let mut client = served.connect();
    let commands: Vec<ExternalCommand> = served.workload.by_ref().take(2_999).collect();
    for some in commands.chunks(500) {
        client.send(some).expect("sends");
    }
    for count in 2..=3_000 {
        assert_eq!(answer(&mut client).producer_seq, count);
    }
    client.finish_sending().expect("a socket");
    assert!(matches!(client.receive(), Ok(None)), "closed once everything is answered");
    let (_, count, digest) = served.stop();
    assert_eq!((count, digest), (3_000, straight.state_digest));
}

#[test]
fn a_frame_may_arrive_byte_by_byte() {
    let mut served = serve_plainly(73);
    let mut client = served.connect();
    let commands: Vec<ExternalCommand> = served.workload.by_ref().take(3).collect();
    for byte in bytes_of(&commands) {
        client.send_bytes(&[byte]).expect("sends");
    }
    for count in 2..=4 {
        assert_eq!(answer(&mut client).verdict, Verdict::Done(Sequence::new(count)));
    }
    assert_eq!(served.stop().1, 4);
}

/// Sends bytes after one good command; the reason the gateway closes with.
fn check_closed(bytes: &[u8], finish: bool, reason: &str) {
    let mut served = serve_plainly(79);
    let mut client = served.connect();
    let good: Vec<ExternalCommand> = served.workload.by_ref().take(1).collect();
    client.send(&good).expect("sends");
    client.send_bytes(bytes).expect("sends");
    if finish {
        client.finish_sending().expect("a socket");
    }
    let (mut answered, mut closing) = (0, None);
    while let Some(said) = client.receive().expect("in time") {
        match said {
            Said::Answer(_) => answered += 1,
            Said::Closing(text) => closing = Some(text),
        }
    }
    let closing = closing.expect("a reason");
    assert!(closing.contains(reason), "expected {reason:?}, found {closing:?}");
    assert_eq!(answered, 1, "what came before is answered");
    // Others are served on.
    let mut other = served.connect();
    let next: Vec<ExternalCommand> = served.workload.by_ref().take(1).collect();
    other.send(&next).expect("sends");
    assert_eq!(answer(&mut other).verdict, Verdict::Done(Sequence::new(3)));
    assert_eq!(served.stop().0, Sequence::new(3), "the state heard of two commands");
}

#[test]
fn what_is_no_frame_is_closed_with_a_reason() {
    let command = |producer, command: Command| {
        let wish = Timestamp::from_nanos(1);
        bytes_of(&[ExternalCommand { producer, producer_seq: 3, wish, command }])
    };
    let pulse = command(PRODUCER, Pulse {}.into());
    check_closed(&((1u32 << 20) + 1).to_le_bytes(), false, "at most 1048576 bytes");
    check_closed(&[0xff; 4], false, "at most 1048576 bytes");
    check_closed(&pulse[..3], true, "first 3 bytes");
    check_closed(&pulse[..27], true, "first 27 bytes");
    check_closed(&command(0, Pulse {}.into()), false, "producer from 1");
    let mut unknown = pulse.clone();
    unknown[4] = 0xee;
    check_closed(&unknown, false, "type");
    let mut longer = pulse;
    longer[0] = 1;
    longer.push(0);
    check_closed(&longer, false, "Pulse");
}

#[test]
fn every_prefix_of_a_frame_is_half_a_frame() {
    let mut served = serve_plainly(107);
    let command: Vec<ExternalCommand> = served.workload.by_ref().take(1).collect();
    let frame = bytes_of(&command);
    for length in 1..frame.len() {
        let mut client = served.connect();
        client.send_bytes(&frame[..length]).expect("sends");
        client.finish_sending().expect("a socket");
        match client.receive().expect("in time") {
            Some(Said::Closing(reason)) => {
                assert!(reason.contains(&format!("first {length} bytes")), "{reason}");
            }
            other => panic!("{length}: {other:?}"),
        }
        assert!(matches!(client.receive(), Ok(None)));
    }
    assert_eq!(served.stop().0, Sequence::new(1), "the state heard of genesis alone");
}

/// Frames with seeded bytes changed: whatever they are taken for, the gateway answers or closes
/// and serves the next one.
#[test]
fn changed_frames_do_not_stop_the_gateway() {
    let mut served = serve_plainly(109);
    let mut draw = common::Draw(109);
    let commands: Vec<ExternalCommand> = served.workload.by_ref().take(20).collect();
    for round in 0..400 {
        let mut bytes = bytes_of(&commands[round % 18..][..3]);
        for _ in 0..1 + draw.below(4) {
            let at = draw.below(bytes.len() as u64) as usize;
            bytes[at] = draw.below(256) as u8;
        }
        let mut client = served.connect();
        client.send_bytes(&bytes).expect("sends");
        client.finish_sending().expect("a socket");
        let mut said = 0;
        while client.receive().expect("in time").is_some() {
            said += 1;
        }
        assert!((1..=4).contains(&said), "round {round}: {said} answers to three frames");
    }
    let mut client = served.connect();
    let count = commands[0].producer_seq;
    client.send(&commands[..1]).expect("sends");
    assert_eq!(answer(&mut client).producer_seq, count);
    let (sequence, _, _) = served.stop();
    assert!(sequence >= Sequence::new(1));
}

#[test]
fn a_body_of_the_greatest_length_is_read_and_judged() {
    let mut bytes = vec![0; 28 + (1 << 20)];
    bytes[..4].copy_from_slice(&(1u32 << 20).to_le_bytes());
    bytes[4] = 4;
    bytes[6] = 1;
    bytes[8] = 1;
    check_closed(&bytes, false, "Deposit");
}

#[test]
fn a_reader_that_does_not_read_is_closed_and_others_are_served() {
    let options = GatewayOptions {
        window: 1_024,
        patience: Duration::from_millis(300),
        ..GatewayOptions::default()
    };
    let mut served = serve(83, Readers::new(), LiveOptions::default(), options);
    let mut deaf = TcpStream::connect(served.gateway.address()).expect("connects");
    deaf.set_write_timeout(Some(Duration::from_millis(500))).expect("a socket");
    // The same command again and again: each is answered, no answer is taken.
    let first: Vec<ExternalCommand> = served.workload.by_ref().take(1).collect();
    let frames = bytes_of(&first).repeat(512);
    let (mut sent, mut pushed_back) = (0usize, false);
    while sent < 256 << 20 {
        match deaf.write(&frames) {
            Ok(written) => sent += written,
            Err(_) => {
                pushed_back = true;
                break;
            }
        }
    }
    assert!(pushed_back, "{sent} bytes were taken from a sender that takes no answers");
    let mut other = served.connect();
    let next: Vec<ExternalCommand> = served.workload.by_ref().take(1).collect();
    other.send(&next).expect("sends");
    assert_eq!(answer(&mut other).verdict, Verdict::Done(Sequence::new(3)));
    // What was answered before the closing may be read; then the connection is over.
    deaf.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let mut taken = vec![0; 1 << 20];
    loop {
        match deaf.read(&mut taken) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
                break;
            }
        }
    }
    assert_eq!(served.stop().0, Sequence::new(3));
}

#[test]
fn an_overloaded_loop_answers_busy_and_takes_what_is_sent_again() {
    let mut readers = Readers::new();
    let blocked = readers.subscribe(1, SlowReader::Wait);
    let live = LiveOptions { queue_batches: 1, outbox_batches: 1, ..LiveOptions::default() };
    let mut served = serve(89, readers, live, GatewayOptions::default());
    let (mut sending, mut receiving) = served.connect().split();
    let commands: Vec<ExternalCommand> = served.workload.by_ref().take(40).collect();
    let address: SocketAddr = served.gateway.address();
    for command in &commands {
        sending.send([command]).expect("sends");
        std::thread::sleep(Duration::from_millis(2));
    }
    let busy = loop {
        match receiving.receive().expect("in time") {
            Some(Said::Answer(Answer { verdict: Verdict::Busy, producer_seq, .. })) => {
                break producer_seq;
            }
            Some(Said::Answer(_)) => {}
            other => panic!("{other:?}"),
        }
    };
    assert!((3..=41).contains(&busy), "busy at {busy}");
    let reading = std::thread::spawn(move || blocked.iter().count());
    // Everything again, on another connection: what was taken is a duplicate, the rest is new.
    let mut again = Client::connect(address).expect("connects");
    again.set_patience(PATIENCE).expect("a socket");
    for command in &commands {
        loop {
            again.send(std::slice::from_ref(command)).expect("sends");
            match answer(&mut again).verdict {
                Verdict::Busy | Verdict::Gap(_) => std::thread::sleep(Duration::from_millis(1)),
                _ => break,
            }
        }
    }
    let (_, count, _) = served.stop();
    assert_eq!(count, 41, "each command once");
    assert!(reading.join().expect("the reader ends") > 1);
}

#[test]
fn an_overload_without_end_is_answered_command_by_command() {
    // A rate that nothing reaches, a queue of one batch and no patience: most of it is Busy first.
    const COMMANDS: u64 = 30_000;
    let live = LiveOptions { queue_batches: 1, outbox_batches: 1, ..LiveOptions::default() };
    let options = GatewayOptions { busy_after: Duration::ZERO, ..GatewayOptions::default() };
    let mut served = serve(127, Readers::new(), live, options);
    let mut commands: Vec<ExternalCommand> =
        served.workload.by_ref().take(COMMANDS as usize).collect();
    commands.reverse();
    let plan = OpenLoop { rate: 10_000_000, duration: Duration::from_millis(3) };
    assert_eq!(plan.commands(), COMMANDS);
    let next = move |_, _| commands.pop().expect("as many as are planned");
    let report = drive_loopback(served.gateway.address(), plan, Recorder::new(), 2, next);
    let report = report.expect("all is answered in the end");
    assert_eq!(report.commands, COMMANDS);
    assert!(report.busy > 0, "never busy: it proves too little");
    let straight = run(&MemoryDisk::new(), Workload::new(127, 300), 30_001, LoopOptions::default());
    let (_, count, digest) = served.stop();
    assert_eq!((count, digest), (COMMANDS + 1, straight.state_digest), "each once, in order");
}

#[test]
fn the_gateway_listens_on_loopback_only() {
    let served = serve_plainly(97);
    let listen: SocketAddr = "0.0.0.0:0".parse().expect("an address");
    let options = GatewayOptions { listen, ..GatewayOptions::default() };
    assert!(Gateway::start(served.live.inlet(), options).is_err());
    let _stopped = served.stop();
}

/// What the gateway says to a connection that it has no place for.
fn check_refused(client: &mut Client) {
    let Answer { producer, producer_seq, verdict } = answer(client);
    assert_eq!((producer, producer_seq, verdict), (0, 0, Verdict::Busy));
    match client.receive().expect("in time") {
        Some(Said::Closing(reason)) => assert!(reason.contains("at most 1 conn"), "{reason}"),
        other => panic!("expected a reason, found {other:?}"),
    }
    assert!(matches!(client.receive(), Ok(None)), "closed");
}

#[test]
fn connections_beyond_the_limit_are_refused_as_busy() {
    let options = GatewayOptions { connections_max: 1, ..GatewayOptions::default() };
    let mut served = serve(101, Readers::new(), LiveOptions::default(), options);
    let mut first = served.connect();
    let commands: Vec<ExternalCommand> = served.workload.by_ref().take(2).collect();
    first.send(&commands[..1]).expect("sends");
    assert_eq!(answer(&mut first).verdict, Verdict::Done(Sequence::new(2)));
    // Each sends what would be taken next, had it a place.
    let refuse = |_| {
        let mut client = served.connect();
        client.send(&commands[1..2]).expect("sends");
        client
    };
    let mut refused: Vec<Client> = (0..20).map(refuse).collect();
    refused.iter_mut().for_each(check_refused);
    first.send(&commands[1..2]).expect("sends");
    assert_eq!(answer(&mut first).verdict, Verdict::Done(Sequence::new(3)));
    assert_eq!(served.stop().0, Sequence::new(3), "the state heard of the first one alone");
}

#[test]
fn a_frame_that_is_not_completed_gives_its_place_away() {
    let frame_within = Duration::from_millis(100);
    let options = GatewayOptions { connections_max: 1, frame_within, ..GatewayOptions::default() };
    let mut served = serve(103, Readers::new(), LiveOptions::default(), options);
    let commands: Vec<ExternalCommand> = served.workload.by_ref().take(3).collect();
    let frame = bytes_of(&commands[1..2]);
    let mut holding = served.connect();
    holding.send(&commands[..1]).expect("sends");
    assert_eq!(answer(&mut holding).verdict, Verdict::Done(Sequence::new(2)));
    // Between frames it may stay; more bytes of a frame give it no more time.
    std::thread::sleep(frame_within * 2);
    holding.set_patience(frame_within / 5).expect("a socket");
    let (began, mut bytes) = (Moment::now(), frame[..frame.len() - 1].iter());
    let reason = loop {
        holding.send_bytes(&[*bytes.next().expect("closed before")]).expect("sends");
        match holding.receive() {
            Ok(Some(Said::Closing(reason))) => break reason,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            other => panic!("expected a reason or silence, found {other:?}"),
        }
    };
    assert!(reason.contains("whole frame within 100ms, found the first "), "{reason}");
    assert!(Moment::now().since(began) >= frame_within);
    assert!(matches!(holding.receive(), Ok(None)), "closed");
    // Its place is free as soon as the gateway is done with it.
    let mut next = loop {
        let mut client = served.connect();
        client.send(&commands[1..2]).expect("sends");
        match answer(&mut client).verdict {
            Verdict::Busy => std::thread::sleep(Duration::from_millis(1)),
            verdict => {
                assert_eq!(verdict, Verdict::Done(Sequence::new(3)));
                break client;
            }
        }
    };
    next.send(&commands[2..]).expect("sends");
    assert_eq!(answer(&mut next).verdict, Verdict::Done(Sequence::new(4)));
    assert_eq!(served.stop().0, Sequence::new(4));
}
