//! One table for each refusal.

use super::{answer, events, machine, plain};
use domain::command::{BaselineImpact, Genesis, OpenAccount, PublishPriceWithBaseline, Pulse};
use domain::{AccountId, Command, Effect, Event, InstrumentId, Refusal};

/// A refusal, the table whose last event earns it, and what is changed in that event first.
type Entry = (Refusal, &'static str, fn(&mut Event));

const AS_WRITTEN: fn(&mut Event) = |_| ();

/// Two accounts, a long and a short of 10 BTC-PERP at 100 with little and with much collateral.
macro_rules! two {
    ($rest:literal) => {
        concat!(
            "accounts alice bob\n1 deposit alice USD 150\n2 deposit bob USD 10_000\n",
            "3 mark BTC-PERP 100\n4 trade alice bob BTC-PERP 10 at 100\n",
            $rest
        )
    };
}

const ENTRIES: &[Entry] = &[
    (Refusal::ProducerDuplicate, "1 deposit alice USD 1\n", |event| event.producer_seq -= 1),
    (Refusal::ProducerGap, "1 deposit alice USD 1\n", |event| event.producer_seq += 1),
    (Refusal::GenesisMissing, "", |event| event.command = Pulse {}.into()),
    (Refusal::GenesisRepeated, "accounts alice\n", |event| event.command = genesis()),
    (Refusal::SemanticsUnsupported, "", |event| genesis_of(event).semantics = 99),
    (Refusal::SealIntervalInvalid, "", |event| genesis_of(event).seal_interval = 0),
    (Refusal::SealIntervalInvalid, "", |event| {
        genesis_of(event).seal_interval = (1 << 24) + 1;
    }),
    (Refusal::RulebookInvalid, "", |event| genesis_of(event).rulebook.assets.clear()),
    (Refusal::RulebookInvalid, "1 set again\n", |event| {
        if let Command::SetRulebook(set) = &mut event.command {
            set.rulebook.limits.accounts_max = 0;
        }
    }),
    (Refusal::RulebookImmutable, "1 set assets.USD.decimals=6 -> Refused\n", AS_WRITTEN),
    (Refusal::PulseForeign, "accounts alice\n", |event| event.command = Pulse {}.into()),
    (Refusal::AccountNotNext, "accounts alice\n1 open @3 -> Refused\n", AS_WRITTEN),
    (Refusal::AccountNotNext, "accounts alice\n1 open @0 -> Refused\n", AS_WRITTEN),
    (
        Refusal::AccountsMaxExceeded,
        "set limits.accounts_max=1\naccounts alice\n1 open bob -> Refused\n",
        AS_WRITTEN,
    ),
    (Refusal::AccountUnknown, "accounts alice\n1 deposit @1 USD 1 -> Refused\n", AS_WRITTEN),
    (
        Refusal::AccountRepeated,
        "1 deposit alice USD 1\n2 transfer alice alice USD 1 -> Refused\n",
        AS_WRITTEN,
    ),
    (Refusal::AssetUnknown, "accounts alice\n1 deposit alice @3 1 -> Refused\n", AS_WRITTEN),
    (Refusal::InstrumentUnknown, "1 halt @4 -> Refused\n", AS_WRITTEN),
    (Refusal::InstrumentKindUnfit, "1 funding BTC-USD 0.01 -> Refused\n", AS_WRITTEN),
    (Refusal::AmountNotPositive, "accounts alice\n1 withdraw alice USD 0 -> Refused\n", AS_WRITTEN),
    (
        Refusal::QuantityNotPositive,
        two!("5 trade alice bob BTC-PERP 0 at 100 -> Refused\n"),
        AS_WRITTEN,
    ),
    (
        Refusal::QuantityNotInLots,
        "set instruments.BTC-PERP.lot=0.5\naccounts alice bob\n\
         1 trade alice bob BTC-PERP 0.7 at 100 -> Refused\n",
        AS_WRITTEN,
    ),
    (Refusal::PriceNotPositive, "1 mark BTC-PERP 0 -> Refused\n", AS_WRITTEN),
    (Refusal::PriceMaxExceeded, "1 mark BTC-PERP 1_000_000.00000001 -> Refused\n", AS_WRITTEN),
    (Refusal::PriceOfNumeraire, "1 index USD 1 -> Refused\n", AS_WRITTEN),
    (Refusal::ConfidenceNegative, "1 index BTC 1 confidence -1u -> Refused\n", AS_WRITTEN),
    (Refusal::PublishedInFuture, "1 index BTC 1 ahead 1ns -> Refused\n", AS_WRITTEN),
    (Refusal::PublishedBackwards, "1 index BTC 1\n2 index BTC 1 ago 1ns -> Refused\n", AS_WRITTEN),
    (
        Refusal::FeeNegative,
        two!("5 trade alice bob BTC-PERP 1 at 100 fees 0 -1u -> Refused\n"),
        AS_WRITTEN,
    ),
    (
        Refusal::FeeExceedsQuote,
        two!("5 trade alice bob BTC-PERP 1 at 100 fees 100.00000001 0 -> Refused\n"),
        AS_WRITTEN,
    ),
    (Refusal::RateMaxExceeded, "1 funding BTC-PERP -0.040000000001 -> Refused\n", AS_WRITTEN),
    (
        Refusal::InstrumentExpired,
        "1 index BTC 100\nwait 1h\n2 mark BTC-FUT 100 -> Refused\n",
        AS_WRITTEN,
    ),
    (Refusal::InstrumentHalted, "1 halt BTC-PERP\n2 halt BTC-PERP -> Refused\n", AS_WRITTEN),
    (Refusal::InstrumentNotHalted, "1 resume BTC-PERP -> Refused\n", AS_WRITTEN),
    (Refusal::PriceMissing, "1 funding BTC-PERP 0 -> Refused\n", AS_WRITTEN),
    (Refusal::PriceStale, two!("wait 61m\n5 withdraw alice USD 1 -> Refused\n"), AS_WRITTEN),
    (
        Refusal::DepositCapExceeded,
        "set assets.USD.deposit_cap=10\n1 deposit alice USD 6\n2 deposit bob USD 5 -> Refused\n",
        AS_WRITTEN,
    ),
    (
        Refusal::DepositCapExceeded,
        "set assets.USD.deposit_cap=10\n1 capital USD 6\n2 capital USD 5 -> Refused\n",
        AS_WRITTEN,
    ),
    (
        Refusal::BalanceMaxExceeded,
        "1 deposit alice BTC 1_000\n2 deposit alice BTC 1u -> Refused\n",
        AS_WRITTEN,
    ),
    (
        Refusal::PositionMaxExceeded,
        two!("5 trade alice bob BTC-PERP 99_990.00000001 at 100 -> Refused\n"),
        AS_WRITTEN,
    ),
    (
        Refusal::PositionsPerAccountExceeded,
        concat!(
            "set limits.positions_per_account=1\naccounts alice bob\n",
            "1 deposit alice USD 150\n2 deposit bob USD 10_000\n3 mark BTC-PERP 100\n",
            "4 trade alice bob BTC-PERP 1 at 100\n5 mark ETH-PERP 100\n",
            "6 trade alice bob ETH-PERP 1 at 100 -> Refused\n"
        ),
        AS_WRITTEN,
    ),
    (
        Refusal::AccountLiquidating,
        two!(
            "5 halt BTC-PERP\n6 mark BTC-PERP 88\n -> PricePublished, LiquidationStarted\n \
             -> StepSkipped\n7 withdraw alice USD 1 -> Refused\n"
        ),
        AS_WRITTEN,
    ),
    (
        Refusal::PriceOutsideBand,
        two!("5 mark BTC-PERP 92\n6 trade bob alice BTC-PERP 1 at 87.39 -> Refused\n"),
        AS_WRITTEN,
    ),
    (
        Refusal::ShortfallRises,
        two!("5 mark BTC-PERP 92\n6 trade bob alice BTC-PERP 1 at 87.4 fees 0 5 -> Refused\n"),
        AS_WRITTEN,
    ),
    (
        Refusal::EquityNegative,
        concat!(
            "set limits.steps_per_event=1\naccounts alice bob carol\n",
            "1 deposit alice USD 120\n2 deposit bob USD 110\n3 deposit carol USD 10_000\n",
            "4 mark BTC-PERP 100\n5 trade alice carol BTC-PERP 10 at 100\n",
            "6 trade bob carol BTC-PERP 10 at 100\n7 capital USD 1_000\n8 mark BTC-PERP 87\n",
            " -> PricePublished, LiquidationStarted bob, DeficitRecognised, InsuranceDrawn\n",
            " -> PositionReduced, PnlRealised, LiquidationEnded, CascadeLimited\n",
            "9 trade carol alice BTC-PERP 1 at 87 -> Refused\n"
        ),
        AS_WRITTEN,
    ),
    (
        Refusal::CollateralInsufficient,
        two!("5 withdraw alice USD 50.00000001 -> Refused\n"),
        AS_WRITTEN,
    ),
    (
        Refusal::UtilisationMaxExceeded,
        "set assets.USD.utilisation_max=0.5\n1 deposit lender USD 100\n2 deposit alice BTC 1\n\
         3 index BTC 1_000\n4 withdraw alice USD 50.00000001 -> Refused\n",
        AS_WRITTEN,
    ),
    (Refusal::DepthUnfit, "1 depth BTC-PERP 0 100 -> Refused\n", AS_WRITTEN),
    (Refusal::BaselineUnfit, "1 mark BTC-PERP 100\n", |event| {
        if let Command::PublishPrice(price) = &event.command {
            let baseline = vec![BaselineImpact {
                instrument: InstrumentId::new(0),
                wave: 0,
                permanent: 0,
                transient: 0,
                gap: 0,
                since: event.timestamp,
            }];
            event.command = PublishPriceWithBaseline { price: price.clone(), baseline }.into();
        }
    }),
];

fn genesis() -> Command {
    Genesis { semantics: clearing::SEMANTICS, seal_interval: 64, rulebook: plain() }.into()
}

fn genesis_of(event: &mut Event) -> &mut Genesis {
    match &mut event.command {
        Command::Genesis(genesis) => genesis,
        other => panic!("a genesis, found {}", other.word()),
    }
}

/// Length of what may change: semantics, cursor and producer table (domain::canonical layout).
fn changeable(bytes: &[u8]) -> usize {
    let options = 4 + 4 * 8 + 16;
    let interest = if bytes[options] == 0 { 1 } else { 9 };
    let queue = if bytes[options + interest] == 0 { 1 } else { 9 };
    let table = options + interest + queue;
    let length = bytes[table..table + 8].try_into().expect("eight bytes");
    table + 8 + 12 * u64::from_le_bytes(length) as usize
}

#[test]
fn every_refusal_is_reached_in_declared_order() {
    let order: Vec<Refusal> = ENTRIES.iter().map(|(refusal, ..)| *refusal).collect();
    assert!(order.is_sorted(), "the tables stand in the order of the refusals");
    let mut reached = order.clone();
    reached.dedup();
    assert_eq!(reached, Refusal::ALL, "a table for each refusal");
    let rules = plain();
    for (refusal, table, twist) in ENTRIES {
        let mut events = events(&rules, table);
        let mut last = events.pop().expect("at least genesis");
        twist(&mut last);
        let mut house = machine(&events);
        let before = house.to_bytes();
        let followed = answer(&mut house, &last);
        assert_eq!(followed, [Effect::Refused { refusal: *refusal }], "{table}");
        let after = house.to_bytes();
        let (old, new) = (changeable(&before), changeable(&after));
        assert!(before[old..] == after[new..], "{refusal:?} changed more than its place in line");
        assert_eq!(house.check_invariants(), Ok(()), "{refusal:?}");
    }
}

#[test]
fn a_refused_command_counts_its_producer_unless_it_was_a_resend_or_a_gap() {
    let rules = plain();
    let mut events = events(&rules, "accounts alice\n1 deposit alice USD 1\n");
    let last = events.pop().expect("a deposit");
    for (sent, counted) in [(1, 2), (2, 2), (3, 3), (4, 2)] {
        let mut house = machine(&events);
        let command = OpenAccount { account: AccountId::new(7) }.into();
        let event = Event { producer_seq: sent, command, ..last.clone() };
        let followed = answer(&mut house, &event);
        assert!(matches!(followed.as_slice(), [Effect::Refused { .. }]), "{followed:?}");
        assert_eq!(house.producer_seq(last.producer), counted, "sent as number {sent}");
    }
}
