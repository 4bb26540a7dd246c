//! Where an account stands in the wake index: kept with its head, since whoever touches the one
//! touches the other, and both fit one line of the cache. Derived, outside digest and snapshot.

use crate::rows::Span;
use domain::AccountId;
use risk::kept::Kept;

/// Was woken and waits for an exact check.
pub(crate) const WOKEN: u8 = 1;
/// Stands so close to the line that no box holds.
pub(crate) const HOT: u8 = 2;

/// Its box, what the box still proves, and what is known of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Standing {
    pub lanes: Span,
    pub kept: Kept,
    pub flags: u8,
}

impl Standing {
    /// Of an account without a box.
    pub const NONE: Self =
        Self { lanes: Span::NONE, kept: Kept { maintenance: 0, initial: 0 }, flags: 0 };

    /// Notes that the account was woken, and lists it, once.
    #[inline]
    pub fn wake(&mut self, account: AccountId, woken: &mut alloc::vec::Vec<AccountId>) {
        if self.flags & WOKEN == 0 {
            self.flags |= WOKEN;
            woken.push(account);
        }
    }
}
