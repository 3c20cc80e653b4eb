//! The command line.

mod advise;
mod again;
mod canary;
mod ci;
mod claims;
mod compare;
mod diff;
mod evaluate;
mod examples;
mod explain;
mod lint;
mod outside;
mod overrides;
mod report;
mod run;
#[cfg(test)]
mod tests;
mod value;
mod watch;
mod why;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use spanfate_model::verdict::ExitCode as Code;

pub(crate) use advise::AdviseArguments;
pub(crate) use again::again;
pub(crate) use canary::{CanaryArguments, CanaryFrom, TextOrJson};
pub(crate) use ci::CiArguments;
pub(crate) use claims::ClaimsArguments;
pub(crate) use compare::{
    AlongArgument, BisectArguments, CompareArguments, FrontierArguments, SelftestArguments,
};
pub(crate) use diff::{DiffArguments, DiffPlace, SearchedTime};
pub(crate) use evaluate::EvaluateArguments;
pub(crate) use explain::{ExplainArguments, LogsArguments};
pub(crate) use lint::LintArguments;
pub(crate) use outside::OutsideArguments;
pub(crate) use outside::contract::{ContractAction, ContractArguments, ContractFormat};
pub(crate) use overrides::OverrideArguments;
pub(crate) use report::{Rendered, ReportArguments};
pub(crate) use run::{
    LimitArguments, NewArguments, NewKind, Output, PlanArguments, ResumeArguments, ScenarioArguments,
    TryArguments, ValidateArguments,
};
pub(crate) use value::LeastShare;
use value::{percent, period, rate, receiver, seconds, share, size, up_to_a_thousand, whole};
pub(crate) use watch::{AttachArguments, PeekArguments, ReceiveArguments};
pub(crate) use why::{WhyArguments, WhyFormat};

