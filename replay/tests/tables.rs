//! Goal: the tables hold what the run did, exactly, and are the same bytes in every run.
//! Method: the tiny day through the program twice, its Parquet files read back and summed.

mod support;

#[path = "support/parquet.rs"]
mod parquet_file;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use parquet_file::Table;
use replay::tables::{INDEX_PLACES, PLACES, RATE_PLACES, WEIGHTED_PLACES};
use serde_json::Value;
use support::{check, runs, text, tiny};

/// Every table of a run.
const TABLES: [&str; 9] = [
    "effects",
    "accounts",
    "holdings",
    "liquidations",
    "steps",
    "deleveraging",
    "waterfall",
    "marks",
    "metrics",
];

fn table(run: &Path, name: &str) -> Table {
    Table::read(&run.join(format!("{name}.parquet")))
}

/// Units of 1e-16 of a decimal of the summary.
fn units(document: &Value) -> i128 {
    let text = document.as_str().expect("money is text");
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<16}").parse().expect("a decimal")
}

fn record(run: &Path) -> Value {
    let text = fs::read_to_string(run.join("run.json")).expect("it is there");
    serde_json::from_str(&text).expect("it is JSON")
}

#[test]
fn two_runs_give_the_same_bytes_of_everything_but_what_may_differ() {
    let (one, two) = (runs(), runs());
    let (first, _) = tiny(one.path(), &[]);
    let (second, _) = tiny(two.path(), &["--batch", "64", "--snapshot-every", "300"]);
    let mut compared = Vec::new();
    for entry in fs::read_dir(&first).expect("a run directory") {
        let name = entry.expect("an entry").file_name();
        let (path, other) = (first.join(&name), second.join(&name));
        let may_differ = ["summary.json", "run.json", "latency.hlog", "log.jsonl"];
        if path.is_file() && !may_differ.contains(&name.to_string_lossy().as_ref()) {
            let bytes = |path: &Path| fs::read(path).expect("a file of the run");
            assert!(bytes(&path) == bytes(&other), "{name:?} differs");
            compared.push(name.to_string_lossy().into_owned());
        }
    }
    let tables = TABLES.iter().map(|name| format!("{name}.parquet"));
    let mut expected: Vec<String> =
        ["report.html", "rulebook.toml"].map(str::to_owned).into_iter().chain(tables).collect();
    expected.sort_unstable();
    compared.sort_unstable();
    assert_eq!(compared, expected, "the report, the rulebook and every table");
    let stable = |run: &Path| {
        let mut record = record(run);
        record["wall"] = Value::Null;
        record
    };
    assert_eq!(stable(&first), stable(&second));
}

