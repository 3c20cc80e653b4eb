//! Attributes and their values, which may be nested as deep as the message allows: read without recursion.

use std::borrow::Cow;

use super::cursor::{JsonCursor, Nested};
use crate::receiver::decode::span::Decoded;

/// An attribute of which text may be wanted.
#[derive(Default)]
pub(super) struct JsonAttribute<'a> {
    pub(super) key: Cow<'a, [u8]>,
    /// Its value, if that is text.
    pub(super) text: Option<Cow<'a, [u8]>>,
}

impl<'a> JsonCursor<'a> {
    /// A list of attributes of which nothing is kept.
    pub(super) fn attributes(&mut self) -> Decoded<()> {
        while self.more()? {
            self.attribute()?;
        }
        Ok(())
    }

    /// One attribute. What comes twice in it counts as it came last.
    pub(super) fn attribute(&mut self) -> Decoded<JsonAttribute<'a>> {
        let mut out = JsonAttribute::default();
        self.nested.clear();
        self.nested.push(Nested::Pair);
        while let Some(inside) = self.nested.last().copied() {
            let next = match inside {
                Nested::Values => self.more()?.then_some(Nested::AnyValue),
                Nested::Pairs => self.more()?.then_some(Nested::Pair),
                Nested::Pair | Nested::AnyValue | Nested::Array | Nested::KeyValues => {
                    let key = self.key()?;
                    if key.is_empty() {
                        None
                    } else {
                        let Some(next) = self.member(inside, key, &mut out)? else { continue };
                        Some(next)
                    }
                }
            };
            match next {
                Some(next) => self.nested.push(next),
                None => drop(self.nested.pop()),
            }
        }
        Ok(out)
    }

    /// Reads a member of an object, or says what is inside of it.
    fn member(&mut self, object: Nested, key: &[u8], out: &mut JsonAttribute<'a>) -> Decoded<Option<Nested>> {
        let outermost = self.nested.len() <= 2;
        match (object, key) {
            (Nested::Pair, b"key") => {
                let key = self.text()?;
                if outermost {
                    out.key = key;
                }
            }
            (Nested::Pair, b"value") => return Ok(Some(Nested::AnyValue)),
            (Nested::Pair, b"keyStrindex" | b"key_strindex") => drop(self.signed(i32::MAX as u64)?),
            (Nested::Array, b"values") => return Ok(Some(Nested::Values)),
            (Nested::KeyValues, b"values") => return Ok(Some(Nested::Pairs)),
            (Nested::AnyValue, _) => return self.any_value(key, outermost, out),
            _ => self.skip()?,
        }
        Ok(None)
    }

    fn any_value(
        &mut self,
        key: &[u8],
        outermost: bool,
        out: &mut JsonAttribute<'a>,
    ) -> Decoded<Option<Nested>> {
        let (mut text, mut next) = (None, None);
        match key {
            b"stringValue" | b"string_value" => text = Some(self.text()?),
            b"boolValue" | b"bool_value" => self.boolean()?,
            b"intValue" | b"int_value" => drop(self.signed(i64::MAX as u64)?),
            b"doubleValue" | b"double_value" => self.double()?,
            b"arrayValue" | b"array_value" => next = Some(Nested::Array),
            b"kvlistValue" | b"kvlist_value" => next = Some(Nested::KeyValues),
            b"bytesValue" | b"bytes_value" => self.base64()?,
            b"stringValueStrindex" | b"string_value_strindex" => drop(self.signed(i32::MAX as u64)?),
            _ => return self.skip().map(|()| None),
        }
        if outermost {
            out.text = text;
        }
        Ok(next)
    }

    fn boolean(&mut self) -> Decoded<()> {
        match self.token()? {
            b't' => self.word(b"rue"),
            b'f' => self.word(b"alse"),
            _ => Err(self.wrong("expected true or false")),
        }
    }

    /// Bytes in base64, with padding; line breaks among them do not count.
    fn base64(&mut self) -> Decoded<()> {
        let text = self.unescaped()?;
        let digits: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
        let padding = digits.iter().rev().take_while(|byte| **byte == b'=').count();
        let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        let valid = digits.len().is_multiple_of(4)
            && padding <= 2
            && digits[..digits.len() - padding].iter().all(is_digit);
        if valid { Ok(()) } else { Err(self.wrong("bytes are not in base64")) }
    }
}
