//! A run beside what was published about its day: `day --compare`, `summary.json`, the report.
//!
//! The figures and their classes come from `published.toml` of the day ([`feed::published`]), ours
//! from the run that was heard ([`gathered`], [`measured`]); a verdict is worked out from the two
//! and from nothing else ([`verdict`]). Law: a figure that cannot be compared says why, and stands
//! in the table all the same.

pub mod gathered;
pub mod lines;
pub mod measured;
pub mod verdict;

use domain::Timestamp;
use feed::published::{Class, Figure, Ours, Published, Value};
use serde_json::json;

use crate::summary::Statistics;
use gathered::Gathered;
use measured::Measured;
use verdict::Verdict;

/// One figure laid beside the run's.
#[derive(Debug, Clone)]
pub struct Row {
    /// What was published.
    pub figure: Figure,
    /// What the run has; `None` where there is nothing to compare, or the run has none of it.
    pub ours: Option<Measured>,
    /// What follows.
    pub verdict: Verdict,
}

/// Lays every figure beside the run's. `end` is where the run stops, before or at the end of the
/// day's window.
pub fn rows(
    published: &Published,
    gathered: &Gathered,
    statistics: &Statistics,
    (window_end, end): (Timestamp, Timestamp),
) -> Vec<Row> {
    let market = published.market.as_ref();
    let rows = published.figures.iter().map(|figure| {
        let (ours, verdict) = match &figure.ours {
            Ours::Cannot(reason) => (None, Verdict::Cannot(reason.clone())),
            Ours::Measure(measure) if measure.ends().unwrap_or(window_end) > end => {
                let reason = format!("the run stops at {}", feed::time::text(end));
                (None, Verdict::Cannot(reason))
            }
            Ours::Measure(measure) => {
                match measured::measured(measure, market, gathered, statistics) {
                    Ok(ours) => (Some(ours), verdict::verdict(figure, &ours)),
                    Err(absent) => (None, Verdict::Absent(absent)),
                }
            }
        };
        Row { figure: figure.clone(), ours, verdict }
    });
    rows.collect()
}

/// The rows as a list of objects: numbers, times and flags as text, exact.
pub fn document(rows: &[Row]) -> serde_json::Value {
    let rows = rows.iter().map(|row| {
        let figure = &row.figure;
        let mut object = json!({
            "name": figure.name,
            "class": figure.class.word(),
            "unit": figure.unit,
            "source": figure.source,
            "published": value(&figure.value),
            "ours": row.ours.as_ref().map(Measured::exact),
            "verdict": row.verdict.word(),
            "says": row.verdict.sentence(),
        });
        if let Some([low, high]) = figure.holds {
            let text = |units| feed::decimal::text(units, feed::published::PLACES);
            object["holds"] = json!({ "low": text(low), "high": text(high) });
        }
        object
    });
    serde_json::Value::Array(rows.collect())
}

fn value(value: &Value) -> serde_json::Value {
    let text = |units: i128| feed::decimal::text(units, feed::published::PLACES);
    match value {
        Value::Number([low, high], _) if low == high => json!(text(*low)),
        Value::Number([low, high], _) => json!({ "low": text(*low), "high": text(*high) }),
        Value::Time([from, to]) => {
            json!({ "from": feed::time::text(*from), "to": feed::time::text(*to) })
        }
        Value::Flag(true) => json!("yes"),
        Value::Flag(false) => json!("no"),
        Value::Words(words) => json!(words),
    }
}

/// What a class is called where tables head it.
pub const fn heading(class: Class) -> &'static str {
    match class {
        Class::Exact => "exact",
        Class::Order => "order of magnitude",
        Class::Shape => "in shape alone",
    }
}
