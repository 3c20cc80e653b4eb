//! Walks an `ExportTraceServiceRequest` in OTLP/JSON as a stream. No tree is built, because a few megabytes of empty
//! objects would become hundreds of them.
//!
//! It takes and refuses what the Collector takes and refuses: keys in lowerCamelCase and as in the `.proto` file, ids in
//! hexadecimal, whole numbers as numbers or in strings, enums as numbers or by name, `null` for objects, lists and text; unknown
//! fields are skipped. What is not kept is read all the same.

use std::borrow::Cow;

use spanfate_model::quantity::id::{SpanId, SpanKey, TraceId};

use self::cursor::JsonCursor;
use super::span::{Decoded, Span};

mod cursor;
mod keys;
mod number;
mod parts;
mod skip;
mod value;

/// Counts the spans of a message.
pub(in crate::receiver) fn count(message: &[u8]) -> Decoded<u32> {
    let mut spans = 0;
    request(message, false, &mut |_| spans += 1)?;
    Ok(spans)
}

/// Calls `each` for every span of the message, until a malformed one.
pub(in crate::receiver) fn walk(message: &[u8], mut each: impl FnMut(&Span<'_>)) -> Decoded<()> {
    request(message, true, &mut each)
}

/// Reads a message; `named` says whether spans need the name of their service.
fn request(message: &[u8], named: bool, each: &mut impl FnMut(&Span<'_>)) -> Decoded<()> {
    let mut cursor = JsonCursor::new(message);
    loop {
        match cursor.key()? {
            [] => break,
            b"resourceSpans" | b"resource_spans" => {
                while cursor.more()? {
                    resource_spans(&mut cursor, named, each)?;
                }
            }
            _ => cursor.skip()?,
        }
    }
    Ok(())
}

/// An element of `resourceSpans`. Where spans come before the name of their service, they are read once more behind it.
fn resource_spans(cursor: &mut JsonCursor<'_>, named: bool, each: &mut impl FnMut(&Span<'_>)) -> Decoded<()> {
    let (mut service, mut early) = (None, Vec::new());
    loop {
        match cursor.key()? {
            [] => break,
            b"resource" => cursor.resource(&mut service)?,
            b"scopeSpans" | b"scope_spans" if named && (service.is_none() || !early.is_empty()) => {
                early.push(cursor.at);
                scope_spans(cursor, &[], &mut |_| ())?;
            }
            b"scopeSpans" | b"scope_spans" => {
                scope_spans(cursor, service.as_deref().unwrap_or_default(), each)?;
            }
            b"schemaUrl" | b"schema_url" => cursor.pass_text()?,
            // The older name of scopes; in JSON they are read and not taken.
            b"deprecatedScopeSpans" | b"deprecated_scope_spans" => scope_spans(cursor, &[], &mut |_| ())?,
            _ => cursor.skip()?,
        }
    }
    let end = cursor.at;
    for at in early {
        cursor.at = at;
        scope_spans(cursor, service.as_deref().unwrap_or_default(), each)?;
    }
    cursor.at = end;
    Ok(())
}

fn scope_spans(cursor: &mut JsonCursor<'_>, service: &[u8], each: &mut impl FnMut(&Span<'_>)) -> Decoded<()> {
    while cursor.more()? {
        loop {
            match cursor.key()? {
                [] => break,
                b"scope" => cursor.scope()?,
                b"spans" => {
                    while cursor.more()? {
                        span(cursor, service, each)?;
                    }
                }
                b"schemaUrl" | b"schema_url" => cursor.pass_text()?,
                _ => cursor.skip()?,
            }
        }
    }
    Ok(())
}

fn span(cursor: &mut JsonCursor<'_>, service: &[u8], each: &mut impl FnMut(&Span<'_>)) -> Decoded<()> {
    let (mut trace, mut id, mut parent) = ([0; 16], [0; 8], [0; 8]);
    let (mut name, mut kind, mut start_wall, mut end_wall) = (Cow::Borrowed(&[][..]), 0, 0, 0);
    loop {
        match cursor.key()? {
            [] => break,
            b"traceId" | b"trace_id" => trace = cursor.id()?,
            b"spanId" | b"span_id" => id = cursor.id()?,
            b"traceState" | b"trace_state" => cursor.pass_text()?,
            b"parentSpanId" | b"parent_span_id" => parent = cursor.id()?,
            b"name" => name = cursor.text()?,
            b"kind" => kind = cursor.kind()?,
            b"startTimeUnixNano" | b"start_time_unix_nano" => start_wall = cursor.unsigned(u64::MAX)?,
            b"endTimeUnixNano" | b"end_time_unix_nano" => end_wall = cursor.unsigned(u64::MAX)?,
            b"attributes" => cursor.attributes()?,
            b"events" => cursor.events()?,
            b"links" => cursor.links()?,
            b"status" => cursor.status()?,
            b"flags" => drop(cursor.count()?),
            b"droppedAttributesCount" | b"dropped_attributes_count" => drop(cursor.count()?),
            b"droppedEventsCount" | b"dropped_events_count" => drop(cursor.count()?),
            b"droppedLinksCount" | b"dropped_links_count" => drop(cursor.count()?),
            _ => cursor.skip()?,
        }
    }
    each(&Span {
        key: SpanKey { trace: TraceId(trace), span: SpanId(id) },
        parent: SpanId(parent),
        name: &name,
        service,
        kind,
        start_wall,
        end_wall,
    });
    Ok(())
}
