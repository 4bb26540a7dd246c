//! Everything the naive machine knows. No figure here can be computed from another one.
//!
//! The queue is no list but a flag of its accounts, deposits and borrows are no totals but sums
//! over accounts: both are derived where they are asked for.

use super::depth::{DepthState, OpenBook};
use super::selling::Meter;
use super::terms::Terms;
use domain::command::BaselineImpact;
use domain::rulebook::{
    InstrumentRules, Limits, LiquidationRules, MarginModel, OracleRules, Sections, WaterfallRules,
};
use domain::{
    AccountId, AssetId, Balance, Duration, Effect, HouseAccount, InstrumentId, Position, Price,
    Quantity, Quote, Ratio, Rulebook, Timestamp, Weighted,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// One, on the scale of interest indexes.
pub(super) const INDEX_ONE: i128 = 10_000_000_000_000_000;

/// An asset's last index price and interest indexes.
#[derive(Clone, Debug)]
pub(super) struct AssetState {
    pub price: Price,
    pub published_at: Timestamp,
    pub borrow_index: i128,
    pub deposit_index: i128,
}

/// An instrument's last prices, in the order of its canonical bytes.
#[derive(Clone, Debug, Serialize)]
pub(super) struct InstrumentState {
    pub mark: Price,
    pub published_at: Timestamp,
    pub last: Price,
    pub funding_index: i128,
    pub halted: bool,
    pub expired: bool,
    pub settle_sum: i128,
    pub settle_time: i64,
    pub settle_until: Timestamp,
}

/// One account. Every row of a balance that ever existed stays; positions go when they close.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    pub liquidating: bool,
    pub queued: bool,
    pub balances: BTreeMap<AssetId, Balance>,
    pub positions: BTreeMap<InstrumentId, Position>,
    pub case: Option<Case>,
}

/// What is remembered of a liquidation between its steps, in the order of its canonical bytes.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Case {
    pub since: Timestamp,
    pub auction_at: Timestamp,
    pub wake_at: Timestamp,
    pub freed: Weighted,
    pub auctions: u16,
    pub full: bool,
    pub begun: bool,
}

impl Case {
    pub fn new(now: Timestamp) -> Self {
        Self {
            since: now,
            auction_at: now,
            wake_at: now,
            freed: Weighted::ZERO,
            auctions: 0,
            full: false,
            begun: false,
        }
    }
}

impl Account {
    /// A position is open or a balance is negative: something can go wrong.
    pub fn is_exposed(&self) -> bool {
        !self.positions.is_empty()
            || self.balances.values().any(|balance| balance.amount.is_negative())
    }
}

/// The state.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub sequence: u64,
    pub now: Timestamp,
    pub external: u64,
    pub seal_interval: u64,
    pub effect_digest: u128,
    pub interest_at: Option<Timestamp>,
    pub queue_at: Option<Timestamp>,
    pub producers: BTreeMap<u32, u64>,
    pub rulebook: Rulebook,
    pub assets: BTreeMap<AssetId, AssetState>,
    pub instruments: BTreeMap<InstrumentId, InstrumentState>,
    pub house: BTreeMap<(AssetId, HouseAccount), i128>,
    pub liquidity: BTreeMap<InstrumentId, Position>,
    pub depth: BTreeMap<InstrumentId, DepthState>,
    /// Books of the present wave, and what the present command tells of the baseline; empty between
    /// events.
    pub books: BTreeMap<InstrumentId, OpenBook>,
    pub baseline: Vec<BaselineImpact>,
    /// Whether the present command is a price.
    pub priced: bool,
    pub accounts: BTreeMap<AccountId, Account>,
    /// Accounts the present event touched, in that order; empty between events.
    pub touched: Vec<AccountId>,
    /// What followed from the present event so far.
    pub effects: Vec<Effect>,
    /// Terms of the liquidation step under way.
    pub terms: Option<Terms>,
    /// What the present event did to the account being sold out.
    pub meter: Meter,
    /// What keepers took on by the present event, at 1e-16 of the numeraire.
    pub taken_on: i128,
}

impl State {
    pub fn new() -> Self {
        Self {
            sequence: 0,
            now: Timestamp::START,
            external: 0,
            seal_interval: 0,
            effect_digest: 0,
            interest_at: None,
            queue_at: None,
            producers: BTreeMap::new(),
            rulebook: no_rules(),
            assets: BTreeMap::new(),
            instruments: BTreeMap::new(),
            house: BTreeMap::new(),
            liquidity: BTreeMap::new(),
            depth: BTreeMap::new(),
            books: BTreeMap::new(),
            baseline: Vec::new(),
            priced: false,
            accounts: BTreeMap::new(),
            touched: Vec::new(),
            effects: Vec::new(),
            terms: None,
            meter: Meter::default(),
            taken_on: 0,
        }
    }

