//! Vector files against the rules of `risk`: who passes, who fails, who waits.
//!
//! Figures are read as exact fractions and put into the very functions that the machine runs.
//! Nothing depends on an id; a file never seen before is judged the same. Law: what no rule answers
//! is waiting, never passed.

mod answer;
mod exact;
mod fields;
mod file;
mod houses;
mod report;
#[cfg(test)]
mod tests;
mod tolerance;

use std::path::PathBuf;

pub use report::Report;

use answer::{Comparison, Mismatch};
use exact::{Exact, Reads};
use fields::{Fields, Stop};
use file::{Vector, VectorFile};
use tolerance::Tolerance;

use crate::failure::Answer as Outcome;

/// How a vector ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every expected figure is met.
    Passed,
    /// Some is not.
    Failed(Vec<Mismatch>),
    /// No model answers it yet; why.
    Waiting(String),
}

/// Judges every vector of the files.
///
/// A vector with a field that is not what it should be is a fault of its own; the others are
/// judged.
///
/// # Errors
/// A file that cannot be read or is no vector file; nothing is judged then.
pub fn judge(paths: &[PathBuf]) -> Outcome<Report> {
    let files = paths.iter().map(|path| file::read(path)).collect::<Outcome<Vec<VectorFile>>>()?;
    let mut report = Report::default();
    for file in &files {
        for vector in &file.vectors {
            match verdict::<Exact>(&file.house, vector, None) {
                Ok(verdict) => report.add(file, vector, verdict),
                Err(stop) => {
                    report.malformed(file, vector, file::fault_in(&file.name, &vector.id, stop));
                }
            }
        }
    }
    Ok(report)
}

/// Judges a vector with one kind of number, within its own tolerance or another.
fn verdict<N: Reads>(
    house: &str,
    vector: &Vector,
    other: Option<&Tolerance>,
) -> Result<Verdict, Stop> {
    let inputs = vector.value.get("inputs").unwrap_or(&vector.value);
    let inputs = Fields::root("inputs", inputs);
    let expected = vector.value.get("expected").unwrap_or(&vector.value);
    let expected = Fields::root("expected", expected);
    let whole = Fields::root("", &vector.value);
    let tolerance = whole.part("tolerance");
    let tolerance = Fields::root("tolerance", tolerance.value());
    let own = Tolerance::read(&tolerance)?;
    let tolerance = other.unwrap_or(&own);
    let refusal = expected.truth("rejected")?;
    match houses::rule::<N>(house, &vector.kind, &inputs, &expected) {
        Err(Stop::Waiting(why)) => Ok(Verdict::Waiting(why)),
        Err(Stop::Rejected(_)) if refusal => Ok(Verdict::Passed),
        Err(Stop::Rejected(reason)) => {
            Ok(Verdict::Failed(vec![unlike("figures", &format!("refused: {reason}"))]))
        }
        Err(malformed) => Err(malformed),
        Ok(_) if refusal => Ok(Verdict::Failed(vec![unlike("a refusal", "figures")])),
        Ok(answer) => {
            let mut comparison = Comparison::default();
            comparison.compare(&expected, &answer, tolerance)?;
            Ok(concluded(comparison))
        }
    }
}

fn concluded(comparison: Comparison) -> Verdict {
    if !comparison.mismatches.is_empty() {
        Verdict::Failed(comparison.mismatches)
    } else if !comparison.unanswered.is_empty() {
        Verdict::Waiting(format!("not answered: {}", comparison.unanswered.join(", ")))
    } else if comparison.compared == 0 {
        Verdict::Waiting("nothing is expected that could be compared".to_owned())
    } else {
        Verdict::Passed
    }
}

fn unlike(expected: &str, found: &str) -> Mismatch {
    let (expected, found) = (expected.to_owned(), found.to_owned());
    Mismatch { path: "expected".to_owned(), expected, found }
}
