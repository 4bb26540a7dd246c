//! Goal: what a table says is what is read, and what it cannot say is refused with its place.
//! Method: small tables parsed under one rulebook; faults compared by code, place and sentence.

use domain::command::{Deposit, PublishPrice, RegisterTrade};
use domain::{AccountId, Amount, AssetId, Command, Feed, InstrumentId, Price, Quantity};

use super::{Act, BEGINS_AT, Scenario, parse};
use crate::error::FeedErrors;

const RULEBOOK: &str = r#"
schema = "clearsim.rulebook/1"
numeraire = "USD"
[assets.USD]
decimals = 2
balance_max = "1000000"
[assets.BTC]
decimals = 8
price_max = "1000000"
balance_max = "1000"
haircut = "0.1"
[instruments.BTC-PERP]
kind = "perpetual"
settles = "USD"
price_unit = "1e-8"
quantity_unit = "1e-8"
price_max = "1000000"
position_max = "1000"
initial = "0.02"
release = "0.0125"
maintenance = "0.01"
slippage = "0.005"
"#;

fn read(table: &str) -> Result<Scenario, FeedErrors> {
    parse("t.scn", table, &|_| crate::rulebook::parse("r.toml", RULEBOOK))
}

fn commands(table: &str) -> Vec<Command> {
    let scenario = read(table).expect("the table parses");
    let sent = scenario.lines.into_iter().filter_map(|line| match line.act {
        Act::Send { command, .. } => Some(command),
        _ => None,
    });
    sent.collect()
}

#[test]
fn commands_carry_integers_of_their_units() {
    let sent = commands("1 deposit alice USD 1_000.25\n2 deposit bob BTC 7u\n");
    let [_, first, _, second] = sent.as_slice() else { panic!("two openings, two deposits") };
    let (alice, bob) = (AccountId::new(0), AccountId::new(1));
    let (usd, btc) = (AssetId::new(0), AssetId::new(1));
    let cents = Deposit { account: alice, asset: usd, amount: Amount::new(100_025) };
    let units = Deposit { account: bob, asset: btc, amount: Amount::new(7) };
    assert_eq!((first, second), (&cents.into(), &units.into()));
}

#[test]
fn trades_and_prices_have_optional_parts() {
    let sent = commands(
        "accounts a b\n1 trade a b BTC-PERP 0.5 at 100 fees 1 0.25\n\
         2 mark BTC-PERP 100 confidence 1 source 3 ago 2s\n3 index BTC 99\n",
    );
    let instrument = InstrumentId::new(0);
    let trade = RegisterTrade {
        buyer: AccountId::new(0),
        seller: AccountId::new(1),
        instrument,
        quantity: Quantity::new(50_000_000),
        price: Price::new(10_000_000_000),
        buyer_fee: Amount::new(100),
        seller_fee: Amount::new(25),
    };
    let mark = PublishPrice {
        feed: Feed::mark(instrument),
        source: 3,
        price: Price::new(10_000_000_000),
        confidence: Price::new(100_000_000),
        published_at: domain::Timestamp::from_nanos(BEGINS_AT.nanos() - 2_000_000_000),
    };
    assert_eq!(sent[2..4], [trade.into(), mark.into()]);
    let Command::PublishPrice(index) = &sent[4] else { panic!("an index price") };
    assert_eq!(index.published_at, BEGINS_AT);
}

#[test]
fn overrides_and_time_are_read() {
    let table = "# A title.\nrulebook any\nset oracle.stale_after=5s\n\n\
        time 2026-01-02T00:00:00Z\n1 pulse\nwait 90s -> nothing\n\
        2 set limits.opponents_max=7 ; liquidation.dust=3\n";
    let scenario = read(table).expect("the table parses");
    assert_eq!(scenario.title, "A title.");
    assert_eq!(scenario.rulebook.oracle.stale_after.nanos(), 5_000_000_000);
    assert_eq!(scenario.begins_at.nanos() - BEGINS_AT.nanos(), 86_400_000_000_000);
    let Act::Wait { until } = scenario.lines[1].act else { panic!("a wait") };
    assert_eq!(until.nanos() - scenario.begins_at.nanos(), 90_000_000_000);
    let Act::Send { command: Command::SetRulebook(set), .. } = &scenario.lines[2].act else {
        panic!("a rulebook")
    };
    assert_eq!((set.rulebook.limits.opponents_max, set.rulebook.liquidation.dust), (7, 3));
}

