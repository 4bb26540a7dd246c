//! `import`: a vendor's files into a journal of prices that `run` takes.
//!
//! The folder is written beside its place and renamed when whole, so a fault leaves nothing
//! behind.

use std::path::Path;

use feed::day::Machine;
use feed::error::{FeedError, Place};
use feed::import::{Import, ImportSummary, Imported};
use feed::manifest::{Format, Role};
use feed::reader::Mode;
use serde_json::{Value, json};

use crate::cli::{ImportArgs, Keep};
use crate::console::Console;
use crate::directory::Directory;
use crate::engine::{Engine, numbered};
use crate::failure::{Answer, DONE, FOUND, Failure, INTERRUPTED, NOT_UNDERSTOOD};
use crate::golden::hex;
use crate::machine::Interrupt;
use crate::record::{self, Record};
use crate::rulebooks::{self, Named};
use crate::summary::Facts;
use crate::verbs::day::SEAL_INTERVAL;

/// What the report is called in the folder.
const REPORT_FILE: &str = "import.json";
/// What the rejected rows are called in the folder.
const REJECTS_FILE: &str = "rejects.csv";

/// Imports what was named.
///
/// # Errors
/// A layout or role that is none; faults of the files; the folder exists.
pub fn import(console: &mut Console, args: &ImportArgs) -> Answer {
    let format = Format::named(&args.format).ok_or_else(|| {
        let names: Vec<&str> = Format::ALL.iter().map(|(_, name, _)| *name).collect();
        Failure::argument("FORMAT", format!("one of {}", names.join(", ")), &args.format)
    })?;
    let role = args.role.as_deref().map(role).transpose()?;
    if args.out.exists() {
        let place = Place::file(args.out.display().to_string());
        let error =
            FeedError::input("import.exists", place, "a folder to be made", "one that exists")
                .help("name another folder, or remove this one");
        return Err(Failure::said(NOT_UNDERSTOOD, error));
    }
    let rulebook = rulebooks::find(&args.rulebook, None, &args.set)?;
    let request = Import {
        format,
        files: &args.files,
        rulebook: &rulebook.rules,
        mode: if args.lenient { Mode::Lenient } else { Mode::Strict },
        role,
        asset: args.asset.as_deref(),
        venue: args.venue.as_deref(),
        seed: args.seed,
    };
    let imported = request.run()?;
    let exit = write(console, args, &rulebook, &imported)?;
    let summary = &imported.summary;
    if console.json {
        console.document(&report(summary))?;
    } else {
        console.line(summary.to_string())?;
        console.line(format!("journal {}", args.out.display()))?;
    }
    let gaps = args.fail_on_gaps && summary.gaps > 0;
    Ok(if gaps { exit.max(FOUND) } else { exit })
}

fn role(word: &str) -> Answer<Role> {
    let roles = [Role::Index, Role::Mark, Role::Last, Role::Funding];
    let known = roles.into_iter().find(|role| role.word() == word);
    known.ok_or_else(|| Failure::argument("--role", "index, mark, last or funding", word))
}

fn report(summary: &ImportSummary) -> Value {
    let mut report = json!({ "schema": "clearsim.import-report/1" });
    if let (Value::Object(report), Ok(Value::Object(own))) =
        (&mut report, serde_json::to_value(summary))
    {
        report.extend(own);
    }
    report
}

/// Journal, report and rejects, under the name asked for when all of it is there.
fn write(console: &Console, args: &ImportArgs, rulebook: &Named, imported: &Imported) -> Answer {
    let name = args.out.file_name().map(|name| name.to_string_lossy().into_owned());
    let Some(name) = name else {
        let found = args.out.display().to_string();
        return Err(Failure::argument("--out", "the name of a folder to be made", &found));
    };
    let parent = args.out.parent().unwrap_or(Path::new("."));
    let directory = Directory::named(parent, &name);
    let written = fill(console, args, rulebook, imported, &directory);
    if !matches!(written, Ok(DONE)) {
        directory.discard();
    }
    written
}

fn fill(
    console: &Console,
    args: &ImportArgs,
    rulebook: &Named,
    imported: &Imported,
    directory: &Directory,
) -> Answer {
    let interrupt = Interrupt::listen();
    directory.create()?;
    let keep = Keep::default();
    let window = Some(imported.day.manifest.window);
    let engine = Engine { directory, keep: &keep, window, end: None, interrupt: &interrupt };
    let machine = Machine { semantics: clearing::SEMANTICS, seal_interval: SEAL_INTERVAL };
    let commands = imported.day.commands(machine);
    let mut commands = numbered(commands.map(|timed| (timed.timestamp, timed.command)));
    let genesis = commands.next().expect("a day's commands begin with genesis");
    let run = engine.run(console, genesis, commands.map(Ok), &mut [])?;
    if run.stopped {
        return Ok(INTERRUPTED);
    }
    let title = imported.day.title();
    let place = args.out.display().to_string();
    let facts = Facts {
        title: title.clone(),
        schema: "clearsim.run-report/1",
        rulebook: rulebook.name.clone(),
        overrides: args.set.clone(),
        seed: Some(args.seed),
        until: None,
        synthetic_accounts: false,
        state_digest: hex(&run.state_digest),
        next: format!("clearsim run {place}"),
        place,
    };
    let files = imported.summary.files.iter();
    let inputs =
        files.map(|file| json!({ "file": file.report.file, "sha256": file.report.sha256 }));
    let record = Record {
        name: "import".to_owned(),
        inputs: Value::Array(inputs.collect()),
        provenance: serde_json::to_value(imported.day.provenance()).unwrap_or(Value::Null),
        window: Some(imported.day.manifest.window),
        known_gaps: gaps(&imported.summary),
        manifest: serde_json::to_string(&imported.day.manifest).unwrap_or_default(),
        title,
        rulebook: rulebook.clone(),
        accounts_under: None,
        overrides: args.set.clone(),
        seed: Some(args.seed),
        until: None,
        tables: Vec::new(),
    };
    record::write(console, directory, &record, &facts, &run, &[])?;
    directory.write_json(REPORT_FILE, &report(&imported.summary))?;
    if args.lenient {
        write_rejects(directory, &imported.summary)?;
    }
    directory.complete(&facts.state_digest, false)?;
    Ok(DONE)
}

/// Holes that were met in the files, as `run.json` lists those of a day.
fn gaps(summary: &ImportSummary) -> Value {
    let gaps = summary.files.iter().flat_map(|file| &file.report.gaps);
    let gaps = gaps.map(|gap| {
        let [from, to] = [gap.from, gap.to].map(feed::time::text);
        json!({ "source": gap.name, "from": from, "to": to })
    });
    Value::Array(gaps.collect())
}

fn write_rejects(directory: &Directory, summary: &ImportSummary) -> Answer<()> {
    let path = directory.partial().join(REJECTS_FILE);
    let file = std::fs::File::create(&path);
    let written = file.and_then(|file| summary.write_rejects(file));
    written.map_err(|error| Failure::io("write", &path, &error))
}
