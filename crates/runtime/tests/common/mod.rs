//! What the tests of this crate share: a rulebook, a seeded stream of commands for it, journals
//! in memory.
#![allow(dead_code, reason = "each test file uses a part")]

pub mod quota;

use std::sync::Arc;

use domain::command::{Deposit, Feed, Genesis, OpenAccount, PublishPrice, RegisterTrade, Withdraw};
use domain::rulebook::{
    AssetRules, HaircutTier, InstrumentKind, InstrumentRules, InterestCurve, InterestPoint, Layer,
    Limits, LiquidationRules, MarginModel, OracleRules, RequirementTier, Sections, WaterfallRules,
};
use domain::rulebook::{DeleveragingRule, SocialisingRule};
use domain::{
    AccountId, Amount, AssetId, Command, Duration, InstrumentId, Price, Quantity, Rate, Ratio,
    Rulebook, Timestamp,
};
use runtime::recovery::{self, Identity, Ready};
use runtime::{ExternalCommand, LoopOptions, Outcome, Replay, RuntimeError, Unobserved};
use store::journal::{Options, SEGMENT_BYTES_MIN};
use store::storage::Storage;
use store::testing::MemoryDisk;

pub const PRODUCER: u32 = 1;
const USD: AssetId = AssetId::new(0);
const BTC: AssetId = AssetId::new(1);
const PERPETUAL: InstrumentId = InstrumentId::new(0);
const ACCOUNTS: u64 = 40;

fn percent(parts: u64) -> Ratio {
    Ratio::new(parts, 100).expect("a denominator above zero")
}

fn asset(name: &str, decimals: u8, balance_max: i128, haircut: u64) -> AssetRules {
    let rate = Rate::new(50_000_000_000);
    AssetRules {
        name: name.to_string(),
        decimals,
        price_max: Price::new(1_000_000_000_000_000),
        balance_max: Amount::new(balance_max),
        deposit_cap: Amount::new(balance_max * 1_000),
        haircuts: vec![HaircutTier { up_to: None, haircut: percent(haircut) }],
        liability_weight: percent(110),
        slippage: Ratio::new(5, 1_000).expect("a denominator above zero"),
        interest: InterestCurve {
            points: vec![
                InterestPoint { utilisation: percent(0), rate },
                InterestPoint { utilisation: percent(100), rate },
            ],
            fee_share: percent(10),
        },
        utilisation_max: percent(95),
        debt_initial: percent(10),
        debt_release: percent(5),
    }
}

fn perpetual() -> InstrumentRules {
    let per_mille = |parts| Ratio::new(parts, 1_000).expect("a denominator above zero");
    InstrumentRules {
        name: "BTC-PERP".to_string(),
        kind: InstrumentKind::Perpetual { underlying: BTC },
        settles: USD,
        price_decimals: 8,
        lot: Quantity::new(1),
        price_max: Price::new(1_000_000_000_000_000),
        position_max: Quantity::new(100_000_000_000),
        tiers: vec![RequirementTier {
            up_to: None,
            initial: per_mille(50),
            release: per_mille(35),
            maintenance: per_mille(30),
        }],
        slippage: per_mille(5),
        liquidation_fee: per_mille(2),
        band: per_mille(100),
        rate_max: Rate::new(10_000_000_000),
    }
}

pub fn rulebook() -> Rulebook {
    let mut usd = asset("USD", 6, 100_000_000_000_000_000, 0);
    usd.price_max = Price::new(10_000_000_000);
    Rulebook {
        numeraire: USD,
        assets: vec![usd, asset("BTC", 8, 100_000_000_000, 5)],
        instruments: vec![perpetual()],
        margin: MarginModel::Weighted,
        oracle: OracleRules { stale_after: Duration::from_seconds(3_600), last_guard: percent(25) },
        liquidation: LiquidationRules {
            dust: 100,
            step_interval: Duration::from_seconds(1),
            interest_step: Duration::from_seconds(60),
        },
        waterfall: WaterfallRules {
            layers: vec![
                Layer::InsuranceFund,
                Layer::Deleveraging(DeleveragingRule::ProfitLeverage),
                Layer::Socialised(SocialisingRule::DepositIndex),
            ],
            insurance_fund: percent(1),
        },
        limits: Limits {
            accounts_max: 1_000,
            positions_per_account: 8,
            // Low, so that cascades leave work for pulses.
            cascade_waves_max: 1,
            steps_per_event: 3,
            opponents_max: 10,
        },
        sections: Sections::NONE,
    }
}

/// A stream of pseudo-random numbers (splitmix64); the seed is printed by whoever makes it.
pub struct Draw(pub u64);

