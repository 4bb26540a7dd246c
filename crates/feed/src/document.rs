//! TOML documents to typed values, with faults that name path, line and column.
//!
//! Manifests and rulebooks go through [`Document`]. Decoding stops at the first fault; rules that
//! relate several fields are checked afterwards by the owner of the type, which asks
//! [`Document::place`] where a field stands.
//! Law: unknown fields are refused, and the message names what would have been known.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

use crate::decimal::{FRACTION_EXPECTED, QUOTES_EXPECTED};
use crate::error::{FeedError, Place};

/// A parsed text and where each of its values stands.
pub struct Document {
    file: String,
    text: String,
    prefix: &'static str,
    spans: BTreeMap<String, Range<usize>>,
}

impl Document {
    /// Parses the syntax of a text. `prefix` opens the codes of its faults (`manifest`).
    ///
    /// # Errors
    /// `<prefix>.toml` at the place where the syntax breaks.
    pub fn parse(file: &str, text: &str, prefix: &'static str) -> Result<Document, FeedError> {
        let mut spans = BTreeMap::new();
        let table = DeTable::parse(text).map_err(|error| {
            let place = Place::file(file).byte(text, error.span().map_or(0, |span| span.start));
            FeedError::input(format!("{prefix}.toml"), place, "valid TOML", error.message().trim())
        })?;
        walk_table(table.get_ref(), "", &mut spans);
        Ok(Document { file: file.to_owned(), text: text.to_owned(), prefix, spans })
    }

    /// Decodes the whole document.
    ///
    /// # Errors
    /// `<prefix>.decimal`, `.unknown_field`, `.missing_field` or `.value` with path and line.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, FeedError> {
        let deserializer = toml::Deserializer::parse(&self.text)
            .map_err(|error| self.fault("", error.span(), error.message()))?;
        serde_path_to_error::deserialize(deserializer).map_err(|error| {
            let path = error.path().to_string();
            let path = if path == "." { "" } else { &path };
            let inner = error.inner();
            self.fault(path, inner.span(), inner.message())
        })
    }

    /// Whether a value stands at a path.
    pub fn has(&self, path: &str) -> bool {
        self.spans.contains_key(path)
    }

    /// The place of a value by its path, `assets.BTC.tiers[0].rate`; of the nearest enclosing
    /// table where the value itself is absent.
    pub fn place(&self, path: &str) -> Place {
        let mut known = path;
        loop {
            if let Some(span) = self.spans.get(known) {
                return Place::file(&self.file).byte(&self.text, span.start).at(path);
            }
            match known.rfind(['.', '[']) {
                Some(cut) => known = &known[..cut],
                None => return Place::file(&self.file).at(path),
            }
        }
    }

    /// A fault of a rule that the owner of the type checks.
    pub fn invalid(
        &self,
        path: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> FeedError {
        FeedError::input(self.code("value"), self.place(path), expected, found)
    }

    /// The file as named.
    pub fn file(&self) -> &str {
        &self.file
    }

    fn code(&self, word: &str) -> String {
        format!("{}.{word}", self.prefix)
    }

    /// Turns a message of the decoder into expectation and finding.
    fn fault(&self, path: &str, span: Option<Range<usize>>, message: &str) -> FeedError {
        let message = message.trim();
        let place = match &span {
            Some(span) if !span.is_empty() => Place::file(&self.file).byte(&self.text, span.start),
            _ => self.place(path),
        };
        let place = if path.is_empty() { place } else { place.at(path) };
        let raw = span.and_then(|span| self.text.get(span)).unwrap_or("").trim();
        if let Some((expected, found)) = decimal_fault(message) {
            let key = path.rsplit('.').next().unwrap_or(path);
            let error = FeedError::input(self.code("decimal"), place, expected, found);
            let bare = !raw.is_empty() && !raw.starts_with(['"', '\'']);
            return if bare { error.help(format!("write {key} = \"{raw}\"")) } else { error };
        }
        if let Some((field, known)) = unknown_field(message) {
            return FeedError::input(self.code("unknown_field"), place, known, field)
                .help("remove the field, or correct its name");
        }
        if let Some(field) = message.strip_prefix("missing field ") {
            let field = field.trim_matches('`');
            return FeedError::input(self.code("missing_field"), place, field, "nothing there");
        }
        let (expected, found) = split(message);
        FeedError::input(self.code("value"), place, expected, found)
    }
}

/// A decimal that was not written as a quoted decimal, in the words of either kind of type.
fn decimal_fault(message: &str) -> Option<(String, String)> {
    if message.starts_with(QUOTES_EXPECTED) || message.starts_with(FRACTION_EXPECTED) {
        return Some(split(message));
    }
    let rest = message.strip_prefix("invalid type: ")?;
    let found = rest.split_once(", ").filter(|(_, rest)| rest.starts_with(QUOTES_EXPECTED))?.0;
    let found = if found.starts_with("floating point") {
        "a float"
    } else if found.starts_with("integer") {
        "a bare integer"
    } else {
        found
    };
    Some((QUOTES_EXPECTED.trim_start_matches("expected ").to_owned(), found.to_owned()))
}

