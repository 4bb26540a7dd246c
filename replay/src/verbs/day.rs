//! `day`: a market day through a journal, to a summary and a digest.

use std::path::{Path, PathBuf};

use domain::Timestamp;
use domain::rulebook::PriceMode;
use feed::day::{Day, Machine};
use feed::error::{FeedError, Place};
use feed::manifest::{Manifest, PopulationSource};
use feed::published::Published;
use serde_json::{Value, json};

use crate::baseline::{self, Baseline};
use crate::beside::{self, Row, gathered::Gathered};
use crate::chronicle::Chronicle;
use crate::cli::{DayArgs, PriceModeWord};
use crate::console::Console;
use crate::directory::Directory;
use crate::engine::{Engine, Sequenced, numbered};
use crate::failure::{Answer, DONE, FOUND, Failure, INTERRUPTED, NOTHING_SELECTED};
use crate::golden::{self, Golden};
use crate::listener::Listener;
use crate::machine::Interrupt;
use crate::opened::Run;
use crate::record::{self, Begun, Record};
use crate::report;
use crate::rulebooks::{self, Named};
use crate::summary::numbers::grouped;
use crate::summary::{Facts, Statistics};
use crate::tables::Tables;
use crate::verbs::compare;
use crate::verbs::inputs::{accounts_under, published, until_time};
use crate::verbs::report::{compare as compare_runs, comparison_file};

/// Events between two seals of a day's journal.
pub const SEAL_INTERVAL: u64 = 4_096;

/// A day that was run under one rulebook.
pub struct DayRun {
    /// Its exit code.
    pub exit: u8,
    /// What its summary says.
    pub facts: Facts,
    /// Its figures.
    pub statistics: Statistics,
    /// Its document.
    pub document: Value,
    /// Published figures beside its own.
    pub beside: Vec<Row>,
}

/// Runs a day, once under each rulebook named.
///
/// # Errors
/// Manifest, files, rulebook, disk.
pub fn day(console: &mut Console, args: &DayArgs) -> Answer {
    let until = args.until.as_deref().map(until_time).transpose()?;
    let mut manifest = Manifest::load(&args.dir)?;
    let own_seed = args.seed.is_none_or(|seed| seed == manifest.seed);
    manifest.seed = args.seed.unwrap_or(manifest.seed);
    let folder = args.dir.canonicalize();
    let folder = folder.map_err(|error| Failure::io("open", &args.dir, &error))?;
    let published = published(args, &folder)?;
    let accounts = accounts_under(console, args, &manifest, &folder)?;
    let words = match args.rulebook.as_slice() {
        [] => std::slice::from_ref(&manifest.rulebook),
        words => words,
    };
    let setting = Setting {
        args,
        folder,
        manifest: manifest.clone(),
        published,
        accounts,
        until,
        own_input: own_seed && args.accounts_under.is_none() && uncut(args),
        interrupt: Interrupt::listen(),
        base: words.first().cloned().unwrap_or_default(),
    };
    let mut runs = Vec::new();
    for word in words {
        let run = setting.run(console, word)?;
        if run.exit == INTERRUPTED {
            return Ok(INTERRUPTED);
        }
        if !console.json {
            for line in crate::summary::screen::screen(&run.facts, &run.statistics) {
                console.line(line)?;
            }
        }
        if args.compare && !console.json {
            beside::lines::lines(&run.beside).iter().try_for_each(|line| console.line(line))?;
        }
        runs.push(run);
    }
    compare_pages(console, &runs)?;
    print_all(console, &runs)?;
    Ok(runs.iter().map(|run| run.exit).max().unwrap_or(DONE))
}

