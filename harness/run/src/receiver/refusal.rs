//! Why a message is not accepted.

use std::fmt;

use super::reply::Failure;
use crate::receiver::decode::span::Invalid;

/// Why a message is not accepted.
#[derive(Clone, Debug)]
pub(super) enum Refusal {
    Malformed(Invalid),
    TooManySpans { spans: u32, limit: u32 },
    TooLarge { limit: usize },
    OnPurpose(Failure),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(Invalid { at, what }) => write!(f, "not an export request: {what} (byte {at})"),
            Self::TooManySpans { spans, limit } => {
                write!(f, "{spans} spans are over the receiver's limit of {limit} spans per request")
            }
            Self::TooLarge { limit } => {
                write!(f, "the message is over the receiver's limit of {limit} bytes")
            }
            Self::OnPurpose(failure) => f.write_str(&failure.why),
        }
    }
}
