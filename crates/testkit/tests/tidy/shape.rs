//! Lengths of lines and functions, doors of files, titles of documents.

use super::source::code;
use super::{Text, report, texts};

const LINE_MAX: usize = 100;
const FUNCTION_MAX: usize = 70;
const DOOR_MAX: usize = 15;

/// Files whose longest line or function is above the limit, as recorded. A record may shrink, not
/// grow; one that is no longer needed goes.
const LONG_LINES: &[(&str, usize)] = &[
    ("benches/src/book.rs", 101),
    ("benches/src/figure.rs", 102),
    ("crates/clearing/src/heap.rs", 101),
    ("crates/clearing/src/novation.rs", 101),
    ("crates/clearing/src/waterfall.rs", 101),
    ("crates/domain/src/rulebook/asset.rs", 101),
    ("crates/feed/src/time.rs", 103),
    ("crates/risk/src/accrual.rs", 101),
    ("crates/risk/src/fill.rs", 102),
    ("crates/risk/src/haircut.rs", 101),
    ("crates/risk/src/valuation.rs", 102),
    ("replay/src/main.rs", 101),
];
const LONG_FUNCTIONS: &[(&str, usize)] = &[];

/// Holds a file's longest to the limit, or to its record.
fn ratchet(
    (path, what, unit): (&str, &str, &str),
    longest: usize,
    limit: usize,
    records: &[(&str, usize)],
) -> Option<String> {
    let record = records.iter().find(|(file, _)| *file == path).map(|(_, longest)| *longest);
    let most = record.unwrap_or(limit);
    if longest > most {
        return Some(format!("{path}: {what} has {longest} {unit}, at most {most} are allowed"));
    }
    let slack = record.filter(|record| longest < *record);
    slack.map(|record| {
        format!("{path}: lower its record from {record} to {longest} (limit {limit}): {what}")
    })
}

fn line_finding(text: &Text, records: &[(&str, usize)]) -> Option<String> {
    let lines = text.content.lines().enumerate();
    let (place, longest) = lines
        .map(|(place, line)| (place + 1, line.chars().count()))
        .max_by_key(|(_, length)| *length)?;
    let what = format!("line {place}");
    ratchet((&text.path, &what, "columns"), longest, LINE_MAX, records)
}

/// Every function with its number of lines. rustfmt puts its closing brace below its first letter.
fn functions(text: &Text) -> Vec<(String, usize)> {
    let blanked = code(&text.content);
    let lines: Vec<&str> = blanked.lines().collect();
    let mut found = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let words: Vec<&str> = trimmed.split_whitespace().collect();
        let Some(at) = words.iter().position(|word| *word == "fn") else { continue };
        let modifiers = ["pub", "pub(crate)", "pub(super)", "const", "async", "unsafe", "extern"];
        if !words[..at].iter().all(|word| modifiers.contains(word)) || line.ends_with(['}', ';']) {
            continue;
        }
        let closing = format!("{}}}", &line[..line.len() - trimmed.len()]);
        let ends = |line: &&str| line.trim_end() == closing || line.trim_end() == ");";
        let length = lines[place..].iter().position(ends);
        let name = words.get(at + 1).map_or("", |word| word.split(['(', '<']).next().unwrap_or(""));
        found.push((name.to_owned(), length.map_or(1, |length| length + 1)));
    }
    found
}

fn function_finding(text: &Text, records: &[(&str, usize)]) -> Option<String> {
    let (name, longest) = functions(text).into_iter().max_by_key(|(_, length)| *length)?;
    let what = format!("`{name}`");
    ratchet((&text.path, &what, "lines"), longest, FUNCTION_MAX, records)
}

fn door_finding(text: &Text) -> Option<String> {
    let door = text.content.lines().take_while(|line| line.starts_with("//!")).count();
    match door {
        0 => Some(format!("{}: open with a door, `//! What it is for.`", text.path)),
        1..=DOOR_MAX => None,
        _ => Some(format!("{}: a door of {door} lines, at most {DOOR_MAX}", text.path)),
    }
}

fn title_finding(text: &Text) -> Option<String> {
    let mut fenced = false;
    let mut titles = 0;
    for line in text.content.lines() {
        fenced ^= line.trim_start().starts_with("```");
        titles += usize::from(!fenced && line.starts_with("# "));
    }
    let first = text.content.lines().next().is_some_and(|line| line.starts_with("# "));
    (!first || titles != 1)
        .then(|| format!("{}: one `# Title`, on the first line; found {titles}", text.path))
}

#[test]
fn lines_are_short() {
    let texts = texts(&[".rs"]);
    report(&texts.iter().filter_map(|text| line_finding(text, LONG_LINES)).collect::<Vec<_>>());
}

#[test]
fn functions_are_short() {
    let texts = texts(&[".rs"]);
    let counted: usize = texts.iter().map(|text| functions(text).len()).sum();
    assert!(counted > 500, "only {counted} functions were found");
    report(
        &texts.iter().filter_map(|text| function_finding(text, LONG_FUNCTIONS)).collect::<Vec<_>>(),
    );
}

#[test]
fn files_open_with_a_door() {
    report(&texts(&[".rs"]).iter().filter_map(door_finding).collect::<Vec<_>>());
}

#[test]
fn documents_have_one_title() {
    report(&texts(&[".md"]).iter().filter_map(title_finding).collect::<Vec<_>>());
}

#[test]
fn planted_lengths_are_found() {
    let wide = Text::planted("a.rs", &format!("// {}\n", "x".repeat(98)));
    assert!(line_finding(&wide, &[]).is_some_and(|finding| finding.contains("101 columns")));
    assert_eq!(line_finding(&wide, &[("a.rs", 101)]), None);
    let slack = line_finding(&wide, &[("a.rs", 110)]);
    assert!(slack.is_some_and(|finding| finding.contains("lower its record from 110 to 101")));
    let body = "        step();\n".repeat(69);
    let long = format!("impl A {{\n    pub(crate) const fn run(&self) {{\n{body}    }}\n}}\n");
    let long = Text::planted("a.rs", &long);
    assert_eq!(functions(&long), [("run".to_owned(), 71)]);
    assert!(function_finding(&long, &[]).is_some());
    assert!(door_finding(&Text::planted("a.rs", "use a;\n")).is_some());
    assert!(door_finding(&Text::planted("a.rs", &"//! a\n".repeat(16))).is_some());
    assert!(title_finding(&Text::planted("a.md", "# A\n\n# B\n")).is_some());
    assert_eq!(title_finding(&Text::planted("a.md", "# A\n```\n# b\n```\n")), None);
}
