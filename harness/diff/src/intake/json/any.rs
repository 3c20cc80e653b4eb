//! Ids, bytes, and attributes of OTLP in JSON.

use spanfate_model::finding::diff::DiffRule;

use super::{JsonText, float, signed};
use crate::intake::window::ReadPiece;
use crate::rules::{RuleCounts, RuleSet};
use crate::span::values::{AnyValue, close, open, open_nested, open_text, put_value};

/// Attribute values that may be in each other.
const DEEPEST: u32 = 100;

/// What is taken although it is written differently, and how often it was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leniency {
    pub(crate) rules: RuleSet,
    pub(crate) counts: RuleCounts,
}

impl Leniency {
    /// Whether the rule may be applied; then it is counted.
    #[inline]
    pub(crate) const fn takes(&mut self, rule: DiffRule) -> bool {
        let takes = self.rules.has(rule);
        if takes {
            self.counts.count(rule);
        }
        takes
    }
}

impl JsonText<'_> {
    /// An id that must be there: hexadecimal in small letters; by the rule also in capitals or base64, and with `short` without its
    /// zeros in front.
    #[inline]
    pub(crate) fn id<const N: usize>(&mut self, short: bool, lenient: &mut Leniency) -> ReadPiece<[u8; N]> {
        match self.id_or_none(short, lenient)? {
            Some(id) => Ok(id),
            None => self.wrong("an id is empty"),
        }
    }

    /// The same where it may be empty or `null`.
    #[inline]
    pub(crate) fn id_or_none<const N: usize>(
        &mut self,
        short: bool,
        lenient: &mut Leniency,
    ) -> ReadPiece<Option<[u8; N]>> {
        if self.null()? {
            return Ok(None);
        }
        self.expect(b'"', "expected an id in a string")?;
        let Some(text) = self.plain()? else { return self.wrong("an id is written with escapes") };
        if text.is_empty() {
            return Ok(None);
        }
        let mut id = [0; N];
        if text.len() == 2 * N && hex(text, &mut id) {
            if text.iter().any(u8::is_ascii_uppercase) && !lenient.takes(DiffRule::Ids) {
                return self.wrong("an id is written in capitals");
            }
            return Ok(Some(id));
        }
        let mut bytes = Vec::new();
        let whole = (short && padded_hex(text, &mut id))
            || (text.ends_with(b"=")
                && base64(text, &mut bytes)
                && bytes.try_into().map(|bytes| id = bytes).is_ok());
        if whole && lenient.takes(DiffRule::Ids) {
            return Ok(Some(id));
        }
        self.wrong(if N == 16 {
            "the id of a trace has not 32 hexadecimal digits"
        } else {
            "the id of a span has not 16 hexadecimal digits"
        })
    }

    /// Appends a list of attributes.
    #[inline]
    pub(crate) fn attributes(&mut self, out: &mut Vec<u8>) -> ReadPiece<()> {
        self.pairs(out, 0)
    }

    fn pairs(&mut self, out: &mut Vec<u8>, depth: u32) -> ReadPiece<()> {
        if self.null()? {
            return Ok(());
        }
        self.list()?;
        let mut first = true;
        while self.more(&mut first)? {
            self.pair(out, depth)?;
        }
        Ok(())
    }

    /// A key and a value, in whichever order.
    fn pair(&mut self, out: &mut Vec<u8>, depth: u32) -> ReadPiece<()> {
        self.object()?;
        let begin = out.len();
        let (mut first, mut key, mut value) = (true, None, false);
        while let Some(name) = self.key(&mut first)? {
            match name {
                b"key" if key.is_none() => {
                    let from = open(out);
                    self.text(out)?;
                    close(out, from);
                    let length = out.len() + 4 - from;
                    // Behind a value it goes to the front.
                    out[begin..].rotate_right(length);
                    key = Some(length);
                }
                b"value" if !value => {
                    value = true;
                    self.any_value(out, depth)?;
                }
                b"key" | b"value" => return self.wrong("an attribute has two keys or two values"),
                _ => self.skip()?,
            }
        }
        if key.is_none() {
            let from = open(out);
            close(out, from);
            out[begin..].rotate_right(4);
        }
        if !value {
            put_value(out, AnyValue::Empty);
        }
        Ok(())
    }

    fn any_value(&mut self, out: &mut Vec<u8>, depth: u32) -> ReadPiece<()> {
        if depth >= DEEPEST {
            return self.wrong("attribute values are nested too deep");
        }
        if self.null()? {
            put_value(out, AnyValue::Empty);
            return Ok(());
        }
        self.object()?;
        let (mut first, mut found) = (true, false);
        while let Some(name) = self.key(&mut first)? {
            let known = matches!(
                name,
                b"stringValue"
                    | b"string_value"
                    | b"boolValue"
                    | b"bool_value"
                    | b"intValue"
                    | b"int_value"
                    | b"doubleValue"
                    | b"double_value"
                    | b"arrayValue"
                    | b"array_value"
                    | b"kvlistValue"
                    | b"kvlist_value"
                    | b"bytesValue"
                    | b"bytes_value"
            );
            if !known {
                self.skip()?;
            } else if self.null()? {
            } else if std::mem::replace(&mut found, true) {
                return self.wrong("an attribute has two values");
            } else {
                self.typed(name, out, depth)?;
            }
        }
        if !found {
            put_value(out, AnyValue::Empty);
        }
        Ok(())
    }

    fn typed(&mut self, name: &[u8], out: &mut Vec<u8>, depth: u32) -> ReadPiece<()> {
        match name[0] {
            b's' => {
                let from = open_text(out, false);
                self.text(out)?;
                close(out, from);
            }
            b'i' => {
                let number = self.signed()?;
                put_value(out, AnyValue::Int(number));
            }
            b'd' => {
                let number = self.double()?;
                put_value(out, AnyValue::Double(number));
            }
            b'a' | b'k' => {
                let from = open_nested(out, name[0] == b'k');
                self.object()?;
                let (mut first, mut found) = (true, false);
                while let Some(inside) = self.key(&mut first)? {
                    match inside {
                        b"values" if std::mem::replace(&mut found, true) => {
                            return self.wrong("a list has its values twice");
                        }
                        b"values" if name[0] == b'k' => self.pairs(out, depth + 1)?,
                        b"values" => self.values(out, depth + 1)?,
                        _ => self.skip()?,
                    }
                }
                close(out, from);
            }
            _ if name.starts_with(b"by") => {
                self.expect(b'"', "expected bytes in base64")?;
                let Some(text) = self.plain()? else { return self.wrong("bytes are written with escapes") };
                let from = open_text(out, true);
                if !base64(text, out) {
                    return self.wrong("bytes are not in base64");
                }
                close(out, from);
            }
            _ => {
                let value = self.boolean()?;
                put_value(out, AnyValue::Bool(value));
            }
        }
        Ok(())
    }

    fn values(&mut self, out: &mut Vec<u8>, depth: u32) -> ReadPiece<()> {
        if self.null()? {
            return Ok(());
        }
        self.list()?;
        let mut first = true;
        while self.more(&mut first)? {
            self.any_value(out, depth)?;
        }
        Ok(())
    }

    pub(crate) fn boolean(&mut self) -> ReadPiece<bool> {
        match self.token()? {
            b't' => self.word(b"rue").map(|()| true),
            b'f' => self.word(b"alse").map(|()| false),
            _ => self.wrong("expected true or false"),
        }
    }

    /// A double; what JSON has no number for stands in a string.
    pub(crate) fn double(&mut self) -> ReadPiece<f64> {
        let text = self.number()?;
        let found = match text {
            b"NaN" => Some(f64::NAN),
            b"Infinity" => Some(f64::INFINITY),
            b"-Infinity" => Some(f64::NEG_INFINITY),
            text => float(text),
        };
        found.map_or_else(|| self.wrong("expected a number"), Ok)
    }

    /// A kind of span or the code of a status: a number, or by the rule its name.
    #[inline]
    pub(crate) fn number_or_name(&mut self, names: &[&[u8]], lenient: &mut Leniency) -> ReadPiece<u8> {
        if self.null()? {
            return Ok(0);
        }
        if self.peek()? != b'"' {
            let number = self.signed()?;
            return u8::try_from(number).or_else(|_| self.wrong("the number is none of this enum"));
        }
        self.at += 1;
        let text = self.plain()?.unwrap_or_default();
        let place = names.iter().position(|name| *name == text).or_else(|| signed(text).map(|n| n as usize));
        match place {
            Some(place) if place < 256 && lenient.takes(DiffRule::Enums) => Ok(place as u8),
            _ => self.wrong("the name is none of this enum"),
        }
    }
}

