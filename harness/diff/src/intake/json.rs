//! A position in a JSON text of which the end may not be there yet. Other than the receiver, which takes what the Collector takes, it
//! goes by the book: what is no JSON is said to be none, with its place.

mod any;
mod id;
mod number;
mod order;
mod skip;
mod text;

pub(crate) use self::id::{Leniency, base64};
pub(super) use self::number::digits;
pub(super) use self::order::{KeyOrder, KeyPlace};

use super::window::{PieceStop, ReadPiece};

const NO_MEMBER: &str = "expected a key, a comma or the end of the object";
const NO_KEY: &str = "expected a key";
const NO_COLON: &str = "expected a colon behind the key";
const NO_ELEMENT: &str = "expected a comma or the end of the list";

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

    /// Notes that a key was read; one that was read before is wrong. Keys that are not known have no bit.
    #[inline]
    pub(crate) fn once(&self, seen: &mut u32, bit: u32, what: &'static str) -> ReadPiece<()> {
        if *seen & bit != 0 {
            return self.wrong(what);
        }
        *seen |= bit;
        Ok(())
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
        let (token, behind) = token_at(self.all, self.at)?;
        self.at = behind;
        Ok(token)
    }

    /// The token that comes next, which stays there.
    #[inline]
    pub(crate) fn peek(&mut self) -> ReadPiece<u8> {
        let byte = self.token()?;
        self.at -= 1;
        Ok(byte)
    }

    #[inline]
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

    /// The byte behind this text, where that is what comes next.
    #[inline]
    pub(crate) fn behind(&self, text: &[u8]) -> Option<u8> {
        self.all.get(self.at..)?.strip_prefix(text)?.first().copied()
    }

    /// The begin of an object.
    #[inline]
    pub(crate) fn object(&mut self) -> ReadPiece<()> {
        self.expect(b'{', "expected an object")
    }

    /// The next key of an object that has begun; nothing at its end.
    #[inline]
    pub(crate) fn key(&mut self, first: &mut bool) -> ReadPiece<Option<&'a [u8]>> {
        if !self.enters_member(first)? {
            return Ok(None);
        }
        let Some(key) = self.plain()? else {
            // Nobody writes them, and one that is passed over would hide what it holds.
            return self.wrong("a key is written with escapes");
        };
        self.expect(b':', NO_COLON)?;
        Ok(Some(key))
    }

    /// Goes behind the first quotation mark of the next key of an object that has begun; false at its end.
    #[inline]
    fn enters_member(&mut self, first: &mut bool) -> ReadPiece<bool> {
        let token = self.token()?;
        let quote = match (token, std::mem::take(first)) {
            (b'}', _) => return Ok(false),
            (b',', false) => self.token()?,
            (b'"', true) => token,
            _ => return self.wrong(NO_MEMBER),
        };
        if quote == b'"' { Ok(true) } else { self.wrong(NO_KEY) }
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
            _ => self.wrong(NO_ELEMENT),
        }
    }
}

/// The next byte that is no white space, and the place behind it.
#[inline]
fn token_at(all: &[u8], at: usize) -> ReadPiece<(u8, usize)> {
    match all.get(at) {
        Some(&byte) if byte > b' ' => Ok((byte, at + 1)),
        _ => spaced_token(all, at),
    }
}

#[inline(never)]
fn spaced_token(all: &[u8], at: usize) -> ReadPiece<(u8, usize)> {
    let rest = all.get(at..).unwrap_or_default();
    let space = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\t' | b'\r')).count();
    match rest.get(space) {
        Some(&byte) => Ok((byte, at + space + 1)),
        None => Err(PieceStop::More),
    }
}
