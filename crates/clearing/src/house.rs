//! The clearing house: its books and the one door through which they change.

use crate::account::{Accounts, LIQUIDATING, QUEUED};
use crate::cascade::Cascade;
use crate::depth::Depth;
use crate::digest::Digests;
use crate::freshness::Freshness;
use crate::ledger::Ledger;
use crate::liquidity::Liquidity;
use crate::looks::Looks;
use crate::plan::{Plan, plan};
use crate::watch::Watch;
use crate::{custody, depth, expiry, funding, market, novation, rules};
use alloc::boxed::Box;
use alloc::vec::Vec;
use domain::event::ProducerId;
use domain::{AccountId, AssetId, Command, Effect, Event, Refusal, Rulebook, Sequence, Timestamp};
use risk::terms::Terms;
use risk::{AssetMarket, InstrumentMarket, Prices};
use serde::{Deserialize, Serialize};

/// Version of the machine's behaviour. A change that gives old journals other effects raises it.
pub const SEMANTICS: u32 = 1;

/// Where the machine stands in its journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    pub sequence: Sequence,
    pub timestamp: Timestamp,
    /// Commands so far that were no pulses.
    pub external: u64,
    /// Events between two seals; zero before genesis.
    pub seal_interval: u64,
    /// Chained xxh3-128 over the canonical bytes of every event's effects.
    pub effect_digest: u128,
    /// Next point of the interest grid; `None` while nothing is lent.
    pub interest_at: Option<Timestamp>,
    /// When accounts in the queue are looked at again; `None` while it is empty.
    pub queue_at: Option<Timestamp>,
}

/// Everything a state consists of.
#[derive(Clone, Debug)]
pub(crate) struct Books {
    pub cursor: Cursor,
    /// Last applied count of each producer, sorted by producer.
    pub producers: Vec<(ProducerId, u64)>,
    pub rulebook: Rulebook,
    pub assets: Vec<AssetMarket>,
    pub instruments: Vec<InstrumentMarket>,
    pub ledger: Ledger,
    pub liquidity: Liquidity,
    /// Markets with finite depth.
    pub depth: Depth,
    /// Accounts that wait for the next pulse, ascending.
    pub queue: Vec<AccountId>,
    pub accounts: Accounts,
    /// Accounts this event changed and that have to be looked at, each once; derived.
    pub touched: Vec<AccountId>,
    /// Looks at decisions, where somebody asked for them; derived.
    pub looks: Option<Box<Looks>>,
    /// Until when no price is stale; derived.
    pub freshness: Freshness,
    /// Terms of the liquidation step under way; `None` between steps; derived.
    pub terms: Option<Terms>,
}

impl Books {
    pub fn new() -> Self {
        Self {
            cursor: Cursor::default(),
            producers: Vec::new(),
            rulebook: rules::void(),
            assets: Vec::new(),
            instruments: Vec::new(),
            ledger: Ledger::new(),
            liquidity: Liquidity::new(),
            depth: Depth::new(),
            queue: Vec::new(),
            accounts: Accounts::new(),
            touched: Vec::new(),
            looks: None,
            freshness: Freshness::default(),
            terms: None,
        }
    }

    /// Becomes a copy of what is canonical in other books, in the memory it has.
    pub fn copy_from(&mut self, other: &Self) {
        // Every field by name: a new one does not compile until it is copied or passed over here.
        let Self {
            cursor,
            producers,
            rulebook,
            assets,
            instruments,
            ledger,
            liquidity,
            depth,
            queue,
            accounts,
            touched: _,
            looks: _,
            freshness: _,
            terms: _,
        } = other;
        self.cursor = *cursor;
        self.producers.clone_from(producers);
        if self.rulebook != *rulebook {
            self.rulebook.clone_from(rulebook);
        }
        self.assets.clone_from(assets);
        self.instruments.clone_from(instruments);
        self.ledger.copy_from(ledger);
        self.liquidity.copy_from(liquidity);
        self.depth.copy_from(depth);
        self.queue.clone_from(queue);
        self.accounts.copy_from(accounts);
    }

    /// What `risk` may see.
    #[inline]
    pub fn prices(&self) -> Prices<'_> {
        Prices {
            rulebook: &self.rulebook,
            assets: &self.assets,
            instruments: &self.instruments,
            terms: self.terms.as_ref(),
            books: self.depth.books(),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.cursor.timestamp
    }

    /// Notes that an account's rows changed in this event.
    pub fn touch(&mut self, account: AccountId) {
        self.note_touched(account, TOUCHED | LOOSE);
    }

    /// Notes that an account's rows changed in this event, and that the proof of its box followed:
    /// nobody has to look at it, unless it waits or is being sold out.
    #[inline]
    pub fn touch_proved(&mut self, account: AccountId) {
        if self.accounts.flags(account) & (LIQUIDATING | QUEUED) != 0 {
            self.note_touched(account, TOUCHED);
        }
    }

    #[inline]
    fn note_touched(&mut self, account: AccountId, flags: u8) {
        if self.accounts.swap_flags(account, 0, flags) & TOUCHED == 0 {
            self.touched.push(account);
        }
    }

    pub fn asset_market(&mut self, asset: AssetId) -> &mut AssetMarket {
        self.assets.get_mut(asset.index()).expect("a held asset is listed")
    }
}

/// Changed by the event being applied; derived, outside the canonical bytes.
pub(crate) const TOUCHED: u8 = 4;
/// Touched in a way that the proof of its box did not follow; derived too.
pub(crate) const LOOSE: u8 = 16;

