//! The unified accounts: dense by number, their rows side by side.

use crate::case::Case;
use crate::row_hashes::{Notes, RowHashes, balance_hash, notes_hash, position_hash};
use crate::rows::{Rows, Span, make_room, reserve};
use crate::standing::Standing;
use alloc::collections::BTreeMap;
use domain::{AccountId, Amount, AssetId, Balance, InstrumentId, InterestIndex, Position};
use risk::Portfolio;

/// Being sold out: stays so until release.
pub(crate) const LIQUIDATING: u8 = 1;
/// Waits for the next pulse.
pub(crate) const QUEUED: u8 = 2;
/// Has a case.
pub(crate) const CASE: u8 = 32;
/// The flags that are part of an account's canonical bytes.
const CANONICAL: u8 = LIQUIDATING | QUEUED | CASE;

/// What is read of an account first, in one line of the cache: where its rows lie, and where it
/// stands.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Head {
    balances: Span,
    positions: Span,
    flags: u8,
    /// Last bytes of the instruments of the first positions: where to look for a row without
    /// loading the others.
    hints: [u8; HINTS],
    /// Derived.
    standing: Standing,
}

const HINTS: usize = 8;
/// Bytes of a head that are state; the rest is the wake index's, padding included.
const HEAD_STATE: usize = size_of::<(Span, Span, u8, [u8; HINTS])>();
const _: () = assert!(size_of::<Head>() == 64, "a head fits one line of the cache");

impl Head {
    /// Where the position in an instrument lies among the account's rows, if it is open.
    #[inline]
    fn place(&self, rows: &[Position], instrument: InstrumentId) -> Option<usize> {
        let fits = |at: &usize| rows.get(*at).is_some_and(|row| row.instrument == instrument);
        let likely = Some(self.likely(instrument));
        likely.filter(fits).or_else(|| Self::search(rows, instrument))
    }

    /// Where it lies by the hints: that place, or beyond them.
    #[inline]
    const fn likely(&self, instrument: InstrumentId) -> usize {
        // The first of eight bytes that equals the instrument's last: in the difference it is zero,
        // and only a zero byte below no other borrows from its high bit.
        let (ones, highs) = (0x0101_0101_0101_0101u64, 0x8080_8080_8080_8080u64);
        let byte = instrument.number() as u8 as u64;
        let apart = u64::from_le_bytes(self.hints) ^ byte.wrapping_mul(ones);
        let zeros = apart.wrapping_sub(ones) & !apart & highs;
        zeros.trailing_zeros() as usize / 8
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

/// One account's rows, looked up once.
#[derive(Clone, Copy)]
pub(crate) struct Opened<'a> {
    head: &'a Head,
    pub balances: &'a [Balance],
    pub positions: &'a [Position],
}

impl<'a> Opened<'a> {
    /// Where the position in an instrument lies among the account's, if it is open.
    #[inline]
    pub fn place(&self, instrument: InstrumentId) -> Option<usize> {
        self.head.place(self.positions, instrument)
    }

    /// Where the balance of an asset lies among the account's, if there is one.
    #[inline]
    pub fn cash(&self, asset: AssetId) -> Option<usize> {
        self.balances.iter().position(|balance| balance.asset == asset)
    }

    #[inline]
    pub const fn flag(&self, flag: u8) -> bool {
        self.head.flags & flag != 0
    }

    /// Where the account stands in the wake index.
    #[inline]
    pub const fn standing(&self) -> &'a Standing {
        &self.head.standing
    }

    /// The account as `risk` sees it.
    #[inline]
    pub fn portfolio(&self) -> Portfolio<'a> {
        Portfolio::new(self.balances, self.positions)
    }
}

/// All accounts.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    heads: alloc::vec::Vec<Head>,
    balances: Rows<Balance>,
    positions: Rows<Position>,
    cases: BTreeMap<AccountId, Case>,
    /// Derived.
    hashes: RowHashes,
}

/// Loads both ends of a row, which may lie in two lines of the cache.
#[inline]
const fn warm_position(row: &Position) -> u64 {
    row.cost.units() as u64 ^ row.instrument.number() as u64
}

#[inline]
const fn warm_balance(row: &Balance) -> u64 {
    row.amount.units() as u64 ^ row.asset.number() as u64
}

/// Bytes of an account with 4 positions and 2 balances, with what its head holds of the wake index.
pub(crate) const ACCOUNT_BYTES: usize =
    size_of::<Head>() + 4 * size_of::<Position>() + 2 * size_of::<Balance>();
/// Those that are state: the budget is 320.
const STATE_BYTES: usize = HEAD_STATE + 4 * size_of::<Position>() + 2 * size_of::<Balance>();
const _: () = assert!(STATE_BYTES <= 320, "an account of 4 positions and 2 balances fits 320 B");

