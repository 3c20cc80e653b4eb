//! A message with some of its spans only, all else byte for byte as it came.

use spanfate_model::quantity::id::{SpanId, SpanKey, TraceId};

use super::OLD_SCOPES;
use super::parts::fields;
use super::wire::WireReader;
use crate::receiver::decode::span::Decoded;

/// Which spans stay, by their number in the message and their key.
type Stays<'a> = dyn FnMut(u32, SpanKey) -> bool + 'a;

/// The message without the spans that do not stay; nothing where none does. It was read before, so it is in order.
pub(crate) fn cut(message: &[u8], stays: &mut Stays<'_>) -> Decoded<Option<Vec<u8>>> {
    let (mut out, mut number) = (Vec::new(), 0);
    fields(WireReader::new(message), |request, tag| {
        if tag.number != 1 {
            request.skip(tag)?;
            out.extend_from_slice(request.since(tag));
        } else if let Some(resource) = resource(request.message(tag)?, &mut number, stays)? {
            field(1, &resource, &mut out);
        }
        Ok(true)
    })?;
    Ok(Some(out).filter(|out| !out.is_empty()))
}

fn resource(message: WireReader<'_>, number: &mut u32, stays: &mut Stays<'_>) -> Decoded<Option<Vec<u8>>> {
    let mut new = false;
    fields(message, |_, tag| {
        new |= tag.number == 2;
        Ok(false)
    })?;
    let scopes = if new { 2 } else { OLD_SCOPES };
    let (mut out, mut some) = (Vec::new(), false);
    fields(message, |inside, tag| {
        if tag.number == scopes {
            if let Some(scope) = scope(inside.message(tag)?, number, stays)? {
                field(tag.number, &scope, &mut out);
                some = true;
            }
            return Ok(true);
        }
        inside.skip(tag)?;
        out.extend_from_slice(inside.since(tag));
        Ok(true)
    })?;
    Ok(some.then_some(out))
}

fn scope(message: WireReader<'_>, number: &mut u32, stays: &mut Stays<'_>) -> Decoded<Option<Vec<u8>>> {
    let (mut out, mut some) = (Vec::new(), false);
    fields(message, |inside, tag| {
        let stays = if tag.number == 2 {
            let key = key(inside.message(tag)?)?;
            *number += 1;
            let stays = stays(*number - 1, key);
            some |= stays;
            stays
        } else {
            inside.skip(tag)?;
            true
        };
        if stays {
            out.extend_from_slice(inside.since(tag));
        }
        Ok(true)
    })?;
    Ok(some.then_some(out))
}

fn key(span: WireReader<'_>) -> Decoded<SpanKey> {
    let mut key = SpanKey::default();
    fields(span, |inside, tag| {
        match tag.number {
            1 => key.trace = TraceId(inside.id(tag, "trace_id is not 16 bytes long")?),
            2 => key.span = SpanId(inside.id(tag, "span_id is not 8 bytes long")?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(key)
}

/// A field of bytes.
fn field(number: i32, bytes: &[u8], out: &mut Vec<u8>) {
    varint((number as u64) << 3 | 2, out);
    varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receiver::decode::otlp::walk;

    fn span(number: u8) -> Vec<u8> {
        let mut out = Vec::new();
        field(1, &[number; 16], &mut out);
        field(2, &[number; 8], &mut out);
        field(5, b"name", &mut out);
        out
    }

    /// Two resources of two scopes of two spans each, with a field of theirs behind.
    fn message(scopes: i32) -> Vec<u8> {
        let mut out = Vec::new();
        for of_resource in [0, 4] {
            let mut resource = Vec::new();
            for of_scope in [0, 2] {
                let mut scope = Vec::new();
                for number in [0, 1] {
                    field(2, &span(of_resource + of_scope + number), &mut scope);
                }
                field(3, b"https://scope", &mut scope);
                field(scopes, &scope, &mut resource);
            }
            field(3, b"https://resource", &mut resource);
            field(1, &resource, &mut out);
        }
        out
    }

    fn left(message: &[u8], stays: &mut Stays<'_>) -> Vec<u8> {
        let mut found = Vec::new();
        let cut = cut(message, stays).unwrap().unwrap_or_default();
        walk(&cut, |span| found.push(span.key.span.0[0])).unwrap();
        found
    }

    #[test]
    fn what_does_not_stay_is_gone_and_the_rest_is_as_it_was() {
        for scopes in [2, OLD_SCOPES] {
            let message = message(scopes);
            assert_eq!(left(&message, &mut |number, _| number >= 3), [3, 4, 5, 6, 7]);
            assert_eq!(left(&message, &mut |_, key| key.span.0[0] == 5), [5]);
            assert_eq!(left(&message, &mut |_, _| false), [0_u8; 0]);
            assert_eq!(cut(&message, &mut |_, _| false).unwrap(), None);
            assert_eq!(cut(&message, &mut |_, _| true).unwrap().unwrap(), message);
        }
        let cut = cut(&message(2), &mut |number, _| number == 6).unwrap().unwrap();
        let has = |text: &[u8]| cut.windows(text.len()).filter(|window| *window == text).count();
        assert_eq!((has(b"https://scope"), has(b"https://resource")), (1, 1));
    }
}
