//! Carries durable batches from the loop to their readers: answers to senders, effects to
//! observers. A thread of its own behind a bounded channel.
//!
//! Backpressure is explicit. The loop waits when the outbox is full. A reader that falls behind
//! is treated as its subscription says: [`SlowReader::Wait`] makes the outbox wait for it, and
//! so, one bounded channel after the other, the loop and the senders; [`SlowReader::Disconnect`]
//! ends its subscription, and the reader knows where it stopped. Nothing is ever skipped.

use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam::channel::{Receiver, Sender, TrySendError, bounded};

use crate::batch::Batch;
use crate::clock::Moment;
use crate::latency::Recorder;

/// What happens to a reader that falls behind by as many batches as its channel holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlowReader {
    /// Everybody waits for it.
    Wait,
    /// It is cut off; its channel ends after the batches it holds.
    Disconnect,
}

/// The sending half of a subscription.
struct Subscriber {
    batches: Sender<Arc<Batch>>,
    slow_reader: SlowReader,
}

impl Subscriber {
    /// Whether the subscription goes on.
    fn send(&self, batch: &Arc<Batch>) -> bool {
        let batch = Arc::clone(batch);
        match self.slow_reader {
            SlowReader::Wait => self.batches.send(batch).is_ok(),
            SlowReader::Disconnect => match self.batches.try_send(batch) {
                Ok(()) => true,
                Err(TrySendError::Full(batch)) => {
                    let sequence = batch.last_sequence().map_or(0, |last| last.number());
                    tracing::warn!(sequence, "slow reader disconnected before this batch");
                    false
                }
                Err(TrySendError::Disconnected(_)) => false,
            },
        }
    }
}

/// The readers a pipeline starts with.
#[derive(Default)]
pub struct Readers {
    subscribers: Vec<Subscriber>,
    recorder: Option<Recorder>,
}

impl Readers {
    /// Nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a reader with room for `capacity` batches, at least one.
    pub fn subscribe(&mut self, capacity: usize, slow_reader: SlowReader) -> Receiver<Arc<Batch>> {
        let (batches, received) = bounded(capacity.max(1));
        self.subscribers.push(Subscriber { batches, slow_reader });
        received
    }

    /// Measures the stages of every command.
    pub fn measure(&mut self, recorder: Recorder) {
        self.recorder = Some(recorder);
    }

    /// Whether stages are measured.
    pub(crate) fn measures(&self) -> bool {
        self.recorder.is_some()
    }
}

/// The running thread.
pub(crate) struct Outbox {
    batches: Sender<Batch>,
    /// Batches whose memory can be used again.
    spent: Receiver<Batch>,
    thread: JoinHandle<Option<Recorder>>,
}

impl Outbox {
    /// Starts the thread with room for `capacity` durable batches.
    pub(crate) fn start(capacity: usize, readers: Readers) -> std::io::Result<Self> {
        let (batches, durable) = bounded(capacity.max(1));
        let (returned, spent) = bounded(capacity.max(1));
        let thread = std::thread::Builder::new()
            .name(String::from("outbox"))
            .spawn(move || carry(&durable, &returned, readers))?;
        Ok(Self { batches, spent, thread })
    }

    /// Takes a durable batch; waits while the outbox is full. Returns an empty one.
    pub(crate) fn send(&self, batch: Batch) -> Batch {
        // The thread ends only when this sender is dropped, or by a panic that `stop` reports.
        let _ended = self.batches.send(batch);
        self.spent.try_recv().unwrap_or_default()
    }

    /// Waits until everything is carried; returns the recorder. `None` within the error case
    /// means that a reader's code panicked.
    pub(crate) fn stop(self) -> Result<Option<Recorder>, ReaderPanicked> {
        drop(self.batches);
        self.thread.join().map_err(|_| ReaderPanicked)
    }
}

/// A reader's code panicked on the outbox's thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reader panicked while it was handed effects")]
pub struct ReaderPanicked;

fn carry(
    durable: &Receiver<Batch>,
    returned: &Sender<Batch>,
    readers: Readers,
) -> Option<Recorder> {
    let Readers { mut subscribers, mut recorder } = readers;
    for mut batch in durable {
        batch.deliver();
        if let (Some(recorder), Some(durable_at)) = (&mut recorder, batch.durable_at) {
            let published = Moment::now();
            for timing in &batch.timings {
                recorder.record_timing(timing, durable_at, published);
            }
            recorder.roll(published);
        }
        let batch = Arc::new(batch);
        subscribers.retain(|subscriber| subscriber.send(&batch));
        if let Ok(mut batch) = Arc::try_unwrap(batch) {
            batch.clear();
            // A full return channel only means that the memory is freed.
            let _full = returned.try_send(batch);
        }
    }
    recorder
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::command::Pulse;
    use domain::{Command, Event, Sequence, Timestamp};

    fn batch(sequence: u64) -> Batch {
        let mut batch = Batch::default();
        let event = Event {
            sequence: Sequence::new(sequence),
            timestamp: Timestamp::START,
            producer: 0,
            producer_seq: sequence,
            command: Command::Pulse(Pulse {}),
        };
        batch.push(event, &[]);
        batch
    }

    #[test]
    fn a_slow_reader_is_cut_off_with_a_prefix_and_the_others_see_all() {
        let mut readers = Readers::new();
        let slow = readers.subscribe(3, SlowReader::Disconnect);
        let patient = readers.subscribe(64, SlowReader::Wait);
        let outbox = Outbox::start(2, readers).expect("a thread starts");
        for sequence in 1..=50 {
            let _empty = outbox.send(batch(sequence));
        }
        outbox.stop().expect("no reader panics");
        let numbers = |received: Receiver<Arc<Batch>>| -> Vec<u64> {
            received.iter().filter_map(|batch| batch.last_sequence()).map(|s| s.number()).collect()
        };
        assert_eq!(numbers(slow), [1, 2, 3]);
        assert_eq!(numbers(patient), (1..=50).collect::<Vec<u64>>());
    }

    #[test]
    fn a_waiting_reader_holds_everybody_and_memory_is_bounded() {
        let mut readers = Readers::new();
        let reader = readers.subscribe(1, SlowReader::Wait);
        let outbox = Outbox::start(1, readers).expect("a thread starts");
        let sent = std::thread::scope(|scope| {
            let sending = scope.spawn(|| {
                for sequence in 1..=20 {
                    let _empty = outbox.send(batch(sequence));
                }
                Moment::now()
            });
            std::thread::sleep(std::time::Duration::from_millis(50));
            // Held: one with the reader, one in the thread's hand, one in the channel.
            assert!(!sending.is_finished());
            let began = Moment::now();
            for sequence in 1..=20 {
                let batch = reader.recv().expect("all arrive");
                assert_eq!(batch.last_sequence(), Some(Sequence::new(sequence)));
            }
            sending.join().expect("sender ends").since(began)
        });
        assert!(sent < std::time::Duration::from_secs(5));
        outbox.stop().expect("no reader panics");
    }
}
