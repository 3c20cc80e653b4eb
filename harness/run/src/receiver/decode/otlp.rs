//! Walks an `ExportTraceServiceRequest` in protobuf's wire format, in place: nothing is decoded into objects, because a few
//! megabytes of empty spans would become hundreds of them. What the Collector refuses is refused, also in parts that are not kept.

use spanfate_model::quantity::id::{SpanId, SpanKey, TraceId};

use self::parts::fields;
use self::wire::WireReader;
use super::span::{Decoded, Span};

pub(crate) mod cut;
mod parts;
pub(crate) mod whole;
mod wire;

/// Scopes by their older name, `instrumentation_library_spans`; they count where there are no others.
const OLD_SCOPES: i32 = 1000;

/// Counts the spans of a message without looking into them.
pub(crate) fn count(message: &[u8]) -> Decoded<u32> {
    let mut spans = 0;
    fields(WireReader::new(message), |request, tag| {
        if tag.number != 1 {
            return Ok(false);
        }
        let (mut new, mut old) = (None, 0);
        fields(request.message(tag)?, |resource, tag| {
            match tag.number {
                2 => *new.get_or_insert(0) += spans_in(resource.message(tag)?)?,
                OLD_SCOPES => old += spans_in(resource.message(tag)?)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        spans += new.unwrap_or(old);
        Ok(true)
    })?;
    Ok(spans)
}

fn spans_in(scope: WireReader<'_>) -> Decoded<u32> {
    let mut spans = 0;
    fields(scope, |_, tag| {
        spans += u32::from(tag.number == 2);
        Ok(false)
    })?;
    Ok(spans)
}

/// Calls `each` for every span of the message, until a malformed one.
pub(crate) fn walk(message: &[u8], mut each: impl FnMut(&Span<'_>)) -> Decoded<()> {
    fields(WireReader::new(message), |request, tag| {
        if tag.number != 1 {
            return Ok(false);
        }
        resource_spans(request.message(tag)?, &mut each)?;
        Ok(true)
    })
}

/// How many spans an `ExportTraceServiceResponse` says were rejected.
pub(crate) fn rejected(response: &[u8]) -> Decoded<u64> {
    let mut rejected = 0;
    fields(WireReader::new(response), |response, tag| {
        if tag.number != 1 {
            return Ok(false);
        }
        fields(response.message(tag)?, |partial_success, tag| {
            if tag.number != 1 {
                return Ok(false);
            }
            rejected = partial_success.varint(tag)?;
            Ok(true)
        })?;
        Ok(true)
    })?;
    Ok(rejected)
}

fn resource_spans(message: WireReader<'_>, each: &mut impl FnMut(&Span<'_>)) -> Decoded<()> {
    // Fields may come in any order, and every span needs the service, so it is looked for first.
    let (mut service, mut new) = (None, false);
    fields(message, |inside, tag| {
        match tag.number {
            1 => parts::resource(inside.message(tag)?, &mut service)?,
            2 => {
                inside.message(tag)?;
                new = true;
            }
            3 => drop(inside.text(tag)?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let service = service.unwrap_or_default();
    fields(message, |inside, tag| {
        match tag.number {
            2 => scope_spans(inside.message(tag)?, service, each)?,
            // Read, too: what is wrong in it makes the message invalid.
            OLD_SCOPES if new => scope_spans(inside.message(tag)?, service, &mut |_: &Span<'_>| ())?,
            OLD_SCOPES => scope_spans(inside.message(tag)?, service, each)?,
            _ => return Ok(false),
        }
        Ok(true)
    })
}

fn scope_spans(message: WireReader<'_>, service: &[u8], each: &mut impl FnMut(&Span<'_>)) -> Decoded<()> {
    fields(message, |inside, tag| {
        match tag.number {
            1 => parts::scope(inside.message(tag)?)?,
            2 => each(&span(inside.message(tag)?, service)?),
            3 => drop(inside.text(tag)?),
            _ => return Ok(false),
        }
        Ok(true)
    })
}

fn span<'a>(message: WireReader<'a>, service: &'a [u8]) -> Decoded<Span<'a>> {
    let mut out = Span {
        key: SpanKey::default(),
        parent: SpanId::default(),
        name: &[],
        service,
        kind: 0,
        start_wall: 0,
        end_wall: 0,
    };
    fields(message, |inside, tag| {
        match tag.number {
            1 => out.key.trace = TraceId(inside.id(tag, "trace_id is not 16 bytes long")?),
            2 => out.key.span = SpanId(inside.id(tag, "span_id is not 8 bytes long")?),
            3 => drop(inside.text(tag)?),
            4 => out.parent = SpanId(inside.id(tag, "parent_span_id is not 8 bytes long")?),
            5 => out.name = inside.text(tag)?,
            // An enum is an int32: what is above its 32 bits is cut off.
            6 => out.kind = u8::try_from(inside.varint(tag)? as u32).unwrap_or(0),
            7 => out.start_wall = inside.fixed64(tag)?,
            8 => out.end_wall = inside.fixed64(tag)?,
            9 => drop(parts::attribute(inside.message(tag)?)?),
            10 | 12 | 14 => drop(inside.varint(tag)?),
            11 => parts::event(inside.message(tag)?)?,
            13 => parts::link(inside.message(tag)?)?,
            15 => parts::status(inside.message(tag)?)?,
            16 => inside.fixed32(tag)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(out)
}
