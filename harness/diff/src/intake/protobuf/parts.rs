//! Resources, scopes, and attributes with their values.

use super::cursor::WireText;
use crate::intake::window::ReadPiece;
use crate::span::origins::DraftOrigin;
use crate::span::values::{AnyValue, close, open, open_nested, put, put_value};

/// Attribute values that may be in each other.
const DEEPEST: u32 = 100;

/// A resource.
pub(super) fn resource(mut text: WireText<'_>, out: &mut DraftOrigin) -> ReadPiece<()> {
    while let Some(tag) = text.field()? {
        match tag.number {
            1 => attribute(text.message(tag)?, &mut out.attributes)?,
            2 => out.dropped = text.varint(tag)? as u32,
            _ => text.skip(tag)?,
        }
    }
    Ok(())
}

/// A scope.
pub(super) fn scope(mut text: WireText<'_>, out: &mut DraftOrigin) -> ReadPiece<()> {
    while let Some(tag) = text.field()? {
        match tag.number {
            1 | 2 => {
                let to = if tag.number == 1 { &mut out.name } else { &mut out.version };
                to.clear();
                to.extend_from_slice(text.text(tag)?);
            }
            3 => attribute(text.message(tag)?, &mut out.attributes)?,
            4 => out.dropped = text.varint(tag)? as u32,
            _ => text.skip(tag)?,
        }
    }
    Ok(())
}

/// Appends an attribute.
#[inline]
pub(super) fn attribute(text: WireText<'_>, out: &mut Vec<u8>) -> ReadPiece<()> {
    pair(text, out, 0)
}

/// A key and a value; of each that comes twice the last counts.
fn pair(mut text: WireText<'_>, out: &mut Vec<u8>, depth: u32) -> ReadPiece<()> {
    let (mut key, mut found): (&[u8], Option<WireText<'_>>) = (&[], None);
    while let Some(tag) = text.field()? {
        match tag.number {
            1 => key = text.text(tag)?,
            2 => found = Some(text.message(tag)?),
            _ => text.skip(tag)?,
        }
    }
    put(out, key);
    if let Some(found) = found {
        return value(found, out, depth);
    }
    put_value(out, AnyValue::Empty);
    Ok(())
}

fn value(mut text: WireText<'_>, out: &mut Vec<u8>, depth: u32) -> ReadPiece<()> {
    if depth >= DEEPEST {
        return text.wrong("attribute values are nested too deep");
    }
    let begin = out.len();
    put_value(out, AnyValue::Empty);
    while let Some(tag) = text.field()? {
        if !(1..=7).contains(&tag.number) {
            text.skip(tag)?;
            continue;
        }
        out.truncate(begin);
        match tag.number {
            1 => put_value(out, AnyValue::Text(text.text(tag)?)),
            2 => put_value(out, AnyValue::Bool(text.varint(tag)? != 0)),
            3 => put_value(out, AnyValue::Int(text.varint(tag)?.cast_signed())),
            4 => put_value(out, AnyValue::Double(f64::from_bits(text.fixed64(tag)?))),
            7 => put_value(out, AnyValue::Bytes(text.text(tag)?)),
            number => {
                let from = open_nested(out, number == 6);
                list(text.message(tag)?, out, depth + 1, number == 6)?;
                close(out, from);
            }
        }
    }
    Ok(())
}

fn list(mut text: WireText<'_>, out: &mut Vec<u8>, depth: u32, of_pairs: bool) -> ReadPiece<()> {
    while let Some(tag) = text.field()? {
        match tag.number {
            1 if of_pairs => pair(text.message(tag)?, out, depth)?,
            1 => value(text.message(tag)?, out, depth)?,
            _ => text.skip(tag)?,
        }
    }
    Ok(())
}

/// An event, behind its length.
pub(super) fn event(mut text: WireText<'_>, out: &mut Vec<u8>, dropped: bool) -> ReadPiece<()> {
    let from = open(out);
    let (mut time, mut count, mut name): (u64, u32, &[u8]) = (0, 0, &[]);
    let mut attributes = text;
    while let Some(tag) = text.field()? {
        match tag.number {
            1 => time = text.fixed64(tag)?,
            2 => name = text.text(tag)?,
            3 => {
                text.message(tag)?;
            }
            4 => count = text.varint(tag)? as u32,
            _ => text.skip(tag)?,
        }
    }
    out.extend_from_slice(&time.to_le_bytes());
    out.extend_from_slice(&(if dropped { count } else { 0 }).to_le_bytes());
    put(out, name);
    while let Some(tag) = attributes.field()? {
        match tag.number {
            3 => attribute(attributes.message(tag)?, out)?,
            _ => attributes.skip(tag)?,
        }
    }
    close(out, from);
    Ok(())
}
