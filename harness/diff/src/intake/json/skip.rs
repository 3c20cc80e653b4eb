//! Passing over what is not kept. It is read all the same: what is no JSON is said to be none.

use super::JsonText;
use crate::intake::window::ReadPiece;

/// Objects and lists that may be in each other.
const DEEPEST: usize = 512;

/// The objects and lists that are open, a bit for each: whether it is an object.
#[derive(Default)]
struct Nesting {
    bits: [u64; DEEPEST / 64],
    deep: usize,
}

impl Nesting {
    #[inline]
    fn push(&mut self, object: bool) {
        let (word, bit) = (&mut self.bits[self.deep / 64], 1 << (self.deep % 64));
        *word = if object { *word | bit } else { *word & !bit };
        self.deep += 1;
    }

    #[inline]
    const fn pop(&mut self) {
        self.deep -= 1;
    }

    /// Whether the innermost is an object.
    #[inline]
    fn last(&self) -> Option<bool> {
        let at = self.deep.checked_sub(1)?;
        Some(self.bits[at / 64] & 1 << (at % 64) != 0)
    }
}

/// Whether it is a number as JSON has it.
#[inline]
fn is_number(text: &[u8]) -> bool {
    fn digits(text: &[u8]) -> (usize, &[u8]) {
        let many = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (many, &text[many..])
    }
    let whole = text.strip_prefix(b"-").unwrap_or(text);
    let (many, mut rest) = digits(whole);
    let mut right = many == 1 || many > 1 && whole[0] != b'0';
    if let Some(behind) = rest.strip_prefix(b".") {
        let (many, after) = digits(behind);
        (right, rest) = (right && many > 0, after);
    }
    if let Some(power) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        let power = power.strip_prefix(b"+").or_else(|| power.strip_prefix(b"-")).unwrap_or(power);
        let (many, after) = digits(power);
        (right, rest) = (right && many > 0, after);
    }
    right && rest.is_empty()
}

impl JsonText<'_> {
    /// Passes over a value, whatever it is.
    pub(crate) fn skip(&mut self) -> ReadPiece<()> {
        let mut inside = Nesting::default();
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
                    if !is_number(text) {
                        return self.wrong("expected a number");
                    }
                }
                open @ (b'{' | b'[') => {
                    if inside.deep == DEEPEST {
                        return self.wrong("objects and lists are nested too deep");
                    }
                    if self.enters(open == b'{', &mut first)? {
                        inside.push(open == b'{');
                        continue;
                    }
                }
                _ => return self.wrong("expected a value"),
            }
            // A value is complete; with it what it is in may be.
            loop {
                let Some(object) = inside.last() else { return Ok(()) };
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
