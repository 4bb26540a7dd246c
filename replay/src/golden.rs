//! Golden files: what a day must come to under a rulebook, down to the digest.
//!
//! `fixtures/golden/<day>.<rulebook>` holds the semantics, the count of events, a line per seal and
//! the state digest at the end, so that a difference names the first seal that differs. Beside it,
//! `<day>.<rulebook>.json` holds the summary without what depends on the place and the computer.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::failure::{Answer, Failure};

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Golden {
    /// Version of the machine's behaviour.
    pub semantics: u32,
    /// Events in the journal.
    pub events: u64,
    /// Sequence, seal digest and effect digest of each seal.
    pub seals: Vec<(u64, [u8; 16], [u8; 16])>,
    /// State digest at the end.
    pub state: [u8; 32],
}

impl Golden {
    /// The text of the file.
    pub fn text(&self) -> String {
        let mut text = format!("semantics {}\nevents {}\n", self.semantics, self.events);
        for (sequence, seal, effects) in &self.seals {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "seal {sequence} {} {}", hex(seal), hex(effects));
        }
        let _ = writeln!(text, "state {}", hex(&self.state));
        text
    }
}

/// The first line in which two texts differ: line, expected, found.
pub fn difference(expected: &str, found: &str) -> Option<(usize, String, String)> {
    let (mut theirs, mut ours) = (expected.lines(), found.lines());
    for line in 1.. {
        match (theirs.next(), ours.next()) {
            (None, None) => return None,
            (theirs, ours) if theirs == ours => {}
            (theirs, ours) => {
                let text = |line: Option<&str>| line.unwrap_or("the end").trim().to_owned();
                return Some((line, text(theirs), text(ours)));
            }
        }
    }
    None
}

/// A run's document without what depends on the place and the computer, and without the comparison
/// with published figures, which follows from the rest.
pub fn summary(document: &Value) -> String {
    let mut document = document.clone();
    if let Value::Object(fields) = &mut document {
        for name in ["wall", "run", "next", "published"] {
            fields.shift_remove(name);
        }
    }
    let mut text = serde_json::to_string_pretty(&document).expect("a JSON value is JSON");
    text.push('\n');
    text
}

/// The golden file of a day's folder under a rulebook, whether it exists or not.
pub fn path(day: &Path, rulebook: &str) -> Option<PathBuf> {
    let day = std::path::absolute(day).ok()?;
    let name = day.file_name()?.to_string_lossy().into_owned();
    let fixtures = day.parent()?.parent()?;
    Some(fixtures.join("golden").join(format!("{name}.{rulebook}")))
}

/// The summary that stands beside a golden file.
pub fn summary_path(golden: &Path) -> PathBuf {
    let mut path = golden.as_os_str().to_owned();
    path.push(".json");
    PathBuf::from(path)
}

/// Writes a file of the golden folder.
///
/// # Errors
/// The disk.
pub fn write(path: &Path, text: &str) -> Answer<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| Failure::io("create", folder, &error))?;
    std::fs::write(path, text).map_err(|error| Failure::io("write", path, &error))
}

/// Lowercase hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_the_first_line() {
        let golden = Golden {
            semantics: 1,
            events: 5_000,
            seals: vec![(4_096, [1; 16], [2; 16])],
            state: [3; 32],
        };
        let text = golden.text();
        assert_eq!(difference(&text, &text), None);
        let other = text.replace("seal 4096 01", "seal 4096 11");
        let (line, expected, found) = difference(&other, &text).expect("it differs");
        assert_eq!(line, 3);
        assert!(expected.starts_with("seal 4096 11") && found.starts_with("seal 4096 01"));
        let short = "semantics 1\nevents 5000\n";
        assert_eq!(difference(short, &text).expect("it differs").1, "the end");
    }
}
