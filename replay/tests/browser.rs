//! Goal: a report works in a browser: nothing is requested, nothing complains, every chart is
//! drawn, numbers equal the summary, phone and desk, light and dark, keyboard and without script.
//!
//! Method: headless Chromium over its debugging pipe opens reports from disk. Without a browser the
//! test says that it is skipped, unless CLEARSIM_BROWSER=required (as in CI, where all days are
//! looked at). CLEARSIM_SHOTS=DIR keeps the pictures, to be looked at.

#[path = "support/browser.rs"]
mod browser;
mod support;

use std::path::{Path, PathBuf};

use browser::Browser;
use replay::report::table::shown;
use serde_json::Value;
use support::{check, runs, text};

/// Widths of the window.
const WIDTHS: [u64; 2] = [1_280, 390];

/// Pixels of each canvas that are not transparent.
const PAINTED: &str = "[...document.querySelectorAll('canvas')].map(one => {
  const data = one.getContext('2d').getImageData(0, 0, one.width, one.height).data;
  let count = 0;
  for (let place = 3; place < data.length; place += 4) count += data[place] > 0;
  return count;
})";

/// Lowest contrast of the page's text colours on its grounds.
const CONTRAST: &str = "(() => {
  const style = getComputedStyle(document.documentElement);
  const light = (name) => {
    const text = style.getPropertyValue('--' + name).trim().slice(1);
    const parts = [0, 2, 4].map(at => parseInt(text.slice(at, at + 2), 16) / 255)
      .map(one => one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const ratios = ['ink', 'muted', 'link'].flatMap(ink => ['paper', 'panel'].map(ground => {
    const [one, two] = [light(ink), light(ground)].sort((a, b) => b - a);
    return (one + 0.05) / (two + 0.05);
  }));
  return Math.min(...ratios);
})()";

const FIGURES: &str = "[...document.querySelectorAll('[data-summary]')].map(one =>
  [one.dataset.summary, one.dataset.exact, one.textContent.trim()])";

/// The browser, or `None` with the word that the test is skipped.
fn browser() -> Option<Browser> {
    let found = browser::find();
    let required = std::env::var("CLEARSIM_BROWSER").is_ok_and(|word| word == "required");
    assert!(found.is_some() || !required, "CLEARSIM_BROWSER=required and no Chromium in PATH");
    if found.is_none() {
        println!("skipped: no Chromium in PATH");
    }
    found.map(|program| Browser::start(&program))
}

/// Days looked at.
fn days() -> Vec<&'static str> {
    let all = std::env::var("CLEARSIM_BROWSER").is_ok_and(|word| word == "required");
    let mut days = vec!["tiny", "2025-10-10"];
    if all {
        days.extend(["2020-03-12", "2021-05-19", "2022-11-08", "2024-08-05"]);
    }
    days
}

fn run(folder: &Path, day: &str) -> (PathBuf, Value) {
    let day = format!("fixtures/days/{day}");
    let document = check(0, &["day", &day, "--json", "--runs", text(folder)]).json();
    (PathBuf::from(document["run"].as_str().expect("the document names the run")), document)
}

/// Requests beyond the page itself, complaints of console and log, exceptions.
fn complaints(browser: &Browser) -> Vec<String> {
    let told = browser.told.iter().filter_map(|one| {
        let method = one["method"].as_str()?;
        let parameters = &one["params"];
        let request = method == "Network.requestWillBeSent" && parameters["type"] != "Document";
        let message = method == "Runtime.consoleAPICalled" || method == "Log.entryAdded";
        let thrown = method == "Runtime.exceptionThrown";
        (request || message || thrown).then(|| format!("{method} {parameters}"))
    });
    told.collect()
}

/// A page under one width and theme.
fn check_page(browser: &mut Browser, file: &Path, summary: &Value, (width, theme): (u64, &str)) {
    let place = format!("{} at {width}, {theme}", file.display());
    browser.look(width, theme);
    browser.open(file);
    assert_eq!(complaints(browser), Vec::<String>::new(), "{place}");
    let charts = browser.ask("document.querySelectorAll('.chart').length").as_u64();
    let painted = browser.ask(PAINTED);
    let painted = painted.as_array().expect("a list");
    assert_eq!(Some(painted.len() as u64), charts, "{place}: a canvas each");
    assert!(charts >= Some(5), "{place}: {charts:?} charts");
    assert!(painted.iter().all(|count| count.as_u64() > Some(1_000)), "{place}: {painted:?}");
    let overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    assert_eq!(browser.ask(overflow), 0, "{place}: the page is wider than the window");
    let contrast = browser.ask(CONTRAST).as_f64().expect("a number");
    assert!(contrast >= 4.5, "{place}: contrast {contrast:.2}");
    let figures = browser.ask(FIGURES);
    for figure in figures.as_array().expect("a list") {
        let (pointer, exact) = (figure[0].as_str().unwrap_or(""), figure[1].as_str().unwrap_or(""));
        let expected = match summary.pointer(pointer).unwrap_or(&Value::Null) {
            Value::String(text) => text.clone(),
            Value::Null => "-".to_owned(),
            other => other.to_string(),
        };
        assert_eq!(exact, expected, "{place}: {pointer}");
        if !pointer.starts_with("/prices") {
            assert_eq!(figure[2], shown(exact), "{place}: {pointer}");
        }
    }
    let first = browser.picture();
    browser.open(file);
    assert!(first == browser.picture(), "{place}: two loads look different");
    keep(file, width, theme, &first);
}