#[test]
fn sums_over_the_tables_are_those_of_the_summary() {
    let folder = runs();
    let (run, document) = tiny(folder.path(), &[]);
    let effects = table(&run, "effects");
    let count = |key: &str| document["counts"][key].as_u64().expect("a count") as usize;
    assert_eq!(effects.rows(), count("effects"));
    let kind = |word: &str| effects.rows_where("kind", word);
    let money = &document["money"];
    let layers = table(&run, "waterfall");
    let per_layer = [
        ("deficit", "deficit_recognised", "deficit"),
        ("insurance_fund", "insurance_drawn", "insurance_fund"),
        ("deleveraged", "deficit_deleveraged", "deleveraging"),
        ("socialised", "loss_socialised", "socialised"),
        ("uncovered", "loss_uncovered", "uncovered"),
    ];
    let (liquidations, metrics) = (table(&run, "liquidations"), table(&run, "metrics"));
    for (key, effect, layer) in per_layer {
        let expected = units(&money[key]);
        assert_eq!(effects.sum("value", &kind(effect)), expected, "effects {key}");
        let rows = layers.rows_where("layer", layer);
        assert_eq!(layers.sum("value", &rows), expected, "waterfall {key}");
        assert_eq!(liquidations.total(key), expected, "liquidations {key}");
        assert_eq!(metrics.total(key), expected, "metrics {key}");
    }
    assert!(units(&money["deficit"]) > 0, "the tiny day holds bankruptcies");
    let liquidated = &document["liquidated"];
    for (key, column) in
        [("reduced_notional", "reduced_notional"), ("deleveraged_notional", "deleveraged_notional")]
    {
        let expected = units(&liquidated[key]);
        assert_eq!(liquidations.total(column), expected, "{key}");
        assert_eq!(metrics.total(column), expected, "{key}");
    }
    let steps = table(&run, "steps");
    let reduced = steps.rows_where("kind", "position_reduced");
    assert_eq!(steps.sum("notional", &reduced), units(&liquidated["reduced_notional"]));
    let deleveraging = table(&run, "deleveraging");
    assert_eq!(deleveraging.rows() as u64, liquidated["deleveragings"].as_u64().expect("a count"));
    assert_eq!(deleveraging.total("notional"), units(&liquidated["deleveraged_notional"]));
    assert_eq!(metrics.ids_total("events"), count("events") as u64);
    assert_eq!(metrics.ids_total("effects"), count("effects") as u64);
    let mut accounts = liquidations.ids("account");
    accounts.sort_unstable();
    accounts.dedup();
    assert_eq!(accounts.len() as u64, liquidated["accounts"].as_u64().expect("a count"));
}

#[test]
fn every_table_is_ordered_typed_and_named() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &[]);
    let recorded = record(&run);
    let recorded = recorded["tables"].as_array().expect("a list of tables");
    assert_eq!(recorded.len(), TABLES.len());
    for (name, written) in TABLES.iter().zip(recorded) {
        let read = table(&run, name);
        let version =
            if ["liquidations", "steps", "marks", "metrics"].contains(name) { 2 } else { 1 };
        assert_eq!(read.schema_id(), format!("clearsim.{name}/{version}"));
        assert_eq!(written["schema"], read.schema_id(), "{name}");
        assert_eq!(written["rows"], read.rows() as u64, "{name}");
        let bytes = fs::read(run.join(format!("{name}.parquet"))).expect("a table");
        assert_eq!(written["blake3"], blake3::hash(&bytes).to_hex().as_str(), "{name}");
        assert!(read.rows() > 0, "{name} has rows on the tiny day");
        assert_eq!(read.first_columns(), ["sequence", "ordinal", "timestamp"], "{name}");
        let order: Vec<(u64, u64)> =
            read.ids("sequence").into_iter().zip(read.ids("ordinal")).collect();
        assert!(order.is_sorted_by(|one, next| one < next), "{name} is in order");
        for (column, scale) in read.decimals() {
            let expected = match column.as_str() {
                "rate" => RATE_PLACES,
                "funding_index" => INDEX_PLACES,
                "adjusted_equity" | "maintenance" | "initial_margin" | "release_margin"
                | "maintenance_margin" => WEIGHTED_PLACES,
                _ => PLACES,
            };
            assert_eq!(scale, expected, "{name}.{column}");
        }
    }
}

