//! `conformance FILE...`: vector files against the rules.

use crate::cli::ConformanceArgs;
use crate::conformance;
use crate::console::Console;
use crate::failure::{Answer, DONE, FOUND, NOTHING_SELECTED};

/// Judges every vector and says how each kind did.
///
/// # Errors
/// A file that cannot be read, or that is no vector file.
pub fn conformance(console: &mut Console, args: &ConformanceArgs) -> Answer {
    let report = conformance::judge(&args.files)?;
    if console.json {
        console.document(&report.document())?;
    } else {
        console.raw(&report.text(args.all))?;
    }
    Ok(match (report.total(), report.failed()) {
        (0, _) => NOTHING_SELECTED,
        (_, 0) => DONE,
        _ => FOUND,
    })
}
