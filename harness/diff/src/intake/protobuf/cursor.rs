//! A position in protobuf's wire format, in bytes that are all there.

use crate::intake::window::{PieceStop, ReadPiece};

/// Wire types.
const VARINT: u8 = 0;
const FIXED64: u8 = 1;
pub(in crate::intake) const BYTES: u8 = 2;
const GROUP: u8 = 3;
const GROUP_END: u8 = 4;
const FIXED32: u8 = 5;

/// Groups that may be in each other.
const DEEPEST: u32 = 100;

/// A position in a message. Places are counted from where the outermost one begins.
#[derive(Clone, Copy)]
pub(in crate::intake) struct WireText<'a> {
    all: &'a [u8],
    at: usize,
    /// Bytes before it in the outermost message.
    before: usize,
}

/// A field: its number and its wire type.
#[derive(Clone, Copy)]
pub(super) struct FieldTag {
    at: usize,
    pub(super) number: u32,
    kind: u8,
}

impl<'a> WireText<'a> {
    pub(super) const fn new(all: &'a [u8], before: usize) -> Self {
        Self { all, at: 0, before }
    }

    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// What is left of it.
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.all[self.at..]
    }

    #[cold]
    pub(super) const fn wrong<T>(&self, what: &'static str) -> ReadPiece<T> {
        Err(PieceStop::Wrong(self.before + self.at, what))
    }

    /// The next field; nothing at the end.
    #[inline]
    pub(super) fn field(&mut self) -> ReadPiece<Option<FieldTag>> {
        let at = self.before + self.at;
        match self.all.get(self.at) {
            None => Ok(None),
            Some(&byte @ 8..0x80) => {
                self.at += 1;
                Ok(Some(FieldTag { at, number: u32::from(byte >> 3), kind: byte & 7 }))
            }
            Some(_) => {
                let tag = self.number()?;
                match u32::try_from(tag >> 3) {
                    Ok(number @ 1..0x2000_0000) => Ok(Some(FieldTag { at, number, kind: (tag & 7) as u8 })),
                    _ => Err(PieceStop::Wrong(at, "the number of a field is out of range")),
                }
            }
        }
    }

    /// A varint.
    #[inline]
    fn number(&mut self) -> ReadPiece<u64> {
        match self.open_number() {
            Err(PieceStop::More) => self.wrong("a field ends inside a number"),
            other => other,
        }
    }

    /// A varint of which the end may not be there yet.
    #[inline]
    pub(super) fn open_number(&mut self) -> ReadPiece<u64> {
        match *self.rest() {
            [byte @ 0..0x80, ..] => {
                self.at += 1;
                Ok(u64::from(byte))
            }
            [low, high @ 0..0x80, ..] => {
                self.at += 2;
                Ok(u64::from(low & 0x7f) | u64::from(high) << 7)
            }
            _ => self.long_number(),
        }
    }

    fn long_number(&mut self) -> ReadPiece<u64> {
        let mut value = 0;
        for (place, shift) in (0..64).step_by(7).enumerate() {
            let Some(&byte) = self.all.get(self.at + place) else { return Err(PieceStop::More) };
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                self.at += place + 1;
                return Ok(value);
            }
        }
        self.wrong("a number is longer than ten bytes")
    }

    #[inline]
    fn take(&mut self, length: u64) -> ReadPiece<&'a [u8]> {
        let rest = self.rest();
        if length > rest.len() as u64 {
            return self.wrong("a field is longer than what it is in");
        }
        self.at += length as usize;
        Ok(&rest[..length as usize])
    }

    /// What is in a field of bytes, as a message.
    #[inline]
    pub(super) fn message(&mut self, tag: FieldTag) -> ReadPiece<Self> {
        if tag.kind != BYTES {
            return tag.wrong("a field has the wrong wire type; it must be length-delimited");
        }
        let length = self.number()?;
        let before = self.before + self.at;
        Ok(Self::new(self.take(length)?, before))
    }

    /// The same as text.
    #[inline]
    pub(super) fn text(&mut self, tag: FieldTag) -> ReadPiece<&'a [u8]> {
        Ok(self.message(tag)?.all)
    }

    #[inline]
    pub(super) fn varint(&mut self, tag: FieldTag) -> ReadPiece<u64> {
        if tag.kind != VARINT {
            return tag.wrong("a field has the wrong wire type; it must be a varint");
        }
        self.number()
    }

    #[inline]
    pub(super) fn fixed64(&mut self, tag: FieldTag) -> ReadPiece<u64> {
        if tag.kind != FIXED64 {
            return tag.wrong("a field has the wrong wire type; it must be fixed64");
        }
        let Some(bytes) = self.rest().first_chunk::<8>() else {
            return self.wrong("a field is longer than what it is in");
        };
        self.at += 8;
        Ok(u64::from_le_bytes(*bytes))
    }

    #[inline]
    pub(super) fn fixed32(&mut self, tag: FieldTag) -> ReadPiece<u32> {
        if tag.kind != FIXED32 {
            return tag.wrong("a field has the wrong wire type; it must be fixed32");
        }
        let mut out = [0; 4];
        out.copy_from_slice(self.take(4)?);
        Ok(u32::from_le_bytes(out))
    }

    /// An id; one that is empty is zeros.
    #[inline]
    pub(super) fn id<const N: usize>(&mut self, tag: FieldTag, what: &'static str) -> ReadPiece<[u8; N]> {
        let bytes = self.text(tag)?;
        if bytes.is_empty() {
            return Ok([0; N]);
        }
        bytes.try_into().or_else(|_| tag.wrong(what))
    }

    /// Passes over a field that nobody knows, or nobody needs.
    #[inline]
    pub(super) fn skip(&mut self, tag: FieldTag) -> ReadPiece<()> {
        if tag.kind == BYTES {
            let length = self.number()?;
            return self.take(length).map(drop);
        }
        self.skip_nested(tag, 0)
    }

    fn skip_nested(&mut self, tag: FieldTag, depth: u32) -> ReadPiece<()> {
        match tag.kind {
            VARINT => self.number().map(drop),
            FIXED64 => self.take(8).map(drop),
            BYTES => self.message(tag).map(drop),
            FIXED32 => self.take(4).map(drop),
            GROUP if depth < DEEPEST => loop {
                let Some(inside) = self.field()? else { return self.wrong("a message ends inside a group") };
                if inside.kind == GROUP_END {
                    return Ok(());
                }
                self.skip_nested(inside, depth + 1)?;
            },
            GROUP => tag.wrong("groups are nested too deep"),
            _ => tag.wrong("a field has a wire type that is unknown"),
        }
    }
}

impl FieldTag {
    #[cold]
    pub(super) const fn wrong<T>(self, what: &'static str) -> ReadPiece<T> {
        Err(PieceStop::Wrong(self.at, what))
    }
}
