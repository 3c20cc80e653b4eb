//! Arguments of what runs scenarios, and of what is done with their files.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use spanfate_model::quantity::unit::{Period, Rate};
use spanfate_run::runner::Limits;

use super::{CiArguments, OverrideArguments, percent, period, rate, whole};
use crate::session::selected::{Changes, WitnessChange};

#[derive(Debug, Args)]
pub(crate) struct SelectionArguments {
    /// A scenario file, or the name of one in scenarios/: `qps5k.toml` or `qps5k`.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Trials per variant, in place of the file's. Several give 95 % intervals, and how probable a loss still is where none was seen.
    #[arg(long, value_name = "N", value_parser = whole::<NonZeroU32>)]
    pub(crate) trials: Option<NonZeroU32>,
    /// Seed, in place of the file's. The same seed gives the same plan.
    #[arg(long, value_name = "N", value_parser = whole::<u64>)]
    pub(crate) seed: Option<u64>,
    /// Only these variants. `*` in a name stands for any letters, `?` for one: `--variant 'answer-*'`. May be given several times.
    #[arg(long = "variant", value_name = "NAME")]
    pub(crate) variants: Vec<String>,
    /// The witness inside the process. It can be off, or each variant can run with and without it, which shows what it costs.
    #[arg(long, value_enum, value_name = "MODE")]
    pub(crate) witness: Option<WitnessArgument>,
    #[command(flatten)]
    pub(crate) overrides: OverrideArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WitnessArgument {
    /// On in every variant.
    Full,
    /// Off in every variant.
    Off,
    /// Every variant with and without it, side by side.
    Pair,
}

impl SelectionArguments {
    /// What of the scenario is to be other than its file says.
    pub(crate) fn changes(&self) -> Changes {
        let witness = self.witness.map(|witness| match witness {
            WitnessArgument::Full => WitnessChange::Full,
            WitnessArgument::Off => WitnessChange::Off,
            WitnessArgument::Pair => WitnessChange::Pair,
        });
        Changes {
            trials: self.trials,
            seed: self.seed,
            variants: self.variants.clone(),
            witness,
            overrides: self.overrides.all(),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ScenarioArguments {
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,
    /// Only what did not pass in this run, or in the newest run of the scenario. These are variants with an expectation that failed or
    /// was inconclusive, or with books that are not whole. Exit code 4 means that all of them passed.
    #[arg(long, value_name = "RUN", num_args = 0..=1, conflicts_with = "variants")]
    #[expect(clippy::option_option, reason = "a flag with or without a value, as clap has it")]
    pub(crate) failed: Option<Option<PathBuf>>,
    /// Lower the rate to this share of what the machine carries, where it does not carry it. That is measured before the run, by a
    /// trial of 2 s of each variant. Default: 80%.
    #[arg(long, value_name = "PERCENT", num_args = 0..=1, require_equals = true, default_missing_value = "80%", value_parser = percent)]
    pub(crate) fit: Option<NonZeroU32>,
    /// Directory for results. Default: results/ in a checkout, else spanfate-results/.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) limits: LimitArguments,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct TryArguments {
    /// Settings, a variant each: `queue=8192,batch=1024`, or `defaults`.
    #[arg(required = true, value_name = "SETTINGS")]
    pub(crate) settings: Vec<String>,
    /// Requests per second; a request makes 5 spans. Default: 1000/s.
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub(crate) rate: Option<Rate>,
    /// Length of the measured part of each trial. Default: 8s.
    #[arg(long = "for", value_name = "TIME", value_parser = period)]
    pub(crate) lasting: Option<Period>,
    /// How long the receiver waits before it answers an export, as a slow backend does. Default: not at all.
    #[arg(long, value_name = "TIME", value_parser = period)]
    pub(crate) answer_after: Option<Period>,
    /// Trials per variant. Default: 1.
    #[arg(long, value_name = "N", conflicts_with = "pairs", value_parser = whole::<NonZeroU32>)]
    pub(crate) trials: Option<NonZeroU32>,
    /// Compare the two variants in so many pairs of trials, in place of one trial each.
    #[arg(long, value_name = "N", value_parser = whole::<NonZeroU32>)]
    pub(crate) pairs: Option<NonZeroU32>,
    /// Lower the rate to this share of what the machine carries, where it does not carry it. Default: 80%.
    #[arg(long, value_name = "PERCENT", num_args = 0..=1, require_equals = true, default_missing_value = "80%", value_parser = percent)]
    pub(crate) fit: Option<NonZeroU32>,
    /// Directory for results. Default: results/ in a checkout, else spanfate-results/.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) limits: LimitArguments,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct ValidateArguments {
    /// Scenario files, or names in scenarios/.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) overrides: OverrideArguments,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,
    /// Print the whole plan as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct LimitArguments {
    /// Go on with the next trial where one fails.
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Begin no trial that would end later than this, for example 20min. `resume` runs the rest. Exit code 103 says that it happened.
    #[arg(long, value_name = "TIME", value_parser = period)]
    pub(crate) max_duration: Option<Period>,
    /// Run a trial again, at most so many times, that is not valid for a figure where that leaves something open. In a comparison the whole
    /// pair runs again. The last attempt counts; all are kept. Each trial for which all attempts were in vain takes one from the next.
    /// Default: 0, or 3 with --ci; `resume` goes by what the run began with.
    #[arg(long, value_name = "N", value_parser = whole::<u16>)]
    pub(crate) repeat_spoilt: Option<u16>,
    /// Before each trial, wait at most so long for a quiet machine, and give the service the core that the hypervisor takes least of.
    /// 0s does neither. Default: 0s, or 5s with --ci.
    #[arg(long, value_name = "TIME", value_parser = period)]
    pub(crate) wait_quiet: Option<Period>,
}

/// How often a spoilt trial is run again for a build server.
const REPEATS_IN_CI: u16 = 3;
/// How long a trial waits for a quiet machine there.
const QUIET_IN_CI: Period = Period::millis(5000);

impl LimitArguments {
    /// When a run ends before its last trial, and whether it may go on where another machine began it.
    pub(crate) fn limits(self, any_machine: bool, ci: &CiArguments) -> Limits {
        let Self { keep_going, max_duration, repeat_spoilt, wait_quiet } = self;
        let in_ci = ci.folder.is_some();
        let repeat_spoilt = repeat_spoilt.or(in_ci.then_some(REPEATS_IN_CI));
        let quiet = wait_quiet.or(in_ci.then_some(QUIET_IN_CI)).map(|quiet| quiet.0);
        let quiet = quiet.filter(|quiet| !quiet.is_zero());
        Limits { most: max_duration.map(|most| most.0), keep_going, any_machine, repeat_spoilt, quiet }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ResumeArguments {
    /// A results directory, or the id of a run in results/.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// Go on although another machine or toolchain began the run. The result is then inconclusive.
    #[arg(long)]
    pub(crate) allow_env_mismatch: bool,
    #[command(flatten)]
    pub(crate) limits: LimitArguments,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    /// The file to write, for example mine.toml. It must not exist.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// What the scenario tests.
    #[arg(long, value_enum, default_value_t = NewKind::Http)]
    pub(crate) kind: NewKind,
    /// URL of every request to your own service. `{port}` stands for a free port.
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The file of your own service. It is read and not run, and the scenario says what is in it.
    #[arg(long, value_name = "BINARY")]
    pub(crate) from: Option<PathBuf>,
    /// Your own service and its arguments, for example `-- ./service --listen 127.0.0.1:{port}`.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum NewKind {
    /// One HTTP service with several settings.
    Http,
    /// Services that call each other.
    Chain,
    /// A Go program of your own.
    Own,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Output {
    /// Print result.json in place of the table.
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) json: bool,
    /// Print nothing but what is wrong.
    #[arg(long, short)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) ci: CiArguments,
}
