//! Lines of a table, one by one: head, commands, waits, states, effects that follow.

use domain::{Command, Duration, Rulebook, Timestamp};

use super::claims::{self, CLAIMS};
use super::effects::Expectation;
use super::names::Names;
use super::words::Words;
use super::{Act, BEGINS_AT, Line, Scenario, commands};
use crate::error::{FeedError, FeedErrors};
use crate::rulebook::{span, with_overrides};
use crate::time;

/// What a table's earlier lines established.
pub(super) struct Reader<'a> {
    file: &'a str,
    number: u64,
    pub rulebook: Rulebook,
    pub names: Names,
    pub now: Timestamp,
    begins_at: Timestamp,
    /// Number of the last command line.
    command: u64,
    lines: Vec<Line>,
}

impl<'a> Reader<'a> {
    /// The words of a part of the present line.
    pub fn words<'b>(&self, whole: &'b str, part: &'b str) -> Words<'b>
    where
        'a: 'b,
    {
        Words::new(self.file, self.number, whole, part)
    }

    /// Adds a line.
    pub fn push(&mut self, text: String, act: Act, expected: Option<Vec<Expectation>>) {
        self.lines.push(Line { number: self.number, text, act, expected });
    }
}

/// Reads a table; `file` names it in faults, `rulebooks` finds a rulebook by name. A table without
/// a `rulebook` line is given the one named `default`.
///
/// # Errors
/// `scenario.word`, `scenario.number`, `scenario.name`, `scenario.order` with line and column, or
/// those of the rulebook. The first fault ends the reading: later lines depend on earlier ones.
pub fn parse(
    file: &str,
    text: &str,
    rulebooks: &dyn Fn(&str) -> Result<Rulebook, FeedErrors>,
) -> Result<Scenario, FeedErrors> {
    let lines: Vec<&str> = text.lines().collect();
    let title = lines.first().and_then(|line| line.strip_prefix("# ")).unwrap_or("");
    let (rulebook, body) = head(file, &lines, rulebooks)?;
    let mut names = Names::default();
    names.list(&rulebook);
    let mut reader = Reader {
        file,
        number: 0,
        rulebook: rulebook.clone(),
        names,
        now: BEGINS_AT,
        begins_at: BEGINS_AT,
        command: 0,
        lines: Vec::new(),
    };
    for (place, line) in lines.iter().enumerate().skip(body) {
        reader.number = place as u64 + 1;
        read_line(&mut reader, without_comment(line))?;
    }
    let Reader { names, begins_at, lines, .. } = reader;
    Ok(Scenario { title: title.trim().to_owned(), rulebook, begins_at, lines, names })
}

/// A line without what stands behind ` #`.
fn without_comment(line: &str) -> &str {
    let comment = if line.trim_start().starts_with('#') { Some(0) } else { line.find(" #") };
    comment.map_or(line, |at| &line[..at]).trim_end()
}

/// The rulebook with the overrides that follow it, and the place of the first line after them.
fn head(
    file: &str,
    lines: &[&str],
    rulebooks: &dyn Fn(&str) -> Result<Rulebook, FeedErrors>,
) -> Result<(Rulebook, usize), FeedErrors> {
    let mut name = "default";
    let mut overrides = Vec::new();
    let mut place = 0;
    for line in lines {
        let whole = without_comment(line);
        let mut words = Words::new(file, place as u64 + 1, whole, whole);
        if words.take("rulebook") {
            name = words.word("the name of a rulebook")?;
            words.end()?;
        } else if words.take("set") {
            overrides.push(words.remainder().to_owned());
        } else if words.peek().is_some() {
            break;
        }
        place += 1;
    }
    let rulebook = rulebooks(name)?;
    Ok((with_overrides(&rulebook, &overrides)?, place))
}

