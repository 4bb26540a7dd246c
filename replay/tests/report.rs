//! Goal: a report is one file that asks for nothing, equal between runs, small, and true to the
//! summary. Method: the tiny day through the program; its page read as text.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{check, runs, text, tiny};

/// Bytes of a report at most.
const BYTES_MAX: usize = 2 << 20;

fn report(run: &Path) -> String {
    fs::read_to_string(run.join("report.html")).expect("a run has its report")
}

/// Every figure of the page that names its place in the summary: place, exact figure.
fn figures(page: &str) -> Vec<(String, String)> {
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        // A template may write a slash as a character reference.
        rest.split_once('"').map(|(value, _)| value.replace("&#x2f;", "/"))
    };
    let tags = page.split('<').filter_map(|tag| tag.split_once('>').map(|(tag, _)| tag));
    tags.filter_map(|tag| Some((attribute(tag, "data-summary")?, attribute(tag, "data-exact")?)))
        .collect()
}

#[test]
fn a_report_asks_for_nothing_and_is_small() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &[]);
    let page = report(&run);
    assert!(page.len() <= BYTES_MAX, "{} bytes", page.len());
    assert!(page.contains("default-src 'none'"), "a policy forbids every request");
    for asking in [" src=", " href=\"http", "@import", "url(", "fetch(", "XMLHttpRequest"] {
        assert!(!page.contains(asking), "the page asks with {asking}");
    }
    for part in ["Who bore the loss", "For the risk committee", "Provenance", "Refusals"] {
        assert!(page.contains(part), "{part} is missing");
    }
    assert!(page.contains("The MIT License"), "the library's licence stands in the page");
}

#[test]
fn figures_of_the_page_are_those_of_the_summary() {
    let folder = runs();
    let (run, summary) = tiny(folder.path(), &[]);
    let figures = figures(&report(&run));
    assert!(figures.len() > 40, "only {} figures name their place", figures.len());
    for (pointer, exact) in &figures {
        let expected = match summary.pointer(pointer).unwrap_or(&Value::Null) {
            Value::String(text) => text.clone(),
            Value::Null => "-".to_owned(),
            other => other.to_string(),
        };
        assert_eq!(exact, &expected, "{pointer}");
    }
    for pointer in ["/money/deficit", "/liquidated/notional", "/state_digest", "/prices/0/low"] {
        assert!(figures.iter().any(|(place, _)| place == pointer), "{pointer} is not shown");
    }
}

#[test]
fn two_runs_and_a_later_report_give_equal_bytes() {
    let (one, two) = (runs(), runs());
    let (first, _) = tiny(one.path(), &[]);
    let (second, _) = tiny(two.path(), &["--batch", "64"]);
    assert!(report(&first) == report(&second), "two runs of one input differ");
    let out: PathBuf = one.path().join("again.html");
    let answer = check(0, &["report", text(&first), "-o", text(&out)]);
    assert_eq!(answer.out.trim(), text(&out));
    let again = fs::read_to_string(&out).expect("it was written");
    assert!(again == report(&first), "hearing the run again tells something else");
}

#[test]
fn a_chart_can_be_had_as_a_picture() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &[]);
    let out = folder.path().join("chart.svg");
    check(0, &["report", text(&run), "--svg", "market/ETH-PERP", "-o", text(&out)]);
    let picture = fs::read_to_string(&out).expect("it was written");
    assert!(picture.starts_with("<svg") && picture.contains("<path"), "{picture}");
    let answer = check(4, &["report", text(&run), "--svg", "nothing"]);
    assert!(answer.said.contains("losses/added up"), "{}", answer.said);
}

#[test]
fn what_is_no_run_is_named() {
    let folder = runs();
    let empty = text(folder.path());
    for (exit, place, code) in [(2, empty, "run.foreign"), (3, "no/such/run", "run.missing")] {
        let answer = check(exit, &["report", place]);
        assert!(answer.said.contains(code), "{}", answer.said);
    }
}