#[test]
fn effects_go_on_over_lines() {
    let scenario = read("accounts a\n1 deposit a USD 1\n -> Deposited a USD 1\n -> Refused\n")
        .expect("the table parses");
    let expected = scenario.lines[1].expected.as_ref().expect("two effects");
    assert_eq!(expected.len(), 2);
    assert_eq!(expected[0].fields.len(), 3);
}

#[test]
fn faults_name_their_place() {
    for (table, code, line, column, says) in [
        ("1 deposit", "scenario.word", 1, 10, "expected an account, found the end of the line"),
        ("accounts a a", "scenario.name", 1, 12, "a new name of letters and digits"),
        ("accounts fees", "scenario.name", 1, 10, "a new name of letters and digits"),
        ("2 pulse", "scenario.order", 1, 1, "expected command number 1"),
        ("pulse", "scenario.word", 1, 1, "a numbered command"),
        ("1 deposit a EUR 1", "scenario.word", 1, 13, "an asset of the rulebook"),
        ("\n1 deposit a USD 0.001", "scenario.number", 2, 17, "a multiple of the unit 1e-2"),
        ("1 deposit a USD one", "scenario.number", 1, 17, "a decimal number"),
        ("1 deposit a USD xu", "scenario.number", 1, 17, ""),
        ("1 withdraw a USD 1", "scenario.word", 1, 12, "an account opened before"),
        ("1 pulse now", "scenario.word", 1, 9, "the end of the line"),
        ("1 pulse -> Deposit", "scenario.word", 1, 12, "an effect such as"),
        ("1 pulse -> Refused a b", "scenario.word", 1, 22, "a field of Refused: refusal"),
        ("1 pulse -> Refused why=b", "scenario.word", 1, 20, "a field of Refused: refusal"),
        ("accounts a b\n1 trade a b BTC-PERP 1", "scenario.word", 2, 23, "at and a price"),
        ("1 mark BTC-PERP 1 old 1s", "scenario.word", 1, 19, "ago or ahead"),
        ("1 mark BTC-PERP 1 ago 1", "scenario.word", 1, 23, "a span such as 10s"),
        ("wait soon", "scenario.word", 1, 6, "a span such as 10s"),
        ("wait 1s\ntime 2020-01-01T00:00Z", "scenario.word", 2, 6, "not before the lines above"),
        (" -> Refused", "scenario.word", 1, 1, "a command before its effects"),
        ("balances fees USD", "scenario.word", 1, 18, "an amount"),
        ("accounts a\nstatus a well", "scenario.word", 2, 10, "calm or liquidating"),
        ("accounts a\nqueue a b", "scenario.word", 2, 9, "an account opened before"),
        ("1 set limits.none=1", "rulebook.override", 1, 7, "one of "),
    ] {
        let errors = read(table).expect_err(table);
        let error = &errors.errors[0];
        let place = (error.place.line, error.place.column);
        assert_eq!(error.code, if says.is_empty() { "scenario.word" } else { code }, "{table}");
        assert_eq!(place, (Some(line), Some(column)), "{table}: {error}");
        assert!(error.sentence().contains(says), "{table}: {error}");
    }
}

#[test]
fn a_rulebook_that_cannot_be_had_is_refused() {
    let missing = |name: &str| crate::rulebook::load(std::path::Path::new(name));
    let errors = parse("t.scn", "rulebook nowhere\n", &missing).expect_err("no such file");
    assert_eq!(errors.errors[0].code, "rulebook.file");
    let errors = read("set oracle.stale_after=0s\n").expect_err("a broken rule");
    assert_eq!(errors.errors[0].code, "rulebook.rule");
}
