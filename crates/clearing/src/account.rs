//! The unified accounts: dense by number, their rows side by side.

use crate::rows::{Rows, Span, make_room};
use domain::{AccountId, Amount, AssetId, Balance, InstrumentId, Position};
use risk::Portfolio;

/// Being sold out: stays so until release.
pub(crate) const LIQUIDATING: u8 = 1;
/// Waits for the next pulse.
pub(crate) const QUEUED: u8 = 2;

#[derive(Clone, Copy, Debug, Default)]
struct Head {
    balances: Span,
    positions: Span,
    flags: u8,
}

/// All accounts.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    heads: alloc::vec::Vec<Head>,
    balances: Rows<Balance>,
    positions: Rows<Position>,
}

/// Bytes of state of an account with 4 positions and 2 balances: the budget is 320.
const STATE_BYTES: usize = size_of::<Head>() + 4 * size_of::<Position>() + 2 * size_of::<Balance>();
const _: () = assert!(STATE_BYTES <= 320, "an account of 4 positions and 2 balances fits 320 B");

impl Accounts {
    pub const fn new() -> Self {
        Self { heads: alloc::vec::Vec::new(), balances: Rows::new(), positions: Rows::new() }
    }

    /// Becomes a copy of other accounts, to be read only.
    pub fn copy_from(&mut self, other: &Self) {
        self.heads.clone_from(&other.heads);
        self.balances.copy_from(&other.balances);
        self.positions.copy_from(&other.positions);
    }

    /// Touched room for an eighth more.
    pub fn make_room(&mut self) {
        make_room(&mut self.heads);
        self.balances.make_room();
        self.positions.make_room();
    }

    /// How many were opened.
    pub fn count(&self) -> u64 {
        self.heads.len() as u64
    }

    /// Every account's number.
    pub fn ids(&self) -> impl Iterator<Item = AccountId> + use<> {
        (0..self.count()).map(AccountId::new)
    }

    pub fn open(&mut self) {
        self.heads.push(Head::default());
    }

    #[inline]
    fn head(&self, account: AccountId) -> Head {
        self.heads.get(account.index()).copied().unwrap_or_default()
    }

    /// The account as `risk` sees it.
    #[inline]
    pub fn portfolio(&self, account: AccountId) -> Portfolio<'_> {
        Portfolio::new(self.balances(account), self.positions(account))
    }

    #[inline]
    pub fn balances(&self, account: AccountId) -> &[Balance] {
        self.balances.get(self.head(account).balances)
    }

    #[inline]
    pub fn positions(&self, account: AccountId) -> &[Position] {
        self.positions.get(self.head(account).positions)
    }

    pub fn balance(&self, account: AccountId, asset: AssetId) -> Option<Balance> {
        self.balances(account).iter().find(|balance| balance.asset == asset).copied()
    }

    pub fn position(&self, account: AccountId, instrument: InstrumentId) -> Option<Position> {
        self.positions(account).iter().find(|position| position.instrument == instrument).copied()
    }

    /// Loads an account's rows; the number means nothing.
    #[inline]
    pub fn warm(&self, account: AccountId) -> u64 {
        let first = self.balances(account).first().map_or(0, |row| row.index as u64);
        let rows = self.positions(account);
        let ends = rows.first().zip(rows.last());
        first ^ ends.map_or(0, |(first, last)| (first.cost + last.cost).units() as u64)
    }

    pub fn flag(&self, account: AccountId, flag: u8) -> bool {
        self.head(account).flags & flag != 0
    }

    pub fn flags(&self, account: AccountId) -> u8 {
        self.head(account).flags
    }

    pub fn set_flag(&mut self, account: AccountId, flag: u8, on: bool) {
        if let Some(head) = self.heads.get_mut(account.index()) {
            head.flags = if on { head.flags | flag } else { head.flags & !flag };
        }
    }

    /// Writes a balance, adding its row if needed; rows stay sorted by asset.
    pub fn put_balance(&mut self, account: AccountId, row: Balance) {
        let Some(head) = self.heads.get_mut(account.index()) else { return };
        let rows = self.balances.get_mut(head.balances);
        match rows.binary_search_by_key(&row.asset, |balance| balance.asset) {
            Ok(at) => {
                if let Some(slot) = rows.get_mut(at) {
                    *slot = row;
                }
            }
            Err(at) => self.balances.insert(&mut head.balances, at, row),
        }
    }

    /// Writes a position, adding its row if needed and removing it at zero.
    pub fn put_position(&mut self, account: AccountId, row: Position) {
        let Some(head) = self.heads.get_mut(account.index()) else { return };
        let rows = self.positions.get_mut(head.positions);
        match rows.binary_search_by_key(&row.instrument, |position| position.instrument) {
            Ok(at) if row.quantity.is_zero() => self.positions.remove(&mut head.positions, at),
            Ok(at) => {
                if let Some(slot) = rows.get_mut(at) {
                    *slot = row;
                }
            }
            Err(_) if row.quantity.is_zero() => {}
            Err(at) => self.positions.insert(&mut head.positions, at, row),
        }
    }

    /// Makes sure the settlement asset of a position has a balance row.
    pub fn ensure_balance(&mut self, account: AccountId, asset: AssetId, index: i128) {
        if self.balance(account, asset).is_none() {
            self.put_balance(account, Balance { asset, amount: Amount::ZERO, index });
        }
    }

    /// Bytes held, for memory figures.
    pub fn bytes(&self) -> usize {
        self.heads.capacity() * size_of::<Head>()
            + self.balances.capacity() * size_of::<Balance>()
            + self.positions.capacity() * size_of::<Position>()
    }
}
