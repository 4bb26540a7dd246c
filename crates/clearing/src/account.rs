//! The unified accounts: dense by number, their rows side by side.

use crate::case::Case;
use crate::rows::{Rows, Span, make_room, reserve};
use alloc::collections::BTreeMap;
use domain::{AccountId, Amount, AssetId, Balance, InstrumentId, Position};
use risk::Portfolio;

/// Being sold out: stays so until release.
pub(crate) const LIQUIDATING: u8 = 1;
/// Waits for the next pulse.
pub(crate) const QUEUED: u8 = 2;
/// Has a case.
pub(crate) const CASE: u8 = 32;

#[derive(Clone, Copy, Debug, Default)]
struct Head {
    balances: Span,
    positions: Span,
    flags: u8,
    /// Last bytes of the instruments of the first positions: where to look for a row without
    /// loading the others.
    hints: [u8; HINTS],
}

const HINTS: usize = 8;

impl Head {
    /// Where the position in an instrument lies among the account's rows, if it is open.
    #[inline]
    fn place(&self, rows: &[Position], instrument: InstrumentId) -> Option<usize> {
        // The first of eight bytes that equals the instrument's last: in the difference it is zero,
        // and only a zero byte below no other borrows from its high bit.
        let (ones, highs) = (0x0101_0101_0101_0101u64, 0x8080_8080_8080_8080u64);
        let byte = u64::from(instrument.number() as u8);
        let apart = u64::from_le_bytes(self.hints) ^ byte.wrapping_mul(ones);
        let zeros = apart.wrapping_sub(ones) & !apart & highs;
        let likely = (zeros != 0).then(|| zeros.trailing_zeros() as usize / 8);
        let fits = |at: &usize| rows.get(*at).is_some_and(|row| row.instrument == instrument);
        likely.filter(fits).or_else(|| Self::search(rows, instrument))
    }

    /// The same where the hints do not tell: no position is open, another instrument ends in the
    /// same byte, or the account has more positions than hints.
    #[cold]
    fn search(rows: &[Position], instrument: InstrumentId) -> Option<usize> {
        rows.binary_search_by_key(&instrument, |row| row.instrument).ok()
    }

    fn note(&mut self, rows: &[Position]) {
        for (hint, row) in self.hints.iter_mut().zip(rows) {
            *hint = row.instrument.number() as u8;
        }
    }
}

/// All accounts.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    heads: alloc::vec::Vec<Head>,
    balances: Rows<Balance>,
    positions: Rows<Position>,
    cases: BTreeMap<AccountId, Case>,
}

/// Bytes of state of an account with 4 positions and 2 balances: the budget is 320.
const STATE_BYTES: usize = size_of::<Head>() + 4 * size_of::<Position>() + 2 * size_of::<Balance>();
const _: () = assert!(STATE_BYTES <= 320, "an account of 4 positions and 2 balances fits 320 B");

impl Accounts {
    pub const fn new() -> Self {
        Self {
            heads: alloc::vec::Vec::new(),
            balances: Rows::new(),
            positions: Rows::new(),
            cases: BTreeMap::new(),
        }
    }

    /// Becomes a copy of other accounts, to be read only.
    pub fn copy_from(&mut self, other: &Self) {
        self.heads.clone_from(&other.heads);
        self.balances.copy_from(&other.balances);
        self.positions.copy_from(&other.positions);
        self.cases.clone_from(&other.cases);
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
        reserve(&mut self.heads, 1);
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

    #[inline]
    pub fn position(&self, account: AccountId, instrument: InstrumentId) -> Option<Position> {
        let place = self.place(account, instrument)?;
        self.positions(account).get(place).copied()
    }

    /// Where the position in an instrument lies among the account's, if it is open.
    #[inline]
    pub fn place(&self, account: AccountId, instrument: InstrumentId) -> Option<usize> {
        let head = self.heads.get(account.index())?;
        head.place(self.positions.get(head.positions), instrument)
    }

    /// Loads where an account's rows lie; the number means nothing.
    #[inline]
    pub fn warm_head(&self, account: AccountId) -> u64 {
        let head = self.head(account);
        let [hint, ..] = head.hints;
        u64::from(head.flags) ^ u64::from(hint) ^ head.balances.len() as u64
    }

    /// Loads a balance, or the first; the number means nothing.
    #[inline]
    pub fn warm_balance(&self, account: AccountId, asset: AssetId) -> u64 {
        let balances = self.balances(account);
        let row = balances.iter().find(|row| row.asset == asset).or(balances.first());
        row.map_or(0, |row| row.index as u64 ^ row.amount.units() as u64)
    }

    /// Loads a position; the number means nothing.
    #[inline]
    pub fn warm_position(&self, account: AccountId, instrument: InstrumentId) -> u64 {
        self.position(account, instrument)
            .map_or(0, |row| row.cost.units() as u64 ^ row.funding_index as u64)
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

    pub fn case(&self, account: AccountId) -> Option<Case> {
        if self.flag(account, CASE) { self.cases.get(&account).copied() } else { None }
    }

    pub fn put_case(&mut self, account: AccountId, case: Case) {
        self.set_flag(account, CASE, true);
        self.cases.insert(account, case);
    }

    pub fn drop_case(&mut self, account: AccountId) {
        self.set_flag(account, CASE, false);
        self.cases.remove(&account);
    }

    /// Every account with a case, ascending.
    pub fn with_cases(&self) -> alloc::vec::Vec<AccountId> {
        self.cases.keys().copied().collect()
    }

    /// Writes a balance, adding its row if needed; rows stay sorted by asset.
    pub fn put_balance(&mut self, account: AccountId, row: Balance) {
        *self.balance_mut(account, row.asset, row.index) = row;
    }

    /// A balance to change in place; its row is added, empty and at this index, if there is none.
    #[inline]
    pub fn balance_mut(&mut self, account: AccountId, asset: AssetId, index: i128) -> &mut Balance {
        let head = self.heads.get_mut(account.index()).expect("an opened account");
        let rows = self.balances.get(head.balances);
        let at = rows.iter().position(|row| row.asset >= asset).unwrap_or(rows.len());
        if rows.get(at).is_none_or(|row| row.asset != asset) {
            let row = Balance { asset, amount: Amount::ZERO, index };
            self.balances.insert(&mut head.balances, at, row);
        }
        self.balances.get_mut(head.balances).get_mut(at).expect("a row found or added")
    }

    /// Writes a position, adding its row if needed and removing it at zero.
    #[inline]
    pub fn put_position(&mut self, account: AccountId, row: Position) {
        let Some(head) = self.heads.get_mut(account.index()) else { return };
        let rows = self.positions.get_mut(head.positions);
        let place = head.place(rows, row.instrument);
        match place.and_then(|at| rows.get_mut(at)) {
            Some(slot) if !row.quantity.is_zero() => *slot = row,
            _ => self.lay_position(account, row),
        }
    }

    /// Adds or removes the row of a position; rows stay sorted by instrument.
    fn lay_position(&mut self, account: AccountId, row: Position) {
        let Some(head) = self.heads.get_mut(account.index()) else { return };
        let rows = self.positions.get(head.positions);
        match rows.binary_search_by_key(&row.instrument, |position| position.instrument) {
            Ok(at) => self.positions.remove(&mut head.positions, at),
            Err(_) if row.quantity.is_zero() => {}
            Err(at) => self.positions.insert(&mut head.positions, at, row),
        }
        head.note(self.positions.get(head.positions));
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