/// With several rulebooks, the first run's report against each of the others'.
fn compare_pages(console: &Console, runs: &[DayRun]) -> Answer<()> {
    let Some((first, others)) = runs.split_first().filter(|(_, others)| !others.is_empty()) else {
        return Ok(());
    };
    let run = Run::open(Path::new(&first.facts.place))?;
    for other in others.iter().filter(|other| other.facts.place != first.facts.place) {
        let other = Run::open(Path::new(&other.facts.place))?;
        let path = comparison_file(&run, &other);
        compare_runs(console, &run, &other, &path)?;
        console.note(&format!("compared in {}", path.display()));
    }
    Ok(())
}

/// With `--json` one document: the run's own, or a comparison that holds them all.
fn print_all(console: &mut Console, runs: &[DayRun]) -> Answer<()> {
    match runs {
        [only] if console.json => console.document(&only.document),
        [_] => Ok(()),
        many if console.json => console.document(&compare::document(many)),
        many => {
            console.line("")?;
            compare::lines(many).iter().try_for_each(|line| console.line(line))
        }
    }
}

/// Whether a day is run to its end under its rulebooks as they are written.
fn uncut(args: &DayArgs) -> bool {
    args.until.is_none() && args.keep.set.is_empty()
}

/// What all runs of one call share.
struct Setting<'a> {
    args: &'a DayArgs,
    folder: PathBuf,
    manifest: Manifest,
    published: Option<Published>,
    /// The rulebook that accounts are invented under.
    accounts: Named,
    until: Option<Timestamp>,
    /// Whether the input is the day's own, as its golden file expects.
    own_input: bool,
    interrupt: Interrupt,
    /// The rulebook that a differential run is measured against.
    base: String,
}

