//! A finished run directory, opened: the one door for every verb that reads one.
//!
//! What is not a run, was not completed, is damaged or was written by a newer version is told
//! apart, each with what to do. Law: opening changes nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use feed::error::{FeedError, Place};
use serde_json::Value;
use store::journal::{Options, Reader};
use store::storage::Storage;

use crate::directory::{JOURNAL, RULEBOOK_FILE, RUN_FILE, SUMMARY_FILE, open_storage};
use crate::failure::{Answer, Failure, NOT_UNDERSTOOD, UNFINISHED};

/// Name of the schema of `run.json`, and the newest version that can be read.
const SCHEMA: (&str, u64) = ("clearsim.run/", 1);

/// A finished run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its directory.
    pub path: PathBuf,
    /// The document of `run.json`.
    pub record: Value,
    /// Its id.
    pub id: String,
    /// Version of the machine's behaviour it was made with.
    pub semantics: u32,
    /// Place of its last event.
    pub last_sequence: u64,
    /// State digest at its end, 64 hexadecimal digits.
    pub state_digest: String,
}

impl Run {
    /// Opens a run directory.
    ///
    /// # Errors
    /// Exit 3 where there is none, where it was not completed, is damaged or newer than this
    /// program; exit 2 for what is no run directory.
    pub fn open(place: &Path) -> Answer<Run> {
        let path = place.join(RUN_FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(_) if !path.exists() => return Err(not_a_run(place)),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                return Err(damaged(&path, "text", "bytes that are no UTF-8"));
            }
            Err(error) => return Err(Failure::io("read", &path, &error)),
        };
        let record = parse(&path, &text)?;
        let run = Run {
            path: place.to_owned(),
            id: field(&path, &record, "id", "a string", Value::as_str)?.to_owned(),
            semantics: field(&path, &record, "semantics", "a version", |value| {
                value.as_u64().and_then(|number| u32::try_from(number).ok())
            })?,
            last_sequence: field(&path, &record, "last_sequence", "a sequence", Value::as_u64)?,
            state_digest: field(
                &path,
                &record,
                "state_digest",
                "64 hexadecimal digits",
                |value| value.as_str().filter(|text| is_digest(text)),
            )?
            .to_owned(),
            record,
        };
        let status = field(&path, &run.record, "status", "a string", Value::as_str)?;
        if !["ended", "recovered"].contains(&status) {
            let sentence = format!("the run did not come to its end: its status is {status}");
            return Err(incomplete(place, &sentence));
        }
        if !run.journal().is_dir() {
            return Err(damaged(&run.journal(), "the journal of the run", "nothing"));
        }
        Ok(run)
    }

    /// Folder of its journal.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.path.join(JOURNAL)
    }

    /// Its journal, for reading.
    ///
    /// # Errors
    /// The disk.
    pub fn storage(&self) -> Answer<Arc<dyn Storage>> {
        open_storage(&self.journal())
    }

    /// A reader of its journal from genesis.
    ///
    /// # Errors
    /// Damage, the disk.
    pub fn reader(&self) -> Answer<Reader> {
        let journal = self.journal();
        Reader::open(self.storage()?, &Options::default())
            .map_err(|error| Failure::store(&journal, &error))
    }

    /// The document of `summary.json`.
    ///
    /// # Errors
    /// It is missing or damaged.
    pub fn summary(&self) -> Answer<Value> {
        let path = self.path.join(SUMMARY_FILE);
        let text = self.text(SUMMARY_FILE)?;
        let document: Value = json(&path, &text)?;
        if document.get("schema").and_then(Value::as_str).is_some() {
            Ok(document)
        } else {
            Err(damaged(&path, "a summary with its schema", "none"))
        }
    }

    /// The text of `rulebook.toml`, which has to be the one that was in force.
    ///
    /// # Errors
    /// It is missing or was changed.
    pub fn rulebook_text(&self) -> Answer<String> {
        let text = self.text(RULEBOOK_FILE)?;
        let found = blake3::hash(text.as_bytes()).to_hex().to_string();
        let known = self.record.get("rulebook_digest").and_then(Value::as_str);
        match known {
            Some(known) if known != found => {
                let expected = format!("the rulebook of the run ({known})");
                Err(damaged(&self.path.join(RULEBOOK_FILE), &expected, &found))
            }
            _ => Ok(text),
        }
    }

    /// A string of `run.json`; `None` where it has none of this name.
    #[must_use]
    pub fn told(&self, key: &str) -> Option<&str> {
        self.record.get(key)?.as_str()
    }

    /// The window that the run was made over, its end not included; `None` of a run that had none.
    #[must_use]
    pub fn window(&self) -> Option<[domain::Timestamp; 2]> {
        let window = self.record.get("window")?;
        let time = |place: usize| feed::time::utc(window.get(place)?.as_str()?);
        Some([time(0)?, time(1)?])
    }

    fn text(&self, name: &str) -> Answer<String> {
        let path = self.path.join(name);
        std::fs::read_to_string(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => damaged(&path, "a file of the run", "nothing"),
            std::io::ErrorKind::InvalidData => damaged(&path, "text", "bytes that are no UTF-8"),
            _ => Failure::io("read", &path, &error),
        })
    }
}

