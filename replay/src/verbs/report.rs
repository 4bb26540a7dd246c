//! `report`: a finished run heard again, told as one HTML file; or one chart of it as a picture.

use std::path::{Path, PathBuf};

use runtime::latency::{LatencyTable, ReadError, read_log};
use serde_json::json;

use crate::chronicle::worst::Worst;
use crate::cli::ReportArgs;
use crate::console::Console;
use crate::difference;
use crate::directory::LATENCY_FILE;
use crate::failure::{Answer, DONE, Failure, NOTHING_SELECTED, UNFINISHED};
use crate::opened::Run;
use crate::report::against::{self, Pair};
use crate::report::chart::{Chart, View};
use crate::report::{self, REPORT_FILE, Told, charts, svg};

/// Name of a report that tells latencies as well.
const LATENCY_REPORT_FILE: &str = "report-latency.html";

/// Writes what was asked for and prints its path.
///
/// # Errors
/// No run, damage, no such chart, the disk.
pub fn report(console: &mut Console, args: &ReportArgs) -> Answer {
    let run = Run::open(&args.run)?;
    if let Some(other) = &args.against {
        let other = Run::open(other)?;
        let path = args.out.clone().unwrap_or_else(|| comparison_file(&run, &other));
        let bytes = compare(console, &run, &other, &path)?;
        return say(console, &path, bytes);
    }
    let mut told = report::told(&run)?;
    report::watch(&run, &mut told, &[])?;
    if let Some(word) = &args.svg {
        return picture(console, args, &told, word);
    }
    if args.latency {
        told.latency = Some(measured(&run)?);
    }
    // The run's own report is the same for every run of its input, so this one stands beside it.
    let own = if args.latency { LATENCY_REPORT_FILE } else { REPORT_FILE };
    let path = args.out.clone().unwrap_or_else(|| args.run.join(own));
    let text = report::single(&path, &mut told)?;
    report::put(&path, &text)?;
    say(console, &path, text.len())
}

/// What was measured when the run was made.
fn measured(run: &Run) -> Answer<LatencyTable> {
    let path = run.path.join(LATENCY_FILE);
    if !path.is_file() {
        let sentence = "the run has no latencies: none were kept when it was made";
        return Err(Failure::about(NOTHING_SELECTED, "report.latency", &path, sentence.to_owned()));
    }
    read_log(&path).map_err(|error| match error {
        ReadError::Io(error) => Failure::io("read", &path, &error),
        other => Failure::about(UNFINISHED, "run.damaged", &path, other.to_string()),
    })
}

/// Where a comparison is written: into the first run, under the other's name.
pub fn comparison_file(run: &Run, other: &Run) -> PathBuf {
    run.path.join(format!("against-{}.html", other.id))
}

/// Writes the comparison of two finished runs; returns its size.
///
/// # Errors
/// Damage, another semantics, the disk.
pub fn compare(console: &Console, run: &Run, other: &Run, path: &Path) -> Answer<usize> {
    let difference = difference::compare(console, [&run.path, &other.path], 0)?;
    let (mut ours, mut theirs) = (report::told(run)?, report::told(other)?);
    // Who fared worst in either run is watched in both.
    let worst = |told: &Told| Worst::of(&told.chronicle.liquidations);
    let (own, others) = (worst(&ours), worst(&theirs));
    report::watch(run, &mut ours, &others)?;
    report::watch(other, &mut theirs, &own)?;
    let page = report::fitted(|points| {
        (ours.points, theirs.points) = (points, points);
        against::page(&Pair { ours: &ours, theirs: &theirs, difference: &difference })
    });
    let text = report::text_of(path, page)?;
    report::put(path, &text)?;
    Ok(text.len())
}

fn say(console: &mut Console, path: &Path, bytes: usize) -> Answer {
    if console.json {
        let document = json!({
            "schema": "clearsim.report/1",
            "path": path.display().to_string(),
            "bytes": bytes,
        });
        console.document(&document)?;
    } else {
        console.line(path.display().to_string())?;
    }
    Ok(DONE)
}

/// One view of one chart; the first view where none is named.
fn picture(console: &mut Console, args: &ReportArgs, told: &Told, word: &str) -> Answer {
    let charts = charts::charts(told);
    let Some((chart, view)) = find(&charts, word) else {
        let names: Vec<String> = charts.iter().flat_map(names).collect();
        let sentence = format!("no chart {word:?}; the run has {}", names.join(", "));
        return Err(Failure::about(NOTHING_SELECTED, "report.chart", &args.run, sentence));
    };
    let file = format!("{}.svg", chart.id);
    let path = args.out.clone().unwrap_or_else(|| PathBuf::from(file));
    let text = svg::alone(&format!("{}: {}", chart.title, view.name), view);
    report::put(&path, &text)?;
    say(console, &path, text.len())
}

fn find<'a>(charts: &'a [Chart], word: &str) -> Option<(&'a Chart, &'a View)> {
    let (id, name) = word.split_once('/').map_or((word, None), |(id, name)| (id, Some(name)));
    let chart = charts.iter().find(|chart| chart.id == id)?;
    let view = chart.views.iter().find(|view| name.is_none_or(|name| view.name == name))?;
    Some((chart, view))
}

/// `market/BTC-PERP`, or the chart alone where it has one view.
fn names(chart: &Chart) -> Vec<String> {
    match chart.views.as_slice() {
        [_] => vec![chart.id.to_owned()],
        views => views.iter().map(|view| format!("{}/{}", chart.id, view.name)).collect(),
    }
}
