//! The command line as data: verbs, arguments, flags that hold for every verb.
//!
//! Words and meanings follow the interface description; a verb is listed here only when it works.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A clearing house in a box: market days through the journal and the machine.
///
/// Exit codes: 0 done, nothing found; 1 done, a difference or damage found; 2 input not
/// understood; 3 could not finish; 4 nothing selected; 75 try again later; 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "clearsim", version, max_term_width = 80)]
pub struct Cli {
    /// Flags of every verb.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Flags of every verb.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Print one JSON document, or JSON lines, in place of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing on stderr but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more on stderr
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Colour on stderr
    #[arg(long, global = true, value_enum, default_value_t = When::Auto)]
    pub color: When,
    /// Form of what is said on stderr
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Sentences.
    Text,
    /// One JSON object a line.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run a market day through a journal and print its summary
    #[command(after_help = "Examples:\n\
        \x20 $ clearsim day fixtures/days/tiny\n\
        \x20 $ clearsim day fixtures/days/tiny --set assets.BTC.haircut=0.2 --runs other\n\
        \x20 $ clearsim day fixtures/days/tiny --until 2020-01-01T01:00:00Z --runs short --json\n\
        \x20 $ clearsim day fixtures/days/2024-08-05 --compare")]
    Day(DayArgs),
    /// Turn a vendor's files into a journal of prices that `run` takes
    #[command(after_help = "Examples:\n\
        \x20 $ clearsim import clearsim-hours fixtures/days/tiny/tiny.mark.csv -o prices")]
    Import(ImportArgs),
    /// Run a journal again, commands from stdin, or a scenario, and print what came of it
    #[command(after_help = "Examples:\n\
        \x20 $ clearsim run runs/tiny-default-*\n\
        \x20 $ clearsim run fixtures/scenarios/stale_price.scn\n\
        \x20 $ clearsim log runs/tiny-default-* | clearsim run -")]
    Run(RunArgs),
    /// Rebuild a journal's state from genesis and meet every seal and snapshot
    #[command(after_help = "Examples:\n\
        \x20 $ clearsim verify runs/tiny-default-*")]
    Verify(VerifyArgs),
    /// Show how a run stood at any moment, and why what happened there happened
    #[command(after_help = "Examples:\n\
        \x20 $ clearsim inspect runs/tiny-default-* --at 2020-01-01T01:30:00Z\n\
        \x20 $ clearsim inspect runs/tiny-default-* --account 77 --why\n\
        \x20 $ clearsim inspect runs/tiny-default-* --liquidation 1 --json\n\
        \x20 $ clearsim inspect runs/tiny-default-* --event 1370 --why")]
    Inspect(InspectArgs),
    /// Lay two runs side by side and name the first place where they part
    #[command(after_help = "Examples:\n\
        \x20 $ clearsim diff runs/tiny-default-* other/tiny-default-* # exit 1")]
    Diff(DiffArgs),
    /// Print what a journal holds, or repair it
    #[command(after_help = "Examples:\n\
        \x20 $ clearsim log runs/tiny-default-* --account 77 --effects\n\
        \x20 $ clearsim log runs/tiny-default-* --kind register_trade --format csv")]
    Log(LogArgs),
    /// Look at the snapshots of a run
    #[command(after_help = "Examples:\n\
        \x20 $ clearsim snapshot list runs/tiny-default-*")]
    Snapshot(SnapshotArgs),
    /// Check, show or describe rulebooks
    #[command(after_help = "Examples:\n\
        \x20 $ clearsim rulebook check default\n\
        \x20 $ clearsim rulebook show default --set assets.BTC.haircut=0.10")]
    Rulebook(RulebookArgs),
    /// Compare the rules with vector files: inputs and figures of real houses
    #[command(after_help = "Examples:\n\
        \x20 $ clearsim conformance fixtures/vectors/dydx_v4.json")]
    Conformance(ConformanceArgs),
    /// Write the report of a finished run, one HTML file, or a chart of it as a picture
    #[command(after_help = "Examples:\n\
        \x20 $ clearsim report runs/tiny-default-* -o report.html")]
    Report(ReportArgs),
    /// Measure this machine
    #[command(after_help = "Examples:\n\
        \x20 $ clearsim bench latency --rate 2000 --duration 1s --accounts 200")]
    Bench(BenchArgs),
    /// Print the completions of a shell
    #[command(after_help = "Examples:\n\
        \x20 $ clearsim completions bash > clearsim.bash")]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page of the program, or of a verb
    #[command(after_help = "Examples:\n\
        \x20 $ clearsim man inspect > clearsim-inspect.1")]
    Man(ManArgs),
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// A verb; the whole program if absent
    pub verb: Option<String>,
}