#[test]
fn two_runs_are_told_in_one_page() {
    let folder = runs();
    let runs = text(folder.path());
    let set = "instruments.BTC-PERP.maintenance=0.008";
    let (first, _) = tiny(folder.path(), &[]);
    let (second, _) = tiny(folder.path(), &["--set", set]);
    let answer = check(0, &["report", text(&first), "--against", text(&second)]);
    let page = fs::read_to_string(answer.out.trim()).expect("it was written");
    assert!(page.len() <= BYTES_MAX, "{} bytes", page.len());
    for part in ["What differs", "Where they part", "First divergence", "maintenance"] {
        assert!(page.contains(part), "{part} is missing");
    }
    assert!(page.contains("Accounts that fared otherwise") && page.contains("a less b"));
    let same = folder.path().join("same.html");
    check(0, &["report", text(&first), "--against", text(&first), "-o", text(&same)]);
    let page = fs::read_to_string(&same).expect("it was written");
    assert!(page.contains("The runs are equal"), "a run does not part from itself");
    let own = first.join("rulebook.toml");
    let rulebook = ["fixtures/rulebooks/default.toml", text(&own)];
    let mut arguments = vec!["day", "fixtures/days/tiny", "--runs", runs];
    rulebook.iter().for_each(|path| arguments.extend(["--rulebook", path]));
    let answer = check(0, &arguments);
    assert!(answer.said.contains("compared in"), "{}", answer.said);
}

/// The charts of a page, by name, as the script reads them.
fn charts(page: &str) -> Vec<Value> {
    let (_, rest) = page.split_once("id=\"data\">").expect("the page has its data");
    let (text, _) = rest.split_once("</script>").expect("the data end");
    let data: Value = serde_json::from_str(text).expect("the data are JSON");
    data["charts"].as_array().expect("a list").clone()
}

fn chart<'a>(charts: &'a [Value], id: &str) -> &'a Value {
    let found = charts.iter().find(|chart| chart["id"] == id);
    found.unwrap_or_else(|| panic!("no chart {id}"))
}

fn names(of: &Value) -> Vec<&str> {
    of.as_array().expect("a list").iter().filter_map(|one| one["name"].as_str()).collect()
}

const FEEDBACK: [&str; 4] = ["--rulebook", "depth", "--price-mode", "synthetic"];

#[test]
fn every_chart_that_a_run_with_feedback_can_have_is_there() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &FEEDBACK);
    let page = report(&run);
    let all = charts(&page);
    for id in [
        "prices",
        "market",
        "liquidated",
        "amplification",
        "impact",
        "below",
        "margins",
        "worst",
        "fund",
        "losses",
        "deleveraging",
        "requirement",
        "liquidity",
        "funding",
    ] {
        let one = chart(&all, id);
        assert!(one["look"].as_str().is_some_and(|look| look.len() > 60), "{id} says what to see");
        for view in one["views"].as_array().expect("a list") {
            let drawn = view["series"].as_array().expect("a list").iter().any(|series| {
                let values = series["values"].as_array().expect("a list");
                values.iter().any(|value| value.as_f64().is_some_and(|value| value != 0.0))
            });
            assert!(drawn, "{id}/{} is empty", view["name"]);
        }
    }
    let market = &chart(&all, "market")["views"][0];
    let lines = names(&market["series"]);
    for line in ["mark", "recorded mark", "last", "longs liquidated"] {
        assert!(lines.contains(&line), "{line} of {lines:?}");
    }
    let waves = chart(&all, "liquidated")["views"].as_array().expect("a list");
    let waves = waves.iter().find(|view| view["name"] == "by wave").expect("several waves");
    assert_eq!(names(&waves["series"])[..2], ["wave 1", "wave 2"]);
    // The mark in force and the recorded one part, and neither jumps between the two.
    let low = |name: &str| {
        let series = market["series"].as_array().expect("a list").iter();
        let own = series.filter(|series| series["name"] == name).flat_map(|series| {
            series["values"].as_array().expect("a list").iter().filter_map(Value::as_f64)
        });
        own.fold(f64::INFINITY, f64::min)
    };
    assert!(low("mark") < low("recorded mark"), "{} {}", low("mark"), low("recorded mark"));
    assert!(page.contains("Marks in force, moved by"));
}

#[test]
fn the_worst_accounts_cross_their_margin_where_they_are_liquidated() {
    let folder = runs();
    let (run, summary) = tiny(folder.path(), &[]);
    let all = charts(&report(&run));
    let views = chart(&all, "worst")["views"].as_array().expect("a list");
    assert_eq!(views.len(), 12);
    let worst = summary["lost"]["worst"]["account"].as_u64().expect("somebody lost");
    assert_eq!(views[0]["name"], format!("account {worst}"));
    for view in views {
        let [adjusted, equity, maintenance] = [0, 1, 2].map(|place| &view["series"][place]);
        assert_eq!(names(&view["series"]), ["adjusted equity", "equity", "maintenance margin"]);
        let at = |series: &Value, place: usize| series["values"][place].as_f64().expect("a number");
        let count = adjusted["values"].as_array().expect("a list").len();
        let crossed = (0..count).any(|place| at(adjusted, place) < at(maintenance, place));
        assert!(crossed, "{} never fell below its margin", view["name"]);
        assert!((0..count).all(|place| at(equity, place) >= at(adjusted, place) - 1e-6));
        let marks = view["marks"].as_array().expect("a list");
        let first = marks.first().and_then(|mark| mark["text"].as_str()).unwrap_or("");
        assert!(first.starts_with("liquidated"), "{first}");
    }
}

