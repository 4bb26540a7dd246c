//! Holes in a day: every one must be declared.

use domain::{Duration, Timestamp};

use crate::error::{FeedError, FeedErrors, Place};
use crate::manifest::{KnownGap, Source, names};
use crate::reader::Bar;
use crate::time;

/// A series against the window it should fill.
pub(super) struct Span<'a> {
    pub name: &'a str,
    pub bars: &'a [Bar],
    pub interval: Duration,
    pub from: Timestamp,
    pub to: Timestamp,
}

/// The holes of a series that no known gap of its source covers, the edges of the window included.
pub(super) fn undeclared(span: &Span<'_>, source: &Source, known: &[KnownGap]) -> FeedErrors {
    let mut errors = FeedErrors::default();
    let mut due = span.from;
    let ends = span.bars.iter().map(|bar| (bar.time, bar.line));
    let end = (span.to, span.bars.last().map_or(1, |bar| bar.line));
    for (next, line) in ends.chain([end]) {
        if next > due && !declared(due, next, span.to, source, known) {
            let place = Place::line(&source.file, line).at(span.name);
            let width = time::span(span.interval);
            let expected = format!("a bar every {width} from {}", time::text(due));
            let found = format!("none before {}", time::text(next));
            errors.push(
                FeedError::input("market.gap", place, expected, found)
                    .help("declare it as a [[known_gap]] of the day, or narrow the window"),
            );
        }
        due = next.plus(span.interval);
    }
    errors
}

fn declared(
    from: Timestamp,
    to: Timestamp,
    end: Timestamp,
    source: &Source,
    known: &[KnownGap],
) -> bool {
    known
        .iter()
        .any(|gap| names(&gap.source, source) && gap.from <= from && to <= gap.to.unwrap_or(end))
}
