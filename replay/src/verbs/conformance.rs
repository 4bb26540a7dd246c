//! `conformance FILE...`: vector files against the rules.

use crate::cli::ConformanceArgs;
use crate::conformance;
use crate::console::Console;
use crate::failure::{Answer, DONE, FOUND, Failure, NOT_UNDERSTOOD, NOTHING_SELECTED};

/// Judges every vector and says how each kind did.
///
/// # Errors
/// A file that cannot be read, that is no vector file, or in which a field is not what it should
/// be; in the last case every other vector was judged.
pub fn conformance(console: &mut Console, args: &ConformanceArgs) -> Answer {
    let report = conformance::judge(&args.files)?;
    if console.json {
        console.document(&report.document())?;
    } else {
        console.raw(&report.text(args.all))?;
    }
    if !report.faults.errors.is_empty() {
        let errors = Box::new(report.faults);
        return Err(Failure::Said { exit: NOT_UNDERSTOOD, errors });
    }
    Ok(match (report.total(), report.failed()) {
        (0, _) => NOTHING_SELECTED,
        (_, 0) => DONE,
        _ => FOUND,
    })
}
