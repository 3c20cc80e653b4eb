//! Passing over what is not kept. It is read all the same: what is no JSON is said to be none.

use super::{JsonText, float};
use crate::intake::window::ReadPiece;

/// Objects and lists that may be in each other.
const DEEPEST: usize = 512;

impl JsonText<'_> {
    /// Passes over a value, whatever it is.
    pub(crate) fn skip(&mut self) -> ReadPiece<()> {
        let mut inside: Vec<bool> = Vec::new();
        loop {
            let mut first = true;
            match self.token()? {
                b'"' => self.pass_text()?,
                b'n' => self.word(b"ull")?,
                b't' => self.word(b"rue")?,
                b'f' => self.word(b"alse")?,
                b'-' | b'0'..=b'9' => {
                    self.at -= 1;
                    let text = self.number()?;
                    if float(text).is_none() {
                        return self.wrong("expected a number");
                    }
                }
                open @ (b'{' | b'[') => {
                    if inside.len() == DEEPEST {
                        return self.wrong("objects and lists are nested too deep");
                    }
                    inside.push(open == b'{');
                    if self.enters(open == b'{', &mut first)? {
                        continue;
                    }
                    inside.pop();
                }
                _ => return self.wrong("expected a value"),
            }
            // A value is complete; with it what it is in may be.
            loop {
                let Some(object) = inside.last().copied() else { return Ok(()) };
                if self.enters(object, &mut false)? {
                    break;
                }
                inside.pop();
            }
        }
    }

    /// Whether an object or a list that has begun has a value more; its key is passed over.
    fn enters(&mut self, object: bool, first: &mut bool) -> ReadPiece<bool> {
        if !object {
            return self.more(first);
        }
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

    fn enters_member(&mut self, first: &mut bool) -> ReadPiece<bool> {
        let token = self.token()?;
        let quote = match (token, std::mem::take(first)) {
            (b'}', _) => return Ok(false),
            (b',', false) => self.token()?,
            (b'"', true) => token,
            _ => return self.wrong("expected a key, a comma or the end of the object"),
        };
        if quote == b'"' { Ok(true) } else { self.wrong("expected a key") }
    }

    fn pass_text(&mut self) -> ReadPiece<()> {
        if self.plain()?.is_none() {
            self.escaped(&mut Vec::new())?;
        }
        Ok(())
    }
}
