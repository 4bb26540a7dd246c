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
