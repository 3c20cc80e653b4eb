//! Arguments of `explain`.

use clap::{Args, value_parser};

#[derive(Debug, Args)]
#[command(
    override_usage = "spanfate explain SPAN_ID|TRACE_ID [RUN]\n       spanfate explain --sample FATE [--count N] [RUN]"
)]
pub(crate) struct ExplainArguments {
    /// The id of a span or a trace, or at least 4 hex digits of its beginning; then a results directory or the id of a run in
    /// results/, by default its newest run. With --sample only the run.
    #[arg(value_name = "ID RUN", num_args = 0..=2)]
    pub(crate) words: Vec<String>,
    /// Explain spans of this fate, the first by the time of their loss; a name such as `export_failed` stands for all its reasons.
    #[arg(long, value_name = "FATE")]
    pub(crate) sample: Option<String>,
    /// How many of them, up to 1000.
    #[arg(long, value_name = "N", default_value = "1", requires = "sample", value_parser = value_parser!(u16).range(1..=1000))]
    pub(crate) count: u16,
    /// Print a JSON array.
    #[arg(long)]
    pub(crate) json: bool,
}
