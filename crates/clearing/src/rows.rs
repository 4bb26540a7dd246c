//! Rows of many owners in one arena: spans of 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, ... rows,
//! reused when freed. An owner's rows lie side by side, and steady work allocates nothing.

use alloc::vec::Vec;

/// Where an owner's rows lie: `len` of `1 << class` rows from `start`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    len: u16,
    /// Capacity class plus one; zero has no rows yet.
    class: u8,
}

impl Span {
    /// No rows.
    pub const NONE: Self = Self { start: 0, len: 0, class: 0 };

    /// Number of rows in use.
    #[inline]
    pub const fn len(self) -> usize {
        self.len as usize
    }

    /// Place of the first row in the arena.
    #[inline]
    pub const fn start(self) -> usize {
        self.start as usize
    }

    const fn capacity(self) -> usize {
        if self.class == 0 { 0 } else { capacity(self.class - 1) }
    }
}

/// Rows of a span of a class: 1 to 4, then four sizes to each doubling.
const fn capacity(class: u8) -> usize {
    if class < 4 { class as usize + 1 } else { (5 + (class % 4) as usize) << (class / 4 - 1) }
}

/// The smallest class that holds so many rows.
fn class_of(rows: usize) -> u8 {
    (0..u8::MAX).find(|class| capacity(*class) >= rows).expect("a span has fewer than 2^16 rows")
}

/// Largest alignment at which allocators grow memory where it lies, or move it without a copy.
const PLAIN_ALIGNMENT: usize = 16;

/// Grows a vector for more items: by half while it is small; a large one, which allocators move
/// without copying it, by little, since what it holds in reserve counts for every account. One of
/// aligned items is copied whole each time: by more.
pub(crate) fn reserve<T>(items: &mut Vec<T>, more: usize) {
    if items.capacity() - items.len() < more {
        let copied = align_of::<T>() > PLAIN_ALIGNMENT;
        let spare = match items.len() {
            0..65_536 => items.len() / 2,
            _ if copied => items.len() / 8,
            65_536..262_144 => items.len() / 16,
            _ => items.len() / 128,
        };
        items.reserve_exact(more.max(spare));
    }
}

/// Room for an eighth more than a list holds, its pages touched.
pub(crate) fn make_room<T: Copy>(list: &mut Vec<T>) {
    let length = list.len();
    let wanted = length + length / 8;
    if let Some(filler) = list.last().copied()
        && list.capacity() < wanted
    {
        list.reserve_exact(wanted - length);
        list.resize(wanted, filler);
        list.truncate(length);
    }
}

/// The arena.
#[derive(Clone, Debug)]
pub(crate) struct Rows<T> {
    slots: Vec<T>,
    free: Vec<Vec<u32>>,
}

