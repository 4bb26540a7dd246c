//! `log.jsonl` of a run: what was said and traced while it was made, a JSON object a line.
//!
//! One at a time in a process: it is opened when a run directory is there and closed when the run
//! is complete. Law: a log that cannot be written changes nothing about the run.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::failure::{Answer, Failure};

static LOG: Mutex<Option<File>> = Mutex::new(None);

fn with<T>(what: impl FnOnce(&mut Option<File>) -> T) -> T {
    what(&mut LOG.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Opens the log of a run; one that an interrupted run left is gone on with.
///
/// # Errors
/// The disk.
pub fn open(path: &Path) -> Answer<()> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    let file = file.map_err(|error| Failure::io("create", path, &error))?;
    with(|log| *log = Some(file));
    Ok(())
}

/// Closes it, if one is open.
pub fn close() {
    with(|log| *log = None);
}

/// Notes something that was said.
pub fn say(level: &str, message: &str) {
    let timestamp = runtime::Moment::now().timestamp();
    let line = json!({
        "timestamp": feed::time::text(timestamp),
        "level": level.to_uppercase(),
        "message": message,
    });
    with(|log| {
        if let Some(file) = log {
            // As a log is only told, nobody is told that it could not be.
            let _ = writeln!(file, "{line}");
        }
    });
}

/// Where traced lines go: into the log that is open then.
#[derive(Debug, Clone, Copy)]
pub struct Traced;

impl Write for Traced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        with(|log| log.as_mut().map_or(Ok(()), |file| file.write_all(bytes)))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Traced {
    type Writer = Traced;

    fn make_writer(&'a self) -> Traced {
        Traced
    }
}
