//! Goal: every layout is read exactly, and every malformed row is refused by file, line, column
//! and reason, or set aside when lenient. Method: one `check` and tables of small files.

use feed::error::FeedErrors;
use feed::reader::compressed::Stored;
use feed::reader::{BarFile, FundingFile, Mode, PriceBound, Request};
use feed::reader::{bars, binance, freqtrade, funding, hours};

const BARS: &str = "ts_ms,open,high,low,close,volume";
const HOURS: &str = "hour_utc,asset,open,high,low,close";
const RATES: &str = "hour_utc,venue,asset,rate";
const STAMPS: &str = "ts_ms,funding_rate";

/// The names of this test's rulebook, priced at 1e-8 and at most ten million.
fn bound(name: &str) -> Option<PriceBound> {
    let known = ["BTC", "ETH", "BTC-PERP"].contains(&name);
    known.then_some(PriceBound { digits: 8, max: 1_000_000_000_000_000 })
}

fn request(mode: Mode) -> Request<'static> {
    let name = Some("BTC");
    Request { mode, name, assets: None, venue: None, bound: &bound, interval: None }
}

fn read_bars(layout: &str, text: &str, mode: Mode) -> Result<BarFile, FeedErrors> {
    let stored = Stored::from_bytes("day/a.csv", text.as_bytes().to_vec());
    let request = request(mode);
    match layout {
        "bars" => bars::read(&stored, &request),
        "hours" => hours::read(&stored, &request),
        "binance" => binance::read(&stored, &request),
        "freqtrade" => freqtrade::read(&stored, &request),
        other => panic!("no such layout: {other}"),
    }
}

fn read_rates(layout: &str, text: &str, mode: Mode) -> Result<FundingFile, FeedErrors> {
    let stored = Stored::from_bytes("day/a.csv", text.as_bytes().to_vec());
    let request = request(mode);
    match layout {
        "rates" => funding::read_hours(&stored, &request),
        "stamps" => funding::read_stamps(&stored, &request),
        other => panic!("no such layout: {other}"),
    }
}

/// The faults of a layout's file as printed, or "fine".
fn faults(layout: &str, text: &str) -> String {
    let read = match layout {
        "rates" | "stamps" => read_rates(layout, text, Mode::Strict).map(|_| ()),
        _ => read_bars(layout, text, Mode::Strict).map(|_| ()),
    };
    read.map_or_else(|errors| errors.to_string(), |()| "fine".to_owned())
}

/// Each row: layout, text, code, place, part of the sentence.
fn check(layout: &str, text: &str, code: &str, place: &str, part: &str) {
    let printed = faults(layout, text);
    for wanted in [format!("error[{code}]"), format!("day/a.csv{place}"), part.to_owned()] {
        assert!(printed.contains(&wanted), "wanted {wanted:?} of {layout} {text:?} in\n{printed}");
    }
}

#[test]
fn reads_each_layout_exactly() {
    let text = format!(
        "{BARS}\n1583971200000,7938.39,7969,7902.4,7918.82,1.000000005\n\
        1583971260000,7918.82,7.92e3,7918,7919,0\n"
    );
    let file = read_bars("bars", &text, Mode::Strict).expect("sound");
    let series = &file.series["BTC"];
    assert_eq!(series.interval.nanos(), 60_000_000_000);
    assert_eq!(series.bars[0].open, 793_839_000_000);
    assert_eq!(series.bars[0].volume, 100_000_000, "half to even");
    assert_eq!(series.bars[1].high, 792_000_000_000);
    assert_eq!((series.bars[1].line, file.report.volumes_rounded), (3, 1));
    let kline = |time: &str, close: &str| format!("{time},1,2,0.5,1.5,3,{close},1,1,1,1,0\n");
    let headed = "open_time,open,high,low,close,volume,close_time,quote_volume,count,\
        taker_buy_volume,taker_buy_quote_volume,ignore\n";
    let milli = kline("1583971200000", "1583971259999") + &kline("1583971260000", "1583971319999");
    let micro = kline("1583971200000000", "1583971259999999")
        + &kline("1583971260000000", "1583971319999999");
    let json = "[[1583971200000, 1, 2, 0.5, 1.5, 3],\n[1583971260000, 1, 2, 0.5, 1.5, 3]]";
    let binance = read_bars("binance", &milli, Mode::Strict).expect("sound").series;
    for (layout, text) in
        [("binance", format!("{headed}{milli}")), ("binance", micro), ("freqtrade", json.into())]
    {
        let mut series = read_bars(layout, &text, Mode::Strict).expect("sound").series;
        let bars = &mut series.get_mut("BTC").expect("named").bars;
        for (bar, line) in bars.iter_mut().zip(1..) {
            bar.line = line;
        }
        assert_eq!(series, binance, "{layout}");
    }
}

