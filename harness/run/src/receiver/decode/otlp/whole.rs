//! Reads some spans of a message whole, attributes and all: those whose traces somebody asks for.

use spanfate_model::finding::canary::sent::{CanarySpan, CanaryValue, CanaryValues};
use spanfate_model::quantity::id::{SpanId, TraceId};

use super::parts::fields;
use super::wire::WireReader;
use crate::receiver::decode::span::Decoded;

/// Calls `each` for every wanted span. The message was read before, so it is in order.
pub(crate) fn walk(
    message: &[u8],
    wanted: impl Fn(TraceId) -> bool,
    mut each: impl FnMut(CanarySpan),
) -> Decoded<()> {
    fields(WireReader::new(message), |request, tag| {
        if tag.number != 1 {
            return Ok(false);
        }
        resource_spans(request.message(tag)?, &wanted, &mut each)?;
        Ok(true)
    })
}

fn resource_spans(
    message: WireReader<'_>,
    wanted: &impl Fn(TraceId) -> bool,
    each: &mut impl FnMut(CanarySpan),
) -> Decoded<()> {
    let mut found = Vec::new();
    let mut resource = CanaryValues::new();
    fields(message, |inside, tag| {
        match tag.number {
            1 => attributes(inside.message(tag)?, 1, &mut resource)?,
            2 => scope_spans(inside.message(tag)?, wanted, &mut found)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    for span in found {
        each(CanarySpan { resource: resource.clone(), ..span });
    }
    Ok(())
}

fn scope_spans(
    message: WireReader<'_>,
    wanted: &impl Fn(TraceId) -> bool,
    found: &mut Vec<CanarySpan>,
) -> Decoded<()> {
    fields(message, |inside, tag| {
        if tag.number != 2 {
            return Ok(false);
        }
        let span = inside.message(tag)?;
        if wanted(trace_of(span)?) {
            found.push(whole(span)?);
        }
        Ok(true)
    })
}

fn trace_of(span: WireReader<'_>) -> Decoded<TraceId> {
    let mut trace = TraceId::default();
    fields(span, |inside, tag| {
        if tag.number != 1 {
            return Ok(false);
        }
        trace = TraceId(inside.id(tag, "trace_id is not 16 bytes long")?);
        Ok(true)
    })?;
    Ok(trace)
}

fn whole(span: WireReader<'_>) -> Decoded<CanarySpan> {
    let mut out = CanarySpan::default();
    fields(span, |inside, tag| {
        match tag.number {
            1 => out.trace = TraceId(inside.id(tag, "trace_id is not 16 bytes long")?),
            2 => out.span = SpanId(inside.id(tag, "span_id is not 8 bytes long")?),
            4 => out.parent = SpanId(inside.id(tag, "parent_span_id is not 8 bytes long")?),
            5 => out.name = text(inside.text(tag)?),
            6 => out.kind = u8::try_from(inside.varint(tag)? as u32).unwrap_or(0),
            7 => out.start = inside.fixed64(tag)?,
            8 => out.end = inside.fixed64(tag)?,
            9 => attribute(inside.message(tag)?, &mut out.attributes)?,
            15 => status(inside.message(tag)?, &mut out)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(out)
}

fn status(message: WireReader<'_>, out: &mut CanarySpan) -> Decoded<()> {
    fields(message, |inside, tag| {
        match tag.number {
            2 => out.message = text(inside.text(tag)?),
            3 => out.status = u8::try_from(inside.varint(tag)? as u32).unwrap_or(0),
            _ => return Ok(false),
        }
        Ok(true)
    })
}

/// The attributes of a message, which stand in the field with that number.
fn attributes(message: WireReader<'_>, number: i32, out: &mut CanaryValues) -> Decoded<()> {
    fields(message, |inside, tag| {
        if tag.number != number {
            return Ok(false);
        }
        attribute(inside.message(tag)?, out)?;
        Ok(true)
    })
}

fn attribute(pair: WireReader<'_>, out: &mut CanaryValues) -> Decoded<()> {
    let (mut key, mut value) = (String::new(), None);
    fields(pair, |inside, tag| {
        match tag.number {
            1 => key = text(inside.text(tag)?),
            2 => value = any_value(inside.message(tag)?)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    // The first attribute of a name counts.
    out.entry(key).or_insert(value);
    Ok(())
}

fn any_value(value: WireReader<'_>) -> Decoded<Option<CanaryValue>> {
    let mut out = None;
    fields(value, |inside, tag| {
        out = match tag.number {
            1 => Some(CanaryValue::Text(text(inside.text(tag)?))),
            2 => Some(CanaryValue::Bool(inside.varint(tag)? != 0)),
            3 => Some(CanaryValue::Int(inside.varint(tag)?.cast_signed())),
            4 => Some(CanaryValue::Double(f64::from_bits(inside.fixed64(tag)?))),
            _ => return Ok(false),
        };
        Ok(true)
    })?;
    Ok(out)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