impl Accounts {
    pub const fn new() -> Self {
        Self {
            heads: alloc::vec::Vec::new(),
            balances: Rows::new(),
            positions: Rows::new(),
            cases: BTreeMap::new(),
            hashes: RowHashes::new(),
        }
    }

    /// Becomes a copy of other accounts, to be read only: hashes stay behind, and where accounts
    /// stand comes along with their heads, unread.
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

    /// An account's rows.
    #[inline]
    pub fn get(&self, account: AccountId) -> Opened<'_> {
        const NOBODY: &Head = &Head {
            balances: Span::NONE,
            positions: Span::NONE,
            flags: 0,
            hints: [0; HINTS],
            standing: Standing::NONE,
        };
        let head = self.heads.get(account.index()).unwrap_or(NOBODY);
        let balances = self.balances.get(head.balances);
        Opened { head, balances, positions: self.positions.get(head.positions) }
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

    /// Loads the rows that a change of a position will touch, as far as the hints tell, and says
    /// where the position lies by them; the other number means nothing. Nothing is compared, so
    /// that many loads are under way at once.
    #[inline]
    pub fn warm_rows(&self, account: AccountId, instrument: InstrumentId) -> (u64, usize) {
        let Some(head) = self.heads.get(account.index()) else { return (0, 0) };
        let place = head.likely(instrument);
        let position = self.positions.slot(head.positions.start() + place);
        let balance = self.balances.slot(head.balances.start());
        (position.map_or(0, warm_position) ^ balance.map_or(0, warm_balance), place)
    }

    /// Loads an account's balances; the number means nothing.
    #[inline]
    pub fn warm_balances(&self, account: AccountId) -> u64 {
        let Some(head) = self.heads.get(account.index()) else { return 0 };
        self.balances.slot(head.balances.start()).map_or(0, warm_balance)
    }

    pub fn flag(&self, account: AccountId, flag: u8) -> bool {
        self.head(account).flags & flag != 0
    }

    pub fn flags(&self, account: AccountId) -> u8 {
        self.head(account).flags
    }

    /// Clears and sets flags that are not canonical; what all flags were.
    #[inline]
    pub fn swap_flags(&mut self, account: AccountId, clear: u8, set: u8) -> u8 {
        debug_assert!((clear | set) & CANONICAL == 0, "canonical flags are hashed");
        self.heads.get_mut(account.index()).map_or(0, |head| {
            let were = head.flags;
            head.flags = were & !clear | set;
            were
        })
    }

    /// The canonical flags.
    pub fn canonical_flags(&self, account: AccountId) -> u8 {
        self.flags(account) & CANONICAL
    }

    pub fn set_flag(&mut self, account: AccountId, flag: u8, on: bool) {
        let old = self.notes(account);
        if let Some(head) = self.heads.get_mut(account.index()) {
            head.flags = if on { head.flags | flag } else { head.flags & !flag };
        }
        self.hashes.notes(account, &old, &self.notes(account));
    }

    fn notes(&self, account: AccountId) -> Notes {
        (self.canonical_flags(account), self.case(account))
    }

    pub fn case(&self, account: AccountId) -> Option<Case> {
        if self.flag(account, CASE) { self.cases.get(&account).copied() } else { None }
    }

    pub fn put_case(&mut self, account: AccountId, case: Case) {
        let old = self.notes(account);
        if let Some(head) = self.heads.get_mut(account.index()) {
            head.flags |= CASE;
        }
        self.cases.insert(account, case);
        self.hashes.notes(account, &old, &self.notes(account));
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
        self.change_balance(account, (row.asset, row.index), |slot| *slot = row);
    }

    /// Changes a balance in place; its row is added first, empty and at this index, if there is
    /// none.
    #[inline]
    pub fn change_balance(
        &mut self,
        account: AccountId,
        (asset, index): (AssetId, InterestIndex),
        change: impl FnOnce(&mut Balance),
    ) {
        let head = self.heads.get_mut(account.index()).expect("an opened account");
        let rows = self.balances.get(head.balances);
        let found = rows.iter().position(|row| row.asset == asset);
        let place =
            found.unwrap_or_else(|| Self::add_balance(&mut self.balances, head, (asset, index)));
        let row = self.balances.get_mut(head.balances).get_mut(place);
        let row = row.expect("a row found or added");
        if self.hashes.sum().is_none() {
            return change(row);
        }
        let old = *row;
        change(row);
        self.hashes.balance(account, found.map(|_| &old), row);
    }

    #[cold]
    fn add_balance(
        balances: &mut Rows<Balance>,
        head: &mut Head,
        (asset, index): (AssetId, InterestIndex),
    ) -> usize {
        let rows = balances.get(head.balances);
        let at = rows.iter().position(|row| row.asset > asset).unwrap_or(rows.len());
        balances.insert(&mut head.balances, at, Balance { asset, amount: Amount::ZERO, index });
        at
    }

