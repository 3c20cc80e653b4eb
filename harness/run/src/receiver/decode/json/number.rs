//! Numbers in JSON as the Collector reads them: whole ones without fraction or exponent, as numbers or in strings.

use super::cursor::JsonCursor;
use crate::receiver::decode::span::Decoded;

const NOT_WHOLE: &str = "expected a whole number, or one in a string";
const NOT_WITHIN: &str = "the number is too large";

impl JsonCursor<'_> {
    /// A whole number from 0 to `most`, which is all ones.
    #[inline]
    pub(super) fn unsigned(&mut self, most: u64) -> Decoded<u64> {
        match self.token()? {
            b'"' => {
                let text = self.quoted()?;
                whole(&text).filter(|number| *number <= most).ok_or_else(|| self.wrong(NOT_WHOLE))
            }
            first => self.digits(first, most),
        }
    }

    /// A whole number whose amount has as many bits as `most`, or is one more if it is negative.
    pub(super) fn signed(&mut self, most: u64) -> Decoded<i64> {
        let (negative, amount) = match self.token()? {
            b'"' => {
                let text = self.quoted()?;
                let (negative, digits) = match text.split_first() {
                    Some((b'-', digits)) => (true, digits),
                    Some((b'+', digits)) => (false, digits),
                    _ => (false, &*text),
                };
                (negative, whole(digits).ok_or_else(|| self.wrong(NOT_WHOLE))?)
            }
            b'-' => {
                let first = self.byte()?;
                (true, self.digits(first, most << 1 | 1)?)
            }
            first => (false, self.digits(first, most << 1 | 1)?),
        };
        if amount > most + u64::from(negative) {
            return Err(self.wrong(NOT_WITHIN));
        }
        Ok(if negative { (amount as i64).wrapping_neg() } else { amount as i64 })
    }

    /// A whole number from its first digit on. One that is too large for `most` wraps around where the Collector does not
    /// notice it either.
    #[inline]
    fn digits(&mut self, first: u8, most: u64) -> Decoded<u64> {
        if !first.is_ascii_digit() {
            return Err(self.wrong(NOT_WHOLE));
        }
        let mut number = u64::from(first - b'0');
        while number > 0
            && let Some(digit) = self.rest().first().filter(|byte| byte.is_ascii_digit())
        {
            let next = number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')) & most;
            if number > most / 10 - 1 && next < number {
                return Err(self.wrong(NOT_WITHIN));
            }
            number = next;
            self.at += 1;
        }
        if self.rest().first() == Some(&b'.') {
            return Err(self.wrong("the number is not whole"));
        }
        Ok(number)
    }

    /// A number that need not be whole, or one in a string.
    pub(super) fn double(&mut self) -> Decoded<()> {
        let valid = match self.token()? {
            b'"' => is_float(&self.quoted()?),
            b'-' => self.is_double(true),
            b'0'..=b'9' => {
                self.at -= 1;
                self.is_double(true)
            }
            _ => false,
        };
        if valid { Ok(()) } else { Err(self.wrong("expected a number, or one in a string")) }
    }

    /// Passes over a number of a field that nobody knows. How it must look depends on its first digit, as in the Collector.
    pub(super) fn skip_number(&mut self, first: u8) -> Decoded<()> {
        if first != b'0' && self.skip_plain()? {
            return Ok(());
        }
        let valid = match first {
            b'0' => {
                self.at -= 1;
                self.is_double(false)
            }
            b'-' => match self.rest() {
                [b'.', ..] | [b'0', b'0'..=b'9', ..] => self.number_text().parse::<f64>().is_ok(),
                _ => self.is_double(true),
            },
            _ => {
                self.at -= 1;
                self.is_double(true)
            }
        };
        if valid { Ok(()) } else { Err(self.wrong("expected a number")) }
    }

    /// Digits with at most one dot among them, and what may follow a number. Stays where it is if something else comes.
    fn skip_plain(&mut self) -> Decoded<bool> {
        let (rest, mut dot) = (self.rest(), false);
        for (i, byte) in rest.iter().enumerate() {
            match byte {
                b'0'..=b'9' => {}
                b'.' => {
                    if dot || rest.get(i + 1).is_some_and(|next| !next.is_ascii_digit()) {
                        return Err(self.wrong("the number has a dot too many"));
                    }
                    dot = true;
                }
                b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r' if i > 0 => {
                    self.at += i;
                    return Ok(true);
                }
                _ => return Ok(false),
            }
        }
        Ok(false)
    }

    /// Whether a positive number comes here that a double can hold, or a float; it is passed over.
    fn is_double(&mut self, double: bool) -> bool {
        if let [b'.', ..] | [b'0', b'0'..=b'9', ..] = self.rest() {
            return false;
        }
        let text = self.number_text();
        let digit_behind_dot = text
            .split_once('.')
            .is_none_or(|(_, fraction)| fraction.starts_with(|next: char| next.is_ascii_digit()));
        let finite = if double {
            text.parse().is_ok_and(f64::is_finite)
        } else {
            text.parse().is_ok_and(f32::is_finite)
        };
        !text.starts_with('-') && digit_behind_dot && finite
    }

    /// All that may be in a number.
    fn number_text(&mut self) -> &str {
        let rest = self.rest();
        let is_part = |byte: &u8| matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E' | b'0'..=b'9');
        let end = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        self.at += end;
        str::from_utf8(&rest[..end]).unwrap_or_default()
    }
}

/// Decimal digits and nothing else.
fn whole(text: &[u8]) -> Option<u64> {
    let digits = text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    });
    digits.filter(|_| !text.is_empty())
}

/// Whether Go's `strconv.ParseFloat` reads it as a double.
fn is_float(text: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(text) else { return false };
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if let Some((zero, rest)) = digits.split_once(['x', 'X']) {
        return zero == "0" && is_hexadecimal_float(rest);
    }
    let named = |name| digits.eq_ignore_ascii_case(name);
    if named("inf") || named("infinity") {
        return true;
    }
    if named("nan") {
        return digits == text;
    }
    !digits.starts_with(['+', '-'])
        && are_between_digits(digits)
        && digits.replace('_', "").parse().is_ok_and(f64::is_finite)
}

/// Digits may be set apart by underscores.
fn are_between_digits(text: &str) -> bool {
    let is_digit = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    text.bytes()
        .enumerate()
        .filter(|(_, byte)| *byte == b'_')
        .all(|(at, _)| is_digit(at.wrapping_sub(1)) && is_digit(at + 1))
}

/// What stands behind `0x`: hexadecimal digits with a binary exponent.
fn is_hexadecimal_float(text: &str) -> bool {
    let Some((digits, exponent)) = text.split_once(['p', 'P']) else { return false };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let amount = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let is_hexadecimal = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    !digits.replace('.', "").is_empty()
        && is_hexadecimal(whole)
        && is_hexadecimal(fraction)
        && !amount.is_empty()
        && amount.bytes().all(|byte| byte.is_ascii_digit())
}
