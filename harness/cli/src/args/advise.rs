//! Arguments of `advise`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use spanfate_model::exporter::Protocol;
use spanfate_model::quantity::unit::{ByteSize, Period, Rate};

use super::{period, rate, seconds, size, whole};

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("given").required(true).args(["rate", "spans", "metrics", "run"])))]
pub(crate) struct AdviseArguments {
    /// Requests per second.
    #[arg(long, value_name = "RATE", value_parser = rate, requires = "rtt")]
    pub(crate) rate: Option<Rate>,
    /// Spans that each request makes.
    #[arg(long, value_name = "N", default_value = "1", requires = "rate", value_parser = whole::<NonZeroU32>)]
    pub(crate) spans_per_request: NonZeroU32,
    /// Spans per second, in place of requests.
    #[arg(long, value_name = "RATE", value_parser = rate, requires = "rtt")]
    pub(crate) spans: Option<Rate>,
    /// Round trip: the time of an export, its answer included.
    #[arg(long, value_name = "TIME", value_parser = period, conflicts_with = "metrics")]
    pub(crate) rtt: Option<Period>,
    /// How much longer an export takes per further span, for example 2us. Without it nobody knows, and a larger batch is taken to last no longer; the answer says so.
    #[arg(long, value_name = "TIME", value_parser = period, conflicts_with = "metrics")]
    pub(crate) per_span: Option<Period>,
    /// An outage to survive without a loss: how long the endpoint refuses connections.
    #[arg(long, value_name = "TIME", value_parser = period, conflicts_with = "metrics")]
    pub(crate) outage: Option<Period>,
    /// The rate of a burst, in requests or spans, as the rate is given.
    #[arg(long, value_name = "RATE", value_parser = rate, requires = "burst_for", conflicts_with = "metrics")]
    pub(crate) burst: Option<Rate>,
    /// How long the burst lasts.
    #[arg(long, value_name = "TIME", value_parser = period, requires = "burst")]
    pub(crate) burst_for: Option<Period>,
    /// How the exporter talks to the endpoint.
    #[arg(long, value_enum, default_value_t = WireArgument::Grpc)]
    pub(crate) protocol: WireArgument,
    /// Spans per export that are set now, where they are not the SDK's default.
    #[arg(long, value_name = "N", value_parser = whole::<NonZeroU32>)]
    pub(crate) batch: Option<NonZeroU32>,
    /// Length of the queue that is set now, where it is not the SDK's default. Metrics say it themselves.
    #[arg(long, value_name = "N", conflicts_with = "metrics", value_parser = whole::<NonZeroU32>)]
    pub(crate) queue: Option<NonZeroU32>,
    /// Metrics in the Prometheus text format of the Go SDK or of collectors: files and http URLs, as many as you like.
    #[arg(long, value_name = "FILE|URL", num_args = 1..)]
    pub(crate) metrics: Vec<String>,
    /// Configurations of collectors, in the order of the path: what each exporter of them needs for spans that come at that rate, an
    /// answer after that round trip, and a back end that is away for that long. Services send requests of `--batch` spans.
    #[arg(long = "collector", value_name = "FILE", num_args = 1.., conflicts_with_all = ["metrics", "run", "per_span", "burst", "queue"])]
    pub(crate) collectors: Vec<PathBuf>,
    /// Bytes of a span in protobuf, for queues that count bytes, and for what a full one takes.
    #[arg(long, value_name = "SIZE", default_value = "500B", value_parser = size, requires = "collectors")]
    pub(crate) span_bytes: ByteSize,
    /// A run: what to set in place of each variant that lost spans, by the replay of its queue with the arrivals and export times that
    /// were measured. A results directory, or the id of a run in results/.
    #[arg(long, value_name = "RUN", conflicts_with_all = ["rtt", "per_span", "outage", "burst", "batch", "queue", "at", "apart"])]
    pub(crate) run: Option<PathBuf>,
    /// Time between the two scrapes of each URL.
    #[arg(long = "for", value_name = "TIME", value_parser = period, default_value = "15s")]
    pub(crate) lasting: Period,
    /// The two files are scrapes of the same services, the first so long before the second.
    #[arg(long, value_name = "TIME", value_parser = period, requires = "metrics", conflicts_with = "at")]
    pub(crate) apart: Option<Period>,
    /// When the files were scraped, in seconds since 1970. Without it: when they were last written.
    #[arg(long, value_name = "SECONDS", requires = "metrics", value_parser = seconds)]
    pub(crate) at: Option<f64>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WireArgument {
    #[value(name = "grpc")]
    Grpc,
    #[value(name = "http/protobuf")]
    HttpProtobuf,
}

impl From<WireArgument> for Protocol {
    fn from(wire: WireArgument) -> Self {
        match wire {
            WireArgument::Grpc => Self::Grpc,
            WireArgument::HttpProtobuf => Self::HttpProtobuf,
        }
    }
}
