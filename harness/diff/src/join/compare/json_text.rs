//! A value, and the text of JSON that a store made of it.

use super::Matching;
use super::text::same_text;
use crate::intake::{JsonText, base64};
use crate::span::values::{AnyValue, items, pairs};

/// Whether the text is what a store writes for the value.
pub(super) fn same_as_text(value: &AnyValue<'_>, text: &[u8], how: &mut Matching<'_>) -> bool {
    match value {
        AnyValue::Empty => text.is_empty(),
        AnyValue::List(_) | AnyValue::Map(_) => {
            // A number at the end needs something behind it.
            let padded = [text, b" "].concat();
            let mut json = JsonText::new(&padded);
            same(value, &mut json, how) == Some(true) && padded[json.at..].iter().all(u8::is_ascii_whitespace)
        }
        _ => false,
    }
}

/// Whether the value comes next; nothing where the text is no JSON.
fn same(value: &AnyValue<'_>, json: &mut JsonText<'_>, how: &mut Matching<'_>) -> Option<bool> {
    let first = json.peek().ok()?;
    Some(match value {
        AnyValue::Empty => json.null().ok()?,
        AnyValue::Text(text) => {
            let mut found = Vec::new();
            first == b'"' && json.text(&mut found).ok().map(|()| same_text(text, &found, how))?
        }
        AnyValue::Bytes(bytes) => {
            let (mut found, mut decoded) = (Vec::new(), Vec::new());
            first == b'"'
                && json.text(&mut found).ok().map(|()| base64(&found, &mut decoded))?
                && decoded == *bytes
        }
        AnyValue::Bool(value) => matches!(first, b't' | b'f') && json.boolean().ok()? == *value,
        AnyValue::Int(value) => first != b'"' && json.signed().ok()? == *value,
        AnyValue::Double(value) => first != b'"' && json.double().ok()?.to_bits() == value.to_bits(),
        AnyValue::List(inside) => {
            if first != b'[' {
                return Some(false);
            }
            json.list().ok()?;
            let (mut begin, mut values) = (true, items(inside));
            while json.more(&mut begin).ok()? {
                match values.next() {
                    Some(value) if same(&value, json, how)? => {}
                    _ => return Some(false),
                }
            }
            values.next().is_none()
        }
        AnyValue::Map(inside) => {
            if first != b'{' {
                return Some(false);
            }
            json.object().ok()?;
            let mut left: Vec<_> = pairs(inside).collect();
            let (mut begin, mut key) = (true, Vec::new());
            while json.member(&mut begin, &mut key).ok()? {
                let Some(place) = left.iter().position(|(name, _)| same_text(name, &key, how)) else {
                    return Some(false);
                };
                let (_, value) = left.remove(place);
                if !same(&value, json, how)? {
                    return Some(false);
                }
            }
            left.is_empty()
        }
    })
}
