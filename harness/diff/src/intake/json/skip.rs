//! Passing over what is not kept. It is read all the same: what is no JSON is said to be none.

use super::text::text_end;
use super::{JsonText, NO_COLON, NO_ELEMENT, NO_KEY, NO_MEMBER, token_at};
use crate::intake::window::ReadPiece;

/// Objects and lists that may be in each other.
const DEEPEST: usize = 512;

/// The objects and lists around the one that is read, a bit for each: whether it is an object.
#[derive(Default)]
struct Nesting {
    /// The innermost, the last of them lowest; then those around these.
    inner: u64,
    outer: [u64; DEEPEST / 64 - 1],
    deep: usize,
}

impl Nesting {
    /// One more; false where there are too many.
    #[inline]
    fn push(&mut self, object: bool) -> bool {
        if self.deep + 1 == DEEPEST {
            return false;
        }
        if let Some(place) = self.full() {
            self.outer[place] = self.inner;
        }
        self.inner = self.inner << 1 | u64::from(object);
        self.deep += 1;
        true
    }

    /// Whether the innermost, which is taken away, is an object.
    #[inline]
    fn pop(&mut self) -> Option<bool> {
        self.deep = self.deep.checked_sub(1)?;
        let object = self.inner & 1 != 0;
        self.inner = match self.full() {
            Some(place) => self.outer[place],
            None => self.inner >> 1,
        };
        Some(object)
    }

    /// Where those go, or are, that fill a word.
    #[inline]
    fn full(&self) -> Option<usize> {
        (self.deep.is_multiple_of(64) && self.deep > 0).then(|| self.deep / 64 - 1)
    }
}

impl JsonText<'_> {
    /// Passes over a value, whatever it is.
    #[inline]
    pub(crate) fn skip(&mut self) -> ReadPiece<()> {
        let (first, behind) = token_at(self.all, self.at)?;
        self.at = match first {
            b'"' => text_end(self.all, behind)?,
            b'{' | b'[' => {
                self.at = behind;
                return self.pass_inside(first == b'{');
            }
            _ => word_end(self.all, first, behind)?,
        };
        Ok(())
    }

    /// Passes over the rest of an object or a list that has begun. This is where most of a text is read that is not compared.
    #[inline(never)]
    fn pass_inside(&mut self, mut object: bool) -> ReadPiece<()> {
        let all = self.all;
        let (mut at, mut first, mut around) = (self.at, true, Nesting::default());
        loop {
            let (mut byte, mut behind) = token_at(all, at)?;
            if byte == if object { b'}' } else { b']' } {
                at = behind;
                let Some(outer) = around.pop() else { break };
                // What has ended is a value of what it is in.
                (object, first) = (outer, false);
                continue;
            }
            if !first && byte == b',' {
                (byte, behind) = token_at(all, behind)?;
            } else if !first {
                return self.wrong_at(behind, if object { NO_MEMBER } else { NO_ELEMENT });
            }
            if object {
                if byte != b'"' {
                    return self.wrong_at(behind, if first { NO_MEMBER } else { NO_KEY });
                }
                behind = text_end(all, behind)?;
                (byte, behind) = token_at(all, behind)?;
                if byte != b':' {
                    return self.wrong_at(behind, NO_COLON);
                }
                (byte, behind) = token_at(all, behind)?;
            }
            first = false;
            at = match byte {
                b'"' => text_end(all, behind)?,
                b'{' | b'[' => {
                    if !around.push(object) {
                        return self.wrong_at(behind, "objects and lists are nested too deep");
                    }
                    (object, first) = (byte == b'{', true);
                    behind
                }
                _ => word_end(all, byte, behind)?,
            };
        }
        self.at = at;
        Ok(())
    }

    /// What is wrong is the byte before that place.
    #[cold]
    fn wrong_at<T>(&mut self, behind: usize, what: &'static str) -> ReadPiece<T> {
        self.at = behind;
        self.wrong(what)
    }

    /// The next key of an object that has begun, escapes and all; false at its end.
    pub(crate) fn member(&mut self, first: &mut bool, key: &mut Vec<u8>) -> ReadPiece<bool> {
        if !self.enters_member(first)? {
            return Ok(false);
        }
        key.clear();
        self.quoted(key)?;
        self.expect(b':', NO_COLON)?;
        Ok(true)
    }
}

/// The place behind a number, or one of three words, of which the first byte has been read.
#[inline]
fn word_end(all: &[u8], first: u8, behind: usize) -> ReadPiece<usize> {
    // Zeros and small numbers are by far the most.
    if let (b'0'..=b'9', Some(b',' | b'}')) = (first, all.get(behind)) {
        return Ok(behind);
    }
    longer_word_end(all, first, behind)
}

#[inline(never)]
fn longer_word_end(all: &[u8], first: u8, behind: usize) -> ReadPiece<usize> {
    let mut json = JsonText { all, at: behind };
    match first {
        b'-' | b'0'..=b'9' => {
            json.at -= 1;
            json.bare_number()?;
        }
        b'n' => json.word(b"ull")?,
        b't' => json.word(b"rue")?,
        b'f' => json.word(b"alse")?,
        _ => return json.wrong("expected a value"),
    }
    Ok(json.at)
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
        // Objects and lists in turn, so deep that they fill words.
        for deep in [1, 63, 64, 65, 128, 200, 255] {
            let (open, close) = ("[{\"a\":".repeat(deep), "}]".repeat(deep));
            assert!(skipped(&format!("{open}1{close}")).is_ok(), "{deep}");
            assert!(matches!(skipped(&format!("{open}1}}{close}")), Err(PieceStop::Wrong(..))), "{deep}");
            assert_eq!(
                skipped(&format!("{open}1{}", &close[1..])),
                Err(PieceStop::Wrong(6 * deep + 1, NO_MEMBER))
            );
        }
    }
}
