//! Arguments of `compare`, `bisect`, `frontier` and `selftest`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use spanfate_model::quantity::unit::Period;

use super::{LimitArguments, Output, OverrideArguments, percent, period, whole};

#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// Two runs, the baseline and the candidate: directories, ids, or files like result.json. With --sdk or --collector: one scenario.
    #[arg(required = true, num_args = 1..=2, value_name = "BASE CAND|FILE")]
    pub(crate) what: Vec<PathBuf>,
    /// Given twice: the SDK of the baseline and that of the candidate. Each is a release (1.44) or a checkout
    /// (path:../opentelemetry-go).
    #[arg(long = "sdk", value_name = "SDK", group = "arms")]
    pub(crate) sdks: Vec<String>,
    /// Given twice: the collector of the baseline and that of the candidate, in place of all in the path. Each is a version of the
    /// project's own (0.160, 0.165) or a program (./otelcol). Configurations stay.
    #[arg(long = "collector", value_name = "COLLECTOR", group = "arms")]
    pub(crate) collectors: Vec<String>,
    /// The variant of the scenario that runs in both arms. It is needed where the scenario has several.
    #[arg(long, value_name = "NAME", requires = "arms")]
    pub(crate) variant: Option<String>,
    /// Pairs of trials. Default: 10.
    #[arg(long, value_name = "N", requires = "arms", value_parser = whole::<NonZeroU32>)]
    pub(crate) pairs: Option<NonZeroU32>,
    /// A figure that decides, with the smallest change that matters: `response.p50=5%`. May be given several times.
    #[arg(long = "gate", value_name = "FIGURE=PERCENT")]
    pub(crate) gates: Vec<String>,
    /// Compare also runs of different machines or toolchains.
    #[arg(long)]
    pub(crate) allow_env_mismatch: bool,
    #[command(flatten)]
    pub(crate) overrides: OverrideArguments,
    /// Directory for results. Default: results/ in a checkout, else spanfate-results/.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) limits: LimitArguments,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct BisectArguments {
    /// A scenario whose expectations hold with one release or collector and not with the other.
    #[arg(value_name = "FILE")]
    pub(crate) scenario: PathBuf,
    /// A release of the SDK with which they hold, for example 1.38.0.
    #[arg(long, value_name = "VERSION", requires = "bad", required_unless_present = "collectors")]
    pub(crate) good: Option<String>,
    /// A later or earlier release with which one fails.
    #[arg(long, value_name = "VERSION", requires = "good")]
    pub(crate) bad: Option<String>,
    /// In place of releases: collectors in order, given at least twice, from one with which they hold to one with which one fails. Each
    /// is a version of the project's own (0.160, 0.165) or a program (./otelcol), in place of all in the path.
    #[arg(long = "collector", value_name = "COLLECTOR", conflicts_with_all = ["good", "bad"])]
    pub(crate) collectors: Vec<String>,
    /// Only these variants. `*` stands for any letters, `?` for one. May be given several times.
    #[arg(long = "variant", value_name = "NAME")]
    pub(crate) variants: Vec<String>,
    #[command(flatten)]
    pub(crate) overrides: OverrideArguments,
    /// Directory for results. Default: results/ in a checkout, else spanfate-results/.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct FrontierArguments {
    /// A scenario file, or the name of one in scenarios/. The search begins at its load, and the advice is for that load.
    #[arg(value_name = "FILE")]
    pub(crate) scenario: PathBuf,
    /// What is varied: the rate of requests, or the length of the scenario's first fault.
    #[arg(long, value_enum, default_value_t = AlongArgument::Rate)]
    pub(crate) along: AlongArgument,
    /// Only these variants. `*` stands for any letters, `?` for one. May be given several times.
    #[arg(long = "variant", value_name = "NAME")]
    pub(crate) variants: Vec<String>,
    #[command(flatten)]
    pub(crate) overrides: OverrideArguments,
    /// Trials without a loss that a value needs to count as carried.
    #[arg(long, value_name = "N", default_value = "2", value_parser = whole::<NonZeroU32>)]
    pub(crate) repeats: NonZeroU32,
    /// The search ends when it knows the frontier this well.
    #[arg(long, value_name = "PERCENT", default_value = "5%", value_parser = percent)]
    pub(crate) resolution: NonZeroU32,
    /// Never try more than this many times the scenario's own value.
    #[arg(long, value_name = "N", default_value = "16", value_parser = whole::<NonZeroU32>)]
    pub(crate) most: NonZeroU32,
    /// End the search after this time.
    #[arg(long, value_name = "TIME", value_parser = period)]
    pub(crate) max_duration: Option<Period>,
    /// Do not say which settings survive the scenario, and do not verify them.
    #[arg(long)]
    pub(crate) no_advice: bool,
    /// Directory for results. Default: results/ in a checkout, else spanfate-results/.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print frontier.json in place of the table.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AlongArgument {
    /// Requests per second.
    Rate,
    /// Length of the first fault.
    Outage,
}

#[derive(Debug, Args)]
pub(crate) struct SelftestArguments {
    /// Run rounds for this time. A round takes about 35 s.
    #[arg(long = "for", value_name = "TIME", value_parser = period, default_value = "45min")]
    pub(crate) lasting: Period,
    /// Directory for results. Default: results/ in a checkout, else spanfate-results/.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print selftest.json, or noise.json, in place of the table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Hold the verdicts of scenarios against the truth while the machine is disturbed on purpose: by a neighbour on the service's core,
    /// a quota on CPU time, and services that are stopped in slices, as a hypervisor does. It needs root for the quotas.
    #[arg(long)]
    pub(crate) noise: bool,
    #[command(flatten)]
    pub(crate) of_noise: NoiseArguments,
}

#[derive(Debug, Args)]
pub(crate) struct NoiseArguments {
    /// Only these scenarios: a name, a file, or a name with a form that is broken on purpose, such as `grpc+loss`.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', requires = "noise")]
    pub(crate) only: Vec<String>,
    /// Only these disturbances: idle, neighbour-5, neighbour-20, neighbour-50, quota-0.7, quota-0.5, steal-2, steal-5, steal-10, all.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', requires = "noise")]
    pub(crate) profiles: Vec<String>,
    /// Run a trial that is not valid again, at most so many times.
    #[arg(long, value_name = "N", default_value = "3", requires = "noise", value_parser = whole::<u16>)]
    pub(crate) repeat_spoilt: u16,
    /// Run whole scenarios, in place of one trial of the first, the middle and the last variant.
    #[arg(long, requires = "noise")]
    pub(crate) whole: bool,
    /// Go on in the directory of an earlier run of this: what it has is not run again.
    #[arg(long = "continue", value_name = "DIR", requires = "noise", conflicts_with = "out")]
    pub(crate) resume: Option<PathBuf>,
    /// Print the page docs/noise.md in place of the table. With --continue and nothing left to run it only prints.
    #[arg(long, requires = "noise", conflicts_with = "json")]
    pub(crate) markdown: bool,
}
