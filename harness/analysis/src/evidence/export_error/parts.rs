//! The errors that `errors.Join` put into one text, each on lines of its own.

use super::wrapped::{self, ErrorShape};

/// More lines than this are one part.
const MOST: usize = 64;

/// How grpc-go goes on with the body of an answer that is none of gRPC.
const BODY_OF_NO_GRPC: &str = "data: \"";

/// The errors of a text. What a server wrote may have lines of its own: they belong to the error that quotes it.
pub(super) fn of(text: &str) -> Vec<&str> {
    let (mut parts, mut from) = (Vec::new(), 0);
    for (at, _) in text.match_indices('\n').take(MOST) {
        let (before, after) = (&text[from..at], &text[at + 1..]);
        if ends(before, after) {
            parts.push(before);
            from = at + 1;
        }
    }
    parts.push(&text[from..]);
    parts
}

/// Whether an error is whole before the next line.
fn ends(before: &str, after: &str) -> bool {
    if after.starts_with(BODY_OF_NO_GRPC) {
        return false;
    }
    match wrapped::shape(before) {
        ErrorShape::Closed(end) => before.ends_with(end),
        ErrorShape::Quoting => wrapped::is_beginning(after),
        ErrorShape::Open => true,
    }
}
