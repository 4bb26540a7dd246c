//! What is said of vector files: a row a house and kind, then who failed and why.

use feed::error::{FeedError, FeedErrors};
use serde_json::{Value, json};

use super::Verdict;
use super::answer::Mismatch;
use super::file::{Vector, VectorFile};

/// How many failures and reasons to wait are told in the text.
const TOLD: usize = 40;

/// Counts of one kind of a house.
#[derive(Debug, Default)]
struct Row {
    house: String,
    kind: String,
    passed: u64,
    failed: u64,
    waiting: u64,
    malformed: u64,
}

impl Row {
    fn total(&self) -> u64 {
        self.passed + self.failed + self.waiting + self.malformed
    }
}

/// Counts, failures and reasons to wait.
#[derive(Debug, Default)]
pub struct Report {
    rows: Vec<Row>,
    failures: Vec<(String, String, String, Mismatch)>,
    waiting: Vec<(String, String, String, String)>,
    /// Vectors with a field that is not what it should be.
    pub faults: FeedErrors,
}

impl Report {
    fn row(&mut self, file: &VectorFile, vector: &Vector) -> &mut Row {
        let known = |row: &Row| row.house == file.house && row.kind == vector.kind;
        let place = self.rows.iter().position(known).unwrap_or(self.rows.len());
        if place == self.rows.len() {
            let (house, kind) = (file.house.clone(), vector.kind.clone());
            self.rows.push(Row { house, kind, ..Row::default() });
        }
        &mut self.rows[place]
    }

    /// Counts a vector that cannot be judged.
    pub fn malformed(&mut self, file: &VectorFile, vector: &Vector, fault: FeedError) {
        self.row(file, vector).malformed += 1;
        if self.faults.errors.len() < feed::error::ERRORS_MAX {
            self.faults.errors.push(fault);
        } else {
            self.faults.omitted += 1;
        }
    }

    /// Counts a vector.
    pub fn add(&mut self, file: &VectorFile, vector: &Vector, verdict: Verdict) {
        let row = self.row(file, vector);
        let named = || (file.name.clone(), vector.id.clone(), vector.kind.clone());
        match verdict {
            Verdict::Passed => row.passed += 1,
            Verdict::Failed(mismatches) => {
                row.failed += 1;
                for mismatch in mismatches {
                    let (file, id, kind) = named();
                    self.failures.push((file, id, kind, mismatch));
                }
            }
            Verdict::Waiting(why) => {
                row.waiting += 1;
                let (file, id, kind) = named();
                self.waiting.push((file, id, kind, why));
            }
        }
    }

    /// Vectors that failed.
    pub fn failed(&self) -> u64 {
        self.rows.iter().map(|row| row.failed).sum()
    }

    /// Vectors of any kind.
    pub fn total(&self) -> u64 {
        self.rows.iter().map(Row::total).sum()
    }

    /// The table and what is to be said below it.
    pub fn text(&self, all: bool) -> String {
        let house = |row: &Row| shortened(&row.house);
        let wide = |width: usize, text: &str| width.max(text.chars().count());
        let first = self.rows.iter().fold(5, |width, row| wide(width, &house(row)));
        let second = self.rows.iter().fold(4, |width, row| wide(width, &row.kind));
        let line = |house: &str, kind: &str, passed: &str, waiting: &str| {
            format!("{house:first$}  {kind:second$}  {passed:>14}  {waiting:>7}\n")
        };
        let mut text = line("house", "kind", "passed / total", "waiting");
        let counted = |passed: u64, total: u64| format!("{passed} / {total}");
        for row in &self.rows {
            let total = row.total();
            text += &line(
                &house(row),
                &row.kind,
                &counted(row.passed, total),
                &row.waiting.to_string(),
            );
        }
        let sum = |count: fn(&Row) -> u64| self.rows.iter().map(count).sum::<u64>();
        let (passed, waiting) = (sum(|row| row.passed), sum(|row| row.waiting));
        text += &line("all", "", &counted(passed, self.total()), &waiting.to_string());
        text += &self.told(all);
        text
    }

    fn told(&self, all: bool) -> String {
        let most = if all { usize::MAX } else { TOLD };
        let mut text = String::new();
        for (file, id, _, mismatch) in self.failures.iter().take(most) {
            let Mismatch { path, expected, found } = mismatch;
            text += &format!("failed   {file}: {id}: {path}: expected {expected}, found {found}\n");
        }
        if self.failures.len() > most {
            text += &format!("failed   {} more figures\n", self.failures.len() - most);
        }
        if all {
            for (file, id, _, why) in &self.waiting {
                text += &format!("waiting  {file}: {id}: {why}\n");
            }
        }
        text
    }

    /// The same as a document.
    pub fn document(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            json!({
                "house": row.house, "kind": row.kind, "passed": row.passed,
                "failed": row.failed, "waiting": row.waiting,
                "malformed": row.malformed, "total": row.total(),
            })
        });
        let failures = self.failures.iter().map(|(file, id, kind, mismatch)| {
            json!({
                "file": file, "id": id, "kind": kind, "path": mismatch.path,
                "expected": mismatch.expected, "found": mismatch.found,
            })
        });
        let waiting = self.waiting.iter().map(
            |(file, id, kind, why)| json!({ "file": file, "id": id, "kind": kind, "why": why }),
        );
        json!({
            "schema": "clearsim.conformance/1",
            "rows": rows.collect::<Vec<_>>(),
            "failures": failures.collect::<Vec<_>>(),
            "waiting": waiting.collect::<Vec<_>>(),
        })
    }
}

/// A house's name as the table has room for it.
fn shortened(house: &str) -> String {
    const ROOM: usize = 32;
    if house.chars().count() <= ROOM {
        return house.to_owned();
    }
    house.chars().take(ROOM - 3).chain("...".chars()).collect()
}
