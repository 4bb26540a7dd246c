//! Run directories: `runs/<day>-<rulebook>-<8 hex>`, written as `.partial`, renamed when complete.
//!
//! The id is a hash of everything that decides the outcome, so running again is a test: an equal
//! state digest leaves the earlier run alone, an unequal one keeps both and is a finding.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use store::Category;
use store::journal::{self, Options};
use store::storage::{RealStorage, Storage};

use crate::failure::{Answer, Failure, TRY_LATER};
use crate::runlog;

/// Folder of the journal inside a run.
pub const JOURNAL: &str = "journal";
/// Folder of the snapshots inside a run.
pub const SNAPSHOTS: &str = "snapshots";
/// What a run was, inside a run.
pub const RUN_FILE: &str = "run.json";
/// What came of it, inside a run.
pub const SUMMARY_FILE: &str = "summary.json";
/// Latencies of the process that made it, inside a run.
pub const LATENCY_FILE: &str = "latency.hlog";
/// What was said while it was made, inside a run.
pub const LOG_FILE: &str = "log.jsonl";
/// Its effective rulebook.
pub const RULEBOOK_FILE: &str = "rulebook.toml";

/// A run being written.
#[derive(Debug)]
pub struct Directory {
    complete: PathBuf,
    partial: PathBuf,
}

/// How a complete run relates to an earlier one of its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// There was none, or it was replaced.
    New(PathBuf),
    /// An earlier run with the same digest stays.
    Same(PathBuf),
    /// An earlier run with another digest stays beside this one.
    Differs {
        /// This run.
        here: PathBuf,
        /// The earlier one.
        earlier: PathBuf,
        /// Its state digest.
        digest: String,
    },
}

impl Kept {
    /// Where the run can be found.
    pub fn path(&self) -> &Path {
        match self {
            Kept::New(path) | Kept::Same(path) | Kept::Differs { here: path, .. } => path,
        }
    }
}

impl Directory {
    /// Names a run; nothing is written yet.
    pub fn named(runs: &Path, id: &str) -> Directory {
        let complete = runs.join(id);
        let partial = runs.join(format!("{id}.partial"));
        Directory { complete, partial }
    }

    /// Where files go until the run is complete.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Whether an interrupted run left a journal that can be gone on with.
    pub fn has_journal(&self) -> bool {
        self.partial.join(JOURNAL).join("HEAD").is_file()
    }

    /// Makes the directory afresh; refuses while another process writes it.
    pub fn create(&self) -> Answer<()> {
        if self.has_journal() {
            let storage = open_storage(&self.partial.join(JOURNAL))?;
            if let Err(error) = journal::inspect(storage, &Options::default())
                && error.category() == Category::Locked
            {
                return Err(Failure::about(
                    TRY_LATER,
                    "run.locked",
                    &self.partial,
                    "another process writes this run; try again when it has ended",
                ));
            }
        }
        remove(&self.partial)?;
        let journal = self.partial.join(JOURNAL);
        fs::create_dir_all(&journal).map_err(|error| Failure::io("create", &journal, &error))
    }

    /// Writes a JSON file.
    pub fn write_json(&self, name: &str, value: &Value) -> Answer<()> {
        let mut text = serde_json::to_string_pretty(value).expect("a JSON value is JSON");
        text.push('\n');
        self.write(name, &text)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) -> Answer<()> {
        let path = self.partial.join(name);
        fs::write(&path, text).map_err(|error| Failure::io("write", &path, &error))
    }

    /// The run is whole: it takes its name, unless an earlier one holds it.
    pub fn complete(&self, state_digest: &str, force: bool) -> Answer<Kept> {
        runlog::close();
        if force {
            remove(&self.complete)?;
        }
        let Some(earlier) = recorded_digest(&self.complete)? else {
            rename(&self.partial, &self.complete)?;
            return Ok(Kept::New(self.complete.clone()));
        };
        if earlier == state_digest {
            remove(&self.partial)?;
            return Ok(Kept::Same(self.complete.clone()));
        }
        let here = self.free_name();
        rename(&self.partial, &here)?;
        Ok(Kept::Differs { here, earlier: self.complete.clone(), digest: earlier })
    }

