//! A span of OTLP in JSON.

use spanfate_model::finding::diff::DiffField;

use crate::intake::json::{JsonText, KeyOrder, KeyPlace, Leniency};
use crate::intake::window::ReadPiece;
use crate::rules::FieldSet;
use crate::span::draft::{DraftSpan, put_link};
use crate::span::values::{close, open, put};

/// The kinds of a span by name, in the order of their numbers.
const KINDS: [&[u8]; 6] = [
    b"SPAN_KIND_UNSPECIFIED",
    b"SPAN_KIND_INTERNAL",
    b"SPAN_KIND_SERVER",
    b"SPAN_KIND_CLIENT",
    b"SPAN_KIND_PRODUCER",
    b"SPAN_KIND_CONSUMER",
];

/// The codes of a status, likewise.
const CODES: [&[u8]; 3] = [b"STATUS_CODE_UNSET", b"STATUS_CODE_OK", b"STATUS_CODE_ERROR"];

/// A span. What is not compared is passed over.
pub(super) fn span(
    json: &mut JsonText<'_>,
    draft: &mut DraftSpan,
    fields: FieldSet,
    lenient: &mut Leniency,
    keys: &mut KeyOrder,
) -> ReadPiece<()> {
    json.object()?;
    let (mut place, mut seen) = (KeyPlace::BEGIN, 0);
    while let Some(bit) = json.numbered_key(&mut place, keys, number_of)? {
        if bit == 0 {
            json.skip()?;
            continue;
        }
        json.once(&mut seen, 1 << bit, "a key of a span comes twice")?;
        match bit {
            TRACE => draft.trace = json.id(false, lenient)?,
            SPAN => draft.span = json.id(false, lenient)?,
            PARENT => {
                if let Some(parent) = json.id_or_none(false, lenient)? {
                    draft.parent = parent;
                }
            }
            START => draft.start = json.unsigned()?,
            END => draft.end = json.unsigned()?,
            KIND => draft.kind = json.number_or_name(&KINDS, lenient)?,
            _ if json.null()? => {}
            NAME => json.text(&mut draft.name)?,
            STATE if fields.has(DiffField::TraceState) => json.text(&mut draft.state)?,
            FLAGS if fields.has(DiffField::Flags) => draft.flags = json.unsigned32()?,
            ATTRIBUTES if fields.has(DiffField::Attributes) => json.attributes(&mut draft.attributes)?,
            EVENTS if fields.has(DiffField::Events) => events(json, &mut draft.events, fields)?,
            LINKS if fields.has(DiffField::Links) => links(json, &mut draft.links, fields, lenient)?,
            STATUS if fields.has(DiffField::Status) => status(json, draft, lenient)?,
            DROPPED..=DROPPED_LINKS if fields.has(DiffField::Dropped) => {
                draft.dropped[(bit - DROPPED) as usize] = json.unsigned32()?;
            }
            _ => json.skip()?,
        }
    }
    if seen & (1 << TRACE) == 0 || seen & (1 << SPAN) == 0 {
        return json.wrong("a span has no `traceId` or no `spanId`");
    }
    Ok(())
}

const TRACE: u32 = 1;
const SPAN: u32 = 2;
const PARENT: u32 = 3;
const START: u32 = 4;
const END: u32 = 5;
const KIND: u32 = 6;
const NAME: u32 = 7;
const STATE: u32 = 8;
const FLAGS: u32 = 9;
const ATTRIBUTES: u32 = 10;
const EVENTS: u32 = 11;
const LINKS: u32 = 12;
const STATUS: u32 = 13;
const DROPPED: u32 = 14;
const DROPPED_EVENTS: u32 = 15;
const DROPPED_LINKS: u32 = 16;

/// A number for each key of a span, 0 for what is none.
#[inline]
fn number_of(key: &[u8]) -> u32 {
    match key {
        b"traceId" | b"trace_id" => TRACE,
        b"spanId" | b"span_id" => SPAN,
        b"parentSpanId" | b"parent_span_id" => PARENT,
        b"startTimeUnixNano" | b"start_time_unix_nano" => START,
        b"endTimeUnixNano" | b"end_time_unix_nano" => END,
        b"kind" => KIND,
        b"name" => NAME,
        b"traceState" | b"trace_state" => STATE,
        b"flags" => FLAGS,
        b"attributes" => ATTRIBUTES,
        b"events" => EVENTS,
        b"links" => LINKS,
        b"status" => STATUS,
        b"droppedAttributesCount" | b"dropped_attributes_count" => DROPPED,
        b"droppedEventsCount" | b"dropped_events_count" => DROPPED_EVENTS,
        b"droppedLinksCount" | b"dropped_links_count" => DROPPED_LINKS,
        _ => 0,
    }
}

