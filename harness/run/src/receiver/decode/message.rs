//! What an export request holds, whatever it is encoded in.

use spanfate_model::format::wire::WireProtocol;

use super::span::{Invalid, Span};
use super::{json, otlp};

/// Counts the spans of a message without looking into them: the bound on spans comes before anything is stored.
pub(crate) fn count(protocol: WireProtocol, message: &[u8]) -> Result<u32, Invalid> {
    match protocol {
        WireProtocol::Grpc | WireProtocol::HttpProtobuf => Ok(otlp::count(message)?),
        WireProtocol::HttpJson => Ok(json::count(message)?),
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
        WireProtocol::HttpJson => Ok(json::walk(message, each)?),
    }
}
