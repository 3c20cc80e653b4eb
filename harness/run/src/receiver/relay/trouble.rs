//! Why the endpoint gave no answer, said as a Go program says it: who reads errors of exporters needs no second way for ours.

use std::error::Error;
use std::io;

/// How the standard library ends the text of an error of the kernel.
const NUMBER: &str = " (os error ";

/// An error of a connection: those of the kernel without a capital letter and a number.
pub(super) fn text(error: &io::Error) -> String {
    let text = error.to_string();
    if error.raw_os_error().is_none() {
        return text;
    }
    let bare = text.split_once(NUMBER).map_or(text.as_str(), |(bare, _)| bare);
    let mut letters = bare.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// An error of HTTP and what it came of.
pub(super) fn in_full(error: &hyper::Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        said += ": ";
        said += &cause.downcast_ref().map_or_else(|| cause.to_string(), text);
        source = cause.source();
    }
    if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        said += ": EOF";
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_kernel_read_as_in_go() {
        let of = |number: i32| text(&io::Error::from_raw_os_error(number));
        assert_eq!(of(111), "connection refused");
        assert_eq!(of(104), "connection reset by peer");
        assert_eq!(of(110), "connection timed out");
        assert_eq!(text(&io::Error::other("Something else")), "Something else");
    }
}
