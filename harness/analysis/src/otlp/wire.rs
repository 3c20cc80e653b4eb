//! The fields of a protobuf message, one after the other.

/// What stands in a field on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WireField<'a> {
    /// A number of a variable length.
    Number(u64),
    /// Eight bytes.
    Fixed(u64),
    /// A message, text or bytes.
    Bytes(&'a [u8]),
    /// Four bytes, which nothing here has.
    Short,
}

/// The fields of a message, by number; the last one is nothing where the message is broken.
pub(crate) fn fields(mut bytes: &[u8]) -> impl Iterator<Item = Option<(u64, WireField<'_>)>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let found = field(&mut bytes);
        if found.is_none() {
            bytes = &[];
        }
        Some(found)
    })
}

/// Takes the next field off the front.
pub(super) fn field<'a>(bytes: &mut &'a [u8]) -> Option<(u64, WireField<'a>)> {
    let tag = varint(bytes)?;
    let value = match tag & 7 {
        0 => WireField::Number(varint(bytes)?),
        1 => WireField::Fixed(u64::from_le_bytes(*take(bytes, 8)?.first_chunk()?)),
        2 => {
            let length = usize::try_from(varint(bytes)?).ok()?;
            WireField::Bytes(take(bytes, length)?)
        }
        5 => {
            take(bytes, 4)?;
            WireField::Short
        }
        _ => return None,
    };
    Some((tag >> 3, value))
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut out = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *take(bytes, 1)?.first()?;
        out |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(out);
        }
    }
    None
}
