//! Goal: published figures are read as written, and a file that is wrong is refused by path, line
//! and what was expected. Method: the five days' files, and one figure with one thing wrong at a
//! time.

use std::path::{Path, PathBuf};

use feed::manifest::Manifest;
use feed::published::{Class, Figure, Ours, Published, Value};

const FIVE: [&str; 5] = ["2020-03-12", "2021-05-19", "2022-11-08", "2024-08-05", "2025-10-10"];

fn day(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/days").join(name)
}

fn load(name: &str) -> Published {
    let published = Published::load(&day(name)).unwrap_or_else(|errors| panic!("{errors}"));
    published.unwrap_or_else(|| panic!("{name} has published figures"))
}

/// A file with one figure.
fn text(figure: &str) -> String {
    format!(
        "schema = \"clearsim.published/1\"\n[[figure]]\nname = \"a\"\nsource = \"b\"\n{figure}\n"
    )
}

fn check(figure: &str, parts: &[&str]) {
    let refused = match Published::parse("a.toml", &text(figure)) {
        Ok(published) => panic!("{figure} was read: {published:?}"),
        Err(errors) => errors.to_string(),
    };
    for part in parts {
        assert!(refused.contains(part), "wanted {part:?} of {figure:?} in\n{refused}");
    }
}

#[test]
fn the_five_days_are_read() {
    for name in FIVE {
        let published = load(name);
        let of = |class| published.figures.iter().filter(move |one| one.class == class).count();
        assert!(of(Class::Exact) >= 8, "{name}: prices are there");
        assert!(of(Class::Order) >= 1 && of(Class::Shape) >= 1, "{name}");
        let cannot = |one: &&Figure| matches!(one.ours, Ours::Cannot(_));
        assert!(published.figures.iter().filter(cannot).count() >= 3, "{name} says what it cannot");
        let market = published.market.expect("the house is a part of something");
        assert!(market.open_notional > 0);
        let mut names: Vec<&str> = published.figures.iter().map(|one| one.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), published.figures.len(), "{name}: each figure has its own name");
        assert!(published.figures.iter().all(|one| one.name.chars().count() <= 60));
    }
    assert_eq!(Published::load(&day("tiny")).expect("nothing wrong"), None);
}

#[test]
fn times_lie_in_the_window_of_their_day() {
    for name in FIVE {
        let [from, to] = Manifest::load(&day(name)).expect("a manifest").window;
        for figure in load(name).figures {
            if let Value::Time([first, last]) = figure.value {
                assert!(first >= from && last <= to, "{name}: {}", figure.name);
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_refused_by_place() {
    let price = "class = \"exact\"\nours = \"mark BTC-PERP low\"\n";
    let with = |head: &str, rest: &str| format!("{head}{rest}");
    let table = [
        (with(price, ""), &["error[published.value]", "exactly one of value, range and words"][..]),
        (with(price, "value = 3801.83"), &["error[published.value]", ":7"]),
        (with(price, "value = \"3,801\""), &["a.toml:7:9", "a number", "figure[0].value"]),
        (with(price, "value = \"1e-17\""), &["at most 16 places"]),
        (with(price, "words = \"low\""), &["a value or a range beside ours"]),
        (with(price, "range = [\"2\", \"1\"]"), &["the lower end first", "figure[0].range"]),
        (with(price, "value = \"1\"\nholds = [\"1\", \"2\"]"), &["but for a number of shape"]),
        (with(price, "value = \"1\"\non = \"12 March\""), &["a date such as", ":8"]),
        (with(price, "value = \"1\"\ncannot = \"x\""), &["exactly one of ours and cannot", "both"]),
        (with(price, "value = \"1\"\nfoo = \"x\""), &["error[published.unknown_field]", "foo"]),
        ("class = \"exact\"\nvalue = \"1\"".into(), &["exactly one of ours and cannot", "neither"]),
        ("class = \"exact\"\nvalue = \"1\"\ncannot = \" \"".into(), &["a reason"]),
        ("class = \"loose\"\nvalue = \"1\"".into(), &["exact", "order", "shape", ":5"]),
        (
            "class = \"exact\"\nvalue = \"1\"\nours = \"mark BTC-PERP lowest\"".into(),
            &["open, low, high, close", ":7"],
        ),
        (
            "class = \"exact\"\nvalue = \"1\"\nours = \"the low\"".into(),
            &["mark, index or last with a name", "liquidated legs"],
        ),
        (
            "class = \"order\"\nvalue = \"1\"\nours = \"liquidated notional\"\non = \"2020-03-12\""
                .into(),
            &["a price beside on"],
        ),
        (
            "class = \"order\"\nvalue = \"0\"\nours = \"liquidated notional\"".into(),
            &["numbers above zero for an order"],
        ),
        (
            "class = \"order\"\nvalue = \"1\"\nours = \"liquidated market_notional\"".into(),
            &["a table [market]"],
        ),
        (
            "class = \"order\"\nvalue = \"yes\"\nours = \"fund suffices\"".into(),
            &["exact or shape for a time or a flag"],
        ),
        (
            "class = \"shape\"\nvalue = \"maybe\"\nours = \"fund suffices\"".into(),
            &["\"yes\" or \"no\"", "maybe"],
        ),
        (
            "class = \"shape\"\nvalue = \"1\"\nours = \"deleveraged share\"".into(),
            &["holds = [low, high]"],
        ),
        (
            "class = \"exact\"\nvalue = \"noon\"\nours = \"mark BTC-PERP low_at\"".into(),
            &["a UTC time such as", "noon"],
        ),
    ];
    for (figure, parts) in &table {
        check(figure, parts);
    }
}

#[test]
fn several_faults_are_told_together() {
    let figure = "class = \"exact\"\nvalue = \"1\"";
    let both = format!("{}[[figure]]\nname = \"\"\nsource = \"b\"\n{figure}\n", text(figure));
    let errors = Published::parse("a.toml", &both).expect_err("two figures are wrong");
    assert_eq!(errors.errors.len(), 2, "{errors}");
    let other = both.replace("published/1", "published/2");
    let errors = Published::parse("a.toml", &other).expect_err("a newer schema");
    assert!(errors.to_string().contains("\"clearsim.published/1\""), "{errors}");
}
