//! Extremes of every field of every command: an answer, never a panic, and every law holds.

use super::{answer, events, machine, plain};
use domain::command::{
    Deposit, HaltInstrument, OpenAccount, PayInCapital, PublishFunding, PublishPrice, Pulse,
    RegisterTrade, ResumeInstrument, SetRulebook, TransferAsset, Withdraw,
};
use domain::{
    AccountId, Amount, AssetId, Command, Effect, Feed, FeedRole, InstrumentId, Price, Quantity,
    Rate, Timestamp,
};

/// A book with positions on both sides, a debt, funding and interest that accrue, a queue.
const BOOK: &str = "set limits.steps_per_event=1
accounts alice bob carol lender
1 deposit lender USD 1_000_000
2 deposit alice BTC 5
3 deposit bob USD 10_000
4 deposit carol USD 150
5 index BTC 100
6 mark BTC-PERP 100
7 mark ETH-PERP 100
8 mark BTC-FUT 100
9 last BTC-PERP 100
10 withdraw alice USD 200
11 trade alice bob BTC-PERP 10 at 100
12 trade carol bob ETH-PERP 10 at 100
13 trade bob lender BTC-FUT 3 at 100
14 funding BTC-PERP 0.01
15 halt ETH-PERP
16 mark ETH-PERP 88 -> PricePublished, LiquidationStarted carol, StepSkipped
17 capital USD 10
";

const AMOUNTS: [i128; 9] =
    [i128::MIN, i128::MIN + 1, -1, 0, 1, 10i128.pow(16), 10i128.pow(29), i128::MAX - 1, i128::MAX];
const WORDS: [i64; 9] =
    [i64::MIN, i64::MIN + 1, -1, 0, 1, 100_000_000, 10_000_000_000, i64::MAX - 1, i64::MAX];
const ACCOUNTS: [u64; 6] = [0, 1, 2, 3, 4, u64::MAX];
const NUMBERS: [u32; 5] = [0, 1, 2, 3, u32::MAX];

fn accounts() -> impl Iterator<Item = AccountId> {
    ACCOUNTS.into_iter().map(AccountId::new)
}

fn assets() -> impl Iterator<Item = AssetId> {
    NUMBERS.into_iter().map(AssetId::new)
}

fn instruments() -> impl Iterator<Item = InstrumentId> {
    NUMBERS.into_iter().map(InstrumentId::new)
}

/// Applies every command to a copy of the book; counts answers and refusals.
fn check(commands: impl Iterator<Item = Command>) {
    let rules = plain();
    let mut earlier = events(&rules, BOOK);
    let mut last = earlier.pop().expect("a last event");
    let book = machine(&earlier);
    let (mut accepted, mut refused) = (0, 0);
    for command in commands {
        last.command = command;
        let mut house = book.clone();
        let followed = answer(&mut house, &last);
        match followed.as_slice() {
            [Effect::Refused { .. }] => refused += 1,
            [] if matches!(last.command, Command::Pulse(_)) => accepted += 1,
            [] => panic!("{:?} was not answered", last.command),
            _ => accepted += 1,
        }
        if !matches!(followed.as_slice(), [Effect::Refused { .. }]) {
            assert_eq!(house.check_invariants(), Ok(()), "{:?}", last.command);
        }
    }
    println!("{}: {accepted} accepted, {refused} refused", last.command.word());
    assert!(refused > 0 && accepted > 0, "{accepted} accepted, {refused} refused");
}

#[test]
fn deposits_withdrawals_transfers_capital() {
    check(accounts().flat_map(|account| {
        assets().flat_map(move |asset| {
            AMOUNTS.into_iter().flat_map(move |units| {
                let amount = Amount::new(units);
                let transfers = accounts()
                    .map(move |to| TransferAsset { from: account, to, asset, amount }.into());
                [
                    Deposit { account, asset, amount }.into(),
                    Withdraw { account, asset, amount }.into(),
                    PayInCapital { asset, amount }.into(),
                ]
                .into_iter()
                .chain(transfers)
            })
        })
    }));
}

#[test]
fn openings_and_halts() {
    let openings = accounts().map(|account| OpenAccount { account }.into());
    let halts = instruments().flat_map(|instrument| {
        [HaltInstrument { instrument }.into(), ResumeInstrument { instrument }.into()]
    });
    check(openings.chain(halts));
}

#[test]
fn trades() {
    let sides = [(0, 1), (1, 0), (2, 3), (3, 2), (0, 0), (9, 0)];
    let fees = [i128::MIN, -1, 0, 1, 10i128.pow(18), i128::MAX];
    check(sides.into_iter().flat_map(move |(buyer, seller)| {
        instruments().flat_map(move |instrument| {
            WORDS.into_iter().flat_map(move |quantity| {
                WORDS.into_iter().flat_map(move |price| {
                    fees.into_iter().map(move |fee| {
                        RegisterTrade {
                            buyer: AccountId::new(buyer),
                            seller: AccountId::new(seller),
                            instrument,
                            quantity: Quantity::new(quantity),
                            price: Price::new(price),
                            buyer_fee: Amount::new(fee),
                            seller_fee: Amount::new(-fee.max(-i128::MAX)),
                        }
                        .into()
                    })
                })
            })
        })
    }));
}

