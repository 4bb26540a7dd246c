//! Goal: the tree keeps its shape; who breaks a rule is told what to do instead.
//!
//! Method: manifests, sources and fixtures are read as text and compared with the tables here and
//! in the modules: imports between crates, fences around the pure ones, words, lengths, doors,
//! titles, hashes. Every rule is tried on a planted breach as well, so that none passes by not
//! looking.

#[path = "tidy/fixtures.rs"]
mod fixtures;
#[path = "tidy/imports.rs"]
mod imports;
#[path = "tidy/purity.rs"]
mod purity;
#[path = "tidy/shape.rs"]
mod shape;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/words.rs"]
mod words;

use std::path::{Path, PathBuf};

/// The crates that can name no clock, file, thread or hash map.
const PURE: [&str; 3] = ["domain", "risk", "clearing"];

/// A text file of the tree.
struct Text {
    /// Path from the workspace root, with slashes.
    path: String,
    content: String,
}

impl Text {
    fn planted(path: &str, content: &str) -> Self {
        Self { path: path.to_owned(), content: content.to_owned() }
    }

    /// The crate it belongs to: `crates/risk/src/fill.rs` to `risk`, `replay/src/main.rs` to
    /// `replay`.
    fn krate(&self) -> &str {
        let path = self.path.strip_prefix("crates/").unwrap_or(&self.path);
        path.split('/').next().unwrap_or("")
    }

    fn is_source(&self) -> bool {
        self.path.contains("/src/")
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file below the root in sorted order, but for what is built, run or kept by git.
fn paths() -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the tree is readable") {
            let entry = entry.expect("an entry is readable");
            let name = entry.file_name().to_string_lossy().into_owned();
            let skipped = ["target", "runs", ".git"].contains(&name.as_str());
            if entry.path().is_dir() && !skipped {
                folders.push(entry.path());
            } else if !skipped {
                paths.push(entry.path());
            }
        }
    }
    paths.sort();
    paths
}

/// Path of a file from the root, with slashes.
fn relative(path: &Path) -> String {
    let path = path.strip_prefix(root()).expect("a path below the root");
    path.to_string_lossy().replace('\\', "/")
}

/// Every file with one of these endings that is text.
fn texts(endings: &[&str]) -> Vec<Text> {
    let mut texts = Vec::new();
    for path in paths() {
        let name = relative(&path);
        if !endings.iter().any(|ending| name.ends_with(ending)) {
            continue;
        }
        // A file may vanish between listing and reading while others work on the tree.
        let Ok(bytes) = std::fs::read(&path) else { continue };
        if let Ok(content) = String::from_utf8(bytes) {
            texts.push(Text { path: name, content });
        }
    }
    assert!(!texts.is_empty(), "no file ends in {endings:?}");
    texts
}

/// Fails with every finding, one a line.
fn report(findings: &[String]) {
    assert!(findings.is_empty(), "{} findings\n{}", findings.len(), findings.join("\n"));
}