#[test]
fn causes_lead_to_effects_that_exist_and_came_before() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &[]);
    let effects = table(&run, "effects");
    let place: Vec<(u64, u64)> =
        effects.ids("sequence").into_iter().zip(effects.ids("ordinal")).collect();
    let kinds = effects.words("kind");
    let by_place: BTreeMap<(u64, u64), &Option<String>> =
        place.iter().copied().zip(&kinds).collect();
    let (sequences, ordinals) =
        (effects.optional_ids("cause_sequence"), effects.optional_ids("cause_ordinal"));
    let mut traced = 0;
    for ((own, kind), cause) in place.iter().zip(&kinds).zip(sequences.iter().zip(&ordinals)) {
        let sequence = cause.0.expect("every effect has the event of its cause");
        let Some(ordinal) = cause.1 else {
            assert_eq!(sequence, own.0, "without an effect the cause is the event itself");
            continue;
        };
        let from = by_place.get(&(sequence, *ordinal)).expect("the cause is an effect of the run");
        assert!((sequence, *ordinal) < *own, "{kind:?} came before its cause {from:?}");
        traced += 1;
        let from = from.as_deref().expect("a kind");
        let expected: &[&str] = match kind.as_deref().expect("a kind") {
            "insurance_drawn" | "deficit_deleveraged" | "loss_socialised" | "loss_uncovered" => {
                &["deficit_recognised"]
            }
            "position_reduced" | "collateral_sold" | "deficit_recognised" | "deleveraged"
            | "liquidation_ended" => &["liquidation_started"],
            _ => &["liquidation_started", "position_reduced", "deleveraged", "collateral_sold"],
        };
        assert!(expected.contains(&from), "{kind:?} from {from}");
    }
    assert!(traced > 0, "the tiny day holds liquidations");
    let started = effects.rows_where("kind", "liquidation_started");
    let numbers: Vec<u64> = effects.ids_at("liquidation", &started);
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "numbered in order");
}

#[test]
fn the_last_figures_of_accounts_balance() {
    let folder = runs();
    let (run, document) = tiny(folder.path(), &[]);
    let accounts = table(&run, "accounts");
    let end = accounts.rows_where("reason", "end");
    let count = document["accounts"].as_u64().expect("a count");
    assert!(accounts.ids_at("account", &end).into_iter().eq(0..count), "everybody, once");
    let holdings = table(&run, "holdings");
    let last = *accounts.ids("sequence").last().expect("rows");
    let ordinals = holdings.ids("sequence");
    let positions = holdings.rows_where("holding", "position");
    let at_end: Vec<usize> = positions.into_iter().filter(|row| ordinals[*row] == last).collect();
    // The liquidity account holds the other side of every forced trade.
    let steps = table(&run, "steps");
    let reduced = steps.rows_where("kind", "position_reduced");
    for instrument in ["BTC-PERP", "ETH-PERP"] {
        let of = |table: &Table, rows: &[usize]| {
            let words = table.words("instrument");
            let own = |row: &usize| words[*row].as_deref() == Some(instrument);
            table.sum("quantity", &rows.iter().copied().filter(own).collect::<Vec<_>>())
        };
        assert_eq!(of(&holdings, &at_end), of(&steps, &reduced), "{instrument}");
    }
}

#[test]
fn what_a_backstop_took_over_is_seen() {
    let folder = runs();
    let sets = ["--set", "liquidation.hand_over.line=2/3"];
    let backstop = ["--set", "liquidation.hand_over.backstop=199"];
    let (run, document) = tiny(folder.path(), &[sets, backstop].concat());
    let expected = units(&document["liquidated"]["taken_over_notional"]);
    assert!(expected > 0, "the backstop account took something over: {document}");
    assert_eq!(table(&run, "liquidations").total("taken_over_notional"), expected);
    assert_eq!(table(&run, "metrics").total("taken_over_notional"), expected);
    let steps = table(&run, "steps");
    let taken = steps.rows_where("kind", "position_taken_over");
    assert_eq!(steps.sum("notional", &taken), expected);
    assert!(steps.ids_at("counterparty", &taken).iter().all(|account| *account == 199));
    let (run, document) = tiny(folder.path(), &[]);
    assert_eq!(document["liquidated"]["taken_over_notional"], Value::Null);
    assert_eq!(table(&run, "liquidations").total("taken_over_notional"), 0);
}

/// Columns of `marks` that only runs with depth fill.
const OF_DEPTH: [&str; 8] = [
    "recorded",
    "venue_depth",
    "depth_level",
    "impact_permanent",
    "impact_transient",
    "impact_gap",
    "consumed_by_sells",
    "consumed_by_buys",
];

