//! What an export request holds, whatever it is encoded in.

use std::borrow::Cow;

use spanfate_model::id::{SpanId, SpanKey};
use spanfate_model::wire::WireProtocol;

use super::otlp::Malformed;
use super::{json, otlp};

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

impl From<Malformed> for Invalid {
    fn from(Malformed { at, what }: Malformed) -> Self {
        Self { at, what: Cow::Borrowed(what) }
    }
}

/// Counts the spans of a message without looking into them: the bound on spans comes before anything is stored.
pub(crate) fn count(protocol: WireProtocol, message: &[u8]) -> Result<u32, Invalid> {
    match protocol {
        WireProtocol::Grpc | WireProtocol::HttpProtobuf => Ok(otlp::count(message)?),
        WireProtocol::HttpJson => json::count(message),
    }
}

/// Calls `each` for every span of the message, until a malformed one.
pub(crate) fn walk(
    protocol: WireProtocol,
    message: &[u8],
    each: impl FnMut(&Span<'_>),
) -> Result<(), Invalid> {
    match protocol {
        WireProtocol::Grpc | WireProtocol::HttpProtobuf => Ok(otlp::walk(message, each)?),
        // A message that was too large to be read stands here as an empty one.
        WireProtocol::HttpJson if message.is_empty() => Ok(()),
        WireProtocol::HttpJson => json::walk(message, each),
    }
}