fn read_line(reader: &mut Reader<'_>, whole: &str) -> Result<(), FeedErrors> {
    let (left, effects) = match whole.find("->") {
        Some(at) => (&whole[..at], Some(&whole[at + 2..])),
        None => (whole, None),
    };
    let expected = match effects {
        Some(text) => Some(expectations(reader, whole, text)?),
        None => None,
    };
    let text = left.trim().to_owned();
    let mut words = reader.words(whole, left);
    let Some(first) = words.peek() else {
        return follow(reader, whole, expected).map_err(FeedErrors::from);
    };
    if CLAIMS.contains(&first) {
        let claims = claims::parse(reader, left)?;
        no_effects(reader, whole, expected.is_some())?;
        reader.push(text, Act::State(claims), None);
        return Ok(());
    }
    match first {
        "accounts" => {
            words.take("accounts");
            no_effects(reader, whole, expected.is_some())?;
            Ok(open_all(reader, words)?)
        }
        "wait" => {
            words.take("wait");
            let until = wait(reader, &mut words)?;
            reader.now = until;
            reader.push(text, Act::Wait { until }, expected);
            Ok(())
        }
        "time" => {
            words.take("time");
            let until = instant(reader, &mut words)?;
            no_effects(reader, whole, expected.is_some() && reader.lines.is_empty())?;
            reader.now = until;
            if reader.lines.is_empty() {
                reader.begins_at = until;
                return Ok(());
            }
            reader.push(text, Act::Wait { until }, expected);
            Ok(())
        }
        _ => numbered(reader, words, text, expected),
    }
}

/// `7 deposit alice USD 100`: numbers run from 1 without gaps.
fn numbered(
    reader: &mut Reader<'_>,
    mut words: Words<'_>,
    text: String,
    expected: Option<Vec<Expectation>>,
) -> Result<(), FeedErrors> {
    let first = words.word("a line")?;
    let known = format!("a numbered command, accounts, wait, time or one of {}", CLAIMS.join(", "));
    let number: u64 = first.parse().map_err(|_| words.wrong(first, &known))?;
    let next = reader.command + 1;
    if number != next {
        let expected = format!("command number {next}");
        return Err(words.fault("scenario.order", first, &expected, first).into());
    }
    reader.command = number;
    let at = reader.now;
    if words.take("pulse") {
        words.end()?;
        reader.push(text, Act::Pulse { at }, expected);
        return Ok(());
    }
    let command = commands::parse(reader, &mut words)?;
    if let Command::SetRulebook(set) = &command
        && !expected.iter().flatten().any(|effect| effect.name == "Refused")
    {
        reader.rulebook = set.rulebook.clone();
        reader.names.list(&set.rulebook);
    }
    reader.push(text, Act::Send { at, command }, expected);
    Ok(())
}

/// A line that begins with `->` goes on with the effects of the line before.
fn follow(
    reader: &mut Reader<'_>,
    whole: &str,
    expected: Option<Vec<Expectation>>,
) -> Result<(), FeedError> {
    let Some(more) = expected else { return Ok(()) };
    match reader.lines.last_mut() {
        Some(line) if !matches!(line.act, Act::State(_)) => {
            line.expected.get_or_insert_default().extend(more);
            Ok(())
        }
        _ => Err(reader.words(whole, whole).wrong(whole, "a command before its effects")),
    }
}

fn no_effects(reader: &Reader<'_>, whole: &str, found: bool) -> Result<(), FeedError> {
    if found {
        let words = reader.words(whole, whole);
        return Err(words.wrong(whole, "a line without effects"));
    }
    Ok(())
}

/// `-> Novated alice bob, FeeCharged` names effects in order; `-> nothing` expects none.
fn expectations(
    reader: &Reader<'_>,
    whole: &str,
    text: &str,
) -> Result<Vec<Expectation>, FeedError> {
    if text.trim() == "nothing" {
        return Ok(Vec::new());
    }
    let mut expected = Vec::new();
    for part in text.split(',') {
        let mut words = reader.words(whole, part);
        expected.push(Expectation::parse(&mut words)?);
    }
    Ok(expected)
}

/// `accounts alice bob`: opens them in this order.
fn open_all(reader: &mut Reader<'_>, mut words: Words<'_>) -> Result<(), FeedError> {
    while words.peek().is_some() {
        let name = words.word("a name")?;
        reader.open_account(&words, name)?;
    }
    Ok(())
}

fn wait(reader: &Reader<'_>, words: &mut Words<'_>) -> Result<Timestamp, FeedError> {
    let text = words.word("a span such as 10s")?;
    let wrong = || words.wrong(text, "a span such as 10s");
    let passed: Duration = span(text).ok_or_else(wrong)?;
    words.end()?;
    Ok(reader.now.plus(passed))
}

fn instant(reader: &Reader<'_>, words: &mut Words<'_>) -> Result<Timestamp, FeedError> {
    let text = words.word("a time such as 2026-01-01T00:00:00Z")?;
    let wrong = || words.wrong(text, "a time in UTC, not before the lines above");
    let at = time::utc(text).ok_or_else(wrong)?;
    words.end()?;
    if !reader.lines.is_empty() && at < reader.now {
        return Err(wrong());
    }
    Ok(at)
}
