//! Goal: what is shown reads back the same, defaults are what the file says, and each fault names
//! its place. Method: the whole shape once, tables of small changes, the fixtures.

use std::path::PathBuf;

use domain::rulebook::{InstrumentKind, Layer, PriceMode};
use domain::{Amount, AssetId, InstrumentId, Price, Quantity, Quote, Rate, Ratio, Value};

use super::*;

const WHOLE: &str = r#"
schema = "clearsim.rulebook/1"
numeraire = "USD"
[assets.USD]
decimals = 2
balance_max = "1000000000"
[assets.BTC]
decimals = 8
price_max = "1000000"
balance_max = "1000"
deposit_cap = "5000"
tiers = [{ up_to = "100", haircut = "0.05" }, { haircut = "0.1" }]
liability_weight = "1.1"
slippage = "0.01"
utilisation_max = "0.9"
interest = { fee_share = "0.1", points = [
    { utilisation = "0", rate = "0" },
    { utilisation = "0.7", rate = "0.1" },
    { utilisation = "1", rate = "2" },
] }
[instruments.BTC-USD]
kind = "spot"
settles = "USD"
price_unit = "1e-8"
quantity_unit = "1e-8"
price_max = "1000000"
position_max = "1000"
[instruments.BTC-PERP]
kind = "perpetual"
settles = "USD"
price_unit = "1e-2"
quantity_unit = "1e-14"
lot = "0.001"
price_max = "1000000"
position_max = "1000"
tiers = [
    { up_to = "150000000", initial = "0.025", release = "0.02", maintenance = "1/80" },
    { initial = "1/20", release = "1/30", maintenance = "1/40" },
]
slippage = "0.005"
liquidation_fee = "0.0000001"
band = "0.02"
rate_max = "0.003"
[instruments.BTC-PERP.liquidity]
exponent = "0.5"
venues = [
    { name = "own", depth = "20000000", half_spread = "0.0001" },
    { name = "other", depth = "1.5" },
]
routing = "first"
arbitrage = "30s"
mark_weight = "0.5"
stress = { at = "0.0102", recovery = "12h" }
[instruments.BTC-0924]
kind = "future"
underlying = "BTC"
expires_at = "2024-09-27T08:00:00Z"
settles = "BTC"
price_unit = "1"
quantity_unit = "1e-16"
price_max = "10"
position_max = "10"
initial = "0.1"
release = "0.08"
maintenance = "0.05"
slippage = "0.005"
liquidity = { model = "square_root", volatility = "0.025", venues = [
    { name = "own", depth = "50000" },
] }
[liquidity]
price_mode = "differential"
[oracle]
stale_after = "90s"
last_guard = "0.3"
[liquidation]
policy = "partial"
dust = 50
[waterfall]
layers = ["deleveraging", "insurance_fund"]
insurance_fund = "0.001"
[limits]
accounts_max = 5
"#;

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/rulebooks")
}

#[test]
fn every_field_arrives_in_its_unit() {
    let rulebook = parse("whole.toml", WHOLE).expect("the whole shape is valid");
    assert_eq!(rulebook.numeraire, AssetId::new(0));
    let usd = &rulebook.assets[0];
    assert_eq!(usd.price_max, Price::new(10i64.pow(14)));
    assert_eq!(usd.balance_max, Amount::new(10i128.pow(11)));
    assert_eq!(usd.deposit_cap, Amount::new(10i128.pow(13)));
    let btc = &rulebook.assets[1];
    assert_eq!(btc.haircuts.len(), 2);
    assert_eq!(btc.haircuts[0].up_to, Some(Amount::new(10i128.pow(10))));
    assert_eq!(btc.interest.points[2].rate, Rate::new(2_000_000_000_000));
    assert_eq!(rulebook.instruments[0].kind, InstrumentKind::Spot { base: AssetId::new(1) });
    let perpetual = &rulebook.instruments[1];
    assert_eq!(perpetual.kind, InstrumentKind::Perpetual { underlying: AssetId::new(1) });
    assert_eq!(perpetual.lot, Quantity::new(10i64.pow(11)));
    assert_eq!(perpetual.price_max, Price::new(100_000_000));
    assert_eq!(perpetual.tiers[0].up_to, Some(Value::new(150_000_000 * 10i128.pow(16))));
    assert_eq!(Some(perpetual.tiers[1].release), Ratio::new(1, 30));
    assert_eq!(Some(perpetual.liquidation_fee), Ratio::new(1, 10_000_000));
    assert_eq!(rulebook.instruments[2].settles, AssetId::new(1));
    assert_eq!(rulebook.waterfall.layers[1], Layer::InsuranceFund);
    let depth = rulebook.sections.liquidity.market(InstrumentId::new(1)).expect("has depth");
    assert_eq!(depth.venues[1].depth, Quote::new(15 * 10i128.pow(15)));
    let stress = depth.stress.expect("has a regime");
    assert_eq!(
        (stress.level, stress.severe_at),
        (Ratio::from_parts(100_000), stress.at.plus(stress.at).expect("small"))
    );
    assert_eq!(rulebook.sections.liquidity.price_mode, PriceMode::Differential);
    assert_eq!(rulebook.limits.accounts_max, 5);
    assert_eq!(rulebook.limits.opponents_max, 1_000);
}

