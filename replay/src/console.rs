//! Streams: data on stdout through one locked writer, everything said on stderr.
//!
//! Law: nothing but data reaches stdout, and a closed pipe ends the program quietly.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use feed::error::{FeedError, FeedErrors};
use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, fmt};

use crate::cli::{Global, LogFormat, When};
use crate::failure::{Answer, Failure, UNFINISHED};
use crate::runlog;

/// Both streams and how to use them.
pub struct Console {
    /// JSON in place of text.
    pub json: bool,
    quiet: bool,
    verbose: bool,
    colour: bool,
    log_json: bool,
    out: BufWriter<StdoutLock<'static>>,
}

impl Console {
    /// As the flags say. What the crates below tell while they work goes to stderr as well.
    pub fn new(global: &Global) -> Console {
        listen(global);
        Console {
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose > 0,
            colour: coloured(global.color),
            log_json: global.log_format == LogFormat::Json,
            out: BufWriter::with_capacity(1 << 16, io::stdout().lock()),
        }
    }

    /// Writes a line of data.
    pub fn line(&mut self, text: impl AsRef<str>) -> Answer<()> {
        let written = self.out.write_all(text.as_ref().as_bytes());
        written.and_then(|()| self.out.write_all(b"\n")).map_err(out_failed)
    }

    /// Writes data as it is.
    pub fn raw(&mut self, text: &str) -> Answer<()> {
        self.out.write_all(text.as_bytes()).map_err(out_failed)
    }

    /// Writes bytes that are no text.
    pub fn bytes(&mut self, bytes: &[u8]) -> Answer<()> {
        self.out.write_all(bytes).map_err(out_failed)
    }

    /// Writes a document: pretty on a terminal, else one line.
    pub fn document(&mut self, document: &Value) -> Answer<()> {
        let text = if io::stdout().is_terminal() {
            serde_json::to_string_pretty(document)
        } else {
            serde_json::to_string(document)
        };
        self.line(text.expect("a JSON value is JSON"))
    }

    /// Hands everything over.
    pub fn flush(&mut self) -> Answer<()> {
        self.out.flush().map_err(out_failed)
    }

    /// Whether progress may be drawn.
    pub fn draws(&self) -> bool {
        !self.quiet && !self.log_json && !self.json && io::stderr().is_terminal()
    }

    /// Says something on stderr.
    pub fn note(&self, text: &str) {
        if self.quiet {
            runlog::say("info", text);
        } else {
            self.say("info", text);
        }
    }

    /// Says something on stderr that only the curious want.
    pub fn detail(&self, text: &str) {
        if self.verbose && !self.quiet {
            self.say("debug", text);
        }
    }

    /// Says something on stderr that must not be missed.
    pub fn warn(&self, text: &str) {
        self.say("warn", text);
    }

    fn say(&self, level: &str, text: &str) {
        runlog::say(level, text);
        let line = if self.log_json {
            json!({ "level": level, "message": text }).to_string()
        } else if level == "warn" {
            format!("{} {text}", self.painted("33", "warning:"))
        } else {
            text.to_owned()
        };
        // Without a stderr there is nobody to tell.
        let _ = writeln!(io::stderr(), "{line}");
    }

    /// Prints faults in the form of their kind.
    pub fn errors(&self, errors: &FeedErrors) {
        let mut stderr = io::stderr().lock();
        for error in &errors.errors {
            let text = if self.json || self.log_json {
                serde_json::to_string(&error_json(error)).expect("a JSON value is JSON")
            } else {
                let text = error.to_string();
                match text.split_once(": ") {
                    Some((head, rest)) => format!("{}: {rest}", self.painted("1;31", head)),
                    None => text,
                }
            };
            let _ = writeln!(stderr, "{text}");
        }
        if errors.omitted > 0 {
            let _ = if self.json || self.log_json {
                writeln!(stderr, "{}", json!({ "level": "error", "omitted": errors.omitted }))
            } else {
                writeln!(stderr, "... and {} more", errors.omitted)
            };
        }
    }

    fn painted(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// Shows what the crates below tell: warnings, with `-v` their progress, with `-vv` everything.
fn listen(global: &Global) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => tracing::Level::ERROR,
        (false, 0) => tracing::Level::WARN,
        (false, 1) => tracing::Level::INFO,
        (false, _) => tracing::Level::DEBUG,
    };
    let told = || fmt::layer().with_writer(io::stderr).with_ansi(false).without_time();
    let limit = LevelFilter::from_level(level);
    // A second console in one process finds the first one's listener in place.
    let _ = if global.log_format == LogFormat::Json {
        let told = told().json().flatten_event(true).with_filter(limit);
        tracing_subscriber::registry().with(told).with(kept()).try_init()
    } else {
        tracing_subscriber::registry().with(told().with_filter(limit)).with(kept()).try_init()
    };
}

/// What is traced, as lines of the run's own log.
fn kept<S>() -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let lines = fmt::layer().json().flatten_event(true).with_writer(runlog::Traced);
    lines.with_filter(LevelFilter::INFO)
}

/// A fault's fields, a level first so that they sort with log lines.
fn error_json(error: &FeedError) -> Value {
    let mut fields = serde_json::Map::new();
    fields.insert("level".to_owned(), json!("error"));
    if let Ok(Value::Object(own)) = serde_json::to_value(error) {
        fields.extend(own);
    }
    fields.insert("message".to_owned(), json!(error.sentence()));
    Value::Object(fields)
}

fn out_failed(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::PipeClosed;
    }
    let place = feed::error::Place::file("stdout");
    let sentence = format!("cannot write: {error}");
    Failure::said(UNFINISHED, FeedError::rule("io.refused", place, sentence))
}

/// The flag beats the environment; a non-empty NO_COLOR beats CLICOLOR_FORCE.
fn coloured(when: When) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto if set("NO_COLOR") => false,
        When::Auto => set("CLICOLOR_FORCE") || io::stderr().is_terminal(),
    }
}
