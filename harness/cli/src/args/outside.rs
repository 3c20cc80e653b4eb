//! Arguments of `why` for what a process and its collectors say of themselves, and of its forecast.

pub(crate) mod contract;

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args;
use spanfate_model::quantity::unit::Period;

use super::{period, seconds, whole};

#[derive(Debug, Args)]
pub(crate) struct OutsideArguments {
    /// In place of a run: metrics of a Go program or of collectors, in the Prometheus text format, files and http URLs, or as OTLP in
    /// protobuf or JSON, files. Causes need two looks: a URL is looked at twice; of files give two of the same services and --apart. A
    /// file of several exports of OTLP is two looks by itself. Or a table of series (docs/why.md): `time`, and per service `NAME_spans`,
    /// `NAME_dropped`, `NAME_received`; it says how all of it went on, and --traces is a table of spans then.
    #[arg(long, value_name = "FILE|URL", num_args = 1.., conflicts_with_all = ["run", "pid"])]
    pub(crate) metrics: Vec<String>,
    /// Traces beside the metrics: OTLP in protobuf or in JSON, one object or one per line, as a collector's file exporter writes it.
    #[arg(long, value_name = "FILE", requires = "metrics", conflicts_with = "forecast")]
    pub(crate) traces: Option<PathBuf>,
    /// Logs beside the metrics: lines of text or of JSON, of the program or of a collector.
    #[arg(long, value_name = "FILE", requires = "metrics", conflicts_with = "forecast")]
    pub(crate) logs: Option<PathBuf>,
    /// Spans per export that are set, where they are not the mean that the metrics say.
    #[arg(long, value_name = "N", requires = "metrics", value_parser = whole::<NonZeroU32>)]
    pub(crate) batch: Option<NonZeroU32>,
    /// Time between one file and the next: of two files for causes, of all files for a forecast.
    #[arg(long, value_name = "TIME", value_parser = period, requires = "metrics", conflicts_with = "at")]
    pub(crate) apart: Option<Period>,
    /// When the files were scraped, in seconds since 1970. Without it: when they were last written.
    #[arg(long, value_name = "SECONDS", requires = "metrics", value_parser = seconds)]
    pub(crate) at: Option<f64>,
    /// Say when the first span will be dropped, from metrics that are looked at again and again, or from files in the order of time.
    #[arg(long)]
    pub(crate) forecast: bool,
    /// Forecast for this process, as `peek` sees it, in place of metrics.
    #[arg(long, value_name = "N", requires = "forecast", conflicts_with = "run", value_parser = whole::<u32>)]
    pub(crate) pid: Option<u32>,
    /// Time between two looks of a forecast.
    #[arg(long, value_name = "TIME", value_parser = period, default_value = "5s", requires = "forecast")]
    pub(crate) every: Period,
    /// How long URLs or the process are watched. By default 15s, and for a forecast until Ctrl-C. Of an evaluation: no case begins after it.
    #[arg(long = "for", value_name = "TIME", value_parser = period)]
    pub(crate) lasting: Option<Period>,
}