fn parse(path: &Path, text: &str) -> Answer<Value> {
    let record = json(path, text)?;
    let (name, newest) = SCHEMA;
    let schema = record.get("schema").and_then(Value::as_str).unwrap_or("none");
    let version = schema.strip_prefix(name).and_then(|version| version.parse::<u64>().ok());
    match version {
        Some(version) if (1..=newest).contains(&version) => Ok(record),
        Some(_) => {
            let expected = format!("{name}{newest} or older");
            let place = Place::file(path.display().to_string()).at("schema");
            let error = FeedError::input("run.unsupported", place, expected, schema)
                .help("read it with the version that wrote it");
            Err(Failure::said(UNFINISHED, error))
        }
        None => {
            let place = Place::file(path.display().to_string()).at("schema");
            let error = FeedError::input("run.foreign", place, format!("{name}{newest}"), schema)
                .help("name a run directory, such as one below runs/");
            Err(Failure::said(NOT_UNDERSTOOD, error))
        }
    }
}

fn json(path: &Path, text: &str) -> Answer<Value> {
    serde_json::from_str(text).map_err(|error| {
        let place = Place::line(path.display().to_string(), error.line() as u64);
        Failure::said(UNFINISHED, damage(place, "a JSON document", &error.to_string()))
    })
}

fn field<'a, T>(
    path: &Path,
    record: &'a Value,
    key: &str,
    expected: &str,
    read: impl FnOnce(&'a Value) -> Option<T>,
) -> Answer<T> {
    let value = record.get(key);
    value.and_then(read).ok_or_else(|| {
        let found = value.map_or_else(|| "nothing".to_owned(), Value::to_string);
        let place = Place::file(path.display().to_string()).at(key);
        Failure::said(UNFINISHED, damage(place, expected, &found))
    })
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn damage(place: Place, expected: &str, found: &str) -> FeedError {
    FeedError::input("run.damaged", place, expected, found)
        .help("the journal is the truth: clearsim verify checks it, running again makes the rest")
}

fn damaged(path: &Path, expected: &str, found: &str) -> Failure {
    let place = Place::file(path.display().to_string());
    Failure::said(UNFINISHED, damage(place, expected, found))
}

fn incomplete(place: &Path, sentence: &str) -> Failure {
    let at = Place::file(place.display().to_string());
    let error = FeedError::rule("run.incomplete", at, sentence)
        .help("the command that began it goes on with it");
    Failure::said(UNFINISHED, error)
}

/// Why a place without `run.json` is no run.
fn not_a_run(place: &Path) -> Failure {
    let at = Place::file(place.display().to_string());
    let help = "name a run directory, such as one below runs/";
    if place.join(JOURNAL).is_dir() {
        return incomplete(place, "a run that was not completed: it has a journal and no run.json");
    }
    if !place.exists() {
        let error = FeedError::rule("run.missing", at, "there is no such run directory");
        return Failure::said(UNFINISHED, error.help(help));
    }
    let found = if place.is_dir() { "a folder without run.json" } else { "a file" };
    let error = FeedError::input("run.foreign", at, "a run directory", found).help(help);
    Failure::said(NOT_UNDERSTOOD, error)
}

#[cfg(test)]
mod tests {
    //! Goal: each way of being no good run is told apart. Method: directories with one fault each.

    use std::fs;

    use serde_json::json;

    use super::*;

    fn good() -> Value {
        json!({
            "schema": "clearsim.run/1",
            "id": "tiny-default-00000000",
            "semantics": 1,
            "last_sequence": 3,
            "state_digest": "ab".repeat(32),
            "status": "ended",
        })
    }

    /// Code and exit of opening a run whose `run.json` is this text, with or without a journal.
    fn check(text: Option<&str>, journal: bool) -> (String, u8) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        if journal {
            fs::create_dir(folder.path().join(JOURNAL)).expect("a writable folder");
        }
        if let Some(text) = text {
            fs::write(folder.path().join(RUN_FILE), text).expect("a writable folder");
        }
        told(Run::open(folder.path()))
    }

    fn told(answer: Answer<Run>) -> (String, u8) {
        match answer {
            Ok(run) => (run.id, 0),
            Err(Failure::Said { exit, errors }) => (errors.errors[0].code.to_string(), exit),
            Err(Failure::PipeClosed) => ("pipe".to_owned(), 0),
        }
    }

    #[test]
    fn every_fault_has_its_name() {
        let with = |key: &str, value: Value| {
            let mut record = good();
            record[key] = value;
            record.to_string()
        };
        let table = [
            (Some(good().to_string()), true, "tiny-default-00000000", 0),
            (Some(good().to_string()), false, "run.damaged", 3),
            (None, true, "run.incomplete", 3),
            (None, false, "run.foreign", 2),
            (Some("{".to_owned()), true, "run.damaged", 3),
            (Some("[]".to_owned()), true, "run.foreign", 2),
            (Some(with("schema", json!("clearsim.run/2"))), true, "run.unsupported", 3),
            (Some(with("schema", json!("other/1"))), true, "run.foreign", 2),
            (Some(with("status", json!("running"))), true, "run.incomplete", 3),
            (Some(with("semantics", json!("one"))), true, "run.damaged", 3),
            (Some(with("state_digest", json!("abc"))), true, "run.damaged", 3),
            (Some(with("last_sequence", json!(-1))), true, "run.damaged", 3),
        ];
        for (text, journal, code, exit) in table {
            assert_eq!(check(text.as_deref(), journal), (code.to_owned(), exit), "{text:?}");
        }
        let missing = Run::open(Path::new("no/such/run"));
        assert_eq!(told(missing), ("run.missing".to_owned(), 3));
    }
}
