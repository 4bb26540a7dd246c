//! `clearsim`: market days through a clearing house, from the command line.
//!
//! Data goes to stdout through one locked writer, everything said goes to stderr. Exit codes:
//! 0 done, 1 a difference or damage was found, 2 not understood, 3 could not finish, 4 nothing
//! selected, 75 try later, 130 interrupted. Law: a refusal inside a run is data, never a code.

use std::panic::{self, AssertUnwindSafe};
use std::process::{self, ExitCode};

use clap::Parser;
use replay::cli::{Cli, Verb};
use replay::console::Console;
use replay::failure::{Answer, DONE, Failure};
use replay::verbs;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut console = Console::new(&cli.global);
    // A panic is our bug: it has told its story on stderr, and ends as an abort (134).
    let caught = panic::catch_unwind(AssertUnwindSafe(|| dispatch(&mut console, &cli.verb)));
    let answer = caught.unwrap_or_else(|_| process::abort());
    let answer = answer.and_then(|exit| console.flush().map(|()| exit));
    ExitCode::from(match answer {
        Ok(exit) => exit,
        Err(Failure::PipeClosed) => DONE,
        Err(Failure::Said { exit, errors }) => {
            // What was printed before the fault is handed over first; a closed pipe changes nothing.
            let _ = console.flush();
            console.errors(&errors);
            exit
        }
    })
}

fn dispatch(console: &mut Console, verb: &Verb) -> Answer {
    match verb {
        Verb::Day(args) => verbs::day::day(console, args),
        Verb::Import(args) => verbs::import::import(console, args),
        Verb::Run(args) => verbs::run::run(console, args),
        Verb::Verify(args) => verbs::verify::verify(console, args),
        Verb::Inspect(args) => verbs::inspect::inspect(console, args),
        Verb::Diff(args) => verbs::diff::diff(console, args),
        Verb::Log(args) => verbs::log::log(console, args),
        Verb::Snapshot(args) => verbs::snapshot::snapshot(console, args),
        Verb::Rulebook(args) => verbs::rulebook::rulebook(console, args),
        Verb::Conformance(args) => verbs::conformance::conformance(console, args),
        Verb::Report(args) => verbs::report::report(console, args),
        Verb::Bench(args) => verbs::bench::bench(console, args),
        Verb::Completions { shell } => verbs::manual::completions(console, *shell),
        Verb::Man(args) => verbs::manual::manual(console, args),
    }
}
