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

/// Where and why a message is no valid export request, in words of its encoding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Invalid {
    /// Offset in the uncompressed message, in bytes.
    pub(crate) at: usize,
    /// What is wrong there.
    pub(crate) what: Cow<'static, str>,
}

/// The same in a box, which keeps results small where nothing is wrong; that is nearly always.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Malformed(Box<Invalid>);

/// What is read.
pub(crate) type Decoded<T> = Result<T, Malformed>;

impl Malformed {
    #[cold]
    pub(crate) fn at(at: usize, what: &'static str) -> Self {
        Self(Box::new(Invalid { at, what: Cow::Borrowed(what) }))
    }
}

impl From<Malformed> for Invalid {
    fn from(Malformed(invalid): Malformed) -> Self {
        *invalid
    }
}