/// The central counterparty to every trade: the state machine.
///
/// Worked: genesis, an account and a deposit of 100 give the effects `RulebookAdopted`,
/// `AccountOpened`, `Deposited`; a withdrawal of 101 then gives
/// `Refused(collateral_insufficient)`, and nothing but the cursor and the producer table changes.
#[derive(Clone, Debug)]
pub struct ClearingHouse {
    pub(crate) books: Books,
    pub(crate) watch: Watch,
    pub(crate) cascade: Cascade,
    pub(crate) digests: Digests,
}

impl Default for ClearingHouse {
    fn default() -> Self {
        Self::new()
    }
}

impl ClearingHouse {
    /// A clearing house before its genesis.
    #[must_use]
    pub fn new() -> Self {
        Self::from_books(Books::new())
    }

    pub(crate) fn from_books(mut books: Books) -> Self {
        let mut watch = Watch::new();
        watch.rebuild(&mut books);
        Self { books, watch, cascade: Cascade::default(), digests: Digests::new() }
    }

    /// Applies the next event; `effects` is cleared first and then holds what followed, in order.
    ///
    /// # Panics
    /// If the event's sequence or timestamp does not follow the last one's: a bug of the sequencer,
    /// never of a client.
    pub fn apply(&mut self, event: &Event, effects: &mut Vec<Effect>) {
        effects.clear();
        self.advance_cursor(event);
        let mut trade = [None, None];
        match plan(&self.books, &self.watch, event, &mut trade) {
            Ok(plan) => {
                self.commit(plan, effects);
                self.run_cascade(effects);
                self.count_producer(event);
            }
            Err(refusal) => {
                effects.push(Effect::Refused { refusal });
                if !matches!(refusal, Refusal::ProducerDuplicate | Refusal::ProducerGap) {
                    self.count_producer(event);
                }
            }
        }
        self.digests.chain_effects(&mut self.books.cursor.effect_digest, effects);
    }

    fn advance_cursor(&mut self, event: &Event) {
        let cursor = &mut self.books.cursor;
        assert_eq!(event.sequence, cursor.sequence.next(), "events come in sequence");
        assert!(event.timestamp >= cursor.timestamp, "time does not run backwards");
        cursor.sequence = event.sequence;
        cursor.timestamp = event.timestamp;
        cursor.external += u64::from(!matches!(event.command, Command::Pulse(_)));
    }

    fn count_producer(&mut self, event: &Event) {
        let producers = &mut self.books.producers;
        match producers.binary_search_by_key(&event.producer, |(producer, _)| *producer) {
            Ok(at) => {
                if let Some((_, last)) = producers.get_mut(at) {
                    *last = event.producer_seq;
                }
            }
            Err(at) => producers.insert(at, (event.producer, event.producer_seq)),
        }
    }

    /// The only branching over commands that writes. Cannot fail: what could was planned.
    fn commit(&mut self, plan: Plan<'_>, effects: &mut Vec<Effect>) {
        let books = &mut self.books;
        match plan.command() {
            Command::Genesis(genesis) => {
                books.cursor.seal_interval = genesis.seal_interval;
                rules::adopt(books, &genesis.rulebook, effects);
                self.digests.rulebook_changed();
                self.watch.rebuild(books);
            }
            Command::SetRulebook(set) => {
                rules::adopt(books, &set.rulebook, effects);
                self.digests.rulebook_changed();
                self.watch.rebuild(books);
            }
            Command::OpenAccount(open) => {
                books.accounts.open();
                books.touch(open.account);
                effects.push(Effect::AccountOpened { account: open.account });
            }
            Command::Deposit(deposit) => custody::deposit(books, &self.watch, deposit, effects),
            Command::Withdraw(withdraw) => custody::withdraw(books, &self.watch, withdraw, effects),
            Command::TransferAsset(transfer) => {
                custody::transfer(books, &self.watch, transfer, effects)
            }
            Command::PayInCapital(capital) => custody::pay_in_capital(books, capital, effects),
            Command::RegisterTrade(trade) => {
                novation::register(books, trade, plan.trade(), effects);
            }
            Command::PublishPrice(price) => {
                self.cascade.priced = true;
                market::publish(books, &mut self.watch, price, effects);
            }
            Command::PublishPriceWithBaseline(published) => {
                self.cascade.priced = true;
                self.cascade.baseline.clone_from(&published.baseline);
                depth::advance_baseline(books, &published.baseline, Some(0));
                market::publish(books, &mut self.watch, &published.price, effects);
            }
            Command::PublishDepth(published) => depth::publish(books, published, effects),
            Command::PublishFunding(published) => {
                funding::publish(books, &mut self.watch, published, effects);
            }
            Command::Pulse(_) => {
                funding::step_interest(books, &mut self.watch, effects);
                expiry::settle_due(books, effects);
                self.cascade.take_queue(books);
            }
            Command::HaltInstrument(halt) => {
                market::halt(books, halt.instrument, true, effects);
            }
            Command::ResumeInstrument(resume) => {
                market::halt(books, resume.instrument, false, effects);
            }
        }
    }

    /// When the clearing house needs time to act: ask after every event, and stamp a pulse no later
    /// than the next command at or after it.
    #[must_use]
    pub fn next_pulse(&self) -> Option<Timestamp> {
        let cursor = &self.books.cursor;
        let expiry = expiry::next(&self.books);
        [cursor.interest_at, cursor.queue_at, expiry].into_iter().flatten().min()
    }
}
