//! What an import met: rows, gaps, repairs, rejects, hashes; and the rejects as a file.

use std::fmt;
use std::io::{self, Write};

use serde::Serialize;

use crate::manifest::{Manifest, Role};
use crate::market::{BadPrint, Market, Substitution};
use crate::reader::Report;
use crate::time;

/// One file of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileSummary {
    /// Its use.
    pub role: Role,
    /// Asset or instrument where the file has one; empty where it has a column of them.
    pub name: String,
    /// What was met in it, rejects and gaps one by one.
    #[serde(flatten)]
    pub report: Report,
}

/// An import as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportSummary {
    /// First instant, and the first one after the last bar.
    pub window: [String; 2],
    /// Every file, in the order given.
    pub files: Vec<FileSummary>,
    /// Rows of data.
    pub rows: u64,
    /// Rows that became prices or rates.
    pub accepted: u64,
    /// Rows of other assets or venues.
    pub unselected: u64,
    /// Volumes rounded to 1e-8.
    pub repairs: u64,
    /// Rows set aside.
    pub rejects: u64,
    /// Holes inside series.
    pub gaps: u64,
    /// Roles filled by another series.
    pub substitutions: Vec<Substitution>,
    /// Last prices that the guard flags.
    pub bad_prints: Vec<BadPrint>,
}

impl ImportSummary {
    pub(super) fn new(manifest: &Manifest, market: &Market) -> ImportSummary {
        let files: Vec<FileSummary> = manifest
            .source
            .iter()
            .zip(&market.reports)
            .map(|(source, report)| FileSummary {
                role: source.role,
                name: source.asset.clone().or(source.instrument.clone()).unwrap_or_default(),
                report: report.clone(),
            })
            .collect();
        let sum = |count: fn(&Report) -> u64| files.iter().map(|file| count(&file.report)).sum();
        ImportSummary {
            window: manifest.window.map(time::text),
            rows: sum(|report| report.rows),
            accepted: sum(|report| report.accepted),
            unselected: sum(|report| report.unselected),
            repairs: sum(|report| report.volumes_rounded),
            rejects: sum(|report| report.rejects.len() as u64),
            gaps: sum(|report| report.gaps.len() as u64),
            substitutions: market.substitutions.clone(),
            bad_prints: market.bad_prints.clone(),
            files,
        }
    }

    /// Writes the rows set aside as CSV: `file,line,column,field,code,reason,raw`.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_rejects(&self, writer: impl Write) -> io::Result<()> {
        let mut table = csv::Writer::from_writer(writer);
        table.write_record(["file", "line", "column", "field", "code", "reason", "raw"])?;
        for file in &self.files {
            for reject in &file.report.rejects {
                let (line, column) = (reject.line.to_string(), reject.column.to_string());
                table.write_record([
                    file.report.file.as_str(),
                    &line,
                    &column,
                    &reject.field,
                    &reject.code,
                    &reject.reason,
                    &reject.raw,
                ])?;
            }
        }
        table.flush()
    }
}

/// `1 gap`, `2 gaps`.
fn counted(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

impl fmt::Display for ImportSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in &self.files {
            let report = &file.report;
            let name = if file.name.is_empty() { "by column" } else { &file.name };
            writeln!(f, "{}", report.file)?;
            writeln!(f, "  sha256 {}", report.sha256)?;
            writeln!(
                f,
                "  {} {name}: {}, {}, {}, {}",
                file.role.word(),
                counted(report.rows, "row"),
                counted(report.gaps.len() as u64, "gap"),
                counted(report.volumes_rounded, "repair"),
                counted(report.rejects.len() as u64, "reject"),
            )?;
            for gap in &report.gaps {
                let (from, to) = (time::text(gap.from), time::text(gap.to));
                writeln!(f, "  gap in {} from {from} to {to} (line {})", gap.name, gap.line)?;
            }
        }
        write!(
            f,
            "{} to {}: {}, {}, {}, {}",
            self.window[0],
            self.window[1],
            counted(self.rows, "row"),
            counted(self.gaps, "gap"),
            counted(self.repairs, "repair"),
            counted(self.rejects, "reject"),
        )
    }
}
