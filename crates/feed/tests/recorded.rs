//! Goal: real files of vendors are read whole, and recorded days keep their lows to the last
//! digit. Method: the data folder of `CLEARSIM_DATA`, else `../shared/data` beside this workspace;
//! where it is absent the tests say that they skip.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use domain::{Command, FeedRole, Rulebook};
use feed::day::{Day, Machine};
use feed::decimal;
use feed::import::Import;
use feed::manifest::Format;
use feed::reader::compressed::Stored;
use feed::reader::{Mode, PriceBound, Request, bars, binance, freqtrade, funding};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The data folder, or a word on the missing one.
fn data() -> Option<PathBuf> {
    let named = std::env::var_os("CLEARSIM_DATA").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| root().join("../shared/data"));
    if folder.join("normalized").is_dir() {
        return Some(folder);
    }
    println!("skipped: no market data at {}", folder.display());
    None
}

fn rulebook() -> Rulebook {
    feed::rulebook::load(&root().join("fixtures/rulebooks/default.toml")).expect("the default")
}

fn bound(_: &str) -> Option<PriceBound> {
    Some(PriceBound { digits: 8, max: i64::MAX })
}

fn request() -> Request<'static> {
    let (mode, name) = (Mode::Strict, Some("any"));
    Request { mode, name, assets: None, venue: None, bound: &bound, interval: None }
}

/// All files below a folder with an ending, by path.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Rows that the data folder's own tables state, by file.
fn stated_rows(data: &Path) -> BTreeMap<String, u64> {
    let readme = fs::read_to_string(data.join("README.md")).expect("the tables");
    let cells = readme.lines().filter(|line| line.starts_with("| normalized/"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        Some((cells[1].to_owned(), cells[6].parse().ok()?))
    };
    cells.filter_map(row).collect()
}

#[test]
fn every_normalized_file_is_read_whole() {
    let Some(data) = data() else { return };
    let stated = stated_rows(&data);
    let (mut checked, mut all) = (0, 0);
    for path in files(&data.join("normalized"), ".csv.gz") {
        let name = path.strip_prefix(&data).expect("below it").display().to_string();
        let stored = Stored::open(&path, &name).expect("a file");
        let report = if name.contains("/funding/") {
            funding::read_stamps(&stored, &request()).map(|file| file.report)
        } else {
            bars::read(&stored, &request()).map(|file| file.report)
        };
        let report = report.unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(report.rows, report.accepted, "{name}");
        if !name.contains("/funding/") {
            assert_eq!(report.gaps, [], "{name}");
        }
        all += 1;
        if let Some(rows) = stated.get(&name) {
            assert_eq!(report.rows, *rows, "{name}");
            checked += 1;
        }
    }
    assert!(all >= 110 && checked >= 95, "{checked} of {all} files have a stated count");
}

#[test]
fn vendors_layouts_give_the_normalized_bars() {
    let Some(data) = data() else { return };
    let mut compared = 0;
    for path in files(&data.join("original/freqtrade_json"), ".json.gz") {
        let stored = Stored::open(&path, &path.display().to_string()).expect("a file");
        let file = freqtrade::read(&stored, &request()).unwrap_or_else(|errors| panic!("{errors}"));
        let twin = normalized_twin(&data, &path);
        let twin = Stored::open(&twin, &twin.display().to_string()).expect("the normalized file");
        let twin = bars::read(&twin, &request()).expect("sound");
        let values = |file: &feed::reader::BarFile| -> Vec<(i64, [i64; 5])> {
            let bars = file.series["any"].bars.iter();
            let five =
                |bar: &feed::reader::Bar| [bar.open, bar.high, bar.low, bar.close, bar.volume];
            bars.map(|bar| (bar.time.nanos(), five(bar))).collect()
        };
        assert_eq!(values(&file), values(&twin), "{}", path.display());
        compared += 1;
    }
    assert!(compared >= 14, "{compared}");
    for (file, rows) in [
        ("2021-11-27/ADABTC-1m-2021-11-27.csv.gz", 10),
        ("2026-02/LTCUSDT-1m-2026-02.head500.csv.gz", 500),
    ] {
        let path = data.join("samples/binance_vision_csv").join(file);
        let stored = Stored::open(&path, file).expect("a file");
        let read = binance::read(&stored, &request()).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(read.report.accepted, rows, "{file}");
    }
}

/// `original/freqtrade_json/<day>/<venue>/BTC_USDT-5m.json.gz` to
/// `normalized/<day>/<venue>.BTCUSDT.5m.csv.gz`.
fn normalized_twin(data: &Path, path: &Path) -> PathBuf {
    let parts: Vec<String> = path
        .components()
        .rev()
        .take(3)
        .map(|part| part.as_os_str().to_string_lossy().into())
        .collect();
    let [file, venue, day] = &parts[..] else { panic!("three parts") };
    let name = file.trim_end_matches(".json.gz").trim_end_matches("-futures");
    let (pair, interval) = name.split_once('-').expect("a pair and a width");
    let pair = pair.replace('_', "");
    data.join("normalized").join(day).join(format!("{venue}.{pair}.{interval}.csv.gz"))
}

/// Lowest low of a normalized file inside a window of milliseconds, read line by line.
fn low_of(path: &Path, window: [i64; 2]) -> i64 {
    let text = Stored::open(path, "a file").expect("a file").text().expect("text");
    let lows = text.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        let time: i64 = fields[0].parse().expect("a stamp");
        let inside = time >= window[0] && time < window[1];
        inside.then(|| decimal::parse(fields[3], 8).expect("a price"))
    });
    lows.min().expect("bars in the window")
}