/// Keeps a picture where CLEARSIM_SHOTS says; as text in base 64, as it came.
fn keep(file: &Path, width: u64, theme: &str, picture: &str) {
    let Some(folder) = std::env::var_os("CLEARSIM_SHOTS") else { return };
    let run = file.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let path = Path::new(&folder).join(format!("{run}.{stem}.{width}.{theme}.png.b64"));
    std::fs::write(path, picture).expect("the folder of pictures is writable");
}

#[test]
fn reports_work_at_two_widths_and_in_both_themes() {
    let Some(mut browser) = browser() else { return };
    let folder = runs();
    for day in days() {
        let (run, summary) = run(folder.path(), day);
        for width in WIDTHS {
            for theme in ["light", "dark"] {
                check_page(&mut browser, &run.join("report.html"), &summary, (width, theme));
            }
        }
    }
}

#[test]
fn feedback_comparison_latency_and_paper_work_as_well() {
    let Some(mut browser) = browser() else { return };
    let folder = runs();
    let (plain, summary) = run(folder.path(), "tiny");
    let more = ["--rulebook", "depth", "--price-mode", "synthetic"];
    let day = ["day", "fixtures/days/tiny", "--json", "--runs", text(folder.path())];
    let document = check(0, &[&day[..], &more[..]].concat()).json();
    let moved = PathBuf::from(document["run"].as_str().expect("the document names the run"));
    let page = |arguments: &[&str]| PathBuf::from(check(0, arguments).out.trim());
    let pages = [
        (moved.join("report.html"), &document),
        (page(&["report", text(&plain), "--against", text(&moved)]), &Value::Null),
        (page(&["report", text(&plain), "--latency"]), &summary),
    ];
    for (file, summary) in &pages {
        for width in WIDTHS {
            for theme in ["light", "dark"] {
                check_page(&mut browser, file, summary, (width, theme));
            }
        }
        // Printing draws charts to the paper's width, and afterwards to the window's again.
        browser.look(1_280, "dark");
        browser.open(file);
        let widths = "[...document.querySelectorAll('.uplot')].map(one => one.clientWidth)";
        let before = browser.ask(widths);
        let paper = browser.call("Page.printToPDF", serde_json::json!({}));
        let printed = paper["data"].as_str().map_or(0, str::len);
        assert!(printed > 50_000, "{}: {printed} bytes of paper", file.display());
        assert_eq!(browser.ask(widths), before, "{}", file.display());
        assert_eq!(complaints(&browser), Vec::<String>::new(), "{}", file.display());
    }
    // A chart of many views has a list to choose from, and choosing draws another.
    let (file, _) = &pages[1];
    browser.open(file);
    let chosen = "(() => { const list = document.querySelector('.views select');
      const unit = list.closest('.chart').querySelector('.unit');
      const before = unit.textContent;
      list.value = '1';
      list.dispatchEvent(new Event('change'));
      return [before, unit.textContent]; })()";
    let chosen = browser.ask(chosen);
    assert!(chosen[0] != chosen[1] && chosen[1].is_string(), "{chosen}");
}

#[test]
fn the_keyboard_moves_one_cursor_and_one_zoom_over_all_charts() {
    let Some(mut browser) = browser() else { return };
    let folder = runs();
    let (run, _) = run(folder.path(), "tiny");
    browser.look(1_280, "light");
    browser.open(&run.join("report.html"));
    let times = "[...document.querySelectorAll('.u-legend .u-series:first-child .u-value')]
      .map(one => one.textContent)";
    browser.ask("document.querySelector('.plot').focus()");
    browser.press("ArrowRight");
    let moved = browser.ask(times);
    let moved = moved.as_array().expect("a list");
    assert!(moved.len() >= 5, "{moved:?}");
    let minute = moved[0].as_str().expect("a time");
    assert!(minute.ends_with("UTC"), "{minute}");
    // Charts of samples know fewer moments; those of minutes agree to the minute.
    let known = moved.iter().filter(|one| one.as_str() == Some(minute)).count();
    assert!(known >= moved.len() / 2, "{moved:?}");
    assert!(moved.iter().all(|one| one.as_str().is_some_and(|text| !text.is_empty())), "{moved:?}");
    let before = browser.picture();
    browser.press("+");
    let near = browser.picture();
    assert!(before != near, "+ zooms");
    browser.press("0");
    assert!(near != browser.picture(), "0 shows the whole run");
    assert_eq!(complaints(&browser), Vec::<String>::new());
}

#[test]
fn without_script_pictures_and_tables_remain() {
    let Some(mut browser) = browser() else { return };
    let folder = runs();
    let (run, _) = run(folder.path(), "tiny");
    let page = run.join("report.html");
    browser.look(1_280, "light");
    browser.call("Emulation.setScriptExecutionDisabled", serde_json::json!({ "value": true }));
    browser
        .call("Page.navigate", serde_json::json!({ "url": format!("file://{}", page.display()) }));
    let picture = browser.settled_picture();
    keep(&page, 1_280, "noscript", &picture);
    let counts = "[document.querySelectorAll('.chart').length,
      document.querySelectorAll('.chart svg').length,
      [...document.querySelectorAll('.figures')].filter(one => one.hidden).length]";
    let counts = browser.ask(counts);
    assert!(counts[0].as_u64() >= Some(5) && counts[0] == counts[1], "{counts}");
    assert_eq!(counts[2], 0, "every folded table can be opened");
}
