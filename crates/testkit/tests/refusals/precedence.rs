//! Two broken rules at once: the first of the list is named.

use super::{answer, events, machine, plain};
use domain::command::{
    Deposit, PayInCapital, PublishDepth, PublishFunding, PublishPrice, RegisterTrade,
    TransferAsset, Withdraw,
};
use domain::{
    AccountId, Amount, AssetId, Command, Effect, Event, Feed, InstrumentId, Price, Quantity, Quote,
    Rate, Ratio, Refusal, Timestamp,
};

/// Before the commands under test: alice has little, bob much, carol is being sold out while her
/// instrument ETH-PERP is halted; BTC-PERP was never priced.
const STATE: &str = "set instruments.BTC-PERP.lot=0.5
set instruments.ETH-PERP.lot=0.5
set assets.BTC.deposit_cap=2000
set limits.positions_per_account=1
accounts alice bob carol
1 deposit alice USD 150
2 deposit bob USD 1_000_000
3 deposit carol USD 150
4 mark ETH-PERP 100
5 trade carol bob ETH-PERP 10 at 100
6 halt ETH-PERP
7 mark ETH-PERP 88 -> PricePublished, LiquidationStarted carol, StepSkipped
8 index BTC 100
9 pulse
";

const ALICE: AccountId = AccountId::new(0);
const BOB: AccountId = AccountId::new(1);
const CAROL: AccountId = AccountId::new(2);
const NOBODY: AccountId = AccountId::new(99);
const USD: AssetId = AssetId::new(0);
const BTC: AssetId = AssetId::new(1);
const NO_ASSET: AssetId = AssetId::new(99);
const BTC_PERP: InstrumentId = InstrumentId::new(0);
const ETH_PERP: InstrumentId = InstrumentId::new(1);
const BTC_USD: InstrumentId = InstrumentId::new(2);
const BTC_FUT: InstrumentId = InstrumentId::new(3);
const NO_INSTRUMENT: InstrumentId = InstrumentId::new(99);
const UNIT: i64 = 100_000_000;

/// One way to break one rule: the rule, the fields it lies in, and the change. Two changes of one
/// field cannot be made at once.
struct Breach<T> {
    refusal: Refusal,
    fields: &'static str,
    change: fn(&mut T),
}

const fn breach<T>(refusal: Refusal, fields: &'static str, change: fn(&mut T)) -> Breach<T> {
    Breach { refusal, fields, change }
}

/// Breaks every rule of the list, then every pair of rules in different fields.
fn check<T: Clone + Into<Command>>(command: &T, breaches: &[Breach<T>]) {
    let rules = plain();
    let mut earlier = events(&rules, STATE);
    let mut last = earlier.pop().expect("a last event");
    let house = machine(&earlier);
    let mut pairs = 0;
    for (place, first) in breaches.iter().enumerate() {
        for second in &breaches[place..] {
            let same = std::ptr::eq(first, second);
            if !same && overlap(first.fields, second.fields) {
                continue;
            }
            let mut broken = command.clone();
            (first.change)(&mut broken);
            (second.change)(&mut broken);
            last.command = broken.into();
            let refusal = first.refusal.min(second.refusal);
            let both = format!("{:?} and {:?}", first.refusal, second.refusal);
            assert_refused(house.clone(), &last, refusal, &both);
            pairs += usize::from(!same);
        }
    }
    println!("{}: {} rules, {pairs} pairs", last.command.word(), breaches.len());
    assert!(pairs >= breaches.len() - 1, "too few pairs");
}

fn overlap(left: &str, right: &str) -> bool {
    left.split(' ').any(|field| right.split(' ').any(|other| other == field))
}

fn assert_refused(mut house: clearing::ClearingHouse, event: &Event, refusal: Refusal, both: &str) {
    let followed = answer(&mut house, event);
    assert_eq!(followed, [Effect::Refused { refusal }], "{both}: {:?}", event.command);
}

#[test]
fn deposit() {
    let command = Deposit { account: ALICE, asset: BTC, amount: Amount::new(1) };
    check(
        &command,
        &[
            breach(Refusal::AccountUnknown, "account", |it| it.account = NOBODY),
            breach(Refusal::AssetUnknown, "asset", |it| it.asset = NO_ASSET),
            breach(Refusal::AmountNotPositive, "amount", |it| it.amount = Amount::ZERO),
            breach(Refusal::AmountNotPositive, "amount", |it| it.amount = Amount::new(i128::MIN)),
            // 2,001 BTC are above the cap and above the balance's maximum.
            breach(Refusal::DepositCapExceeded, "amount", |it| {
                it.amount = Amount::new(200_100_000_000);
            }),
            breach(Refusal::BalanceMaxExceeded, "amount", |it| {
                it.amount = Amount::new(100_000_000_001);
            }),
        ],
    );
}

