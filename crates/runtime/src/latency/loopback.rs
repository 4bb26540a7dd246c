//! An open loop over a socket: one thread sends what is planned, another takes the answers.
//!
//! A command that is answered `Busy` is sent again, and with it everything after it, because a
//! producer's commands are applied in order; its latency keeps counting from the planned time.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, unbounded};
use domain::Timestamp;

use super::{LatencyTable, LogError, OpenLoop, Recorder, Stage};
use crate::batch::{Answer, Verdict};
use crate::client::{Client, Receiving, Sending};
use crate::clock::Moment;
use crate::stamp::ExternalCommand;
use crate::wire::Said;

/// Commands sent and not answered; beyond that the sender waits, and the wait counts.
const UNANSWERED_MAX: usize = 1 << 18;
/// Commands in one write.
const WRITE_MAX: usize = 1_024;
/// How long to wait before sending again what was answered `Busy`.
const PAUSE: Duration = Duration::from_micros(200);

/// What an open loop over loopback measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoopbackReport {
    /// Commands answered, each once.
    pub commands: u64,
    /// Of these, refused by the clearing house.
    pub refused: u64,
    /// How often a command was answered `Busy` and sent again.
    pub busy: u64,
    /// From the first planned send to the last answer.
    pub elapsed: Duration,
    /// `total` as the client sees it: planned send to answer in hand.
    pub latencies: LatencyTable,
}