/// The same without the zeros in front.
fn padded_hex<const N: usize>(text: &[u8], out: &mut [u8; N]) -> bool {
    let mut padded = [[b'0'; 2]; N];
    let flat = padded.as_flattened_mut();
    let Some(zeros) = flat.len().checked_sub(text.len()) else { return false };
    flat[zeros..].copy_from_slice(text);
    hex(flat, out)
}

/// Hexadecimal digits as bytes; false where they are none.
#[inline]
fn hex(text: &[u8], out: &mut [u8]) -> bool {
    let (pairs, rest) = text.as_chunks::<2>();
    if !rest.is_empty() || pairs.len() != out.len() {
        return false;
    }
    let mut wrong = 0;
    for (byte, [high, low]) in out.iter_mut().zip(pairs) {
        let (high, low) = (DIGITS[usize::from(*high)], DIGITS[usize::from(*low)]);
        wrong |= high | low;
        *byte = high << 4 | low;
    }
    wrong < 16
}

/// What a hexadecimal digit is worth; 255 for what is none.
const DIGITS: [u8; 256] = {
    let (mut out, mut at) = ([255; 256], 0);
    while at < 256 {
        out[at] = match at as u8 {
            digit @ b'0'..=b'9' => digit - b'0',
            digit @ b'a'..=b'f' => digit - b'a' + 10,
            digit @ b'A'..=b'F' => digit - b'A' + 10,
            _ => 255,
        };
        at += 1;
    }
    out
};

