//! Bodies as real SDKs send them, and what reads them.

use std::io::Read;

use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use spanfate_run::receiver::fuzzing;

/// Spans in each of the bodies.
pub const SPANS: u64 = 512;

/// A body as an SDK sent it; 512 spans.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sample {
    /// The Go fixture of this project: five spans per request, four attributes.
    Go,
    /// `docs/clients/node.mjs`: ids, addresses and queries that differ from span to span.
    Node,
    /// The same in OTLP/JSON.
    NodeJson,
}

impl Sample {
    /// All of them, with their names.
    pub const ALL: [(&'static str, Self); 3] =
        [("go", Self::Go), ("node", Self::Node), ("node-json", Self::NodeJson)];

    /// Its bytes, uncompressed.
    pub fn bytes(self) -> Vec<u8> {
        let zipped: &[u8] = match self {
            Self::Go => include_bytes!("../bodies/go.pb.gz"),
            Self::Node => include_bytes!("../bodies/node.pb.gz"),
            Self::NodeJson => include_bytes!("../bodies/node.json.gz"),
        };
        let mut bytes = Vec::new();
        GzDecoder::new(zipped).read_to_end(&mut bytes).expect("the bodies in this crate are whole");
        bytes
    }
}

/// Reads a body as the receiver does, counting first; gives its spans.
pub fn ours(sample: Sample, body: &[u8]) -> u64 {
    fuzzing::spans(sample == Sample::NodeJson, body)
}

/// Decodes everything, by the official crate; gives its spans.
pub fn theirs(sample: Sample, body: &[u8]) -> u64 {
    let request = match sample {
        Sample::NodeJson => serde_json::from_slice(body).ok(),
        Sample::Go | Sample::Node => ExportTraceServiceRequest::decode(body).ok(),
    };
    request.as_ref().map_or(0, count)
}

/// The spans of a decoded request.
pub fn count(request: &ExportTraceServiceRequest) -> u64 {
    let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
    scopes.map(|scope| scope.spans.len() as u64).sum()
}
