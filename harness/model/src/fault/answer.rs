//! How a receiver answers export requests while a fault is on it.

use std::num::NonZeroU32;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::unit::{ByteSize, Period};

/// Longest wait a client is asked for.
const MOST_RETRY_AFTER: Duration = Duration::from_hours(1);

/// What the receiver does with a trace request in place of taking it and saying so. Written as one key, for example
/// `{ status = { grpc = "UNAVAILABLE", retry_after = "2s" } }` or `"goaway"`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScriptedAnswer {
    /// Accepts it and answers late.
    After(After),
    /// Reads it and never answers; the connection stays open.
    Never(Never),
    /// Reads it and answers with an error.
    Status(AnswerStatus),
    /// Accepts it but for some spans, and says so in a partial success.
    Partial(Partial),
    /// Reads it, then resets the connection without an answer. It counts as accepted unless told otherwise.
    Reset(AnswerCut),
    /// Reads it, then closes the connection in order, without an answer. It does not count as accepted unless told
    /// otherwise.
    Fin(AnswerCut),
    /// Accepts and answers it, then asks the client to leave: GOAWAY over HTTP/2, `Connection: close` over HTTP/1.
    Goaway,
    /// Refuses it if it is over a size, and says nothing of a retry; takes it otherwise.
    Limit(MessageLimit),
    /// Reads it slowly, then accepts it.
    SlowReading(SlowReading),
    /// Accepts it and answers with success whose body cannot be decoded.
    Malformed,
    /// Not there at all: connections are cut and none is taken. The port stays the receiver's, and is served again
    /// afterwards. Only for a length of time.
    Down,
}

/// A late answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct After {
    /// From the time at which the message was complete; in place of the receiver's own delay.
    pub time: Period,
}

/// No answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Never {
    /// Whether its spans count as accepted.
    pub accept: bool,
}

/// An error; at least one of both codes. A request over the protocol that has none gets the one that says the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AnswerStatus {
    /// The code over gRPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grpc: Option<GrpcCode>,
    /// The status over HTTP, 400 to 599.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 400, max = 599))]
    pub http: Option<u16>,
    /// What the client is told to wait, up to an hour: `RetryInfo` over gRPC, `Retry-After` (whole seconds, rounded up)
    /// over HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Period>,
}

/// A partial success.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Partial {
    /// Spans rejected of each request: its first ones, or all where it has no more.
    pub reject: NonZeroU32,
}

/// A connection that ends without an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AnswerCut {
    /// Whether its spans count as accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept: Option<bool>,
}

/// A limit on the size of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageLimit {
    /// Largest uncompressed message that is taken.
    pub bytes: ByteSize,
}

/// A receiver that reads slowly.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowReading {
    /// Bytes of a request's body, as sent, that are read per second.
    pub rate: ByteSize,
}

/// A gRPC status that is not OK, by its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GrpcCode {
    /// 1
    Cancelled = 1,
    /// 2
    Unknown,
    /// 3
    InvalidArgument,
    /// 4
    DeadlineExceeded,
    /// 5
    NotFound,
    /// 6
    AlreadyExists,
    /// 7
    PermissionDenied,
    /// 8
    ResourceExhausted,
    /// 9
    FailedPrecondition,
    /// 10
    Aborted,
    /// 11
    OutOfRange,
    /// 12
    Unimplemented,
    /// 13
    Internal,
    /// 14
    Unavailable,
    /// 15
    DataLoss,
    /// 16
    Unauthenticated,
}

impl ScriptedAnswer {
    /// What it is called in a scenario.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::After(_) => "after",
            Self::Never(_) => "never",
            Self::Status(_) => "status",
            Self::Partial(_) => "partial",
            Self::Reset(_) => "reset",
            Self::Fin(_) => "fin",
            Self::Goaway => "goaway",
            Self::Limit(_) => "limit",
            Self::SlowReading(_) => "slow_reading",
            Self::Malformed => "malformed",
            Self::Down => "down",
        }
    }

    /// Whether spans of a request on which it acts count as accepted; of a partial success those that are not rejected do.
    pub fn accepts(&self) -> bool {
        match self {
            Self::After(_) | Self::Partial(_) | Self::Goaway | Self::SlowReading(_) | Self::Malformed => true,
            Self::Status(_) | Self::Limit(_) | Self::Down => false,
            Self::Never(Never { accept }) => *accept,
            Self::Reset(AnswerCut { accept }) => accept.unwrap_or(true),
            Self::Fin(AnswerCut { accept }) => accept.unwrap_or(false),
        }
    }

    /// What is wrong with it and what to do; the types allow more than there is.
    pub fn problem(&self) -> Option<String> {
        match self {
            Self::Status(status) => status.problem(),
            Self::SlowReading(SlowReading { rate: ByteSize(0) }) => {
                Some("`rate` must be above zero; a receiver that reads nothing is `down`".to_owned())
            }
            _ => None,
        }
    }
}

impl AnswerStatus {
    fn problem(&self) -> Option<String> {
        let Self { grpc, http, retry_after } = self;
        if grpc.is_none() && http.is_none() {
            return Some(
                "needs a code: `grpc` by name, for example \"UNAVAILABLE\", or `http`, for example 503"
                    .to_owned(),
            );
        }
        if let Some(http) = http.filter(|http| !(400..=599).contains(http)) {
            return Some(format!("`http` must be an error, 400 to 599; {http} is none"));
        }
        retry_after
            .filter(|after| after.0 > MOST_RETRY_AFTER)
            .map(|after| format!("`retry_after` must be an hour at most; {after} is longer than any trial"))
    }

