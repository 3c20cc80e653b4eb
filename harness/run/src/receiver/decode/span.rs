//! What is read of a span, whatever its encoding, and what is said where there is none to read.

use std::borrow::Cow;

use spanfate_model::quantity::id::{SpanId, SpanKey};

/// What the wire log keeps of a span.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span<'a> {
    pub(crate) key: SpanKey,
    pub(crate) parent: SpanId,
    pub(crate) name: &'a [u8],
    pub(crate) service: &'a [u8],
    pub(crate) kind: u8,
    pub(crate) start_wall: u64,
    pub(crate) end_wall: u64,
}

/// Where and why a message is no valid export request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Malformed {
    /// Offset of the offending byte in the uncompressed message.
    pub(crate) at: usize,
    /// What is wrong there.
    pub(crate) what: &'static str,
}

/// What is read; a box keeps it small where nothing is wrong, which is nearly always.
pub(crate) type Decoded<T> = Result<T, Box<Malformed>>;

impl Malformed {
    #[cold]
    pub(crate) fn at(at: usize, what: &'static str) -> Box<Self> {
        Box::new(Self { at, what })
    }
}

/// Where and why a message is no valid export request, in words of its encoding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Invalid {
    /// Offset in the uncompressed message, in bytes.
    pub(crate) at: usize,
    /// What is wrong there.
    pub(crate) what: Cow<'static, str>,
}

impl From<Box<Malformed>> for Invalid {
    fn from(malformed: Box<Malformed>) -> Self {
        Self { at: malformed.at, what: Cow::Borrowed(malformed.what) }
    }
}
