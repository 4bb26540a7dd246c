//! Rules between the fields of a manifest; each breach names its path and line.

use std::path::{Component, Path};

use super::{Format, Manifest, PopulationSource, Role, Source};
use crate::document::Document;
use crate::error::FeedErrors;
use crate::time;

/// The most ticks a bar is cut into: the close stands at 59/60 of the bar.
const TICKS_MAX: u32 = 60;

/// The fewest: open, two extremes, close.
const TICKS_MIN: u32 = 4;

/// Checks everything that can be said without reading a file.
pub(super) fn validate(document: &Document, manifest: &Manifest) -> FeedErrors {
    let mut errors = FeedErrors::default();
    let [from, to] = manifest.window;
    if from >= to {
        let expected = format!("an end after {}", time::text(from));
        errors.push(document.invalid("window", expected, time::text(to)));
    }
    if manifest.source.is_empty() {
        errors.push(document.invalid("source", "at least one source", "none"));
    }
    for (place, source) in manifest.source.iter().enumerate() {
        check_source(document, &format!("source[{place}]"), source, &mut errors);
    }
    for (place, gap) in manifest.known_gap.iter().enumerate() {
        let path = format!("known_gap[{place}]");
        if !manifest.source.iter().any(|source| names(&gap.source, source)) {
            let found = format!("{:?}", gap.source);
            errors.push(document.invalid(&format!("{path}.source"), "the file of a source", found));
        }
        if gap.to.is_some_and(|to| to <= gap.from) {
            let expected = format!("an end after {}", time::text(gap.from));
            let found = gap.to.map(time::text).unwrap_or_default();
            errors.push(document.invalid(&format!("{path}.to"), expected, found));
        }
    }
    check_population(document, manifest, &mut errors);
    errors
}

/// Whether a known gap's source is this one, by its whole path or by its file name.
pub(crate) fn names(name: &str, source: &Source) -> bool {
    let last = Path::new(&source.file).file_name().and_then(|last| last.to_str());
    source.file == name || last == Some(name)
}

fn check_source(document: &Document, path: &str, source: &Source, errors: &mut FeedErrors) {
    let at = |field: &str| format!("{path}.{field}");
    check_file(document, &at("file"), &source.file, errors);
    check_hash(document, &at("sha256"), &source.sha256, errors);
    if source.format.is_funding() != (source.role == Role::Funding) {
        let expected = if source.role == Role::Funding {
            "a layout of funding rates for the role funding"
        } else {
            "a layout of bars for this role"
        };
        errors.push(document.invalid(&at("format"), expected, source.format.name()));
    }
    check_names(document, path, source, errors);
    if let Some(ticks) = source.ticks_per_bar
        && !(TICKS_MIN..=TICKS_MAX).contains(&ticks)
    {
        let expected = format!("from {TICKS_MIN} to {TICKS_MAX} ticks");
        errors.push(document.invalid(&at("ticks_per_bar"), expected, ticks.to_string()));
    }
    for (field, text) in [("market", &source.market), ("origin", &source.origin)] {
        if text.trim().is_empty() {
            errors.push(document.invalid(&at(field), "a few words", "nothing"));
        }
    }
}

/// Exactly the naming field that the layout and the role need.
fn check_names(document: &Document, path: &str, source: &Source, errors: &mut FeedErrors) {
    let columns = source.format.has_assets();
    let index = source.role == Role::Index;
    let fields = [
        ("assets", source.assets.is_some(), columns, false),
        ("venue", source.venue.is_some(), source.format == Format::FundingHours, false),
        ("asset", source.asset.is_some(), !columns && index, true),
        ("instrument", source.instrument.is_some(), !columns && !index, true),
    ];
    let (layout, role) = (source.format.name(), source.role.word());
    for (field, present, fits, needed) in fields {
        let place = format!("{path}.{field}");
        if present && !fits {
            let expected = format!("no such field for the role {role} in {layout}");
            errors.push(document.invalid(&place, expected, field));
        } else if !present && fits && needed {
            let expected = format!("{field}, as {layout} does not name it for the role {role}");
            errors.push(document.invalid(&place, expected, "nothing there"));
        }
    }
}

fn check_file(document: &Document, path: &str, file: &str, errors: &mut FeedErrors) {
    let inside = |part| matches!(part, Component::Normal(_));
    if file.is_empty() || !Path::new(file).components().all(inside) {
        let expected = "a relative path without ..";
        errors.push(document.invalid(path, expected, format!("{file:?}")));
    }
}

fn check_hash(document: &Document, path: &str, hash: &str, errors: &mut FeedErrors) {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if hash.len() != 64 || !hash.bytes().all(digit) {
        let found = format!("{hash:?}");
        errors.push(document.invalid(path, "64 lowercase hexadecimal digits", found));
    }
}

fn check_population(document: &Document, manifest: &Manifest, errors: &mut FeedErrors) {
    match &manifest.population {
        None => {}
        Some(PopulationSource::File(accounts)) => {
            check_file(document, "population.file", &accounts.file, errors);
            check_hash(document, "population.sha256", &accounts.sha256, errors);
        }
        Some(PopulationSource::Seeded(parameters)) => {
            if let Err(fault) = parameters.validate() {
                let path = fault.place.path.clone().unwrap_or_default();
                errors.push(document.invalid(&path, fault.expected, fault.found));
            }
        }
    }
}
