//! Reading the state: what a client, a report or a test may ask. Changes nothing.

use crate::account::LIQUIDATING;
use crate::house::ClearingHouse;
use crate::plan::producer_seq;
use crate::watch::WakeCounts;
use alloc::vec::Vec;
use domain::event::ProducerId;
use domain::{
    AccountId, Amount, AssetId, Balance, Command, HouseAccount, InstrumentId, Position, Price,
    Rulebook, Sequence, Timestamp,
};
use risk::impact::market::DepthMarket;
use risk::{Assessment, AssetMarket, InstrumentMarket, assess};

/// One account with what it is worth at the last good prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountView {
    /// Which account.
    pub account: AccountId,
    /// Being sold out.
    pub liquidating: bool,
    /// Balances as last posted, by asset.
    pub balances: Vec<Balance>,
    /// Open positions, by instrument.
    pub positions: Vec<Position>,
    /// Equity, adjusted equity and requirement, accruals included.
    pub assessment: Assessment,
}

/// Bytes a machine holds, by what for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryFigures {
    /// Accounts with their rows.
    pub state: usize,
    /// The wake index.
    pub watch: usize,
}

/// Commands whose rows are best loaded together: fewer leave the memory idle, more leave the first
/// cache before their turn.
pub const WARMED_TOGETHER: usize = 32;

impl ClearingHouse {
    /// Place of the last event applied.
    #[must_use]
    pub const fn sequence(&self) -> Sequence {
        self.books.cursor.sequence
    }

    /// Time of the last event applied.
    #[must_use]
    pub const fn timestamp(&self) -> Timestamp {
        self.books.cursor.timestamp
    }

    /// Events between two seals; zero before genesis.
    #[must_use]
    pub const fn seal_interval(&self) -> u64 {
        self.books.cursor.seal_interval
    }

    /// Last count applied of a producer; zero if it never sent.
    #[must_use]
    pub fn producer_seq(&self, producer: ProducerId) -> u64 {
        producer_seq(&self.books, producer)
    }

    /// The rulebook in force; `None` before genesis.
    #[must_use]
    pub const fn rulebook(&self) -> Option<&Rulebook> {
        if self.books.cursor.seal_interval > 0 { Some(&self.books.rulebook) } else { None }
    }

    /// How many accounts were opened.
    #[must_use]
    pub fn accounts(&self) -> u64 {
        self.books.accounts.count()
    }

    /// One account; `None` if it was not opened.
    #[must_use]
    pub fn account(&self, account: AccountId) -> Option<AccountView> {
        if account.number() >= self.accounts() {
            return None;
        }
        let portfolio = self.books.accounts.portfolio(account);
        Some(AccountView {
            account,
            liquidating: self.books.accounts.flag(account, LIQUIDATING),
            balances: self.books.accounts.balances(account).to_vec(),
            positions: self.books.accounts.positions(account).to_vec(),
            assessment: assess(&portfolio, &self.books.prices()),
        })
    }

    /// Whether an account has a position or a debt: only then can it be liquidatable.
    #[must_use]
    pub fn is_exposed(&self, account: AccountId) -> bool {
        account.number() < self.accounts() && self.books.accounts.portfolio(account).is_exposed()
    }