    /// Removes what was written so far; what cannot be removed is left.
    pub fn discard(&self) {
        runlog::close();
        let _ = remove(&self.partial);
    }

    /// The same run under the id that only its end decided.
    #[must_use]
    pub fn renamed(self, id: &str) -> Directory {
        Directory { complete: self.complete.with_file_name(id), partial: self.partial }
    }

    /// Where the run will stand if nothing stands there with another digest.
    pub fn complete_path(&self) -> &Path {
        &self.complete
    }

    fn free_name(&self) -> PathBuf {
        let name = |count: u32| {
            let mut name = self.complete.as_os_str().to_owned();
            name.push(format!("-differs-{count}"));
            PathBuf::from(name)
        };
        let mut count = 1;
        while name(count).exists() {
            count += 1;
        }
        name(count)
    }
}

/// The state digest that a complete run recorded; `None` where there is no such run.
fn recorded_digest(run: &Path) -> Answer<Option<String>> {
    let path = run.join(RUN_FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && !run.exists() => return Ok(None),
        Err(error) => return Err(Failure::io("read", &path, &error)),
    };
    let value: Option<Value> = serde_json::from_str(&text).ok();
    let digest = value.and_then(|value| Some(value.get("state_digest")?.as_str()?.to_owned()));
    Ok(Some(digest.unwrap_or_else(|| "none recorded".to_owned())))
}

fn remove(path: &Path) -> Answer<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Failure::io("remove", path, &error))
        }
        _ => Ok(()),
    }
}

fn rename(from: &Path, to: &Path) -> Answer<()> {
    fs::rename(from, to).map_err(|error| Failure::io("rename", from, &error))
}

/// A journal's directory, for reading or for going on.
pub fn open_storage(journal: &Path) -> Answer<Arc<dyn Storage>> {
    let storage =
        RealStorage::open(journal).map_err(|error| Failure::io("open", journal, &error))?;
    Ok(Arc::new(storage))
}

/// The journal of a run directory, or the journal itself.
pub fn find_journal(place: &Path) -> PathBuf {
    let inner = place.join(JOURNAL);
    if inner.is_dir() { inner } else { place.to_owned() }
}

/// The snapshots beside a journal, where there are any.
pub fn find_snapshots(place: &Path) -> Option<PathBuf> {
    let beside = |folder: &Path| Some(folder.join(SNAPSHOTS)).filter(|path| path.is_dir());
    beside(place).or_else(|| beside(place.parent()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(runs: &Path, digest: &str, force: bool) -> Kept {
        let directory = Directory::named(runs, "tiny-default-00000000");
        directory.create().expect("a writable folder");
        let value = serde_json::json!({ "state_digest": digest });
        directory.write_json(RUN_FILE, &value).expect("a writable folder");
        directory.complete(digest, force).expect("a writable folder")
    }

    #[test]
    fn a_second_run_is_a_test_of_the_first() {
        let runs = tempfile::tempdir().expect("a temporary folder");
        let complete = runs.path().join("tiny-default-00000000");
        assert_eq!(run(runs.path(), "aa", false), Kept::New(complete.clone()));
        assert_eq!(run(runs.path(), "aa", false), Kept::Same(complete.clone()));
        let here = runs.path().join("tiny-default-00000000-differs-1");
        let differs = Kept::Differs {
            here: here.clone(),
            earlier: complete.clone(),
            digest: "aa".to_owned(),
        };
        assert_eq!(run(runs.path(), "bb", false), differs);
        assert!(here.join(RUN_FILE).is_file());
        assert_eq!(run(runs.path(), "bb", true), Kept::New(complete));
        assert!(!runs.path().join("tiny-default-00000000.partial").exists());
    }
}