#[test]
fn reads_hours_and_rates_of_several_assets() {
    let text = format!(
        "{HOURS}\n2020-03-12T00:00Z,BTC,1,2,0.5,1.5\n\
        2020-03-12T00:00Z,ETH,1,2,0.5,1.5\n2020-03-12T01:00Z,BTC,1,2,0.5,1.5\n"
    );
    let file = read_bars("hours", &text, Mode::Strict).expect("sound");
    assert_eq!((file.series["BTC"].bars.len(), file.series["ETH"].bars.len()), (2, 1));
    let text = format!(
        "{RATES}\n2020-03-12T00:00Z,binance_usdm,BTC,-0.003\n\
        2020-03-12T00:00Z,hyperliquid,BTC,1.25e-05\n"
    );
    let stored = Stored::from_bytes("a", text.into_bytes());
    let one = Request { venue: Some("hyperliquid"), ..request(Mode::Strict) };
    let file = funding::read_hours(&stored, &one).expect("sound");
    assert_eq!(file.series["BTC"][0].rate, 12_500_000);
    assert_eq!((file.report.rows, file.report.unselected), (2, 1));
    let jitter = format!("{STAMPS}\n1722556800006,1.25e-05\n1722560400116,-1e-12\n");
    let file = read_rates("stamps", &jitter, Mode::Strict).expect("sound");
    assert_eq!(file.series["BTC"][0].time.nanos(), 1_722_556_800_006_000_000);
    assert_eq!(file.series["BTC"][1].rate, -1);
}

#[test]
fn refuses_malformed_bars() {
    let first = "1583971200000,10,12,9,11,1";
    let table = [
        ("1583971260000,x,12,9,11,1", "row.number", ":3:15", "a decimal number, found \"x\""),
        ("1583971260000,10,12,9,,1", "row.number", ":3:23", "a decimal number, found \"\""),
        ("1583971260000,10,12,9,11", "row.columns", ":3", "expected 6 columns"),
        ("1583971260000,10,12,9,11,1,1", "row.columns", ":3", "found 7"),
        ("1583971260000,10,12,0,11,1", "row.price", ":3:21", "a price above zero, found \"0\""),
        ("1583971260000,10,12,-9,11,1", "row.price", ":3:21", "above zero, found \"-9\""),
        ("1583971260000,10,1e9,9,11,1", "row.price", ":3:18", "at most 10000000, found \"1e9\""),
        ("1583971260000,10,1e30,9,11,1", "row.number", ":3:18", "found \"1e30\""),
        ("1583971260000,10,12,9,11.000000001,1", "row.number", ":3:23", "the unit 1e-8"),
        ("1583971260000,10,12,9,inf,1", "row.number", ":3:23", "found \"inf\""),
        ("1583971260000,13,12,9,11,1", "row.range", ":3:15", "between low 9 and high 12"),
        ("1583971260000,10,12,9,8,1", "row.range", ":3:23", "found \"8\""),
        ("1583971260000,10,9,12,11,1", "row.range", ":3:15", "between low 12 and high 9"),
        ("1583971260000,10,12,9,11,-1", "row.volume", ":3:26", "zero or more, found \"-1\""),
        ("1583971200000,10,12,9,11,1", "row.duplicate", ":3", "2020-03-12T00:00:00Z again"),
        ("1583971140000,10,12,9,11,1", "row.backwards", ":3", "found 2020-03-11T23:59:00Z"),
        ("1583971260000000,10,12,9,11,1", "row.time_unit", ":3:1", "milliseconds as on line 2"),
        ("1583971260,10,12,9,11,1", "row.time_unit", ":3:1", "found seconds (1583971260)"),
        ("2020-03-12,10,12,9,11,1", "row.time", ":3:1", "10, 13, 16 or 19 digits"),
    ];
    for (row, code, place, part) in table {
        check("bars", &format!("{BARS}\n{first}\n{row}\n"), code, place, part);
    }
    let next = |minute: u64| format!("{},10,12,9,11,1\n", 1_583_971_200_000 + minute * 60_000);
    let many: String = (2..30).map(next).collect();
    let grid = format!("{BARS}\n{}{}1583971290000,10,12,9,11,1\n{many}", next(0), next(1));
    check("bars", &grid, "row.grid", ":4", "on the grid of 1m bars");
    check("bars", &format!("{BARS}\n{first}\n"), "bars.interval", "", "found one bar");
    check("bars", &format!("{BARS}\n"), "file.empty", "", "expected rows of bars, found none");
    check("bars", "", "bars.header", "", "found an empty file");
    check("bars", "time,price\n1,2\n", "bars.header", ":1", "expected ts_ms,open");
}

