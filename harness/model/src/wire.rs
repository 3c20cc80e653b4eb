//! The wire witness's log: 64-byte records, appended before any answer is given (`docs/results.md`).
//!
//! A request record is followed by the records of its spans. An answer record comes later and refers to the request.

use serde::{Deserialize, Serialize};

use crate::id::{SpanId, SpanKey, TraceId};
use crate::le::{array_at, put, u16_at, u32_at, u64_at};
use crate::unit::MonoNs;

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

const fn disposition_code(d: Disposition) -> u8 {
    match d {
        Disposition::Accepted => 0,
        Disposition::RejectedPartial => 1,
        Disposition::Refused => 2,
    }
}

const fn disposition_of(code: u8) -> Disposition {
    match code {
        0 => Disposition::Accepted,
        1 => Disposition::RejectedPartial,
        _ => Disposition::Refused,
    }
}

const fn protocol_code(protocol: WireProtocol) -> u8 {
    match protocol {
        WireProtocol::Grpc => 0,
        WireProtocol::HttpProtobuf => 1,
        WireProtocol::HttpJson => 2,
    }
}

const fn protocol_of(code: u8) -> WireProtocol {
    match code {
        1 => WireProtocol::HttpProtobuf,
        2 => WireProtocol::HttpJson,
        _ => WireProtocol::Grpc,
    }
}

/// The file's first record.
pub fn header() -> [u8; RECORD_BYTES] {
    let mut out = [0; RECORD_BYTES];
    put(&mut out, 0, *MAGIC);
    put(&mut out, 8, 1_u32.to_le_bytes());
    put(&mut out, 12, (RECORD_BYTES as u32).to_le_bytes());
    out
}

impl RequestRecord {
    /// Writes the record.
    pub fn write(&self) -> [u8; RECORD_BYTES] {
        let mut out = [0; RECORD_BYTES];
        out[0] = 1;
        out[1] = disposition_code(self.disposition);
        out[2] = protocol_code(self.protocol);
        put(&mut out, 4, self.request.to_le_bytes());
        put(&mut out, 8, self.at.to_le_bytes());
        put(&mut out, 16, self.connection.to_le_bytes());
        put(&mut out, 20, self.spans.to_le_bytes());
        put(&mut out, 24, self.raw_bytes.to_le_bytes());
        put(&mut out, 28, self.wire_bytes.to_le_bytes());
        out[32] = self.hop;
        out[33] = self.path;
        out
    }
}

impl SpanRecord {
    /// Writes the record.
    pub fn write(&self) -> [u8; RECORD_BYTES] {
        let mut out = [0; RECORD_BYTES];
        out[0] = 2;
        out[1] = disposition_code(self.disposition);
        out[2] = self.kind;
        put(&mut out, 4, self.request.to_le_bytes());
        put(&mut out, 8, self.key.trace.0);
        put(&mut out, 24, self.key.span.0);
        put(&mut out, 32, self.parent.0);
        put(&mut out, 40, self.name.to_le_bytes());
        put(&mut out, 44, self.service.to_le_bytes());
        put(&mut out, 48, self.start_wall.to_le_bytes());
        put(&mut out, 56, self.end_wall.to_le_bytes());
        out
    }
}

impl AnswerRecord {
    /// Writes the record.
    pub fn write(&self) -> [u8; RECORD_BYTES] {
        let mut out = [0; RECORD_BYTES];
        out[0] = 3;
        out[1] = match self.fate {
            AnswerFate::TakenByTransport => 0,
            AnswerFate::CancelledByPeer => 1,
            AnswerFate::ConnectionError => 2,
        };
        put(&mut out, 4, self.request.to_le_bytes());
        put(&mut out, 8, self.at.to_le_bytes());
        out
    }
}

/// Writes an interned name as as many records as it needs.
pub fn write_name(id: u32, name: &[u8]) -> Vec<u8> {
    let kept = &name[..name.len().min(NAME_LIMIT)];
    let chunks: Vec<&[u8]> = if kept.is_empty() { vec![kept] } else { kept.chunks(NAME_CHUNK).collect() };
    let mut out = Vec::with_capacity(chunks.len() * RECORD_BYTES);
    for chunk in chunks {
        let mut record = [0; RECORD_BYTES];
        record[0] = 4;
        record[1] = chunk.len() as u8;
        put(&mut record, 4, id.to_le_bytes());
        record[16..16 + chunk.len()].copy_from_slice(chunk);
        out.extend_from_slice(&record);
    }
    out
}

/// Writes a gap: spans that were answered but not kept.
pub fn write_gap(spans: u64) -> [u8; RECORD_BYTES] {
    let mut out = [0; RECORD_BYTES];
    out[0] = 5;
    put(&mut out, 8, spans.to_le_bytes());
    out
}

/// Writes the end record of an orderly close.
pub fn write_end(requests: u64) -> [u8; RECORD_BYTES] {
    let mut out = [0; RECORD_BYTES];
    out[0] = 6;
    put(&mut out, 8, requests.to_le_bytes());
    out
}

/// Reads the records after the header; a torn last record is left out. `None` if this is no wire log.
pub fn read(bytes: &[u8]) -> Option<impl Iterator<Item = WireRecord> + '_> {
    let rest = bytes.get(RECORD_BYTES..)?;
    (&bytes[..8] == MAGIC).then(|| rest.as_chunks().0.iter().map(record))
}

/// Reads one record that stands after the header.
pub fn record(record: &[u8; RECORD_BYTES]) -> WireRecord {
    let request = u32_at(record, 4);
    match record[0] {
        1 => WireRecord::Request(RequestRecord {
            request,
            connection: u32_at(record, 16),
            at: u64_at(record, 8),
            raw_bytes: u32_at(record, 24),
            wire_bytes: u32_at(record, 28),
            spans: u32_at(record, 20),
            protocol: protocol_of(record[2]),
            disposition: disposition_of(record[1]),
            hop: record[32],
            path: record[33],
        }),
        2 => WireRecord::Span(SpanRecord {
            request,
            key: SpanKey { trace: TraceId(array_at(record, 8)), span: SpanId(array_at(record, 24)) },
            parent: SpanId(array_at(record, 32)),
            name: u32_at(record, 40),
            service: u32_at(record, 44),
            kind: record[2],
            disposition: disposition_of(record[1]),
            start_wall: u64_at(record, 48),
            end_wall: u64_at(record, 56),
        }),
        3 => WireRecord::Answer(AnswerRecord {
            request,
            at: u64_at(record, 8),
            fate: match record[1] {
                0 => AnswerFate::TakenByTransport,
                1 => AnswerFate::CancelledByPeer,
                _ => AnswerFate::ConnectionError,
            },
        }),
        4 => {
            let length = (record[1] as usize).min(NAME_CHUNK);
            WireRecord::Name { id: request, piece: record[16..16 + length].to_vec() }
        }
        5 => WireRecord::Gap { spans: u64_at(record, 8) },
        6 => WireRecord::End { requests: u64_at(record, 8) },
        other => WireRecord::Unknown(other),
    }
}

/// The version in a wire log's header.
pub fn version(bytes: &[u8]) -> u16 {
    u16_at(bytes, 8)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        };
        let span = SpanRecord {
            request: 3,
            key: SpanKey { trace: TraceId([7; 16]), span: SpanId([8; 8]) },
            parent: SpanId([9; 8]),
            name: 4,
            service: 5,
            kind: 2,
            disposition: Disposition::Refused,
            start_wall: 10,
            end_wall: 11,
        };
        let answer = AnswerRecord { request: 3, at: 100, fate: AnswerFate::CancelledByPeer };
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
