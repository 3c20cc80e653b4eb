//! Parts of a request of which little is kept, but which the Collector reads and may refuse.

use super::wire::{WireReader, WireTag};
use crate::receiver::decode::span::Decoded;

/// Attribute values that may be in each other, counted as the Collector counts them: values, lists and pairs alike.
const DEEPEST: u32 = 100;

/// Calls `known` for every field of a message; what it does not know is skipped.
#[inline]
pub(super) fn fields<'a>(
    mut message: WireReader<'a>,
    mut known: impl FnMut(&mut WireReader<'a>, WireTag) -> Decoded<bool>,
) -> Decoded<()> {
    while !message.is_at_end() {
        let tag = message.tag()?;
        if !known(&mut message, tag)? {
            message.skip(tag)?;
        }
    }
    Ok(())
}

/// A resource. Gives its service name where `service` has none: the first attribute of that name counts.
pub(super) fn resource<'a>(resource: WireReader<'a>, service: &mut Option<&'a [u8]>) -> Decoded<()> {
    fields(resource, |inside, tag| {
        match tag.number {
            1 => {
                let (key, text) = attribute(inside.message(tag)?)?;
                if key == b"service.name" && service.is_none() {
                    *service = Some(text.unwrap_or_default());
                }
            }
            2 => drop(inside.varint(tag)?),
            3 => entity(inside.message(tag)?)?,
            _ => return Ok(false),
        }
        Ok(true)
    })
}

fn entity(entity: WireReader<'_>) -> Decoded<()> {
    fields(entity, |inside, tag| match tag.number {
        1..=4 => inside.text(tag).map(|_| true),
        _ => Ok(false),
    })
}

/// The scope of spans.
pub(super) fn scope(scope: WireReader<'_>) -> Decoded<()> {
    fields(scope, |inside, tag| {
        match tag.number {
            1 | 2 => drop(inside.text(tag)?),
            3 => drop(attribute(inside.message(tag)?)?),
            4 => drop(inside.varint(tag)?),
            _ => return Ok(false),
        }
        Ok(true)
    })
}

/// An event of a span.
pub(super) fn event(event: WireReader<'_>) -> Decoded<()> {
    fields(event, |inside, tag| {
        match tag.number {
            1 => drop(inside.fixed64(tag)?),
            2 => drop(inside.text(tag)?),
            3 => drop(attribute(inside.message(tag)?)?),
            4 => drop(inside.varint(tag)?),
            _ => return Ok(false),
        }
        Ok(true)
    })
}

/// A link of a span.
pub(super) fn link(link: WireReader<'_>) -> Decoded<()> {
    fields(link, |inside, tag| {
        match tag.number {
            1 => drop(inside.id::<16>(tag, "trace_id of a link is not 16 bytes long")?),
            2 => drop(inside.id::<8>(tag, "span_id of a link is not 8 bytes long")?),
            3 => drop(inside.text(tag)?),
            4 => drop(attribute(inside.message(tag)?)?),
            5 => drop(inside.varint(tag)?),
            6 => inside.fixed32(tag)?,
            _ => return Ok(false),
        }
        Ok(true)
    })
}

/// The status of a span.
pub(super) fn status(status: WireReader<'_>) -> Decoded<()> {
    fields(status, |inside, tag| {
        match tag.number {
            2 => drop(inside.text(tag)?),
            3 => drop(inside.varint(tag)?),
            _ => return Ok(false),
        }
        Ok(true)
    })
}

/// An attribute: its key, and its value if that is text.
#[inline]
pub(super) fn attribute(attribute: WireReader<'_>) -> Decoded<(&[u8], Option<&[u8]>)> {
    if let Some(plain) = plain_attribute(attribute.rest()) { Ok(plain) } else { pair(attribute, 0) }
}

/// An attribute as nearly all are: a key and then a value of one field, each shorter than 128 bytes. `None` for any other.
#[inline]
fn plain_attribute(attribute: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let (&[0x0a, length @ ..0x80], rest) = attribute.split_first_chunk()? else { return None };
    let (key, rest) = rest.split_at_checked(length.into())?;
    let (&[0x12, length @ ..0x80], value) = rest.split_first_chunk()? else { return None };
    if value.len() != usize::from(length) {
        return None;
    }
    match value {
        [0x0a, length @ ..0x80, text @ ..] if text.len() == usize::from(*length) => Some((key, Some(text))),
        [0x10 | 0x18, ..0x80] | [0x18, (0x80..), ..0x80] | [0x21, _, _, _, _, _, _, _, _] => {
            Some((key, None))
        }
        _ => None,
    }
}

fn pair(pair: WireReader<'_>, depth: u32) -> Decoded<(&[u8], Option<&[u8]>)> {
    let (mut key, mut text): (&[u8], Option<&[u8]>) = (&[], None);
    shallow(&pair, depth)?;
    fields(pair, |inside, tag| {
        match tag.number {
            1 => key = inside.text(tag)?,
            2 => value(inside.message(tag)?, depth + 1, &mut text)?,
            3 => drop(inside.varint(tag)?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok((key, text))
}

/// A value; of what it says more than once the last counts.
fn value<'a>(value: WireReader<'a>, depth: u32, text: &mut Option<&'a [u8]>) -> Decoded<()> {
    shallow(&value, depth)?;
    fields(value, |inside, tag| {
        let found = match tag.number {
            1 => Some(inside.text(tag)?),
            2 | 3 | 8 => inside.varint(tag).map(|_| None)?,
            4 => inside.fixed64(tag).map(|_| None)?,
            5 => list(inside.message(tag)?, depth + 1, false).map(|()| None)?,
            6 => list(inside.message(tag)?, depth + 1, true).map(|()| None)?,
            7 => inside.text(tag).map(|_| None)?,
            _ => return Ok(false),
        };
        *text = found;
        Ok(true)
    })
}

/// A list of values or of pairs.
fn list(list: WireReader<'_>, depth: u32, of_pairs: bool) -> Decoded<()> {
    shallow(&list, depth)?;
    fields(list, |inside, tag| match tag.number {
        1 => {
            let item = inside.message(tag)?;
            if of_pairs {
                pair(item, depth + 1)?;
            } else {
                value(item, depth + 1, &mut None)?;
            }
            Ok(true)
        }
        _ => Ok(false),
    })
}

fn shallow(at: &WireReader<'_>, depth: u32) -> Decoded<()> {
    if depth < DEEPEST { Ok(()) } else { Err(at.fault("attribute values are nested too deep")) }
}