#[test]
fn refuses_malformed_rows_of_every_other_layout() {
    let hours = |row: &str| format!("{HOURS}\n2020-03-12T00:00Z,BTC,10,12,9,11\n{row}\n");
    let kline = "1583971200000,10,12,9,11,1,1583971259999,1,1,1,1,0";
    let klines = |row: &str| format!("{kline}\n{row}\n");
    let json = |row: &str| format!("[[1583971200000,10,12,9,11,1],\n {row}]");
    let rates = |row: &str| format!("{RATES}\n2020-03-12T00:00Z,binance_usdm,BTC,0.0001\n{row}\n");
    let stamps = |row: &str| format!("{STAMPS}\n1583971200000,0.0001\n{row}\n");
    let table = [
        ("hours", hours("2020-03-12T01:30Z,BTC,10,12,9,11"), "row.time", ":3:1", "a full hour"),
        ("hours", hours("2020-03-12 01:00,BTC,10,12,9,11"), "row.time", ":3:1", "a full hour"),
        ("hours", hours("2020-03-12T01:00Z,DOT,10,12,9,11"), "row.asset", ":3:19", "\"DOT\""),
        ("hours", hours("2020-03-12T01:00Z,BTC,10,12,9"), "row.columns", ":3", "6 columns"),
        ("hours", hours("2020-03-12T00:00Z,BTC,10,12,9,11"), "row.duplicate", ":3", "again"),
        ("hours", hours("2020-03-12T01:00Z,BTC,10,12,0,11"), "row.price", ":3:29", "above zero"),
        ("hours", "ts_ms\n".to_owned(), "hours.header", ":1", "expected hour_utc,asset"),
        ("binance", klines("1583971260000,10,12,9,11"), "row.columns", ":2", "12 columns"),
        (
            "binance",
            klines("1583971260000,10,12,9,11,1,1583971259999,1,1,1,1,0"),
            "row.time",
            ":2:28",
            "a close time after the open time",
        ),
        (
            "binance",
            klines("1583971260000000,10,12,9,11,1,1583971319999999,1,1,1,1,0"),
            "row.time_unit",
            ":2:1",
            "milliseconds as on line 1",
        ),
        (
            "binance",
            klines("1583971260000,10,x,9,11,1,1583971319999,1,1,1,1,0"),
            "row.number",
            ":2:18",
            "found \"x\"",
        ),
        ("binance", String::new(), "file.empty", "", "found none"),
        ("freqtrade", json("[1583971260000,10,12,null,11,1]"), "row.number", ":2:23", "\"null\""),
        ("freqtrade", json("[1583971260000,10,12,9,11]"), "row.columns", ":2", "6 columns"),
        ("freqtrade", json("{\"a\":1}"), "row.columns", ":2", "an array of six numbers"),
        ("freqtrade", json("[1583971260000,10,12,9,11,1"), "freqtrade.json", ":2", "JSON array"),
        ("freqtrade", "{}".to_owned(), "freqtrade.json", ":1", "expected a JSON array"),
        ("freqtrade", json("[1583971200000,10,12,9,11,1]"), "row.duplicate", ":2", "again"),
        ("freqtrade", "[]".to_owned(), "file.empty", "", "found none"),
        ("rates", rates("2020-03-12T08:00Z,binance_usdm,BTC,2"), "row.rate", ":3:36", "\"2\""),
        ("rates", rates("2020-03-12T08:00Z,binance_usdm,DOT,0"), "row.asset", ":3:32", "\"DOT\""),
        ("rates", rates("2020-03-11T08:00Z,binance_usdm,BTC,0"), "row.backwards", ":3", "after"),
        ("stamps", stamps("1583971200000,0.0001"), "row.duplicate", ":3", "again"),
        ("stamps", stamps("1583971260000,1e-13"), "row.number", ":3:15", "the unit 1e-12"),
        ("stamps", stamps("1583971260000000,0"), "row.time_unit", ":3:1", "microseconds"),
        ("stamps", stamps("1583971260000"), "row.columns", ":3", "2 columns"),
        ("stamps", "ts,rate\n".to_owned(), "funding.header", ":1", "expected ts_ms"),
    ];
    for (layout, text, code, place, part) in table {
        check(layout, &text, code, place, part);
    }
}

