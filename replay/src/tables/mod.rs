//! The tables of a run directory, as Parquet: a listener, and the one thread that writes.
//!
//! Money, prices and quantities are `decimal128(38,16)`, rates have 12 places, weighted values 22,
//! funding indexes 28. Times are UTC without a zone. `sequence` and `ordinal` stand first in every
//! table and order its rows. Law: two runs of one input give the same bytes; what cannot be written
//! exactly is an error.

pub mod accounts;
mod cells;
pub mod chunk;
mod column;
pub mod effects;
pub mod liquidations;
pub mod market;
pub mod marks;
pub mod metrics;
pub mod set;
pub mod sheet;
pub mod steps;
pub mod waterfall;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use clearing::ClearingHouse;
use crossbeam::channel::{Sender, bounded};
use domain::{AccountId, AssetId, Command, Effect, Event, HouseAccount, Rulebook};
use serde_json::{Value, json};

use crate::failure::{Answer, Failure};
use crate::listener::Listener;
use crate::rows::effect;
use chunk::{Chunk, Heard, Layers, Reason};
use marks::depth_of;
use risk::impact::market::DepthMarket;
use set::Set;
use waterfall::layer_asset;

/// Places of money, prices and quantities.
pub const PLACES: u8 = 16;
/// Places of rates.
pub const RATE_PLACES: u8 = 12;
/// Places of values after haircuts and requirement ratios.
pub const WEIGHTED_PLACES: u8 = 22;
/// Places of funding indexes: a price times a rate.
pub const INDEX_PLACES: u8 = 28;

/// Chunks on their way to the thread that writes.
const AHEAD: usize = 8;
/// Accounts read together at the end.
const ACCOUNTS: u64 = 4_096;

/// An event in a row of a table.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Its place in line.
    pub sequence: u64,
    /// Its time, nanoseconds since 1970.
    pub at: i64,
    /// What was asked.
    pub command: &'static str,
}

/// A table that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its name; the file is `<name>.parquet`.
    pub name: &'static str,
    /// Its schema and version, as in the file.
    pub schema: String,
    /// Its rows.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// BLAKE3 of the file.
    pub blake3: String,
}

impl Written {
    /// What `run.json` says of it.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "file": format!("{}.parquet", self.name),
            "schema": self.schema,
            "rows": self.rows,
            "bytes": self.bytes,
            "blake3": self.blake3,
        })
    }
}

/// The thread that writes, and the way to it.
struct Pipe {
    chunks: Sender<Chunk>,
    thread: JoinHandle<Answer<Vec<Written>>>,
}

