//! Goal: nothing that was acknowledged over the socket is lost when the process is killed under
//! load, on real files.
//! Method: this test program runs itself as a server, is sent commands without pause, and is
//! killed (SIGKILL) after a seeded time; the journal is opened and held against the answers, and
//! the next server goes on with it. CLEARSIM_KILLS sets how often; 8 by default.

mod common;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use common::{Draw, PRODUCER, Workload, journal_options};
use runtime::client::{Client, Receiving};
use runtime::gateway::{Gateway, GatewayOptions};
use runtime::outbox::Readers;
use runtime::recovery::{self, Identity};
use runtime::wire::Said;
use runtime::{Answer, Clock, ExternalCommand, Live, LiveOptions, LoopOptions, Verdict};
use store::storage::RealStorage;

const DIRECTORY: &str = "CLEARSIM_TEST_KILL_DIRECTORY";

fn storage(directory: &Path) -> Arc<RealStorage> {
    Arc::new(RealStorage::open(directory).expect("a directory"))
}

#[test]
fn child_that_serves() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        // Only as a child of the other test is there something to do.
        return;
    };
    let ready = recovery::open(storage(Path::new(&directory)), &journal_options(), None);
    let loop_options = LoopOptions { clock: Clock::Historical, ..LoopOptions::default() };
    let options = LiveOptions { loop_options, ..LiveOptions::default() };
    let live = Live::start(ready.expect("opens"), options, Readers::new()).expect("starts");
    let gateway = Gateway::start(live.inlet(), GatewayOptions::default()).expect("listens");
    println!("\nserving {}", gateway.address());
    // Until it is killed; not for ever if the parent is gone.
    std::thread::sleep(Duration::from_secs(60));
}

fn serve(directory: &Path) -> (Child, SocketAddr) {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "child_that_serves", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    let said = BufReader::new(child.stdout.take().expect("piped"));
    let address = said.lines().map_while(Result::ok).find_map(|line| {
        line.strip_prefix("serving ").map(|address| address.parse().expect("an address"))
    });
    (child, address.expect("the child serves"))
}

/// The last count that was acknowledged before the connection ended.
fn last_acknowledged(mut receiving: Receiving) -> u64 {
    let mut last = 0;
    while let Ok(Some(said)) = receiving.receive() {
        if let Said::Answer(Answer { producer_seq, verdict, .. }) = said
            && matches!(verdict, Verdict::Done(_) | Verdict::Refused(..))
        {
            last = producer_seq;
        }
    }
    last
}

#[test]
fn nothing_acknowledged_is_lost_to_kill() {
    let kills = std::env::var("CLEARSIM_KILLS").ok().and_then(|text| text.parse().ok());
    let kills: u64 = kills.unwrap_or(8);
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path();
    let mut workload = Workload::new(103, 512);
    let genesis = workload.next().expect("endless");
    let ready =
        recovery::create(storage(path), genesis, Identity::Random, &journal_options(), None);
    let loop_options = LoopOptions::default();
    let replay = runtime::Replay::start(ready.expect("new"), loop_options, runtime::Unobserved);
    drop(replay.expect("genesis is durable"));
    let commands: Vec<ExternalCommand> = workload.take(200_000).collect();
    let (mut next, mut acknowledged) = (2, 0);
    let mut draw = Draw(103);
    for kill in 0..kills {
        let (mut child, address) = serve(path);
        let (mut sending, receiving) = Client::connect(address).expect("connects").split();
        let receiver = std::thread::spawn(move || last_acknowledged(receiving));
        let rest = commands[next as usize - 2..].to_vec();
        let sender = std::thread::spawn(move || {
            for some in rest.chunks(37) {
                if sending.send(some).is_err() {
                    break;
                }
            }
            // Keeps the connection open until the other side is gone.
            sending
        });
        std::thread::sleep(Duration::from_micros(20_000 + draw.below(80_000)));
        child.kill().expect("a running child");
        let _status = child.wait().expect("a killed child");
        acknowledged = receiver.join().expect("the receiver ends").max(acknowledged);
        drop(sender.join().expect("the sender ends"));
        let ready = recovery::open(storage(path), &journal_options(), None);
        let ready = ready.unwrap_or_else(|error| panic!("kill {kill}: {error}"));
        let found = ready.house().producer_seq(PRODUCER);
        assert!(found >= acknowledged, "kill {kill}: {acknowledged} acknowledged, {found} found");
        next = found + 1;
    }
    assert!(acknowledged > kills, "only {acknowledged} were acknowledged: it proves too little");
    println!("{kills} kills, {acknowledged} acknowledged, {} in the journal", next - 1);
}
