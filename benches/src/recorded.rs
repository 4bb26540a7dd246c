//! Marks of a fixture day: hourly figures as the market had them, minutes invented between them.

use std::path::Path;

use clearing::SEMANTICS;
use domain::{Command, Feed};
use feed::day::{Day, Machine};
use feed::manifest::Manifest;

/// The marks of an instrument through a fixture day, scaled so that the first is `opening`.
///
/// # Panics
/// If the fixture is not there or lists no such instrument.
#[must_use]
pub fn marks(day: &str, instrument: &str, opening: i64) -> Vec<i64> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let folder = fixtures.join("days").join(day);
    let Ok(manifest) = Manifest::load(&folder) else { panic!("{day}: no manifest") };
    let rulebook = fixtures.join(format!("rulebooks/{}.toml", manifest.rulebook));
    let Ok(rules) = feed::rulebook::load(&rulebook) else { panic!("{day}: no rulebook") };
    let instrument = rules.instrument_named(instrument).expect("the day's rulebook lists it");
    let Ok(day) = Day::of(manifest, &folder, None, &rules) else { panic!("{day}: no files") };
    let machine = Machine { semantics: SEMANTICS, seal_interval: 4_096 };
    let published = day.commands(machine).filter_map(|timed| match timed.command {
        Command::PublishPrice(price) if price.feed == Feed::mark(instrument) => {
            Some(i128::from(price.price.units()))
        }
        _ => None,
    });
    let marks: Vec<i128> = published.collect();
    let first = marks.first().copied().expect("the day has marks");
    marks.iter().map(|mark| (mark * i128::from(opening) / first) as i64).collect()
}
