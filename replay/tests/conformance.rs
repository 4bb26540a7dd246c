//! Goal: vector files are judged by what stands in them alone, faults are named to the field.
//! Method: the fixtures' files, the same with a figure or an id changed, tables of broken ones, and
//! the recorded files where they are at hand.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::{check, root, runs, text};

fn fixtures() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("fixtures/vectors")).expect("a folder of fixtures");
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    paths
}

/// A folder with the series that the fixtures' files name.
fn beside_series() -> tempfile::TempDir {
    let folder = runs();
    let to = folder.path().join("series");
    fs::create_dir(&to).expect("a writable folder");
    let from = fs::read_dir(root().join("fixtures/vectors/series")).expect("a folder of series");
    for file in from.flatten() {
        fs::copy(file.path(), to.join(file.file_name())).expect("a readable file");
    }
    folder
}

fn judge(exit: i32, paths: &[PathBuf], more: &[&str]) -> support::Answer {
    let names: Vec<&str> = paths.iter().map(|path| text(path)).collect();
    check(exit, &[&["conformance"], &names[..], more].concat())
}

fn write(folder: &Path, name: &str, value: &Value) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, value.to_string()).expect("a writable folder");
    path
}

/// One vector in a file of its own.
fn file(vector: Value) -> Value {
    json!({ "system": "Somewhere", "vectors": [vector] })
}

fn ramp(more: Value) -> Value {
    let mut vector = json!({
        "id": "a", "kind": "liquidation_fee_ramp",
        "inputs": { "base_fee": "1", "max_fee": "9", "slots_since_active": "4" },
        "expected": { "fee": "1" }, "tolerance": { "mode": "exact" },
    });
    let fields = vector.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    vector
}

#[test]
fn every_vector_of_the_fixtures_passes() {
    let answer = judge(0, &fixtures(), &[]);
    let head = answer.out.lines().next().expect("a head");
    for word in ["house", "kind", "passed / total", "waiting"] {
        assert!(head.contains(word), "{head}");
    }
    let all = answer.out.lines().find(|line| line.starts_with("all ")).expect("a last row");
    let counts: Vec<&str> = all.split_whitespace().collect();
    assert_eq!((counts[1], counts[4]), (counts[3], "0"), "{all}");
    let document = judge(0, &fixtures(), &["--json"]);
    assert!(document.out.starts_with("{\"schema\":\"clearsim.conformance/1\""), "{}", document.out);
    let rows = document.json()["rows"].as_array().expect("rows").len();
    assert!(rows >= 30, "only {rows} kinds");
}

#[test]
fn nothing_depends_on_an_id_or_the_order() {
    let folder = beside_series();
    let mut renamed = Vec::new();
    for path in fixtures() {
        let text = fs::read_to_string(&path).expect("a readable file");
        let mut file: Value = serde_json::from_str(&text).expect("a document");
        let vectors = file["vectors"].as_array_mut().expect("a list");
        vectors.reverse();
        for (place, vector) in vectors.iter_mut().enumerate() {
            vector["id"] = json!(format!("v{place}"));
            vector["source"] = Value::Null;
        }
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        renamed.push(write(folder.path(), name, &file));
    }
    judge(0, &renamed, &[]);
}

