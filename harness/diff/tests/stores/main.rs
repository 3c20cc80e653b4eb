//! The same spans, written as each store writes them, and held against each other: no false alarm, and no difference that is missed.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod equal;
mod hostile;
mod live;
mod losses;
mod odd;
mod parquet;
mod planted;
mod spans;
mod write;

use spanfate_diff::{DiffTask, SideInput, diff};
use spanfate_model::finding::diff::{DiffFormat, DiffResult};

use self::spans::TestWorld;

/// Both sides, compared.
pub(crate) fn compared(left: &[u8], right: &[u8], task: &DiffTask) -> DiffResult {
    let side = |name: &str, bytes| SideInput::of(name, Box::new(std::io::Cursor::new(bytes)));
    diff(side("left", left.to_vec()), side("right", right.to_vec()), task)
        .unwrap_or_else(|wrong| panic!("{:?}: {}", wrong.side, wrong.error))
}

/// What a format makes of spans.
pub(crate) type Writer = fn(&TestWorld) -> Vec<u8>;

/// Each format with its writer.
pub(crate) const FORMATS: [(DiffFormat, Writer); 9] = [
    (DiffFormat::OtlpProtobuf, write::protobuf::message),
    (DiffFormat::OtlpJson, write::otlp_json::document),
    (DiffFormat::TempoJson, write::otlp_json::tempo),
    (DiffFormat::JaegerOtlp, write::otlp_json::jaeger),
    (DiffFormat::JaegerJson, write::jaeger::document),
    (DiffFormat::WireLog, write::rows::wire_log),
    (DiffFormat::ExportCsv, write::rows::csv),
    (DiffFormat::ExportNdjson, write::rows::ndjson),
    (DiffFormat::ExportParquet, write::rows::parquet),
];
