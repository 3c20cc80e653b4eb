//! A span.

use spanfate_model::finding::diff::DiffField;

use super::cursor::WireText;
use super::parts::{attribute, event};
use crate::intake::window::ReadPiece;
use crate::rules::FieldSet;
use crate::span::draft::{DraftSpan, put_link};
use crate::span::values::{close, open, put};

/// Reads a span. What is not compared is passed over.
pub(super) fn span(mut text: WireText<'_>, draft: &mut DraftSpan, fields: FieldSet) -> ReadPiece<()> {
    let whole = text;
    while let Some(tag) = text.field()? {
        match tag.number {
            1 => draft.trace = text.id(tag, "trace_id is not 16 bytes long")?,
            2 => draft.span = text.id(tag, "span_id is not 8 bytes long")?,
            3 if fields.has(DiffField::TraceState) => set(&mut draft.state, text.text(tag)?),
            4 => draft.parent = text.id(tag, "parent_span_id is not 8 bytes long")?,
            5 => set(&mut draft.name, text.text(tag)?),
            6 => draft.kind = u8::try_from(text.varint(tag)?).or_else(|_| tag.wrong("the kind is none"))?,
            7 => draft.start = text.fixed64(tag)?,
            8 => draft.end = text.fixed64(tag)?,
            9 if fields.has(DiffField::Attributes) => attribute(text.message(tag)?, &mut draft.attributes)?,
            11 if fields.has(DiffField::Events) => {
                event(text.message(tag)?, &mut draft.events, fields.has(DiffField::Dropped))?;
            }
            13 if fields.has(DiffField::Links) => link(text.message(tag)?, &mut draft.links, fields)?,
            10 | 12 | 14 if fields.has(DiffField::Dropped) => {
                draft.dropped[(tag.number as usize - 10) / 2] = text.varint(tag)? as u32;
            }
            15 if fields.has(DiffField::Status) => status(text.message(tag)?, draft)?,
            16 if fields.has(DiffField::Flags) => draft.flags = text.fixed32(tag)?,
            _ => text.skip(tag)?,
        }
    }
    if draft.trace == [0; 16] {
        return whole.wrong("trace_id is empty");
    }
    if draft.span == [0; 8] {
        return whole.wrong("span_id is empty");
    }
    Ok(())
}

fn set(to: &mut Vec<u8>, text: &[u8]) {
    to.clear();
    to.extend_from_slice(text);
}

fn status(mut text: WireText<'_>, draft: &mut DraftSpan) -> ReadPiece<()> {
    while let Some(tag) = text.field()? {
        match tag.number {
            2 => set(&mut draft.message, text.text(tag)?),
            3 => {
                draft.status =
                    u8::try_from(text.varint(tag)?).or_else(|_| tag.wrong("the status is none"))?;
            }
            _ => text.skip(tag)?,
        }
    }
    Ok(())
}

fn link(mut text: WireText<'_>, out: &mut Vec<u8>, fields: FieldSet) -> ReadPiece<()> {
    let details = fields.has(DiffField::LinkDetails);
    let (mut trace, mut span, mut state): ([u8; 16], [u8; 8], &[u8]) = ([0; 16], [0; 8], &[]);
    let (mut dropped, mut flags) = (0, 0);
    let mut attributes = text;
    while let Some(tag) = text.field()? {
        match tag.number {
            1 => trace = text.id(tag, "trace_id of a link is not 16 bytes long")?,
            2 => span = text.id(tag, "span_id of a link is not 8 bytes long")?,
            3 if details => state = text.text(tag)?,
            5 if details => dropped = text.varint(tag)? as u32,
            6 if details => flags = text.fixed32(tag)?,
            _ => text.skip(tag)?,
        }
    }
    let from = open(out);
    put_link(out, trace, span, flags, dropped);
    put(out, state);
    while let Some(tag) = attributes.field()? {
        match tag.number {
            4 if details => attribute(attributes.message(tag)?, out)?,
            _ => attributes.skip(tag)?,
        }
    }
    close(out, from);
    Ok(())
}