    /// The code over gRPC; that of `http` where there is none of its own.
    ///
    /// This is the reverse of [`http`](Self::http) as far as there is one; what says nothing else is `UNKNOWN`.
    pub fn grpc(&self) -> GrpcCode {
        self.grpc.unwrap_or(match self.http.unwrap_or_default() {
            400 => GrpcCode::InvalidArgument,
            401 => GrpcCode::Unauthenticated,
            403 => GrpcCode::PermissionDenied,
            404 => GrpcCode::Unimplemented,
            413 | 429 => GrpcCode::ResourceExhausted,
            502..=504 => GrpcCode::Unavailable,
            _ => GrpcCode::Unknown,
        })
    }

    /// The status over HTTP; that of `grpc` where there is none of its own.
    ///
    /// A code that OTLP lets a client retry becomes a status that it may retry. `RESOURCE_EXHAUSTED` becomes 429, which it
    /// always may, while over gRPC it may only where `retry_after` is given.
    pub fn http(&self) -> u16 {
        self.http.unwrap_or(match self.grpc.unwrap_or(GrpcCode::Unknown) {
            GrpcCode::Cancelled
            | GrpcCode::DeadlineExceeded
            | GrpcCode::Aborted
            | GrpcCode::OutOfRange
            | GrpcCode::Unavailable
            | GrpcCode::DataLoss => 503,
            GrpcCode::ResourceExhausted => 429,
            GrpcCode::InvalidArgument => 400,
            GrpcCode::Unauthenticated => 401,
            GrpcCode::PermissionDenied => 403,
            GrpcCode::Unimplemented => 404,
            GrpcCode::Unknown
            | GrpcCode::NotFound
            | GrpcCode::AlreadyExists
            | GrpcCode::FailedPrecondition
            | GrpcCode::Internal => 500,
        })
    }
}

impl GrpcCode {
    /// Its number on the wire.
    pub const fn number(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Written {
        answer: ScriptedAnswer,
    }

    fn read(text: &str) -> Result<ScriptedAnswer, String> {
        serde_json::from_str::<Written>(&format!("{{\"answer\":{text}}}"))
            .map(|written| written.answer)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn every_answer_is_written_by_its_name_and_survives() {
        for (text, name, accepts) in [
            (r#"{"after":{"time":"9s"}}"#, "after", true),
            (r#"{"never":{}}"#, "never", false),
            (r#"{"never":{"accept":true}}"#, "never", true),
            (r#"{"status":{"grpc":"UNAVAILABLE","http":503,"retry_after":"2s"}}"#, "status", false),
            (r#"{"partial":{"reject":3}}"#, "partial", true),
            (r#"{"reset":{}}"#, "reset", true),
            (r#"{"reset":{"accept":false}}"#, "reset", false),
            (r#"{"fin":{}}"#, "fin", false),
            (r#"{"fin":{"accept":true}}"#, "fin", true),
            (r#""goaway""#, "goaway", true),
            (r#"{"limit":{"bytes":"4MiB"}}"#, "limit", false),
            (r#"{"slow_reading":{"rate":"8KiB"}}"#, "slow_reading", true),
            (r#""malformed""#, "malformed", true),
            (r#""down""#, "down", false),
        ] {
            let answer = read(text).unwrap();
            assert_eq!((answer.name(), answer.accepts(), answer.problem()), (name, accepts, None), "{text}");
            assert_eq!(read(&serde_json::to_string(&answer).unwrap()).unwrap(), answer, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_is_named() {
        for (text, problem) in [
            (r#"{"status":{}}"#, "needs a code"),
            (r#"{"status":{"retry_after":"1s"}}"#, "needs a code"),
            (r#"{"status":{"http":200}}"#, "400 to 599; 200 is none"),
            (r#"{"status":{"http":600}}"#, "400 to 599; 600 is none"),
            (r#"{"status":{"http":503,"retry_after":"61min"}}"#, "an hour at most; 61min"),
            (r#"{"slow_reading":{"rate":"0B"}}"#, "above zero"),
        ] {
            let found = read(text).unwrap().problem().unwrap_or_default();
            assert!(found.contains(problem), "{text}: {found}");
        }
        for text in [
            r#"{"never":{"accepts":true}}"#,
            r#"{"partial":{"reject":0}}"#,
            r#"{"status":{"grpc":"OK"}}"#,
            r#"{"fin":{"acept":true}}"#,
            r#""gone""#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_code_of_one_protocol_says_the_same_over_the_other() {
        let of = |grpc, http| AnswerStatus { grpc, http, retry_after: None };
        assert_eq!(of(Some(GrpcCode::Unavailable), None).http(), 503);
        assert_eq!(of(Some(GrpcCode::Internal), None).http(), 500);
        assert_eq!(of(None, Some(503)).grpc(), GrpcCode::Unavailable);
        assert_eq!(of(None, Some(429)).grpc(), GrpcCode::ResourceExhausted);
        assert_eq!(of(None, Some(418)).grpc(), GrpcCode::Unknown);
        let both = of(Some(GrpcCode::Aborted), Some(400));
        assert_eq!((both.grpc(), both.http()), (GrpcCode::Aborted, 400));
        assert_eq!((GrpcCode::Cancelled.number(), GrpcCode::Unauthenticated.number()), (1, 16));
    }
}
