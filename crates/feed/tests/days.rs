//! Goal: the days of this repository load, keep every figure to the last digit, and stream the
//! same commands in the same order each time. Method: the fixtures themselves against a reading
//! of their files by another path.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use domain::command::PublishPrice;
use domain::{Command, Feed, FeedRole, Rulebook, Timestamp};
use feed::day::{Day, Machine, TimedCommand};
use feed::decimal;
use feed::reader::compressed::Stored;
use feed::time;

const FIVE: [&str; 5] = ["2020-03-12", "2021-05-19", "2022-11-08", "2024-08-05", "2025-10-10"];
const MACHINE: Machine = Machine { semantics: 1, seal_interval: 4096 };

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn rulebook() -> Rulebook {
    feed::rulebook::load(&fixtures().join("rulebooks/default.toml")).expect("the default rulebook")
}

fn load(name: &str) -> Day {
    match Day::load(&fixtures().join("days").join(name), None, &rulebook()) {
        Ok(day) => day,
        Err(errors) => panic!("{name}: {errors}"),
    }
}

fn prices(day: &Day) -> impl Iterator<Item = (Timestamp, PublishPrice)> + '_ {
    day.commands(MACHINE).filter_map(|timed| match timed.command {
        Command::PublishPrice(price) => Some((timed.timestamp, price)),
        _ => None,
    })
}

/// Open, high, low and close of each hour of the published prices of a feed.
fn hours(day: &Day) -> BTreeMap<(Feed, i64), [i64; 4]> {
    let mut hours: BTreeMap<(Feed, i64), [i64; 4]> = BTreeMap::new();
    for (timestamp, price) in prices(day) {
        assert_eq!(timestamp, price.published_at);
        let (hour, units) = (timestamp.nanos() / time::HOUR, price.price.units());
        let minute = timestamp.nanos() % time::HOUR / time::MINUTE;
        let bar = hours.entry((price.feed, hour)).or_insert([0, units, units, 0]);
        bar[1] = bar[1].max(units);
        bar[2] = bar[2].min(units);
        if minute == 0 {
            bar[0] = units;
        }
        if minute == 59 {
            bar[3] = units;
        }
    }
    hours
}

/// Every row of a figure file, prices as text.
fn figures(path: &Path) -> Vec<(String, i64, Vec<String>)> {
    let text = fs::read_to_string(path).expect("a fixture");
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let hour = time::utc(fields[0]).expect("a time").nanos() / time::HOUR;
        (fields[1].to_owned(), hour, fields[2..].iter().map(|text| text.to_string()).collect())
    };
    text.lines().skip(1).map(row).collect()
}

/// All hours of a role's file stand in the published prices to the last digit.
fn check_figures(day: &Day, folder: &str, kind: &str, role: FeedRole) -> usize {
    let name = folder.split('/').next_back().expect("a name");
    let path = fixtures().join("days").join(name).join(format!("{name}.{kind}.csv"));
    let published = hours(day);
    let mut checked = 0;
    for (asset, hour, bar) in figures(&path) {
        let series = day.market.series.iter().find(|series| {
            series.feed.role == role && series.asset == asset && series.stands_in.is_none()
        });
        let Some(series) = series else { continue };
        let published = published.get(&(series.feed, hour)).expect("an hour of prices");
        let text = |units: &i64| decimal::text(i128::from(*units), series.digits);
        let printed: Vec<String> = published.iter().map(text).collect();
        assert_eq!(printed, bar, "{name} {asset} hour {hour}");
        checked += 1;
    }
    checked
}

#[test]
fn every_hour_of_the_five_days_is_exact() {
    let expected =
        [(240, 48, 240), (120, 168, 120), (240, 336, 288), (120, 192, 144), (120, 96, 192)];
    for (name, (marks, indexes, lasts)) in FIVE.iter().zip(expected) {
        let day = load(name);
        assert_eq!(check_figures(&day, name, "mark", FeedRole::Mark), marks, "{name}");
        assert_eq!(check_figures(&day, name, "prices", FeedRole::Index), indexes, "{name}");
        assert_eq!(check_figures(&day, name, "perp", FeedRole::Last), lasts, "{name}");
    }
}

#[test]
fn titles_say_what_is_invented() {
    let hourly = "reconstructed from hourly figures, Binance USD-margined perpetual";
    let table = [
        ("2020-03-12", format!("2020-03-12 ({hourly}; accounts synthetic)")),
        ("2021-05-19", format!("2021-05-19 ({hourly}; accounts synthetic)")),
        (
            "2022-11-08",
            format!("2022-11-08 ({hourly}; SOL marked at last price; accounts synthetic)"),
        ),
        (
            "2024-08-05",
            format!("2024-08-05 ({hourly}; SOL marked at last price; accounts synthetic)"),
        ),
        (
            "2025-10-10",
            format!(
                "2025-10-10 ({hourly}; BNB, DOGE, SOL marked at last price; accounts synthetic)"
            ),
        ),
        (
            "tiny",
            "2020-01-01 (synthetic from hourly figures, made up; accounts synthetic)".to_owned(),
        ),
    ];
    for (name, title) in table {
        assert_eq!(load(name).title(), title);
    }
}

