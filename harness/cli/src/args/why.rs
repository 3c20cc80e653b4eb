//! Arguments of `why`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::outside::OutsideArguments;

#[derive(Debug, Args)]
pub(crate) struct WhyArguments {
    /// A results directory, or the id of a run in results/. Default: the newest run.
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<PathBuf>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = WhyFormat::Text)]
    pub(crate) format: WhyFormat,
    #[command(flatten)]
    pub(crate) outside: OutsideArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WhyFormat {
    /// For people.
    Text,
    /// A JSON object: the causes of each variant, what helps, and every replay.
    Json,
}