#[test]
fn what_is_shown_reads_back() {
    let rulebook = parse("whole.toml", WHOLE).expect("the whole shape is valid");
    let shown = show(&rulebook);
    assert_eq!(parse("shown", &shown).expect("the effective form is valid"), rulebook);
    assert_eq!(show(&parse("shown", &shown).expect("valid")), shown);
    assert!(shown.contains("settle_window = \"30m\""), "{shown}");
    assert!(shown.contains("maintenance = \"0.025\""), "{shown}");
    assert!(shown.contains("release = \"1/30\""), "{shown}");
}

#[test]
fn ratios_print_as_people_write_them() {
    let table = [
        ((1, 50), "0.02"),
        ((1, 30), "1/30"),
        ((1, 10_000_000), "0.0000001"),
        ((3, 2), "1.5"),
        ((0, 1), "0"),
    ];
    for ((numerator, denominator), text) in table {
        let ratio = Ratio::new(numerator, denominator).expect("a valid ratio");
        assert_eq!(show::ratio_text(ratio), text);
    }
}

fn overridden(text: &str) -> String {
    let rulebook = parse("whole.toml", WHOLE).expect("the whole shape is valid");
    match with_overrides(&rulebook, &[text.to_owned()]) {
        Ok(changed) => show(&changed),
        Err(errors) => errors.to_string(),
    }
}

#[test]
fn overrides_reach_figures_and_refuse_the_rest() {
    let table = [
        ("assets.BTC.tiers[0].haircut=0.04", "haircut = \"0.04\""),
        ("assets.BTC.slippage=\"0.02\"", "slippage = \"0.02\""),
        ("oracle.stale_after=2m", "stale_after = \"2m\""),
        ("liquidation.dust=7", "dust = 7"),
        ("instruments.BTC-PERP.liquidity.venues[1].depth=7", "depth = \"7\""),
        ("instruments.BTC-PERP.liquidity.stress.level=0.2", "level = \"0.2\""),
        ("waterfall.layers=[\"socialised\"]", "layers = [\"socialised\"]"),
        ("instruments.BTC-PERP.tiers[1].maintenance=1/41", "maintenance = \"1/41\""),
        ("assets.BTC.haircuts=0.1", "expected one of balance_max, "),
        ("assets.DOGE.slippage=0.1", "expected one of BTC, USD, found \"DOGE\""),
        ("assets.BTC=1", "expected the path of a single figure, found a table"),
        ("assets.BTC.slippage", "expected path=value"),
        ("assets.BTC.slippage.x=1", "expected a path that ends at a figure, found \"x\""),
        ("assets.BTC.tiers[9].haircut=0", "expected a place in the list, found \"[9]\""),
        ("liquidation.dust=x", "expected an integer, found \"x\""),
        (
            "assets.BTC.slippage=2",
            "assets.BTC.slippage\n   help: given by --set assets.BTC.slippage=2",
        ),
        ("instruments.BTC-PERP.slippage=0.03", "slippage (0.03) must be below maintenance"),
    ];
    for (text, part) in table {
        let printed = overridden(text);
        assert!(printed.replace("found [9]", "found \"[9]\"").contains(part), "{text}: {printed}");
    }
    assert!(overridden("oracle.nothing=1").contains("error[rulebook.override]"));
}