impl Draw {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// Genesis with this seal interval, and then commands of every kind that a day has: accounts,
/// deposits, prices that fall and rise, trades, withdrawals, some of them refused.
pub struct Workload {
    draw: Draw,
    seal_interval: u64,
    count: u64,
    now: i64,
    price: i64,
}

impl Workload {
    pub fn new(seed: u64, seal_interval: u64) -> Self {
        println!("workload seed {seed}, seal interval {seal_interval}");
        let now = 1_584_000_000_000_000_000;
        Self { draw: Draw(seed), seal_interval, count: 0, now, price: 800_000_000_000 }
    }

    fn command(&mut self) -> Command {
        let opened = 1 + ACCOUNTS;
        match self.count {
            0 => Genesis {
                semantics: clearing::SEMANTICS,
                seal_interval: self.seal_interval,
                rulebook: rulebook(),
            }
            .into(),
            count if count < opened => OpenAccount { account: AccountId::new(count - 1) }.into(),
            count if count < opened + ACCOUNTS => {
                let account = AccountId::new(count - opened);
                Deposit { account, asset: USD, amount: Amount::new(20_000_000_000) }.into()
            }
            count if count == opened + ACCOUNTS => self.publish(Feed::index(BTC)),
            count if count == opened + ACCOUNTS + 1 => self.publish(Feed::mark(PERPETUAL)),
            _ => self.ordinary(),
        }
    }

    fn account(&mut self) -> AccountId {
        AccountId::new(self.draw.below(ACCOUNTS))
    }

    fn publish(&mut self, feed: Feed) -> Command {
        PublishPrice {
            feed,
            source: 1,
            price: Price::new(self.price),
            confidence: Price::new(0),
            published_at: Timestamp::from_nanos(self.now),
        }
        .into()
    }

    fn ordinary(&mut self) -> Command {
        match self.draw.below(10) {
            0..=1 => {
                let step = self.draw.below(81) as i64 - 40;
                self.price = (self.price + self.price / 1_000 * step).max(1_000_000_000);
                self.publish(Feed::mark(PERPETUAL))
            }
            2 => self.publish(Feed::index(BTC)),
            3 => {
                let (account, units) = (self.account(), self.draw.below(500_000_000));
                let amount = Amount::new(i128::from(units));
                Deposit { account, asset: USD, amount }.into()
            }
            4 => {
                let (account, units) = (self.account(), self.draw.below(9_000_000_000));
                let amount = Amount::new(i128::from(units));
                Withdraw { account, asset: USD, amount }.into()
            }
            _ => RegisterTrade {
                buyer: self.account(),
                seller: self.account(),
                instrument: PERPETUAL,
                quantity: Quantity::new(1 + self.draw.below(500_000_000) as i64),
                price: Price::new(self.price),
                buyer_fee: Amount::new(1_000),
                seller_fee: Amount::new(1_000),
            }
            .into(),
        }
    }
}

impl Iterator for Workload {
    type Item = ExternalCommand;

    fn next(&mut self) -> Option<ExternalCommand> {
        let command = self.command();
        self.count += 1;
        let wish = Timestamp::from_nanos(self.now);
        self.now += 1_000_000 * self.draw.below(900) as i64;
        Some(ExternalCommand { producer: PRODUCER, producer_seq: self.count, wish, command })
    }
}

/// Small segments, so that short tests rotate.
pub fn journal_options() -> Options {
    Options { segment_bytes: SEGMENT_BYTES_MIN << 3, ..Options::default() }
}

pub fn shared(disk: &MemoryDisk) -> Arc<dyn Storage> {
    Arc::new(disk.clone())
}

/// A new journal in memory.
pub fn create(disk: &MemoryDisk, genesis: ExternalCommand) -> Result<Ready, RuntimeError> {
    recovery::create(shared(disk), genesis, Identity::Genesis, &journal_options(), None)
}

/// An old one.
pub fn open(disk: &MemoryDisk) -> Result<Ready, RuntimeError> {
    recovery::open(shared(disk), &journal_options(), None)
}

/// A whole run of `commands` commands, genesis among them, stopped cleanly.
pub fn run(
    disk: &MemoryDisk,
    mut workload: Workload,
    commands: usize,
    options: LoopOptions,
) -> Outcome<Unobserved> {
    let genesis = workload.next().expect("a workload is endless");
    let ready = create(disk, genesis).expect("a new journal");
    let mut replay = Replay::start(ready, options, Unobserved).expect("genesis is durable");
    let rest = workload.take(commands - 1).map(Ok::<_, RuntimeError>);
    replay.run(rest, |_| std::ops::ControlFlow::Continue(())).expect("the run ends");
    replay.finish().expect("a clean stop")
}