impl Pipe {
    /// Ends the way and waits for what came of it.
    fn end(self) -> Answer<Vec<Written>> {
        drop(self.chunks);
        // A panic over there is our bug as much as one here.
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// Follows a run and writes its tables.
pub struct Tables {
    folder: PathBuf,
    pipe: Option<Pipe>,
    chunk: Chunk,
    changed: Changed,
    written: Vec<Written>,
}

impl Tables {
    /// Into a folder that exists when the run begins.
    #[must_use]
    pub fn into_folder(folder: &Path) -> Tables {
        Tables {
            folder: folder.to_owned(),
            pipe: None,
            chunk: Chunk::default(),
            changed: Changed::default(),
            written: Vec::new(),
        }
    }

    /// What was written, once the run has ended.
    #[must_use]
    pub fn written(&self) -> &[Written] {
        &self.written
    }

    fn hand_over(&mut self) -> Answer<()> {
        let chunk = std::mem::take(&mut self.chunk);
        let Some(pipe) = &self.pipe else { return Ok(()) };
        if pipe.chunks.send(chunk).is_ok() {
            return Ok(());
        }
        // It only stops listening when it failed.
        self.pipe.take().map_or(Ok(()), |pipe| pipe.end().map(drop))
    }

    /// Reads what accounts are worth now.
    fn read(&mut self, house: &ClearingHouse, reason: Reason, account: AccountId) -> usize {
        let view = house.account(account);
        let read = usize::from(view.is_some());
        self.chunk.accounts.extend(view.map(|view| (reason, view)));
        read
    }

    /// Accounts that this event is about, else those that changed up to a seal.
    fn read_accounts(&mut self, event: &Event, effects: &[Effect], house: &ClearingHouse) -> usize {
        let mut sold: Vec<(AccountId, Reason)> = Vec::new();
        for one in effects {
            self.changed.note(one);
            sold.extend(sold_out(one).into_iter().flatten());
        }
        // Who is both is read once, as sold out.
        sold.sort_unstable_by_key(|(account, reason)| (*account, *reason != Reason::Liquidation));
        sold.dedup_by_key(|(account, _)| *account);
        let mut read = 0;
        for (account, reason) in sold {
            read += self.read(house, reason, account);
            self.changed.forget(account);
        }
        let interval = house.seal_interval();
        if interval > 0 && event.sequence.number().is_multiple_of(interval) {
            for account in self.changed.take() {
                if house.is_exposed(account) {
                    read += self.read(house, Reason::Seal, account);
                }
            }
        }
        read
    }

    fn read_layers(&mut self, effects: &[Effect], house: &ClearingHouse) -> usize {
        let mut assets: Vec<AssetId> = effects.iter().filter_map(layer_asset).collect();
        if assets.is_empty() {
            return 0;
        }
        // What the fund lacks it buys with its numeraire.
        assets.extend(house.rulebook().map(|rulebook| rulebook.numeraire));
        assets.sort_unstable();
        assets.dedup();
        let layers = assets.iter().map(|asset| Layers {
            asset: *asset,
            fund: house.house_balance(HouseAccount::InsuranceFund, *asset),
            uncovered: house.house_balance(HouseAccount::Uncovered, *asset),
        });
        self.chunk.layers.extend(layers);
        assets.len()
    }
}

impl Tables {
    /// Markets whose depth or impact the event changed.
    fn read_depths(&mut self, effects: &[Effect], house: &ClearingHouse) -> usize {
        let markets = house.depth_markets();
        if markets.is_empty() {
            return 0;
        }
        let touched = |market: &&DepthMarket| {
            let own = |effect| depth_of(effect).is_some_and(|(one, _)| one == market.instrument);
            effects.iter().any(own)
        };
        let before = self.chunk.depths.len();
        self.chunk.depths.extend(markets.iter().filter(touched).cloned());
        self.chunk.depths.len() - before
    }
}

impl Listener for Tables {
    fn begin(&mut self) -> Answer<()> {
        if let Some(pipe) = self.pipe.take() {
            // What was heard before is void, and so is what came of it.
            drop(pipe.end());
        }
        *self = Tables::into_folder(&self.folder);
        let mut set = Set::create(&self.folder)?;
        let (chunks, arriving) = bounded::<Chunk>(AHEAD);
        let work = move || {
            for chunk in arriving {
                set.take(&chunk)?;
            }
            set.finish()
        };
        let thread = std::thread::Builder::new().name("tables".to_owned()).spawn(work);
        let thread = thread.map_err(|error| Failure::io("start a thread", &self.folder, &error))?;
        self.pipe = Some(Pipe { chunks, thread });
        Ok(())
    }

    fn event(&mut self, event: &Event, effects: &[Effect], house: &ClearingHouse) -> Answer<()> {
        let accounts = self.read_accounts(event, effects, house);
        let layers = self.read_layers(effects, house);
        let depths = self.read_depths(effects, house);
        self.chunk.effects.extend_from_slice(effects);
        self.chunk.events.push(Heard {
            sequence: event.sequence.number(),
            at: event.timestamp.nanos(),
            command: Some(event.command.word()),
            effects: effects.len(),
            accounts,
            layers,
            depths,
            rulebook: adopted(event, effects),
        });
        if self.chunk.is_full() { self.hand_over() } else { Ok(()) }
    }

    fn finish(&mut self, house: &ClearingHouse) -> Answer<()> {
        for first in (0..house.accounts()).step_by(ACCOUNTS as usize) {
            let mut accounts = 0;
            for number in first..house.accounts().min(first + ACCOUNTS) {
                accounts += self.read(house, Reason::End, AccountId::new(number));
            }
            self.chunk.events.push(Heard {
                sequence: house.sequence().number(),
                at: house.timestamp().nanos(),
                command: None,
                effects: 0,
                accounts,
                layers: 0,
                depths: 0,
                rulebook: None,
            });
            self.hand_over()?;
        }
        self.hand_over()?;
        if let Some(pipe) = self.pipe.take() {
            self.written = pipe.end()?;
        }
        Ok(())
    }
}

/// The rules that an event put in force.
#[must_use]
pub fn adopted(event: &Event, effects: &[Effect]) -> Option<Arc<Rulebook>> {
    let adopts = effects.iter().any(|effect| matches!(effect, Effect::RulebookAdopted { .. }));
    match &event.command {
        Command::Genesis(genesis) if adopts => Some(Arc::new(genesis.rulebook.clone())),
        Command::SetRulebook(set) if adopts => Some(Arc::new(set.rulebook.clone())),
        _ => None,
    }
}

/// The accounts that an effect sells out, or whose position it closes against one.
fn sold_out(effect: &Effect) -> [Option<(AccountId, Reason)>; 2] {
    match *effect {
        Effect::LiquidationStarted { account, .. }
        | Effect::PositionReduced { account, .. }
        | Effect::CollateralSold { account, .. }
        | Effect::StepSkipped { account, .. }
        | Effect::StageRaised { account, .. }
        | Effect::StepPostponed { account, .. }
        | Effect::PositionTakenOver { account, .. }
        | Effect::LiquidationEnded { account, .. } => [Some((account, Reason::Liquidation)), None],
        Effect::Deleveraged { account, winner, .. } => {
            [Some((account, Reason::Liquidation)), Some((winner, Reason::Deleveraging))]
        }
        _ => [None, None],
    }
}

/// Accounts that changed since they were last read: a bit each, and a list.
#[derive(Debug, Default)]
struct Changed {
    bits: Vec<u64>,
    list: Vec<AccountId>,
}

impl Changed {
    fn note(&mut self, one: &Effect) {
        if matches!(one, Effect::AccountOpened { .. }) {
            return;
        }
        for account in effect::accounts(one).into_iter().flatten() {
            let (word, mask) = self.bit(account);
            let known = *word & mask != 0;
            *word |= mask;
            if !known {
                self.list.push(account);
            }
        }
    }

    fn forget(&mut self, account: AccountId) {
        let (word, mask) = self.bit(account);
        *word &= !mask;
    }

    fn bit(&mut self, account: AccountId) -> (&mut u64, u64) {
        let place = usize::try_from(account.number() / 64).unwrap_or(usize::MAX);
        if self.bits.len() <= place {
            self.bits.resize(place + 1, 0);
        }
        (
            self.bits.get_mut(place).expect("there is a word for the account"),
            1 << (account.number() % 64),
        )
    }

    /// Those that changed, ascending; none has changed since.
    fn take(&mut self) -> Vec<AccountId> {
        let mut list = std::mem::take(&mut self.list);
        list.retain(|account| {
            let (word, mask) = self.bit(*account);
            let set = *word & mask != 0;
            *word &= !mask;
            set
        });
        list.sort_unstable();
        list
    }
}
