//! A vector file: a house, and cases with inputs, expectations and tolerances.
//!
//! Every fault names the file, the vector's id and the path of the field.

use std::collections::BTreeSet;
use std::path::Path;

use feed::error::{FeedError, Place};
use serde_json::Value;

use super::fields::{Fields, Stop};
use crate::failure::{Answer, Failure, NOT_UNDERSTOOD};

/// One vector file.
pub struct VectorFile {
    /// As it was named.
    pub name: String,
    /// The house or model that it describes.
    pub house: String,
    /// The cases.
    pub vectors: Vec<Vector>,
}

/// One case.
pub struct Vector {
    /// Its name; nothing but messages depends on it.
    pub id: String,
    /// The rule it exercises.
    pub kind: String,
    /// The whole case.
    pub value: Value,
}

/// Reads a file.
///
/// # Errors
/// A file that cannot be read (3), or that is no vector file (2).
pub fn read(path: &Path) -> Answer<VectorFile> {
    let name = path.display().to_string();
    let text = std::fs::read(path).map_err(|error| Failure::io("read", path, &error))?;
    let value: Value = serde_json::from_slice(&text).map_err(|error| {
        let line = u64::try_from(error.line()).unwrap_or(0);
        let column = u64::try_from(error.column()).unwrap_or(0);
        let place = Place::line(&name, line).column(column);
        Failure::said(NOT_UNDERSTOOD, fault(place, "a JSON document", &error.to_string()))
    })?;
    let root = Fields::root("file", &value);
    let at = |stop: Stop| Failure::said(NOT_UNDERSTOOD, malformed(&name, None, stop));
    if !root.is_record() {
        return Err(at(root.malformed("an object with system and vectors")));
    }
    let house = root.name("system").map_err(at)?.to_owned();
    let part = root.part("vectors");
    if !part.is_list() {
        return Err(at(part.malformed("a list of vectors")));
    }
    let mut known = BTreeSet::new();
    let mut vectors = Vec::new();
    for item in part.items() {
        let mut vector = vector(&item).map_err(at)?;
        with_series(&mut vector.value, path);
        if !known.insert(vector.id.clone()) {
            return Err(at(item.part("id").malformed("an id of its own in the file")));
        }
        vectors.push(vector);
    }
    Ok(VectorFile { name, house, vectors })
}

fn vector(item: &Fields<'_>) -> Result<Vector, Stop> {
    if !item.is_record() {
        return Err(item.malformed("an object"));
    }
    let id = item.name("id")?.to_owned();
    let kind = item.name("kind")?.to_owned();
    for name in ["inputs", "expected"] {
        let part = item.part(name);
        if !part.is_record() && !part.is_list() {
            return Err(part.malformed("an object or a list"));
        }
    }
    Ok(Vector { id, kind, value: item.value().clone() })
}

/// Puts the numbers of each series that a vector names beside its name: `returns_file` gives
/// `returns`. A series that is not at hand stays away, and the vector waits.
fn with_series(vector: &mut Value, path: &Path) {
    let Some(inputs) = vector.get_mut("inputs").and_then(Value::as_object_mut) else { return };
    let folder = path.parent().unwrap_or(Path::new("")).join("series");
    let mut read = Vec::new();
    for (key, value) in inputs.iter() {
        let (Some(name), Some(file)) = (key.strip_suffix("_file"), value.as_str()) else {
            continue;
        };
        // A series lies in that folder and nowhere else.
        if Path::new(file).file_name().is_none_or(|only| only != file) {
            continue;
        }
        let numbers = std::fs::read(folder.join(file)).ok();
        let numbers = numbers.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        if let Some(numbers) = numbers.filter(Value::is_array) {
            read.push((name.to_owned(), numbers));
        }
    }
    for (name, numbers) in read {
        inputs.entry(name).or_insert(numbers);
    }
}

/// A fault inside a vector.
pub fn fault_in(file: &str, id: &str, stop: Stop) -> FeedError {
    malformed(file, Some(id), stop)
}

fn malformed(file: &str, id: Option<&str>, stop: Stop) -> FeedError {
    let (path, expected, found) = match stop {
        Stop::Malformed { path, expected, found } => (path, expected, found),
        Stop::Rejected(why) | Stop::Waiting(why) => (String::new(), why, String::new()),
    };
    let path = id.map_or_else(|| path.clone(), |id| format!("{id}: {path}"));
    fault(Place::file(file).at(path), &expected, &found)
}

fn fault(place: Place, expected: &str, found: &str) -> FeedError {
    FeedError::input("vectors.field", place, expected, found)
}
