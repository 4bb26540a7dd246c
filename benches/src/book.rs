//! A book of accounts and a stream of ordinary commands over it, for every target.
//!
//! Ten perpetuals in USD, ten groups of accounts; each account holds USD and BTC and has positions
//! in four neighbouring instruments. Commands are ordinary and accepted, so that what is measured is
//! the machine at work.

use clearing::{ClearingHouse, SEMANTICS};
use domain::command::{
    Command, Deposit, Feed, Genesis, OpenAccount, PublishFunding, PublishPrice, Pulse,
    RegisterTrade, Withdraw,
};
use domain::rulebook::{
    AssetRules, DeleveragingRule, HaircutTier, InstrumentKind, InstrumentRules, InterestCurve,
    Layer, Limits, LiquidationRules, MarginModel, OracleRules, RequirementTier, Rulebook, Sections,
    SocialisingRule, WaterfallRules,
};
use domain::{
    AccountId, Amount, AssetId, Duration, Effect, Event, InstrumentId, Price, Quantity, Rate,
    Ratio, Sequence, Timestamp,
};

/// Instruments of the book.
pub const INSTRUMENTS: u32 = 10;
/// Positions of an account.
pub const POSITIONS: u32 = 4;
/// USD, with two decimals more than cents.
pub const USD: AssetId = AssetId::new(0);
/// BTC.
pub const BTC: AssetId = AssetId::new(1);
/// Opening price of every instrument: 1,000 at a price unit of 1e-8.
pub const OPENING: i64 = 100_000_000_000;
/// Price of one BTC: 10,000.
const BTC_PRICE: i64 = 1_000_000_000_000;

/// A small, fast, seeded stream (Steele, Lea and Flood, SplitMix64).
pub struct Stream(u64);

impl Stream {
    /// Seeded.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (((z ^ (z >> 31)) as u128 * bound as u128) >> 64) as u64
    }
}

fn asset(name: &str, haircut: u64, price_max: i64, deposit_cap: i128) -> AssetRules {
    let balance_max = Amount::new(1_000_000_000_000_000);
    AssetRules {
        name: name.into(),
        decimals: 8,
        price_max: Price::new(price_max),
        balance_max,
        deposit_cap: Amount::new(deposit_cap),
        haircuts: vec![HaircutTier { up_to: None, haircut: Ratio::from_parts(haircut) }],
        liability_weight: Ratio::from_parts(1_050_000),
        slippage: Ratio::from_parts(5_000),
        interest: InterestCurve { points: Vec::new(), fee_share: Ratio::ZERO },
        utilisation_max: Ratio::ONE,
        debt_initial: Ratio::from_parts(100_000),
        debt_release: Ratio::from_parts(50_000),
    }
}

fn perpetual(number: u32) -> InstrumentRules {
    let tier = RequirementTier {
        up_to: None,
        initial: Ratio::from_parts(20_000),
        release: Ratio::from_parts(12_500),
        maintenance: Ratio::from_parts(10_000),
    };
    InstrumentRules {
        name: format!("PERP-{number}"),
        kind: InstrumentKind::Perpetual { underlying: BTC },
        settles: USD,
        price_decimals: 8,
        lot: Quantity::new(1),
        price_max: Price::new(10_000_000_000_000),
        position_max: Quantity::new(10i64.pow(14)),
        tiers: vec![tier],
        slippage: Ratio::from_parts(5_000),
        liquidation_fee: Ratio::ZERO,
        band: Ratio::from_parts(100_000),
        rate_max: Rate::new(100_000_000_000),
    }
}

