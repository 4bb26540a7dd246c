//! The comparison as lines of a terminal: a table by class, then what cannot be compared and why.

use feed::published::{Class, Figure, Value};

use super::measured::Measured;
use super::verdict::Verdict;
use super::{Row, heading};
use crate::clockface::day_and_minute;
use crate::summary::numbers::rounded;
use crate::summary::screen::wrap;

/// Columns of a screen.
const WIDTH: usize = 80;
/// Columns of a figure's name at most; a longer one goes on below.
const NAME_MAX: usize = 30;
/// Billions and millions at 1e-16: from here on a figure that is not exact is written short.
const SHORT: [(i128, u32, &str); 2] = [(10i128.pow(25), 25, "bn"), (10i128.pow(22), 22, "M")];

/// The lines.
pub fn lines(rows: &[Row]) -> Vec<String> {
    let mut lines = Vec::new();
    indented(&mut lines, &counts(rows), 0, 13);
    for class in [Class::Exact, Class::Order, Class::Shape] {
        let of_class: Vec<&Row> = rows
            .iter()
            .filter(|row| row.figure.class == class && !matches!(row.verdict, Verdict::Cannot(_)))
            .collect();
        if !of_class.is_empty() {
            table(&mut lines, class, &of_class);
        }
    }
    let cannot = rows.iter().filter_map(|row| match &row.verdict {
        Verdict::Cannot(reason) => Some((row, reason)),
        _ => None,
    });
    for (place, (row, reason)) in cannot.enumerate() {
        if place == 0 {
            lines.push("not comparable".to_owned());
        }
        let unit = &row.figure.unit;
        let published = published(row);
        let text = format!("{}: {published} {unit}; {reason}", row.figure.name);
        let text = text.replace(" ;", ";");
        indented(&mut lines, &text, 2, 4);
    }
    lines
}

/// How many figures came to which verdict.
fn counts(rows: &[Row]) -> String {
    let words = [
        ("matches", "match"),
        ("differs", "differ"),
        ("same_order", "of the same order"),
        ("other_order", "of another order"),
        ("shape_holds", "hold in shape"),
        ("shape_differs", "differ in shape"),
        ("absent", "absent here"),
        ("cannot", "not comparable"),
    ];
    let parts = words.iter().filter_map(|(word, says)| {
        let count = rows.iter().filter(|row| row.verdict.word() == *word).count();
        (count > 0).then(|| format!("{count} {says}"))
    });
    format!("published    {} figures: {}", rows.len(), parts.collect::<Vec<_>>().join(", "))
}

fn table(lines: &mut Vec<String>, class: Class, rows: &[&Row]) {
    let cells: Vec<[String; 4]> = rows.iter().map(|row| cells(row)).collect();
    let heads = [heading(class), "published", "ours", ""];
    let width = |column: usize| {
        let texts = cells.iter().map(|row| row[column].chars().count());
        texts.chain([heads[column].chars().count()]).max().unwrap_or(0)
    };
    let [name, published, ours] = [width(0).min(NAME_MAX), width(1), width(2)];
    let left = name + published + ours + 6;
    lines.push(format!(
        "{:<1$} {2:>published$} {3:>ours$}",
        heads[0],
        name + 2,
        heads[1],
        heads[2]
    ));
    for row in cells {
        let names = wrap(&row[0], name);
        let verdicts = wrap(&row[3], WIDTH.saturating_sub(left).max(18));
        for place in 0..names.len().max(verdicts.len()) {
            let first = place == 0;
            let at = |list: &[String]| list.get(place).cloned().unwrap_or_default();
            let [middle, right] = if first { [&row[1], &row[2]] } else { [""; 2].map(|_| &EMPTY) };
            let line = format!(
                "  {:<name$} {middle:>published$} {right:>ours$}  {}",
                at(&names),
                at(&verdicts)
            );
            lines.push(line.trim_end().to_owned());
        }
    }
}

static EMPTY: String = String::new();

/// Name with unit, published, ours, verdict.
fn cells(row: &Row) -> [String; 4] {
    let figure = &row.figure;
    let unit = if figure.unit.is_empty() { String::new() } else { format!(", {}", figure.unit) };
    let ours = row.ours.as_ref().map_or_else(|| "-".to_owned(), |ours| own(figure, ours));
    [format!("{}{unit}", figure.name), published(row), ours, row.verdict.sentence()]
}

fn published(row: &Row) -> String {
    let figure = &row.figure;
    match &figure.value {
        Value::Number([low, high], _) if low == high => number(figure, *low),
        Value::Number([low, high], _) => {
            format!("{} to {}", number(figure, *low), number(figure, *high))
        }
        Value::Time([from, to]) => {
            let minute = to.nanos() - from.nanos() == feed::time::MINUTE;
            let end = feed::time::text(*to);
            let end = end.get(11..16).unwrap_or("").to_owned();
            let from = day_and_minute(*from);
            if minute { from } else { format!("{from}-{end}") }
        }
        Value::Flag(flag) => Measured::Flag(*flag).exact(),
        Value::Words(words) => words.clone(),
    }
}

fn own(figure: &Figure, ours: &Measured) -> String {
    match ours {
        Measured::Number(units) => number(figure, *units),
        Measured::Time(at) => day_and_minute(*at),
        Measured::Flag(_) => ours.exact(),
    }
}

/// A number: in the places that were published where these are checked, else in three digits.
fn number(figure: &Figure, units: i128) -> String {
    let places = feed::published::PLACES;
    if let (Class::Exact, Value::Number(_, published)) = (figure.class, &figure.value) {
        return rounded(units, places, *published);
    }
    let short = SHORT.iter().find(|(from, _, _)| units.abs() >= *from);
    if let Some((_, unit, word)) = short {
        return format!("{}{word}", rounded(units, *unit, 2));
    }
    let one = 10i128.pow(places);
    let kept = if units.abs() >= 1_000 * one || units % one == 0 { 0 } else { 3 };
    rounded(units, places, kept)
}

fn indented(lines: &mut Vec<String>, text: &str, first: usize, then: usize) {
    for (place, part) in wrap(text, WIDTH - then).into_iter().enumerate() {
        let indent = if place == 0 { first } else { then };
        lines.push(format!("{:indent$}{part}", ""));
    }
}