    /// Every account that could be liquidatable (one with a position or a debt), with its open
    /// positions and what it is worth now, in ascending order. Assesses each of them, so it is for
    /// samples, not for every event.
    pub fn exposed(&self) -> impl Iterator<Item = (AccountId, &[Position], Assessment)> + '_ {
        let prices = self.books.prices();
        self.books.accounts.ids().filter_map(move |account| {
            let portfolio = self.books.accounts.portfolio(account);
            let positions = self.books.accounts.positions(account);
            portfolio.is_exposed().then(|| (account, positions, assess(&portfolio, &prices)))
        })
    }

    /// Accounts that wait for the next pulse, ascending.
    #[must_use]
    pub fn queue(&self) -> &[AccountId] {
        &self.books.queue
    }

    /// Balance of a house account.
    #[must_use]
    pub fn house_balance(&self, account: HouseAccount, asset: AssetId) -> Amount {
        self.books.ledger.house(account, asset)
    }

    /// Position of the liquidity account.
    #[must_use]
    pub fn liquidity_position(&self, instrument: InstrumentId) -> Option<Position> {
        self.books.liquidity.positions().get(instrument.index()).copied()
    }

    /// Market of an instrument, if it is listed.
    #[must_use]
    pub fn instrument(&self, instrument: InstrumentId) -> Option<&InstrumentMarket> {
        self.books.instruments.get(instrument.index())
    }

    /// Market of an asset, if it is listed.
    #[must_use]
    pub fn asset(&self, asset: AssetId) -> Option<&AssetMarket> {
        self.books.assets.get(asset.index())
    }

    /// Last good mark price; `None` before the first.
    #[must_use]
    pub fn mark(&self, instrument: InstrumentId) -> Option<Price> {
        self.instrument(instrument).map(|market| market.mark).filter(|mark| mark.is_positive())
    }

    /// What markets with finite depth remember of forced trades, in the order of their instruments;
    /// empty where no rulebook gives depth.
    #[must_use]
    pub fn depth_markets(&self) -> &[DepthMarket] {
        self.books.depth.markets()
    }

    /// Last good index price; `None` before the first.
    #[must_use]
    pub fn index(&self, asset: AssetId) -> Option<Price> {
        self.asset(asset).map(|market| market.price).filter(|price| price.is_positive())
    }

    /// Loads, early, what commands will read and write: where rows lie for all of them, then the
    /// rows, so that many loads are under way at once. For a batch of some [`WARMED_TOGETHER`],
    /// before the first of it is applied; loads between commands wait for each other and for the
    /// work. In a pure crate a prefetch is an ordinary load. The number returned means nothing; it
    /// keeps the loads.
    #[must_use]
    #[inline]
    pub fn warm<'a>(&self, commands: impl Iterator<Item = &'a Command> + Clone) -> u64 {
        let heads = commands.clone().fold(0, |sum, command| sum ^ self.warm_heads(command));
        commands.fold(heads, |sum, command| sum ^ self.warm_rows(command))
    }

    #[inline]
    fn warm_heads(&self, command: &Command) -> u64 {
        let warm = |account: AccountId| self.books.accounts.warm_head(account);
        match command {
            Command::RegisterTrade(trade) => warm(trade.buyer) ^ warm(trade.seller),
            Command::Deposit(deposit) => warm(deposit.account),
            Command::Withdraw(withdraw) => warm(withdraw.account),
            Command::TransferAsset(transfer) => warm(transfer.from) ^ warm(transfer.to),
            _ => 0,
        }
    }

    #[inline]
    fn warm_rows(&self, command: &Command) -> u64 {
        let accounts = &self.books.accounts;
        match command {
            Command::RegisterTrade(trade) => {
                let warm = |account: AccountId| {
                    let (rows, place) = accounts.warm_rows(account, trade.instrument);
                    rows ^ self.watch.warm(accounts.standing(account), place)
                };
                warm(trade.buyer) ^ warm(trade.seller)
            }
            Command::Deposit(deposit) => accounts.warm_balances(deposit.account),
            Command::Withdraw(withdraw) => accounts.warm_balances(withdraw.account),
            Command::TransferAsset(transfer) => {
                accounts.warm_balances(transfer.from) ^ accounts.warm_balances(transfer.to)
            }
            _ => 0,
        }
    }

    /// What the wake index did so far.
    #[must_use]
    pub const fn wake_counts(&self) -> WakeCounts {
        self.watch.counts
    }

    /// Bytes held.
    #[must_use]
    pub fn memory(&self) -> MemoryFigures {
        let accounts = &self.books.accounts;
        let watch = self.watch.bytes() + accounts.standing_bytes();
        MemoryFigures { state: accounts.bytes(), watch }
    }

    /// Makes every box of the wake index twice as wide as proved, so that wakes come late: a defect
    /// planted for tests, which the reference machine must catch.
    #[doc(hidden)]
    pub const fn plant_late_wakes(&mut self) {
        self.watch.late = true;
    }

    /// Assesses every account without the wake index and returns how many are liquidatable: the
    /// full rescan that benches compare with.
    #[must_use]
    pub fn rescan(&self) -> u64 {
        let prices = self.books.prices();
        let below = self.books.accounts.ids().filter(|account| {
            let portfolio = self.books.accounts.portfolio(*account);
            portfolio.is_exposed() && assess(&portfolio, &prices).excess().is_negative()
        });
        below.count() as u64
    }
}
