//! Passing over what nobody knows. Other than in what is known, every bracket and comma must be in its place here.

use super::cursor::JsonCursor;
use crate::receiver::decode::span::Decoded;

/// Objects and lists that may be in each other.
const DEEPEST: usize = 10_000;

impl JsonCursor<'_> {
    /// Passes over a value, whatever it is.
    pub(super) fn skip(&mut self) -> Decoded<()> {
        self.skipped.clear();
        loop {
            if self.skip_begin()? {
                continue;
            }
            // A value is complete; with it what it is in may be.
            loop {
                let Some(object) = self.skipped.last().copied() else { return Ok(()) };
                match (object, self.token()?) {
                    (true, b',') => {
                        self.pass_text()?;
                        self.colon()?;
                        break;
                    }
                    (false, b',') => break,
                    (true, b'}') | (false, b']') => drop(self.skipped.pop()),
                    _ => return Err(self.wrong("expected a comma or the end")),
                }
            }
        }
    }

    /// Passes over a plain value, or over what is before the first one inside; says whether that one comes next.
    fn skip_begin(&mut self) -> Decoded<bool> {
        match self.token()? {
            b'"' => self.pass_quoted()?,
            b'n' => self.word(b"ull")?,
            b't' => self.word(b"rue")?,
            b'f' => self.word(b"alse")?,
            first @ (b'-' | b'0'..=b'9') => self.skip_number(first)?,
            b'[' => {
                self.skip_into(false)?;
                if self.token()? != b']' {
                    self.at -= 1;
                    return Ok(true);
                }
                self.skipped.pop();
            }
            b'{' => {
                self.skip_into(true)?;
                match self.token()? {
                    b'"' => {
                        self.pass_quoted()?;
                        self.colon()?;
                        return Ok(true);
                    }
                    b'}' => drop(self.skipped.pop()),
                    _ => return Err(self.wrong("expected a key or the end of the object")),
                }
            }
            _ => return Err(self.wrong("expected a value")),
        }
        Ok(false)
    }

    fn skip_into(&mut self, object: bool) -> Decoded<()> {
        if self.skipped.len() == DEEPEST {
            return Err(self.wrong("objects and lists are nested too deep"));
        }
        self.skipped.push(object);
        Ok(())
    }
}