fn status(json: &mut JsonText<'_>, draft: &mut DraftSpan, lenient: &mut Leniency) -> ReadPiece<()> {
    json.object()?;
    let (mut first, mut seen) = (true, 0);
    while let Some(key) = json.key(&mut first)? {
        let bit = match key {
            b"message" => 1,
            b"code" => 2,
            _ => 0,
        };
        json.once(&mut seen, bit, "a key of a status comes twice")?;
        match bit {
            1 if json.null()? => {}
            1 => json.text(&mut draft.message)?,
            2 => draft.status = json.number_or_name(&CODES, lenient)?,
            _ => json.skip()?,
        }
    }
    Ok(())
}

fn events(json: &mut JsonText<'_>, out: &mut Vec<u8>, fields: FieldSet) -> ReadPiece<()> {
    json.list()?;
    let mut first = true;
    let (mut name, mut attributes) = (Vec::new(), Vec::new());
    while json.more(&mut first)? {
        json.object()?;
        name.clear();
        attributes.clear();
        let (mut time, mut dropped) = (0_u64, 0_u32);
        let (mut first, mut seen) = (true, 0);
        while let Some(key) = json.key(&mut first)? {
            let bit = match key {
                b"timeUnixNano" | b"time_unix_nano" => 1,
                b"name" => 2,
                b"attributes" => 4,
                b"droppedAttributesCount" | b"dropped_attributes_count" => 8,
                _ => 0,
            };
            json.once(&mut seen, bit, "a key of an event comes twice")?;
            match bit {
                1 => time = json.unsigned()?,
                2 if json.null()? => {}
                2 => json.text(&mut name)?,
                4 => json.attributes(&mut attributes)?,
                8 if fields.has(DiffField::Dropped) => dropped = json.unsigned32()?,
                _ => json.skip()?,
            }
        }
        let from = open(out);
        out.extend_from_slice(&time.to_le_bytes());
        out.extend_from_slice(&dropped.to_le_bytes());
        put(out, &name);
        out.extend_from_slice(&attributes);
        close(out, from);
    }
    Ok(())
}

fn links(
    json: &mut JsonText<'_>,
    out: &mut Vec<u8>,
    fields: FieldSet,
    lenient: &mut Leniency,
) -> ReadPiece<()> {
    json.list()?;
    let mut first = true;
    let (mut state, mut attributes) = (Vec::new(), Vec::new());
    let details = fields.has(DiffField::LinkDetails);
    while json.more(&mut first)? {
        json.object()?;
        state.clear();
        attributes.clear();
        let (mut trace, mut span, mut dropped, mut flags) = ([0; 16], [0; 8], 0, 0);
        let (mut first, mut seen) = (true, 0);
        while let Some(key) = json.key(&mut first)? {
            let bit = match key {
                b"traceId" | b"trace_id" => 1,
                b"spanId" | b"span_id" => 2,
                b"traceState" | b"trace_state" => 4,
                b"attributes" => 8,
                b"droppedAttributesCount" | b"dropped_attributes_count" => 16,
                b"flags" => 32,
                _ => 0,
            };
            json.once(&mut seen, bit, "a key of a link comes twice")?;
            match bit {
                1 => trace = json.id_or_none(false, lenient)?.unwrap_or_default(),
                2 => span = json.id_or_none(false, lenient)?.unwrap_or_default(),
                4 if json.null()? => {}
                4 if details => json.text(&mut state)?,
                8 if details => json.attributes(&mut attributes)?,
                16 if details => dropped = json.unsigned32()?,
                32 if details => flags = json.unsigned32()?,
                _ => json.skip()?,
            }
        }
        let from = open(out);
        put_link(out, trace, span, flags, dropped);
        put(out, &state);
        out.extend_from_slice(&attributes);
        close(out, from);
    }
    Ok(())
}
