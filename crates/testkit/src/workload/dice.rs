//! Whole numbers out of one ChaCha stream.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of random choices.
#[derive(Clone, Debug)]
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// 0 to `bound` less one; the bias of the remainder does not matter here.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64() % bound.max(1)
    }

    /// Both ends included.
    pub fn between(&mut self, low: i128, high: i128) -> i128 {
        low + i128::from(self.0.next_u64()) % (high - low + 1).max(1)
    }

    /// True so many times out of a thousand.
    pub fn chance(&mut self, thousandths: u64) -> bool {
        self.below(1_000) < thousandths
    }

    pub fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }

    /// Between two positive bounds, each doubling as likely as any other.
    pub fn doubling(&mut self, low: i128, high: i128) -> i128 {
        let doublings = u64::from((high / low).max(1).ilog2()) + 1;
        let from = low << self.below(doublings);
        self.between(from, (from * 2).min(high).max(from))
    }
}
