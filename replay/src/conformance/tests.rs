//! Goal: the numbers of the machine, integers at 1e-16, answer as exact fractions do.
//!
//! Method: every vector of the fixtures, and of the recorded files where these are at hand, is put
//! into the same functions with both kinds of number; integers may be off by what rounding leaves.

use std::path::{Path, PathBuf};

use domain::Rounding;
use risk::number::{Fixed, Number};

use super::exact::Exact;
use super::file::{VectorFile, read};
use super::tolerance::Tolerance;
use super::{Verdict, verdict};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files(folder: &Path) -> Vec<VectorFile> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    let read =
        |path: &PathBuf| read(path).unwrap_or_else(|_| panic!("{} is sound", path.display()));
    paths.iter().map(read).collect()
}

/// Answers how many vectors passed with either number.
fn check(folder: &Path) -> usize {
    let near = Tolerance::Scaled(Exact::of(1, 1_000_000_000));
    let (mut passed, mut off) = (0, Vec::new());
    for file in files(folder) {
        for vector in &file.vectors {
            let exact = verdict::<Exact>(&file.house, vector, None);
            if exact != Ok(Verdict::Passed) {
                continue;
            }
            passed += 1;
            let own = verdict::<Fixed>(&file.house, vector, None);
            let fixed = verdict::<Fixed>(&file.house, vector, Some(&near));
            if own != Ok(Verdict::Passed) && fixed != Ok(Verdict::Passed) {
                off.push(format!("{}: {}: {fixed:?}", file.name, vector.id));
            }
        }
    }
    assert!(off.is_empty(), "{} vectors\n{}", off.len(), off.join("\n"));
    passed
}

#[test]
fn integers_answer_as_fractions_do() {
    let passed = check(&root().join("fixtures/vectors"));
    assert!(passed >= 60, "only {passed} vectors of the fixtures passed");
}

#[test]
fn integers_answer_recorded_vectors() {
    let named = std::env::var_os("CLEARSIM_VECTORS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| root().join("../shared/vectors"));
    if !folder.is_dir() {
        println!("skipped: no vectors at {}", folder.display());
        return;
    }
    assert!(check(&folder) > 0, "no vector of {} passed", folder.display());
}

#[test]
fn a_product_rounds_where_a_fraction_does_not() {
    let third = |number: &Fixed| number.over(&Fixed::of(3, 1), Rounding::Down);
    let back = third(&Fixed::one()).map(|third| third.times(&Fixed::of(3, 1), Rounding::Down));
    assert!(back.is_some_and(|back| back < Fixed::one()));
}