#[test]
fn withdraw() {
    let command = Withdraw { account: ALICE, asset: USD, amount: Amount::new(1) };
    check(
        &command,
        &[
            breach(Refusal::AccountUnknown, "account", |it| it.account = NOBODY),
            breach(Refusal::AssetUnknown, "asset", |it| it.asset = NO_ASSET),
            breach(Refusal::AmountNotPositive, "amount", |it| it.amount = Amount::new(-1)),
            // No ETH was ever priced.
            breach(Refusal::PriceMissing, "asset", |it| it.asset = AssetId::new(2)),
            breach(Refusal::BalanceMaxExceeded, "amount", |it| {
                it.amount = Amount::new(i128::MAX);
            }),
            breach(Refusal::AccountLiquidating, "account", |it| it.account = CAROL),
            breach(Refusal::CollateralInsufficient, "amount", |it| {
                it.amount = Amount::new(15_100_000_000);
            }),
        ],
    );
}

#[test]
fn transfer() {
    let command = TransferAsset { from: ALICE, to: BOB, asset: USD, amount: Amount::new(1) };
    check(
        &command,
        &[
            breach(Refusal::AccountUnknown, "from", |it| it.from = NOBODY),
            breach(Refusal::AccountUnknown, "to", |it| it.to = NOBODY),
            breach(Refusal::AccountRepeated, "from to", |it| it.to = it.from),
            breach(Refusal::AssetUnknown, "asset", |it| it.asset = NO_ASSET),
            breach(Refusal::AmountNotPositive, "amount", |it| it.amount = Amount::ZERO),
            breach(Refusal::BalanceMaxExceeded, "amount", |it| {
                it.amount = Amount::new(i128::MAX);
            }),
            breach(Refusal::AccountLiquidating, "from", |it| it.from = CAROL),
            breach(Refusal::CollateralInsufficient, "amount", |it| {
                it.amount = Amount::new(15_100_000_000);
            }),
        ],
    );
}

#[test]
fn capital() {
    let command = PayInCapital { asset: BTC, amount: Amount::new(1) };
    check(
        &command,
        &[
            breach(Refusal::AssetUnknown, "asset", |it| it.asset = NO_ASSET),
            breach(Refusal::AmountNotPositive, "amount", |it| it.amount = Amount::new(i128::MIN)),
            breach(Refusal::DepositCapExceeded, "amount", |it| {
                it.amount = Amount::new(i128::MAX);
            }),
        ],
    );
}

#[test]
fn trade() {
    let command = RegisterTrade {
        buyer: ALICE,
        seller: BOB,
        instrument: BTC_PERP,
        quantity: Quantity::new(UNIT),
        price: Price::new(88 * UNIT),
        buyer_fee: Amount::ZERO,
        seller_fee: Amount::ZERO,
    };
    check(
        &command,
        &[
            breach(Refusal::AccountUnknown, "buyer", |it| it.buyer = NOBODY),
            breach(Refusal::AccountUnknown, "seller", |it| it.seller = NOBODY),
            breach(Refusal::AccountRepeated, "buyer seller", |it| it.seller = it.buyer),
            breach(Refusal::InstrumentUnknown, "instrument", |it| it.instrument = NO_INSTRUMENT),
            breach(Refusal::QuantityNotPositive, "quantity", |it| it.quantity = Quantity::ZERO),
            breach(Refusal::QuantityNotInLots, "quantity", |it| it.quantity = Quantity::new(1)),
            breach(Refusal::PriceNotPositive, "price", |it| it.price = Price::new(-1)),
            breach(Refusal::PriceMaxExceeded, "price", |it| it.price = Price::new(i64::MAX)),
            breach(Refusal::FeeNegative, "buyer_fee", |it| it.buyer_fee = Amount::new(-1)),
            breach(Refusal::FeeNegative, "seller_fee", |it| it.seller_fee = Amount::new(-1)),
            breach(Refusal::FeeExceedsQuote, "buyer_fee", |it| {
                it.buyer_fee = Amount::new(i128::MAX);
            }),
            breach(Refusal::InstrumentHalted, "instrument", |it| it.instrument = ETH_PERP),
            // BTC-PERP, the instrument itself, was never priced.
            breach(Refusal::PriceMissing, "none", |_| ()),
        ],
    );
}

