//! Percentiles of a run as rows, and as text for a person.

use std::fmt;

use hdrhistogram::Histogram;

use super::plot::Curve;
use super::{Stage, kind_word};

/// The percentiles shown, with their names; the largest value stands beside them.
pub const PERCENTILES: [(&str, f64); 5] =
    [("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p99.9", 99.9), ("p99.99", 99.99)];

/// The latencies of one stage, of all commands or of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which stage.
    pub stage: Stage,
    /// Number of the kind; `None` is all of them.
    pub kind: Option<u16>,
    /// How many values.
    pub count: u64,
    /// Values at [`PERCENTILES`], in nanoseconds.
    pub percentiles_ns: [u64; 5],
    /// The largest, in nanoseconds.
    pub max_ns: u64,
}

impl Row {
    pub(super) fn new(stage: Stage, kind: Option<u16>, histogram: &Histogram<u64>) -> Self {
        Self {
            stage,
            kind,
            count: histogram.len(),
            percentiles_ns: PERCENTILES.map(|(_, at)| histogram.value_at_percentile(at)),
            max_ns: histogram.max(),
        }
    }

    /// `total`, or `total.deposit`: the row's tag in the log.
    #[must_use]
    pub fn name(&self) -> String {
        match self.kind {
            None => self.stage.word().to_string(),
            Some(kind) => {
                format!("{}.{}", self.stage.word(), kind_word(kind).unwrap_or("unknown"))
            }
        }
    }
}

/// The percentiles of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LatencyTable {
    /// A row for each stage that was met, then one for each stage and kind.
    pub rows: Vec<Row>,
    /// For the plot: a curve for each stage that was met.
    pub curves: Vec<Curve>,
}

impl LatencyTable {
    /// The row of a stage and kind, if anything was recorded there.
    #[must_use]
    pub fn row(&self, stage: Stage, kind: Option<u16>) -> Option<&Row> {
        self.rows.iter().find(|row| row.stage == stage && row.kind == kind)
    }
}

/// Nanoseconds as microseconds with one decimal, cut: `12.3`.
fn micros(nanos: u64) -> String {
    format!("{}.{}", nanos / 1_000, nanos % 1_000 / 100)
}

impl fmt::Display for LatencyTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<26} {:>10}", "latency, us", "count")?;
        for (name, _) in PERCENTILES {
            write!(f, " {name:>10}")?;
        }
        writeln!(f, " {:>10}", "max")?;
        for row in &self.rows {
            write!(f, "{:<26} {:>10}", row.name(), row.count)?;
            for value in row.percentiles_ns {
                write!(f, " {:>10}", micros(value))?;
            }
            writeln!(f, " {:>10}", micros(row.max_ns))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lines_up() {
        let mut histogram = Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("in range");
        for value in 1..=1_000 {
            histogram.record(value * 1_000).expect("in range");
        }
        let rows = vec![
            Row::new(Stage::Total, None, &histogram),
            Row::new(Stage::Total, Some(8), &histogram),
        ];
        let text = LatencyTable { rows, curves: Vec::new() }.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| line.len() == lines[0].len()), "{text}");
        assert!(lines[1].starts_with("total ") && lines[2].starts_with("total.register_trade "));
        assert!(lines[1].contains("1000") && lines[1].contains("500."), "{text}");
    }
}
