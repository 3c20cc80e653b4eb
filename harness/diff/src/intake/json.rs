//! A position in a JSON text of which the end may not be there yet. Other than the receiver, which takes what the Collector takes, it
//! goes by the book: what is no JSON is said to be none, with its place.

mod any;
mod skip;

pub(crate) use self::any::{Leniency, base64};

use super::window::{PieceStop, ReadPiece};

/// A position in a JSON text.
pub(crate) struct JsonText<'a> {
    all: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> JsonText<'a> {
    pub(crate) const fn new(all: &'a [u8]) -> Self {
        Self { all, at: 0 }
    }

    /// What is wrong is the byte before.
    #[cold]
    pub(crate) fn wrong<T>(&self, what: &'static str) -> ReadPiece<T> {
        Err(PieceStop::Wrong(self.at.saturating_sub(1), what))
    }

    #[inline]
    fn byte(&mut self) -> ReadPiece<u8> {
        let byte = *self.all.get(self.at).ok_or(PieceStop::More)?;
        self.at += 1;
        Ok(byte)
    }

    /// The next byte that is no white space.
    #[inline]
    pub(crate) fn token(&mut self) -> ReadPiece<u8> {
        loop {
            let byte = self.byte()?;
            if byte > b' ' || !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Ok(byte);
            }
        }
    }

    /// The token that comes next, which stays there.
    #[inline]
    pub(crate) fn peek(&mut self) -> ReadPiece<u8> {
        let byte = self.token()?;
        self.at -= 1;
        Ok(byte)
    }

    pub(crate) fn expect(&mut self, byte: u8, what: &'static str) -> ReadPiece<()> {
        if self.token()? == byte { Ok(()) } else { self.wrong(what) }
    }

    fn word(&mut self, rest: &[u8]) -> ReadPiece<()> {
        for expected in rest {
            if self.byte()? != *expected {
                return self.wrong("expected a value");
            }
        }
        Ok(())
    }

    /// Whether `null` comes next; then it is passed over.
    #[inline]
    pub(crate) fn null(&mut self) -> ReadPiece<bool> {
        if self.peek()? != b'n' {
            return Ok(false);
        }
        self.at += 1;
        self.word(b"ull").map(|()| true)
    }

    /// The begin of an object.
    #[inline]
    pub(crate) fn object(&mut self) -> ReadPiece<()> {
        self.expect(b'{', "expected an object")
    }

    /// The next key of an object that has begun; nothing at its end.
    #[inline]
    pub(crate) fn key(&mut self, first: &mut bool) -> ReadPiece<Option<&'a [u8]>> {
        let token = self.token()?;
        let quote = match (token, std::mem::take(first)) {
            (b'}', _) => return Ok(None),
            (b',', false) => self.token()?,
            (b'"', true) => token,
            _ => return self.wrong("expected a key, a comma or the end of the object"),
        };
        if quote != b'"' {
            return self.wrong("expected a key");
        }
        let Some(key) = self.plain()? else {
            // Nobody writes them, and one that is passed over would hide what it holds.
            return self.wrong("a key is written with escapes");
        };
        self.expect(b':', "expected a colon behind the key")?;
        Ok(Some(key))
    }

    /// The begin of a list.
    #[inline]
    pub(crate) fn list(&mut self) -> ReadPiece<()> {
        self.expect(b'[', "expected a list")
    }

    /// Whether a list that has begun has an element more.
    #[inline]
    pub(crate) fn more(&mut self, first: &mut bool) -> ReadPiece<bool> {
        let token = self.token()?;
        if std::mem::take(first) {
            if token == b']' {
                return Ok(false);
            }
            self.at -= 1;
            return Ok(true);
        }
        match token {
            b',' => Ok(true),
            b']' => Ok(false),
            _ => self.wrong("expected a comma or the end of the list"),
        }
    }

    /// Text without escapes behind its first quotation mark; nothing where it has some, and then it is not read.
    #[inline]
    pub(crate) fn plain(&mut self) -> ReadPiece<Option<&'a [u8]>> {
        let rest = &self.all[self.at..];
        let stop = special(rest);
        match rest.get(stop) {
            Some(b'"') => {
                self.at += stop + 1;
                Ok(Some(&rest[..stop]))
            }
            Some(b'\\') => Ok(None),
            Some(_) => {
                self.at += stop + 1;
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
            let stop = special(rest);
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

    /// A number as it is written, quotation marks around it left out.
    #[inline]
    pub(crate) fn number(&mut self) -> ReadPiece<&'a [u8]> {
        let quoted = self.peek()? == b'"';
        if quoted {
            self.at += 1;
            return match self.plain()? {
                Some(text) => Ok(text),
                None => self.wrong("expected a number"),
            };
        }
        let rest = &self.all[self.at..];
        let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest.iter().position(|byte| !is_part(byte)).ok_or(PieceStop::More)?;
        self.at += length;
        if length == 0 {
            self.at += 1;
            return self.wrong("expected a number");
        }
        Ok(&rest[..length])
    }

    /// A whole number that is not negative.
    #[inline]
    pub(crate) fn unsigned(&mut self) -> ReadPiece<u64> {
        let text = self.number()?;
        match digits(text) {
            Some(number) => Ok(number),
            None => self.wrong("expected a whole number of 64 bits that is not negative"),
        }
    }

    /// A whole number of 32 bits.
    #[inline]
    pub(crate) fn unsigned32(&mut self) -> ReadPiece<u32> {
        let number = self.unsigned()?;
        u32::try_from(number).or_else(|_| self.wrong("expected a whole number of 32 bits"))
    }

    /// A whole number with a sign.
    #[inline]
    pub(crate) fn signed(&mut self) -> ReadPiece<i64> {
        let text = self.number()?;
        match signed(text) {
            Some(number) => Ok(number),
            None => self.wrong("expected a whole number of 64 bits"),
        }
    }
}

