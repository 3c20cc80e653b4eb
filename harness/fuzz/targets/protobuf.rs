//! The reader of protobuf, the receiver around it, and `prost` beside it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use spanfate_run::receiver::fuzzing::{self, FuzzedSpan};

fuzz_target!(|message: &[u8]| {
    let ours = fuzzing::protobuf(message);
    // What prost refuses (text that is not UTF-8, say) may be read or refused here.
    let Ok(theirs) = ExportTraceServiceRequest::decode(message) else { return };
    let theirs: Vec<Span> = theirs
        .resource_spans
        .into_iter()
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans)
        .collect();
    match ours {
        Some(ours) => {
            assert_eq!(ours.len(), theirs.len(), "spans");
            ours.iter().zip(&theirs).for_each(|(ours, theirs)| same(ours, theirs));
        }
        // The format leaves the length of ids open; the receiver does not.
        None => assert!(!theirs.iter().all(has_ids), "refused although every id is well-formed"),
    }
});

fn has_ids(span: &Span) -> bool {
    span.trace_id.len() == 16 && span.span_id.len() == 8 && [0, 8].contains(&span.parent_span_id.len())
}

fn same(ours: &FuzzedSpan, theirs: &Span) {
    assert_eq!(ours.key.trace.0, *theirs.trace_id, "trace_id");
    assert_eq!(ours.key.span.0, *theirs.span_id, "span_id");
    assert!(
        ours.parent.0 == *theirs.parent_span_id || ours.parent.is_zero() && theirs.parent_span_id.is_empty()
    );
    assert_eq!(ours.name, theirs.name.as_bytes(), "name");
    assert_eq!(ours.kind, u8::try_from(theirs.kind).unwrap_or(0), "kind");
    assert_eq!((ours.start_wall, ours.end_wall), (theirs.start_time_unix_nano, theirs.end_time_unix_nano));
}
