//! Many series to one stream, by timestamp, role, source, line.
//!
//! A k-way merge over a heap: memory is one entry a series, whatever the length of the day. Law:
//! the order of the output depends on the entries alone, never on the order of the inputs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use domain::Timestamp;

use crate::manifest::Role;

/// Place of an entry in the order of a day. The series' number breaks what ties are left, within
/// one line of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// When.
    pub timestamp: Timestamp,
    /// Index before mark before last before funding.
    pub role: Role,
    /// Place of the file among the manifest's sources.
    pub source: u32,
    /// Line of the file.
    pub line: u64,
    /// Number of the series.
    pub series: u32,
}

/// An input's next entry in the heap.
struct Next<T> {
    key: Key,
    input: usize,
    entry: T,
}

impl<T> PartialEq for Next<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.key, self.input) == (other.key, other.input)
    }
}

impl<T> Eq for Next<T> {}

impl<T> PartialOrd for Next<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Next<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.key, self.input).cmp(&(other.key, other.input))
    }
}

/// The merged stream.
pub struct Merge<I: Iterator<Item = (Key, T)>, T> {
    inputs: Vec<I>,
    heap: BinaryHeap<Reverse<Next<T>>>,
}

impl<I: Iterator<Item = (Key, T)>, T> Merge<I, T> {
    /// Merges inputs that are each in order.
    pub fn new(inputs: Vec<I>) -> Merge<I, T> {
        let heap = BinaryHeap::with_capacity(inputs.len());
        let mut merge = Merge { inputs, heap };
        for input in 0..merge.inputs.len() {
            merge.refill(input);
        }
        merge
    }

    fn refill(&mut self, input: usize) {
        if let Some((key, entry)) = self.inputs[input].next() {
            self.heap.push(Reverse(Next { key, input, entry }));
        }
    }
}

impl<I: Iterator<Item = (Key, T)>, T> Iterator for Merge<I, T> {
    type Item = (Key, T);

    fn next(&mut self) -> Option<(Key, T)> {
        let Reverse(next) = self.heap.pop()?;
        self.refill(next.input);
        Some((next.key, next.entry))
    }
}

#[cfg(test)]
mod tests {
    //! Goal: the order of the merge is the order of the keys. Method: against a sort.

    use super::*;

    fn key(time: i64, role: Role, source: u32, line: u64) -> Key {
        Key { timestamp: Timestamp::from_nanos(time), role, source, line, series: source }
    }

    #[test]
    fn agrees_with_a_sort_whatever_the_inputs_order() {
        let series = |role: Role, source: u32, step: i64| {
            (0..40)
                .map(|place| (key(place * step, role, source, place as u64 / 3), source))
                .collect()
        };
        let mut inputs: Vec<Vec<(Key, u32)>> = vec![
            series(Role::Last, 0, 6),
            series(Role::Mark, 1, 4),
            series(Role::Index, 2, 3),
            series(Role::Funding, 3, 12),
            series(Role::Mark, 4, 4),
        ];
        let mut sorted: Vec<(Key, u32)> = inputs.iter().flatten().copied().collect();
        sorted.sort_by_key(|(key, _)| *key);
        for _ in 0..inputs.len() {
            inputs.rotate_left(1);
            let streams = inputs.iter().map(|input| input.iter().copied()).collect();
            assert_eq!(Merge::new(streams).collect::<Vec<_>>(), sorted);
        }
    }
}
