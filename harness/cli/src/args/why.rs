//! Arguments of `why`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};

use super::outside::OutsideArguments;
use super::{EvaluateArguments, whole};

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("runs").multiple(true)))]
pub(crate) struct WhyArguments {
    /// A results directory, or the id of a run in results/. Default: the newest run.
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<PathBuf>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = WhyFormat::Text)]
    pub(crate) format: WhyFormat,
    #[command(flatten)]
    pub(crate) outside: OutsideArguments,
    /// Run what is advised beside the original, and show the predicted loss beside the measured one. Where no setting is advised it
    /// runs nothing. With --evaluate it does so for each case, with the same fault.
    #[arg(long, group = "runs")]
    pub(crate) verify: bool,
    /// Trials of each arm. Default: 3, and 1 with --evaluate.
    #[arg(long, value_name = "N", requires = "verify", value_parser = whole::<NonZeroU32>)]
    pub(crate) trials: Option<NonZeroU32>,
    /// Where the run goes, in place of results/.
    #[arg(long, value_name = "DIR", requires = "runs")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) evaluation: EvaluateArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WhyFormat {
    /// For people.
    Text,
    /// A JSON object: the causes of each variant, what helps, and every replay.
    Json,
}
