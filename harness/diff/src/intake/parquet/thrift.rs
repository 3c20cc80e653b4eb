//! Messages in Thrift's compact protocol, as Parquet has them, in bytes of which the end may not be there yet.

use crate::intake::window::{PieceStop, ReadPiece};

/// Types of fields that are read; others are passed over.
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const INT64: u8 = 6;
const DOUBLE: u8 = 7;
const TEXT: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;

/// Structs and lists that may be in each other.
const DEEPEST: u32 = 32;

/// A position in a message.
pub(super) struct ThriftText<'a> {
    all: &'a [u8],
    pub(super) at: usize,
}

/// A field: its number and its type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ThriftField {
    pub(super) number: i16,
    kind: u8,
}

/// A struct that is being read: the number of its last field.
#[derive(Default)]
pub(super) struct OpenStruct(i16);

impl<'a> ThriftText<'a> {
    pub(super) const fn new(all: &'a [u8]) -> Self {
        Self { all, at: 0 }
    }

    #[cold]
    pub(super) const fn wrong<T>(&self, what: &'static str) -> ReadPiece<T> {
        Err(PieceStop::Wrong(self.at.saturating_sub(1), what))
    }

    fn byte(&mut self) -> ReadPiece<u8> {
        let byte = *self.all.get(self.at).ok_or(PieceStop::More)?;
        self.at += 1;
        Ok(byte)
    }

    fn varint(&mut self) -> ReadPiece<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        self.wrong("a number is longer than ten bytes")
    }

    /// A number, its sign in the lowest bit.
    fn number(&mut self) -> ReadPiece<i64> {
        let number = self.varint()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// The next field of a struct; nothing at its end.
    pub(super) fn field(&mut self, of: &mut OpenStruct) -> ReadPiece<Option<ThriftField>> {
        let head = self.byte()?;
        let (behind, kind) = (head >> 4, head & 15);
        if kind == 0 {
            return Ok(None);
        }
        let number =
            if behind > 0 { of.0.checked_add(i16::from(behind)) } else { i16::try_from(self.number()?).ok() };
        let Some(number) = number else { return self.wrong("the number of a field is out of range") };
        of.0 = number;
        Ok(Some(ThriftField { number, kind }))
    }

    /// A whole number.
    pub(super) fn int(&mut self, field: ThriftField) -> ReadPiece<i64> {
        match field.kind {
            BYTE => Ok(i64::from(self.byte()?.cast_signed())),
            4..=INT64 => self.number(),
            _ => self.wrong("a field has the wrong type; it must be a whole number"),
        }
    }

    /// A whole number that is not negative.
    pub(super) fn size(&mut self, field: ThriftField) -> ReadPiece<u64> {
        let size = self.int(field)?;
        u64::try_from(size).or_else(|_| self.wrong("a size is negative"))
    }

    pub(super) fn bool(&mut self, field: ThriftField) -> ReadPiece<bool> {
        match field.kind {
            TRUE => Ok(true),
            FALSE => Ok(false),
            _ => self.wrong("a field has the wrong type; it must be true or false"),
        }
    }

    pub(super) fn text(&mut self, field: ThriftField) -> ReadPiece<&'a [u8]> {
        if field.kind != TEXT {
            return self.wrong("a field has the wrong type; it must be text");
        }
        self.raw_text()
    }

    /// Text as an element of a list.
    pub(super) fn raw_text(&mut self) -> ReadPiece<&'a [u8]> {
        let length = self.varint()?;
        let rest = &self.all[self.at..];
        let text = usize::try_from(length).ok().and_then(|length| rest.get(..length));
        let text = text.ok_or(PieceStop::More)?;
        self.at += text.len();
        Ok(text)
    }

    /// The begin of a struct.
    pub(super) const fn object(&mut self, field: ThriftField) -> ReadPiece<OpenStruct> {
        if field.kind != STRUCT {
            return self.wrong("a field has the wrong type; it must be a struct");
        }
        Ok(OpenStruct(0))
    }

    /// The begin of a list of structs; gives how many there are.
    pub(super) fn structs(&mut self, field: ThriftField) -> ReadPiece<u64> {
        self.list(field, STRUCT)
    }

    /// The begin of a list of texts.
    pub(super) fn texts(&mut self, field: ThriftField) -> ReadPiece<u64> {
        self.list(field, TEXT)
    }

    fn list(&mut self, field: ThriftField, of: u8) -> ReadPiece<u64> {
        if field.kind != LIST {
            return self.wrong("a field has the wrong type; it must be a list");
        }
        let (many, kind) = self.list_head()?;
        if many > 0 && kind != of {
            return self.wrong("a list holds something else");
        }
        Ok(many)
    }

    fn list_head(&mut self) -> ReadPiece<(u64, u8)> {
        let head = self.byte()?;
        let many = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
        Ok((many, head & 15))
    }

    /// Passes over what a field holds.
    pub(super) fn skip(&mut self, field: ThriftField) -> ReadPiece<()> {
        match field.kind {
            TRUE | FALSE => Ok(()),
            kind => self.skip_value(kind, 0),
        }
    }

    fn skip_value(&mut self, kind: u8, depth: u32) -> ReadPiece<()> {
        if depth > DEEPEST {
            return self.wrong("nested too deep");
        }
        match kind {
            // In lists these have a byte of their own.
            TRUE | FALSE | BYTE => self.byte().map(drop),
            4..=INT64 => self.varint().map(drop),
            DOUBLE => (0..8).try_for_each(|_| self.byte().map(drop)),
            TEXT => self.raw_text().map(drop),
            LIST | SET => {
                let (many, kind) = self.list_head()?;
                (0..many).try_for_each(|_| self.skip_value(kind, depth + 1))
            }
            MAP => {
                let many = self.varint()?;
                let kinds = if many > 0 { self.byte()? } else { 0 };
                (0..many).try_for_each(|_| {
                    self.skip_value(kinds >> 4, depth + 1)?;
                    self.skip_value(kinds & 15, depth + 1)
                })
            }
            STRUCT => {
                let mut open = OpenStruct::default();
                while let Some(field) = self.field(&mut open)? {
                    if !matches!(field.kind, TRUE | FALSE) {
                        self.skip_value(field.kind, depth + 1)?;
                    }
                }
                Ok(())
            }
            _ => self.wrong("a field has a type that is unknown"),
        }
    }
}