    /// Puts rules in force; what they list anew starts empty.
    pub fn adopt(&mut self, rulebook: &Rulebook) {
        self.rulebook = rulebook.clone();
        self.fit_cases();
        for place in 0..rulebook.assets.len() as u32 {
            self.assets.entry(AssetId::new(place)).or_insert(AssetState {
                price: Price::new(0),
                published_at: Timestamp::START,
                borrow_index: INDEX_ONE,
                deposit_index: INDEX_ONE,
            });
        }
        for place in 0..rulebook.instruments.len() as u32 {
            let instrument = InstrumentId::new(place);
            self.instruments.entry(instrument).or_insert(InstrumentState {
                mark: Price::new(0),
                published_at: Timestamp::START,
                last: Price::new(0),
                funding_index: 0,
                halted: false,
                expired: false,
                settle_sum: 0,
                settle_time: 0,
                settle_until: Timestamp::START,
            });
            self.liquidity.entry(instrument).or_insert(empty_position(instrument, 0));
        }
        self.list_depth();
        let (assets, instruments) =
            (rulebook.assets.len() as u32, rulebook.instruments.len() as u32);
        self.effects.push(Effect::RulebookAdopted { assets, instruments });
    }

    /// New rules: who waits has a case if they need one, and nobody if they do not.
    fn fit_cases(&mut self) {
        let wake_at = self.queue_at.unwrap_or(self.now);
        let needed = self.sells_by_rules();
        for id in self.account_ids() {
            let fresh = Case { wake_at, ..Case::new(self.now) };
            let held = self.account_mut(id);
            if needed && held.queued && held.case.is_none() {
                held.case = Some(fresh);
            } else if !needed && held.case.is_some() {
                held.case = None;
            } else {
                continue;
            }
            self.mark_touched(id);
        }
    }

    pub fn account(&self, account: AccountId) -> &Account {
        self.accounts.get(&account).expect("commands for unknown accounts are refused")
    }

    pub fn account_mut(&mut self, account: AccountId) -> &mut Account {
        self.accounts.get_mut(&account).expect("commands for unknown accounts are refused")
    }

    pub fn instrument(&self, instrument: InstrumentId) -> &InstrumentState {
        self.instruments.get(&instrument).expect("unknown instruments are refused")
    }

    pub fn instrument_mut(&mut self, instrument: InstrumentId) -> &mut InstrumentState {
        self.instruments.get_mut(&instrument).expect("unknown instruments are refused")
    }

    pub fn asset(&self, asset: AssetId) -> &AssetState {
        self.assets.get(&asset).expect("unknown assets are refused")
    }

    pub fn asset_mut(&mut self, asset: AssetId) -> &mut AssetState {
        self.assets.get_mut(&asset).expect("unknown assets are refused")
    }

    pub fn rules_of(&self, instrument: InstrumentId) -> &InstrumentRules {
        self.rulebook.instrument(instrument).expect("unknown instruments are refused")
    }

    pub fn house_amount(&self, account: HouseAccount, asset: AssetId) -> i128 {
        self.house.get(&(asset, account)).copied().unwrap_or(0)
    }

    /// Accounts that wait for a pulse, ascending.
    pub fn queue(&self) -> Vec<AccountId> {
        let waiting = self.accounts.iter().filter(|(_, account)| account.queued);
        waiting.map(|(id, _)| *id).collect()
    }
}

/// Nothing held in an instrument, paid up to a funding index.
pub(super) const fn empty_position(instrument: InstrumentId, funding_index: i128) -> Position {
    Position { instrument, quantity: Quantity::ZERO, cost: Quote::ZERO, funding_index }
}

/// Before genesis.
fn no_rules() -> Rulebook {
    Rulebook {
        numeraire: AssetId::new(0),
        assets: Vec::new(),
        instruments: Vec::new(),
        margin: MarginModel::Weighted,
        oracle: OracleRules { stale_after: Duration::from_nanos(0), last_guard: Ratio::ZERO },
        liquidation: LiquidationRules {
            dust: 0,
            step_interval: Duration::from_nanos(0),
            interest_step: Duration::from_nanos(0),
        },
        waterfall: WaterfallRules { layers: Vec::new(), insurance_fund: Ratio::ZERO },
        limits: Limits {
            accounts_max: 0,
            positions_per_account: 0,
            cascade_waves_max: 0,
            steps_per_event: 0,
            opponents_max: 0,
        },
        sections: Sections::NONE,
    }
}
