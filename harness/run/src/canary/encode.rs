//! Export requests of a canary, in protobuf.

use spanfate_model::finding::canary::sent::{CanarySpan, CanaryValue};

/// A request with the spans of a trace: one resource for each service.
pub(super) fn request(trace: &[CanarySpan]) -> Vec<u8> {
    // Spans of a service stand beside each other.
    trace
        .chunk_by(|a, b| a.resource == b.resource)
        .flat_map(|spans| bytes(1, &resource_spans(spans)))
        .collect()
}

fn resource_spans(spans: &[CanarySpan]) -> Vec<u8> {
    let resource = spans.first().map(|span| attributes(1, span.resource.iter())).unwrap_or_default();
    let mut scope = bytes(1, &[bytes(1, b"spanfate.canary"), bytes(2, b"1")].concat());
    for one in spans {
        scope.extend(bytes(2, &span(one)));
    }
    [bytes(1, &resource), bytes(2, &scope)].concat()
}

fn span(span: &CanarySpan) -> Vec<u8> {
    let mut out = [bytes(1, &span.trace.0), bytes(2, &span.span.0)].concat();
    if !span.parent.is_zero() {
        out.extend(bytes(4, &span.parent.0));
    }
    out.extend(bytes(5, span.name.as_bytes()));
    out.extend(number(6, span.kind.into()));
    out.extend(fixed(7, span.start));
    out.extend(fixed(8, span.end));
    out.extend(attributes(9, span.attributes.iter()));
    if span.status != 0 {
        let status = [bytes(2, span.message.as_bytes()), number(3, span.status.into())].concat();
        out.extend(bytes(15, &status));
    }
    // Sampled, as a fixed32.
    out.extend([varint(16 << 3 | 5), vec![1, 0, 0, 0]].concat());
    out
}

fn attributes<'a>(field: u64, of: impl Iterator<Item = (&'a String, &'a Option<CanaryValue>)>) -> Vec<u8> {
    let known = of.filter_map(|(key, value)| Some((key, value.as_ref()?)));
    known
        .flat_map(|(key, value)| bytes(field, &[bytes(1, key.as_bytes()), bytes(2, &any(value))].concat()))
        .collect()
}

fn any(value: &CanaryValue) -> Vec<u8> {
    match value {
        CanaryValue::Text(text) => bytes(1, text.as_bytes()),
        CanaryValue::Bool(yes) => number(2, u64::from(*yes)),
        CanaryValue::Int(whole) => number(3, whole.cast_unsigned()),
        CanaryValue::Double(value) => fixed(4, value.to_bits()),
    }
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(value.len() as u64), value.to_vec()].concat()
}

fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn fixed(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3 | 1), value.to_le_bytes().to_vec()].concat()
}

#[cfg(test)]
mod tests {
    use spanfate_model::finding::canary::sent::CanaryMint;

    use super::*;
    use crate::receiver::whole_spans;

    #[test]
    fn what_is_sent_is_read_as_it_was() {
        for number in 0..50 {
            let mint = CanaryMint::new(0xfeed, 3, 4);
            let trace = mint.trace(number, 1_800_000_000_123_456_789);
            let mut read = Vec::new();
            let is_it = |id| mint.number_of(id) == Some(number);
            whole_spans(&request(&trace), is_it, |span| read.push(span)).unwrap();
            assert_eq!(read, trace);
        }
    }

    #[test]
    fn spans_of_others_are_passed_over() {
        let trace = CanaryMint::new(1, 1, 3).trace(0, 1_800_000_000_000_000_000);
        whole_spans(&request(&trace), |_| false, |span| panic!("{span:?}")).unwrap();
    }
}
