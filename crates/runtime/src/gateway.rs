//! The only file that names tokio: commands from loopback sockets into the loop's channel, answers
//! back when durable. No authentication, so it listens on loopback only.
//!
//! Memory is bounded. A connection holds one frame and at most [`GatewayOptions::window`] commands
//! without a written answer; beyond that it is not read, and TCP holds the sender. A channel that
//! stays full for [`GatewayOptions::busy_after`] is answered `Busy`, command by command; such an
//! answer may overtake those to earlier commands. A reader that takes no answers for
//! [`GatewayOptions::patience`] is closed. What is no frame is closed with a reason, and so is a
//! frame that is not whole [`GatewayOptions::frame_within`] after it began; the state never hears
//! of either. Between frames a connection may stay as long as it likes. One beyond
//! [`GatewayOptions::connections_max`] is told that the gateway is busy, and closed.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::batch::{Answer, Reply, Verdict};
use crate::clock::Moment;
use crate::error::RuntimeError;
use crate::sequencer::{Arriving, Inlet, SendError};
use crate::stamp::ExternalCommand;
use crate::wire::{FrameError, put_answer, put_closing, take_request};

/// Commands in one batch through the channel.
const COMMANDS_MAX: usize = 1_024;
/// What one read asks for.
const READ_BYTES: usize = 64 << 10;
/// Refused connections that are read on, at a time, and for how long.
const REFUSED_MAX: usize = 64;
const REFUSED_FOR: Duration = Duration::from_secs(1);

/// Choices about the gateway.
#[derive(Clone, Debug)]
pub struct GatewayOptions {
    /// Where to listen; port 0 is any free one.
    pub listen: SocketAddr,
    /// Connections at a time; one more is refused as `Busy` and closed.
    pub connections_max: usize,
    /// Commands of a connection without a written answer, at least 1,024.
    pub window: usize,
    /// How long a command waits for room in the channel; what follows it waits in the socket.
    pub busy_after: Duration,
    /// How long a reader may take no answers.
    pub patience: Duration,
    /// How long a frame may take from its first byte to its last. What waits for the window or the
    /// channel is not counted.
    pub frame_within: Duration,
}

impl Default for GatewayOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            connections_max: 64,
            window: 8_192,
            busy_after: Duration::from_millis(20),
            patience: Duration::from_secs(10),
            frame_within: Duration::from_secs(30),
        }
    }
}

