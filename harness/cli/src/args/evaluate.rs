//! Arguments of `why --evaluate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use spanfate_model::finding::evaluation::SeedSet;

use super::whole;

#[derive(Debug, Args)]
pub(crate) struct EvaluateArguments {
    /// Hold the answers against hidden faults: services are run with faults of seeded kind, size, place and time, and asked without the
    /// log of faults. A case takes about 7 s; metrics and traces of each are kept for other tools.
    #[arg(long, group = "runs", conflicts_with_all = ["run", "metrics", "forecast"], help_heading = "Evaluation")]
    pub(crate) evaluate: bool,
    /// Cases, with those that --continue finds.
    #[arg(long, value_name = "N", default_value = "40", requires = "evaluate", value_parser = whole::<u64>, help_heading = "Evaluation")]
    pub(crate) cases: u64,
    /// What all cases are made of.
    #[arg(long, value_name = "N", default_value = "1", requires = "evaluate", value_parser = whole::<u64>, help_heading = "Evaluation")]
    pub(crate) seed: u64,
    /// Which seeds: to tune, where confidence is fitted, or to test, where one more kind of fault comes up and the result is written once.
    #[arg(long, value_enum, default_value_t = SetArgument::Tune, requires = "evaluate", help_heading = "Evaluation")]
    pub(crate) set: SetArgument,
    /// Read confidence off from this table, as an evaluation of the tuning set writes it, in place of the one that is built in.
    #[arg(long, value_name = "FILE", requires = "evaluate", help_heading = "Evaluation")]
    pub(crate) confidence: Option<PathBuf>,
    /// Go on in the directory of an earlier evaluation.
    #[arg(
        long = "continue",
        value_name = "DIR",
        requires = "evaluate",
        conflicts_with = "out",
        help_heading = "Evaluation"
    )]
    pub(crate) resume: Option<PathBuf>,
    /// Draw from these kinds of hidden faults only, as the table of kinds names them: stall,latency. `advisable` names those that
    /// settings of all services can help against.
    #[arg(
        long,
        value_name = "KIND,…",
        value_delimiter = ',',
        requires = "evaluate",
        conflicts_with = "from",
        help_heading = "Evaluation"
    )]
    pub(crate) kinds: Vec<String>,
    /// Keep the raw logs of each case, so that --from can ask again. A case takes some 4 MB.
    #[arg(long, requires = "evaluate", help_heading = "Evaluation")]
    pub(crate) keep: bool,
    /// Run nothing, and ask again about the cases of an earlier evaluation: by their raw logs where --keep left them, and else with the
    /// answers as they are and confidence read off anew; by their metrics and traces alone in any case.
    #[arg(
        long,
        value_name = "DIR",
        requires = "evaluate",
        conflicts_with_all = ["resume", "out", "verify", "keep", "lasting", "cases", "seed", "set"],
        help_heading = "Evaluation"
    )]
    pub(crate) from: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SetArgument {
    /// To tune.
    Tune,
    /// To judge.
    Test,
}

impl SetArgument {
    /// The set that it names.
    pub(crate) const fn set(self) -> SeedSet {
        match self {
            Self::Tune => SeedSet::Tune,
            Self::Test => SeedSet::Test,
        }
    }
}
