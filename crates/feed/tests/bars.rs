//! Goal: short bars of several series share one shape, bad prints are one tick, bars of several
//! widths and hourly figures live in one day. Method: small days made in a folder.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use domain::{Command, Feed, FeedRole};
use feed::day::Day;
use feed::reader::compressed::Stored;
use feed::time::{self, HOUR, MINUTE};
use tempfile::TempDir;

/// A folder with a day of the given hours; each source is (file, format, fields, text).
fn folder(hours: i64, sources: &[(&str, &str, &str, String)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let end = format!("2020-03-12T{hours:02}:00:00Z");
    let window = format!("window = [\"2020-03-12T00:00:00Z\", \"{end}\"]");
    let mut manifest = format!("schema = \"clearsim.market-day/1\"\n{window}\nseed = 1\n");
    for (file, format, fields, text) in sources {
        fs::write(folder.path().join(file), text).expect("written");
        let sha256 = Stored::from_bytes(file, text.clone().into_bytes()).sha256;
        for line in [
            "",
            "[[source]]",
            &format!("file = \"{file}\""),
            &format!("sha256 = \"{sha256}\""),
            &format!("format = \"clearsim-{format}/1\""),
            fields,
            "market = \"m\"",
            "provenance = \"synthetic\"",
            "origin = \"here\"",
            "licence = \"ours\"",
        ] {
            writeln!(manifest, "{line}").expect("text takes all");
        }
    }
    fs::write(folder.path().join("day.toml"), manifest).expect("written");
    folder
}

fn load(folder: &Path) -> Day {
    let rulebook =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/rulebooks/default.toml");
    let rulebook = feed::rulebook::load(&rulebook).expect("the default rulebook");
    Day::load(folder, None, &rulebook).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Bars of a width in minutes over some hours; every bar is the given `open,high,low,close` but
/// one.
fn bars(width: i64, hours: i64, usual: &str, odd: (i64, &str)) -> String {
    let start = time::utc("2020-03-12T00:00Z").expect("a time").nanos() / 1_000_000;
    let mut text = "ts_ms,open,high,low,close,volume\n".to_owned();
    for place in 0..hours * 60 / width {
        let bar = if place == odd.0 { odd.1 } else { usual };
        writeln!(text, "{},{bar},0", start + place * width * 60_000).expect("text takes all");
    }
    text
}

/// Minute of the day (and second) and price of the ticks of a feed from a minute on.
fn ticks(day: &Day, role: FeedRole, name: &str, from: i64, to: i64) -> Vec<(i64, i64)> {
    let start = day.manifest.window[0].nanos();
    let series =
        day.market.series.iter().find(|series| series.feed.role == role && series.name == name);
    let feed: Feed = series.expect("a series").feed;
    let prices = day.stream().filter_map(|timed| match timed.command {
        Command::PublishPrice(price) if price.feed == feed => {
            let second = (timed.timestamp.nanos() - start) / 1_000_000_000;
            Some((second, price.price.units() / 100_000_000))
        }
        _ => None,
    });
    prices.filter(|(second, _)| *second >= from && *second < to).collect()
}

#[test]
fn one_shape_and_one_bad_print() {
    // Minute 2: the mark's high is nearer to its open, the last price's low would be.
    let mark = bars(1, 1, "100,110,90,100", (2, "100,104,80,90"));
    let last = bars(1, 1, "100,110,90,100", (2, "100,140,99,95"));
    let last = last.replace("100,140,99,95", "100,140,95,97");
    let folder = folder(
        1,
        &[
            ("mark.csv", "bars", "role = \"mark\"\ninstrument = \"BTC-PERP\"", mark),
            ("last.csv", "bars", "role = \"last\"\ninstrument = \"BTC-PERP\"", last),
        ],
    );
    let day = load(folder.path());
    let of = |role, name: &str| ticks(&day, role, name, 120, 180);
    let marks = [(120, 100), (140, 104), (160, 80), (179, 90)];
    assert_eq!(of(FeedRole::Mark, "BTC-PERP"), marks);
    assert_eq!(of(FeedRole::Index, "BTC"), marks, "the mark stands in");
    assert_eq!(of(FeedRole::Last, "BTC-PERP"), [(120, 100), (140, 140), (160, 95), (179, 97)]);
    let prints = &day.market.bad_prints;
    assert_eq!(prints.len(), 1);
    assert_eq!((prints[0].name.as_str(), prints[0].price.as_str()), ("BTC-PERP", "140"));
    assert_eq!(time::text(prints[0].time), "2020-03-12T00:02:00Z");
    assert_eq!(day.title(), "2020-03-12 (synthetic from 1m bars, m; no accounts)");
}

#[test]
fn wider_bars_follow_the_hub_put_together() {
    // The hub's first five minutes fall at once and rise late: high first only for minute 3.
    let hub = bars(1, 1, "100,101,97,100", (3, "100,190,97,100"));
    let other = bars(5, 1, "50,51,40,50", (1, "50,60,49,50"));
    let folder = folder(
        1,
        &[
            ("hub.csv", "bars", "role = \"mark\"\ninstrument = \"BTC-PERP\"", hub),
            ("other.csv", "bars", "role = \"mark\"\ninstrument = \"ETH-PERP\"", other),
        ],
    );
    let day = load(folder.path());
    // Together the hub opens at 100, its low 97 is nearer than its high 190: low first, though the
    // other's own high is nearer. Six ticks: one a minute and the close.
    let first = ticks(&day, FeedRole::Mark, "ETH-PERP", 0, 300);
    assert_eq!(first, [(60, 40), (120, 43), (180, 47), (240, 51), (295, 50)]);
    // The next five minutes of the hub have the high nearer.
    let second = ticks(&day, FeedRole::Mark, "ETH-PERP", 300, 600);
    assert_eq!((second[1], second[4]), ((360, 60), (540, 49)));
}

#[test]
fn hourly_figures_beside_a_finer_hub() {
    let hub = bars(1, 2, "100,110,90,100", (70, "100,110,90,105"));
    let hours = "hour_utc,asset,open,high,low,close\n2020-03-12T00:00Z,ETH,50,60,40,50\n\
        2020-03-12T01:00Z,ETH,50,60,40,55\n";
    let folder = folder(
        2,
        &[
            ("hub.csv", "bars", "role = \"mark\"\ninstrument = \"BTC-PERP\"", hub),
            ("eth.csv", "hours", "role = \"index\"", hours.to_owned()),
        ],
    );
    let day = load(folder.path());
    let title = "2020-03-12 (synthetic from 1m bars and hourly figures, m; no accounts)";
    assert_eq!(day.title(), title);
    let eth = ticks(&day, FeedRole::Index, "ETH", 0, 2 * HOUR / 1_000_000_000);
    assert_eq!(eth.len(), 119, "the first minute is published with the opening");
    assert_eq!(eth.iter().map(|(_, price)| *price).min(), Some(40));
    assert_eq!(eth.last(), Some(&(119 * MINUTE / 1_000_000_000, 55)));
}

#[test]
fn stamps_at_the_close_are_moved_to_the_open() {
    let text = bars(1, 1, "100,110,90,100", (2, "100,104,80,90"));
    let fields = "role = \"mark\"\ninstrument = \"BTC-PERP\"\nstamp = ";
    let opened = folder(1, &[("a.csv", "bars", &format!("{fields}\"open\""), text.clone())]);
    let moved: String = text
        .lines()
        .map(|line| match line.split_once(',') {
            Some((stamp, rest)) => match stamp.parse::<i64>() {
                Ok(stamp) => format!("{},{rest}\n", stamp + 60_000),
                Err(_) => format!("{line}\n"),
            },
            None => String::new(),
        })
        .collect();
    let closed = folder(1, &[("a.csv", "bars", &format!("{fields}\"close\""), moved)]);
    let commands = |folder: &TempDir| load(folder.path()).stream().collect::<Vec<_>>();
    assert_eq!(commands(&opened), commands(&closed));
}
