//! JSON as a stream: keys and lists one by one, and what is small enough as a whole.

use super::json::{JsonText, Leniency};
use super::sink::Intake;
use super::window::{ReadPiece, Window};
use crate::error::ReadStop;
use crate::rules::FieldSet;
use crate::span::draft::DraftSpan;

/// A key that decides how a part of the stream is read; of a longer one only the begin, which none of these is.
pub(super) struct ShortKey([u8; 32], usize);

impl ShortKey {
    pub(super) fn get(&self) -> &[u8] {
        &self.0[..self.1]
    }
}

/// The next key of an object in the stream.
pub(super) fn key(window: &mut Window<'_>, first: &mut bool) -> Result<Option<ShortKey>, ReadStop> {
    let begun = *first;
    window.piece(|bytes| {
        let mut json = JsonText::new(bytes);
        *first = begun;
        let key = json.key(first)?.map(|key| {
            let (mut out, length) = ([0; 32], key.len().min(32));
            out[..length].copy_from_slice(&key[..length]);
            ShortKey(out, length)
        });
        Ok((key, json.at))
    })
}

/// Whether a list in the stream has an element more.
#[inline]
pub(super) fn more(window: &mut Window<'_>, first: &mut bool) -> Result<bool, ReadStop> {
    let begun = *first;
    window.piece(|bytes| {
        let mut json = JsonText::new(bytes);
        *first = begun;
        let more = json.more(first)?;
        Ok((more, json.at))
    })
}

/// Reads one thing of the stream as a whole.
#[inline]
pub(super) fn part<T>(
    window: &mut Window<'_>,
    mut read: impl FnMut(&mut JsonText<'_>) -> ReadPiece<T>,
) -> Result<T, ReadStop> {
    window.piece(|bytes| {
        let mut json = JsonText::new(bytes);
        let found = read(&mut json)?;
        Ok((found, json.at))
    })
}

/// Reads a span into the draft; what was counted of it is taken back where it is read once more.
#[inline]
pub(super) fn drafted(
    window: &mut Window<'_>,
    intake: &mut Intake<'_>,
    mut read: impl FnMut(&mut JsonText<'_>, &mut DraftSpan, FieldSet, &mut Leniency) -> ReadPiece<()>,
) -> Result<(), ReadStop> {
    (intake.draft.at, intake.draft.line) = (window.offset(), window.line());
    let (counts, fields) = (intake.lenient.counts, intake.fields);
    let (draft, lenient) = (&mut intake.draft, &mut intake.lenient);
    part(window, |json| {
        draft.clear();
        lenient.counts = counts;
        read(json, draft, fields, lenient)
    })
}

/// Notes that a key was read; one that was read before is wrong. Keys that are not known have no bit.
pub(super) fn once(
    window: &Window<'_>,
    seen: &mut u32,
    bit: u32,
    what: &'static str,
) -> Result<(), ReadStop> {
    if *seen & bit != 0 {
        return Err(ReadStop::malformed(window.position(), what));
    }
    *seen |= bit;
    Ok(())
}

/// Passes over a value.
pub(super) fn skip(window: &mut Window<'_>) -> Result<(), ReadStop> {
    part(window, |json| {
        json.skip()?;
        Ok(())
    })
}

/// The begin of an object.
pub(super) fn open_object(window: &mut Window<'_>) -> Result<(), ReadStop> {
    part(window, |json| {
        json.object()?;
        Ok(())
    })
}

/// The begin of a list.
pub(super) fn open_list(window: &mut Window<'_>) -> Result<(), ReadStop> {
    part(window, |json| {
        json.list()?;
        Ok(())
    })
}

/// The begin of a list that may be `null`.
pub(super) fn list(window: &mut Window<'_>) -> Result<bool, ReadStop> {
    part(window, |json| if json.null()? { Ok(false) } else { json.list().map(|()| true) })
}

/// The next byte that is no white space, which stays there; nothing at the end of the stream.
pub(super) fn next(window: &mut Window<'_>) -> Result<Option<u8>, ReadStop> {
    loop {
        let space =
            window.rest().iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\t' | b'\r')).count();
        window.pass(space);
        if let Some(byte) = window.rest().first() {
            return Ok(Some(*byte));
        }
        if !window.ensure(1)? {
            return Ok(None);
        }
    }
}

/// Text, or `null`.
pub(super) fn text(window: &mut Window<'_>, out: &mut Vec<u8>) -> Result<(), ReadStop> {
    part(window, |json| {
        out.clear();
        if json.null()? { Ok(()) } else { json.text(out) }
    })
}