/// Why a loopback run failed.
#[derive(Debug, thiserror::Error)]
pub enum LoopbackError {
    /// The network, or a gateway that closed the connection.
    #[error("loopback: {0}")]
    Io(#[from] io::Error),
    /// The latency log.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// From the receiving thread to the sending one.
enum Heard {
    /// Everything up to this count is answered.
    UpTo(u64),
    /// Send again from this count on.
    Again(u64),
}

/// Drives the pipeline behind `address`. `next` makes command number n, from 0, with the planned
/// send time as its wish; all have one producer and counts without gaps from `first_count`.
///
/// # Errors
/// See [`LoopbackError`].
pub fn drive_loopback(
    address: SocketAddr,
    plan: OpenLoop,
    recorder: Recorder,
    first_count: u64,
    next: impl FnMut(u64, Timestamp) -> ExternalCommand + Send,
) -> Result<LoopbackReport, LoopbackError> {
    let (sending, receiving) = Client::connect(address)?.split();
    let began = Moment::now().plus(Duration::from_millis(1));
    let (heard, hearing) = unbounded();
    let (kinds, kinds_sent) = unbounded();
    let schedule = Schedule { plan, began, first_count };
    std::thread::scope(|scope| {
        let sender = scope.spawn(move || {
            let mut outgoing = Outgoing { sending, unanswered: VecDeque::new(), hearing };
            outgoing.send_all(schedule, &kinds, next)
        });
        let report = take_answers(receiving, schedule, recorder, &heard, &kinds_sent);
        drop((heard, kinds_sent));
        let sent = sender.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // The receiver's error comes first: it holds the gateway's reason.
        let report = report?;
        sent?;
        Ok(report)
    })
}

#[derive(Clone, Copy)]
struct Schedule {
    plan: OpenLoop,
    began: Moment,
    first_count: u64,
}

impl Schedule {
    fn planned(&self, number: u64) -> Moment {
        self.began.plus(self.plan.planned(number))
    }
}

struct Outgoing {
    sending: Sending,
    unanswered: VecDeque<ExternalCommand>,
    hearing: Receiver<Heard>,
}

impl Outgoing {
    fn send_all(
        &mut self,
        schedule: Schedule,
        kinds: &Sender<Vec<u16>>,
        mut next: impl FnMut(u64, Timestamp) -> ExternalCommand,
    ) -> io::Result<()> {
        let (mut number, commands) = (0, schedule.plan.commands());
        while number < commands {
            schedule.planned(number).wait();
            self.hear(self.unanswered.len() + WRITE_MAX > UNANSWERED_MAX)?;
            let (now, fresh) = (Moment::now(), self.unanswered.len());
            while number < commands && self.unanswered.len() - fresh < WRITE_MAX {
                let planned = schedule.planned(number);
                if planned > now {
                    break;
                }
                self.unanswered.push_back(next(number, planned.timestamp()));
                number += 1;
            }
            let sent = self.unanswered.range(fresh..);
            // A receiver that has ended says why itself.
            let _ended = kinds.send(sent.clone().map(|one| one.command.kind()).collect());
            self.sending.send(sent)?;
        }
        while !self.unanswered.is_empty() {
            self.hear(true)?;
        }
        self.sending.finish()
    }

    /// Takes what the receiver heard; waits for something first if asked to.
    fn hear(&mut self, wait: bool) -> io::Result<()> {
        let gone = || io::Error::new(io::ErrorKind::UnexpectedEof, "the answers ended early");
        if wait {
            let heard = self.hearing.recv().map_err(|_| gone())?;
            self.take(heard)?;
        }
        while let Ok(heard) = self.hearing.try_recv() {
            self.take(heard)?;
        }
        Ok(())
    }

    fn take(&mut self, heard: Heard) -> io::Result<()> {
        match heard {
            Heard::UpTo(count) => {
                while self.unanswered.front().is_some_and(|one| one.producer_seq <= count) {
                    let _answered = self.unanswered.pop_front();
                }
                Ok(())
            }
            Heard::Again(count) => {
                std::thread::sleep(PAUSE);
                let from = self.unanswered.partition_point(|one| one.producer_seq < count);
                let mut rest: Vec<&ExternalCommand> = Vec::with_capacity(WRITE_MAX);
                for one in self.unanswered.range(from..) {
                    rest.push(one);
                    if rest.len() == WRITE_MAX {
                        self.sending.send(rest.drain(..))?;
                    }
                }
                self.sending.send(rest)
            }
        }
    }
}

/// Where the answers stand.
struct Answers {
    /// The next count to be answered for good.
    expected: u64,
    refused: u64,
    busy: u64,
}

impl Answers {
    /// Whether this answers the next command for good; asks for a resend where one is needed.
    /// Answers to others were made stale by a resend: each command has one that counts.
    fn take(&mut self, answer: &Answer, heard: &Sender<Heard>) -> io::Result<bool> {
        if answer.producer_seq != self.expected {
            return Ok(false);
        }
        match answer.verdict {
            Verdict::Done(_) | Verdict::Duplicate(_) => {}
            Verdict::Refused(..) => self.refused += 1,
            Verdict::Busy | Verdict::StorageFull => {
                self.busy += 1;
                // A sender that has ended says why itself.
                let _ended = heard.send(Heard::Again(self.expected));
                return Ok(false);
            }
            Verdict::Gap(count) => {
                let reason = format!("expected count {}, the gateway {count}", self.expected);
                return Err(closed(&reason));
            }
        }
        self.expected += 1;
        Ok(true)
    }
}

fn take_answers(
    mut receiving: Receiving,
    schedule: Schedule,
    mut recorder: Recorder,
    heard: &Sender<Heard>,
    kinds: &Receiver<Vec<u16>>,
) -> Result<LoopbackReport, LoopbackError> {
    let commands = schedule.plan.commands();
    let mut answers = Answers { expected: schedule.first_count, refused: 0, busy: 0 };
    let mut kinds = kinds.iter().flatten();
    let mut now = Moment::now();
    let end = schedule.first_count + commands;
    while answers.expected < end {
        let count = answers.expected;
        match receiving.receive()? {
            Some(Said::Answer(answer)) => {
                if !answers.take(&answer, heard)? {
                    continue;
                }
                now = Moment::now();
                let planned = schedule.planned(count - schedule.first_count);
                let kind = kinds.next().unwrap_or(0);
                recorder.record(Stage::Total, kind, now.nanos_since(planned));
                recorder.roll(now);
                if answers.expected.is_multiple_of(256) || answers.expected == end {
                    let _ended = heard.send(Heard::UpTo(count));
                }
            }
            Some(Said::Closing(reason)) => return Err(closed(&reason).into()),
            None => return Err(closed("the connection ended").into()),
        }
    }
    let (refused, busy) = (answers.refused, answers.busy);
    let elapsed = now.since(schedule.began);
    let latencies = recorder.finish()?;
    Ok(LoopbackReport { commands, refused, busy, elapsed, latencies })
}

fn closed(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, reason.to_string())
}
