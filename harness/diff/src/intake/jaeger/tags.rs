//! Tags of Jaeger: a key, a type, and a value of that type.

use crate::intake::json::{JsonText, KeyOrder, KeyPlace, base64};
use crate::intake::window::ReadPiece;
use crate::span::values::{AnyValue, close, open, open_text, put_value, take, take_value};

/// How a tag begins, as Jaeger writes it; behind it stands the first letter of its key.
const BEGIN: &[u8] = b"{\"key\":\"";

/// Appends tags as attributes. `special` is shown each and says whether it was something else and is left out. What `wanted` does not
/// want by the first letter of its key is passed over.
#[inline]
pub(super) fn tags(
    json: &mut JsonText<'_>,
    out: &mut Vec<u8>,
    keys: &mut KeyOrder,
    wanted: impl Fn(u8) -> bool,
    special: &mut impl FnMut(&[u8], AnyValue<'_>) -> bool,
) -> ReadPiece<()> {
    if json.null()? {
        return Ok(());
    }
    json.list()?;
    let mut first = true;
    while json.more(&mut first)? {
        if json.behind(BEGIN).is_some_and(|letter| !wanted(letter)) {
            json.skip()?;
            continue;
        }
        let begin = out.len();
        tag(json, out, keys)?;
        let mut written = &out[begin..];
        if let (Some(key), Some(value)) = (take(&mut written), take_value(&mut written))
            && special(key, value)
        {
            out.truncate(begin);
        }
    }
    Ok(())
}

const KEY: u32 = 1;
const TYPE: u32 = 2;
const VALUE: u32 = 3;

/// A number for each key of a tag, 0 for what is none.
#[inline]
fn number_of(key: &[u8]) -> u32 {
    match key {
        b"key" => KEY,
        b"type" => TYPE,
        b"value" => VALUE,
        _ => 0,
    }
}

/// One tag. Its value may stand before its type, and is then read once more.
fn tag(json: &mut JsonText<'_>, out: &mut Vec<u8>, keys: &mut KeyOrder) -> ReadPiece<()> {
    json.object()?;
    let mut place = KeyPlace::BEGIN;
    let (mut key, mut kind, mut early, mut done) = (false, None, None, false);
    while let Some(number) = json.numbered_key(&mut place, keys, number_of)? {
        match number {
            KEY if !key => {
                key = true;
                let from = open(out);
                json.text(out)?;
                close(out, from);
            }
            TYPE if kind.is_none() => {
                json.expect(b'"', "expected the type of a tag")?;
                kind = json.plain()?;
                if kind.is_none() {
                    return json.wrong("the type of a tag is none that is known");
                }
            }
            VALUE if !done && early.is_none() => match kind {
                Some(kind) if key => {
                    value(json, kind, out)?;
                    done = true;
                }
                _ => {
                    json.peek()?;
                    early = Some(json.at);
                    json.skip()?;
                }
            },
            KEY | TYPE | VALUE => return json.wrong("a key of a tag comes twice"),
            _ => json.skip()?,
        }
    }
    if !key {
        return json.wrong("a tag has no key");
    }
    if !done {
        let end = json.at;
        match early {
            Some(at) => {
                json.at = at;
                value(json, kind.unwrap_or(b"string"), out)?;
                json.at = end;
            }
            None => put_value(out, AnyValue::Text(&[])),
        }
    }
    Ok(())
}

fn value(json: &mut JsonText<'_>, kind: &[u8], out: &mut Vec<u8>) -> ReadPiece<()> {
    match kind {
        b"string" => {
            let from = open_text(out, false);
            json.text(out)?;
            close(out, from);
        }
        b"bool" => {
            let value = if json.peek()? == b'"' {
                match json.number()? {
                    b"true" => true,
                    b"false" => false,
                    _ => return json.wrong("expected true or false"),
                }
            } else {
                json.boolean()?
            };
            put_value(out, AnyValue::Bool(value));
        }
        b"int64" => {
            let number = json.signed()?;
            put_value(out, AnyValue::Int(number));
        }
        b"float64" => {
            let number = json.double()?;
            put_value(out, AnyValue::Double(number));
        }
        b"binary" => {
            json.expect(b'"', "expected bytes in base64")?;
            let Some(text) = json.plain()? else { return json.wrong("bytes are written with escapes") };
            let from = open_text(out, true);
            if !base64(text, out) {
                return json.wrong("bytes are not in base64");
            }
            close(out, from);
        }
        _ => return json.wrong("the type of a tag is none that is known"),
    }
    Ok(())
}
