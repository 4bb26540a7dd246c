//! Goal: vendors' files become prices under the right name, every row is counted, and rejects are
//! written with their place. Method: small files under vendors' names in a folder of their own.

use std::fs;
use std::path::{Path, PathBuf};

use domain::{Command, FeedRole, Rulebook};
use feed::day::Machine;
use feed::import::{Import, Imported, identify};
use feed::manifest::{Format, Role};
use feed::reader::Mode;

fn rulebook() -> Rulebook {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/rulebooks/default.toml");
    feed::rulebook::load(&path).expect("the default rulebook")
}

/// Imports files of one layout, given by name and text.
fn import(format: Format, mode: Mode, files: &[(&str, String)]) -> Result<Imported, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let paths: Vec<PathBuf> = files
        .iter()
        .map(|(name, text)| {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("written");
            path
        })
        .collect();
    let rulebook = rulebook();
    let (rulebook, files) = (&rulebook, &paths[..]);
    let (role, asset, venue, seed) = (None, None, None, 1);
    let import = Import { format, files, rulebook, mode, role, asset, venue, seed };
    import.run().map_err(|errors| errors.to_string())
}

fn klines(rows: &[&str]) -> String {
    let row = |(minute, rest): (u64, &&str)| {
        let open = 1_621_296_000_000 + minute * 60_000;
        format!("{open},{rest},1,{},1,1,1,1,0\n", open + 59_999)
    };
    (0..).zip(rows).map(row).collect()
}

#[test]
fn names_tell_asset_and_role() {
    let rulebook = rulebook();
    let bars = Format::Bars;
    let table = [
        ("binance_spot.BTCUSDT.1m.csv.gz", bars, Some((Role::Index, "BTC"))),
        ("x/binance_usdm.ETHUSDT.1h.mark.csv.gz", bars, Some((Role::Mark, "ETH"))),
        ("binance_usdm.SOLUSDT.15m.csv.gz", bars, Some((Role::Last, "SOL"))),
        ("BTC_USDT-5m.json.gz", Format::FreqtradeJson, Some((Role::Index, "BTC"))),
        ("SOL_USDT-15m-futures.json.gz", Format::FreqtradeJson, Some((Role::Last, "SOL"))),
        ("ETHUSDT-1m-2021-05.zip", Format::BinanceKlines, Some((Role::Index, "ETH"))),
        ("hyperliquid.BTC.funding.csv.gz", Format::Funding, Some((Role::Funding, "BTC"))),
        ("ADABTC-1m-2021-11-27.csv.gz", Format::BinanceKlines, None),
        ("binance_spot.LTCBTC.5m.csv.gz", bars, None),
        ("DOTUSDT-1m.csv", bars, None),
        ("prices.csv", bars, None),
    ];
    for (file, format, expected) in table {
        let found = identify(file, format, &rulebook);
        let found = found.map(|known| (known.role, known.name.unwrap_or_default()));
        assert_eq!(found, expected.map(|(role, name)| (role, name.to_owned())), "{file}");
    }
}

#[test]
fn klines_become_prices_and_every_row_is_counted() {
    let rows = klines(&["10,12,9,11", "11,12,10,12", "12,12,11,11"]);
    let perp = klines(&["10,12,9,11", "11,30,10,12", "12,12,11,11"]);
    let files = [("BTCUSDT-1m-2021-05.csv", rows), ("BTCUSDT-perp-1m.csv", perp)];
    let imported = import(Format::BinanceKlines, Mode::Strict, &files).expect("sound");
    let summary = &imported.summary;
    assert_eq!((summary.rows, summary.accepted, summary.gaps, summary.rejects), (6, 6, 0, 0));
    assert_eq!(summary.window, ["2021-05-18T00:00:00Z", "2021-05-18T00:03:00Z"]);
    assert_eq!(summary.substitutions.len(), 1, "the mark is the last price");
    assert!(summary.to_string().contains("index BTC: 3 rows, 0 gaps"), "{summary}");
    let machine = Machine { semantics: 1, seal_interval: 4096 };
    let commands: Vec<Command> =
        imported.day.commands(machine).map(|timed| timed.command).collect();
    assert_eq!(commands[0].word(), "genesis");
    let prices = |role: FeedRole| {
        let prices = commands.iter().filter_map(|command| match command {
            Command::PublishPrice(price) if price.feed.role == role => Some(price.price.units()),
            _ => None,
        });
        prices.collect::<Vec<_>>()
    };
    let [index, mark, last] =
        [FeedRole::Index, FeedRole::Mark, FeedRole::Last].map(|role| prices(role).len());
    assert_eq!((index, mark, last), (12, 12, 12), "four ticks a bar");
    assert_eq!(prices(FeedRole::Index)[..4], [10, 9, 12, 11].map(|price| price * 100_000_000));
}

