//! Ids and enums in JSON, and what is taken of them although it is written differently.

use spanfate_model::finding::diff::DiffRule;

use super::JsonText;
use super::number::signed;
use crate::intake::window::ReadPiece;
use crate::rules::{RuleCounts, RuleSet};

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
        if let Some(id) = self.usual_id() {
            return Ok(Some(id));
        }
        let Some(text) = self.plain()? else { return self.wrong("an id is written with escapes") };
        if text.is_empty() {
            return Ok(None);
        }
        self.odd_id(text, short, lenient).map(Some)
    }

    /// An id as it should be, behind its first quotation mark.
    #[inline]
    fn usual_id<const N: usize>(&mut self) -> Option<[u8; N]> {
        let rest = self.all.get(self.at..)?;
        let id = hex(rest.as_chunks().0.first_chunk()?, &SMALL)?;
        if rest.get(2 * N) != Some(&b'"') {
            return None;
        }
        self.at += 2 * N + 1;
        Some(id)
    }

    /// An id that is not as it should be, but may be taken all the same.
    #[cold]
    fn odd_id<const N: usize>(
        &mut self,
        text: &[u8],
        short: bool,
        lenient: &mut Leniency,
    ) -> ReadPiece<[u8; N]> {
        let mut id = [0; N];
        if let Some(id) = whole_hex(text) {
            return if lenient.takes(DiffRule::Ids) {
                Ok(id)
            } else {
                self.wrong("an id is written in capitals")
            };
        }
        let mut bytes = Vec::new();
        let whole = (short && padded_hex(text, &mut id))
            || (text.ends_with(b"=")
                && base64(text, &mut bytes)
                && bytes.try_into().map(|bytes| id = bytes).is_ok());
        if whole && lenient.takes(DiffRule::Ids) {
            return Ok(id);
        }
        self.wrong(if N == 16 {
            "the id of a trace has not 32 hexadecimal digits"
        } else {
            "the id of a span has not 16 hexadecimal digits"
        })
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

/// Hexadecimal digits whose zeros in front are left out.
fn padded_hex<const N: usize>(text: &[u8], out: &mut [u8; N]) -> bool {
    let mut padded = [[b'0'; 2]; N];
    let flat = padded.as_flattened_mut();
    let Some(zeros) = flat.len().checked_sub(text.len()) else { return false };
    flat[zeros..].copy_from_slice(text);
    hex(&padded, &DIGITS).map(|id| *out = id).is_some()
}

/// Hexadecimal digits, capitals among them, that are as many as they must be.
fn whole_hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_chunks();
    hex(pairs.try_into().ok().filter(|_| rest.is_empty())?, &DIGITS)
}

/// Hexadecimal digits as bytes; nothing where they are none.
#[inline]
fn hex<const N: usize>(pairs: &[[u8; 2]; N], worth: &[u8; 256]) -> Option<[u8; N]> {
    let (mut out, mut wrong) = ([0; N], 0);
    for (byte, [high, low]) in out.iter_mut().zip(pairs) {
        let (high, low) = (worth[usize::from(*high)], worth[usize::from(*low)]);
        wrong |= high | low;
        *byte = high << 4 | low;
    }
    (wrong < 16).then_some(out)
}

/// What a hexadecimal digit is worth; 255 for what is none.
const DIGITS: [u8; 256] = worth(true);
/// The same of small letters only.
const SMALL: [u8; 256] = worth(false);

const fn worth(capitals: bool) -> [u8; 256] {
    let (mut out, mut at) = ([255; 256], 0);
    while at < 256 {
        out[at] = match at as u8 {
            digit @ b'0'..=b'9' => digit - b'0',
            digit @ b'a'..=b'f' => digit - b'a' + 10,
            digit @ b'A'..=b'F' if capitals => digit - b'A' + 10,
            _ => 255,
        };
        at += 1;
    }
    out
}

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
}
