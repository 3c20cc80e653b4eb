//! A position in a JSON text, moved as the Collector's library for JSON (`jsoniter`) moves it. It looks at one token at a time and
//! keeps no state between them: what stands behind the outermost object is not read, a brace may stand where a comma should, and
//! text may hold any bytes. A reader by the book would refuse messages that a Collector takes.

use std::borrow::Cow;

use super::keys::known;
use crate::receiver::decode::span::{Decoded, Malformed};

/// What stands for half a pair of surrogates.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// What an attribute's value is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Nested {
    /// A key and a value.
    Pair,
    /// A value of any type.
    AnyValue,
    /// The object around a list of values.
    Array,
    /// Its list.
    Values,
    /// The object around a list of pairs.
    KeyValues,
    /// Its list.
    Pairs,
}

/// A position in a JSON text.
pub(super) struct JsonCursor<'a> {
    all: &'a [u8],
    pub(super) at: usize,
    /// Objects (true) and lists around what is being skipped; empty in between, kept for its memory.
    pub(super) skipped: Vec<bool>,
    /// What is around the attribute's value that is being read; likewise.
    pub(super) nested: Vec<Nested>,
}

impl<'a> JsonCursor<'a> {
    pub(super) const fn new(all: &'a [u8]) -> Self {
        Self { all, at: 0, skipped: Vec::new(), nested: Vec::new() }
    }

    /// What is wrong is the byte before.
    #[cold]
    pub(super) fn wrong(&self, what: &'static str) -> Malformed {
        Malformed::at(self.at.saturating_sub(1), what)
    }

    #[cold]
    fn ended(&self) -> Malformed {
        Malformed::at(self.all.len(), "the text ends too early")
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        &self.all[self.at..]
    }

    /// The next byte.
    #[inline]
    pub(super) fn byte(&mut self) -> Decoded<u8> {
        let byte = *self.all.get(self.at).ok_or_else(|| self.ended())?;
        self.at += 1;
        Ok(byte)
    }

    /// The next byte that is no white space.
    #[inline]
    pub(super) fn token(&mut self) -> Decoded<u8> {
        match self.all.get(self.at) {
            Some(&byte) if byte > b' ' => {
                self.at += 1;
                Ok(byte)
            }
            _ => self.token_behind_space(),
        }
    }