#[test]
fn missing_roles_are_filled_as_stated() {
    let table: [(&str, &[&str], &[&str]); 5] = [
        ("2020-03-12", &[], &["ADA", "BTC", "LTC", "XRP"]),
        ("2021-05-19", &[], &["ADA"]),
        ("2022-11-08", &["SOL"], &["ADA"]),
        ("2024-08-05", &["SOL"], &["ADA"]),
        ("2025-10-10", &["BNB", "DOGE", "SOL"], &["ADA", "BNB", "DOGE", "ETH"]),
    ];
    for (name, marks, indexes) in table {
        let day = load(name);
        let filled = |role: feed::manifest::Role| {
            let rows = day.market.substitutions.iter().filter(|row| row.missing == role);
            let mut assets: Vec<&str> = rows.map(|row| row.asset.as_str()).collect();
            assets.sort_unstable();
            assets
        };
        assert_eq!(filled(feed::manifest::Role::Mark), marks, "{name}");
        assert_eq!(filled(feed::manifest::Role::Index), indexes, "{name}");
        let rows = day.provenance();
        assert_eq!(rows.len(), day.market.series.len() + day.market.funding.len());
        assert!(rows.iter().all(|row| !row.file.is_empty() && !row.origin.is_empty()));
    }
}

#[test]
fn the_bad_print_of_2020_stays_and_is_flagged() {
    let day = load("2020-03-12");
    let rows: Vec<(&str, &str)> = day
        .market
        .bad_prints
        .iter()
        .map(|print| (print.name.as_str(), print.price.as_str()))
        .collect();
    assert_eq!(rows, [("ETH-PERP", "323")]);
    let eth = day.rulebook.instrument_named("ETH-PERP").expect("listed");
    let at_323 = prices(&day).filter(|(_, price)| price.price.units() == 32_300_000_000);
    let feeds: Vec<Feed> = at_323.map(|(_, price)| price.feed).collect();
    assert_eq!(feeds, [Feed::last(eth)], "one tick, in the last prices alone");
}

#[test]
fn commands_come_in_one_order_and_twice_the_same() {
    let day = load("tiny");
    let first: Vec<TimedCommand> = day.commands(MACHINE).collect();
    let again: Vec<TimedCommand> = load("tiny").commands(MACHINE).collect();
    assert_eq!(first, again);
    assert!(first.windows(2).all(|pair| pair[0].timestamp <= pair[1].timestamp));
    let words: Vec<&str> = first.iter().map(|timed| timed.command.word()).collect();
    let mut kinds = words.clone();
    kinds.dedup();
    let opening = ["genesis", "open_account", "deposit", "pay_in_capital", "publish_price"];
    assert_eq!(kinds[..6], [&opening[..], &["register_trade"]].concat());
    let count = |word: &str| words.iter().filter(|known| **known == word).count();
    assert_eq!(count("open_account"), 200);
    // Six series of 240 minutes; funding at 02:00 and at the close, the opening stamp is skipped.
    assert_eq!((count("publish_price"), count("publish_funding")), (6 * 240, 4));
    let end = day.manifest.window[1];
    let late: Vec<&str> = first
        .iter()
        .filter(|timed| timed.timestamp >= end)
        .map(|timed| timed.command.word())
        .collect();
    assert_eq!(late, ["publish_funding"; 2]);
}

#[test]
fn funding_counts_follow_the_files() {
    let table = [(FIVE[0], 30), (FIVE[1], 15), (FIVE[2], 30), (FIVE[3], 18), (FIVE[4], 21)];
    for (name, expected) in table {
        let day = load(name);
        let rates: usize = day.market.funding.iter().map(|series| series.rates.len()).sum();
        assert_eq!(rates, expected, "{name}");
    }
    let day = load("2020-03-12");
    let btc = day.market.funding.iter().find(|series| series.name == "BTC-PERP").expect("funded");
    assert_eq!(btc.rates.iter().map(|row| row.rate).min(), Some(-3_000_000_000), "the floor");
}

#[test]
fn every_figure_file_stands_in_the_readme_with_its_hash() {
    let readme = fs::read_to_string(fixtures().join("README.md")).expect("a readme");
    let mut named = 0;
    for folder in fs::read_dir(fixtures().join("days")).expect("days") {
        let folder = folder.expect("an entry").path();
        for file in fs::read_dir(&folder).expect("a day") {
            let path = file.expect("an entry").path();
            let below = path.strip_prefix(fixtures()).expect("below it").display().to_string();
            if below.ends_with(".toml") {
                continue;
            }
            let stored = Stored::open(&path, &below).expect("a file");
            let row = format!("| `{below}` | `{}` |", stored.sha256);
            assert!(readme.contains(&row), "add this row to fixtures/README.md: {row}");
            named += 1;
        }
    }
    assert_eq!(readme.matches(".csv` | `").count(), named, "no row without a file");
}
