//! Text of JSON, with its escapes.

use super::JsonText;
use crate::intake::window::{PieceStop, ReadPiece};

impl<'a> JsonText<'a> {
    /// Text without escapes behind its first quotation mark; nothing where it has some, and then it is not read.
    #[inline]
    pub(crate) fn plain(&mut self) -> ReadPiece<Option<&'a [u8]>> {
        let (from, stop) = (self.at, special(self.all, self.at));
        match self.all.get(stop) {
            Some(b'"') => {
                self.at = stop + 1;
                Ok(self.all.get(from..stop))
            }
            Some(b'\\') => Ok(None),
            Some(_) => {
                self.at = stop + 1;
                self.wrong("control character in a string")
            }
            None => Err(PieceStop::More),
        }
    }

    /// Appends text.
    #[inline]
    pub(crate) fn text(&mut self, out: &mut Vec<u8>) -> ReadPiece<()> {
        if self.token()? != b'"' {
            return self.wrong("expected a string");
        }
        self.quoted(out)
    }

    /// Appends text behind its first quotation mark.
    #[inline]
    pub(crate) fn quoted(&mut self, out: &mut Vec<u8>) -> ReadPiece<()> {
        match self.plain()? {
            Some(text) => {
                out.extend_from_slice(text);
                Ok(())
            }
            None => self.escaped(out),
        }
    }

    #[cold]
    fn escaped(&mut self, out: &mut Vec<u8>) -> ReadPiece<()> {
        loop {
            let rest = &self.all[self.at..];
            let stop = special(rest, 0);
            out.extend_from_slice(&rest[..stop]);
            self.at += stop;
            match self.byte()? {
                b'"' => return Ok(()),
                b'\\' => {}
                _ => return self.wrong("control character in a string"),
            }
            let kind = self.byte()?;
            out.push(match kind {
                b'"' | b'\\' | b'/' => kind,
                b'b' => 0x08,
                b'f' => 0x0c,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'u' => {
                    self.code_units(out)?;
                    continue;
                }
                _ => return self.wrong("unknown escape in a string"),
            });
        }
    }

    /// A code unit of UTF-16 and, where it is half a pair of surrogates, the one behind it. Half a pair becomes U+FFFD.
    fn code_units(&mut self, out: &mut Vec<u8>) -> ReadPiece<()> {
        let first = self.four_digits()?;
        let whole = if let Some(whole) = char::from_u32(u32::from(first)) {
            whole
        } else if self.all.len() < self.at + 6 {
            return Err(PieceStop::More);
        } else if first < 0xdc00 && self.all[self.at..].starts_with(b"\\u") {
            let back = self.at;
            self.at += 2;
            let second = self.four_digits()?;
            if let Some(Ok(whole)) = char::decode_utf16([first, second]).next() {
                whole
            } else {
                self.at = back;
                char::REPLACEMENT_CHARACTER
            }
        } else {
            char::REPLACEMENT_CHARACTER
        };
        out.extend_from_slice(whole.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    fn four_digits(&mut self) -> ReadPiece<u16> {
        let mut unit = 0;
        for _ in 0..4 {
            let Some(digit) = char::from(self.byte()?).to_digit(16) else {
                return self.wrong("expected four hexadecimal digits");
            };
            unit = unit << 4 | digit as u16;
        }
        Ok(unit)
    }
}

/// The place behind a text whose first quotation mark stands before.
#[inline]
pub(super) fn text_end(all: &[u8], at: usize) -> ReadPiece<usize> {
    let stop = special(all, at);
    if all.get(stop) == Some(&b'"') { Ok(stop + 1) } else { odd_text_end(all, at) }
}

#[cold]
fn odd_text_end(all: &[u8], at: usize) -> ReadPiece<usize> {
    let mut json = JsonText { all, at };
    if json.plain()?.is_none() {
        json.escaped(&mut Vec::new())?;
    }
    Ok(json.at)
}

/// Where, from there on, the next quotation mark, backslash or control character stands: the length where there is none. Eight bytes at a
/// time.
#[inline]
fn special(text: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    while let Some(eight) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*eight);
        // The highest bit of a byte is set where a subtraction goes below zero and was not set before. What is borrowed reaches
        // later bytes only, so that the first one found is right. With one bit turned, a quotation mark comes to stand right
        // behind the control characters, and a blank behind it; the highest bits stay.
        let (turned, slash) = (word ^ (ONES * 2), word ^ (ONES * u64::from(b'\\')));
        let below = turned.wrapping_sub(ONES * 0x21) | slash.wrapping_sub(ONES);
        let found = below & !word & (ONES * 0x80);
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    special_in_rest(text, at)
}

#[cold]
fn special_in_rest(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_with_its_escapes() {
        let read = |text: &str| {
            let (mut json, mut out) = (JsonText::new(text.as_bytes()), Vec::new());
            json.text(&mut out).map(|()| String::from_utf8(out).unwrap())
        };
        assert_eq!(read(r#""a\u00e4\ud83d\ude00\n\/""#), Ok("aä😀\n/".to_owned()));
        assert_eq!(read(r#""\ud83dxxxxxx""#), Ok("\u{fffd}xxxxxx".to_owned()));
        assert_eq!(read(r#""\ud83d\u0041xx""#), Ok("\u{fffd}Axx".to_owned()));
        assert_eq!(read(r#""a\ud83d"#), Err(PieceStop::More));
    }

    #[test]
    fn the_first_special_byte_is_found_wherever_it_stands() {
        let is_special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
        for first in 0..=255_u8 {
            for second in [b'"', b'\\', 0, 0x1f, b' ', b'!', b'a', 0x80, 0xff] {
                for place in 0..20 {
                    let mut text = vec![b'x'; 24];
                    (text[place], text[place + 2]) = (first, second);
                    let right = text.iter().position(|byte| is_special(*byte)).unwrap_or(24);
                    assert_eq!(special(&text, 0), right, "{text:?}");
                    assert_eq!(special(&text, 24), 24);
                }
            }
        }
    }
}
