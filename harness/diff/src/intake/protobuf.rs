//! OTLP in protobuf: the field `resource_spans` again and again, in one message, or in messages that each stand behind their length.

mod cursor;
mod parts;
mod span;

use self::cursor::{BYTES, WireText};
use super::coding::{ZSTD, zstd_whole};
use super::documents;
use super::sink::Intake;
use super::window::{MOST_HELD, PieceStop, Window};
use crate::error::{DiffError, ReadStop};

/// How messages stand one after the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum MessageFraming {
    /// One message, or several of which the fields follow each other.
    None,
    /// Each behind its length as a varint.
    Varint,
    /// Each behind its length in four bytes, as the Collector's file exporter writes them; it may be JSON, or compressed.
    FourBytes,
}

/// Scopes by their older name, `instrumentation_library_spans`.
const OLD_SCOPES: u32 = 1000;

/// Where a message ends: so many bytes from the begin of the stream.
type MessageEnd = u64;

/// Reads all messages of a stream; `nested`: around each is one more, as Tempo has it.
pub(super) fn read(
    window: &mut Window<'_>,
    intake: &mut Intake<'_>,
    framing: MessageFraming,
    nested: bool,
) -> Result<(), ReadStop> {
    loop {
        if !window.ensure(1)? {
            return Ok(());
        }
        match framing {
            MessageFraming::None => request(window, intake, MessageEnd::MAX, nested)?,
            MessageFraming::Varint => {
                let length = number(window)?;
                let end = window.offset().saturating_add(length);
                request(window, intake, end, nested)?;
            }
            MessageFraming::FourBytes => framed(window, intake, nested)?,
        }
        intake.document += 1;
    }
}

fn framed(window: &mut Window<'_>, intake: &mut Intake<'_>, nested: bool) -> Result<(), ReadStop> {
    let length = window.piece(|bytes| {
        let length = bytes.first_chunk::<4>().ok_or(PieceStop::More)?;
        Ok((u32::from_be_bytes(*length), 4))
    })? as usize;
    if length == 0 {
        return Ok(());
    }
    let at = window.position();
    if !window.ensure(length.min(4))? {
        return Err(ReadStop::Truncated(window.ahead(window.rest().len())));
    }
    if window.rest().starts_with(&ZSTD) || window.rest()[0] == b'{' {
        if !window.ensure(length)? {
            return Err(ReadStop::Truncated(window.ahead(window.rest().len())));
        }
        let frame = &window.rest()[..length];
        let message = if frame.starts_with(&ZSTD) {
            zstd_whole(frame, MOST_HELD).map_err(|error| ReadStop::malformed(at, error.to_string()))?
        } else {
            frame.to_vec()
        };
        window.pass(length);
        if message.len() > MOST_HELD {
            return Err(DiffError::TooLong { at, most: MOST_HELD }.into());
        }
        let is_json = message.first() == Some(&b'{');
        let mut inside = Window::new(Box::new(&message[..]));
        // Places are those of the frame: what is in it stands nowhere else.
        let read = if is_json {
            documents::read(&mut inside, intake)
        } else {
            request(&mut inside, intake, message.len() as u64, nested)
        };
        return read.map_err(|stop| match stop {
            ReadStop::Truncated(within) => ReadStop::malformed(
                at,
                format!("the message that begins here ends too early, at its byte {}", within.byte),
            ),
            ReadStop::Failed(DiffError::Malformed { at: within, what }) => {
                ReadStop::malformed(at, format!("in the message that begins here, at its {within}: {what}"))
            }
            other @ ReadStop::Failed(_) => other,
        });
    }
    let end = window.offset() + length as u64;
    request(window, intake, end, nested)
}

/// A varint of the stream.
#[inline]
fn number(window: &mut Window<'_>) -> Result<u64, ReadStop> {
    window.piece(|bytes| {
        let mut text = WireText::new(bytes, 0);
        let number = text.open_number()?;
        Ok((number, text.at()))
    })
}

/// The next field of a message that ends there: its number and, of a message or text in it, its end. Others are passed over.
fn field(window: &mut Window<'_>, end: MessageEnd) -> Result<Option<(u32, MessageEnd)>, ReadStop> {
    loop {
        if window.offset() == end || (end == MessageEnd::MAX && !window.ensure(1)?) {
            return Ok(None);
        }
        if let Some((number, length, before)) = short_field(window.rest()) {
            let until = window.offset() + before as u64 + length;
            if until <= end {
                window.pass(before);
                return Ok(Some((number, until)));
            }
        }
        let at = window.position();
        let tag = number(window)?;
        let (field, kind) = (u32::try_from(tag >> 3).unwrap_or(0), (tag & 7) as u8);
        if field == 0 {
            return Err(ReadStop::malformed(at, "the number of a field is out of range"));
        }
        let length = match kind {
            0 => {
                number(window)?;
                0
            }
            1 => 8,
            5 => 4,
            BYTES => number(window)?,
            _ => return Err(ReadStop::malformed(at, "a field has a wire type that is unknown")),
        };
        let until = window.offset().saturating_add(length);
        if until > end || window.offset() > end {
            return Err(ReadStop::malformed(at, "a field is longer than what it is in"));
        }
        if kind == BYTES {
            return Ok(Some((field, until)));
        }
        pass(window, until)?;
    }
}

/// A field of bytes whose number and length are short, as nearly all are: both, and the bytes that they take.
#[inline]
fn short_field(first: &[u8]) -> Option<(u32, u64, usize)> {
    let (length, before) = match *first {
        [tag, length @ 0..0x80, ..] if is_short(tag) => (u64::from(length), 2),
        [tag, low, high @ 0..0x80, ..] if is_short(tag) => (u64::from(low & 0x7f) | u64::from(high) << 7, 3),
        _ => return None,
    };
    Some((u32::from(first[0] >> 3), length, before))
}

