//! Arguments of `explain`, and of `logs`.

use std::path::PathBuf;

use clap::Args;

use super::{LeastShare, share, up_to_a_thousand, whole};

#[derive(Debug, Args)]
#[command(
    override_usage = "spanfate explain SPAN_ID|TRACE_ID [RUN]\n       spanfate explain --sample FATE [--count N] [RUN]"
)]
pub(crate) struct ExplainArguments {
    /// The id of a span or of a trace; 4 digits of its beginning are enough where only one begins so. Then the run: a results
    /// directory or an id, by default the newest in results/. With --sample only the run.
    #[arg(value_name = "ID RUN", num_args = 0..=2)]
    pub(crate) words: Vec<String>,
    /// Explain spans of this fate, for example `dropped_queue_full`, the first by the time of their loss. A name such as
    /// `export_failed` stands for all its reasons.
    #[arg(long, value_name = "FATE")]
    pub(crate) sample: Option<String>,
    /// How many spans of that fate, up to 1000.
    #[arg(long, value_name = "N", default_value = "1", requires = "sample", value_parser = up_to_a_thousand)]
    pub(crate) count: u16,
    /// Print a JSON array.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LogsArguments {
    /// A results directory, or the id of a run in results/.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// Log files of your own, in place of the lines that the run kept: JSON, one object a line, or log records of OTLP as a collector's
    /// file exporter writes them.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) logs: Vec<PathBuf>,
    /// Only this trial, by its number.
    #[arg(long, value_name = "N", value_parser = whole::<u16>)]
    pub(crate) trial: Option<u16>,
    /// The least share of all lines that must be anchored, for example 99.5%.
    #[arg(long, value_name = "PERCENT", value_parser = share)]
    pub(crate) require: Option<LeastShare>,
    /// Print a JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}