/// A running gateway.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Gateway {
    /// Binds and starts accepting, on a thread of its own.
    ///
    /// # Errors
    /// An address that is not loopback; one that is taken; the operating system.
    pub fn start(inlet: Inlet, options: GatewayOptions) -> Result<Self, RuntimeError> {
        if !options.listen.ip().is_loopback() {
            let error = io::Error::new(io::ErrorKind::InvalidInput, "expected a loopback address");
            return Err(RuntimeError::Io { doing: "listen", error });
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(RuntimeError::io("start the gateway"))?;
        let listener = runtime
            .block_on(TcpListener::bind(options.listen))
            .map_err(RuntimeError::io("listen"))?;
        let address = listener.local_addr().map_err(RuntimeError::io("listen"))?;
        let (stop, stopped) = oneshot::channel();
        let work = move || {
            runtime.block_on(async {
                let accepting = tokio::spawn(accept(listener, inlet, options));
                // Either way, a message or a dropped sender, it is time to stop.
                let _stopped = stopped.await;
                accepting.abort();
            });
        };
        let thread = std::thread::Builder::new()
            .name(String::from("gateway"))
            .spawn(work)
            .map_err(RuntimeError::io("start the gateway"))?;
        Ok(Self { address, stop, thread })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting and closes every connection. Stop the pipeline first to have everything
    /// that was sent answered.
    ///
    /// # Panics
    /// If the gateway's thread panicked.
    pub fn stop(self) {
        // A thread that has ended needs no message.
        let _ended = self.stop.send(());
        if let Err(panic) = self.thread.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

async fn accept(listener: TcpListener, inlet: Inlet, options: GatewayOptions) {
    let places = Arc::new(Semaphore::new(options.connections_max));
    let refused = Arc::new(Semaphore::new(REFUSED_MAX));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, or a client that went away: neither is a reason to end.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!("a connection beyond the limit was refused");
            refuse(stream, options.connections_max, &refused).await;
            continue;
        };
        let (inlet, options) = (inlet.clone(), options.clone());
        tokio::spawn(async move {
            serve(stream, inlet, &options).await;
            drop(place);
        });
    }
}

/// Says that there is no place. A fresh socket takes these few bytes at once, so no client can make
/// the next one wait.
async fn refuse(mut stream: TcpStream, connections_max: usize, refused: &Arc<Semaphore>) {
    let mut bytes = Vec::new();
    put_answer(&mut bytes, &Answer { producer: 0, producer_seq: 0, verdict: Verdict::Busy });
    let reason = format!("expected at most {connections_max} connections, found one more");
    put_closing(&mut bytes, &reason);
    if stream.write_all(&bytes).await.is_err() || stream.shutdown().await.is_err() {
        // It went away first.
        return;
    }
    // Closed over commands that nobody read, the connection would be reset, and the words may be
    // lost with it: those are read and dropped. Where too many wait for that, words may be lost.
    if let Ok(place) = Arc::clone(refused).try_acquire_owned() {
        tokio::spawn(async move {
            let _ended = tokio::time::timeout(REFUSED_FOR, read_away(stream)).await;
            drop(place);
        });
    }
}

/// Reads to the end and keeps nothing.
async fn read_away(mut stream: TcpStream) {
    let mut bytes = [0; 1_024];
    while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
}

/// Answers on their way to a socket: bytes and how many commands they answer.
type Outgoing = (Vec<u8>, usize);

/// The replies of one connection. The window leaves room for each answer it is ever given.
struct ConnectionReply(mpsc::Sender<Outgoing>);

impl Reply for ConnectionReply {
    fn answer(&self, answers: &[Answer]) {
        let mut bytes = Vec::with_capacity(answers.len() * crate::wire::HEADER_BYTES);
        for answer in answers {
            put_answer(&mut bytes, answer);
        }
        // A connection that has ended needs no answers: its client asks again.
        let _ended = self.0.try_send((bytes, answers.len()));
    }
}

/// Serves one connection to its end: this task writes, another reads.
async fn serve(stream: TcpStream, inlet: Inlet, options: &GatewayOptions) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "answers may wait for each other");
    }
    let window = options.window.max(COMMANDS_MAX);
    let room = Arc::new(Semaphore::new(window));
    // One place beyond the window is for the reason of a closing.
    let (outgoing, answers) = mpsc::channel(window + 1);
    let (reading, writing) = stream.into_split();
    let reply = Arc::new(ConnectionReply(outgoing.clone()));
    let passing = Passing { inlet, room: Arc::clone(&room), reply, wait: options.busy_after };
    let reader = tokio::spawn(read(reading, passing, outgoing, options.frame_within));
    if let Err(error) = write(writing, answers, &room, options.patience).await {
        tracing::warn!(%error, "a connection was closed");
    }
    reader.abort();
}

async fn write(
    mut stream: OwnedWriteHalf,
    mut answers: mpsc::Receiver<Outgoing>,
    room: &Semaphore,
    patience: Duration,
) -> io::Result<()> {
    while let Some((mut bytes, mut answered)) = answers.recv().await {
        while let Ok((more, count)) = answers.try_recv() {
            bytes.extend_from_slice(&more);
            answered += count;
        }
        let written = tokio::time::timeout(patience, stream.write_all(&bytes)).await;
        let slow = || io::Error::new(io::ErrorKind::TimedOut, "slow reader: answers not taken");
        written.map_err(|_| slow())??;
        room.add_permits(answered);
    }
    stream.shutdown().await
}

