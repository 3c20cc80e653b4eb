//! Arguments of `advise`.

use std::num::NonZeroU32;

use clap::{ArgGroup, Args, ValueEnum};
use spanfate_model::exporter::Protocol;
use spanfate_model::quantity::unit::{Period, Rate};

use super::{period, rate};

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("given").required(true).args(["rate", "spans", "metrics"])))]
pub(crate) struct AdviseArguments {
    /// Requests per second.
    #[arg(long, value_name = "RATE", value_parser = rate, requires = "rtt")]
    pub(crate) rate: Option<Rate>,
    /// Spans of a request.
    #[arg(long, value_name = "N", default_value = "1", requires = "rate")]
    pub(crate) spans_per_request: NonZeroU32,
    /// Spans per second, in place of requests.
    #[arg(long, value_name = "RATE", value_parser = rate, requires = "rtt")]
    pub(crate) spans: Option<Rate>,
    /// Time of an export, its answer included.
    #[arg(long, value_name = "TIME", value_parser = period, conflicts_with = "metrics")]
    pub(crate) rtt: Option<Period>,
    /// How much longer an export takes per further span, for example 2us; not given, a larger batch takes no longer.
    #[arg(long, value_name = "TIME", value_parser = period, conflicts_with = "metrics")]
    pub(crate) per_span: Option<Period>,
    /// How long the endpoint refuses connections, to be survived without a loss.
    #[arg(long, value_name = "TIME", value_parser = period, conflicts_with = "metrics")]
    pub(crate) outage: Option<Period>,
    /// The rate of a burst, in what the rate is given in.
    #[arg(long, value_name = "RATE", value_parser = rate, requires = "burst_for", conflicts_with = "metrics")]
    pub(crate) burst: Option<Rate>,
    /// How long the burst lasts.
    #[arg(long, value_name = "TIME", value_parser = period, requires = "burst")]
    pub(crate) burst_for: Option<Period>,
    /// How the exporter talks to the endpoint.
    #[arg(long, value_enum, default_value_t = Wire::Grpc)]
    pub(crate) protocol: Wire,
    /// Spans per export that are set now, where these are not the defaults.
    #[arg(long, value_name = "N")]
    pub(crate) batch: Option<NonZeroU32>,
    /// Length of the queue that is set now, where it is not the default; metrics say it themselves.
    #[arg(long, value_name = "N", conflicts_with = "metrics")]
    pub(crate) queue: Option<NonZeroU32>,
    /// Metrics in the Prometheus text format, a file or an http URL, of the Go SDK or of collectors; may be given several times.
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) metrics: Vec<String>,
    /// Time between the two scrapes of each URL.
    #[arg(long = "for", value_name = "TIME", value_parser = period, default_value = "15s")]
    pub(crate) lasting: Period,
    /// The files are scrapes of the same services, so far apart, in the order given.
    #[arg(long, value_name = "TIME", value_parser = period, requires = "metrics", conflicts_with = "at")]
    pub(crate) apart: Option<Period>,
    /// When a file was scraped, in seconds since 1970; else the time at which it was last written.
    #[arg(long, value_name = "SECONDS", requires = "metrics")]
    pub(crate) at: Option<f64>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Wire {
    #[value(name = "grpc")]
    Grpc,
    #[value(name = "http/protobuf")]
    HttpProtobuf,
}

impl From<Wire> for Protocol {
    fn from(wire: Wire) -> Self {
        match wire {
            Wire::Grpc => Self::Grpc,
            Wire::HttpProtobuf => Self::HttpProtobuf,
        }
    }
}
