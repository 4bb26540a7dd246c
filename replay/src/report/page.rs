//! The page: template, style and script put together with what is told.
//!
//! Nothing is computed here. Law: no byte of the page asks for another file; the content security
//! policy says so to the browser as well.

use minijinja::value::{Serde, Value as Shown};
use minijinja::{AutoEscape, Environment, context};
use serde::Serialize;
use serde_json::Value;

use super::chart::{Chart, View};
use super::sections::{AFTER, BEFORE, sections};
use super::table::{Section, Table};
use super::{Told, charts, svg};

const TEMPLATE: &str = include_str!("../../assets/report.html");
const STYLE: &str = include_str!("../../assets/report.css");
const SCRIPT: &str = include_str!("../../assets/report.js");
const LIBRARY: &str = include_str!("../../assets/uplot/uPlot.iife.min.js");
const LIBRARY_STYLE: &str = include_str!("../../assets/uplot/uPlot.min.css");
const LICENCE: &str = include_str!("../../assets/uplot/LICENSE");

/// The light colours, for pictures that stand alone.
pub const THEME: &str = include_str!("../../assets/light.css");
const DARK: &str = include_str!("../../assets/dark.css");

/// A chart as the template sees it.
#[derive(Serialize)]
struct Exhibit<'a> {
    chart: &'a Chart,
    picture: String,
    tables: Vec<Named<'a>>,
}

/// A view's table.
#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
    unit: &'a str,
    table: Table,
}

/// The whole page.
///
/// # Errors
/// The template's own fault, with its line: a bug.
pub fn page(told: &Told) -> Result<String, minijinja::Error> {
    let charts = charts::charts(told);
    let (before, after) = (sections(told, BEFORE), sections(told, AFTER));
    render(told, &Parts { charts, before, after, headings: None })
}

/// What a page is made of.
pub struct Parts {
    /// Charts.
    pub charts: Vec<Chart>,
    /// Sections before them.
    pub before: Vec<Section>,
    /// Sections after them.
    pub after: Vec<Section>,
    /// Title, line below it and line of digests, where they are not the run's own.
    pub headings: Option<[String; 3]>,
}

/// Puts the parts into the template.
///
/// # Errors
/// The template's own fault, with its line: a bug.
pub fn render(told: &Told, parts: &Parts) -> Result<String, minijinja::Error> {
    let Parts { charts, before, after, headings } = parts;
    let own = [told.told("/title").to_owned(), subtitle(told), digest(told)];
    let [title, subtitle, digest] = headings.as_ref().unwrap_or(&own);
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("report", TEMPLATE)?;
    let shown: Vec<Exhibit<'_>> = charts.iter().map(show).collect();
    let data = data(told, charts);
    environment.get_template("report")?.render(context! {
        title,
        subtitle,
        note => told.summary.get("note").and_then(Value::as_str),
        digest,
        before => Shown::from(Serde(before.clone())),
        after => Shown::from(Serde(after.clone())),
        charts => Shown::from(Serde(&shown)),
        data => Shown::from_safe_string(data),
        light => Shown::from_safe_string(THEME.to_owned()),
        dark => Shown::from_safe_string(DARK.to_owned()),
        style => Shown::from_safe_string(format!("{LIBRARY_STYLE}\n{STYLE}")),
        library => Shown::from_safe_string(LIBRARY.to_owned()),
        licence => Shown::from_safe_string(LICENCE.to_owned()),
        script => Shown::from_safe_string(SCRIPT.to_owned()),
    })
}

fn show(chart: &Chart) -> Exhibit<'_> {
    let picture = chart.views.first().map(|view| svg::inside(&chart.title, view));
    let tables = chart.views.iter().map(|view: &View| Named {
        name: &view.name,
        unit: &view.unit,
        table: view.sheet.table(),
    });
    Exhibit { chart, picture: picture.unwrap_or_default(), tables: tables.collect() }
}

/// State digest and run, in words.
pub fn digest(told: &Told) -> String {
    let run = told.told("/id");
    let run = if run.is_empty() { String::new() } else { format!(" · run {run}") };
    format!("state digest {}{run}", told.told("/state_digest"))
}

/// Rulebook, price mode and the end, in words.
pub fn subtitle(told: &Told) -> String {
    let overrides = told.record.get("overrides").and_then(Value::as_array);
    let overrides =
        overrides.map(|list| list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "));
    let overrides = overrides.filter(|text| !text.is_empty());
    let overrides = overrides.map_or_else(String::new, |text| format!(" with {text}"));
    let mode = told.told("/price_mode");
    let until = told.told("/until");
    let until = if until.is_empty() { String::new() } else { format!(", until {until}") };
    format!("rulebook {}{overrides}, {mode} prices{until}", told.told("/rulebook"))
}

/// What the script draws.
#[derive(Serialize)]
struct Data<'a> {
    from: i64,
    to: i64,
    worst: Option<i64>,
    charts: &'a [Chart],
}

/// The charts as JSON that cannot end the element it stands in.
fn data(told: &Told, charts: &[Chart]) -> String {
    let grid = told.grid();
    let worst = told.summary.pointer("/liquidated/worst_minute/at").and_then(Value::as_str);
    let worst = worst.and_then(feed::time::utc).map(|at| at.nanos() / 1_000_000_000);
    let data = Data { from: grid.from * 60, to: (grid.to + 1) * 60, worst, charts };
    let text = serde_json::to_string(&data).unwrap_or_default();
    text.replace('<', "\\u003c")
}
