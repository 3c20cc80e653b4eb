//! Arguments of `lint`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args;
use spanfate_model::quantity::unit::{ByteSize, Period, Rate};

use super::{TextOrJson, period, rate, size, whole};

#[derive(Debug, Args)]
pub(crate) struct LintArguments {
    /// Configuration files of collectors.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Spans per second that come to the collector.
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub(crate) rate: Rate,
    /// Time from a request to the back end to its answer.
    #[arg(long, value_name = "TIME", default_value = "20ms", value_parser = period)]
    pub(crate) rtt: Period,
    /// How long the back end may be away without a loss.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = period)]
    pub(crate) outage: Period,
    /// Bytes of a span in protobuf; queues in bytes hold so many of them.
    #[arg(long, value_name = "SIZE", default_value = "500B", value_parser = size)]
    pub(crate) span_bytes: ByteSize,
    /// Spans of a request as clients send it; queues in requests hold so many of them.
    #[arg(long, value_name = "N", default_value = "512", value_parser = whole::<NonZeroU32>)]
    pub(crate) spans_per_request: NonZeroU32,
    /// Spans of a trace, for tail sampling.
    #[arg(long, value_name = "N", default_value = "5", value_parser = whole::<NonZeroU32>)]
    pub(crate) spans_per_trace: NonZeroU32,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub(crate) format: TextOrJson,
}
