//! Figures: printed for people, and written as one JSON line each to `bench/<name>.jsonl` in
//! cargo's target directory.

use serde_json::json;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Collects the figures of one target.
pub struct Figures {
    bench: &'static str,
    file: Option<File>,
    failed: bool,
}

impl Figures {
    /// Opens the target's file anew and prints its claim.
    #[must_use]
    pub fn open(bench: &'static str, claim: &str) -> Self {
        println!("{bench}: {claim}");
        let directory = target_directory().map(|target| target.join("bench"));
        let file = directory.and_then(|directory| {
            fs::create_dir_all(&directory).ok()?;
            File::create(directory.join(format!("{bench}.jsonl"))).ok()
        });
        if file.is_none() {
            println!("  (no target directory found: figures are only printed)");
        }
        Self { bench, file, failed: false }
    }

    /// A figure that only reports.
    pub fn report(&mut self, figure: &str, value: f64, unit: &str) {
        println!("  {figure:<52} {:>14} {unit}", number(value));
        self.write(figure, value, unit, None, None);
    }

    /// A figure beside its baseline, both in `unit`, that only reports.
    pub fn beside(&mut self, figure: &str, value: f64, unit: &str, baseline: f64) {
        let (shown, ratio) = (number(value), value / baseline);
        println!(
            "  {figure:<52} {shown:>14} {unit}  baseline {}  ratio {ratio:.3}",
            number(baseline)
        );
        self.write(figure, value, unit, Some(baseline), None);
    }

    /// A figure beside its baseline, both in `unit`: the ratio must be at most `limit`.
    pub fn at_most(&mut self, figure: &str, value: f64, unit: &str, baseline: f64, limit: f64) {
        self.judge(figure, value, unit, baseline, (limit, value / baseline <= limit), "at most");
    }

    /// A figure beside its baseline, both in `unit`: the ratio must be at least `limit`.
    pub fn at_least(&mut self, figure: &str, value: f64, unit: &str, baseline: f64, limit: f64) {
        self.judge(figure, value, unit, baseline, (limit, value / baseline >= limit), "at least");
    }

    fn judge(
        &mut self,
        figure: &str,
        value: f64,
        unit: &str,
        baseline: f64,
        (limit, holds): (f64, bool),
        word: &str,
    ) {
        let verdict = if holds { "holds" } else { "MISSED" };
        let ratio = value / baseline;
        println!(
            "  {figure:<52} {:>14} {unit}  baseline {}  ratio {ratio:.3} ({word} {limit}): {verdict}",
            number(value),
            number(baseline),
        );
        self.failed |= !holds;
        self.write(figure, value, unit, Some(baseline), Some((limit, holds)));
    }

    fn write(
        &mut self,
        figure: &str,
        value: f64,
        unit: &str,
        baseline: Option<f64>,
        limit: Option<(f64, bool)>,
    ) {
        let line = json!({
            "bench": self.bench,
            "figure": figure,
            "value": value,
            "unit": unit,
            "baseline": baseline,
            "ratio": baseline.map(|baseline| value / baseline),
            "limit": limit.map(|(limit, _)| limit),
            "holds": limit.map(|(_, holds)| holds),
        });
        if let Some(file) = &mut self.file
            && writeln!(file, "{line}").is_err()
        {
            self.file = None;
        }
    }

    /// Ends the target: exit code 1 where a limit was missed and `CLEARSIM_BENCH_STRICT` is set.
    pub fn close(self) {
        if self.failed && std::env::var_os("CLEARSIM_BENCH_STRICT").is_some() {
            std::process::exit(1);
        }
    }
}

/// Cargo's target directory: the benchmark's own binary lies in it.
fn target_directory() -> Option<PathBuf> {
    let binary = std::env::current_exe().ok()?;
    target_directory_of(&binary)
}

/// The nearest directory around a binary that cargo marked as its cache, which is the target
/// directory whatever lies between: `--target` adds a folder, a profile names another.
fn target_directory_of(binary: &Path) -> Option<PathBuf> {
    let marked = |directory: &&Path| directory.join("CACHEDIR.TAG").is_file();
    // target/release/deps/apply-0123, where nothing is marked.
    let usual = || binary.ancestors().nth(3);
    binary.ancestors().skip(1).find(marked).or_else(usual).map(PathBuf::from)
}

fn number(value: f64) -> String {
    let digits = if value.abs() >= 1_000.0 { 0 } else { 3 };
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    rest.map_or(grouped.clone(), |rest| format!("{grouped}.{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_directory_is_the_one_that_cargo_marked() {
        let root = std::env::temp_dir().join(format!("clearsim-figure-{}", std::process::id()));
        let target = root.join("target");
        let plain = target.join("release/deps/apply-0123");
        let crossed = target.join("x86_64-unknown-linux-gnu/release/deps/apply-0123");
        fs::create_dir_all(&target).expect("a directory");
        let unmarked = (target_directory_of(&plain), target_directory_of(&crossed));
        File::create(target.join("CACHEDIR.TAG")).expect("a file");
        let marked = [&plain, &crossed].map(|binary| target_directory_of(binary));
        fs::remove_dir_all(&root).expect("is there");
        let folder = target.join("x86_64-unknown-linux-gnu");
        assert_eq!(unmarked, (Some(target.clone()), Some(folder)), "the third ancestor");
        assert_eq!(marked, [Some(target.clone()), Some(target)]);
    }
}