/// `unknown field `rat`, expected `up_to` or `rate`` to `("the field rat", "up_to or rate")`.
fn unknown_field(message: &str) -> Option<(String, String)> {
    let rest = message.strip_prefix("unknown field `")?;
    let (field, known) = rest.split_once("`, ")?;
    let known = known.strip_prefix("expected ").unwrap_or(known).replace('`', "");
    Some((format!("the field {field}"), known))
}

/// Splits the decoder's sentences into expectation and finding.
fn split(message: &str) -> (String, String) {
    let clean = message.replace('`', "");
    if let Some(rest) = clean.strip_prefix("expected ")
        && let Some((expected, found)) = rest.split_once(", found ")
    {
        return (expected.to_owned(), found.to_owned());
    }
    if let Some((found, expected)) = clean.rsplit_once(", expected ") {
        let found = found.trim_start_matches("invalid type: ");
        let found = found.trim_start_matches("invalid value: ");
        return (expected.to_owned(), found.to_owned());
    }
    ("a value of this field".to_owned(), clean)
}

fn walk_table(table: &DeTable<'_>, path: &str, spans: &mut BTreeMap<String, Range<usize>>) {
    for (key, value) in table.iter() {
        let key = key.get_ref().as_ref();
        let inner = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        spans.insert(inner.clone(), value.span());
        walk_value(value.get_ref(), &inner, spans);
    }
}

fn walk_value(value: &DeValue<'_>, path: &str, spans: &mut BTreeMap<String, Range<usize>>) {
    match value {
        DeValue::Table(table) => walk_table(table, path, spans),
        DeValue::Array(array) => {
            for (index, item) in array.iter().enumerate() {
                let inner = format!("{path}[{index}]");
                spans.insert(inner.clone(), item.span());
                walk_value(item.get_ref(), &inner, spans);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    //! Goal: each kind of fault carries its code, path, line and column. Method: one table.

    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;
    use crate::decimal::{QuotedDecimal, QuotedFraction};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Tier {
        up_to: QuotedDecimal,
        rate: QuotedFraction,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Asset {
        decimals: u32,
        #[serde(default)]
        haircut: QuotedDecimal,
        #[serde(default)]
        tiers: Vec<Tier>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Book {
        assets: BTreeMap<String, Asset>,
    }

    fn check(text: &str) -> String {
        let decoded = Document::parse("a.toml", text, "rulebook").and_then(|d| d.decode::<Book>());
        match decoded {
            Ok(_) => "fine".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn faults_name_path_line_and_column() {
        let float = check("[assets.BTC]\ndecimals = 8\nhaircut = 0.05\n");
        assert_eq!(
            float,
            "error[rulebook.decimal]: expected a decimal in quotes, found a float\n  \
             --> a.toml:3:11\n   at assets.BTC.haircut\n3 | haircut = 0.05\n   \
             help: write haircut = \"0.05\""
        );
        let table = [
            ("[assets.BTC]\ndecimals = 8\nhaircut = \"0,05\"\n", "found \"0,05\"", ":3:11"),
            ("[assets.BTC]\ndecimals = 8\nhaircut = 1\n", "found a bare integer", ":3:11"),
            (
                "[assets.BTC]\ndecimals = 8\ntiers = [{ up_to = \"1\", rat = \"2\" }]\n",
                "expected up_to or rate, found the field rat",
                ":3:25",
            ),
            (
                "[assets.BTC]\ndecimals = 8\ntiers = [{ up_to = \"1\" }]\n",
                "expected rate, found nothing there",
                ":3:10",
            ),
            (
                "[assets.BTC]\ndecimals = 8\ntiers = [{ up_to = \"1\", rate = 0.1 }]\n",
                "expected a decimal or a fraction in quotes, found a float",
                ":3:32",
            ),
            ("[assets.BTC]\ndecimals = \"8\"\n", "expected u32, found string \"8\"", ":2:12"),
            ("[assets.BTC\n", "error[rulebook.toml]: expected valid TOML", ":1:12"),
        ];
        for (text, part, place) in table {
            let printed = check(text);
            assert!(printed.contains(part), "{printed}");
            assert!(printed.contains(place), "{printed}");
        }
        assert_eq!(check("[assets.BTC]\ndecimals = 8\nhaircut = \"0.05\"\n"), "fine");
    }

    #[test]
    fn places_absent_fields_at_their_table() {
        let text = "[assets.BTC]\ndecimals = 8\n";
        let document = Document::parse("a.toml", text, "rulebook").expect("valid");
        assert_eq!(document.place("assets.BTC.decimals").line, Some(2));
        assert_eq!(document.place("assets.BTC.price_max").line, Some(1));
        assert_eq!(document.place("numeraire").line, None);
    }
}
