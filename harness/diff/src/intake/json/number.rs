//! Numbers of JSON, and those that stand in quotation marks.

use super::JsonText;
use crate::intake::window::{PieceStop, ReadPiece};

impl<'a> JsonText<'a> {
    /// A number as it is written, quotation marks around it left out.
    #[inline]
    pub(crate) fn number(&mut self) -> ReadPiece<&'a [u8]> {
        if self.peek()? != b'"' {
            return self.bare_number();
        }
        self.at += 1;
        match self.plain()? {
            Some(text) => Ok(text),
            None => self.wrong("expected a number"),
        }
    }

    /// A number without quotation marks, as JSON has it.
    #[inline]
    pub(super) fn bare_number(&mut self) -> ReadPiece<&'a [u8]> {
        let rest = self.all.get(self.at..).unwrap_or_default();
        let mut length = 0;
        while let Some(eight) = rest.get(length..).and_then(<[u8]>::first_chunk::<8>)
            && all_digits(u64::from_le_bytes(*eight))
        {
            length += 8;
        }
        while rest.get(length).is_some_and(u8::is_ascii_digit) {
            length += 1;
        }
        let goes_on = rest.get(length).is_none_or(|byte| is_part(*byte));
        if goes_on || length == 0 || (length > 1 && rest[0] == b'0') {
            return self.other_number();
        }
        self.at += length;
        Ok(&rest[..length])
    }

    /// A number that is more than digits, or is none.
    #[inline(never)]
    fn other_number(&mut self) -> ReadPiece<&'a [u8]> {
        let rest = self.all.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| !is_part(*byte)).ok_or(PieceStop::More)?;
        self.at += length.max(1);
        let text = &rest[..length];
        if is_number(text) { Ok(text) } else { self.wrong("expected a number") }
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

/// Whether it may be part of a number.
#[inline]
const fn is_part(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

/// Digits of which the number fits into 64 bits, whatever they are.
const FITS: usize = 19;

/// A whole number in decimal.
#[inline]
pub(in crate::intake) fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > FITS {
        return long_digits(text);
    }
    let (eights, rest) = text.as_chunks::<8>();
    let mut number = 0;
    for eight in eights {
        let word = u64::from_le_bytes(*eight);
        if !all_digits(word) {
            return None;
        }
        number = number * 100_000_000 + eight_digits(word);
    }
    for byte in rest {
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number * 10 + u64::from(byte - b'0');
    }
    Some(number)
}

#[cold]
fn long_digits(text: &[u8]) -> Option<u64> {
    let number = text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    });
    number.filter(|_| !text.is_empty())
}

/// Whether eight bytes are digits all of them.
#[inline]
const fn all_digits(word: u64) -> bool {
    const HIGH: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    // Behind 9 six more go into the next sixteen.
    let beyond = word.wrapping_add(0x0606_0606_0606_0606) & HIGH;
    word & HIGH | beyond >> 4 == 0x3333_3333_3333_3333
}

/// The number of eight digits, of which the first is the lowest byte: neighbours are brought together three times.
#[inline]
const fn eight_digits(word: u64) -> u64 {
    let ones = word & 0x0f0f_0f0f_0f0f_0f0f;
    let twos = (ones.wrapping_mul(10 << 8 | 1) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (twos.wrapping_mul(100 << 16 | 1) >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000 << 32 | 1) >> 32
}

/// The same with a sign.
#[inline]
pub(in crate::intake) fn signed(text: &[u8]) -> Option<i64> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_whole_or_refused() {
        assert_eq!((signed(b"-9223372036854775808"), signed(b"9223372036854775808")), (Some(i64::MIN), None));
        assert_eq!(
            (digits(b"18446744073709551615"), digits(b"18446744073709551616")),
            (Some(u64::MAX), None)
        );
        assert_eq!((digits(b""), digits(b"1x"), signed(b"-")), (None, None, None));
    }

    #[test]
    fn many_digits_are_the_same_number_as_one_by_one() {
        for text in [
            "0",
            "7",
            "12345678",
            "123456789",
            "1700000000000000123",
            "9999999999999999999",
            "00000000000000000012",
            "18446744073709551615",
            "1234567x",
            "x2345678",
            "12345678/",
            ":2345678",
            "1234 678",
            "",
        ] {
            assert_eq!(digits(text.as_bytes()), text.parse().ok(), "{text}");
        }
    }
}
