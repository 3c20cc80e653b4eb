//! Passing over what is not kept. It is read all the same: what is no JSON is said to be none.

use super::JsonText;
use crate::intake::window::ReadPiece;

/// Objects and lists that may be in each other.
const DEEPEST: usize = 512;

/// The objects and lists around the one that is read, a bit for each: whether it is an object.
#[derive(Default)]
struct Nesting {
    bits: [u64; DEEPEST / 64],
    deep: usize,
}

impl Nesting {
    /// One more; false where there are too many.
    #[inline]
    fn push(&mut self, object: bool) -> bool {
        if self.deep + 1 == DEEPEST {
            return false;
        }
        let (word, bit) = (&mut self.bits[self.deep / 64], 1 << (self.deep % 64));
        *word = if object { *word | bit } else { *word & !bit };
        self.deep += 1;
        true
    }

    /// Whether the innermost, which is taken away, is an object.
    #[inline]
    fn pop(&mut self) -> Option<bool> {
        self.deep = self.deep.checked_sub(1)?;
        Some(self.bits[self.deep / 64] & 1 << (self.deep % 64) != 0)
    }
}

impl JsonText<'_> {
    /// Passes over a value, whatever it is.
    #[inline]
    pub(crate) fn skip(&mut self) -> ReadPiece<()> {
        match self.token()? {
            b'"' => self.pass_text(),
            open @ (b'{' | b'[') => self.pass_inside(open == b'{'),
            first => self.pass_word(first),
        }
    }

    /// Passes over a number, or over one of three words; its first byte has been read.
    #[inline]
    fn pass_word(&mut self, first: u8) -> ReadPiece<()> {
        match first {
            b'-' | b'0'..=b'9' => {
                self.at -= 1;
                self.bare_number().map(drop)
            }
            b'n' => self.word(b"ull"),
            b't' => self.word(b"rue"),
            b'f' => self.word(b"alse"),
            _ => self.wrong("expected a value"),
        }
    }

    /// Passes over the rest of an object or a list that has begun.
    fn pass_inside(&mut self, mut object: bool) -> ReadPiece<()> {
        let mut around = Nesting::default();
        let mut first = true;
        loop {
            let more = if object { self.passes_key(&mut first)? } else { self.more(&mut first)? };
            if !more {
                // What has ended is a value of what it is in.
                let Some(outer) = around.pop() else { return Ok(()) };
                object = outer;
                continue;
            }
            match self.token()? {
                b'"' => self.pass_text()?,
                open @ (b'{' | b'[') => {
                    if !around.push(object) {
                        return self.wrong("objects and lists are nested too deep");
                    }
                    (object, first) = (open == b'{', true);
                }
                other => self.pass_word(other)?,
            }
        }
    }

    /// Passes over the next key of an object that has begun; false at its end.
    #[inline]
    fn passes_key(&mut self, first: &mut bool) -> ReadPiece<bool> {
        if !self.enters_member(first)? {
            return Ok(false);
        }
        self.pass_text()?;
        self.expect(b':', "expected a colon behind the key")?;
        Ok(true)
    }

    /// The next key of an object that has begun, escapes and all; false at its end.
    pub(crate) fn member(&mut self, first: &mut bool, key: &mut Vec<u8>) -> ReadPiece<bool> {
        if !self.enters_member(first)? {
            return Ok(false);
        }
        key.clear();
        self.quoted(key)?;
        self.expect(b':', "expected a colon behind the key")?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::window::PieceStop;

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
}
