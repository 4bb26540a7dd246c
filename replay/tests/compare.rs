//! Goal: `day --compare` says of every published figure what it is worth beside the run, and says
//! it from the two figures alone. Method: the five days are run and their verdicts worked out a
//! second time from the text of both figures; the tiny day is laid beside figures made for it,
//! right and wrong; other rules, ends and files change what they must.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{check, root, runs, text};

const FIVE: [&str; 5] = ["2020-03-12", "2021-05-19", "2022-11-08", "2024-08-05", "2025-10-10"];

fn rows(document: &Value) -> &Vec<Value> {
    document["published"].as_array().expect("published figures")
}

fn word<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_else(|| panic!("{key} of {row}"))
}

fn row<'a>(document: &'a Value, name: &str) -> &'a Value {
    let row = rows(document).iter().find(|row| row["name"] == name);
    row.unwrap_or_else(|| panic!("{name} in {document}"))
}

/// A decimal in units of 1e-16.
fn units(text: &str) -> i128 {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |text| (-1, text));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    sign * format!("{whole}{part:0<16}").parse::<i128>().unwrap_or_else(|_| panic!("{text}"))
}

/// Both ends of what was published.
fn ends(published: &Value) -> [i128; 2] {
    match published.as_str() {
        Some(text) => [units(text); 2],
        None => ["low", "high"].map(|end| units(word(published, end))),
    }
}

/// What a verdict on two numbers has to be, worked out from their text.
fn expected(row: &Value) -> Vec<&'static str> {
    let ours = units(word(row, "ours"));
    match word(row, "class") {
        "exact" => {
            let [low, high] = ends(&row["published"]);
            // Half of the last digit that was published; it is not known here, so of four places
            // at least and of whole numbers at most.
            let near = (low - ours).abs() <= units("0.00005") || (low..=high).contains(&ours);
            let far = ours < low - units("0.5") || ours > high + units("0.5");
            match (near, far) {
                (true, _) => vec!["matches"],
                (_, true) => vec!["differs"],
                _ => vec!["matches", "differs"],
            }
        }
        "order" => {
            let [low, high] = ends(&row["published"]);
            let same = ours * 10 >= low && ours <= high * 10;
            vec![if same { "same_order" } else { "other_order" }]
        }
        _ => {
            let [low, high] = ends(&row["holds"]);
            vec![if (low..=high).contains(&ours) { "shape_holds" } else { "shape_differs" }]
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || b"-.".contains(&byte))
}

fn check_day(name: &str) {
    let folder = runs();
    let day = format!("fixtures/days/{name}");
    let keep = ["--no-tables", "--runs", text(folder.path())];
    let document = check(0, &[&["day", &day, "--compare", "--json"], &keep[..]].concat()).json();
    let mut verdicts = 0;
    for row in rows(&document) {
        let found = word(row, "verdict");
        assert!(!word(row, "source").is_empty(), "{row}");
        if found == "cannot" {
            assert!(row["ours"].is_null() && word(row, "says").len() > 12, "{row}");
            continue;
        }
        assert_ne!(found, "absent", "the day has what it names: {row}");
        if is_number(word(row, "ours")) {
            assert!(expected(row).contains(&found), "{row}");
            verdicts += 1;
        } else if !row["published"].is_object() {
            let same = row["published"] == row["ours"];
            assert_eq!(same, ["matches", "shape_holds"].contains(&found), "{row}");
        }
        // Prices are facts of the files that the run was made from.
        if row["unit"] == "USDT" {
            assert_eq!(found, "matches", "{row}");
        }
    }
    assert!(verdicts >= 8, "{name}: {verdicts} numbers were compared");
    let run = Path::new(word(&document, "run")).to_owned();
    let kept: Value = serde_json::from_str(&read(&run.join("summary.json"))).expect("JSON");
    assert_eq!(kept["published"], document["published"], "the run directory has them as well");
    let page = read(&run.join("report.html"));
    assert!(page.contains("Beside published figures"), "{name}: the report shows them");
    if name == FIVE[0] {
        check_screen(&document, &[&["day", &day, "--compare"], &keep[..]].concat());
    }
}

