//! Goal: no input makes a reader panic, and every refusal says where. Method: sound files with
//! bytes changed, cut out, doubled or moved, seeded; the seed is printed with a failure.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::{fs, io::Write};

use feed::error::FeedErrors;
use feed::import::Import;
use feed::manifest::{Format, Manifest};
use feed::reader::Mode;
use flate2::Compression;
use flate2::write::GzEncoder;

const ROUNDS: u64 = 250;

/// A small generator: SplitMix64, from its published constants.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % sides.max(1) as u64) as usize
    }

    /// One to four changes of a text.
    fn mutate(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.roll(4) {
            let at = self.roll(bytes.len());
            let length = self.roll(24).min(bytes.len() - at);
            match self.roll(6) {
                0 => bytes[at] = self.roll(256) as u8,
                1 => bytes[at] = b"0123456789,.-eZ\n\"[]"[self.roll(19)],
                2 => drop(bytes.drain(at..at + length)),
                3 => {
                    let part = bytes[at..at + length].to_vec();
                    let to = self.roll(bytes.len());
                    bytes.splice(to..to, part);
                }
                4 => bytes.truncate(at.max(1)),
                _ => {
                    let word: &[u8] = match self.roll(5) {
                        0 => b"99999999999999999999",
                        1 => b"-1",
                        2 => b"1e308",
                        3 => b"0000000001",
                        _ => b"9223372036854775807",
                    };
                    bytes.splice(at..at + length, word.iter().copied());
                }
            }
            if bytes.is_empty() {
                bytes.push(b'\n');
            }
        }
        bytes
    }
}

/// A sound file of each layout under a vendor's name.
fn samples() -> Vec<(Format, &'static str, String)> {
    let times = |step: u64| (0..6).map(move |place| 1_621_296_000_000 + place * step);
    let bars = times(60_000).map(|time| format!("{time},10,12,9,11,1.5\n")).collect::<String>();
    let kline = |time: u64| format!("{time},10,12,9,11,1,{},1,1,1,1,0\n", time + 59_999);
    let json: Vec<String> = times(60_000).map(|time| format!("[{time},10,12,9,11,1]")).collect();
    let hour = |row: usize| format!("2020-03-12T0{row}:00Z,BTC,10,12,9,11\n");
    let rate = |row: usize| format!("2020-03-12T{:02}:00Z,venue,BTC,0.0001\n", row * 8);
    let stamp = |time: u64| format!("{time},1e-05\n");
    vec![
        (Format::Bars, "BTCUSDT.1m.csv", format!("ts_ms,open,high,low,close,volume\n{bars}")),
        (Format::BinanceKlines, "BTCUSDT-1m.csv", times(60_000).map(kline).collect()),
        (Format::FreqtradeJson, "BTC_USDT-1m.json", format!("[{}]", json.join(",\n"))),
        (
            Format::Hours,
            "hours.csv",
            "hour_utc,asset,open,high,low,close\n".to_owned()
                + &(0..6).map(hour).collect::<String>(),
        ),
        (
            Format::FundingHours,
            "funding.csv",
            "hour_utc,venue,asset,rate\n".to_owned() + &(0..3).map(rate).collect::<String>(),
        ),
        (
            Format::Funding,
            "BTCUSDT.csv",
            "ts_ms,funding_rate\n".to_owned() + &times(28_800_000).map(stamp).collect::<String>(),
        ),
    ]
}

/// Every refusal names a file and, where it is about a row, says what it found.
fn check_refusal(errors: &FeedErrors, seed: u64) {
    assert!(!errors.is_empty(), "seed {seed}: refused without a reason");
    for error in &errors.errors {
        assert!(!error.code.is_empty() && !error.expected.is_empty(), "seed {seed}: {error}");
        let whole = ["bridge.", "market.hours"].iter().any(|code| error.code.starts_with(code));
        assert!(error.place.file.is_some() || whole, "seed {seed}: {error}");
    }
}

#[test]
fn mutated_files_are_read_or_refused() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/rulebooks/default.toml");
    let rulebook = feed::rulebook::load(&path).expect("the default rulebook");
    let folder = tempfile::tempdir().expect("a folder");
    let (mut read, mut refused) = (0, 0);
    for (format, name, text) in samples() {
        for seed in 0..=ROUNDS {
            let mut dice = Dice(seed);
            // The first round is the sound file itself.
            let mut bytes = text.clone().into_bytes();
            let mut file = folder.path().join(name);
            if seed > 0 {
                bytes = dice.mutate(&bytes);
            }
            if seed % 5 == 4 {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(&bytes).expect("memory takes all");
                bytes = encoder.finish().expect("memory takes all");
                if seed % 10 == 9 {
                    bytes = dice.mutate(&bytes);
                }
                file = folder.path().join(format!("{name}.gz"));
            }
            fs::write(&file, &bytes).expect("written");
            let (files, mode) = ([file], if seed % 2 == 0 { Mode::Strict } else { Mode::Lenient });
            let (role, asset, venue) = (None, None, None);
            let (files, rulebook) = (&files[..], &rulebook);
            let import = Import { format, files, rulebook, mode, role, asset, venue, seed };
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                import.run().map(|imported| {
                    let report = &imported.summary;
                    let counted = report.accepted + report.unselected + report.rejects;
                    assert_eq!(report.rows, counted, "seed {seed} of {name}");
                    imported.day.stream().count()
                })
            }));
            let outcome = outcome.unwrap_or_else(|_| panic!("seed {seed} of {name} panicked"));
            match outcome {
                Ok(_) => read += 1,
                Err(errors) => {
                    assert!(seed > 0, "the sound {name}: {errors}");
                    check_refusal(&errors, seed);
                    refused += 1;
                }
            }
        }
    }
    assert!(read > 100 && refused > 100, "{read} read, {refused} refused");
}

#[test]
fn mutated_manifests_are_read_or_refused() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/days/tiny/day.toml");
    let text = fs::read(path).expect("the tiny day");
    let mut refused = 0;
    for seed in 0..2_000 {
        let mutated = Dice(seed).mutate(&text);
        let mutated = String::from_utf8_lossy(&mutated);
        let outcome = catch_unwind(|| Manifest::parse("day.toml", &mutated));
        if let Err(errors) = outcome.unwrap_or_else(|_| panic!("seed {seed} panicked")) {
            check_refusal(&errors, seed);
            refused += 1;
        }
    }
    assert!(refused > 500, "{refused} refused");
}
