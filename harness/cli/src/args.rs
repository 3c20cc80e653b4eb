//! The command line.

mod advise;
mod again;
mod ci;
mod compare;
mod explain;
mod report;
mod watch;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use spanfate_model::quantity::unit::{Period, Rate, UnitError};
use spanfate_model::verdict::ExitCode as Code;
use spanfate_run::runner::Limits;

use crate::session::selected::{self, Changes};

pub(crate) use advise::AdviseArguments;
pub(crate) use again::again;
pub(crate) use ci::CiArguments;
pub(crate) use compare::{Along, BisectArguments, CompareArguments, FrontierArguments, SelftestArguments};
pub(crate) use explain::ExplainArguments;
pub(crate) use report::{Rendered, ReportArguments};
pub(crate) use watch::{AttachArguments, PeekArguments, ReceiveArguments};

/// Are we losing spans, where, why, and which settings stop it? Every span gets exactly one fate.
#[derive(Debug, Parser)]
#[command(name = "spanfate", version, arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Colours on the terminal; `NO_COLOR` is honoured.
    #[arg(long, global = true, value_enum, default_value_t = When::Auto)]
    color: When,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a scenario: build, load, account, report.
    #[command(alias = "run")]
    Scenario(ScenarioArguments),
    /// Check a scenario file; starts nothing.
    Validate {
        /// Scenario files or names in scenarios/.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print the trials a scenario expands to, their order and how long they take; starts nothing.
    Plan {
        #[command(flatten)]
        selection: Selection,
        /// Print the whole plan as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the scenarios in scenarios/ and its folders.
    List {
        /// Print the table of scenarios/README.md.
        #[arg(long)]
        markdown: bool,
    },
    /// Write a commented scenario to begin with; after `--`, the command of your own Go program.
    New(NewArguments),
    /// Conclude a run again from its raw logs; gives the same bytes.
    Analyze {
        /// A results directory, or the id of a run in results/.
        run: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Run the trials that an interrupted run still lacks; the result is that of a run that was not interrupted.
    Resume(ResumeArguments),
    /// Compare two runs, or two SDKs in one scenario, side by side.
    Compare(CompareArguments),
    /// Search for the highest rate, or the longest outage, that each configuration of a scenario takes without a loss.
    Frontier(FrontierArguments),
    /// Find the SDK release that changed what a scenario's expectations say.
    Bisect(BisectArguments),
    /// Render a run's report again from its result, or what a build server reads of it; gives the same bytes.
    Report(ReportArguments),
    /// Write every span of a run as a row: ids, times, fate.
    Export(ExportArguments),
    /// Say what happened to one span: what every witness saw of it, by time, and what decided its fate.
    Explain(ExplainArguments),
    /// Run a Go program of your own and give every span of it its fate; or join one that runs. Needs root, no code change, and
    /// neither symbols nor debug information in the program.
    Attach(AttachArguments),
    /// Receive what any OpenTelemetry client sends over OTLP (gRPC, HTTP/protobuf, HTTP/JSON), and count it until Ctrl-C.
    Receive(ReceiveArguments),
    /// Say within seconds what a Go process that runs loses, why, and what to set. It only reads (eBPF; needs root).
    ///
    /// Exit code 66: there is no such process, or it is none to watch (no Go program, no OpenTelemetry SDK); 69: the system
    /// refuses; 0: there was something to say, whatever it is.
    Peek(PeekArguments),
    /// Hold the instrument against known truths: equal arms, a slower one, a lossy one, planted losses.
    Selftest(SelftestArguments),
    /// Say from the law alone what to set for a rate, a round trip and an outage; or from metrics of many services. Runs nothing.
    Advise(AdviseArguments),
    /// Say whether this machine can do what Spanfate does.
    Doctor,
    /// Print the completion script of a shell.
    Completions {
        /// Which shell.
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the JSON Schema of a format: for editors, and for programs that read results.
    Schema {
        /// Which format.
        #[arg(value_enum)]
        format: Format,
    },
    /// Kills what the harness started when the harness is gone.
    #[command(name = "__guard", hide = true)]
    Guard,
    /// Becomes a child program.
    #[command(name = "__exec", hide = true)]
    Exec {
        #[arg(long)]
        parent: u32,
        #[arg(long, value_delimiter = ',')]
        cpus: Vec<u32>,
        #[arg(long)]
        hold: bool,
        #[arg(long)]
        unprivileged: bool,
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
    /// Spins for a share of the time.
    #[command(name = "__spin", hide = true)]
    Spin {
        #[arg(long)]
        share: f64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Scenario files.
    Scenario,
    /// `result.json`.
    Result,
}

#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// A scenario file, or the name of one in scenarios/ (`qps5k.toml`, `qps5k`).
    pub(crate) file: PathBuf,
    /// Trials per variant, in place of the file's.
    #[arg(long, value_name = "N")]
    pub(crate) trials: Option<NonZeroU32>,
    /// Seed, in place of the file's.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Only these variants; may be given several times.
    #[arg(long = "variant", value_name = "NAME")]
    pub(crate) variants: Vec<String>,
    /// The process witness: full, off, or each variant with and without it, which prices it.
    #[arg(long, value_enum)]
    pub(crate) witness: Option<Witness>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Witness {
    Full,
    Off,
    Pair,
}

impl Selection {
    /// What of the scenario is to be other than its file says.
    pub(crate) fn changes(&self) -> Changes {
        let witness = self.witness.map(|witness| match witness {
            Witness::Full => selected::Witness::Full,
            Witness::Off => selected::Witness::Off,
            Witness::Pair => selected::Witness::Pair,
        });
        Changes { trials: self.trials, seed: self.seed, variants: self.variants.clone(), witness }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ScenarioArguments {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Directory for results; default results/.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) limits: LimitArguments,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct LimitArguments {
    /// Go on with the next trial where one fails.
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Begin no trial that would end later than this, for example 20min; `resume` runs the rest. Exit code 103.
    #[arg(long, value_name = "TIME", value_parser = period)]
    pub(crate) max_duration: Option<Period>,
}

impl LimitArguments {
    /// When a run ends before its last trial, and whether it may go on where another machine began it.
    pub(crate) fn limits(self, any_machine: bool) -> Limits {
        let Self { keep_going, max_duration } = self;
        Limits { most: max_duration.map(|most| most.0), keep_going, any_machine }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ResumeArguments {
    /// A results directory, or the id of a run in results/.
    pub(crate) run: PathBuf,
    /// Go on although this machine or its toolchain is not the one that began the run; the result is inconclusive.
    #[arg(long)]
    pub(crate) allow_env_mismatch: bool,
    #[command(flatten)]
    pub(crate) limits: LimitArguments,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    /// The file to write, for example mine.toml; it must not exist.
    pub(crate) file: PathBuf,
    /// What it tests.
    #[arg(long, value_enum, default_value_t = Kind::Http)]
    pub(crate) kind: Kind,
    /// URL of every request to your own program; {port} stands for a free port.
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// Your own program's file: it is read, not run, and the scenario says what is in it.
    #[arg(long, value_name = "BINARY")]
    pub(crate) from: Option<PathBuf>,
    /// Your own program and its arguments, for example `-- ./service --listen 127.0.0.1:{port}`.
    #[arg(last = true)]
    pub(crate) command: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// One HTTP service, several settings.
    Http,
    /// Services that call each other.
    Chain,
    /// A Go program of your own.
    Own,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// A results directory, or the id of a run in results/.
    pub(crate) run: PathBuf,
    #[command(flatten)]
    pub(crate) format: RowFormat,
    /// Only this trial, by its number.
    #[arg(long, value_name = "N")]
    pub(crate) trial: Option<u16>,
    /// Write to this file in place of stdout.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct RowFormat {
    /// Comma-separated, with a header line.
    #[arg(long)]
    pub(crate) csv: bool,
    /// One JSON object per line.
    #[arg(long)]
    pub(crate) ndjson: bool,
}

fn percent(text: &str) -> Result<NonZeroU32, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim();
    number.parse().map_err(|_| "write a whole number of percent, for example 2%".to_owned())
}

fn rate(text: &str) -> Result<Rate, UnitError> {
    Rate::try_from(text.to_owned())
}

fn period(text: &str) -> Result<Period, UnitError> {
    Period::try_from(text.to_owned())
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Output {
    /// Print result.json instead of the table.
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) json: bool,
    /// Print nothing but what is wrong.
    #[arg(long, short)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) ci: CiArguments,
}

impl Arguments {
    /// Whether to use colours on stdout.
    pub(crate) fn color(&self) -> bool {
        let unset = |name: &str| std::env::var_os(name).is_none_or(|value| value.is_empty());
        match self.color {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
                std::io::stdout().is_terminal() && unset("NO_COLOR") && !dumb
            }
        }
    }
}

/// Prints help, version or a usage error, and gives the exit code.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    // Nothing can be done about a terminal that does not take the text.
    drop(error.print());
    ExitCode::from(if error.use_stderr() { Code::Usage.number() } else { Code::Pass.number() })
}