#[test]
fn marks_hold_impact_and_depth_where_depth_is_finite() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &[]);
    let plain = table(&run, "marks");
    for column in OF_DEPTH {
        assert_eq!(plain.count(column), 0, "{column} is null without depth");
    }
    let depth = ["--rulebook", "depth", "--price-mode", "synthetic"];
    let (run, document) = tiny(folder.path(), &depth);
    let (marks, effects) = (table(&run, "marks"), table(&run, "effects"));
    let kinds =
        [("impact", "impact_moved"), ("moved", "mark_moved"), ("depth", "depth_level_fell")];
    for (role, kind) in kinds {
        let (rows, told) = (marks.rows_where("role", role), effects.rows_where("kind", kind));
        assert!(!rows.is_empty(), "the tiny day has {kind}");
        assert_eq!(rows.len(), told.len(), "{kind}");
        assert_eq!(marks.ids_at("sequence", &rows), effects.ids_at("sequence", &told), "{kind}");
        assert_eq!(
            marks.count_at("depth_level", &rows),
            rows.len(),
            "{role} rows say what is left"
        );
    }
    let (rows, told) =
        (marks.rows_where("role", "impact"), effects.rows_where("kind", "impact_moved"));
    for column in ["impact_permanent", "impact_transient", "impact_gap"] {
        assert_eq!(marks.sum(column, &rows), effects.sum(column, &told), "{column}");
    }
    assert!(marks.sum("consumed_by_sells", &rows) > 0, "liquidations of a fall sell");
    let moved = marks.rows_where("role", "moved");
    let told = effects.rows_where("kind", "mark_moved");
    assert_eq!(marks.sum("price", &moved), effects.sum("mark", &told), "the mark in force");
    assert_eq!(marks.sum("recorded", &moved), effects.sum("price", &told), "the recorded one");
    // The levels of the tiny day are known from its own report of impact.
    assert!(document["feedback"]["induced"].is_u64(), "{document}");
    let prices = marks.rows()
        - kinds.iter().map(|(_, kind)| effects.rows_where("kind", kind).len()).sum::<usize>();
    let published = effects.rows_where("kind", "price_published").len();
    assert_eq!(prices, published + effects.rows_where("kind", "price_flagged").len());
}

#[test]
fn a_run_can_do_without_tables() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &["--no-tables"]);
    assert_eq!(record(&run)["tables"], serde_json::json!([]));
    assert!(!run.join("effects.parquet").exists());
    // The tables decide nothing, so the id is the same.
    let runs = text(folder.path());
    let again = check(0, &["day", "fixtures/days/tiny", "--runs", runs]);
    assert!(again.said.contains("equals the earlier run"), "{}", again.said);
}

#[test]
fn a_picked_log_is_the_same_table() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &[]);
    let whole = folder.path().join("whole.parquet");
    let log = |more: &[&str]| {
        let arguments = [&["log", text(&run), "--format", "parquet"], more].concat();
        let output = support::clearsim(&arguments).output().expect("the program starts");
        (output.status.code(), output.stdout)
    };
    let (exit, bytes) = log(&[]);
    assert_eq!(exit, Some(0));
    fs::write(&whole, &bytes).expect("it can be written");
    assert!(bytes == fs::read(run.join("effects.parquet")).expect("a table"), "the same bytes");
    let liquidations = table(&run, "liquidations");
    let accounts = liquidations.ids("account");
    let starts = accounts.iter().filter(|account| **account == accounts[0]).count();
    let (exit, bytes) = log(&["--account", &accounts[0].to_string()]);
    assert_eq!(exit, Some(0));
    fs::write(&whole, &bytes).expect("it can be written");
    let picked = Table::read(&whole);
    assert_eq!(picked.rows_where("kind", "liquidation_started").len(), starts);
    assert_eq!(log(&["--from", "999999999"]), (Some(1), Vec::new()));
}
