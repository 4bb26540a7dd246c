//! A heap of keys with a way back: each entry belongs to a lane, and the lane knows where it lies.
//!
//! Smallest key on top. Re-keying moves one entry; looking for every key below a bound visits only
//! those and their children.

use crate::rows::reserve;
use alloc::vec::Vec;

/// A key, the account it wakes and the lane that holds the place of this entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub key: i64,
    pub account: u32,
    pub lane: u32,
}

/// Four children a node: half the depth of a binary heap, and siblings share a cache line.
const ARITY: usize = 4;

#[derive(Clone, Debug, Default)]
pub(crate) struct Heap {
    entries: Vec<Entry>,
}

impl Heap {
    /// Smallest key, if any.
    #[inline]
    pub fn top(&self) -> Option<i64> {
        self.entries.first().map(|entry| entry.key)
    }

    pub fn clear(&mut self) {
        self.entries.clear();
    }

    pub fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
    }

    /// Adds an entry; `moved` learns each new place of each entry that moves, this one included.
    pub fn push(&mut self, entry: Entry, moved: &mut impl FnMut(u32, u32)) {
        reserve(&mut self.entries, 1);
        self.entries.push(entry);
        self.rise(self.entries.len() - 1, moved);
    }

    /// Gives the entry at a place another key.
    pub fn rekey(&mut self, place: u32, key: i64, moved: &mut impl FnMut(u32, u32)) {
        let place = place as usize;
        let Some(entry) = self.entries.get_mut(place) else { return };
        let old = core::mem::replace(&mut entry.key, key);
        if key < old {
            self.rise(place, moved);
        } else if key > old {
            self.sink(place, moved);
        }
    }

    /// Takes the entry at a place out.
    pub fn remove(&mut self, place: u32, moved: &mut impl FnMut(u32, u32)) {
        let place = place as usize;
        if place >= self.entries.len() {
            return;
        }
        self.entries.swap_remove(place);
        if place < self.entries.len() {
            self.rise(place, moved);
            self.sink(place, moved);
        }
    }

    /// Calls `found` with the account of every entry whose key is below `bound`.
    pub fn below(&self, bound: i64, stack: &mut Vec<u32>, mut found: impl FnMut(u32)) {
        stack.clear();
        if self.top().is_some_and(|key| key < bound) {
            stack.push(0);
        }
        while let Some(place) = stack.pop() {
            let place = place as usize;
            if let Some(entry) = self.entries.get(place) {
                found(entry.account);
            }
            let first = place * ARITY + 1;
            for child in first..(first + ARITY).min(self.entries.len()) {
                if self.entries.get(child).is_some_and(|entry| entry.key < bound) {
                    stack.push(child as u32);
                }
            }
        }
    }

    fn key(&self, place: usize) -> i64 {
        self.entries.get(place).map_or(i64::MAX, |entry| entry.key)
    }

    fn rise(&mut self, mut place: usize, moved: &mut impl FnMut(u32, u32)) {
        while place > 0 {
            let parent = (place - 1) / ARITY;
            if self.key(parent) <= self.key(place) {
                break;
            }
            self.entries.swap(parent, place);
            self.tell(place, moved);
            place = parent;
        }
        self.tell(place, moved);
    }

    fn sink(&mut self, mut place: usize, moved: &mut impl FnMut(u32, u32)) {
        loop {
            let first = place * ARITY + 1;
            let last = (first + ARITY).min(self.entries.len());
            let Some(least) = (first..last).min_by_key(|child| self.key(*child)) else { break };
            if self.key(place) <= self.key(least) {
                break;
            }
            self.entries.swap(place, least);
            self.tell(place, moved);
            place = least;
        }
        self.tell(place, moved);
    }

    fn tell(&self, place: usize, moved: &mut impl FnMut(u32, u32)) {
        if let Some(entry) = self.entries.get(place) {
            moved(entry.lane, place as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Random pushes, re-keys and removals agree with a sorted list, and every lane knows its place.
    #[test]
    fn agrees_with_a_sorted_list() {
        let mut heap = Heap::default();
        let mut keys: Vec<Option<i64>> = (0..200).map(|_| None).collect();
        let mut places = [0u32; 200];
        let mut state = 3u64;
        let mut next = |bound: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % bound
        };
        let mut stack = Vec::new();
        for _ in 0..20_000 {
            let lane = next(200) as usize;
            let key = next(1_000) as i64;
            let mut moved = |lane: u32, place: u32| {
                if let Some(slot) = places.get_mut(lane as usize) {
                    *slot = place;
                }
            };
            let held = *keys.get(lane).expect("within");
            let entry = Entry { key, account: lane as u32, lane: lane as u32 };
            if held.is_none() {
                heap.push(entry, &mut moved);
                *keys.get_mut(lane).expect("within") = Some(key);
            } else {
                let place = *places.get(lane).expect("within");
                if next(2) == 0 {
                    heap.rekey(place, key, &mut |lane, place| {
                        *places.get_mut(lane as usize).expect("within") = place;
                    });
                    *keys.get_mut(lane).expect("within") = Some(key);
                } else {
                    heap.remove(place, &mut |lane, place| {
                        *places.get_mut(lane as usize).expect("within") = place;
                    });
                    *keys.get_mut(lane).expect("within") = None;
                }
            }
            let bound = next(1_000) as i64;
            let mut found = BTreeSet::new();
            heap.below(bound, &mut stack, |account| {
                assert!(found.insert(account as usize), "found once");
            });
            let expected: BTreeSet<usize> = keys
                .iter()
                .enumerate()
                .filter(|(_, key)| key.is_some_and(|key| key < bound))
                .map(|(lane, _)| lane)
                .collect();
            assert_eq!(found, expected);
            assert_eq!(heap.top(), keys.iter().flatten().min().copied());
        }
    }
}