/// Arguments of `day`.
#[derive(Debug, Args)]
pub struct DayArgs {
    /// Folder of the market day, with its day.toml
    pub dir: PathBuf,
    /// Rulebook by name (of fixtures/rulebooks) or path; the day's own if absent; a second one
    /// runs the day again and ends with the comparison
    #[arg(long, value_name = "NAME|PATH")]
    pub rulebook: Vec<String>,
    /// Rulebook under which accounts are invented; the day's own if absent, whatever --rulebook and
    /// --set say, so that a day under other rules meets the same accounts
    #[arg(long, value_name = "NAME|PATH")]
    pub accounts_under: Option<String>,
    /// Seed of everything invented; the day's own if absent
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Stop before this time, such as 2020-03-12T10:00:00Z
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Where marks come from, for rulebooks with depth; the rulebook's own if absent. Differential
    /// runs are measured against a first pass under the first rulebook named
    #[arg(long, value_enum)]
    pub price_mode: Option<PriceModeWord>,
    /// Folder for files that the day names but does not hold; CLEARSIM_DATA if absent
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Print the run's figures beside those published about the day, each with a verdict
    #[arg(long)]
    pub compare: bool,
    /// Write the golden file of the day in place of comparing with it
    #[arg(long, hide = true)]
    pub bless: bool,
    /// Where and how the run is kept
    #[command(flatten)]
    pub keep: Keep,
}

/// Where marks come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PriceModeWord {
    /// Recorded prices as they are
    Exogenous,
    /// Recorded prices moved by what this run's forced trades did beyond a baseline's
    Differential,
    /// Recorded prices as shocks, moved by all that this run's forced trades did
    Synthetic,
}

/// Where and how a run is kept.
#[derive(Debug, Clone, Args)]
pub struct Keep {
    /// Figure of the rulebook to replace, such as assets.BTC.haircut=0.10
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Folder of run directories
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub runs: PathBuf,
    /// Replace an earlier run of the same id
    #[arg(long)]
    pub force: bool,
    /// Take a snapshot every so many events
    #[arg(long, value_name = "EVENTS", default_value_t = 65_536)]
    pub snapshot_every: u64,
    /// Events in one write of the journal, at most 4,096; changes no digest
    #[arg(long, value_name = "EVENTS", default_value_t = 4_096, hide = true)]
    pub batch: u32,
    /// Check every named law at each seal
    #[arg(long)]
    pub check: bool,
    /// Write no Parquet tables; an earlier run of the same id keeps what it has
    #[arg(long)]
    pub no_tables: bool,
    /// Write no latency.hlog
    #[arg(long, hide = true)]
    pub no_latencies: bool,
}

impl Default for Keep {
    fn default() -> Keep {
        Keep {
            set: Vec::new(),
            runs: PathBuf::from("runs"),
            force: false,
            snapshot_every: 65_536,
            batch: 4_096,
            check: false,
            no_tables: true,
            no_latencies: true,
        }
    }
}

