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
    // Scopes by their older name, which count where there are no others, are not in prost's schema.
    if theirs.resource_spans.iter().any(|resource| resource.scope_spans.is_empty()) {
        return;
    }
    let again = theirs.encode_to_vec();
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
        // The format leaves the length of ids open; the receiver does not. What else is refused is what prost skips or
        // replaces (groups, ids that come twice), so that it is gone when prost writes the message anew.
        None => assert!(
            !theirs.iter().all(has_ids) || fuzzing::protobuf(&again).is_some(),
            "refused although every id is well-formed"
        ),
    }
});

fn has_ids(span: &Span) -> bool {
    let links = || span.links.iter().all(|link| is_id(&link.trace_id, 16) && is_id(&link.span_id, 8));
    is_id(&span.trace_id, 16) && is_id(&span.span_id, 8) && is_id(&span.parent_span_id, 8) && links()
}

fn is_id(bytes: &[u8], length: usize) -> bool {
    bytes.is_empty() || bytes.len() == length
}

fn same(ours: &FuzzedSpan, theirs: &Span) {
    let same_id = |ours: &[u8], theirs: &[u8]| {
        ours == theirs || theirs.is_empty() && ours.iter().all(|byte| *byte == 0)
    };
    assert!(same_id(&ours.key.trace.0, &theirs.trace_id), "trace_id");
    assert!(same_id(&ours.key.span.0, &theirs.span_id), "span_id");
    assert!(same_id(&ours.parent.0, &theirs.parent_span_id), "parent_span_id");
    assert_eq!(ours.name, theirs.name.as_bytes(), "name");
    assert_eq!(ours.kind, u8::try_from(theirs.kind).unwrap_or(0), "kind");
    assert_eq!((ours.start_wall, ours.end_wall), (theirs.start_time_unix_nano, theirs.end_time_unix_nano));
}
