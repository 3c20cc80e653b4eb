//! Requests that reached the receiver of the harness and of which it could read no span. What was in them nobody here knows, so
//! it is never the service's loss.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::term::{Term, words};

words! {
    /// Why no span of a request was read.
    pub enum UnreadReason {
        /// No export request has that path.
        Path = "path",
        /// Its method is not POST.
        Method = "method",
        /// Its body is said to be neither protobuf nor JSON, or its way of transport does not go with what it is said to be.
        MediaType = "media type",
        /// Its body is compressed in a way that no Collector takes by default.
        Encoding = "encoding",
        /// Its body cannot be decompressed or decoded.
        Undecodable = "undecodable",
        /// It is over a limit of the receiver.
        TooLarge = "too large",
        /// It was decoded, and although it is not empty there is no span in it.
        NoSpan = "no span",
        /// No export call has that gRPC method.
        GrpcMethod = "gRPC method",
    }
}

/// Requests of which no span was read, for one reason.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct UnreadRequests {
    /// Why.
    pub reason: Term<UnreadReason>,
    /// How many.
    pub requests: u64,
    /// Of these, requests that a relay handed on all the same: what their clients were told is what the endpoint behind it said.
    #[serde(default)]
    pub handed_on: u64,
    /// Of those, requests that this endpoint took.
    #[serde(default)]
    pub taken: u64,
    /// What the first of them was, for people: its method and path, and what is wrong with it.
    pub example: String,
}

impl UnreadRequests {
    /// Requests whose clients were told by the receiver itself that it does not take them.
    pub fn turned_away(&self) -> u64 {
        let answered_here = !self.reason.is(&UnreadReason::NoSpan);
        if answered_here { self.requests.saturating_sub(self.handed_on) } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_of_another_version_is_kept() {
        let text = r#"{"reason":"a reason to come","requests":3,"handed_on":2,"taken":1,"example":"GET /x"}"#;
        let unread: UnreadRequests = serde_json::from_str(text).unwrap();
        assert!(unread.reason.known().is_none());
        assert_eq!(unread.turned_away(), 1);
        assert_eq!(serde_json::to_string(&unread).unwrap(), text);
    }
}