/// Arguments of `conformance`.
#[derive(Debug, Args)]
pub struct ConformanceArgs {
    /// Vector files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Name every failure, and what each waiting vector waits for
    #[arg(long)]
    pub all: bool,
}

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Layout of the files: clearsim-hours, clearsim-bars, binance-klines, freqtrade-json,
    /// clearsim-funding-hours or clearsim-funding
    pub format: String,
    /// The files
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Folder to make: journal, report and, with --lenient, rejects.csv
    #[arg(short, long, value_name = "DIR")]
    pub out: PathBuf,
    /// What all files are, where their names do not tell: index, mark, last or funding
    #[arg(long, value_name = "ROLE")]
    pub role: Option<String>,
    /// Asset of all files, where their names do not tell
    #[arg(long, value_name = "NAME")]
    pub asset: Option<String>,
    /// Venue to take from files with a venue column
    #[arg(long, value_name = "VENUE")]
    pub venue: Option<String>,
    /// Rulebook that names assets, instruments and units
    #[arg(long, value_name = "NAME|PATH", default_value = "default")]
    pub rulebook: String,
    /// Figure of the rulebook to replace
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Seed of the minutes invented between hourly figures
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Write malformed rows to rejects.csv and go on
    #[arg(long)]
    pub lenient: bool,
    /// Exit 1 when bars are missing
    #[arg(long)]
    pub fail_on_gaps: bool,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Run directory or journal to run again, a scenario file, or - for commands as JSON lines on
    /// stdin
    pub source: String,
    /// Rulebook of commands from stdin that do not begin with genesis; `default` if absent
    #[arg(long, value_name = "NAME|PATH")]
    pub rulebook: Option<String>,
    /// Stop after this sequence, or before this time
    #[arg(long, value_name = "SEQ|TIME")]
    pub until: Option<String>,
    /// Where and how a run of commands from stdin is kept
    #[command(flatten)]
    pub keep: Keep,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Run directory or journal
    pub source: PathBuf,

    /// Say so: `verify` always rebuilds from genesis
    #[arg(long)]
    pub from_genesis: bool,
}

/// Arguments of `inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// Run directory
    pub run: PathBuf,
    /// One account in place of the whole house
    #[arg(long, value_name = "ID")]
    pub account: Option<u64>,
    /// One liquidation: its number, as tables count them, or the effect with which it began
    #[arg(long, value_name = "N|SEQ.ORDINAL", conflicts_with_all = ["account", "event", "at"])]
    pub liquidation: Option<String>,
    /// One event with its effects
    #[arg(long, value_name = "SEQ", conflicts_with_all = ["account", "at"])]
    pub event: Option<u64>,
    /// After this event, or after the last one at or before this time; the end if absent
    #[arg(long, value_name = "SEQ|TIME")]
    pub at: Option<String>,
    /// The reasons: every term with its numbers, and what followed from what
    #[arg(long)]
    pub why: bool,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// Run directory or journal
    #[arg(value_name = "RUN_A")]
    pub run_a: PathBuf,
    /// Run directory or journal
    #[arg(value_name = "RUN_B")]
    pub run_b: PathBuf,
    /// Events of each run to show before the place where they part
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub context: usize,
}

/// Arguments of `log`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct LogArgs {
    /// Repair in place of printing
    #[command(subcommand)]
    pub act: Option<LogAct>,
    /// Run directory or journal
    #[arg(required = true)]
    pub source: Option<PathBuf>,
    /// First sequence or time to print
    #[arg(long, value_name = "SEQ|TIME")]
    pub from: Option<String>,
    /// Last sequence, or time to stop before
    #[arg(long, value_name = "SEQ|TIME")]
    pub to: Option<String>,
    /// Only events that concern this account
    #[arg(long, value_name = "ID")]
    pub account: Option<u64>,
    /// Only commands of this kind, such as register_trade
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// What followed as well; replays the journal from genesis
    #[arg(long)]
    pub effects: bool,
    /// Form of the rows
    #[arg(long, value_enum, default_value_t = RowFormat::Ndjson)]
    pub format: RowFormat,
}

/// Form of rows of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RowFormat {
    /// One JSON object a line.
    Ndjson,
    /// Comma-separated.
    Csv,
    /// The table `effects` of a run directory, of what was picked; implies --effects.
    Parquet,
}