#[test]
fn recorded_days_keep_their_lows() {
    let Some(data) = data() else { return };
    let table = [
        ("2021-05-19-recorded", "2021-05-19 (recorded from 1m bars, Binance spot", "30000", 6),
        (
            "2024-08-05-recorded",
            "2024-08-05 (recorded from 1m bars and 5m bars, Binance",
            "49000",
            7,
        ),
    ];
    for (name, title, btc_low, instruments) in table {
        let folder = root().join("fixtures/days").join(name);
        let day = Day::load(&folder, Some(&data), &rulebook()).unwrap_or_else(|e| panic!("{e}"));
        assert!(day.title().starts_with(title), "{}", day.title());
        let mut lows = BTreeMap::new();
        for timed in day.commands(Machine { semantics: 1, seal_interval: 4096 }) {
            if let Command::PublishPrice(price) = timed.command {
                let low = lows.entry(price.feed).or_insert(i64::MAX);
                *low = price.price.units().min(*low);
            }
        }
        let window = day.manifest.window.map(|time| time.nanos() / 1_000_000);
        let mut marks = 0;
        for series in &day.market.series {
            let file = &day.manifest.source[series.source as usize].file;
            let low = low_of(&data.join(file), window);
            assert_eq!(lows.get(&series.feed), Some(&low), "{name} {}", series.name);
            marks += usize::from(series.feed.role == FeedRole::Mark);
            if series.name == "BTC" {
                assert_eq!(decimal::text(i128::from(low), 8), btc_low);
            }
        }
        assert_eq!(marks, instruments, "{name}");
    }
}

#[test]
fn every_window_of_bars_and_rates_imports() {
    let Some(data) = data() else { return };
    let rulebook = rulebook();
    let mut imported = 0;
    let windows = ["2020-03-12", "2021-05-19", "2022-11-08", "2024-08-05", "2025-10-10", "funding"];
    for window in windows {
        let format = if window == "funding" { Format::Funding } else { Format::Bars };
        let all = files(&data.join("normalized").join(window), ".csv.gz");
        for path in all {
            // Pairs quoted in BTC are no prices in dollars; LUNA of 2022 and later has another
            // name than its file.
            let name = path.display().to_string();
            let files = [path];
            let (role, asset, venue, seed) = (None, None, None, 1);
            let rulebook = &rulebook;
            let mode = Mode::Strict;
            let import = Import { format, files: &files, rulebook, mode, role, asset, venue, seed };
            match import.run() {
                Ok(import) => assert_eq!(import.summary.rows, import.summary.accepted, "{name}"),
                Err(errors) => {
                    let printed = errors.to_string();
                    assert!(name.contains("BTC.5m"), "{printed}");
                    assert!(printed.contains("error[import.name]"), "{printed}");
                    continue;
                }
            }
            imported += 1;
        }
    }
    assert!(imported >= 105, "{imported} files");
}

#[test]
fn a_missing_recorded_file_is_named() {
    let folder = root().join("fixtures/days/2021-05-19-recorded");
    let nowhere = Path::new("/nowhere");
    let Err(errors) = Day::load(&folder, Some(nowhere), &rulebook()) else {
        panic!("no data, no day");
    };
    let printed = errors.to_string();
    for part in [
        "error[source.missing]",
        "normalized/2021-05-19/binance_spot.BTCUSDT.1m.csv.gz",
        "of layout clearsim-bars/1 (ts_ms,open,high,low,close,volume) with sha256 ",
        "nor at /nowhere/normalized",
    ] {
        assert!(printed.contains(part), "wanted {part:?} in\n{printed}");
    }
}