/// A whole number in decimal.
#[inline]
pub(super) fn digits(text: &[u8]) -> Option<u64> {
    let number = text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    });
    number.filter(|_| !text.is_empty())
}

/// The same with a sign.
#[inline]
pub(super) fn signed(text: &[u8]) -> Option<i64> {
    match text.strip_prefix(b"-") {
        Some(text) => 0_i64.checked_sub_unsigned(digits(text)?),
        None => i64::try_from(digits(text)?).ok(),
    }
}

/// A number as JSON has it.
pub(super) fn float(text: &[u8]) -> Option<f64> {
    let plain = text.first().is_some_and(|byte| *byte == b'-' || byte.is_ascii_digit())
        && text.last().is_some_and(u8::is_ascii_digit);
    str::from_utf8(text).ok().filter(|_| plain)?.parse().ok()
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
        let is = |byte: u8| {
            (word ^ (ONES * u64::from(byte))).wrapping_sub(ONES) & !(word ^ (ONES * u64::from(byte)))
        };
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let found = (is(b'"') | is(b'\\') | control) & (ONES * 0x80);
        if found != 0 {
            return i * 8 + (found.trailing_zeros() / 8) as usize;
        }
    }
    let done = eights.len() * 8;
    let rest = text[done..].iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20));
    done + rest.unwrap_or(text.len() - done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skipped(text: &str) -> ReadPiece<usize> {
        let mut json = JsonText::new(text.as_bytes());
        json.skip().map(|()| json.at)
    }

    #[test]
    fn what_is_skipped_is_json() {
        for text in
            ["1 ", "-1.5e3,", "\"a\\\"b\"", "{\"a\":[1,{\"b\":null}],\"c\":{}}", "[[],[true,false]]", "null"]
        {
            assert!(skipped(text).is_ok(), "{text}");
        }
        for text in [
            "01 ",
            "1e ",
            ".5 ",
            "-,",
            "1.2.3 ",
            "{a:1}",
            "[1 2]",
            "{\"a\" 1}",
            "nul!",
            "[,]",
            "{,}",
            "\"a\nb\"",
            "\"\\x\"",
            "--1 ",
            "1. ",
            "}",
        ] {
            assert!(matches!(skipped(text), Err(PieceStop::Wrong(..))), "{text}: {:?}", skipped(text));
        }
        for text in ["{\"a\":", "[1,", "\"abc", "tru", "1"] {
            assert_eq!(skipped(text), Err(PieceStop::More), "{text}");
        }
        assert!(matches!(skipped(&"[".repeat(600)), Err(PieceStop::Wrong(512, _))));
    }

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
    fn numbers_are_whole_or_refused() {
        assert_eq!((signed(b"-9223372036854775808"), signed(b"9223372036854775808")), (Some(i64::MIN), None));
        assert_eq!(
            (digits(b"18446744073709551615"), digits(b"18446744073709551616")),
            (Some(u64::MAX), None)
        );
        assert_eq!((digits(b""), digits(b"1x"), signed(b"-")), (None, None, None));
    }
}