    /// Writes a position, adding its row if needed and removing it at zero.
    pub fn put_position(&mut self, account: AccountId, row: Position) {
        self.put_position_at(account, self.place(account, row.instrument), &row);
    }

    /// Writes a position over its row, which lies at `place` if there is one, or adds the row; at
    /// zero removes it.
    #[inline]
    pub fn put_position_at(&mut self, account: AccountId, place: Option<usize>, row: &Position) {
        let Some(head) = self.heads.get(account.index()) else { return };
        let rows = self.positions.get_mut(head.positions);
        match place.and_then(|at| rows.get_mut(at)) {
            Some(slot) if !row.quantity.is_zero() => {
                debug_assert_eq!(slot.instrument, row.instrument, "a place holds until rows move");
                self.hashes.position(account, Some(slot), Some(row));
                *slot = *row;
            }
            _ => self.lay_position(account, row),
        }
    }

    /// Writes what a fill makes of two rows that are there: its position, which stays open, and the
    /// balance it settles in.
    #[inline]
    pub fn lay_fill(
        &mut self,
        account: AccountId,
        (place, cash): (usize, usize),
        after: &Position,
        change: impl FnOnce(&mut Balance),
    ) {
        let head = self.heads.get(account.index()).expect("an opened account");
        let balance = self.balances.slot_mut(head.balances.start() + cash);
        let balance = balance.expect("a planned place of a balance");
        let position = self.positions.slot_mut(head.positions.start() + place);
        let position = position.expect("a planned place of a position");
        debug_assert_eq!(position.instrument, after.instrument, "a place holds until rows move");
        let hashed = self.hashes.sum().is_some();
        let old = if hashed { Some((*balance, *position)) } else { None };
        change(balance);
        *position = *after;
        if let Some((was, before)) = old {
            if was != *balance {
                self.hashes.balance(account, Some(&was), balance);
            }
            self.hashes.position(account, Some(&before), Some(after));
        }
    }

    /// Adds or removes the row of a position; rows stay sorted by instrument.
    fn lay_position(&mut self, account: AccountId, row: &Position) {
        let Some(head) = self.heads.get_mut(account.index()) else { return };
        let rows = self.positions.get(head.positions);
        match rows.binary_search_by_key(&row.instrument, |position| position.instrument) {
            Ok(at) => {
                self.hashes.position(account, rows.get(at), None);
                self.positions.remove(&mut head.positions, at);
            }
            Err(_) if row.quantity.is_zero() => {}
            Err(at) => {
                self.hashes.position(account, None, Some(row));
                self.positions.insert(&mut head.positions, at, *row);
            }
        }
        head.note(self.positions.get(head.positions));
    }

    /// The sum of all rows' hashes, if it is kept.
    pub const fn hashes(&self) -> Option<u128> {
        self.hashes.sum()
    }

    /// Keeps the sum while rows are written, or no longer.
    pub fn keep_hashes(&mut self, keep: bool) {
        self.hashes.set(keep.then(|| self.hashes_from_scratch()));
    }

    /// The sum of all rows' hashes, computed from every row.
    pub fn hashes_from_scratch(&self) -> u128 {
        let mut sum = 0u128;
        for account in self.ids() {
            let rows = self.get(account);
            let balances = rows.balances.iter().map(|row| balance_hash(account, row));
            let positions = rows.positions.iter().map(|row| position_hash(account, row));
            sum = balances.chain(positions).fold(sum, u128::wrapping_add);
            sum = sum.wrapping_add(notes_hash(account, &self.notes(account)));
        }
        sum
    }

    /// Makes sure the settlement asset of a position has a balance row.
    pub fn ensure_balance(&mut self, account: AccountId, asset: AssetId, index: InterestIndex) {
        if self.balance(account, asset).is_none() {
            self.put_balance(account, Balance { asset, amount: Amount::ZERO, index });
        }
    }

    /// Where an account stands in the wake index.
    #[inline]
    pub fn standing(&self, account: AccountId) -> &Standing {
        self.heads.get(account.index()).map_or(&Standing::NONE, |head| &head.standing)
    }

    /// The same, to change.
    #[inline]
    pub fn standing_mut(&mut self, account: AccountId) -> Option<&mut Standing> {
        self.heads.get_mut(account.index()).map(|head| &mut head.standing)
    }

    /// Nobody has a box any more.
    pub fn clear_standings(&mut self) {
        for head in &mut self.heads {
            head.standing = Standing::NONE;
        }
    }

    /// Bytes held beside heads and rows for where accounts stand, for memory figures.
    pub fn standing_bytes(&self) -> usize {
        self.heads.capacity() * (size_of::<Head>() - HEAD_STATE)
    }

    /// Bytes of state held, for memory figures.
    pub fn bytes(&self) -> usize {
        self.heads.capacity() * HEAD_STATE
            + self.balances.capacity() * size_of::<Balance>()
            + self.positions.capacity() * size_of::<Position>()
    }
}
