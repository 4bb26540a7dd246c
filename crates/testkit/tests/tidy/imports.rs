//! The import table of the crates, and the outside crates that only one room may name.

use super::source::{code, identifiers};
use super::{PURE, Text, report, texts};
use toml::{Table, Value};

/// Which of our crates each may import. A new edge needs a paragraph in DECISIONS.md.
const IMPORTS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("risk", &["domain"]),
    ("clearing", &["domain", "risk"]),
    ("store", &["domain"]),
    ("feed", &["domain"]),
    ("runtime", &["domain", "clearing", "store"]),
    ("testkit", &["domain", "risk", "clearing", "feed"]),
    ("replay", &["domain", "risk", "clearing", "store", "feed", "runtime"]),
    ("benches", &["domain", "risk", "clearing", "store", "feed", "runtime", "testkit", "replay"]),
];

/// All that a pure crate may depend on besides ours.
const PURE_DEPENDENCIES: [&str; 4] = ["serde", "thiserror", "blake3", "xxhash-rust"];

/// Outside crates and the only files that may name them; a path ending in `/` is a folder. Tests,
/// benches and examples of the same crate may as well.
const CONFINED: &[(&str, &[&str])] = &[
    ("bincode", &["crates/store/src/codec.rs", "crates/store/src/codec/"]),
    ("sled", &["crates/store/src/"]),
    (
        "tokio",
        &[
            "crates/runtime/src/gateway.rs",
            "crates/runtime/src/gateway/",
            "replay/src/serve.rs",
            "replay/src/serve/",
            "replay/src/verbs/serve.rs",
        ],
    ),
    ("rust_decimal", &["crates/feed/", "replay/"]),
    ("arrow_array", &["replay/src/tables/"]),
    ("arrow_schema", &["replay/src/tables/"]),
    ("parquet", &["replay/src/tables/"]),
    ("dashu_ratio", &["crates/testkit/", "replay/src/conformance/"]),
    ("dashu_int", &["crates/testkit/", "replay/src/conformance/"]),
];

fn manifests() -> Vec<Text> {
    let mut manifests = texts(&["Cargo.toml"]);
    manifests.retain(|text| text.path != "Cargo.toml");
    manifests
}

/// Names of a manifest's dependencies; those of tests alone are free to look.
fn dependencies(manifest: &Text) -> Vec<String> {
    let table: Table = manifest.content.parse().expect("a manifest is TOML");
    let mut names = Vec::new();
    for section in ["dependencies", "build-dependencies"] {
        if let Some(Value::Table(section)) = table.get(section) {
            names.extend(section.keys().cloned());
        }
    }
    names
}

fn import_findings(manifests: &[Text]) -> Vec<String> {
    let mut findings = Vec::new();
    let ours: Vec<&str> = IMPORTS.iter().map(|(name, _)| *name).collect();
    for manifest in manifests {
        let name = manifest.krate();
        let Some((_, allowed)) = IMPORTS.iter().find(|(known, _)| *known == name) else {
            findings.push(format!("{}: {name} is missing in the import table", manifest.path));
            continue;
        };
        for other in dependencies(manifest) {
            let known = ours.contains(&other.as_str());
            if known && !allowed.contains(&other.as_str()) {
                findings.push(format!("{name} must not import {other}"));
            }
            if !known && PURE.contains(&name) && !PURE_DEPENDENCIES.contains(&other.as_str()) {
                findings.push(format!(
                    "{name} must not depend on {other}: pure crates have {} and no more",
                    PURE_DEPENDENCIES.join(", ")
                ));
            }
        }
    }
    findings
}

fn confined_findings(sources: &[Text]) -> Vec<String> {
    let mut findings = Vec::new();
    for text in sources.iter().filter(|text| text.is_source()) {
        let code = code(&text.content);
        for (outside, rooms) in CONFINED {
            let inside = rooms.iter().any(|room| text.path.starts_with(room));
            if !inside && identifiers(&code).any(|(word, _)| word == *outside) {
                let rooms = rooms.join(", ");
                findings.push(format!("{}: only {rooms} may name {outside}", text.path));
            }
        }
    }
    findings
}

#[test]
fn crates_import_one_way() {
    let manifests = manifests();
    assert_eq!(manifests.len(), IMPORTS.len(), "one manifest for each row of the table");
    report(&import_findings(&manifests));
}

#[test]
fn outside_crates_stay_in_their_rooms() {
    report(&confined_findings(&texts(&[".rs"])));
}

#[test]
fn a_planted_edge_is_found() {
    let planted =
        |path, name| Text::planted(path, &format!("[dependencies]\n{name}.workspace = true\n"));
    for (path, name, says) in [
        ("crates/store/Cargo.toml", "clearing", "store must not import clearing"),
        ("replay/Cargo.toml", "testkit", "replay must not import testkit"),
        ("crates/risk/Cargo.toml", "rust_decimal", "risk must not depend on rust_decimal"),
        ("crates/new/Cargo.toml", "domain", "new is missing in the import table"),
    ] {
        let findings = import_findings(&[planted(path, name)]);
        assert!(findings.iter().any(|finding| finding.contains(says)), "{findings:?}");
    }
    let tests = "[dev-dependencies]\nclearing.workspace = true\n";
    assert!(import_findings(&[Text::planted("crates/store/Cargo.toml", tests)]).is_empty());
    let named = Text::planted("crates/store/src/seal.rs", "use bincode::Options; // sled\n");
    assert_eq!(confined_findings(&[named]).len(), 1);
}
