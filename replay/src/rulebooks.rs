//! Where a rulebook's name leads, and what it says after `--set`.

use std::path::{Path, PathBuf};

use domain::Rulebook;
use feed::rulebook;

use crate::failure::Answer;

/// Folder of named rulebooks, from the root of the repository.
const FOLDER: &str = "fixtures/rulebooks";

/// A rulebook with the name it is shown under.
#[derive(Debug, Clone)]
pub struct Named {
    /// The name, or the file's name without its ending.
    pub name: String,
    /// The rules, overrides applied.
    pub rules: Rulebook,
}

/// Finds and reads a rulebook: a path if it looks like one, else a name in `fixtures/rulebooks` of
/// the working folder or of the tree that `beside` (a market day) stands in.
///
/// # Errors
/// No such file; what does not fit in it, or in `overrides`.
pub fn find(word: &str, beside: Option<&Path>, overrides: &[String]) -> Answer<Named> {
    let path = locate(word, beside);
    let rules = rulebook::load(&path)?;
    let rules = rulebook::with_overrides(&rules, overrides)?;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    Ok(Named { name: stem.unwrap_or_else(|| word.to_owned()), rules })
}

/// The file that a word means, whether it exists or not.
pub fn locate(word: &str, beside: Option<&Path>) -> PathBuf {
    let is_path = word.ends_with(".toml") || word.contains(std::path::MAIN_SEPARATOR);
    if is_path {
        return PathBuf::from(word);
    }
    let file = format!("{word}.toml");
    let here = Path::new(FOLDER).join(&file);
    let above = beside.and_then(|folder| {
        let fixtures = std::path::absolute(folder).ok()?.parent()?.parent()?.to_owned();
        Some(fixtures.join("rulebooks").join(&file))
    });
    match above {
        Some(above) if !here.is_file() && above.is_file() => above,
        _ => here,
    }
}
