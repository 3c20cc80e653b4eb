//! Little-endian reads and writes at an offset; the raw logs are fixed-size records.

/// Reads `N` bytes at an offset; zeros where the slice is too short, so that a torn tail reads as "nothing happened".
#[inline]
pub(crate) fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    if let Some(part) = bytes.get(at..at + N) {
        out.copy_from_slice(part);
    }
    out
}

#[inline]
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(array_at(bytes, at))
}

#[inline]
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

#[inline]
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}

/// Writes bytes at an offset of a record; the offsets are constants of the format.
#[inline]
pub(crate) fn put<const N: usize>(record: &mut [u8], at: usize, bytes: [u8; N]) {
    record[at..at + N].copy_from_slice(&bytes);
}

/// Text in a zero-padded field.
pub(crate) fn text_at(bytes: &[u8], at: usize, length: usize) -> String {
    let field = bytes.get(at..at + length).unwrap_or_default();
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

/// Writes text into a zero-padded field; what does not fit is cut off.
pub(crate) fn put_text(record: &mut [u8], at: usize, length: usize, text: &str) {
    let text = &text.as_bytes()[..text.len().min(length)];
    record[at..at + text.len()].copy_from_slice(text);
}
