//! The wire witness's log: 64-byte records, appended before any answer is given (`docs/results.md`).
//!
//! A request record is followed by the records of its spans. An answer record comes later and refers to the request.

use serde::{Deserialize, Serialize};

pub use self::read::{read, record, version};
pub use self::settle::{Endings, settled};
pub use self::write::{header, relay_header, write_end, write_gap, write_name};
use crate::quantity::id::{SpanId, SpanKey};
use crate::quantity::unit::MonoNs;

mod read;
mod settle;
mod write;

/// Size of every record, the file's header included.
pub const RECORD_BYTES: usize = 64;
/// First bytes of a wire log.
pub const MAGIC: &[u8; 8] = b"SPNWIRE1";
/// Bytes of a name that fit into one name record.
const NAME_CHUNK: usize = 48;
/// Longest name kept; what is beyond is cut.
pub const NAME_LIMIT: usize = 1024;

/// What became of a span (or a whole request) at the receiver.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// Accepted.
    Accepted,
    /// Rejected in a partial success.
    RejectedPartial,
    /// Refused by a limit of the receiver.
    Refused,
    /// Read and noted, and on purpose answered with an error or not at all: a fault of the scenario. Not accepted.
    Failed,
}

/// What became of an answer; none of these proves that the client got it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerFate {
    /// Handed to the transport.
    TakenByTransport,
    /// The peer cancelled the request.
    CancelledByPeer,
    /// The connection broke.
    ConnectionError,
}

/// What became of a request that was handed on to the user's own endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Relayed {
    /// It was not handed on.
    #[default]
    No,
    /// The endpoint took it.
    Taken {
        /// All but so many of its spans.
        rejected: u32,
    },
    /// The endpoint answered that it does not take it.
    Refused,
    /// The endpoint gave no answer, or nobody waited for it any more.
    Unanswered,
}

/// Protocol of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WireProtocol {
    /// gRPC.
    Grpc,
    /// HTTP with protobuf.
    HttpProtobuf,
    /// HTTP with JSON.
    HttpJson,
}

/// A complete request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestRecord {
    /// Number of the request at this receiver, from 0.
    pub request: u32,
    /// Number of the connection, from 0.
    pub connection: u32,
    /// When its last byte was there.
    pub at: MonoNs,
    /// Uncompressed bytes of the message.
    pub raw_bytes: u32,
    /// Bytes of the message as sent.
    pub wire_bytes: u32,
    /// Spans in it.
    pub spans: u32,
    /// Protocol.
    pub protocol: WireProtocol,
    /// What became of the request as a whole.
    pub disposition: Disposition,
    /// Hop and export path the receiver stands for (0 at first).
    pub hop: u8,
    /// Export path.
    pub path: u8,
    /// The fault that acted on it: the fault's number + 1, 0 for none.
    pub fault: u8,
}

/// One span of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SpanRecord {
    /// Request it came in.
    pub request: u32,
    /// Trace and span id.
    pub key: SpanKey,
    /// Parent span id.
    pub parent: SpanId,
    /// Interned span name.
    pub name: u32,
    /// Interned service name.
    pub service: u32,
    /// Span kind.
    pub kind: u8,
    /// What became of it.
    pub disposition: Disposition,
    /// Start by the client's wall clock, unix nanoseconds.
    pub start_wall: u64,
    /// End by the client's wall clock.
    pub end_wall: u64,
}

/// What became of the answer to a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AnswerRecord {
    /// The request.
    pub request: u32,
    /// When that was known.
    pub at: MonoNs,
    /// What it was.
    pub fate: AnswerFate,
    /// The fault that acted on the request: the fault's number + 1, 0 for none.
    pub fault: u8,
    /// What was given to the transport: an HTTP status, or 1000 + a gRPC code; 0 if nothing was, or if the log is from
    /// before this was noted.
    pub status: u16,
    /// What the endpoint behind a relay made of the request.
    pub relayed: Relayed,
}

