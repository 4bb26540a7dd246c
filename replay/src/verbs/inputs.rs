//! What a day is run with besides its prices: accounts, published figures, an end.

use std::path::Path;

use domain::Timestamp;
use feed::error::{FeedError, Place};
use feed::manifest::Manifest;
use feed::published::{self, Published};

use crate::cli::DayArgs;
use crate::console::Console;
use crate::failure::{Answer, Failure, UNFINISHED};
use crate::rulebooks::{self, Named};

/// The rulebook that accounts are invented under: the one asked for, else the day's own.
///
/// # Errors
/// There is no such file, or it does not fit.
pub fn accounts_under(
    console: &Console,
    args: &DayArgs,
    manifest: &Manifest,
    folder: &Path,
) -> Answer<Named> {
    if let Some(word) = &args.accounts_under {
        return rulebooks::find(word, Some(folder), &[]);
    }
    let own = rulebooks::locate(&manifest.rulebook, Some(folder));
    match args.rulebook.first().filter(|_| !own.is_file()) {
        Some(word) => {
            let own = own.display();
            console.warn(&format!("there is no {own}: accounts are invented under {word}"));
            rulebooks::find(word, Some(folder), &[])
        }
        None => rulebooks::find(&manifest.rulebook, Some(folder), &[]),
    }
}

/// What was published about the day.
///
/// # Errors
/// The file does not fit; a comparison is asked for and there is none.
pub fn published(args: &DayArgs, folder: &Path) -> Answer<Option<Published>> {
    let known = Published::load(folder)?;
    if known.is_none() && args.compare {
        let path = args.dir.join(published::FILE);
        let sentence = "--compare needs the published figures of the day, and there are none";
        let error = FeedError::rule("published.missing", file(&path), sentence)
            .help("the five days of fixtures/days have them; fixtures/README.md says how to write");
        return Err(Failure::said(UNFINISHED, error));
    }
    Ok(known)
}

fn file(path: &Path) -> Place {
    Place::file(path.display().to_string())
}

/// A time in UTC.
///
/// # Errors
/// It is none.
pub fn until_time(text: &str) -> Answer<Timestamp> {
    let expected = "a UTC time such as 2020-03-12T10:00:00Z";
    feed::time::utc(text).ok_or_else(|| Failure::argument("--until", expected, text))
}