#[test]
fn a_changed_figure_fails_and_is_named() {
    let folder = beside_series();
    let wrong = ramp(json!({ "expected": { "fee": "2" } }));
    let path = write(folder.path(), "wrong.json", &file(wrong));
    let answer = judge(1, std::slice::from_ref(&path), &[]);
    let said = format!("failed   {}: a: expected.fee: expected 2, found 1", path.display());
    assert!(answer.out.contains(&said), "{}", answer.out);
    let document = judge(1, &[path], &["--json"]).json();
    assert_eq!(document["failures"][0]["path"], "expected.fee");
    assert_eq!(document["rows"][0]["failed"], 1);
    // Every figure of the fixtures is compared: each one changed fails.
    for path in fixtures() {
        let text = fs::read_to_string(&path).expect("a readable file");
        let original: Value = serde_json::from_str(&text).expect("a document");
        let mut changed = original.clone();
        let vectors = changed["vectors"].as_array_mut().expect("a list");
        vectors.retain(|vector| vector["expected"]["rejected"].is_null());
        for vector in vectors.iter_mut() {
            disturb(&mut vector["expected"]);
        }
        let count = u64::try_from(vectors.len()).expect("a count");
        let path = write(folder.path(), "disturbed.json", &changed);
        let document = judge(1, &[path], &["--json"]).json();
        let failed = document["rows"].as_array().expect("rows").iter();
        let failed: u64 = failed.filter_map(|row| row["failed"].as_u64()).sum();
        assert_eq!(failed, count, "{document}");
    }
}

/// Changes the first figure or decision inside; true where there was one.
fn disturb(value: &mut Value) -> bool {
    match value {
        Value::String(figure) if figure.parse::<f64>().is_ok() => {
            *value = json!("123456.789");
            true
        }
        Value::Number(_) => {
            *value = json!(123_456.789);
            true
        }
        Value::Bool(truth) => {
            *value = json!(!*truth);
            true
        }
        Value::Object(object) if object.contains_key("approx") => {
            *value = json!("123456.789");
            true
        }
        Value::Object(object) => object.values_mut().any(disturb),
        Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_string) => {
            // Figures or words in order: one that is neither.
            items[0] = json!(if items[0] == "none" { "book" } else { "123456.789" });
            true
        }
        Value::Array(items) => items.iter_mut().any(disturb),
        _ => false,
    }
}

#[test]
fn what_no_rule_answers_waits() {
    let folder = runs();
    for (name, vector, why) in [
        ("kind", ramp(json!({ "kind": "tea_leaves" })), "no model for tea_leaves of Somewhere"),
        (
            "figure",
            ramp(json!({ "expected": { "fee": "1", "colour": "7" } })),
            "not answered: expected.colour",
        ),
        (
            "words",
            ramp(json!({ "expected": { "remark": "nothing to compare" } })),
            "nothing is expected that could be compared",
        ),
    ] {
        let path = write(folder.path(), name, &file(vector));
        let answer = judge(0, &[path], &["--all"]);
        assert!(answer.out.contains("0 / 1") && answer.out.contains(why), "{}", answer.out);
    }
    // A series lies beside the file, and nowhere else.
    for name in ["absent.json", "../series/pnl_101.json", "/etc/hostname", ""] {
        let vector = ramp(json!({
            "kind": "historical_pnl", "inputs": { "pnl_file": name }, "expected": { "q01": "1" },
        }));
        let path = write(folder.path(), "series", &file(vector));
        let answer = judge(0, &[path], &["--all"]);
        assert!(answer.out.contains("inputs.pnl_file is not at hand"), "{}", answer.out);
    }
    let none = write(folder.path(), "none", &json!({ "system": "Somewhere", "vectors": [] }));
    judge(4, &[none], &[]);
    let remark = ramp(json!({ "expected": { "fee": "1", "paid_by": "the fund" } }));
    let remark = write(folder.path(), "remark", &file(remark));
    assert!(judge(0, &[remark], &[]).out.contains("1 / 1"));
    // Missing inputs mean nothing; a refusal that is expected is met by a refusal alone.
    let bare = ramp(json!({ "inputs": {}, "expected": { "fee": "0" } }));
    judge(0, &[write(folder.path(), "bare", &file(bare))], &[]);
    let refusal = ramp(json!({ "expected": { "rejected": true } }));
    let answer = judge(1, &[write(folder.path(), "refusal", &file(refusal))], &[]);
    assert!(answer.out.contains("expected a refusal, found figures"), "{}", answer.out);
}