/// A record of the wire log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WireRecord {
    /// A request.
    Request(RequestRecord),
    /// A span.
    Span(SpanRecord),
    /// An answer.
    Answer(AnswerRecord),
    /// A piece of an interned name.
    Name {
        /// Id of the name.
        id: u32,
        /// Bytes to append to what earlier pieces gave.
        piece: Vec<u8>,
    },
    /// Spans that were answered but could not be kept: a gap of this witness.
    Gap {
        /// How many.
        spans: u64,
    },
    /// The receiver closed in order, after that many requests.
    End {
        /// Requests seen.
        requests: u64,
    },
    /// A kind this build does not know.
    Unknown(u8),
}

#[cfg(test)]
mod tests {
    use super::read::protocol_of;
    use super::write::protocol_code;
    use super::*;
    use crate::quantity::id::TraceId;

    #[test]
    fn records_survive_a_round_trip() {
        let request = RequestRecord {
            request: 3,
            connection: 1,
            at: 99,
            raw_bytes: 1000,
            wire_bytes: 300,
            spans: 2,
            protocol: WireProtocol::HttpProtobuf,
            disposition: Disposition::RejectedPartial,
            hop: 0,
            path: 0,
            fault: 255,
        };
        let span = SpanRecord {
            request: 3,
            key: SpanKey { trace: TraceId([7; 16]), span: SpanId([8; 8]) },
            parent: SpanId([9; 8]),
            name: 4,
            service: 5,
            kind: 2,
            disposition: Disposition::Failed,
            start_wall: 10,
            end_wall: 11,
        };
        let answer = AnswerRecord {
            request: 3,
            at: 100,
            fate: AnswerFate::CancelledByPeer,
            fault: 1,
            status: 1014,
            relayed: Relayed::Taken { rejected: 9 },
        };
        let mut log = header().to_vec();
        log.extend(request.write());
        log.extend(span.write());
        log.extend(answer.write());
        log.extend(write_gap(12));
        log.extend(write_end(4));
        log.extend([1, 2, 3]);
        let records: Vec<_> = read(&log).unwrap().collect();
        assert_eq!(
            records,
            [
                WireRecord::Request(request),
                WireRecord::Span(span),
                WireRecord::Answer(answer),
                WireRecord::Gap { spans: 12 },
                WireRecord::End { requests: 4 },
            ]
        );
    }

    #[test]
    fn a_log_from_before_faults_says_that_there_were_none() {
        let request = RequestRecord {
            request: 1,
            connection: 2,
            at: 3,
            raw_bytes: 4,
            wire_bytes: 5,
            spans: 6,
            protocol: WireProtocol::Grpc,
            disposition: Disposition::Refused,
            hop: 7,
            path: 8,
            fault: 0,
        };
        let answer = AnswerRecord {
            request: 1,
            at: 9,
            fate: AnswerFate::ConnectionError,
            fault: 0,
            status: 0,
            relayed: Relayed::No,
        };
        // As they were written then.
        let mut old = [[0; RECORD_BYTES]; 2];
        old[0][..8].copy_from_slice(&[1, 2, 0, 0, 1, 0, 0, 0]);
        old[0][8..34]
            .copy_from_slice(&[3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 6, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 7, 8]);
        old[1][..9].copy_from_slice(&[3, 2, 0, 0, 1, 0, 0, 0, 9]);
        assert_eq!(
            old.map(|bytes| record(&bytes)),
            [WireRecord::Request(request), WireRecord::Answer(answer)]
        );
        assert_eq!((request.write(), answer.write()), (old[0], old[1]));
    }

    #[test]
    fn protocols_keep_their_codes() {
        let all = [WireProtocol::Grpc, WireProtocol::HttpProtobuf, WireProtocol::HttpJson];
        assert_eq!(all.map(protocol_code), [0, 1, 2]);
        assert_eq!([0, 1, 2].map(protocol_of), all);
    }

    #[test]
    fn long_names_are_cut_into_records() {
        let name = "n".repeat(NAME_LIMIT + 10);
        let mut log = header().to_vec();
        log.extend(write_name(1, name.as_bytes()));
        let mut whole = Vec::new();
        for record in read(&log).unwrap() {
            let WireRecord::Name { id: 1, piece } = record else { panic!("{record:?}") };
            whole.extend(piece);
        }
        assert_eq!(whole, name.as_bytes()[..NAME_LIMIT]);
    }
}
