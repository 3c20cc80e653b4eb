//! OTLP in protobuf.

use crate::spans::{TestEvent, TestLink, TestOrigin, TestPairs, TestSpan, TestValue, TestWorld};

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn bytes(field: u64, inside: &[u8], out: &mut Vec<u8>) {
    varint(field << 3 | 2, out);
    varint(inside.len() as u64, out);
    out.extend_from_slice(inside);
}

fn some_bytes(field: u64, inside: &[u8], out: &mut Vec<u8>) {
    if !inside.is_empty() {
        bytes(field, inside, out);
    }
}

fn number(field: u64, value: u64, out: &mut Vec<u8>) {
    if value > 0 {
        varint(field << 3, out);
        varint(value, out);
    }
}

fn fixed64(field: u64, value: u64, out: &mut Vec<u8>) {
    varint(field << 3 | 1, out);
    out.extend_from_slice(&value.to_le_bytes());
}

fn fixed32(field: u64, value: u32, out: &mut Vec<u8>) {
    if value > 0 {
        varint(field << 3 | 5, out);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

fn value(of: &TestValue) -> Vec<u8> {
    let mut out = Vec::new();
    match of {
        TestValue::Empty => {}
        TestValue::Text(text) => bytes(1, text.as_bytes(), &mut out),
        TestValue::Bool(value) => out.extend([0x10, u8::from(*value)]),
        TestValue::Int(value) => {
            out.push(0x18);
            varint(value.cast_unsigned(), &mut out);
        }
        TestValue::Double(value) => fixed64(4, value.to_bits(), &mut out),
        TestValue::List(values) => {
            let mut inside = Vec::new();
            for one in values {
                bytes(1, &value(one), &mut inside);
            }
            bytes(5, &inside, &mut out);
        }
        TestValue::Map(values) => {
            let mut inside = Vec::new();
            pairs(1, values, &mut inside);
            bytes(6, &inside, &mut out);
        }
        TestValue::Bytes(inside) => bytes(7, inside, &mut out),
    }
    out
}

fn pairs(field: u64, of: &TestPairs, out: &mut Vec<u8>) {
    for (key, one) in of {
        let mut inside = Vec::new();
        bytes(1, key.as_bytes(), &mut inside);
        bytes(2, &value(one), &mut inside);
        bytes(field, &inside, out);
    }
}

fn event(of: &TestEvent) -> Vec<u8> {
    let mut out = Vec::new();
    fixed64(1, of.time, &mut out);
    some_bytes(2, of.name.as_bytes(), &mut out);
    pairs(3, &of.attributes, &mut out);
    number(4, of.dropped.into(), &mut out);
    out
}

fn link(of: &TestLink) -> Vec<u8> {
    let mut out = Vec::new();
    bytes(1, &of.trace, &mut out);
    bytes(2, &of.span, &mut out);
    some_bytes(3, of.state.as_bytes(), &mut out);
    pairs(4, &of.attributes, &mut out);
    number(5, of.dropped.into(), &mut out);
    fixed32(6, of.flags, &mut out);
    out
}

fn span(of: &TestSpan) -> Vec<u8> {
    let mut out = Vec::new();
    bytes(1, &of.trace, &mut out);
    bytes(2, &of.span, &mut out);
    some_bytes(3, of.state.as_bytes(), &mut out);
    if of.parent != [0; 8] {
        bytes(4, &of.parent, &mut out);
    }
    some_bytes(5, of.name.as_bytes(), &mut out);
    number(6, of.kind.into(), &mut out);
    fixed64(7, of.start, &mut out);
    fixed64(8, of.end, &mut out);
    pairs(9, &of.attributes, &mut out);
    number(10, of.dropped[0].into(), &mut out);
    for one in &of.events {
        bytes(11, &event(one), &mut out);
    }
    number(12, of.dropped[1].into(), &mut out);
    for one in &of.links {
        bytes(13, &link(one), &mut out);
    }
    number(14, of.dropped[2].into(), &mut out);
    let mut status = Vec::new();
    some_bytes(2, of.message.as_bytes(), &mut status);
    number(3, of.status.into(), &mut status);
    bytes(15, &status, &mut out);
    fixed32(16, of.flags, &mut out);
    out
}

fn resource(of: &TestOrigin) -> Vec<u8> {
    let mut out = Vec::new();
    let name = vec![("service.name".to_owned(), TestValue::Text(of.name.clone()))];
    pairs(1, &name, &mut out);
    pairs(1, &of.attributes, &mut out);
    number(2, of.dropped.into(), &mut out);
    out
}

fn scope(of: &TestOrigin) -> Vec<u8> {
    let mut out = Vec::new();
    some_bytes(1, of.name.as_bytes(), &mut out);
    some_bytes(2, of.version.as_bytes(), &mut out);
    pairs(3, &of.attributes, &mut out);
    number(4, of.dropped.into(), &mut out);
    out
}

/// One message with all spans.
pub(crate) fn message(world: &TestWorld) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, origin) in world.resources.iter().enumerate() {
        let mut resource_spans = Vec::new();
        bytes(1, &resource(origin), &mut resource_spans);
        for (to, library) in world.scopes.iter().enumerate() {
            let mut scope_spans = Vec::new();
            bytes(1, &scope(library), &mut scope_spans);
            let own = world.spans.iter().filter(|one| (one.resource, one.scope) == (at, to));
            own.for_each(|one| bytes(2, &span(one), &mut scope_spans));
            some_bytes(3, library.schema.as_bytes(), &mut scope_spans);
            bytes(2, &scope_spans, &mut resource_spans);
        }
        some_bytes(3, origin.schema.as_bytes(), &mut resource_spans);
        bytes(1, &resource_spans, &mut out);
    }
    out
}

/// A message for each trace, behind its length as a varint, or in four bytes.
pub(crate) fn framed(world: &TestWorld, four_bytes: bool) -> Vec<u8> {
    let mut traces: Vec<[u8; 16]> = world.spans.iter().map(|span| span.trace).collect();
    traces.dedup();
    let mut out = Vec::new();
    for trace in traces {
        let spans = world.spans.iter().filter(|span| span.trace == trace).cloned().collect();
        let inside = message(&TestWorld { spans, ..world.clone() });
        if four_bytes {
            out.extend_from_slice(&(inside.len() as u32).to_be_bytes());
        } else {
            varint(inside.len() as u64, &mut out);
        }
        out.extend_from_slice(&inside);
    }
    out
}