impl Setting<'_> {
    fn run(&self, console: &Console, word: &str) -> Answer<DayRun> {
        let args = self.args;
        let rulebook = self.rulebook(word)?;
        let day = self.day(&rulebook)?;
        let name = self.folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_else(|| "day".to_owned());
        let mut record = self.record(&day, &rulebook, &name);
        let directory = Directory::named(&args.keep.runs, &record.id());
        let [from, to] = self.manifest.window;
        let end = self.end();
        let engine = Engine {
            directory: &directory,
            keep: &args.keep,
            window: Some([from, end]),
            // The window is half open: its end belongs to the next day.
            end: Some(Timestamp::from_nanos(end.nanos() - 1)),
            interrupt: &self.interrupt,
        };
        let mut chronicle = Chronicle::default();
        let mut tables = Tables::into_folder(directory.partial());
        let mut gathered = Gathered::default();
        let mut begun = Begun { directory: &directory, record: &record, id: None };
        let mut listeners: Vec<&mut dyn Listener> = vec![&mut begun, &mut chronicle];
        if !args.keep.no_tables {
            listeners.push(&mut tables);
        }
        if self.published.is_some() {
            listeners.push(&mut gathered);
        }
        let baseline = self.baseline(console, &rulebook, end)?;
        let sequenced = sequence(&engine, console, (&day, baseline), end, &mut listeners);
        let sequenced = sequenced.inspect_err(|failure| begun.failed(failure))?;
        record.tables = tables.written().to_vec();
        if sequenced.stopped {
            let at = sequenced.statistics.last_sequence;
            console.warn(&format!("stopped after event {at}; the same command goes on from there"));
            return Ok(DayRun {
                exit: INTERRUPTED,
                facts: self.facts(&day, &rulebook, &directory, &sequenced),
                statistics: sequenced.statistics,
                document: Value::Null,
                beside: Vec::new(),
            });
        }
        let published = self.published.as_ref();
        let beside = published
            .map(|published| beside::rows(published, &gathered, &sequenced.statistics, (to, end)));
        let run = (sequenced, chronicle, beside.unwrap_or_default());
        self.conclude(console, &day, &rulebook, &directory, &record, run)
    }

    /// The first instant that is not run.
    fn end(&self) -> Timestamp {
        let [_, to] = self.manifest.window;
        self.until.map_or(to, |until| until.min(to))
    }

    /// The rulebook of a name, with the price mode asked for.
    fn rulebook(&self, word: &str) -> Answer<Named> {
        let mut named = rulebooks::find(word, Some(&self.folder), &self.args.keep.set)?;
        let Some(asked) = self.args.price_mode else { return Ok(named) };
        let mode = match asked {
            PriceModeWord::Exogenous => PriceMode::Exogenous,
            PriceModeWord::Differential => PriceMode::Differential,
            PriceModeWord::Synthetic => PriceMode::Synthetic,
        };
        if mode != PriceMode::Exogenous && named.rules.sections.liquidity.markets.is_empty() {
            let expected = "a rulebook with depth, such as --rulebook depth";
            return Err(Failure::argument("--price-mode", expected, &named.name));
        }
        named.rules = baseline::with_mode(&named.rules, mode);
        Ok(named)
    }

    fn day(&self, rulebook: &Named) -> Answer<Day> {
        let data = self.args.data.clone();
        let data = data.or_else(|| std::env::var_os("CLEARSIM_DATA").map(PathBuf::from));
        let manifest = self.manifest.clone();
        let (rules, accounts) = (&rulebook.rules, &self.accounts.rules);
        Ok(Day::under(manifest, &self.folder, data.as_deref(), rules, accounts)?)
    }

    /// What the base rules' own forced trades did, for a differential run.
    fn baseline(&self, console: &Console, rulebook: &Named, end: Timestamp) -> Answer<Baseline> {
        let differential = rulebook.rules.sections.liquidity.price_mode == PriceMode::Differential;
        if !differential {
            return Ok(Baseline::default());
        }
        let mut base = self.rulebook(&self.base)?;
        base.rules = baseline::with_mode(&base.rules, PriceMode::Baseline);
        let day = self.day(&base)?;
        let commands = numbered(commands(&day, end));
        let baseline = baseline::pass(commands, Timestamp::from_nanos(end.nanos() - 1));
        console.note(&format!(
            "baseline under {}: {} prices came with impact",
            base.name,
            grouped(baseline.len() as u128)
        ));
        Ok(baseline)
    }

    fn conclude(
        &self,
        console: &Console,
        day: &Day,
        rulebook: &Named,
        directory: &Directory,
        record: &Record,
        (sequenced, chronicle, beside): (Sequenced, Chronicle, Vec<Row>),
    ) -> Answer<DayRun> {
        let mut facts = self.facts(day, rulebook, directory, &sequenced);
        let written = record::write(console, directory, record, &facts, &sequenced, &beside)?;
        report::write(directory.partial(), chronicle)?;
        let kept = directory.complete(&facts.state_digest, self.args.keep.force)?;
        facts.place = kept.path().display().to_string();
        let page = kept.path().join(report::REPORT_FILE);
        console.note(&format!("a page to open or send: {}", page.display()));
        let mut exit = record::report_kept(console, &kept, &facts.state_digest);
        if self.own_input {
            exit = exit.max(self.golden(console, rulebook, &sequenced, &written)?);
        }
        Ok(DayRun { exit, facts, statistics: sequenced.statistics, document: written, beside })
    }

    fn facts(&self, day: &Day, rulebook: &Named, directory: &Directory, run: &Sequenced) -> Facts {
        let place = directory.complete_path().display().to_string();
        let next = match run.statistics.worst_account() {
            Some((account, _)) => {
                format!("clearsim inspect {place} --account {} --why", account.number())
            }
            None => format!("clearsim verify {place}"),
        };
        Facts {
            title: day.title(),
            schema: "clearsim.day-report/1",
            rulebook: rulebook.name.clone(),
            overrides: self.args.keep.set.clone(),
            seed: Some(self.manifest.seed),
            until: self.args.until.clone(),
            synthetic_accounts: day.accounts_are_synthetic(),
            state_digest: golden::hex(&run.state_digest),
            place,
            next,
        }
    }

    fn record(&self, day: &Day, rulebook: &Named, name: &str) -> Record {
        let sources = self.manifest.source.iter().map(|source| (&source.file, &source.sha256));
        let accounts = match &self.manifest.population {
            Some(PopulationSource::File(file)) => Some((&file.file, &file.sha256)),
            _ => None,
        };
        let inputs = sources.chain(accounts);
        let inputs = inputs.map(|(file, sha256)| json!({ "file": file, "sha256": sha256 }));
        Record {
            name: name.to_owned(),
            inputs: Value::Array(inputs.collect()),
            provenance: serde_json::to_value(day.provenance()).unwrap_or(Value::Null),
            window: Some([self.manifest.window[0], self.end()]),
            known_gaps: record::known_gaps(&self.manifest),
            manifest: serde_json::to_string(&self.manifest).unwrap_or_default(),
            title: day.title(),
            rulebook: rulebook.clone(),
            accounts_under: self.manifest.population.as_ref().map(|_| self.accounts.clone()),
            overrides: self.args.keep.set.clone(),
            seed: Some(self.manifest.seed),
            until: self.args.until.clone(),
            tables: Vec::new(),
        }
    }

    /// Compares with the golden files of the day, where there are any; writes them when told to.
    fn golden(
        &self,
        console: &Console,
        rulebook: &Named,
        run: &Sequenced,
        document: &Value,
    ) -> Answer {
        let mode = rulebook.rules.sections.liquidity.price_mode;
        let name = match mode {
            PriceMode::Exogenous => rulebook.name.clone(),
            mode => format!("{}.{}", rulebook.name, feed::rulebook::mode_word(mode)),
        };
        let Some(path) = golden::path(&self.folder, &name) else { return Ok(DONE) };
        let golden = Golden {
            semantics: clearing::SEMANTICS,
            events: run.statistics.events,
            seals: run.statistics.seals.clone(),
            state: run.state_digest,
        };
        let files =
            [(golden::summary_path(&path), golden::summary(document)), (path, golden.text())];
        let mut exit = DONE;
        for (path, text) in files {
            if self.args.bless {
                golden::write(&path, &text)?;
                console.note(&format!("wrote {}", path.display()));
            } else {
                exit = exit.max(compare_golden(console, &path, &text)?);
            }
        }
        Ok(exit)
    }
}