/// The rulebook of the book.
#[must_use]
pub fn rulebook() -> Rulebook {
    Rulebook {
        numeraire: USD,
        assets: vec![
            asset("USD", 0, 1, 100_000_000_000_000_000_000),
            asset("BTC", 50_000, 10_000_000_000_000, 100_000_000_000_000_000),
        ],
        instruments: (0..INSTRUMENTS).map(perpetual).collect(),
        margin: MarginModel::Weighted,
        oracle: OracleRules {
            stale_after: Duration::from_seconds(1 << 30),
            last_guard: Ratio::from_parts(250_000),
        },
        liquidation: LiquidationRules {
            dust: 1,
            step_interval: Duration::from_seconds(1),
            interest_step: Duration::from_seconds(3_600),
        },
        waterfall: WaterfallRules {
            layers: vec![
                Layer::InsuranceFund,
                Layer::Deleveraging(DeleveragingRule::ProfitLeverage),
                Layer::Socialised(SocialisingRule::DepositIndex),
            ],
            insurance_fund: Ratio::from_parts(500),
        },
        limits: Limits {
            accounts_max: 2_000_000,
            positions_per_account: 16,
            cascade_waves_max: 64,
            steps_per_event: 2_000_000,
            opponents_max: 1_000_000,
        },
        sections: Sections::NONE,
    }
}

/// A machine with its producer: commands become events a microsecond apart.
pub struct Driver {
    /// The machine.
    pub house: ClearingHouse,
    /// Effects of the last event.
    pub effects: Vec<Effect>,
    producer_seq: u64,
    timestamp: i64,
}

impl Driver {
    /// A machine after genesis.
    #[must_use]
    pub fn new(rulebook: Rulebook, seal_interval: u64) -> Self {
        let mut driver = Self {
            house: ClearingHouse::new(),
            effects: Vec::new(),
            producer_seq: 0,
            timestamp: 1_600_000_000_000_000_000,
        };
        driver.send(Genesis { semantics: SEMANTICS, seal_interval, rulebook });
        driver
    }

    /// The next event with this command.
    pub fn event(&mut self, command: impl Into<Command>) -> Event {
        let mut event = Event { command: command.into(), ..self.place() };
        self.stamp(&mut event);
        event
    }

    /// Room for an event to be decoded into and stamped.
    #[must_use]
    pub const fn place(&self) -> Event {
        Event {
            sequence: Sequence::new(0),
            timestamp: Timestamp::from_nanos(0),
            producer: 1,
            producer_seq: 0,
            command: Command::Pulse(Pulse {}),
        }
    }

    /// Makes an event the next one.
    pub const fn stamp(&mut self, event: &mut Event) {
        self.producer_seq += 1;
        self.timestamp += 1_000;
        event.sequence = Sequence::new(self.producer_seq);
        event.timestamp = Timestamp::from_nanos(self.timestamp);
        event.producer_seq = self.producer_seq;
    }

    /// Applies a command at once.
    ///
    /// # Panics
    /// If it is refused: the book is built of accepted commands.
    pub fn send(&mut self, command: impl Into<Command>) {
        let event = self.event(command);
        self.house.apply(&event, &mut self.effects);
        let refused = self.effects.iter().any(|effect| matches!(effect, Effect::Refused { .. }));
        assert!(!refused, "{}: {:?}", event.command.word(), self.effects);
    }
}

/// The instruments an account of this number trades: `slot` is 0 to 3.
#[must_use]
pub const fn instrument_of(account: u64, slot: u32) -> InstrumentId {
    InstrumentId::new((account as u32 % INSTRUMENTS + slot) % INSTRUMENTS)
}

/// A price observation at the driver's time.
#[must_use]
pub const fn price(feed: Feed, price: i64) -> PublishPrice {
    PublishPrice {
        feed,
        source: 1,
        price: Price::new(price),
        confidence: Price::new(0),
        published_at: Timestamp::from_nanos(1_600_000_000_000_000_000),
    }
}

