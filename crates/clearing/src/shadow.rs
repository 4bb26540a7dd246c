//! A copy of the books that lasts: what a snapshot is made of while the machine goes on.
//!
//! Encoding a large state takes longer than the loop may stand still; copying its arenas into
//! memory that is there already is a few moves of memory. The copy is encoded elsewhere, and used
//! again for the next snapshot. It holds what canonical bytes are made of: no wake index
//! (but for what shares its memory with accounts' heads), no hashes, no free lists.
//!
//! Law: the bytes of a shadow are those of the state it was copied from.

use crate::house::{Books, ClearingHouse};
use crate::image::append_books;
use alloc::vec::Vec;
use domain::Sequence;

/// A reusable copy of a state.
#[derive(Debug)]
pub struct Shadow {
    books: Books,
}

impl Default for Shadow {
    fn default() -> Self {
        Self::new()
    }
}

impl Shadow {
    /// The copy of a state before genesis; it has no room yet.
    #[must_use]
    pub fn new() -> Self {
        Self { books: Books::new() }
    }

    /// Becomes a copy of the present state. Allocates only where the state has outgrown the room.
    pub fn copy(&mut self, house: &ClearingHouse) {
        self.books.copy_from(&house.books);
    }

    /// Makes room for an eighth more than it holds, and touches it, so that the next copy of a
    /// grown state waits neither for the allocator nor for fresh pages.
    pub fn make_room(&mut self) {
        self.books.accounts.make_room();
    }

    /// Last sequence that is part of the copy.
    #[must_use]
    pub const fn sequence(&self) -> Sequence {
        self.books.cursor.sequence
    }

    /// Appends the canonical bytes of the copied state, as [`ClearingHouse::to_bytes`] gives them.
    pub fn append_bytes(&self, bytes: &mut Vec<u8>) {
        append_books(bytes, &self.books);
    }

    /// Bytes held.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.books.accounts.bytes() + self.books.accounts.standing_bytes()
    }
}