async fn read(
    mut stream: OwnedReadHalf,
    passing: Passing,
    outgoing: mpsc::Sender<Outgoing>,
    frame_within: Duration,
) {
    let ended = read_frames(&mut stream, &passing, frame_within).await;
    if let Err(Ending::Frame(error)) = &ended {
        let mut bytes = Vec::new();
        put_closing(&mut bytes, &error.to_string());
        let _ended = outgoing.try_send((bytes, 0));
    }
    if let Err(reason) = ended {
        tracing::warn!(%reason, "a connection is no longer read");
    }
}

/// Why a connection is read no more, apart from its end.
#[derive(Debug, thiserror::Error)]
enum Ending {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("the loop has ended")]
    Closed,
}

async fn read_frames(
    stream: &mut OwnedReadHalf,
    passing: &Passing,
    frame_within: Duration,
) -> Result<(), Ending> {
    let mut bytes = Vec::new();
    // When the frame began whose first bytes are held.
    let mut began = Moment::now();
    loop {
        let held = bytes.len();
        bytes.resize(held + READ_BYTES, 0);
        let reading = stream.read(&mut bytes[held..]);
        let read = if held == 0 {
            reading.await?
        } else {
            let left = frame_within.saturating_sub(Moment::now().since(began));
            let slow = |_| FrameError::Slow { found: held, within: frame_within };
            tokio::time::timeout(left, reading).await.map_err(slow)??
        };
        bytes.truncate(held + read);
        if read == 0 {
            return if held == 0 { Ok(()) } else { Err(FrameError::Half(held).into()) };
        }
        let mut taken = 0;
        loop {
            let (commands, length, error) = take_requests(&bytes[taken..]);
            taken += length;
            if !commands.is_empty() {
                passing.pass_on(commands).await?;
            } else if error.is_none() {
                break;
            }
            if let Some(error) = error {
                return Err(error.into());
            }
        }
        bytes.drain(..taken);
        if held == 0 || taken > 0 {
            began = Moment::now();
        }
    }
}

/// Commands off the front, how many bytes they take, and what is wrong after them.
fn take_requests(bytes: &[u8]) -> (Vec<ExternalCommand>, usize, Option<FrameError>) {
    let (mut commands, mut taken) = (Vec::new(), 0);
    while commands.len() < COMMANDS_MAX {
        match take_request(&bytes[taken..]) {
            Ok(Some((command, length))) => {
                commands.push(command);
                taken += length;
            }
            Ok(None) => break,
            Err(error) => return (commands, taken, Some(error)),
        }
    }
    (commands, taken, None)
}

/// From one connection to the loop.
struct Passing {
    inlet: Inlet,
    room: Arc<Semaphore>,
    reply: Arc<ConnectionReply>,
    wait: Duration,
}

impl Passing {
    /// Sends commands to the loop once the window has room for their answers.
    async fn pass_on(&self, commands: Vec<ExternalCommand>) -> Result<(), Ending> {
        const PAUSE: Duration = Duration::from_micros(200);
        let count = u32::try_from(commands.len()).expect("a batch has at most 1,024 commands");
        // The semaphore is never closed.
        if let Ok(permits) = self.room.acquire_many(count).await {
            permits.forget();
        }
        let reply: Arc<dyn Reply> = Arc::<ConnectionReply>::clone(&self.reply);
        let mut arriving = Arriving { commands, reply };
        let began = Moment::now();
        loop {
            arriving = match self.inlet.try_send(arriving) {
                Ok(()) => return Ok(()),
                Err(SendError::Closed) => return Err(Ending::Closed),
                Err(SendError::Full(back)) => back,
            };
            if Moment::now().since(began) >= self.wait {
                let busy: Vec<Answer> = arriving.commands.iter().map(busy).collect();
                self.reply.answer(&busy);
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn busy(command: &ExternalCommand) -> Answer {
    let ExternalCommand { producer, producer_seq, .. } = *command;
    Answer { producer, producer_seq, verdict: Verdict::Busy }
}