/// Are we losing spans, where, why, and which settings stop it?
///
/// Spanfate starts a Go service, puts load on it, watches its OpenTelemetry spans with independent witnesses, and gives every span
/// exactly one fate.
#[derive(Debug, Parser)]
#[command(name = "spanfate", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_long_help = examples::SPANFATE)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// When to use colours on the terminal. `NO_COLOR` switches them off.
    #[arg(long, global = true, value_enum, default_value_t = ColorWhen::Auto, hide_possible_values = true, value_name = "WHEN")]
    color: ColorWhen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ColorWhen {
    /// On a terminal.
    Auto,
    /// Also into files and pipes.
    Always,
    /// Nowhere.
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a scenario: build the service, send load, account for every span, write a report.
    ///
    /// It prints a table and writes `reports/<run-id>.html`. Exit code 99 means that an expectation failed, 3 that the run proves
    /// neither, 100 that a span has no fate.
    #[command(alias = "run", after_long_help = examples::SCENARIO)]
    Scenario(ScenarioArguments),
    /// Try settings beside each other without a file: each argument is a variant.
    ///
    /// A variant is a list of exporter settings as in a scenario file: `queue=8192,batch=1024`. `defaults` stands for the SDK's own.
    /// Other keys of a variant go by their whole name: `receiver.answer_after=30ms`. The run's directory keeps the scenario that was
    /// made of it.
    #[command(after_long_help = examples::TRY)]
    Try(TryArguments),
    /// Check scenario files; starts nothing.
    ///
    /// It shows every mistake at once, each with its line, and warns of what is valid but hardly meant so.
    #[command(after_long_help = examples::VALIDATE)]
    Validate(ValidateArguments),
    /// Print the trials of a scenario, their order and how long they take; starts nothing.
    Plan(PlanArguments),
    /// List the scenarios in scenarios/ and its folders.
    List {
        /// Print the table of scenarios/README.md.
        #[arg(long)]
        markdown: bool,
    },
    /// Write a commented scenario to begin with, for our services or for your own Go program.
    ///
    /// After `--` stands the command of your own service. `--from` reads a Go program's file and says what is in it.
    #[command(after_long_help = examples::NEW)]
    New(NewArguments),
    /// Conclude a run again from its raw logs; gives the same bytes.
    ///
    /// This also concludes a run that was cut off, for example by SIGKILL.
    Analyze {
        /// A results directory, or the id of a run in results/.
        #[arg(value_name = "RUN")]
        run: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Run the trials that a stopped run still lacks; the result is that of a run that was not stopped.
    Resume(ResumeArguments),
    /// Compare two runs, or two SDKs or collectors in one scenario, side by side.
    ///
    /// Of two runs, counters are compared exactly, and times only beyond the drift between runs. With `--sdk` or `--collector` twice, one
    /// scenario runs with both in turn. Worse is exit code 99, inconclusive 3.
    #[command(after_long_help = examples::COMPARE)]
    Compare(CompareArguments),
    /// Say whether two stores of spans tell the same story, span by span and field by field.
    ///
    /// Spans are brought together by trace id and span id. What the two formats write differently is normalised and listed; what they do
    /// not both carry is not compared, and listed. Exit code 99: they differ. 3: a side is not whole, or there is nothing to compare. 65:
    /// a side is not what it should be, with line and byte. 66: a side is not there, or in no format that is known.
    ///
    /// With `--live` the sides are two receivers: point an exporter of OTLP at each. Traces are compared as they come, until Ctrl-C.
    #[command(after_long_help = examples::DIFF)]
    Diff(DiffArguments),
    /// Search for the highest rate, or the longest outage, that each configuration takes without a loss.
    ///
    /// Beside what was found stands what the capacity model predicts. Then it says which settings the scenario needs, as variables
    /// to paste, and verifies them by a run.
    #[command(after_long_help = examples::FRONTIER)]
    Frontier(FrontierArguments),
    /// Find the SDK release or the collector that changed what a scenario's expectations say.
    #[command(after_long_help = examples::BISECT)]
    Bisect(BisectArguments),
    /// Render a run's report again, or what a build server reads of it; two runs side by side; or all runs.
    ///
    /// The same result gives the same bytes.
    #[command(after_long_help = examples::REPORT)]
    Report(ReportArguments),
    /// Write every span of a run as a row: ids, times, fate.
    ///
    /// It writes while it reads, so `| head` works.
    #[command(after_long_help = examples::EXPORT)]
    Export(ExportArguments),
    /// Say what happened to one span.
    ///
    /// First comes the deciding cause in a sentence, then what every witness saw of the span, by time. An id that is not there is exit
    /// code 4.
    #[command(after_long_help = examples::EXPLAIN)]
    Explain(ExplainArguments),
    /// Say why spans were lost, variant by variant, and what helps.
    ///
    /// Each full queue is run again from the raw logs, without one cause at a time: what vanishes is that cause's share of the loss.
    /// A replay that does not give the measured drops proves no cause, and is marked.
    #[command(after_long_help = examples::WHY)]
    Why(WhyArguments),
    /// Run your own Go program, unchanged, and give every span of it its fate; or join one that runs.
    ///
    /// eBPF sees what its SDK does, our receiver what arrives. It needs root, no Go, and neither symbols nor debug information in the
    /// program. It runs until Ctrl-C, or under a load of ours. A program that is no Go program, or has no OpenTelemetry SDK, is exit
    /// code 66. A system that refuses probes is 69.
    #[command(after_long_help = examples::ATTACH)]
    Attach(AttachArguments),
    /// Receive what any OpenTelemetry client sends over OTLP, and count it until Ctrl-C.
    ///
    /// One port takes gRPC, HTTP/protobuf and HTTP/JSON. A port that is taken is exit code 69. It needs no Go.
    #[command(after_long_help = examples::RECEIVE)]
    Receive(ReceiveArguments),
    /// Say whether a live pipeline loses spans: send traces of known content, and look for each span at the end.
    ///
    /// Every span gets one outcome: received, late, duplicate, damaged (which field), lost, refused, undecided, or open where the
    /// canary was stopped too early. Headers, certificates and, without `--to`, the endpoint come from `OTEL_EXPORTER_OTLP_*`, as for
    /// an exporter; headers for a reader from `SPANFATE_CANARY_READER_HEADERS`. No secret is printed. Exit code 99: more failed than
    /// `--max-loss` permits. 3: the reader could not be asked. It needs no Go.
    #[command(after_long_help = examples::CANARY)]
    Canary(CanaryArguments),
    /// Say within seconds what a Go process or a collector that runs loses, why, and what to set.
    ///
    /// It shows spans dropped since the process started, the settings that hold, the queue, the round trip of exports, the ceiling, and
    /// variables to paste. It only reads, by eBPF, and needs root. It also looks into containers. Exit code 66: there is no such
    /// process, or it is none to watch. 69: the system refuses. 0: there was something to say, whatever it is.
    ///
    /// With `--metrics` it looks at the pages of collectors in place of a process, once a second: queue, losses, and what to set of each
    /// exporter. That needs no privileges.
    #[command(after_long_help = examples::PEEK)]
    Peek(PeekArguments),
    /// Hold the instrument against known truths: equal arms, a slower one, a lossy one, seeded losses.
    Selftest(SelftestArguments),
    /// Say what to set, by the capacity model alone or from metrics of many services; runs nothing.
    ///
    /// With `--rate` and `--rtt` it says what the defaults lose, and the cheapest batch, queue and timeouts that lose nothing, as
    /// variables and Go lines to paste. With `--collector` it says the same of each exporter in the configurations of collectors: queue,
    /// consumers, batches and retries, as YAML. With `--metrics` it reads Prometheus pages of Go SDKs and of collectors, and gives a row per
    /// batch processor and exporter: rate, ceiling, headroom, risk. A page that is not there, or has none of these metrics, is exit
    /// code 66.
    #[command(after_long_help = examples::ADVISE)]
    Advise(AdviseArguments),
    /// Say what in the configuration of a collector loses spans, and how many; starts nothing.
    ///
    /// Each finding has its line, what it costs at this rate, round trip and outage by the capacity model, and what to do. Exit code
    /// 99: a finding of loss. 65: a file is no YAML, or no collector's configuration; with line and column. 66: there is no file.
    #[command(after_long_help = examples::LINT)]
    Lint(LintArguments),
    /// Say which log lines lead to a span that was received, which to a lost one, and why the others lead nowhere.
    ///
    /// A line is anchored where its `trace_id` and `span_id` are those of a received span, dangling where that span was lost (with its
    /// fate), and unanchored else, with the reason: other names, no context, a request id in the place of the trace id. Exit code 99: less
    /// than `--require` is anchored. 3: that stays open. 65: no line of a file can be read, with its place. 66: the run or a file is not
    /// there, or the run kept no lines.
    #[command(after_long_help = examples::LOGS)]
    Logs(LogsArguments),
    /// Hold what a service must show, its contract, against what it shows.
    ///
    /// A contract (`.obsrv.yml`) says which spans a service must show, with which attributes, how many may be lost, which metrics must come
    /// and which fields log records must have. Weaver's registries are read as well. Beside what a live check sees it knows a span that
    /// was created and lost, and where. `init` prints one to begin with.
    ///
    /// Each rule is kept, broken or open. A finding has the file and line of its rule, and what was seen in its place. Open is what was
    /// not seen: never a pass. Exit code 99: a rule is broken. 3: one is open, and none is broken. 65: the contract is not valid; with line
    /// and column. 66: there is no contract, or no run.
    #[command(after_long_help = examples::CONTRACT)]
    Contract(ContractArguments),
    /// Print the page docs/designs.md: designs under test beside their contenders.
    ///
    /// The scenarios in scenarios/designs/ and the commands in go-fixtures/designs.toml say what stands there, the file holds what they
    /// measured. What was not measured as its scenario or command stands today is refused with exit code 66. 65: a file is not what
    /// a command writes; with its place.
    Designs {
        /// The file of figures: docs/designs.json. It is written where runs are given.
        #[arg(value_name = "FILE")]
        figures: PathBuf,
        /// Runs whose figures are taken up: results directories, ids in results/, or result.json files; or files with what a command printed.
        #[arg(value_name = "RUN")]
        runs: Vec<PathBuf>,
    },
    /// Judge what somebody claims of lost traces, sentence by sentence: the article that this project began with, or your own list.
    ///
    /// Each scenario runs once for all claims that need it. Claims of source, interfaces and kernels are answered by programs that look.
    /// The files in claims/ say how each claim is judged. Exit code 3: a claim stays open. 4: no claim is selected. 65: a list of claims
    /// is not valid; with line and column. 100: the books of a run do not close. A claim that is refuted is a finding, not a failure.
    #[command(after_long_help = examples::CLAIMS)]
    Claims(ClaimsArguments),
    /// Say whether this machine can do what Spanfate does.
    Doctor,
    /// Print the completion script of a shell.
    Completions {
        /// Which shell.
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the JSON Schema of a format, for editors and for programs that read results.
    Schema {
        /// Which format.
        #[arg(value_enum)]
        format: SchemaFormat,
    },
    /// Print the page docs/commands.md, which is made of these texts.
    #[command(hide = true)]
    Reference,
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
        #[arg(long)]
        descriptors: Option<u64>,
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
pub(crate) enum SchemaFormat {
    /// Scenario files.
    Scenario,
    /// `result.json`.
    Result,
    /// Contracts (`.obsrv.yml`).
    Contract,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// A results directory, or the id of a run in results/.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    #[command(flatten)]
    pub(crate) format: RowsAs,
    /// Only this trial, by its number.
    #[arg(long, value_name = "N", value_parser = whole::<u16>)]
    pub(crate) trial: Option<u16>,
    /// Write to this file in place of stdout.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct RowsAs {
    /// Comma-separated, with a header line.
    #[arg(long)]
    pub(crate) csv: bool,
    /// One JSON object per line.
    #[arg(long)]
    pub(crate) ndjson: bool,
    /// Apache Parquet, the same columns; ids are bytes.
    #[arg(long)]
    pub(crate) parquet: bool,
}

impl Arguments {
    /// Whether to use colours on stdout.
    pub(crate) fn color(&self) -> bool {
        let unset = |name: &str| std::env::var_os(name).is_none_or(|value| value.is_empty());
        match self.color {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto => {
                let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
                std::io::stdout().is_terminal() && unset("NO_COLOR") && !dumb
            }
        }
    }
}

/// Prints help, version or a usage error, and gives the exit code.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let printed = error.print().and_then(|()| std::io::stdout().flush());
    let code = match printed {
        // Nothing can be done about a terminal that does not take the text.
        _ if error.use_stderr() => Code::Usage,
        Err(failed) if failed.kind() != std::io::ErrorKind::BrokenPipe => Code::ResultNotWritten,
        _ => Code::Pass,
    };
    ExitCode::from(code.number())
}