#[test]
fn lenient_sets_rows_aside_and_counts_all() {
    let row = |minute: u64, rest: &str| format!("{},{rest}\n", 1_583_971_200_000 + minute * 60_000);
    let mut text = format!("{BARS}\n");
    for minute in 0..30 {
        text += &row(minute, if minute % 3 == 1 { "10,12,0,11,1" } else { "10,12,9,11,1" });
    }
    let strict = read_bars("bars", &text, Mode::Strict).expect_err("ten faults");
    assert_eq!((strict.errors.len(), strict.omitted), (10, 0));
    let file = read_bars("bars", &text, Mode::Lenient).expect("lenient");
    let report = &file.report;
    assert_eq!((report.rows, report.accepted, report.rejects.len()), (30, 20, 10));
    assert_eq!(report.gaps.len(), 10, "a rejected bar leaves a hole");
    let reject = &report.rejects[0];
    assert_eq!((reject.line, reject.column, reject.field.as_str()), (3, 21, "low"));
    assert_eq!(reject.reason, "expected a price above zero, found \"0\"");
    assert_eq!(reject.raw, "1583971260000,10,12,0,11,1");
}

#[test]
fn gaps_name_what_is_missing() {
    let row = |minute: u64| format!("{},10,12,9,11,1\n", 1_583_971_200_000 + minute * 60_000);
    let text = format!("{BARS}\n{}{}{}{}", row(0), row(1), row(5), row(6));
    let file = read_bars("bars", &text, Mode::Strict).expect("a gap is reported, not refused");
    let gap = &file.report.gaps[0];
    assert_eq!(feed::time::text(gap.from), "2020-03-12T00:02:00Z");
    assert_eq!((feed::time::text(gap.to).as_str(), gap.line), ("2020-03-12T00:05:00Z", 4));
    assert_eq!(file.report.gaps.len(), 1);
}

#[test]
fn centuries_between_rows_are_one_gap() {
    let text = format!("{STAMPS}\n0000000001,0\n7258118399,0\n7258118399000000000,0\n");
    let printed = faults("stamps", &text);
    assert!(printed.contains("row.time_unit"), "{printed}");
    let text = format!("{STAMPS}\n0000000001,0\n7258118398,0\n7258118399,0\n");
    let file = read_rates("stamps", &text, Mode::Strict).expect("sound, however odd");
    assert_eq!(file.report.gaps, [], "the usual step is the median");
}