/// What else can be done to a log.
#[derive(Debug, Subcommand)]
pub enum LogAct {
    /// Give up everything from a sequence on; keeps a copy. The only command that destroys
    Repair {
        /// Run directory or journal
        source: PathBuf,
        /// First sequence to give up, as `verify` named it
        #[arg(long, value_name = "SEQ")]
        accept_loss_from: u64,
        /// Kept in the journal
        #[arg(long, value_name = "WORDS", default_value = "repaired by hand")]
        reason: String,
    },
}

/// Arguments of `snapshot`.
#[derive(Debug, Args)]
pub struct SnapshotArgs {
    /// What to do
    #[command(subcommand)]
    pub act: SnapshotAct,
}

/// What can be done with snapshots.
#[derive(Debug, Subcommand)]
pub enum SnapshotAct {
    /// List them, newest first, each verified
    List {
        /// Run directory
        source: PathBuf,
    },
}

/// Arguments of `rulebook`.
#[derive(Debug, Args)]
pub struct RulebookArgs {
    /// What to do
    #[command(subcommand)]
    pub act: RulebookAct,
}

/// What can be done with rulebooks.
#[derive(Debug, Subcommand)]
pub enum RulebookAct {
    /// Say what does not fit; exit 1 if anything
    Check {
        /// Rulebooks by name or path
        #[arg(required = true, value_name = "NAME|PATH")]
        rulebooks: Vec<String>,
        /// Figure to replace before checking
        #[arg(long, value_name = "PATH=VALUE")]
        set: Vec<String>,
    },
    /// Print the effective rulebook, every default spelled out
    Show {
        /// Rulebook by name or path
        #[arg(value_name = "NAME|PATH", default_value = "default")]
        rulebook: String,
        /// Figure to replace
        #[arg(long, value_name = "PATH=VALUE")]
        set: Vec<String>,
    },
    /// Print the JSON Schema of rulebook files
    Schema,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Run directory
    pub run: PathBuf,
    /// Compare with this run: charts in two colours, differences, accounts that fared otherwise
    #[arg(long, value_name = "RUN")]
    pub against: Option<PathBuf>,
    /// File to write; if absent report.html in the run directory, or against-<other run>.html
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write one chart as SVG instead, by its name or name/view, such as prices or market/ETH-PERP
    #[arg(long, value_name = "CHART", conflicts_with = "against")]
    pub svg: Option<String>,
    /// Add what was measured when the run was made; the file is report-latency.html then
    #[arg(long, conflicts_with_all = ["against", "svg"])]
    pub latency: bool,
}

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// What to measure
    #[command(subcommand)]
    pub act: BenchAct,
}

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum BenchAct {
    /// How long commands take that are sent at a fixed rate: the machine alone, and the durable
    /// pipeline over loopback
    Latency(LatencyArgs),
    /// How fast an invented day goes through the journal and again, and in how much memory
    Day(DayBenchArgs),
}

/// Arguments of `bench day`.
#[derive(Debug, Args)]
pub struct DayBenchArgs {
    /// Events of the day, the making of the book among them
    #[arg(long, value_name = "N", default_value_t = 20_000_000)]
    pub events: u64,
    /// Accounts of the invented book
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub accounts: u64,
    /// Seed of the invented commands
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Rulebook of the book
    #[arg(long, value_name = "NAME|PATH", default_value = "default")]
    pub rulebook: String,
    /// Folder of run directories
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub runs: PathBuf,
    /// Take a snapshot every so many events
    #[arg(long, value_name = "EVENTS", default_value_t = 1_000_000)]
    pub snapshot_every: u64,
}

/// Arguments of `bench latency`.
#[derive(Debug, Args)]
pub struct LatencyArgs {
    /// Commands planned a second
    #[arg(long, value_name = "N")]
    pub rate: u64,
    /// How long commands are planned for, such as 20s or 1m
    #[arg(long, value_name = "TIME")]
    pub duration: String,
    /// Accounts of the invented book
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub accounts: u64,
    /// Seed of the invented commands
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Rulebook of the book
    #[arg(long, value_name = "NAME|PATH", default_value = "default")]
    pub rulebook: String,
    /// Folder of run directories
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub runs: PathBuf,
}