fn compare_golden(console: &Console, path: &Path, found: &str) -> Answer {
    let expected = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(DONE),
        Err(error) => return Err(Failure::io("read", path, &error)),
    };
    let Some((line, expected, found)) = golden::difference(&expected, found) else {
        console.detail(&format!("equals {}", path.display()));
        return Ok(DONE);
    };
    let place = Place::line(path.display().to_string(), line as u64);
    let error = FeedError::input("golden.differs", place, expected, found)
        .help("a change of behaviour raises the semantics and is named in crates/CHANGELOG.md");
    console.errors(&error.into());
    Ok(FOUND)
}

/// The day's commands before `end`, through the engine.
fn sequence(
    engine: &Engine<'_>,
    console: &Console,
    (day, baseline): (&Day, Baseline),
    end: Timestamp,
    listeners: &mut [&mut dyn Listener],
) -> Answer<Sequenced> {
    let mut commands = numbered(baseline.tell(commands(day, end)));
    let Some(genesis) = commands.next() else {
        let sentence = "--until is not after the beginning of the day: nothing to run";
        let error = FeedError::rule("day.empty", Place::default(), sentence);
        return Err(Failure::said(NOTHING_SELECTED, error));
    };
    engine.run(console, genesis, commands.map(Ok), listeners)
}

/// The day's commands before `end`, each with its time.
fn commands(day: &Day, end: Timestamp) -> impl Iterator<Item = (Timestamp, domain::Command)> {
    let machine = Machine { semantics: clearing::SEMANTICS, seal_interval: SEAL_INTERVAL };
    let commands = day.commands(machine).take_while(move |timed| timed.timestamp < end);
    commands.map(|timed| (timed.timestamp, timed.command))
}
