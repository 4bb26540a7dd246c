//! Fences of the pure crates: no standard library, no float, no unsafe code.

use super::source::{code, identifiers, test_lines};
use super::{PURE, Text, report, texts};

/// Where a float must be named to be refused: serde's trait for writers has a method for each.
const REFUSED_HERE: &str = "crates/domain/src/canonical/write.rs";

fn door_findings(doors: &[Text]) -> Vec<String> {
    let mut findings = Vec::new();
    for door in doors {
        for line in ["#![no_std]", "#![forbid(unsafe_code)]", "#![deny(clippy::float_arithmetic"] {
            if !door.content.lines().any(|found| found.starts_with(line)) {
                findings.push(format!("{}: a pure crate opens with {line}", door.path));
            }
        }
    }
    findings
}

fn fence_findings(sources: &[Text]) -> Vec<String> {
    let mut findings = Vec::new();
    for text in sources.iter().filter(|text| PURE.contains(&text.krate()) && text.is_source()) {
        let code = code(&text.content);
        let tests = test_lines(&code);
        let in_tests = text.path.ends_with("/tests.rs");
        for (word, line) in identifiers(&code) {
            let wrong = match word {
                "f32" | "f64" if text.path == REFUSED_HERE => continue,
                "f32" | "f64" => "floats differ between machines: hold integers with a unit",
                "std" => "pure crates know core and alloc; std is for their unit tests",
                "unsafe" => "unsafe code is forbidden in pure crates",
                _ => continue,
            };
            if !in_tests && !tests.contains(&line) {
                findings.push(format!("{}:{line}: `{word}`: {wrong}", text.path));
            }
        }
    }
    findings
}

#[test]
fn pure_crates_are_fenced() {
    let doors: Vec<Text> =
        texts(&["/src/lib.rs"]).into_iter().filter(|text| PURE.contains(&text.krate())).collect();
    assert_eq!(doors.len(), PURE.len());
    report(&door_findings(&doors));
    report(&fence_findings(&texts(&[".rs"])));
    let fences = texts(&["clippy.toml"]);
    for name in ["risk", "clearing", "domain"] {
        let fence = fences.iter().find(|text| text.krate() == name);
        let fence = fence.unwrap_or_else(|| panic!("crates/{name}/clippy.toml is missing"));
        for kind in ["f32", "f64"] {
            let line = format!("path = \"{kind}\"");
            assert!(fence.content.contains(&line), "{}: disallow {kind}", fence.path);
        }
    }
}

#[test]
fn a_planted_float_is_found() {
    let check = |content: &str, count: usize| {
        let findings = fence_findings(&[Text::planted("crates/risk/src/new.rs", content)]);
        assert_eq!(findings.len(), count, "{content}: {findings:?}");
    };
    check("fn rate(share: f64) -> f32 { 0 }\n", 2);
    check("extern crate std;\n", 1);
    check("#[cfg(test)]\nextern crate std;\n", 0);
    check("// f64 is banned\nlet said = \"f64\";\n", 0);
    check("#[cfg(test)]\nmod tests {\n    use std::vec;\n}\nuse std::vec;\n", 1);
    let bare = Text::planted("crates/risk/src/lib.rs", "//! Door.\n#![no_std]\n");
    assert_eq!(door_findings(&[bare]).len(), 2);
}