#[test]
fn faults_name_file_vector_and_field() {
    let folder = runs();
    let table = [
        (json!([]), "an object with system and vectors"),
        (json!({ "vectors": [] }), "at file.system"),
        (json!({ "system": "S" }), "at file.vectors"),
        (json!({ "system": "S", "vectors": [7] }), "at file.vectors[0]"),
        (file(ramp(json!({ "id": 7 }))), "at file.vectors[0].id"),
        (file(ramp(json!({ "kind": null }))), "at file.vectors[0].kind"),
        (file(ramp(json!({ "inputs": "none" }))), "at file.vectors[0].inputs"),
        (file(ramp(json!({ "expected": null }))), "at file.vectors[0].expected"),
        (file(ramp(json!({ "tolerance": { "mode": "near" } }))), "at a: tolerance.mode"),
        (file(ramp(json!({ "tolerance": { "mode": "scaled" } }))), "at a: tolerance.value"),
        (file(ramp(json!({ "inputs": { "base_fee": "1,5" } }))), "at a: inputs.base_fee"),
        (file(ramp(json!({ "inputs": { "base_fee": [] } }))), "at a: inputs.base_fee"),
        (file(ramp(json!({ "inputs": { "base_fee": "1e999999" } }))), "at a: inputs.base_fee"),
        (file(ramp(json!({ "inputs": { "base_fee": { "ratio": "1/0" } } }))), "inputs.base_fee"),
        (file(ramp(json!({ "expected": { "fee": "one" } }))), "at a: expected.fee"),
        (file(ramp(json!({ "expected": { "rejected": "no" } }))), "at a: expected.rejected"),
        (
            json!({ "system": "S", "vectors": [ramp(json!({})), ramp(json!({}))] }),
            "at file.vectors[1].id",
        ),
    ];
    for (place, (value, part)) in table.into_iter().enumerate() {
        let name = format!("fault-{place}.json");
        let path = write(folder.path(), &name, &value);
        let answer = judge(2, &[path], &[]);
        assert!(answer.said.contains("error[vectors.field]"), "{value}: {}", answer.said);
        assert!(
            answer.said.contains(part) && answer.said.contains(&name),
            "{value}: {}",
            answer.said
        );
        let passed =
            answer.out.lines().any(|line| line.starts_with("all") && line.contains("1 / "));
        assert!(!passed && !answer.out.contains("error"), "faults stand on stderr");
    }
    // The others are judged all the same, and every fault is said.
    let bad = |id: &str| ramp(json!({ "id": id, "inputs": { "base_fee": {} } }));
    let mixed = json!({ "system": "S", "vectors": [bad("x"), ramp(json!({})), bad("y")] });
    let answer = judge(2, &[write(folder.path(), "mixed.json", &mixed)], &[]);
    assert!(answer.out.contains("1 / 3"), "{}", answer.out);
    for part in ["at x: inputs.base_fee", "at y: inputs.base_fee"] {
        assert!(answer.said.contains(part), "{}", answer.said);
    }
    let broken = folder.path().join("broken.json");
    fs::write(&broken, "{ \"system\": ").expect("a writable folder");
    assert!(judge(2, &[broken], &[]).said.contains("broken.json:1:"));
    let missing = folder.path().join("missing.json");
    assert!(judge(3, &[missing], &[]).said.contains("error[io.missing]"));
    let usage = check(2, &["conformance"]);
    assert!(usage.said.contains("required"), "{}", usage.said);
}

#[test]
fn recorded_vectors_do_not_fail() {
    let named = std::env::var_os("CLEARSIM_VECTORS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| root().join("../shared/vectors"));
    let Ok(entries) = fs::read_dir(&folder) else {
        println!("skipped: no vectors at {}", folder.display());
        return;
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    let document = judge(0, &paths, &["--json"]).json();
    let rows = document["rows"].as_array().expect("rows");
    // Whole houses of this issue pass: nothing of them may wait.
    for house in ["Mango v4", "Drift protocol-v2", "dYdX v4-chain"] {
        let of: Vec<&Value> = rows.iter().filter(|row| row["house"] == house).collect();
        assert!(of.iter().all(|row| row["waiting"] == 0), "{house}: {of:?}");
    }
}
