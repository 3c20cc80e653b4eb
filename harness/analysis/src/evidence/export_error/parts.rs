//! The errors that are joined in one text: each on lines of its own (`errors.Join`; as a list by others), or behind a semicolon.

use super::wrapped::{self, ErrorShape};

/// More lines than this are one part.
const MOST: usize = 64;

/// How grpc-go goes on with the body of an answer that is none of gRPC.
const BODY_OF_NO_GRPC: &str = "data: \"";

/// How others go on with the next error.
const SEMICOLON: &str = "; ";
/// How others begin a line of their list.
const BULLET: &str = "* ";

/// The errors of a text. What a server wrote may have lines of its own: they belong to the error that quotes it.
pub(super) fn of(text: &str) -> Vec<&str> {
    split(text, "\n", ends)
        .into_iter()
        .flat_map(|line| split(bare(line), SEMICOLON, ends_at_semicolon))
        .collect()
}

/// A line without the bullet of a list.
fn bare(line: &str) -> &str {
    let indented = line.trim_start_matches(['\t', ' ']);
    indented.strip_prefix(BULLET).unwrap_or(line)
}

/// The parts of a text between marks, where `ends` says of what stands before one and behind it that an error ends there.
fn split<'a>(text: &'a str, mark: &str, ends: fn(&str, &str) -> bool) -> Vec<&'a str> {
    let (mut parts, mut from) = (Vec::new(), 0);
    for (at, _) in text.match_indices(mark).take(MOST) {
        let (before, after) = (&text[from..at], &text[at + mark.len()..]);
        if ends(before, after) {
            parts.push(before);
            from = at + mark.len();
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
    match wrapped::shape(bare(before)) {
        ErrorShape::Closed(end) => before.ends_with(end),
        ErrorShape::Quoting => wrapped::is_beginning(bare(after)),
        ErrorShape::Open => true,
    }
}

/// Whether an error is whole before a semicolon: many texts have one inside, so both sides must be errors that are known.
fn ends_at_semicolon(before: &str, after: &str) -> bool {
    match wrapped::shape(before) {
        ErrorShape::Closed(end) => before.ends_with(end) && wrapped::is_known(after),
        ErrorShape::Quoting => wrapped::is_beginning(after),
        ErrorShape::Open => wrapped::said(before).is_some() && wrapped::is_known(after),
    }
}
