//! The two hashes of a batch, its chain and the segment's, taken while the disk writes it.
//!
//! Both read every byte, which costs a large batch as much as half of its sync. A helper thread
//! takes them meanwhile; a small batch is hashed in less time than it takes to wake one. Law: the
//! values are those of hashing in line, and a helper that is gone is done without.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::super::frame::{Chain, chain_of};

/// Batches from this length on are handed over.
const LARGE: usize = 32 << 10;

struct Helper {
    jobs: SyncSender<(Arc<Vec<u8>>, blake3::Hasher)>,
    done: Receiver<(Chain, blake3::Hasher)>,
}

impl Helper {
    /// `None` where the system gives no thread.
    fn start() -> Option<Self> {
        let (jobs, taken) = sync_channel::<(Arc<Vec<u8>>, blake3::Hasher)>(1);
        let (answers, done) = sync_channel(1);
        let work = move || {
            while let Ok((frame, mut segment)) = taken.recv() {
                let chain = chain_of(&frame);
                segment.update(&frame);
                // Let go of before the answer, so that the writer has the buffer to itself.
                drop(frame);
                if answers.send((chain, segment)).is_err() {
                    return;
                }
            }
        };
        let builder = std::thread::Builder::new().name(String::from("journal-hash"));
        builder.spawn(work).ok().map(|_| Self { jobs, done })
    }
}

/// The running hash of a segment, and who helps with it.
pub(super) struct Hashing {
    segment: blake3::Hasher,
    helper: Option<Helper>,
}

impl Hashing {
    /// Goes on with the hash of a segment.
    pub(super) fn new(segment: blake3::Hasher) -> Self {
        Self { segment, helper: None }
    }

    /// Begins with another segment.
    pub(super) fn restart(&mut self, segment: blake3::Hasher) {
        self.segment = segment;
    }

    /// BLAKE3 over the segment so far.
    pub(super) fn segment_hash(&self) -> [u8; 32] {
        *self.segment.finalize().as_bytes()
    }

    /// Takes the hashes of a whole frame while `work` is done with it; the frame, its chain, and
    /// what `work` answered.
    pub(super) fn during<T>(
        &mut self,
        frame: Vec<u8>,
        work: impl FnOnce(&[u8]) -> T,
    ) -> (Vec<u8>, Chain, T) {
        if frame.len() < LARGE {
            let answer = work(&frame);
            return self.in_line(frame, answer);
        }
        if self.helper.is_none() {
            self.helper = Helper::start();
        }
        let shared = Arc::new(frame);
        let job = (Arc::clone(&shared), self.segment.clone());
        let handed = self.helper.as_ref().is_some_and(|helper| helper.jobs.send(job).is_ok());
        let answer = work(&shared);
        let hashed = self.helper.as_ref().filter(|_| handed).and_then(|it| it.done.recv().ok());
        let frame = Arc::try_unwrap(shared).unwrap_or_else(|shared| shared.to_vec());
        match hashed {
            Some((chain, segment)) => {
                self.segment = segment;
                (frame, chain, answer)
            }
            None => {
                self.helper = None;
                self.in_line(frame, answer)
            }
        }
    }

    fn in_line<T>(&mut self, frame: Vec<u8>, answer: T) -> (Vec<u8>, Chain, T) {
        let chain = chain_of(&frame);
        self.segment.update(&frame);
        (frame, chain, answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_hashing_in_line_at_every_length_and_without_a_helper() {
        let mut hashing = Hashing::new(blake3::Hasher::new());
        let mut straight = blake3::Hasher::new();
        for (round, length) in
            [64, LARGE - 1, LARGE, LARGE + 1, 400_000, 70, 90_000, 90_000].into_iter().enumerate()
        {
            if round == 6 {
                // A helper that has ended: nobody listens, nobody answers.
                let (jobs, _) = sync_channel(1);
                let (_, done) = sync_channel(1);
                hashing.helper = Some(Helper { jobs, done });
            }
            let frame: Vec<u8> = (0..length).map(|at| (at ^ round) as u8).collect();
            straight.update(&frame);
            let (back, chain, seen) = hashing.during(frame.clone(), <[u8]>::len);
            assert_eq!((&back, seen), (&frame, length));
            assert_eq!(chain, chain_of(&frame), "round {round}");
            assert_eq!(hashing.segment_hash(), *straight.finalize().as_bytes());
        }
        assert!(hashing.helper.is_some(), "a new helper after the one that ended");
    }
}
