//! Texts that may have been repaired or cut on the way.

use spanfate_model::finding::diff::DiffRule;
use spanfate_model::format::probe::cut_name;
use spanfate_model::format::wire::NAME_LIMIT;

use super::Matching;

/// What stands in a log for a name that is one of too many.
const OTHER: &[u8] = b"(other)";

/// What is kept of a name that is too long for a log.
const KEPT: usize = NAME_LIMIT / 4;

/// Whether two texts are the same, or one is the other with what is no UTF-8 replaced.
#[inline]
pub(super) fn same_text(left: &[u8], right: &[u8], how: &mut Matching<'_>) -> bool {
    left == right || repaired_equal(left, right, how)
}

/// The same of names; a log keeps the begin of a long one.
#[inline]
pub(super) fn same_name(left: &[u8], right: &[u8], how: &mut Matching<'_>) -> bool {
    if same_text(left, right, how) {
        return true;
    }
    let cut = |kept: &[u8], whole: &[u8]| {
        kept == OTHER
            || (whole.len() > NAME_LIMIT && cut_name(&whole[..KEPT], whole.len()).as_bytes() == kept)
    };
    let partial =
        (how.terms.left.cuts_names && cut(left, right)) || (how.terms.right.cuts_names && cut(right, left));
    partial && how.takes(DiffRule::Names)
}

#[cold]
fn repaired_equal(left: &[u8], right: &[u8], how: &mut Matching<'_>) -> bool {
    if str::from_utf8(left).is_ok()
        && str::from_utf8(right).is_ok()
        && !(is_repaired(left) || is_repaired(right))
    {
        return false;
    }
    // Two texts that are both as they were made, and differ, are two texts.
    repaired(left) == repaired(right) && how.takes(DiffRule::Utf8)
}

fn is_repaired(text: &[u8]) -> bool {
    text.windows(3).any(|three| three == "\u{fffd}".as_bytes())
}

/// The text with each run of what is no UTF-8, or was none, as one mark: programs differ in how many they write.
pub(super) fn repaired(text: &[u8]) -> String {
    let mut out = String::new();
    for c in String::from_utf8_lossy(text).chars() {
        if c != char::REPLACEMENT_CHARACTER || !out.ends_with(char::REPLACEMENT_CHARACTER) {
            out.push(c);
        }
    }
    out
}
