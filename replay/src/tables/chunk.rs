//! What the run hands to the thread that writes tables: events with their effects, and what was
//! read from the state in that moment, since the state goes on.

use std::sync::Arc;

use clearing::AccountView;
use domain::{Amount, AssetId, Effect, Rulebook};
use risk::impact::market::DepthMarket;

/// Events in a chunk, at most; a fixed count, as batches of rows must not depend on timing.
const EVENTS: usize = 4_096;
/// Effects after which a chunk is handed over.
const EFFECTS: usize = 16_384;

/// Why an account's figures were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It changed since the last seal, and has a position or a debt.
    Seal,
    /// It was being sold out in this event.
    Liquidation,
    /// One of its positions was closed against a bankrupt account.
    Deleveraging,
    /// The run ended.
    End,
}

impl Reason {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Reason::Seal => "seal",
            Reason::Liquidation => "liquidation",
            Reason::Deleveraging => "deleveraging",
            Reason::End => "end",
        }
    }
}

/// Layers of the waterfall in one asset, after an event.
#[derive(Debug, Clone, Copy)]
pub struct Layers {
    /// In which asset.
    pub asset: AssetId,
    /// Balance of the insurance fund.
    pub fund: Amount,
    /// Balance of the account of losses that nobody bore.
    pub uncovered: Amount,
}

/// One event.
#[derive(Debug)]
pub struct Heard {
    /// Its place in line.
    pub sequence: u64,
    /// Its time.
    pub at: i64,
    /// What was asked; nothing where more figures of the last event follow.
    pub command: Option<&'static str>,
    /// How many of the chunk's effects are its own.
    pub effects: usize,
    /// How many of the chunk's account figures are its own.
    pub accounts: usize,
    /// How many of the chunk's layers are its own.
    pub layers: usize,
    /// How many of the chunk's depths are its own.
    pub depths: usize,
    /// The rules that it put in force.
    pub rulebook: Option<Arc<Rulebook>>,
}

/// Some events in a row.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The events.
    pub events: Vec<Heard>,
    /// Their effects.
    pub effects: Vec<Effect>,
    /// Figures of accounts, read after them.
    pub accounts: Vec<(Reason, AccountView)>,
    /// Layers of the waterfall, read after them.
    pub layers: Vec<Layers>,
    /// Markets with finite depth that they touched, read after them.
    pub depths: Vec<DepthMarket>,
}

impl Chunk {
    /// Whether it is time to hand it over.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.events.len() >= EVENTS || self.effects.len() >= EFFECTS
    }
}
