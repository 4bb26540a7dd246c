//! Rulebook files: TOML to [`Rulebook`] and back.
//!
//! [`parse`] reads `clearsim.rulebook/1`, fills in defaults and relates the figures through
//! `domain::rulebook::validate`; [`show`] writes the effective rulebook with every default spelled
//! out, so that `parse(show(rulebook)) == rulebook`; [`with_overrides`] applies `--set path=value`.
//! Every fault names path, line, column and both sides of a broken relation.

mod build;
mod build_instrument;
mod build_liquidity;
mod build_selling;
mod file;
mod liquidity_file;
mod overrides;
mod schema;
mod selling_file;
mod show;
mod show_liquidity;
mod show_selling;
mod text;

use std::path::Path;

use domain::Rulebook;
use domain::rulebook::validate;

use crate::document::Document;
use crate::error::{FeedError, FeedErrors, Place};

pub use overrides::with_overrides;
pub use schema::schema;
pub use show::show;
pub use show_liquidity::mode_word;
pub use text::span;

/// The schema that a rulebook file names first.
pub const SCHEMA: &str = "clearsim.rulebook/1";

/// Reads a rulebook from its text; `file` names it in faults.
///
/// # Errors
/// `rulebook.toml`, `.decimal`, `.unknown_field`, `.missing_field`, `.value` for a text that is no
/// rulebook file, `rulebook.rule` for figures that do not fit together; at most twenty.
pub fn parse(file: &str, text: &str) -> Result<Rulebook, FeedErrors> {
    let document = Document::parse(file, text, "rulebook")?;
    check_schema(&document, text)?;
    let rulebook = build::build(&document, &document.decode()?)?;
    let mut errors = FeedErrors::default();
    for finding in validate(&rulebook) {
        let place = document.place(&finding.path);
        let sentence = with_subject(&finding.path, finding.message);
        errors.push(FeedError::rule("rulebook.rule", place, sentence));
    }
    errors.or(rulebook)
}

/// A finding that begins with its verb gets the field as its subject.
fn with_subject(path: &str, message: String) -> String {
    if message.starts_with("must ") {
        let field = path.rsplit('.').next().unwrap_or(path);
        format!("{field} {message}")
    } else {
        message
    }
}

/// Reads a rulebook file.
///
/// # Errors
/// `rulebook.file` when it cannot be read, else those of [`parse`].
pub fn load(path: &Path) -> Result<Rulebook, FeedErrors> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let place = Place::file(&name);
        FeedError::unavailable("rulebook.file", place, "a rulebook file", error.to_string())
            .help("name a rulebook file, or one of fixtures/rulebooks without its ending")
    })?;
    parse(&name, &text)
}

/// Another schema is named before anything else is complained about: the fields may differ.
fn check_schema(document: &Document, text: &str) -> Result<(), FeedError> {
    #[derive(serde::Deserialize)]
    struct Head {
        schema: Option<String>,
    }
    match toml::from_str::<Head>(text) {
        Ok(Head { schema: Some(found) }) if found != SCHEMA => Err(document
            .invalid("schema", format!("{SCHEMA:?}"), format!("{found:?}"))
            .help("this version reads that schema only")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