/// The same figures as a table that fits a screen.
fn check_screen(document: &Value, arguments: &[&str]) {
    let screen = check(0, arguments).out;
    for row in rows(document) {
        let first = word(row, "name").split(' ').next().unwrap_or("");
        assert!(screen.contains(first), "{first} on the screen\n{screen}");
    }
    let run = word(document, "run");
    // A path cannot be wrapped.
    for line in screen.lines().filter(|line| !line.contains(run)) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let count = format!("published    {} figures", rows(document).len());
    assert!(screen.contains(&count), "{screen}");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_five_days_are_laid_beside_what_was_published() {
    std::thread::scope(|scope| {
        for name in FIVE {
            scope.spawn(move || check_day(name));
        }
    });
}

/// The tiny day in a folder of its own, with figures.
fn tiny_with(folder: &Path, figures: &str) -> PathBuf {
    let day = folder.join("days/tiny");
    fs::create_dir_all(&day).expect("a writable folder");
    for entry in fs::read_dir(root().join("fixtures/days/tiny")).expect("the tiny day") {
        let path = entry.expect("an entry").path();
        fs::copy(&path, day.join(path.file_name().expect("a name"))).expect("copied");
    }
    let text = format!("schema = \"clearsim.published/1\"\n{figures}");
    fs::write(day.join("published.toml"), text).expect("written");
    day
}

fn figure(name: &str, rest: &str) -> String {
    format!("[[figure]]\nname = \"{name}\"\nsource = \"made up\"\n{rest}\n")
}

/// Figures about the tiny day: name, table, verdict, what is said.
const FIGURES: [(&str, &str, &str, &str); 12] = [
    (
        "low, as it is",
        "class = \"exact\"\nvalue = \"690\"\nours = \"mark BTC-PERP low\"",
        "matches",
        "matches",
    ),
    (
        "low, wrong",
        "class = \"exact\"\nvalue = \"600\"\nours = \"mark BTC-PERP low\"",
        "differs",
        "differs by +90 (+15.00 %)",
    ),
    (
        "minute, as it is",
        "class = \"exact\"\nvalue = \"2020-01-01T02:15:00Z\"\nours = \"mark BTC-PERP low_at\"",
        "matches",
        "matches",
    ),
    (
        "minute, wrong",
        "class = \"exact\"\nvalue = \"2020-01-01T02:10:00Z\"\nours = \"mark BTC-PERP low_at\"",
        "differs",
        "differs by +5 min",
    ),
    (
        "another day",
        "class = \"exact\"\nvalue = \"690\"\nours = \"mark BTC-PERP low\"\non = \"2020-01-02\"",
        "cannot",
        "cannot: the run stops at 2020-01-01T04:00:00Z",
    ),
    (
        "the day before",
        "class = \"exact\"\nvalue = \"690\"\nours = \"mark BTC-PERP low\"\non = \"2019-12-31\"",
        "absent",
        "absent: the run has no such price of BTC-PERP",
    ),
    (
        "unknown",
        "class = \"exact\"\nvalue = \"1\"\nours = \"mark GOLD-PERP low\"",
        "absent",
        "absent: the rulebook lists no instrument GOLD-PERP",
    ),
    (
        "near",
        "class = \"order\"\nvalue = \"500000\"\nours = \"liquidated notional\"",
        "same_order",
        "same order, 0.99 x",
    ),
    (
        "far",
        "class = \"order\"\nvalue = \"50000000\"\nours = \"liquidated notional\"",
        "other_order",
        "other order, 0.01 x",
    ),
    (
        "long",
        "class = \"shape\"\nvalue = \"1\"\nours = \"liquidated long_share\"\n\
         holds = [\"0.5\", \"1\"]",
        "shape_holds",
        "shape holds",
    ),
    (
        "short",
        "class = \"shape\"\nvalue = \"0\"\nours = \"liquidated long_share\"\n\
         holds = [\"0\", \"0.1\"]",
        "shape_differs",
        "shape differs: 0 to 0.1 is needed",
    ),
    (
        "stETH",
        "class = \"exact\"\nwords = \"0.983\"\ncannot = \"no such series\"",
        "cannot",
        "cannot: no such series",
    ),
];

#[test]
fn a_verdict_follows_from_the_two_figures() {
    let folder = runs();
    let figures: String = FIGURES.iter().map(|(name, rest, ..)| figure(name, rest)).collect();
    let day = tiny_with(folder.path(), &figures);
    let rulebook = root().join("fixtures/rulebooks/default.toml");
    let keep = folder.path().join("runs");
    let arguments =
        ["day", text(&day), "--rulebook", text(&rulebook), "--runs", text(&keep), "--json"];
    let document = check(0, &[&arguments[..], &["--compare"]].concat()).json();
    for (name, _, verdict, says) in FIGURES {
        let found = row(&document, name);
        assert_eq!((word(found, "verdict"), word(found, "says")), (verdict, says), "{found}");
    }
    // Whether a comparison is asked for changes nothing that is kept.
    let again = check(0, &arguments);
    assert!(again.said.contains("equals the earlier run"), "{}", again.said);
    let cut = ["--until", "2020-01-01T02:00:00Z"];
    let cut = check(0, &[&arguments[..], &cut].concat()).json();
    let found = row(&cut, "low, as it is");
    assert_eq!(word(found, "says"), "cannot: the run stops at 2020-01-01T02:00:00Z");
}

#[test]
fn marks_that_the_run_moved_are_its_own() {
    let folder = runs();
    let keep = ["--no-tables", "--runs", text(folder.path()), "--json", "--compare"];
    let day = ["day", "fixtures/days/2021-05-19", "--rulebook", "depth", "--price-mode"];
    let run = |mode: &str| check(0, &[&day[..], &[mode], &keep].concat()).json();
    let [plain, moved] = ["exogenous", "synthetic"].map(run);
    assert_eq!(row(&plain, "BTC mark, low")["verdict"], "matches");
    assert_eq!(row(&moved, "BTC mark, low")["verdict"], "differs", "impact took it lower");
    assert_eq!(row(&moved, "BTC perpetual, low")["verdict"], "matches", "last prices stay");
    assert_ne!(
        row(&moved, "liquidations, all venues")["ours"],
        row(&plain, "liquidations, all venues")["ours"]
    );
}

#[test]
fn several_rulebooks_are_each_laid_beside() {
    let folder = runs();
    let day = tiny_with(folder.path(), &figure(FIGURES[0].0, FIGURES[0].1));
    let rulebook = root().join("fixtures/rulebooks/default.toml");
    let harsh = folder.path().join("harsh.toml");
    let changed = read(&rulebook).replace("slippage = \"0.005\"", "slippage = \"0.009\"");
    fs::write(&harsh, changed).expect("written");
    let keep = folder.path().join("runs");
    let rulebooks = ["--rulebook", text(&rulebook), "--rulebook", text(&harsh)];
    let day = ["day", text(&day), "--compare", "--runs", text(&keep)];
    let both = check(0, &[&day[..], &rulebooks].concat()).out;
    assert_eq!(both.matches("published    1 figures: 1 match").count(), 2, "{both}");
}

#[test]
fn a_bad_or_missing_file_is_said() {
    let folder = runs();
    let keep = folder.path().join("runs");
    let missing = ["day", "fixtures/days/tiny", "--compare", "--runs", text(&keep)];
    let said = check(3, &missing).said;
    assert!(said.contains("error[published.missing]") && said.contains("published.toml"), "{said}");
    let day = tiny_with(folder.path(), &figure("a", "class = \"exact\"\nvalue = \"1\""));
    // Asked for or not: a file of the day that is not understood is never passed over.
    let said = check(2, &["day", text(&day), "--runs", text(&keep)]).said;
    assert!(said.contains("error[published.value]") && said.contains("published.toml:2"), "{said}");
    assert!(said.contains("exactly one of ours and cannot"), "{said}");
    assert!(!keep.exists(), "nothing was run");
}