/// Whether it is the whole tag of a field of bytes.
#[inline]
const fn is_short(tag: u8) -> bool {
    tag & 7 == BYTES && tag >= 8 && tag < 0x80
}

/// Goes on to a place in the stream.
fn pass(window: &mut Window<'_>, until: MessageEnd) -> Result<(), ReadStop> {
    if window.skip(until - window.offset())? { Ok(()) } else { Err(ReadStop::Truncated(window.position())) }
}

/// Reads what stands up to there as a whole.
#[inline]
fn whole<T>(
    window: &mut Window<'_>,
    until: MessageEnd,
    read: impl FnOnce(WireText<'_>) -> Result<T, PieceStop>,
) -> Result<T, ReadStop> {
    let length = (until - window.offset()) as usize;
    if !window.ensure(length)? {
        return Err(ReadStop::Truncated(window.ahead(window.rest().len())));
    }
    match read(WireText::new(&window.rest()[..length], 0)) {
        Ok(found) => {
            window.pass(length);
            Ok(found)
        }
        Err(PieceStop::Wrong(at, what)) => Err(ReadStop::malformed(window.ahead(at), what)),
        Err(PieceStop::More) => Err(ReadStop::malformed(window.ahead(length), "a field ends too early")),
    }
}

fn request(
    window: &mut Window<'_>,
    intake: &mut Intake<'_>,
    end: MessageEnd,
    nested: bool,
) -> Result<(), ReadStop> {
    while let Some((number, until)) = field(window, end)? {
        match number {
            1 if nested => request(window, intake, until, false)?,
            1 => resource_spans(window, intake, until)?,
            _ => pass(window, until)?,
        }
    }
    Ok(())
}

fn resource_spans(window: &mut Window<'_>, intake: &mut Intake<'_>, end: MessageEnd) -> Result<(), ReadStop> {
    let place = intake.resources.begin();
    intake.resource.clear();
    while let Some((number, until)) = field(window, end)? {
        match number {
            1 => {
                let origin = &mut intake.resource;
                whole(window, until, |text| parts::resource(text, origin))?;
                intake.name_service();
            }
            2 | OLD_SCOPES => scope_spans(window, intake, until, place)?,
            3 => {
                let schema = &mut intake.resource.schema;
                whole(window, until, |text| {
                    schema.clear();
                    schema.extend_from_slice(text.rest());
                    Ok(())
                })?;
            }
            _ => pass(window, until)?,
        }
    }
    intake.settle_resource(place)?;
    Ok(intake.end_group()?)
}

fn scope_spans(
    window: &mut Window<'_>,
    intake: &mut Intake<'_>,
    end: MessageEnd,
    resource: u32,
) -> Result<(), ReadStop> {
    let place = intake.scopes.begin();
    intake.scope.clear();
    (intake.draft.resource, intake.draft.scope) = (resource, place);
    while let Some((number, until)) = field(window, end)? {
        match number {
            1 => {
                let origin = &mut intake.scope;
                whole(window, until, |text| parts::scope(text, origin))?;
            }
            2 => one_span(window, intake, until)?,
            3 => {
                let schema = &mut intake.scope.schema;
                whole(window, until, |text| {
                    schema.clear();
                    schema.extend_from_slice(text.rest());
                    Ok(())
                })?;
            }
            _ => pass(window, until)?,
        }
    }
    Ok(intake.settle_scope(place)?)
}

#[inline]
fn one_span(window: &mut Window<'_>, intake: &mut Intake<'_>, until: MessageEnd) -> Result<(), ReadStop> {
    intake.draft.at = window.offset();
    intake.draft.clear();
    let (draft, fields) = (&mut intake.draft, intake.fields);
    whole(window, until, |text| span::span(text, draft, fields))?;
    Ok(intake.put()?)
}

/// What the first bytes of a stream say: how its messages stand, and whether one more is around each. Nothing where they are no
/// protobuf.
pub(super) fn looks_like(first: &[u8]) -> Option<(MessageFraming, bool)> {
    if let [0, _, _, _, inside @ ..] = first {
        let known =
            inside.first() == Some(&0x0a) || inside.first() == Some(&b'{') || inside.starts_with(&ZSTD);
        return known.then(|| (MessageFraming::FourBytes, is_nested(inside)));
    }
    if is_request(first) {
        return Some((MessageFraming::None, is_nested(first)));
    }
    let mut text = WireText::new(first, 0);
    text.open_number().ok().filter(|length| *length > 0)?;
    let inside = text.rest();
    is_request(inside).then(|| (MessageFraming::Varint, is_nested(inside)))
}

/// Whether a message of `resource_spans`, or of such a message, may begin so.
fn is_request(first: &[u8]) -> bool {
    let Some(inside) = enter(first) else { return false };
    matches!(inside.first(), None | Some(0x0a | 0x12 | 0x1a))
}

/// What is in the first field of a message, if that has the number 1 and holds bytes.
fn enter(message: &[u8]) -> Option<&[u8]> {
    let mut text = WireText::new(message.strip_prefix(&[0x0a])?, 0);
    text.open_number().ok()?;
    Some(text.rest())
}

/// Resource, attribute and key: a key that begins with a line feed and goes on as a message is one level too few.
fn is_nested(first: &[u8]) -> bool {
    let levels = enter(first).and_then(enter).and_then(enter).and_then(enter);
    let Some(pair) = levels else { return false };
    pair.first() == Some(&0x0a)
        && enter(pair).is_some_and(|key| key.first().is_some_and(u8::is_ascii_graphic))
}
