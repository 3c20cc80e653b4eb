//! Attributes as bytes: a key behind its length, then a type and a value, one after the other in the order of the source.

/// What an attribute's value is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum AnyValue<'a> {
    Empty,
    Text(&'a [u8]),
    Bool(bool),
    Int(i64),
    Double(f64),
    /// Values, one after the other.
    List(&'a [u8]),
    /// Pairs, likewise.
    Map(&'a [u8]),
    Bytes(&'a [u8]),
}

const EMPTY: u8 = 0;
const TEXT: u8 = 1;
const BOOL: u8 = 2;
const INT: u8 = 3;
const DOUBLE: u8 = 4;
const LIST: u8 = 5;
const MAP: u8 = 6;
const BYTES: u8 = 7;

/// Appends bytes behind their length.
#[inline]
pub(crate) fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Leaves room for a length; [`close`] fills it in.
#[inline]
pub(crate) fn open(out: &mut Vec<u8>) -> usize {
    out.extend_from_slice(&[0; 4]);
    out.len()
}

/// Says how long what was written since `open` is.
#[inline]
pub(crate) fn close(out: &mut [u8], from: usize) {
    let length = (out.len() - from) as u32;
    out[from - 4..from].copy_from_slice(&length.to_le_bytes());
}

/// Where a list or a map begins; what is in it follows, then [`close`].
#[inline]
pub(crate) fn open_nested(out: &mut Vec<u8>, map: bool) -> usize {
    out.push(if map { MAP } else { LIST });
    open(out)
}

/// Begins a text or bytes that is appended in pieces, then [`close`].
#[inline]
pub(crate) fn open_text(out: &mut Vec<u8>, bytes: bool) -> usize {
    out.push(if bytes { BYTES } else { TEXT });
    open(out)
}

/// Appends a value.
#[inline]
pub(crate) fn put_value(out: &mut Vec<u8>, value: AnyValue<'_>) {
    match value {
        AnyValue::Empty => out.push(EMPTY),
        AnyValue::Text(text) => {
            out.push(TEXT);
            put(out, text);
        }
        AnyValue::Bool(value) => out.extend_from_slice(&[BOOL, u8::from(value)]),
        AnyValue::Int(value) => {
            out.push(INT);
            out.extend_from_slice(&value.to_le_bytes());
        }
        AnyValue::Double(value) => {
            out.push(DOUBLE);
            out.extend_from_slice(&value.to_bits().to_le_bytes());
        }
        AnyValue::List(inside) => {
            out.push(LIST);
            put(out, inside);
        }
        AnyValue::Map(inside) => {
            out.push(MAP);
            put(out, inside);
        }
        AnyValue::Bytes(bytes) => {
            out.push(BYTES);
            put(out, bytes);
        }
    }
}

/// Takes a length and so many bytes off the front.
#[inline]
pub(crate) fn take<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = from.split_first_chunk::<4>()?;
    let (inside, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *from = rest;
    Some(inside)
}

/// Takes a number of eight bytes off the front.
#[inline]
pub(crate) fn take_u64(from: &mut &[u8]) -> Option<u64> {
    let (bytes, rest) = from.split_first_chunk::<8>()?;
    *from = rest;
    Some(u64::from_le_bytes(*bytes))
}

/// Takes a number of four bytes off the front.
#[inline]
pub(crate) fn take_u32(from: &mut &[u8]) -> Option<u32> {
    let (bytes, rest) = from.split_first_chunk::<4>()?;
    *from = rest;
    Some(u32::from_le_bytes(*bytes))
}

/// Takes a value off the front.
#[inline]
pub(crate) fn take_value<'a>(from: &mut &'a [u8]) -> Option<AnyValue<'a>> {
    let (kind, rest) = from.split_first()?;
    *from = rest;
    Some(match *kind {
        EMPTY => AnyValue::Empty,
        TEXT => AnyValue::Text(take(from)?),
        BOOL => {
            let (value, rest) = from.split_first()?;
            *from = rest;
            AnyValue::Bool(*value != 0)
        }
        INT => AnyValue::Int(take_u64(from)? as i64),
        DOUBLE => AnyValue::Double(f64::from_bits(take_u64(from)?)),
        LIST => AnyValue::List(take(from)?),
        MAP => AnyValue::Map(take(from)?),
        BYTES => AnyValue::Bytes(take(from)?),
        _ => return None,
    })
}

/// A key and its value.
pub(crate) type KeyAndValue<'a> = (&'a [u8], AnyValue<'a>);

/// The pairs of attributes.
pub(crate) fn pairs(mut from: &[u8]) -> impl Iterator<Item = KeyAndValue<'_>> {
    std::iter::from_fn(move || Some((take(&mut from)?, take_value(&mut from)?)))
}

/// The values of a list.
pub(crate) fn items(mut from: &[u8]) -> impl Iterator<Item = AnyValue<'_>> {
    std::iter::from_fn(move || take_value(&mut from))
}

/// A value for people, in OTLP's words.
pub(crate) fn shown(value: &AnyValue<'_>) -> String {
    let text = |bytes: &[u8]| format!("{:?}", String::from_utf8_lossy(bytes));
    match value {
        AnyValue::Empty => "empty".to_owned(),
        AnyValue::Text(bytes) => text(bytes),
        AnyValue::Bool(value) => value.to_string(),
        AnyValue::Int(value) => format!("{value} (int)"),
        AnyValue::Double(value) => format!("{value:?} (double)"),
        AnyValue::List(inside) => {
            format!("[{}]", items(inside).map(|value| shown(&value)).collect::<Vec<_>>().join(", "))
        }
        AnyValue::Map(inside) => {
            let pairs = pairs(inside).map(|(key, value)| format!("{}: {}", text(key), shown(&value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        AnyValue::Bytes(bytes) => {
            let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
            let pairs = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
            format!("bytes {}", pairs.collect::<String>())
        }
    }
}