/// Opens so many accounts, each with collateral and four positions.
#[must_use]
pub fn build(accounts: u64, seal_interval: u64) -> Driver {
    let mut driver = Driver::new(rulebook(), seal_interval);
    driver.send(price(Feed::index(BTC), BTC_PRICE));
    for number in 0..INSTRUMENTS {
        driver.send(price(Feed::mark(InstrumentId::new(number)), OPENING));
    }
    for number in 0..accounts {
        let account = AccountId::new(number);
        driver.send(OpenAccount { account });
        let amount = Amount::new(2_000_000_000_000);
        driver.send(Deposit { account, asset: USD, amount });
        driver.send(Deposit { account, asset: BTC, amount: Amount::new(100_000_000) });
    }
    for first in (0..accounts).filter(|number| (number / u64::from(INSTRUMENTS)) % 2 == 0) {
        let second = first + u64::from(INSTRUMENTS);
        if second >= accounts {
            break;
        }
        for slot in 0..POSITIONS {
            let (buyer, seller) = if slot % 2 == 0 { (first, second) } else { (second, first) };
            driver.send(trade(buyer, seller, instrument_of(first, slot), 1_000_000_000, OPENING));
        }
    }
    driver
}

/// A trade without fees.
#[must_use]
pub const fn trade(
    buyer: u64,
    seller: u64,
    instrument: InstrumentId,
    quantity: i64,
    price: i64,
) -> RegisterTrade {
    RegisterTrade {
        buyer: AccountId::new(buyer),
        seller: AccountId::new(seller),
        instrument,
        quantity: Quantity::new(quantity),
        price: Price::new(price),
        buyer_fee: Amount::ZERO,
        seller_fee: Amount::ZERO,
    }
}

/// The mixed workload: 70 % two-sided trades, 20 % ticks, 10 % deposits, withdrawals and funding.
pub struct Mix {
    stream: Stream,
    accounts: u64,
    marks: Vec<i64>,
}

impl Mix {
    /// Over a book of so many accounts.
    #[must_use]
    pub fn new(seed: u64, accounts: u64) -> Self {
        Self { stream: Stream::new(seed), accounts, marks: vec![OPENING; INSTRUMENTS as usize] }
    }

    /// The next command.
    pub fn next_command(&mut self) -> Command {
        match self.stream.below(100) {
            0..70 => self.trade().into(),
            70..90 => self.tick().into(),
            90..95 => {
                let account = AccountId::new(self.stream.below(self.accounts));
                Deposit { account, asset: USD, amount: Amount::new(1_000) }.into()
            }
            95..98 => {
                let account = AccountId::new(self.stream.below(self.accounts));
                Withdraw { account, asset: USD, amount: Amount::new(1_000) }.into()
            }
            _ => {
                let instrument = InstrumentId::new(self.stream.below(10) as u32);
                let rate = Rate::new(self.stream.below(2_001) as i64 * 1_000 - 1_000_000);
                PublishFunding { instrument, rate }.into()
            }
        }
    }

    /// A trade between two accounts of one group, small against their positions.
    fn trade(&mut self) -> RegisterTrade {
        let groups = self.accounts / u64::from(INSTRUMENTS);
        let group = self.stream.below(u64::from(INSTRUMENTS));
        let buyer = self.stream.below(groups);
        let seller = (buyer + 1 + self.stream.below(groups - 1)) % groups;
        let instrument = instrument_of(group, self.stream.below(u64::from(POSITIONS)) as u32);
        let mark = self.marks[instrument.index()];
        let quantity = 1 + self.stream.below(100_000) as i64;
        let ten = u64::from(INSTRUMENTS);
        trade(buyer * ten + group, seller * ten + group, instrument, quantity, mark)
    }

    /// A step of at most a basis point, within 1 % of the opening.
    fn tick(&mut self) -> PublishPrice {
        let number = self.stream.below(u64::from(INSTRUMENTS)) as u32;
        let mark = &mut self.marks[number as usize];
        let step = self.stream.below(20_000_001) as i64 - 10_000_000;
        let (low, high) = (OPENING - OPENING / 100, OPENING + OPENING / 100);
        *mark = (*mark + step).clamp(low, high);
        price(Feed::mark(InstrumentId::new(number)), *mark)
    }
}