impl<T: Copy> Rows<T> {
    pub const fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }

    /// Becomes a copy of another arena, to be read only: lists of free spans stay behind.
    pub fn copy_from(&mut self, other: &Self) {
        self.slots.clone_from(&other.slots);
    }

    /// Touched room for an eighth more rows.
    pub fn make_room(&mut self) {
        make_room(&mut self.slots);
    }

    /// An owner's rows.
    #[inline]
    pub fn get(&self, span: Span) -> &[T] {
        self.slots.get(span.start()..span.start() + span.len()).unwrap_or(&[])
    }

    /// An owner's rows, to change in place.
    #[inline]
    pub fn get_mut(&mut self, span: Span) -> &mut [T] {
        self.slots.get_mut(span.start()..span.start() + span.len()).unwrap_or(&mut [])
    }

    /// One row by its place in the arena, whoever owns it.
    #[inline]
    pub fn slot(&self, place: usize) -> Option<&T> {
        self.slots.get(place)
    }

    /// One row by its place in the arena.
    #[inline]
    pub fn slot_mut(&mut self, place: usize) -> Option<&mut T> {
        self.slots.get_mut(place)
    }

    /// Rows of the arena in use and free, for memory figures.
    pub fn capacity(&self) -> usize {
        self.slots.capacity()
    }

    /// Puts a row at `at` (at most the length), moving later ones up.
    pub fn insert(&mut self, span: &mut Span, at: usize, row: T) {
        if span.len() == span.capacity() {
            self.grow(span, row);
        }
        span.len += 1;
        let rows = self.get_mut(*span);
        if let Some(tail) = rows.get_mut(at..) {
            tail.rotate_right(1);
        }
        if let Some(slot) = rows.get_mut(at) {
            *slot = row;
        }
    }

    /// Takes the row at `at` out, moving later ones down.
    pub fn remove(&mut self, span: &mut Span, at: usize) {
        let rows = self.get_mut(*span);
        if at < rows.len() {
            if let Some(tail) = rows.get_mut(at..) {
                tail.rotate_left(1);
            }
            span.len -= 1;
        }
    }

    /// Gives all rows back.
    pub fn clear(&mut self, span: &mut Span) {
        self.release(*span);
        *span = Span::default();
    }

    fn release(&mut self, span: Span) {
        if let Some(class) = usize::from(span.class).checked_sub(1) {
            while self.free.len() <= class {
                self.free.push(Vec::new());
            }
            if let Some(list) = self.free.get_mut(class) {
                list.push(span.start);
            }
        }
    }

    fn grow(&mut self, span: &mut Span, filler: T) {
        let class = span.class;
        let start = self.take(class, filler);
        let source = span.start()..span.start() + span.len();
        self.slots.copy_within(source, start as usize);
        self.release(*span);
        *span = Span { start, len: span.len, class: class + 1 };
    }

    /// Room for a class: freed before, or at the end.
    fn take(&mut self, class: u8, filler: T) -> u32 {
        let reused = self.free.get_mut(usize::from(class)).and_then(Vec::pop);
        reused.unwrap_or_else(|| {
            let start = self.slots.len();
            reserve(&mut self.slots, capacity(class));
            self.slots.resize(start + capacity(class), filler);
            u32::try_from(start).expect("the arena holds fewer than 2^32 rows")
        })
    }

    /// Gives an owner without rows these, in room of their size.
    pub fn place(&mut self, span: &mut Span, rows: &[T]) {
        self.clear(span);
        let Some(first) = rows.first() else { return };
        let class = class_of(rows.len());
        let start = self.take(class, *first);
        *span = Span { start, len: rows.len() as u16, class: class + 1 };
        self.get_mut(*span).copy_from_slice(rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_hold_what_they_say() {
        let sizes: Vec<usize> = (0..16).map(capacity).collect();
        assert_eq!(sizes, [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32]);
        for rows in 1..10_000 {
            let class = class_of(rows);
            assert!(capacity(class) >= rows && (class == 0 || capacity(class - 1) < rows));
        }
    }

    /// Random inserts and removals of many owners agree with one vector an owner.
    #[test]
    fn agrees_with_vectors() {
        let mut rows: Rows<u32> = Rows::new();
        let mut owners: Vec<(Span, Vec<u32>)> = (0..50).map(|_| Default::default()).collect();
        let mut state = 5u64;
        let mut next = |bound: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % bound
        };
        for round in 0..20_000u32 {
            let owner = next(50);
            let (span, model) = owners.get_mut(owner).expect("within");
            if next(5) < 3 && model.len() < 40 {
                let at = next(model.len() + 1);
                rows.insert(span, at, round);
                model.insert(at, round);
            } else if !model.is_empty() {
                let at = next(model.len());
                rows.remove(span, at);
                model.remove(at);
            }
            if next(100) == 0 {
                rows.clear(span);
                model.clear();
            }
            if next(50) == 0 {
                *model = (0..next(40) as u32).collect();
                rows.place(span, model);
            }
            assert_eq!(rows.get(*span), model.as_slice());
        }
        for (span, model) in &owners {
            assert_eq!(rows.get(*span), model.as_slice());
        }
    }
}