#[test]
fn lenient_writes_rejects_and_strict_refuses() {
    let rows = klines(&["10,12,9,11", "11,x,10,12", "12,12,11,11", "11,12,0,11", "11,12,9,11"]);
    let files = [("BTCUSDT-1m-2021-05.csv", rows)];
    let strict = import(Format::BinanceKlines, Mode::Strict, &files).expect_err("two faults");
    assert!(strict.contains("BTCUSDT-1m-2021-05.csv:2:18"), "{strict}");
    assert!(strict.contains("BTCUSDT-1m-2021-05.csv:4:21"), "{strict}");
    let imported = import(Format::BinanceKlines, Mode::Lenient, &files).expect("lenient");
    let summary = &imported.summary;
    assert_eq!((summary.rows, summary.accepted, summary.rejects), (5, 3, 2));
    let mut written = Vec::new();
    summary.write_rejects(&mut written).expect("memory takes all");
    let written = String::from_utf8(written).expect("text");
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0], "file,line,column,field,code,reason,raw");
    let part = ",2,18,high,row.number,\"expected a decimal number, found \"\"x\"\"\",";
    assert!(lines[1].contains(part), "{}", lines[1]);
}

#[test]
fn gaps_are_reported_and_hours_with_gaps_still_run() {
    let hour = |hour: u32| format!("2020-03-12T{hour:02}:00Z,ETH,10,12,9,11\n");
    let text = format!("hour_utc,asset,open,high,low,close\n{}{}{}", hour(0), hour(1), hour(4));
    let imported = import(Format::Hours, Mode::Strict, &[("figures.csv", text)]).expect("sound");
    assert_eq!((imported.summary.rows, imported.summary.gaps), (3, 1));
    let gap = "gap in ETH from 2020-03-12T02:00:00Z to 2020-03-12T04:00:00Z (line 4)";
    assert!(imported.summary.to_string().contains(gap), "{}", imported.summary);
    let counts = "3 rows, 1 gap, 0 repairs, 0 rejects";
    assert!(imported.summary.to_string().contains(counts), "{}", imported.summary);
    assert_eq!(imported.day.stream().count(), 3 * 60 - 1, "the first minute is the opening");
}

#[test]
fn rates_alone_have_a_title() {
    let text = "ts_ms,funding_rate\n1583971200000,0.0001\n1584000000000,-0.0003\n".to_owned();
    let file = "binance_usdm.BTCUSDT.funding.csv";
    let imported = import(Format::Funding, Mode::Strict, &[(file, text)]).expect("sound");
    let title = "2020-03-12 (recorded funding rates, imported; no accounts)";
    assert_eq!(imported.day.title(), title);
}

#[test]
fn an_asset_that_the_caller_names_is_one_of_the_rulebook() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = [folder.path().join("prices.csv")];
    fs::write(&files[0], klines(&["10,12,9,11", "11,12,10,12"])).expect("written");
    let rulebook = rulebook();
    let (rulebook, files, format) = (&rulebook, &files[..], Format::BinanceKlines);
    let (role, mode, venue, seed) = (Some(Role::Mark), Mode::Strict, None, 1);
    let import = |asset| {
        let asset = Some(asset);
        Import { format, files, rulebook, mode, role, asset, venue, seed }.run()
    };
    assert_eq!(import("BTC").expect("listed").summary.rows, 2);
    let errors = import("NOPE").expect_err("no such asset");
    let fault = &errors.errors[0];
    assert_eq!((fault.code.as_str(), fault.found.as_str()), ("import.asset", "\"NOPE\""));
}

#[test]
fn a_stray_stamp_does_not_ask_for_centuries_of_minutes() {
    let row = |year: u32| format!("{year}-03-12T00:00Z,ETH,10,12,9,11\n");
    let text = format!("hour_utc,asset,open,high,low,close\n{}{}", row(1970), row(2199));
    let Err(printed) = import(Format::Hours, Mode::Lenient, &[("figures.csv", text)]) else {
        panic!("centuries of minutes");
    };
    assert!(printed.contains("error[market.hours]: expected at most 100000 hours"), "{printed}");
}

#[test]
fn what_cannot_be_named_or_read_is_refused() {
    let rows = || klines(&["10,12,9,11", "11,12,10,12"]);
    let table = [
        (vec![("ADABTC-1m.csv", rows())], "import.name"),
        (vec![("BTCUSDT-1m.zip", rows())], "a zip archive"),
        (vec![("BTCUSDT-1m.csv", String::new())], "file.empty"),
        (vec![("BTCUSDT-1m.csv", rows()), ("BTCUSDT-2.csv", rows())], "market.twice"),
        (vec![("LUNAUSDT-1m.csv", klines(&["10,1e12,9,11", "1,1,1,1"]))], "row.number"),
        (vec![], "import.files"),
    ];
    for (files, part) in table {
        let printed = match import(Format::BinanceKlines, Mode::Strict, &files) {
            Ok(_) => panic!("{part}: imported"),
            Err(printed) => printed,
        };
        assert!(printed.contains(part), "wanted {part:?} in\n{printed}");
    }
}