    fn token_behind_space(&mut self) -> Decoded<u8> {
        loop {
            let byte = self.byte()?;
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Ok(byte);
            }
        }
    }

    /// The token that comes next, which stays there.
    #[inline]
    pub(super) fn peek(&mut self) -> Decoded<u8> {
        let byte = self.token()?;
        self.at -= 1;
        Ok(byte)
    }

    /// The rest of `null`, `true` or `false`.
    pub(super) fn word(&mut self, rest: &[u8]) -> Decoded<()> {
        for expected in rest {
            if self.byte()? != *expected {
                return Err(self.wrong("expected null, true or false"));
            }
        }
        Ok(())
    }

    /// The next key of an object, empty at its end: an empty key counts as the end, and `null` as an object without keys. Of a
    /// key with escapes only those are told apart that somebody knows.
    #[inline]
    pub(super) fn key(&mut self) -> Decoded<&'a [u8]> {
        let key = match self.token()? {
            b',' => match self.token()? {
                b'"' => self.key_text()?,
                b'n' => self.word(b"ull").map(|()| &[][..])?,
                _ => return Err(self.wrong("expected a key")),
            },
            b'{' => match self.token()? {
                b'"' => self.key_text()?,
                b'}' => return Ok(&[]),
                _ => return Err(self.wrong("expected a key or the end of the object")),
            },
            b'}' => return Ok(&[]),
            b'n' => return self.word(b"ull").map(|()| &[][..]),
            _ => return Err(self.wrong("expected an object")),
        };
        self.colon()?;
        Ok(key)
    }

    #[inline]
    fn key_text(&mut self) -> Decoded<&'a [u8]> {
        match self.plain()? {
            Some(key) => Ok(key),
            None => self.escaped().map(|key| known(&key)),
        }
    }

    #[inline]
    pub(super) fn colon(&mut self) -> Decoded<()> {
        if self.token()? == b':' { Ok(()) } else { Err(self.wrong("expected a colon behind the key")) }
    }

    /// Whether a list has an element more. `null` is an empty list.
    #[inline]
    pub(super) fn more(&mut self) -> Decoded<bool> {
        match self.token()? {
            b'[' => {
                let more = self.token()? != b']';
                self.at -= usize::from(more);
                Ok(more)
            }
            b',' => Ok(true),
            b']' => Ok(false),
            b'n' => self.word(b"ull").map(|()| false),
            _ => Err(self.wrong("expected a list")),
        }
    }

    /// Text; `null` is an empty one.
    #[inline]
    pub(super) fn text(&mut self) -> Decoded<Cow<'a, [u8]>> {
        match self.token()? {
            b'"' => self.quoted(),
            b'n' => self.word(b"ull").map(|()| Cow::Borrowed(&[][..])),
            _ => Err(self.wrong("expected a string")),
        }
    }

    /// Text that nobody wants.
    #[inline]
    pub(super) fn pass_text(&mut self) -> Decoded<()> {
        match self.token()? {
            b'"' => self.pass_quoted(),
            b'n' => self.word(b"ull"),
            _ => Err(self.wrong("expected a string")),
        }
    }

    /// What is between quotation marks as it stands there; escapes are not read. Ids and bytes are written so.
    #[inline]
    pub(super) fn unescaped(&mut self) -> Decoded<&'a [u8]> {
        if self.token()? != b'"' {
            return Err(self.wrong("expected a string that is not null"));
        }
        let rest = self.rest();
        let end = rest.iter().position(|byte| *byte == b'"').ok_or_else(|| self.ended())?;
        self.at += end + 1;
        Ok(&rest[..end])
    }

    /// Text behind its first quotation mark; borrowed where it has no escapes.
    #[inline]
    pub(super) fn quoted(&mut self) -> Decoded<Cow<'a, [u8]>> {
        match self.plain()? {
            Some(text) => Ok(Cow::Borrowed(text)),
            None => self.escaped().map(Cow::Owned),
        }
    }

    /// The same, not kept.
    #[inline]
    pub(super) fn pass_quoted(&mut self) -> Decoded<()> {
        if self.plain()?.is_none() {
            self.escaped()?;
        }
        Ok(())
    }

    /// Text without escapes; `None` where it has some, and then it is not read.
    #[inline]
    fn plain(&mut self) -> Decoded<Option<&'a [u8]>> {
        let rest = self.rest();
        let stop = special(rest);
        match rest.get(stop) {
            Some(b'"') => {
                self.at += stop + 1;
                Ok(Some(&rest[..stop]))
            }
            Some(b'\\') => Ok(None),
            Some(_) => {
                self.at += stop + 1;
                Err(self.wrong("control character in a string"))
            }
            None => Err(self.ended()),
        }
    }

    /// Text with escapes. Control characters behind the first escape are taken.
    #[cold]
    fn escaped(&mut self) -> Decoded<Vec<u8>> {
        let mut text = Vec::new();
        loop {
            match self.byte()? {
                b'"' => return Ok(text),
                b'\\' => {
                    let kind = self.byte()?;
                    self.escape(kind, &mut text)?;
                }
                byte => text.push(byte),
            }
        }
    }

    /// The escape that says `kind` behind its backslash.
    fn escape(&mut self, kind: u8, text: &mut Vec<u8>) -> Decoded<()> {
        text.push(match kind {
            b'"' | b'\\' | b'/' => kind,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => return self.code_units(text),
            _ => return Err(self.wrong("unknown escape")),
        });
        Ok(())
    }

    /// A code unit of UTF-16 and, where it is a surrogate, the one behind it. Half a pair becomes U+FFFD.
    fn code_units(&mut self, text: &mut Vec<u8>) -> Decoded<()> {
        let first = self.four_digits()?;
        if let Some(whole) = char::from_u32(u32::from(first)) {
            push(whole, text);
            return Ok(());
        }
        if self.byte()? != b'\\' {
            self.at -= 1;
            push(REPLACEMENT, text);
            return Ok(());
        }
        let kind = self.byte()?;
        if kind != b'u' {
            push(REPLACEMENT, text);
            return self.escape(kind, text);
        }
        // The second one is used up even if the two make no pair and it would make one with the next.
        let second = self.four_digits()?;
        for unit in char::decode_utf16([first, second]) {
            push(unit.unwrap_or(REPLACEMENT), text);
        }
        Ok(())
    }

    fn four_digits(&mut self) -> Decoded<u16> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = char::from(self.byte()?).to_digit(16);
            unit = unit << 4 | digit.ok_or_else(|| self.wrong("expected four hexadecimal digits"))? as u16;
        }
        Ok(unit)
    }
}

/// How far it is to the next quotation mark, backslash or control character; eight bytes at a time.
#[inline]
fn special(text: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (eights, _) = text.as_chunks::<8>();
    for (i, eight) in eights.iter().enumerate() {
        let word = u64::from_le_bytes(*eight);
        // The highest bit of a byte is set where a subtraction goes below zero and was not set before. What is borrowed reaches
        // later bytes only, so that the first one found is right.
        let is = |byte: u8| (word ^ (ONES * u64::from(byte))).wrapping_sub(ONES);
        let found = (is(b'"') | is(b'\\') | word.wrapping_sub(ONES * 0x20)) & !word & (ONES << 7);
        if found != 0 {
            return 8 * i + (found.trailing_zeros() / 8) as usize;
        }
    }
    let rest = &text[8 * eights.len()..];
    let behind = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..b' '));
    8 * eights.len() + behind.unwrap_or(rest.len())
}

fn push(character: char, text: &mut Vec<u8>) {
    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}