#[test]
fn latency_is_told_on_request_and_never_else() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &[]);
    let before = report(&run);
    assert!(before.contains("--latency adds what was measured"), "the page says how to get it");
    assert!(!before.contains("id=\"latency\""));
    let answer = check(0, &["report", text(&run), "--latency"]);
    let path = run.join("report-latency.html");
    assert_eq!(answer.out.trim(), text(&path));
    let page = fs::read_to_string(&path).expect("it was written");
    for part in ["id=\"latency\"", "<polyline", "Microseconds, by stage", "p99.9", "total"] {
        assert!(page.contains(part), "{part} is missing");
    }
    assert!(before == report(&run), "the run's own report stays as it is");
}

#[test]
fn what_the_backstop_took_is_counted_and_named() {
    let folder = runs();
    let set = |text: &'static str| ["--set", text];
    let rules = [
        set("liquidation.hand_over.line=0.95"),
        set("liquidation.hand_over.backstop=199"),
        set("liquidation.policy=full"),
    ];
    let more: Vec<&str> = rules.iter().flatten().copied().collect();
    let (run, summary) = tiny(folder.path(), &more);
    let liquidated = &summary["liquidated"];
    let figure = |key: &str| {
        let text = liquidated[key].as_str().unwrap_or_else(|| panic!("{key} in {liquidated}"));
        text.parse::<f64>().expect("a decimal")
    };
    assert!(liquidated["takeovers"].as_u64() > Some(0), "{liquidated}");
    let parts = ["reduced_notional", "deleveraged_notional", "taken_over_notional"].map(figure);
    let difference = figure("notional") - parts.iter().sum::<f64>();
    assert!(parts[2] > 0.0 && difference.abs() < 1e-6 * figure("notional"), "{liquidated}");
    let page = report(&run);
    for part in ["handed to the backstop", "of it handed to the backstop", "to the backstop"] {
        assert!(page.contains(part), "{part} is missing");
    }
    let views = charts(&page);
    assert!(names(&chart(&views, "liquidated")["views"]).contains(&"by taker"));
    let screen = check(
        0,
        &[&["day", "fixtures/days/tiny", "--runs", text(folder.path())], &more[..]].concat(),
    );
    assert!(screen.out.contains("handed to the backstop"), "{}", screen.out);
    let (plain, summary) = tiny(folder.path(), &[]);
    assert_eq!(summary["liquidated"].get("takeovers"), None);
    assert!(!report(&plain).contains("backstop"), "a run without one does not speak of it");
}

#[test]
fn known_gaps_of_a_day_are_told() {
    let folder = runs();
    let (run, _) = tiny(folder.path(), &[]);
    assert!(report(&run).contains("none declared"));
    let day = folder.path().join("day");
    fs::create_dir_all(&day).expect("a writable folder");
    for entry in fs::read_dir(support::root().join("fixtures/days/tiny")).expect("the day") {
        let entry = entry.expect("readable");
        fs::copy(entry.path(), day.join(entry.file_name())).expect("copied");
    }
    let manifest = fs::read_to_string(day.join("day.toml")).expect("the manifest");
    let gap = "[[known_gap]]\nsource = \"tiny.last.csv\"\nfrom = \"2020-01-01T03:00:00Z\"\n\n";
    let manifest = manifest.replace("[population]", &format!("{gap}[population]"));
    fs::write(day.join("day.toml"), manifest).expect("it can be written");
    let answer = check(
        0,
        &[
            "day",
            text(&day),
            "--rulebook",
            "fixtures/rulebooks/default.toml",
            "--json",
            "--runs",
            text(folder.path()),
        ],
    );
    let run = PathBuf::from(answer.json()["run"].as_str().expect("a run"));
    let page = report(&run);
    for part in ["Known gaps of the data (1)", "tiny.last.csv", "2020-01-01T03:00:00Z"] {
        assert!(page.contains(part), "{part} is missing");
    }
}
