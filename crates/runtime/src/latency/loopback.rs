//! An open loop over a socket: one thread sends what is planned, another takes the answers.
//!
//! The sender sleeps between sends and then sends all that is due, up to 0.1 ms late; a latency
//! counts from the planned time and holds that as well.
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
            let mut outgoing = Outgoing { sending, unanswered: VecDeque::new(), sent: 0, hearing };
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
    /// How many of these have been sent; what comes after them is due.
    sent: usize,
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
        while number < commands || !self.unanswered.is_empty() {
            let (all_sent, room) =
                (self.sent == self.unanswered.len(), self.unanswered.len() < UNANSWERED_MAX);
            if all_sent && number < commands && room {
                schedule.planned(number).wait_asleep();
            }
            self.hear(all_sent && (number == commands || !room))?;
            let (now, known) = (Moment::now(), self.unanswered.len());
            while number < commands && self.unanswered.len() < UNANSWERED_MAX.min(known + WRITE_MAX)
            {
                let planned = schedule.planned(number);
                if planned > now {
                    break;
                }
                self.unanswered.push_back(next(number, planned.timestamp()));
                number += 1;
            }
            let fresh = self.unanswered.range(known..).map(|one| one.command.kind());
            // A receiver that has ended says why itself.
            let _ended = kinds.send(fresh.collect());
            let end = self.unanswered.len().min(self.sent + WRITE_MAX);
            self.sending.send(self.unanswered.range(self.sent..end))?;
            self.sent = end;
        }
        self.sending.finish()
    }

    /// Takes what the receiver heard; waits for something first if asked to.
    fn hear(&mut self, wait: bool) -> io::Result<()> {
        if wait {
            let gone = || io::Error::new(io::ErrorKind::UnexpectedEof, "the answers ended early");
            let heard = self.hearing.recv().map_err(|_| gone())?;
            self.take(heard);
        }
        while let Ok(heard) = self.hearing.try_recv() {
            self.take(heard);
        }
        Ok(())
    }

    fn take(&mut self, heard: Heard) {
        match heard {
            Heard::UpTo(count) => {
                while self.unanswered.front().is_some_and(|one| one.producer_seq <= count) {
                    let _answered = self.unanswered.pop_front();
                    self.sent = self.sent.saturating_sub(1);
                }
            }
            Heard::Again(count) => {
                std::thread::sleep(PAUSE);
                self.sent = self.unanswered.partition_point(|one| one.producer_seq < count);
            }
        }
    }
}

/// Where the answers stand.
struct Answers {
    /// The next count to be answered for good.
    expected: u64,
    /// The lowest count answered `Busy` since the last resend. Such an answer may overtake those
    /// to earlier commands, so it is acted upon when its turn comes.
    busy_at: Option<u64>,
    refused: u64,
    busy: u64,
}

impl Answers {
    /// Whether this answers the next command for good.
    fn take(&mut self, answer: &Answer) -> io::Result<bool> {
        let (count, next) = (answer.producer_seq, answer.producer_seq == self.expected);
        match answer.verdict {
            Verdict::Busy | Verdict::StorageFull if count >= self.expected => {
                self.busy_at = Some(self.busy_at.map_or(count, |lowest| lowest.min(count)));
                return Ok(false);
            }
            Verdict::Refused(..) if next => self.refused += 1,
            Verdict::Gap(missing) if next => {
                let reason = format!("expected count {count}, the gateway {missing}");
                return Err(closed(&reason));
            }
            // Of several answers to one command, because it was sent again, the first counts.
            _ => {}
        }
        self.expected += u64::from(next);
        Ok(next)
    }

    /// The count to send again from, if its turn has come.
    fn again(&mut self) -> Option<u64> {
        let at = self.busy_at.take_if(|at| *at <= self.expected)?;
        self.busy += 1;
        Some(at)
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
    let mut answers =
        Answers { expected: schedule.first_count, busy_at: None, refused: 0, busy: 0 };
    let mut kinds = kinds.iter().flatten();
    let mut now = Moment::now();
    let end = schedule.first_count + commands;
    while answers.expected < end {
        let count = answers.expected;
        match receiving.receive()? {
            Some(Said::Answer(answer)) => {
                if answers.take(&answer)? {
                    now = Moment::now();
                    let planned = schedule.planned(count - schedule.first_count);
                    let kind = kinds.next().unwrap_or(0);
                    recorder.record(Stage::Total, kind, now.nanos_since(planned));
                    recorder.roll(now);
                }
                report_to_sender(&mut answers, count, end, heard);
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

/// Tells the sender what it may forget and what it must send again. A sender that has ended says
/// why itself.
fn report_to_sender(answers: &mut Answers, count: u64, end: u64, heard: &Sender<Heard>) {
    let settled = answers.expected > count;
    if settled && (answers.expected.is_multiple_of(256) || answers.expected == end) {
        let _ended = heard.send(Heard::UpTo(count));
    }
    if let Some(at) = answers.again() {
        let _ended = heard.send(Heard::Again(at));
    }
}

fn closed(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, reason.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Sequence;

    /// Answers as (count, verdict); what each is taken as, and the resends asked for.
    fn check(answers: &[(u64, Verdict)], settled: &[u64], resends: &[u64]) {
        let mut state = Answers { expected: 1, busy_at: None, refused: 0, busy: 0 };
        let (mut found, mut asked) = (Vec::new(), Vec::new());
        for (producer_seq, verdict) in answers {
            let answer = Answer { producer: 1, producer_seq: *producer_seq, verdict: *verdict };
            if state.take(&answer).expect("no gap") {
                found.push(*producer_seq);
            }
            asked.extend(state.again());
        }
        assert_eq!((&found[..], &asked[..]), (settled, resends));
        assert_eq!(state.busy, resends.len() as u64);
    }

    #[test]
    fn a_busy_answer_waits_for_its_turn_and_asks_for_one_resend() {
        let done = Verdict::Done(Sequence::new(9));
        let busy = Verdict::Busy;
        check(&[(1, done), (2, done)], &[1, 2], &[]);
        check(&[(1, busy), (1, done), (2, done)], &[1, 2], &[1]);
        // Busy overtakes the answer to 1; 3 and 4 had no chance behind it.
        let overtaken = [(2, busy), (3, busy), (1, done), (4, Verdict::Gap(2)), (2, done)];
        check(&overtaken, &[1, 2], &[2]);
        // Stale answers: a duplicate behind, a busy behind.
        check(&[(1, done), (1, Verdict::Duplicate(1)), (1, busy), (2, done)], &[1, 2], &[]);
        // The answer got lost, the resend is a duplicate: settled.
        check(&[(1, Verdict::Duplicate(4)), (2, done)], &[1, 2], &[]);
    }

    #[test]
    fn a_gap_before_the_next_command_is_an_error() {
        let mut state = Answers { expected: 5, busy_at: None, refused: 0, busy: 0 };
        let answer = Answer { producer: 1, producer_seq: 5, verdict: Verdict::Gap(2) };
        assert!(state.take(&answer).is_err());
    }
}