#[test]
fn prices() {
    let start = feed::scenario::BEGINS_AT.nanos();
    let times = [i64::MIN, -1, 0, start - 1, start, start + 1, i64::MAX];
    let most = 100_000_000_000_000;
    let levels = WORDS.into_iter().chain([most, most + 1, most * 100, most * 100 + 1]);
    check(levels.flat_map(move |price| {
        [FeedRole::Index, FeedRole::Mark, FeedRole::Last].into_iter().flat_map(move |role| {
            NUMBERS.into_iter().flat_map(move |target| {
                times.into_iter().flat_map(move |at| {
                    [i64::MIN, 0, i64::MAX].map(|confidence| {
                        PublishPrice {
                            feed: Feed { role, target },
                            source: u32::MAX,
                            price: Price::new(price),
                            confidence: Price::new(confidence),
                            published_at: Timestamp::from_nanos(at),
                        }
                        .into()
                    })
                })
            })
        })
    }));
}

#[test]
fn rates() {
    let limits = [-40_000_000_001, -40_000_000_000, 40_000_000_000, 40_000_000_001];
    check(instruments().flat_map(move |instrument| {
        WORDS
            .into_iter()
            .chain(limits)
            .map(move |rate| PublishFunding { instrument, rate: Rate::new(rate) }.into())
    }));
}

#[test]
fn rulebooks() {
    let rules = plain();
    let changed = |change: fn(&mut domain::Rulebook)| {
        let mut rulebook = rules.clone();
        change(&mut rulebook);
        Command::from(SetRulebook { rulebook })
    };
    check(
        [
            changed(|_| ()),
            changed(|rules| rules.assets.clear()),
            changed(|rules| rules.instruments.clear()),
            changed(|rules| rules.numeraire = AssetId::new(u32::MAX)),
            changed(|rules| rules.assets.iter_mut().for_each(|asset| asset.decimals = u8::MAX)),
            changed(|rules| rules.assets[0].balance_max = Amount::new(i128::MAX)),
            changed(|rules| rules.assets[0].balance_max = Amount::new(1)),
            changed(|rules| rules.assets[0].deposit_cap = Amount::new(i128::MAX)),
            changed(|rules| rules.assets[0].deposit_cap = Amount::new(1)),
            changed(|rules| rules.assets[1].price_max = Price::new(i64::MAX)),
            changed(|rules| rules.assets[1].price_max = Price::new(1)),
            changed(|rules| rules.assets[1].haircuts.clear()),
            changed(|rules| rules.instruments[0].price_decimals = u8::MAX),
            changed(|rules| rules.instruments[0].tiers.clear()),
            changed(|rules| rules.instruments[0].lot = Quantity::new(i64::MAX)),
            changed(|rules| rules.instruments[0].position_max = Quantity::new(1)),
            changed(|rules| rules.instruments[0].settles = AssetId::new(u32::MAX)),
            changed(|rules| rules.limits.positions_per_account = u16::MAX),
            changed(|rules| rules.limits.steps_per_event = u32::MAX),
            changed(|rules| {
                rules.liquidation.step_interval = domain::Duration::from_nanos(i64::MAX)
            }),
            changed(|rules| {
                rules.liquidation.interest_step = domain::Duration::from_nanos(i64::MAX)
            }),
            changed(|rules| rules.liquidation.dust = u64::MAX),
            changed(|rules| rules.waterfall.layers.clear()),
        ]
        .into_iter(),
    );
}

/// Time itself: a pulse and a price at the end of it, with interest, an expiry and a queue due.
#[test]
fn the_end_of_time() {
    let rules = plain();
    let mut earlier = events(&rules, BOOK);
    let mut last = earlier.pop().expect("a last event");
    let book = machine(&earlier);
    for nanos in [last.timestamp.nanos() + 1, i64::MAX / 2, i64::MAX - 1, i64::MAX] {
        let mut house = book.clone();
        last.timestamp = Timestamp::from_nanos(nanos);
        let price = PublishPrice {
            feed: Feed::mark(InstrumentId::new(0)),
            source: 0,
            price: Price::new(10_000_000_000),
            confidence: Price::new(0),
            published_at: last.timestamp,
        };
        let mut event = last.clone();
        event.command = price.into();
        assert!(!answer(&mut house, &event).is_empty());
        for count in 1..=3 {
            let mut pulse = last.clone();
            pulse.sequence = event.sequence.next();
            pulse.producer = domain::event::HOUSE_PRODUCER;
            pulse.producer_seq = house.producer_seq(pulse.producer) + 1;
            pulse.command = Pulse {}.into();
            answer(&mut house, &pulse);
            event = pulse;
            assert_eq!(house.check_invariants(), Ok(()), "pulse {count} at {nanos}");
        }
        assert!(house.next_pulse().is_none_or(|due| due >= last.timestamp), "{nanos}");
    }
}
