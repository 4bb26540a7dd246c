//! `--set path=value`: single figures of a rulebook replaced by hand.
//!
//! Paths are those of the effective rulebook, so a default that the file does not spell out can be
//! set as well. Law: an unknown path is refused, and the rules are related again only after the
//! last override, so that two figures can move together.

use domain::Rulebook;
use toml::{Table, Value};

use super::{parse, show};
use crate::error::{FeedError, FeedErrors, Place};

/// The rulebook with some figures replaced.
///
/// # Errors
/// `rulebook.override` for a text that is no `path=value` or a path that does not exist, else
/// those of [`parse`], placed by path.
///
/// ```
/// let text = "schema = \"clearsim.rulebook/1\"\nnumeraire = \"USD\"\n\
///     [assets.USD]\ndecimals = 2\nbalance_max = \"1000000\"\n";
/// let rulebook = feed::rulebook::parse("usd.toml", text).unwrap();
/// let overrides = ["liquidation.dust=250".to_owned()];
/// let changed = feed::rulebook::with_overrides(&rulebook, &overrides).unwrap();
/// assert_eq!(changed.liquidation.dust, 250);
/// ```
pub fn with_overrides(rulebook: &Rulebook, overrides: &[String]) -> Result<Rulebook, FeedErrors> {
    if overrides.is_empty() {
        return Ok(rulebook.clone());
    }
    let effective = show(rulebook);
    let mut table: Table = toml::from_str(&effective).expect("what `show` writes is TOML");
    for text in overrides {
        apply(&mut table, text)?;
    }
    let changed = toml::to_string(&table).expect("a table of plain values is TOML");
    parse("--set", &changed).map_err(|mut errors| {
        for error in &mut errors.errors {
            *error.place = Place { path: error.place.path.take(), ..Place::default() };
            error.help = Some(format!("given by --set {}", overrides.join(" --set ")));
        }
        errors
    })
}

fn refused(path: &str, expected: impl Into<String>, found: impl Into<String>) -> FeedError {
    FeedError::input("rulebook.override", Place::default().at(path), expected, found)
        .help("paths are those of `clearsim rulebook show`")
}

fn apply(table: &mut Table, text: &str) -> Result<(), FeedError> {
    let Some((path, value)) = text.split_once('=') else {
        return Err(refused("--set", "path=value", format!("{text:?}")));
    };
    let (path, value) = (path.trim(), value.trim());
    prepare(table, path, value);
    let leaf = find(table, path)?;
    let replaced = match &*leaf {
        Value::String(_) => Value::String(unquoted(value)),
        Value::Table(_) if value.starts_with('{') => return Ok(()),
        Value::Table(_) => return Err(refused(path, "the path of a single figure", "a table")),
        other => {
            let expected = other.type_str();
            value
                .parse::<Value>()
                .ok()
                .filter(|parsed| parsed.same_type(other))
                .ok_or_else(|| refused(path, format!("an {expected}"), format!("{value:?}")))?
        }
    };
    *leaf = replaced;
    Ok(())
}

/// Choices of `[liquidation]` that a rulebook leaves out have no path yet: they get one, and the
/// figures of the choice made before go with it. What does not belong there is refused when the
/// whole is read.
fn prepare(table: &mut Table, path: &str, value: &str) {
    let mut steps: Vec<&str> = path.split('.').collect();
    let field = steps.pop().unwrap_or_default();
    if steps.first() != Some(&"liquidation") || path.contains('[') {
        return;
    }
    let mut inner = table;
    for step in steps {
        let next = inner.entry(step).or_insert_with(|| Value::Table(Table::new()));
        let Value::Table(next) = next else { return };
        inner = next;
    }
    match path {
        "liquidation.policy" => drop(inner.remove("sizing")),
        "liquidation.price.function" => inner.clear(),
        _ => {}
    }
    let parsed = format!("x = {value}").parse::<Table>().ok();
    let parsed = parsed.and_then(|mut table| table.remove("x"));
    let plain = parsed.filter(|parsed| !matches!(parsed, Value::Float(_)));
    let given = plain.unwrap_or_else(|| Value::String(value.to_owned()));
    if !inner.contains_key(field) || matches!(given, Value::Table(_)) {
        inner.insert(field.to_owned(), given);
    }
}

/// Shells eat quotes, so they are optional.
fn unquoted(value: &str) -> String {
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(value).to_owned()
}

/// Walks `assets.BTC.tiers[0].haircut` to its value.
fn find<'a>(table: &'a mut Table, path: &str) -> Result<&'a mut Value, FeedError> {
    let mut steps = path.split('.');
    let first = steps.next().unwrap_or(path);
    let mut value = step(table, path, first)?;
    for name in steps {
        match value {
            Value::Table(inner) => value = step(inner, path, name)?,
            _ => return Err(refused(path, "a path that ends at a figure", format!("{name:?}"))),
        }
    }
    Ok(value)
}

fn step<'a>(table: &'a mut Table, path: &str, step: &str) -> Result<&'a mut Value, FeedError> {
    let (name, places) = step.split_once('[').map_or((step, None), |(n, p)| (n, Some(p)));
    if !table.contains_key(name) {
        let mut known: Vec<&str> = table.keys().map(String::as_str).collect();
        known.sort_unstable();
        let more = known.len().saturating_sub(16);
        known.truncate(16);
        let rest = if more > 0 { format!(" or {more} more") } else { String::new() };
        let expected = format!("one of {}{rest}", known.join(", "));
        return Err(refused(path, expected, format!("{name:?}")));
    }
    let mut value = &mut table[name];
    let Some(places) = places else { return Ok(value) };
    for place in places.split('[') {
        let place = place.strip_suffix(']').and_then(|place| place.parse::<usize>().ok());
        let Some(place) = place else {
            return Err(refused(path, "a place in brackets such as [0]", format!("{step:?}")));
        };
        value = value
            .get_mut(place)
            .ok_or_else(|| refused(path, "a place in the list", format!("[{place}]")))?;
    }
    Ok(value)
}
