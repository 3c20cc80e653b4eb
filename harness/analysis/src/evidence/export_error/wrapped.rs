//! One error in its wrappers.

use spanfate_model::fate::ExportCause;

use super::{ErrorSays, answer, grpc, network};

/// What the exporter and its retry loop write before an error.
const WRAPPERS: [&str; 3] = ["traces export", "max retry time elapsed", "max retry time would elapse"];

/// What the retry loop writes before the last error when time was up. Alone it is all that is known.
const TIME_UP: [&str; 2] = ["context deadline exceeded", "exporter export timeout"];

/// The same when it was called off.
const CALLED_OFF: &str = "context canceled";

const PARTIAL: &str = "OTLP partial success: ";
const PARTIAL_END: &str = " rejected)";

/// Between a wrapper and what it wraps.
const THEN: &str = ": ";

/// Most wrappers that are looked behind.
const MOST: usize = 64;

/// How an error goes on over several lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ErrorShape {
    /// Up to this end.
    Closed(&'static str),
    /// It quotes somebody else, and nothing tells where that ends.
    Quoting,
    /// It has one line, or nobody knows.
    Open,
}

/// How an error goes on that begins like this, in whatever wrappers.
pub(super) fn shape(text: &str) -> ErrorShape {
    let known = |inner: &&str| exact(inner).is_some();
    layers(text).map(|layer| layer.inner).find(known).map_or(ErrorShape::Open, own_shape)
}

/// Whether a line begins an error of the SDK's, and is not the next line of what a server wrote.
pub(super) fn is_beginning(line: &str) -> bool {
    let inner = Unwrapped::of(line).inner;
    inner.len() < line.len() || own_shape(inner) != ErrorShape::Open
}

/// Whether a text begins an error that somebody we know wrote.
pub(super) fn is_known(text: &str) -> bool {
    exact(Unwrapped::of(text).inner).is_some()
}

fn own_shape(inner: &str) -> ErrorShape {
    if inner.starts_with(PARTIAL) {
        return ErrorShape::Closed(PARTIAL_END);
    }
    match answer::end_of_body(inner) {
        Some(end) => ErrorShape::Closed(end),
        None if grpc::is_status(inner) || answer::is_of_answer(inner) => ErrorShape::Quoting,
        None => ErrorShape::Open,
    }
}

/// What one error says; `None` of a text that nobody we know wrote.
pub(super) fn said(text: &str) -> Option<ErrorSays<'_>> {
    let time_up =
        || layers(text).any(|layer| layer.time_up).then_some(ErrorSays::failed(ExportCause::Timeout));
    layers(text).find_map(|layer| exact(layer.inner)).or_else(time_up)
}

/// An error, then what it wraps, and so on: wrappers of others follow the custom of Go, `what was done: what went wrong`.
fn layers(text: &str) -> impl Iterator<Item = Unwrapped<'_>> {
    let outer = Unwrapped::of(text);
    let inner = outer.inner;
    let tails = inner.match_indices(THEN).take(MOST).map(|(at, _)| &inner[at + THEN.len()..]);
    [outer].into_iter().chain(tails.map(Unwrapped::of))
}

/// An error that begins here.
fn exact(text: &str) -> Option<ErrorSays<'_>> {
    if text.starts_with(PARTIAL) {
        return Some(ErrorSays::Partial);
    }
    let of_go = || network::of(text).or_else(|| network::of_type(text));
    grpc::status(text).or_else(|| answer::of(text)).or_else(|| of_go().map(ErrorSays::failed))
}

/// An error without the SDK's own wrappers.
struct Unwrapped<'a> {
    inner: &'a str,
    /// One of them said that time was up.
    time_up: bool,
}

impl<'a> Unwrapped<'a> {
    fn of(text: &'a str) -> Self {
        let (mut inner, mut time_up) = (text, false);
        let behind = |inner: &'a str, wrapper: &str| inner.strip_prefix(wrapper)?.strip_prefix(THEN);
        loop {
            if let Some(rest) = TIME_UP.iter().find_map(|wrapper| behind(inner, wrapper)) {
                (inner, time_up) = (rest, true);
            } else if let Some(rest) =
                WRAPPERS.iter().chain([&CALLED_OFF]).find_map(|wrapper| behind(inner, wrapper))
            {
                inner = rest;
            } else {
                let time_up = time_up || TIME_UP.contains(&inner);
                return Self { inner, time_up };
            }
        }
    }
}
