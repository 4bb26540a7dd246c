//! Goal: what others read from the tables is what the run did, to the last unit.
//! Method: the tiny day's tables read by DuckDB, Polars, pandas and pyarrow, as far as the Python
//! of CLEARSIM_PYTHON (else `python3`) has them; sums compared with `summary.json`. A library that
//! is not installed is named as skipped.

mod support;

#[path = "support/parquet.rs"]
mod parquet_file;

use std::path::Path;
use std::process::Command;

use parquet_file::Table;
use serde_json::{Map, Value};
use support::{runs, text, tiny};

/// What the libraries read, or why nothing was.
fn read_by_others(run: &Path) -> Result<Map<String, Value>, String> {
    let python = std::env::var("CLEARSIM_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/tables.py");
    let output = Command::new(&python).arg(script).arg(text(run)).output();
    let output = output.map_err(|error| format!("{python}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{python} could not read the tables:\n{said}");
    let answers: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    Ok(answers.as_object().expect("an object").clone())
}

/// Units of 1e-`places`.
fn units(value: &Value, places: usize) -> i128 {
    let text = value.as_str().expect("decimal text");
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    assert!(part.len() <= places, "{text} has more than {places} places");
    format!("{whole}{part:0<places$}").parse().expect("a decimal")
}

fn check(library: &str, found: &Value, document: &Value, run: &Path) {
    let (money, liquidated) = (&document["money"], &document["liquidated"]);
    let table = [
        ("deficit", &money["deficit"]),
        ("insurance_fund", &money["insurance_fund"]),
        ("deleveraged", &money["deleveraged"]),
        ("socialised", &money["socialised"]),
        ("uncovered", &money["uncovered"]),
        ("reduced_notional", &liquidated["reduced_notional"]),
        ("deleveraged_notional", &liquidated["deleveraged_notional"]),
    ];
    for (key, expected) in table {
        assert_eq!(units(&found[key], 16), units(expected, 16), "{library} {key}");
    }
    assert_eq!(found["rows"], document["counts"]["effects"], "{library}");
    // 2020-01-01T00:00:00Z.
    assert_eq!(found["first_nanos"], 1_577_836_800_000_000_000i64, "{library}");
    let ours = Table::read(&run.join("liquidations.parquet"));
    assert_eq!(found["started"], ours.rows() as u64, "{library}");
    let expected = ours.total("adjusted_equity");
    assert_eq!(units(&found["adjusted_equity"], 22), expected, "{library}: 22 places are kept");
}

#[test]
fn libraries_read_the_tables_exactly() {
    let folder = runs();
    let (run, document) = tiny(folder.path(), &[]);
    let answers = match read_by_others(&run) {
        Ok(answers) => answers,
        Err(reason) => {
            println!("skipped: no Python to read the tables with ({reason})");
            return;
        }
    };
    assert_eq!(answers.len(), 4, "every library has its answer");
    for (library, found) in &answers {
        if found.is_null() {
            println!("skipped: {library} is not installed");
        } else {
            check(library, found, &document, &run);
            println!("{library} reads the tables exactly");
        }
    }
}