/// Every choice of `[liquidation]` by its word, and figures of some.
#[test]
fn choices_of_liquidation_read_back() {
    let rulebook = parse("whole.toml", WHOLE).expect("the whole shape is valid");
    let table = [
        "policy=full",
        "policy=all_at_once",
        "policy=slice",
        "policy=cover",
        "policy=share",
        "policy=clips",
        "accounts=id",
        "accounts=notional_descending",
        "accounts=fillable_gap",
        "accounts=rotating_offset",
        "targets=riskiest_liability_first",
        "targets=futures_first_delta_reducing",
        "insurance_fee=requirement_room",
        "insurance_fee=fill_delta",
        "price.function=fillable",
        "price.function=health_discount",
        "price.function=dutch",
        "price.function=stair",
        "price.function=lot_then_bid",
        "sales.unsold=[\"BTC\"]",
        "sales.close_factor={ share = \"0.5\" }",
        "caps.notional_per_account=7",
        "caps.insurance_per_account=0",
        "caps.first={ above = 5 }",
        "keepers.delay=30s",
        "keepers.notional_per_event=0",
        "hand_over.line=2/3",
        "hand_over.backstop=3",
    ];
    for text in table {
        let changed = with_overrides(&rulebook, &[format!("liquidation.{text}")]);
        let changed = changed.unwrap_or_else(|errors| panic!("{text}: {errors}"));
        assert_ne!(changed.sections.selling, rulebook.sections.selling, "{text}");
        let shown = show(&changed);
        assert_eq!(parse("shown", &shown).as_ref(), Ok(&changed), "{text}\n{shown}");
        assert_eq!(show(&parse("shown", &shown).expect("valid")), shown, "{text}");
    }
    let hedged = ["price.function=dutch", "keepers.hedge=true"];
    let hedged = with_overrides(&rulebook, &hedged.map(|set| format!("liquidation.{set}")));
    let hedged = hedged.expect("takers of an auction may hedge where there is depth");
    assert!(hedged.sections.takers.hedge);
    assert_eq!(parse("shown", &show(&hedged)), Ok(hedged));
    // What belongs to the choice made before goes with it.
    let sets = ["policy=share", "sizing.initial=0.2", "policy=clips", "sizing.notional=5"];
    let sets = sets.map(|set| format!("liquidation.{set}"));
    assert!(with_overrides(&rulebook, &sets).is_ok());
    assert!(overridden("liquidation.price.bonus=0.1").contains("nothing there under this price"));
    assert!(overridden("liquidation.nothing=1").contains("nothing"));
}

#[test]
fn the_committed_schema_is_the_generated_one() {
    let path = fixtures().join("rulebook.schema.json");
    if std::env::var_os("CLEARSIM_BLESS").is_some() {
        std::fs::write(&path, schema()).expect("the fixtures can be written");
    }
    let committed = std::fs::read_to_string(&path).expect("the schema is committed");
    assert_eq!(committed, schema(), "run this test with CLEARSIM_BLESS=1 and commit the file");
}

#[test]
fn fixtures_are_valid_and_read_back() {
    let mut count = 0;
    for entry in std::fs::read_dir(fixtures()).expect("the fixtures exist") {
        let path = entry.expect("a readable folder").path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            let rulebook = load(&path).unwrap_or_else(|errors| panic!("{errors}"));
            assert_eq!(parse("shown", &show(&rulebook)).as_ref(), Ok(&rulebook));
            count += 1;
        }
    }
    assert!(count >= 1);
}

/// A broken file closes with the message it must give, line by line after `#> `.
#[test]
fn each_broken_fixture_gives_its_message() {
    let mut count = 0;
    let mut paths: Vec<PathBuf> = std::fs::read_dir(fixtures().join("bad"))
        .expect("the broken fixtures exist")
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    paths.sort();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a readable fixture");
        let expected: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("#> ")).collect();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.expect("a file has a name");
        let head: String = text
            .lines()
            .filter(|line| !line.starts_with("#> "))
            .map(|l| format!("{l}\n"))
            .collect();
        let printed = match parse(&name, &text) {
            Ok(_) => format!("{name}: is valid"),
            Err(errors) => errors.to_string(),
        };
        if std::env::var_os("CLEARSIM_BLESS").is_some() {
            let tail: String = printed.lines().map(|line| format!("#> {line}\n")).collect();
            std::fs::write(&path, head + &tail).expect("the fixtures can be written");
            count += 1;
            continue;
        }
        assert_eq!(printed, expected.join("\n"), "{name} gives\n{printed}");
        count += 1;
    }
    assert!(count >= 30, "only {count} broken fixtures");
}

#[test]
fn a_missing_file_is_unavailable() {
    let errors = load(&fixtures().join("absent.toml")).expect_err("there is no such file");
    assert_eq!(errors.class(), crate::error::ErrorClass::Unavailable);
    assert!(errors.to_string().contains("error[rulebook.file]"));
}
