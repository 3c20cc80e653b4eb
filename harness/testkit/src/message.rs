//! Export requests made by hand, byte for byte.

use spanfate_model::quantity::id::{SpanId, SpanKey, TraceId};

/// A varint.
pub fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// A length-delimited field.
pub fn bytes(number: u64, value: &[u8]) -> Vec<u8> {
    [varint(number << 3 | 2), varint(value.len() as u64), value.to_vec()].concat()
}

/// A varint field.
pub fn number(number: u64, value: u64) -> Vec<u8> {
    [varint(number << 3), varint(value)].concat()
}

/// A fixed64 field.
pub fn fixed(number: u64, value: u64) -> Vec<u8> {
    [varint(number << 3 | 1), value.to_le_bytes().to_vec()].concat()
}

/// A string attribute.
pub fn attribute(key: &str, value: &str) -> Vec<u8> {
    [bytes(1, key.as_bytes()), bytes(2, &bytes(1, value.as_bytes()))].concat()
}

/// The key of the span with this number.
pub fn key(i: u64) -> SpanKey {
    SpanKey { trace: TraceId((u128::from(i) + 1).to_be_bytes()), span: SpanId((i + 1).to_be_bytes()) }
}

/// A span as the Go SDK would send it: ids, parent, name, kind, times, four attributes, flags.
pub fn span(i: u64) -> Vec<u8> {
    let SpanKey { trace, span } = key(i);
    let mut out = [bytes(1, &trace.0), bytes(2, &span.0), bytes(3, b""), bytes(4, &[9; 8])].concat();
    out.extend(bytes(5, format!("name {}", i % 3).as_bytes()));
    out.extend([number(6, 2), fixed(7, 1000 + i), fixed(8, 2000 + i)].concat());
    for attr in 0..4 {
        out.extend(bytes(9, &attribute(&format!("attribute.{attr}"), "0123456789abcdef")));
    }
    // flags, fixed32
    out.extend([varint(16 << 3 | 5), vec![1, 1, 0, 0]].concat());
    out
}

/// A request with these spans.
pub fn request(spans: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut scope = bytes(1, &bytes(1, b"scope"));
    for span in spans {
        scope.extend(bytes(2, &span));
    }
    let mut resource = bytes(1, &attribute("host.name", "here"));
    resource.extend(bytes(1, &attribute("service.name", "checkout")));
    bytes(1, &[bytes(1, &resource), bytes(2, &scope)].concat())
}

/// A request with so many spans, numbered from 0.
pub fn spans(count: u64) -> Vec<u8> {
    request((0..count).map(span))
}

/// A gRPC frame.
pub fn frame(message: &[u8], zipped: bool) -> Vec<u8> {
    [&[u8::from(zipped)][..], &(message.len() as u32).to_be_bytes(), message].concat()
}