#[test]
fn index_price() {
    let now = Timestamp::from_nanos(feed::scenario::BEGINS_AT.nanos());
    let command = PublishPrice {
        feed: Feed::index(BTC),
        source: 0,
        price: Price::new(UNIT),
        confidence: Price::new(0),
        published_at: now,
    };
    check(
        &command,
        &[
            breach(Refusal::AssetUnknown, "feed", |it| it.feed = Feed::index(NO_ASSET)),
            breach(Refusal::InstrumentUnknown, "feed", |it| it.feed = Feed::mark(NO_INSTRUMENT)),
            breach(Refusal::InstrumentUnknown, "feed", |it| it.feed = Feed::last(NO_INSTRUMENT)),
            breach(Refusal::PriceNotPositive, "price", |it| it.price = Price::new(i64::MIN)),
            breach(Refusal::PriceMaxExceeded, "price", |it| it.price = Price::new(i64::MAX)),
            breach(Refusal::PriceOfNumeraire, "feed", |it| it.feed = Feed::index(USD)),
            breach(Refusal::ConfidenceNegative, "confidence", |it| it.confidence = Price::new(-1)),
            breach(Refusal::PublishedInFuture, "published", |it| {
                it.published_at = Timestamp::from_nanos(i64::MAX);
            }),
            breach(Refusal::PublishedBackwards, "published", |it| {
                it.published_at = Timestamp::from_nanos(i64::MIN);
            }),
        ],
    );
}

#[test]
fn funding_rate() {
    let command = PublishFunding { instrument: ETH_PERP, rate: Rate::new(1) };
    check(
        &command,
        &[
            breach(Refusal::InstrumentUnknown, "instrument", |it| it.instrument = NO_INSTRUMENT),
            breach(Refusal::InstrumentKindUnfit, "instrument", |it| it.instrument = BTC_FUT),
            breach(Refusal::InstrumentKindUnfit, "instrument", |it| it.instrument = BTC_USD),
            breach(Refusal::RateMaxExceeded, "rate", |it| it.rate = Rate::new(i64::MIN)),
            breach(Refusal::PriceMissing, "instrument", |it| it.instrument = BTC_PERP),
        ],
    );
}

#[test]
fn published_depth() {
    let command = PublishDepth {
        instrument: ETH_PERP,
        venue: 0,
        source: 0,
        depth: Quote::new(1),
        half_spread: Ratio::ZERO,
        published_at: Timestamp::from_nanos(1),
    };
    check(
        &command,
        &[
            breach(Refusal::InstrumentUnknown, "instrument", |it| it.instrument = NO_INSTRUMENT),
            breach(Refusal::PublishedInFuture, "published", |it| {
                it.published_at = Timestamp::from_nanos(i64::MAX);
            }),
            breach(Refusal::PublishedBackwards, "published", |it| {
                it.published_at = Timestamp::from_nanos(i64::MIN);
            }),
            breach(Refusal::DepthUnfit, "depth", |it| it.depth = Quote::new(0)),
            breach(Refusal::DepthUnfit, "venue", |it| it.venue = 9),
            breach(Refusal::DepthUnfit, "spread", |it| it.half_spread = Ratio::ONE),
        ],
    );
}

/// Both sides of a trade broke a rule: the first of the list is named, whoever broke it.
#[test]
fn either_side_of_a_trade() {
    // The turn of who is caught would come once a second: an hour keeps the table short.
    let table = "set oracle.stale_after=60s
set liquidation.step_interval=1h
accounts poor rich caught stale
1 deposit poor USD 10
2 deposit rich USD 1_000_000
3 deposit caught USD 150
4 deposit stale USD 1_000
5 mark ETH-PERP 100
6 mark BTC-PERP 100
7 trade caught rich ETH-PERP 10 at 100
8 trade stale rich ETH-PERP 1 at 100
9 halt ETH-PERP
10 mark ETH-PERP 88 -> PricePublished, LiquidationStarted caught, StepSkipped caught
wait 61s
11 mark BTC-PERP 100
";
    for (trade, word) in [
        ("poor stale", "price_stale"),
        ("stale poor", "price_stale"),
        ("poor caught", "price_stale"),
        ("caught poor", "price_stale"),
        ("poor rich", "price_stale"),
    ] {
        let line = format!("{table}12 trade {trade} BTC-PERP 1 at 100 -> Refused {word}\n");
        assert!(!events(&plain(), &line).is_empty());
    }
    for (trade, word) in [
        ("poor caught", "account_liquidating"),
        ("caught poor", "account_liquidating"),
        ("poor rich", "collateral_insufficient"),
        ("rich poor", "collateral_insufficient"),
    ] {
        let fresh = "12 mark ETH-PERP 88\n";
        let line = format!("{table}{fresh}13 trade {trade} BTC-PERP 2 at 100 -> Refused {word}\n");
        assert!(!events(&plain(), &line).is_empty());
    }
}