/// Appends what base64 stands for, of either alphabet, with or without padding; false where it is none.
pub(crate) fn base64(text: &[u8], out: &mut Vec<u8>) -> bool {
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let digits = &text[..text.len() - padding];
    if padding > 2 || (padding > 0 && !text.len().is_multiple_of(4)) || digits.len() % 4 == 1 {
        return false;
    }
    let (mut held, mut bits) = (0_u32, 0);
    for byte in digits {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return false,
        };
        held = held << 6 | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::window::PieceStop;

    fn lenient(rules: RuleSet) -> Leniency {
        Leniency { rules, counts: RuleCounts::default() }
    }

    #[test]
    fn ids_in_other_notations_are_taken_by_the_rule_only() {
        let id =
            |text: &str, rules: RuleSet| JsonText::new(text.as_bytes()).id::<8>(true, &mut lenient(rules));
        let same = [1, 2, 3, 4, 5, 6, 0xab, 0xcd];
        assert_eq!(id("\"010203040506abcd\"", RuleSet::NONE), Ok(same));
        for text in ["\"010203040506ABCD\"", "\"10203040506abcd\"", "\"AQIDBAUGq80=\""] {
            assert_eq!(id(text, RuleSet::ALL), Ok(same), "{text}");
            assert!(id(text, RuleSet::NONE).is_err(), "{text}");
        }
        for text in ["\"010203040506abcd00\"", "\"xx0203040506abcd\"", "12", "\"\"", "null"] {
            assert!(matches!(id(text, RuleSet::ALL), Err(PieceStop::Wrong(..))), "{text}");
        }
    }

    #[test]
    fn a_value_before_its_key_gives_the_same_attribute() {
        let read = |text: &str| {
            let mut out = vec![7];
            JsonText::new(text.as_bytes()).attributes(&mut out).map(|()| out)
        };
        let one = read(r#"[{"key":"ab","value":{"intValue":"5"}},{"key":"c"}]"#).unwrap();
        assert_eq!(read(r#"[{"value":{"intValue":5},"key":"ab"},{"value":{},"key":"c"}]"#).unwrap(), one);
        assert!(read(r#"[{"key":"a","key":"b"}]"#).is_err());
        let deep = format!("[{{\"key\":\"a\",\"value\":{}", "{\"arrayValue\":{\"values\":[".repeat(200));
        assert!(matches!(read(&deep), Err(PieceStop::Wrong(..))));
    }
}
